"""How the values of a filter are spelled and compared."""

from __future__ import annotations

from enum import StrEnum


class Op(StrEnum):
    """How a filter's values are compared. A value matches if any of them does."""

    MATCHES = "matches"  # TextMatch: text, ignoring case, perhaps with wildcards
    IS = "is"  # str: one of the field's choices
    BETWEEN = "between"  # NumberRange
    DURING = "during"  # DateRange
    NEAR = "near"  # Circle


class FieldType(StrEnum):
    """How a field's values are spelled, and so how they are compared."""

    TEXT = "text"
    PATH = "path"  # text; a folder stands for everything below it
    LANGUAGE = "language"  # text; "pt" stands for "pt-BR" too
    WORDS = "words"  # as keywords, not as a whole text
    MEANING = "meaning"  # what it is like, in words
    TIMECODE = "timecode"  # text of digits and colons
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    LEVEL = "level"  # decibels, of some sort: most are below 0
    DURATION = "duration"  # seconds
    SIZE = "size"  # bytes
    DATE = "date"
    PLACE = "place"  # degrees, degrees and a radius: one value of two or three parts

    @property
    def op(self) -> Op:
        """The comparison every value of this type gets."""
        return _OPS.get(self, Op.BETWEEN)

    @property
    def expected(self) -> str:
        """What a value should look like, for help and messages."""
        return _EXPECTED[self]


_OPS = {
    FieldType.TEXT: Op.MATCHES,
    FieldType.PATH: Op.MATCHES,
    FieldType.LANGUAGE: Op.MATCHES,
    FieldType.WORDS: Op.MATCHES,
    FieldType.MEANING: Op.MATCHES,
    FieldType.TIMECODE: Op.MATCHES,
    FieldType.CHOICE: Op.IS,
    FieldType.DATE: Op.DURING,
    FieldType.PLACE: Op.NEAR,
}

_EXPECTED = {
    FieldType.TEXT: "a text, in quotes if it has spaces, with * for any characters",
    FieldType.PATH: "a file or a folder, with * for any characters",
    FieldType.LANGUAGE: "a language tag such as uk or pt-BR",
    FieldType.WORDS: "a word, the beginning of one and *, or a phrase in quotes",
    FieldType.MEANING: "words, in quotes if there are several",
    FieldType.TIMECODE: "a timecode HH:MM:SS:FF, or its beginning and *",
    FieldType.CHOICE: "one of the listed values",
    FieldType.INTEGER: "a whole number, a comparison (>5, <=5) or a range (1..5)",
    FieldType.NUMBER: "a number (24, 30000/1001), a comparison (>24, <=30) or a range (24..30)",
    FieldType.LEVEL: "a level such as -23, a comparison (<-23) or a range (-24..-22)",
    FieldType.DURATION: (
        "a duration (30s, 2m, 1h30m, 00:01:30, or plain seconds), a comparison (>30s) "
        "or a range (30s..2m)"
    ),
    FieldType.SIZE: "a size (500mb, 1gb, 2gib, or plain bytes), a comparison (>1gb) or a range",
    FieldType.DATE: (
        "a date in UTC (2024, 2024-01, 2024-01-15, 2024-01-15T10:30), a range of dates "
        "(2024-01..2024-06, 2024..), a comparison (<2024), today, yesterday or the last days (7d)"
    ),
    FieldType.PLACE: (
        "latitude,longitude in degrees, south and west negative, and ,radius (10km, 500m, 5mi; "
        "1km without)"
    ),
}
