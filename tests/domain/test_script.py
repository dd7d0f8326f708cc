"""Scripts to lines: sentences, who speaks, what is shown, how long it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.script import MOST_LINES, cue_script, guess_kind, text_script
from catalog.domain.script.pace import SHORTEST, reading_seconds
from catalog.domain.script.sentences import LONGEST, sentences
from catalog.domain.script.words import MOST_WORDS, names_of, terms_of
from catalog.errors import InvalidInputError, TooLargeError


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("It rains in the harbour. The ships wait outside!",
         ["It rains in the harbour.", "The ships wait outside!"]),
        ("Dr. Meyer met J. Smith of the U.S. Army.", ["Dr. Meyer met J. Smith of the U.S. Army."]),
        ("On 3.5. of May they came. e.g. by boat.", ["On 3.5. of May they came. e.g. by boat."]),
        ("Rain. Nobody walks through the old town.", ["Rain. Nobody walks through the old town."]),
        ("Er sagte: „Nein.“ Dann ging er wieder fort.",
         ["Er sagte: „Nein.“ Dann ging er wieder fort."]),
        ("今日は朝から雨が降っています。東京の駅で人々が待っています。",
         ["今日は朝から雨が降っています。", "東京の駅で人々が待っています。"]),
        ("هل رأيت الميناء القديم؟ لا أحد هناك الآن في المساء.",
         ["هل رأيت الميناء القديم؟", "لا أحد هناك الآن في المساء."]),
        ("बंदरगाह में बारिश हो रही है। जहाज़ इंतज़ार कर रहे हैं।",
         ["बंदरगाह में बारिश हो रही है।", "जहाज़ इंतज़ार कर रहे हैं।"]),
    ],
)  # fmt: skip
def test_sentences(paragraph: str, expected: list[str]):
    assert sentences(paragraph) == expected


@given(st.text(max_size=3000))
def test_no_word_of_a_text_is_lost(paragraph: str):
    parts = sentences(paragraph)
    assert "".join("".join(parts).split()) == "".join(paragraph.split())
    assert all(0 < len(part) <= LONGEST for part in parts)


@given(st.text(max_size=500))
def test_any_text_is_a_script_or_says_that_it_has_no_line(given_text: str):
    for kind in ("text", "fountain"):
        try:
            script = text_script(given_text, kind)
        except InvalidInputError:
            continue
        assert [line.number for line in script.lines] == list(range(1, len(script.lines) + 1))
        assert all(line.text.strip() and line.seconds >= SHORTEST for line in script.lines)
        assert all(len(line.terms) <= MOST_WORDS for line in script.lines)


def test_who_speaks_and_what_is_shown():
    script = text_script(
        "ANNA MEYER: We saw it burn.\n\n[A red car at night]\n\nNobody came to help."
    )
    assert [(line.speaker, line.said, line.text) for line in script.lines] == [
        ("ANNA MEYER", True, "We saw it burn."),
        (None, False, "A red car at night"),
        (None, True, "Nobody came to help."),
    ]
    assert script.lines[0].names == ("ANNA MEYER",)


def test_marks_of_lists_headings_and_labels_are_no_part_of_lines():
    script = text_script(
        "# The launch\n\n- A rabbit sits in the meadow\n• Two bicycles pass\n2) A ship leaves\n\n"
        "[B-ROLL: bottles on a table]\n\n(GFX: a map of the coast)\n\n"
        "— Nobody came.\n\n3. Oktober 1990 war ein Tag."
    )
    assert [(line.said, line.text) for line in script.lines] == [
        (True, "A rabbit sits in the meadow"),
        (True, "Two bicycles pass"),
        (True, "A ship leaves"),
        (False, "bottles on a table"),
        (False, "a map of the coast"),
        (True, "Nobody came."),
        (True, "3. Oktober 1990 war ein Tag."),
    ]


def test_what_begins_anew_is_no_part_of_a_broken_paragraph():
    long = "The harbour of the old town has been closed since yesterday"
    script = text_script(f"ANNA: {long}\nBOB: Nobody knows why.\n{long}\n- A gate\n{long}\n[Rain]")
    assert [(line.speaker, line.said, line.text) for line in script.lines] == [
        ("ANNA", True, long),
        ("BOB", True, "Nobody knows why."),
        (None, True, long),
        (None, True, "A gate"),
        (None, True, long),
        (None, False, "Rain"),
    ]


def test_letters_and_digits_alone_are_not_looked_up():
    words = [term.text for term in terms_of("The U.S. saw 3.5 km of Plan 9 in 港 at 40.", ())]
    assert words == ["the", "saw", "km", "of", "plan", "in", "港", "at", "40"]


def test_a_paragraph_that_was_broken_to_a_width_is_one():
    broken = (
        "The harbour of the old town has been closed since yesterday\n"
        "because nobody knows how deep the water is.\n"
        "A short line\nand another"
    )
    assert [line.text for line in text_script(broken).lines] == [
        "The harbour of the old town has been closed since yesterday because nobody knows how deep "
        "the water is.",
        "A short line",
        "and another",
    ]


SCREENPLAY = """Title: The Bridge
Author: Somebody

