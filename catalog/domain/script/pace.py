"""How long a text takes to be read out."""

from __future__ import annotations

import re
from unicodedata import category

WORDS_A_MINUTE = 150
"""What newsreaders of English are counselled to keep to; other readers set their own."""

SHORTEST = 1.0
"""Seconds: nothing is cut shorter for the sake of a line."""

# A word of English has about five letters, and typists count their words so. Letters, not
# words, are counted, for languages that join many words into one are not read the slower.
_LETTERS_A_WORD = 5.0
# A figure is read out as a word or more.
_DIGITS_A_WORD = 1.5
# Of scripts whose signs are syllables, or words: what newsreaders read in the time of an
# English word. About 290 Chinese characters a minute, 390 kana, 11 letters of Thai a second.
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_SIGNS_A_WORD = ((_HAN, 1.9), (_KANA, 2.6), (_HANGUL, 2.2))


def words_in(text: str) -> float:
    """The text's length in English words of five letters, whatever it is written in."""
    total = 0.0
    for signs, per_word in _SIGNS_A_WORD:
        total += len(signs.findall(text)) / per_word
        text = signs.sub(" ", text)
    digits = sum(character.isdigit() for character in text)
    # The vowel signs of Indic scripts are marks.
    letters = sum(category(character)[0] in "LM" for character in text)
    return total + digits / _DIGITS_A_WORD + letters / _LETTERS_A_WORD


def reading_seconds(text: str, words_a_minute: float = WORDS_A_MINUTE) -> float:
    """Seconds that reading the text out takes; at least `SHORTEST`."""
    return round(max(SHORTEST, 60 * words_in(text) / words_a_minute), 2)
