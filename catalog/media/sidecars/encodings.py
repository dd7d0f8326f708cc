"""What old encoding a text that is no UTF-8 is in, by how it looks as each of them.

A text is taken for something else than Windows-1252 only where it is hardly that: where its words
are whole in the letters of one language, and have symbols or strangers in them as Windows-1252.

A library was tried first: charset-normalizer 3.5 takes short French, Portuguese and Danish texts in
Windows-1252 for something else, and fails 22 of these readers' tests (2 December 2026).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import chain, pairwise

USUAL = "cp1252"
_SAMPLE = 32_000
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_PAIRS = re.compile(rb"(?<![\x80-\xff])(?:[\xa1-\xfe]{2})+(?![\x80-\xff])")
_WORD = re.compile(r"[^\x00-\xbf]{3,}")
_KANA = re.compile("[\u3041-\u30fa]")
_HANGUL, _HAN = re.compile("[\uac00-\ud7a3]"), re.compile("[\u4e00-\u9fff]")
# Signs that stand in every kind of text; a letter may stand on both sides of some.
_MARKS = frozenset("’‘“”„‚–—…«»‹›·¿¡°§€©®™\xa0\xad№µ")
_WITHIN = frozenset("’‘·\xad–—…")

# The hundred or so most frequent characters of Chinese texts, as both scripts write them.
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "什很吗吧呢我们知给话别让再哪您"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡"
    "用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實"
    "什很嗎吧呢我們知給話別讓再哪您"
)
_COMMON_HAN, _FEWEST_HAN = 0.15, 3
_FEWEST_KANA, _FEWEST_HANGUL, _MOSTLY_PAIRS = 4, 4, 0.8

# Encodings of scripts that share no letter with Latin, and the letters most used in them.
_SCRIPTS = (
    ("cp1251", "оеаинтсрвлкмдпуяіи"),
    ("koi8_u", "оеаинтсрвлкмдпуяі"),
    ("cp866", "оеаинтсрвлкмдпуя"),
    ("cp1253", "αοιετσνηυρπκμλςάίόέή"),
    ("cp1255", "יוהלאתרבשמנ"),
    ("cp1256", "اليمنوترتبعدسهة"),
    ("cp874", "านรกอเงมยลวดทสตะปบ่้ี"),
)
_SCRIPT_BYTES, _SCRIPT_SHARE, _SCRIPT_LEAST, _SHOUTED = 12, 0.7, 0.55, 1.25

# Letters beyond ASCII, by language.
_WESTERN = (
    "àâæçéèêëîïôœùûüÿ", "äöüßé", "áéíóúüñºª", "áâãàçéêíóôõúüºª", "àèéìíîòóù", "éëïöüèáóêç",
    "åäöéüà", "æøåéüöäèòóôê", "áðéíóúýþæö", "äõöüšž", "àèéíïòóúüç",
)  # fmt: skip
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýžö", "áéíóöőúüű", "čćđšž", "ăâîşţ",
)  # fmt: skip
_TURKISH, _BALTIC = ("çğıiöşüâîû",), ("ąčęėįšųūž", "āčēģīķļņšūžō")
_LATIN = (
    ("cp1250", _CENTRAL),
    ("iso8859_2", _CENTRAL),
    ("cp1254", _TURKISH),
    ("cp1257", _BALTIC),
    ("mac_roman", _WESTERN),
    ("cp850", _WESTERN),
    ("cp852", _CENTRAL),
)
# Windows-1252 is left for one with a few strangers among many letters, and several times fewer.
_OF_ALL, _ENOUGH, _TIMES = 0.1, 3, 4


def encoding_of(data: bytes) -> str:
    """The encoding of a text that is no UTF-8; Windows-1252 if nothing else is clearly better."""
    sample = data[:_SAMPLE]
    return _of_pairs(sample) or _of_script(sample) or _of_latin(sample)


def _of_macintosh(sample: bytes) -> bool:
    """Whether its lines end as no other computer's did."""
    return b"\r" in sample and b"\n" not in sample


def _text(sample: bytes, encoding: str) -> str | None:
    """The sample in an encoding; None if it has bytes that mean nothing there."""
    try:
        # The last character may be cut.
        return codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)
    except UnicodeDecodeError:
        return None