INT. HARBOUR OFFICE - DAY #12#

A *red* phone rings. [[check the colour]]

CLAUDIA (V.O.)
(quietly)
Who is there at this hour of the night?

/* cut
this */
= a synopsis
CUT TO:

.BRIDGE
Cars in the rain.

@McGregor
Go home now, all of you, please.

> THE END <
"""


def test_fountain():
    assert guess_kind(SCREENPLAY) == "fountain"
    script = text_script(SCREENPLAY, "fountain")
    assert [(line.said, line.speaker, line.scene, line.text) for line in script.lines] == [
        (False, None, "INT. HARBOUR OFFICE - DAY", "A red phone rings."),
        (True, "CLAUDIA", "INT. HARBOUR OFFICE - DAY", "Who is there at this hour of the night?"),
        (False, None, "BRIDGE", "Cars in the rain."),
        (True, "McGregor", "BRIDGE", "Go home now, all of you, please."),
    ]


def test_cues_of_one_sentence_are_one_line_as_long_as_they_last():
    script = cue_script(
        [(0, 2, "We saw the"), (2.2, 4, "harbour burn."), (4.1, 5, "Then"), (9, 10.5, "nothing.")]
    )
    assert [(line.text, line.seconds) for line in script.lines] == [
        ("We saw the harbour burn.", 4), ("Then", 0.9), ("nothing.", 1.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Claudia Roth is the presenter of MediaCentral Moments.",
         ("Claudia Roth", "MediaCentral Moments")),
        ("So said Ursula von der Leyen of NATO in Kyiv.",
         ("Ursula von der Leyen of NATO", "Kyiv")),
        ("The rain falls. Nobody walks.", ()),
        ("EVERYTHING IS LOUD HERE", ()),
        ("Учора Володимир Зеленський прибув до Брюсселя.",
         ("Учора Володимир Зеленський", "Брюсселя")),
    ],
)  # fmt: skip
def test_names(text: str, names: tuple[str, ...]):
    assert names_of(text) == names


def test_words_of_names_weigh_more_and_scripts_without_spaces_give_pairs():
    weights = {term.text: term.weight for term in terms_of("She met Dr. Meyer", ("Dr. Meyer",))}
    assert weights["meyer"] > weights["met"] == 1
    assert [term.text for term in terms_of("東京の駅", ())] == ["東京", "京の", "の駅"]


def test_reading_takes_about_as_long_in_every_script():
    """The same sentence, in seconds: about as a newsreader takes for it in each language."""
    same = {
        "en": "Heavy rain has been falling on the harbour since early this morning",
        "de": "Seit dem frühen Morgen fällt heftiger Regen auf den Hafen der Stadt",
        "uk": "Сильний дощ іде над портом із самого ранку сьогодні",
        "zh": "今天清晨以来港口一直在下大雨",
        "ja": "けさ早くから港では激しい雨が降り続いています",
        "ko": "오늘 이른 아침부터 항구에 많은 비가 내리고 있습니다",
    }
    seconds = {code: reading_seconds(text) for code, text in same.items()}
    assert all(2.5 <= each <= 5.5 for each in seconds.values()), seconds
    assert reading_seconds(same["en"], 75) == pytest.approx(2 * seconds["en"], abs=0.02)


def test_what_is_too_long_is_refused():
    with pytest.raises(TooLargeError):
        text_script("word " * 100_000)
    with pytest.raises(InvalidInputError, match=str(MOST_LINES)):
        text_script("This is a line of its own.\n" * (MOST_LINES + 1))
