"""What holds for every text anybody could type."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.domain.ordering import Sort
from catalog.domain.query import (
    FIELDS,
    SORT,
    WHOLE,
    And,
    Not,
    Or,
    Phrase,
    Words,
    parse,
    point_at,
    terms,
)
from catalog.errors import InvalidQueryError

NOW = datetime(2026, 6, 10, 15, 30, tzinfo=UTC)

# Pieces that mean something, glued in every order: this finds what random text never would.
PIECES = st.sampled_from(
    [
        *" \t\u3000()（）\"“”„«»＂'-–*,:：.<>=\\;",
        "..",
        "OR",
        "AND",
        "or",
        " OR ",
        " -",
        '\\"',
        "12:30",
        "http://x",
        "2024",
        "2024-01",
        "2024-01-15T10:30+02:00",
        "1000",
        "9998",
        "-12-31T23:59:59",
        "today",
        "7d",
        "30s",
        "1h30m",
        "0.1",
        "1gb",
        "23.976",
        "b",
        "video",
        "noise",
        "київ",
        "猫",
        "ü",
        "\u0301",
        "meta.",
        "meta.k:",
        *(f"{name}:" for entry in FIELDS for name in (entry.name, *entry.aliases)),
        *(entry.example for entry in (*FIELDS, *WHOLE)),
        "sort:",
        "sound:",
        " sort:name:desc ",
        "codec:(",
        "near:(51.5,0 OR ",
    ]
)
GLUED = st.lists(PIECES, max_size=14).map("".join)
SPACED = st.lists(
    st.one_of(
        st.sampled_from(
            [entry.example for entry in (*FIELDS, *WHOLE)]
            + ["a", '"b c"', "-", "OR", "(", ")", "codec:("]
        ),
        st.from_regex(r"-?[a-zа-я]{1,6}", fullmatch=True),
    ),
    max_size=14,
).map(" ".join)


def parsed(text):
    """The query, or None when it is refused as it should be."""
    try:
        return parse(text, now=NOW, sounds=True)
    except InvalidQueryError as error:
        refused = error
    check_place(text, refused)
    return None


def check_place(text, error):
    position, length = error.details["position"], error.details["length"]
    assert position >= 0
    assert length >= 1
    assert position + length <= len(text)
    assert error.remedy
    assert "^" in point_at(error.details["query"], position, length)


def check(text):
    query = parsed(text)
    if query is None:
        return
    again = parse(query.to_text(), now=NOW, sounds=True)
    assert again == query
    assert again.to_text() == query.to_text()
    assert again.words == query.words
    check_terms(text, query)
    if query.root is not None:
        check_shape(query.root, text)


def check_terms(text, query):
    """What must all hold is all there is, in any number; alternatives stay together."""
    parts = terms(text)
    assert parse(" ".join(each.text for each in parts), now=NOW, sounds=True) == query
    for at, each in enumerate(parts[:3]):
        alone = parse(each.text, now=NOW, sounds=True)
        assert not each.is_filter or len(alone.filters) == 1
        rest = " ".join(other.text for other in parts[:at] + parts[at + 1 :])
        left = parse(rest, now=NOW, sounds=True)
        assert len(left.filters) + len(alone.filters) == len(query.filters)


def check_shape(node, text):
    """One shape for what means the same, and spans that lie inside each other."""
    assert 0 <= node.span.start < node.span.end <= len(text)
    children = ()
    match node:
        case Words() | Phrase():
            assert node.text == " ".join(node.text.split())
            assert node.text
        case Not():
            children = (node.node,)
        case And() | Or():
            children = node.nodes
            assert len(children) > 1
            assert not any(type(child) is type(node) for child in children)
    if isinstance(node, And):
        pairs = pairwise(children)
        assert not any(isinstance(a, Words) and isinstance(b, Words) for a, b in pairs)
    for child in children:
        assert node.span.start <= child.span.start
        assert child.span.end <= node.span.end
        check_shape(child, text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused(text):
    check(text)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_any_character_parses_or_is_refused(text):
    check(text)


@settings(max_examples=800, deadline=None)
@given(GLUED)
def test_round_trip_of_glued_pieces(text):
    check(text)


@settings(max_examples=300, deadline=None)
@given(SPACED)
def test_round_trip_of_spaced_terms(text):
    check(text)


TEXT_VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@settings(max_examples=300, deadline=None)
@given(TEXT_VALUE)
def test_any_text_can_be_a_quoted_value(value):
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    query = parse(f'name:"{quoted}"')
    assert query.filters[0].values[0].exact == value
    assert parse(query.to_text()) == query


def _closes(text):
    """Whether what opens in a value closes there."""
    opened = text.count("(") - text.count(")")
    return opened == 0 and "(" not in re.sub(r"\([^()]*\)", "", text)


BARE = st.from_regex(r"[a-z0-9*][a-z0-9*._()-]{0,6}", fullmatch=True).filter(_closes)
LISTED = st.lists(
    st.one_of(
        BARE,
        TEXT_VALUE.map(lambda text: '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'),
        TEXT_VALUE.map(lambda text: '"' + re.sub(r'(["\\])', r"\\\1", text) + '"*'),
    ),
    min_size=1,
    max_size=6,
)
BETWEEN = st.sampled_from([" OR ", ",", ", ", " , ", "\u3000OR\t"])


@settings(max_examples=300, deadline=None)
@given(LISTED, st.lists(BETWEEN, min_size=6, max_size=6), st.sampled_from(["", "-", "a OR -"]))
def test_a_list_in_parentheses_is_the_list_with_commas(texts, between, before):
    between = [*between[: len(texts) - 1], ""]
    listed = "".join(text + sep for text, sep in zip(texts, between, strict=True))
    query = parse(f"{before}name:({listed})")
    assert query == parse(f"{before}name:{','.join(texts)}")
    assert len(query.filters[0].values) == len(texts)
    check(f"{before}name:( {listed} ) b")


PLACE = st.tuples(st.integers(-90, 90), st.integers(-180, 180), st.sampled_from(["", ",5mi"]))


@settings(deadline=None)
@given(st.lists(PLACE.map(lambda place: "{},{}{}".format(*place)), min_size=1, max_size=4))
def test_places_in_parentheses_are_each_a_place(places):
    query = parse(f"near:({' OR '.join(places)})")
    assert query.filters[0].values == tuple(
        value for place in places for value in parse(f"near:{place}").filters[0].values
    )
    check(f"-near:({' OR '.join(places)})")


ORDER = st.sampled_from(
    [f"sort:{by}{way}" for by in SORT.choices for way in ("", ":desc", ":ASC")][:-1]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "-b", '"c d"', "tag:e"]), min_size=1), ORDER, st.data())
def test_the_order_may_stand_between_any_terms(terms, order, data):
    place = data.draw(st.integers(0, len(terms)))
    query = parse(" ".join([*terms[:place], order, *terms[place:]]))
    assert query == parse(" ".join([*terms, order]))
    assert query.root == parse(" ".join(terms)).root
    assert query.sort == Sort.of(order.removeprefix("sort:"))
    check(query.text)


@settings(deadline=None)
@given(st.floats(0, 10**8), st.sampled_from(["h", "m", "s", ""]))
def test_durations_round_trip(amount, unit):
    check(f"duration:>{amount:.6f}{unit}")
    check(f"duration:{amount:.3f}{unit}")


@settings(deadline=None)
@given(st.floats(0, 10**8), st.sampled_from(["b", "kb", "mib", "gb", "tib", "", "t"]))
def test_sizes_round_trip(amount, unit):
    check(f"size:>{amount:.6f}{unit}")
    check(f"size:{amount:.3f}{unit}")


MOMENT = st.datetimes(datetime(1001, 1, 1), datetime(9997, 12, 31)).map(  # noqa: DTZ001
    datetime.isoformat
)
DATE = st.tuples(MOMENT, st.sampled_from([4, 7, 10, 13, 16, 19, 26])).map(lambda p: p[0][: p[1]])


@settings(max_examples=300, deadline=None)
@given(DATE, DATE, st.sampled_from(["{}", ">{}", "<{}", ">={}", "<={}", "{}..", "..{}", "{}..{}"]))
def test_dates_round_trip(first, final, form):
    text = "recorded:" + form.format(first, final)
    check(text)
    if ".." not in form:
        assert parsed(text) is not None