def _of_pairs(sample: bytes) -> str | None:
    """Encodings of two bytes a character: Japanese, Korean, Chinese."""
    for encoding in ("cp932", "euc_jp"):
        if (text := _text(sample, encoding)) is not None:
            kana, beyond = len(_KANA.findall(text)), sum(not each.isascii() for each in text)
            if kana >= _FEWEST_KANA and kana > beyond / 5:
                return encoding
    high = len(_HIGH.findall(sample))
    paired = sum(map(len, _PAIRS.findall(sample)))
    if (text := _text(sample, "cp949")) is not None and paired > _MOSTLY_PAIRS * high:
        hangul = len(_HANGUL.findall(text))
        if hangul >= _FEWEST_HANGUL and hangul > 9 * len(_HAN.findall(text)):
            return "cp949"
    shares = [
        (_share_of_common(sample, encoding, common), encoding)
        for encoding, common in (("gb18030", _SIMPLIFIED), ("big5hkscs", _TRADITIONAL))
    ]
    share, encoding = max(shares)
    return encoding if share >= _COMMON_HAN else None


def _share_of_common(sample: bytes, encoding: str, common: frozenset[str]) -> float:
    text = _text(sample, encoding)
    han = _HAN.findall(text) if text is not None else []
    found = sum(each in common for each in han)
    return found / len(han) if found >= _FEWEST_HAN else 0.0


def _of_script(sample: bytes) -> str | None:
    """Encodings of one byte a letter whose words have hardly a letter of ASCII."""
    words = sum(map(len, _HIGH_RUN.findall(sample)))
    if words < _SCRIPT_BYTES or words <= _SCRIPT_SHARE * len(_HIGH.findall(sample)):
        return None
    scores = [(_script_score(sample, encoding, often), encoding) for encoding, often in _SCRIPTS]
    score, encoding = max(scores, key=lambda each: each[0])
    return encoding if score >= _SCRIPT_LEAST else None


def _script_score(sample: bytes, encoding: str, often: str) -> float:
    """How many letters are of those used most, without twice what no word has."""
    text = _text(sample, encoding)
    beyond = [] if text is None else [each for each in text if each > "\x7f" and each not in _MARKS]
    if text is None or not beyond:
        return 0.0
    words = sum(len(word) for word in _WORD.findall(text))
    found = sum(each.lower() in often for each in beyond)
    if words < _SCRIPT_SHARE * len(beyond):
        return 0.0
    if _SHOUTED * sum(map(str.isupper, beyond)) > len(beyond):
        return 0.0  # all capitals: the two kinds have changed places
    # Thai, Hebrew and Arabic put marks over and under their letters.
    strange = sum(unicodedata.category(each)[0] not in "LM" for each in beyond)
    strange += sum(1 for a, b in pairwise(text) if a.islower() and b.isupper())
    return (found - 2 * strange) / len(beyond)


def _of_latin(sample: bytes) -> str:
    strangers, _ = _strangers(sample, USUAL, _WESTERN)
    fewest, encoding = strangers, USUAL
    for other, languages in _LATIN:
        found, total = _strangers(sample, other, languages)
        if found < fewest and found <= _OF_ALL * total:
            fewest, encoding = found, other
    if strangers >= max(_ENOUGH, _TIMES * fewest):
        return encoding
    return "mac_roman" if strangers and _of_macintosh(sample) else USUAL


def _strangers(sample: bytes, encoding: str, languages: tuple[str, ...]) -> tuple[int, int]:
    """How much beyond ASCII belongs there in no text of any one language, and how much there is."""
    text = _text(sample, encoding)
    if text is None:
        if encoding != USUAL:
            return len(sample), len(sample)
        text = sample.decode(USUAL, "replace")
    letters, marks, strange = _kinds(text)
    known = max(sum(each in own for each in letters) for own in map(_letters, languages))
    return len(letters) - known + strange, len(letters) + marks + strange


@cache
def _letters(language: str) -> frozenset[str]:
    return frozenset(language)


def _kinds(text: str) -> tuple[list[str], int, int]:
    """Letters beyond ASCII in lower case; how many marks and signs alone; how many in no place."""
    letters: list[str] = []
    marks = strange = 0
    for before, each, after in _neighbours(text):
        within = before.isalpha() and after.isalpha()
        alone = not (before.isalpha() or after.isalpha() or each.isalpha())
        if alone or (each in _MARKS and (each in _WITHIN or not within)):
            marks += 1
        elif each.isalpha() and not (each.isupper() and before.islower()):
            letters.append("i" if each == "İ" else each.lower())
        else:
            strange += 1
    return letters, marks, strange


def _neighbours(text: str) -> Iterator[tuple[str, str, str]]:
    padded = chain(text[1:], " ")
    for before, each, after in zip(chain(" ", text), text, padded, strict=False):
        if each > "\x7f":
            yield before, each, after
