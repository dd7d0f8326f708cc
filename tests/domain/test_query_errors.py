"""What a query that cannot be read says, and where it points."""

from __future__ import annotations

import json

import pytest

from catalog.domain.query import MAX_DEPTH, MAX_LENGTH, parse, point_at
from catalog.errors import InvalidQueryError


def error(text):
    with pytest.raises(InvalidQueryError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("cat codec:", "codec:", "no value"),
        ("cat codec: prores", "codec:", "no value"),
        ("cat colection:News dog", "colection", "no field"),
        ("cat recorded:2024,yesterdayish", "yesterdayish", "yesterdayish"),
        ("duration:>abc", ">abc", ">abc"),
        ("codec:a,", ",", "empty"),
        ("codec:,a", ",", "empty"),
        ("codec:a, b", ",", "empty"),
        ('a "b', '"', "never closed"),
        ("a „b", "„", "never closed"),
        ('a b"', '"', "closes nothing"),
        ('name:b"', '"', "closes nothing"),
        ("a (b (c)", "(", "never closed"),
        ("(", "(", "never closed"),
        ("a )b", ")", "closes nothing"),
        (")", ")", "closes nothing"),
        ("a ()", "()", "nothing between"),
        ('a ""', '""', "nothing between"),
        ("a OR", "OR", "nothing after"),
        ("OR a", "OR", "nothing before"),
        ("(AND a)", "AND", "nothing before"),
        ("a OR OR b", "OR", "nothing after"),
        ("a OR AND b", "OR", "nothing after"),
        ("(a OR ) b", "OR", "nothing after"),
        ("OR", "OR", "nothing before"),
        ("codec:(a OR b", "(", "never closed"),
        ("codec:(a, b", "(", "never closed"),
        ("x codec:()", "()", "missing"),
        ("codec:(", "(", "missing"),
        ("codec:(a OR )", "OR", "nothing after"),
        ("codec:(OR a)", "OR", "nothing before"),
        ("codec:(a OR OR b)", "OR", "nothing before"),
        ("codec:(a,)", ",", "missing"),
        ("codec:(a b)", "b", "stands OR"),
        ("codec:(a or b)", "or", "stands OR"),
        ("codec:(a AND b)", "AND", "stands OR"),
        ("codec:((a) OR b)", "(", "cannot begin"),
        ("codec:(a)b", "b", "end with the parenthesis"),
        ('codec:(a"b" OR c)', '"', "closes nothing"),
        ("name:(a(b OR c)", "(", "never closed"),
        ("width:(1 OR wide)", "wide", "no value"),
        ("near:(1,2 OR 3)", "3", "no place"),
        ("cat sort:size", "size", "no order"),
        ("cat sort:date:up dog", "date:up", "no order"),
        ("sort:relevance:asc", "relevance:asc", "most relevant down"),
        ("cat sort:date,name", "date,name", "no order"),
        ("cat sort:", "sort:", "no value"),
        ("sort:date cat sort:name", "sort:name", "stands once"),
        ("cat -sort:date", "sort:date", "stands once"),
        ("a (b sort:date)", "sort:date", "stands once"),
        ("a OR sort:date", "OR", "nothing after"),
        ("sound:rain cat", "sound:rain", "hits of a search alone"),
        ("sound:rain,hail", "sound:rain,hail", "nothing to be heard"),
        ('sound:" "', 'sound:" "', "nothing to be heard"),
        ("-sound:rain", "sound:rain", "stands once"),
        ("sound:rain sound:hail", "sound:hail", "stands once"),
        ("said:*storm", "*storm", "end of one word"),
        ('said:"a storm"*', '"a storm"*', "end of one word"),
        ("said:st*rm", "st*rm", "end of one word"),
        ('said:" "', '" "', "expected a word"),
        ("name:a(b c", "(", "never closed"),
        ("meta:x", "meta", "no field"),
        ("meta.:x", "meta.", "no field"),
        ("roll.x:b", "roll.x", "no field"),
        ("новини:київ", "новини", "no field"),
        ("a\0b", "\0", "U+0000"),
    ],
)
def test_points_at_the_mistake(text, at, says):
    caught = error(text)
    start = caught.details["position"]
    assert text[start : start + caught.details["length"]] == at
    assert says in caught.message
    assert caught.remedy
    assert caught.details["query"] == text


def test_suggests_the_field_that_was_meant():
    assert "Did you mean collection:News?" in error("colection:News").remedy
    assert error("red colection:News").details["meant"] == "red collection:News"
    assert "meant" not in error("xqzzyv:unlike").details
    assert '"colection:News"' in error("colection:News").remedy
    assert "--fields" in error("zzz:1").remedy
    assert "meta.camera" in error("meta:x").remedy


@pytest.mark.parametrize("text", ["colection:News", "codec:", "OR", "re:invent"])
def test_the_quoting_that_is_advised_works(text):
    advised = error(text).remedy.rsplit(": ", 1)[1].rstrip(".")
    assert parse(advised).words == text


def test_choices_are_listed():
    assert "video, still, audio" in error("kind:film").message


def test_empty_text_value_tells_how_to_ask_for_none():
    assert "-collection:*" in error('collection:""').remedy


def test_long_query_is_refused():
    assert parse("x" * MAX_LENGTH).words
    caught = error("x" * (MAX_LENGTH + 1))
    assert str(MAX_LENGTH) in caught.message
    assert len(caught.details["query"]) == MAX_LENGTH


def test_deep_query_is_refused():
    assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH).words == "a"
    caught = error("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1))
    assert caught.details["position"] == MAX_DEPTH


@pytest.mark.parametrize("unit", ["(", "-(", "((-", "a OR ", '"', "codec:", "a,", ")", "-", "x("])
def test_hostile_input_is_cheap(unit):
    with pytest.raises(InvalidQueryError):
        parse((unit * MAX_LENGTH)[: MAX_LENGTH - 1] + '"')


def test_lone_surrogate_is_an_error_that_can_be_sent():
    caught = error("a \ud800")
    json.dumps(caught.as_json(), ensure_ascii=False).encode()
    assert caught.details["position"] == 2


def test_error_has_one_json_shape():
    body = error("codec:").as_json()["error"]
    assert body["code"] == "invalid_query"
    assert body["details"] == {"position": 0, "length": 6, "query": "codec:"}


# --- point_at ----------------------------------------------------------------------


def test_carets_stand_under_the_mistake():
    assert point_at("cat codec: dog", 4, 6) == "cat codec: dog\n    ^^^^^^"


def test_carets_stand_under_wide_and_combining_characters():
    assert point_at("猫 x:", 2, 2) == "猫 x:\n   ^^"
    assert point_at("e\u0301 x:", 3, 2) == "e\u0301 x:\n  ^^"
    assert point_at("猫", 0) == "猫\n^^"


def test_line_breaks_do_not_break_the_line():
    assert point_at("a\nb", 2) == "a b\n  ^"


def test_position_past_the_end():
    assert point_at("ab", 9) == "ab\n  ^"


def test_long_query_is_shown_around_the_mistake():
    text = "word " * 60 + "codec: " + "word " * 60
    line, carets = point_at(text, 300, 6).split("\n")
    assert len(line) < 80
    assert line[carets.index("^") :][: carets.count("^")] == "codec:"
    assert line.startswith("…")
    assert line.endswith("…")
