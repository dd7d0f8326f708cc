"""What SQL computes is what Python computes: timecode and the normal spelling of a phrase."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from catalog.db.engine import create_engine_for
from catalog.domain.timecode import timecode_at
from catalog.search.phrases import normal_phrase

RATES = [
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30),
    Fraction(48), Fraction(50), Fraction(60000, 1001), Fraction(60), Fraction(100), Fraction(120),
    Fraction(120000, 1001), Fraction(240), Fraction(15), Fraction(12), Fraction(1), Fraction(1, 2),
    Fraction(1, 10), Fraction(2997, 100), Fraction(1000), Fraction(16_000_000, 667_331),
]  # fmt: skip
BASES = [
    Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 12_800), Fraction(1001, 30_000),
    Fraction(1, 25), Fraction(1, 1_000_000), Fraction(1, 1_000_000_000),
]  # fmt: skip
STARTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "10:00:00", "10:00:00:00x", "1:2:3:4", "00:00:00.0", "99:59:59:23", "00:60:00:00",
         "23:59:59:24", "00:01:00;00", "00:01:00;02", "00:10:00;00", "01:00:00,10", "00:00:00:099",
         "00:00:00:119", "١٠:٠٠:٠٠:٠٠", "10:00:00:00\n"]
    ),
    st.builds(
        "{:02}:{:02}:{:02}{}{:02}".format,
        st.integers(0, 30), st.integers(0, 61), st.integers(0, 61),
        st.sampled_from(":;.,"), st.integers(0, 130),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def connection(shared_settings) -> Iterator[Connection]:
    engine = create_engine_for(shared_settings.database_url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


@settings(max_examples=600, deadline=None)
@given(
    start=STARTS,
    rate=st.sampled_from(RATES),
    base=st.sampled_from(BASES),
    pts=st.integers(0, 2**53),
)
@example(start="01:00:00;00", rate=Fraction(30), base=Fraction(1, 30), pts=1800)
@example(start="00:00:00:00", rate=Fraction(120), base=Fraction(1, 120), pts=119)
@example(start="00:01:00;00", rate=Fraction(30000, 1001), base=Fraction(1001, 30_000), pts=0)
def test_timecode_in_sql_is_that_in_python(connection: Connection, start, rate, base, pts):
    statement = text("SELECT catalog.timecode_at(:start, :rn, :rd, :pts, :bn, :bd)")
    values = {
        "start": start,
        "rn": rate.numerator, "rd": rate.denominator,
        "pts": pts, "bn": base.numerator, "bd": base.denominator,
    }  # fmt: skip
    assert connection.execute(statement, values).scalar() == timecode_at(start, rate, pts * base)


def test_no_rate_has_no_timecode(connection: Connection):
    statement = text("SELECT catalog.timecode_at('01:00:00:00', NULL, NULL, 5, 1, 25)")
    assert connection.execute(statement).scalar() is None
    assert timecode_at("01:00:00:00", None, Fraction(1, 5)) is None


PHRASES = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"),
        st.sampled_from(
            " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2007\u2028\u202f\u3000\u200b"
        ),
        st.sampled_from("e\u0301Å\u212b"),
    ),
    max_size=30,
)


@settings(max_examples=600, deadline=None)
@given(phrase=PHRASES)
@example(phrase="\x1ca\xa0b\u3000")
@example(phrase="\u2007a\u202fb\x85c\x1fd")
def test_the_normal_phrase_in_sql_is_that_in_python(connection: Connection, phrase: str):
    statement = text("SELECT catalog.normal_phrase(:phrase)")
    assert connection.execute(statement, {"phrase": phrase}).scalar() == normal_phrase(phrase)
