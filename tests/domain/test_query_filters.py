"""The values of filters, of every type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from catalog.domain.query import (
    FIELDS,
    DateRange,
    NumberRange,
    Op,
    TextMatch,
    find_field,
    parse,
)
from catalog.errors import InvalidQueryError

NOW = datetime(2026, 6, 10, 15, 30, tzinfo=UTC)


def values(text, now=NOW):
    (only,) = parse(text, now=now).filters
    return only.values


def value(text, now=NOW):
    (only,) = values(text, now)
    return only


def day(year, month=1, day=1, *clock):
    return datetime(year, month, day, *clock, tzinfo=UTC)


# --- text ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("collection:News", ("News",)),
        ('collection:"Late News"', ("Late News",)),
        ("collection:„Late News“", ("Late News",)),
        (r'collection:"a \"b\""', ('a "b"',)),
        ("name:news*", ("news", "")),
        ("name:*.mov", ("", ".mov")),
        ("name:*news*", ("", "news", "")),
        ("name:a**b", ("a", "b")),
        ("name:*", ("", "")),
        ("name:**", ("", "")),
        ('name:"a*b"', ("a*b",)),
        ('name:"Late News"*.mov', ("Late News", ".mov")),
        ('name:*""*', ("", "")),
        ('name:">5"', (">5",)),
        ("name:clip(1).mov", ("clip(1).mov",)),
        ('name:5"disk', ('5"disk',)),
        ("name:a..b", ("a..b",)),
        ("name:a:b", ("a:b",)),
        (r"path:C:\News\*", ("C:\\News\\", "")),
        ("path:/rushes/day1/", ("/rushes/day1",)),
        ("path:/", ("/",)),
        ("tag:архів", ("архів",)),
        ("lang:pt-BR", ("pt-BR",)),
        ("timecode:01:00:00;00", ("01:00:00:00",)),
        ("timecode:10:*", ("10:", "")),
        ("container:MKV", ("matroska",)),
        ("codec:jpg", ("mjpeg",)),
        ('codec:"h265"', ("hevc",)),
    ],
)
def test_text(text, parts):
    assert value(text) == TextMatch(parts)


def test_any_of_several():
    assert values('codec:prores,dnxhd,"x,y",h26*') == (
        TextMatch(("prores",)),
        TextMatch(("dnxhd",)),
        TextMatch(("x,y",)),
        TextMatch(("h26", "")),
    )


def test_a_value_ends_before_the_parenthesis_that_closes_a_group():
    assert parse("(codec:prores)") == parse("codec:prores")


def test_text_match_as_like_pattern():
    assert TextMatch(("50%_\\", "x")).like() == "50\\%\\_\\\\%x"
    assert TextMatch(("a!b%",)).like(escape="!") == "a!!b!%"
    assert TextMatch(("a",)).exact == "a"
    assert TextMatch(("a", "")).exact is None
    assert TextMatch(("", "")).anything
    assert not TextMatch(("a", "")).anything


def test_metadata_key():
    (only,) = parse('meta.com.apple.Camera-1:"Sony FX6"').filters
    assert only.key == "com.apple.Camera-1"
    assert only.name == "meta.com.apple.Camera-1"
    assert only.op is Op.MATCHES
    assert only.values == (TextMatch(("Sony FX6",)),)


# --- choices ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("kind:video", ("video",)),
        ("kind:VIDEO,photo", ("video", "still")),
        ("roll:b", ("B",)),
        ("roll:A", ("A",)),
        ("clip:speech", ("speech",)),
        ("has:timecode,tags", ("timecode", "tag")),
        ("is:offline", ("missing",)),
    ],
)
def test_choices_are_spelled_as_stored(text, chosen):
    assert values(text) == chosen


# --- numbers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("width:1920", NumberRange(1920, 1920, single=1920)),
        ("width:=1920", NumberRange(1920, 1920, single=1920)),
        ("width:>1920", NumberRange(1920, None, includes_low=False)),
        ("width:>=1920", NumberRange(1920, None)),
        ("width:<1920", NumberRange(None, 1920, includes_high=False)),
        ("width:<=1920", NumberRange(None, 1920)),
        ("width:1280..1920", NumberRange(1280, 1920)),
        ("width:1280..", NumberRange(1280, None)),
        ("width:..1920", NumberRange(None, 1920)),
        ("width:5..5", NumberRange(5, 5)),
        ("fps:>23.976", NumberRange(23.976, None, includes_low=False)),
        ("duration:>30s", NumberRange(30.0, None, includes_low=False)),
        ("duration:>30", NumberRange(30.0, None, includes_low=False)),
        ("duration:>2m", NumberRange(120.0, None, includes_low=False)),
        ("duration:>1h30m", NumberRange(5400.0, None, includes_low=False)),
        ("duration:>1.5h", NumberRange(5400.0, None, includes_low=False)),
        ("duration:>00:01:30", NumberRange(90.0, None, includes_low=False)),
        ("duration:>1:30.5", NumberRange(90.5, None, includes_low=False)),
        ("duration:30s..2min", NumberRange(30.0, 120.0)),
        (
            "duration:30s",
            NumberRange(29.5, 30.5, includes_high=False, single=30.0),
        ),
        ("size:>1gb", NumberRange(10**9, None, includes_low=False)),
        ("size:>1GiB", NumberRange(2**30, None, includes_low=False)),
        ("size:<1.5k", NumberRange(None, 1500, includes_high=False)),
        ("size:>=500", NumberRange(500, None)),
        ("size:3", NumberRange(3, 3, single=3)),
        (
            "size:1gb",
            NumberRange(950_000_000, 1_050_000_000, includes_high=False, single=10**9),
        ),
    ],
)
def test_numbers(text, numbers):
    assert value(text) == numbers


def test_frame_rates_people_write_find_the_exact_ratio():
    for written, exact in (
        ("23.98", 24000 / 1001),
        ("23.976", 24000 / 1001),
        ("29.97", 30e3 / 1001),
    ):
        rate = value(f"fps:{written}")
        assert rate.low <= exact < rate.high
    rate = value("fps:24")
    assert not rate.low <= 24000 / 1001 < rate.high


def test_integers_stay_integers():
    assert isinstance(value("id:7").low, int)
    assert isinstance(value("size:>1.5gb").low, int)


# --- dates ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", day(2024), day(2025)),
        ("2024-12", day(2024, 12), day(2025)),
        ("2024-02-29", day(2024, 2, 29), day(2024, 3)),
        ("2024-01-15T10", day(2024, 1, 15, 10), day(2024, 1, 15, 11)),
        ("2024-01-15T10:30", day(2024, 1, 15, 10, 30), day(2024, 1, 15, 10, 31)),
        ("2024-01-15T10:30:45Z", day(2024, 1, 15, 10, 30, 45), day(2024, 1, 15, 10, 30, 46)),
        (
            "2024-01-15T10:30:45.5",
            day(2024, 1, 15, 10, 30, 45, 500000),
            day(2024, 1, 15, 10, 30, 45, 500001),
        ),
        ("2024-01-15T00:30+0200", day(2024, 1, 14, 22, 30), day(2024, 1, 14, 22, 31)),
        ('"2024-01-15 10:30"', day(2024, 1, 15, 10, 30), day(2024, 1, 15, 10, 31)),
        ("2024-01..2024-06", day(2024), day(2024, 7)),
        ("2024..", day(2024), None),
        ("..2024-06", None, day(2024, 7)),
        ("2023-12-31..2024", day(2023, 12, 31), day(2025)),
        (">2024", day(2025), None),
        (">=2024", day(2024), None),
        ("<2024", None, day(2024)),
        ("<=2024", None, day(2025)),
    ],
)
def test_dates(text, start, end):
    assert value(f"recorded:{text}") == DateRange(start, end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", day(2026, 6, 10), day(2026, 6, 11)),
        ("Yesterday", day(2026, 6, 9), day(2026, 6, 10)),
        ("1d", day(2026, 6, 10), day(2026, 6, 11)),
        ("7d", day(2026, 6, 4), day(2026, 6, 11)),
        ("2w", day(2026, 5, 28), day(2026, 6, 11)),
        ("<today", None, day(2026, 6, 10)),
        ("2024..yesterday", day(2024), day(2026, 6, 10)),
        ('"2024-01-15 10:30..today"', day(2024, 1, 15, 10, 30), day(2026, 6, 11)),
    ],
)
def test_dates_relative_to_now(text, start, end):
    found = value(f"added:{text}")
    assert (found.start, found.end) == (start, end)
    assert found.relative
    again = parse(f"added:{text}", now=NOW)
    assert parse(again.to_text(), now=NOW) == again


def test_relative_dates_stay_relative_in_text():
    last_week = parse("added:7d", now=NOW)
    assert last_week.to_text() == "added:7d"
    assert parse(last_week.to_text(), now=NOW + timedelta(days=1)) != last_week


def test_days_are_utc():
    kyiv = timezone(timedelta(hours=3))
    assert value("added:today", datetime(2026, 6, 11, 1, tzinfo=kyiv)).start == day(2026, 6, 10)
    assert value("added:today", datetime(2026, 6, 11, 1)).start == day(2026, 6, 11)  # noqa: DTZ001


def test_now_is_the_clock_when_none_is_given():
    (only,) = parse("added:today").filters
    assert only.values[0].start <= datetime.now(UTC)


# --- the registry -----------------------------------------------------------------


@pytest.mark.parametrize("entry", FIELDS, ids=lambda entry: entry.name)
def test_every_example_parses_to_its_field(entry):
    query = parse(entry.example)
    assert [each.field for each in query.filters] == [entry]
    assert parse(query.to_text()) == query
    assert entry.about
    assert entry.expected


def test_names_and_aliases_are_unique():
    names = [name for entry in FIELDS for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_fields_are_found_by_alias_in_any_case():
    assert find_field("Format") is find_field("container")
    assert find_field("nothing") is None


@pytest.mark.parametrize("entry", FIELDS, ids=lambda entry: entry.name)
def test_synonyms_stand_for_something(entry):
    assert all(spelling == spelling.lower() for spelling in entry.synonyms)
    if entry.choices:
        assert set(entry.synonyms.values()) <= set(entry.choices)


@pytest.mark.parametrize(
    "text",
    [
        "width:12.5",
        "width:-5",
        "width:abc",
        "width:1..2..3",
        "width:=1..2",
        "width:9..1",
        "width:..",
        "width:>",
        "width:1e5",
        "width:" + "9" * 30,
        "fps:.5",
        "duration:>abc",
        "duration:1h30",
        "duration:10:00:00:00",
        "duration:1:75",
        "duration:1:75:00",
        "duration:999999999h",
        "size:1pb",
        "size:999999999tb",
        "size:1ib",
        "recorded:yesterdayish",
        "recorded:2024-13",
        "recorded:2024-02-30",
        "recorded:2024-1",
        "recorded:24",
        "recorded:0000",
        "recorded:9999",
        "recorded:<1000",
        "recorded:>9998",
        "recorded:2024-01-15T25:00",
        "recorded:2024-01-15T10:00+99:00",
        "recorded:1000-01-01T00+02:00",
        "recorded:2024-06..2024-01",
        "recorded:..",
        "recorded:=2024..2025",
        "recorded:>7d",
        "recorded:7d..today",
        "recorded:0d",
        "recorded:>",
        "recorded:*",
        "kind:film",
        "kind:*",
        "roll:c",
        "has:feelings",
        "timecode:10:00",
        "timecode:ten*",
        "codec:>5",
        "codec:,",
        "codec:prores,",
        "codec:prores,,x",
        'codec:""',
        "name:a(b c)",
    ],
)
def test_values_that_are_none(text):
    with pytest.raises(InvalidQueryError) as caught:
        parse(text, now=NOW)
    assert caught.value.remedy
    field = text.partition(":")[0]
    assert field in caught.value.message
    assert field in caught.value.remedy
