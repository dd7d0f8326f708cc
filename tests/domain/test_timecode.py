from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.timecode import (
    can_drop,
    frames_per_day,
    frames_to_timecode,
    is_timecode,
    nominal_rate,
    parse_timecode,
    timecode_at,
    timecode_to_frames,
)
from catalog.errors import InvalidInputError

NTSC = Fraction(30000, 1001)
NTSC_60 = Fraction(60000, 1001)
RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    NTSC,
    Fraction(30),
    Fraction(50),
    NTSC_60,
    Fraction(60),
    Fraction(120),
]
cases = st.sampled_from(RATES).flatmap(
    lambda rate: st.tuples(st.just(rate), st.booleans() if can_drop(rate) else st.just(False))
)


@pytest.mark.parametrize(
    ("frames", "rate", "drop", "text"),
    [
        (0, Fraction(25), False, "00:00:00:00"),
        (86399 * 25 + 24, Fraction(25), False, "23:59:59:24"),
        (24 * 3600 * 25, Fraction(25), False, "00:00:00:00"),
        (-1, Fraction(25), False, "23:59:59:24"),
        # The worked values of ST 12-1: :00 and :01 are missing after each minute but the tenth.
        (1799, NTSC, True, "00:00:59;29"),
        (1800, NTSC, True, "00:01:00;02"),
        (17981, NTSC, True, "00:09:59;29"),
        (17982, NTSC, True, "00:10:00;00"),
        (107892, NTSC, True, "01:00:00;00"),
        (2589407, NTSC, True, "23:59:59;29"),
        (2589408, NTSC, True, "00:00:00;00"),
        (3599, NTSC_60, True, "00:00:59;59"),
        (3600, NTSC_60, True, "00:01:00;04"),
        (215784, NTSC_60, True, "01:00:00;00"),
        (107892, NTSC, False, "00:59:56:12"),
        (119, Fraction(120), False, "00:00:00:119"),
    ],
)
def test_known_addresses(frames, rate, drop, text):
    assert frames_to_timecode(frames, rate, drop=drop) == text
    assert timecode_to_frames(text, rate) == frames % frames_per_day(nominal_rate(rate), drop=drop)


@given(cases, st.integers(0, 10**8))
def test_an_address_reads_back_as_its_frame(case, frames):
    rate, drop = case
    text = frames_to_timecode(frames, rate, drop=drop)
    assert timecode_to_frames(text, rate) == frames % frames_per_day(nominal_rate(rate), drop=drop)
    assert is_timecode(text)
    assert (";" in text) == drop


@given(cases, st.integers(0, 10**7))
def test_addresses_increase_by_one_frame(case, frames):
    rate, drop = case
    here = parse_timecode(frames_to_timecode(frames, rate, drop=drop), rate)
    assert str(here + 1) == frames_to_timecode(frames + 1, rate, drop=drop)


@given(st.integers(0, 24 * 60 - 1), st.sampled_from([NTSC, NTSC_60]))
def test_drop_frame_stays_within_a_frame_or_so_of_the_clock(minute, rate):
    # At whole minutes the address must be the wall clock's to within the numbers just dropped.
    frames = round(minute * 60 * rate)
    parts = frames_to_timecode(frames, rate, drop=True).replace(";", ":").split(":")
    hours, minutes, seconds, frame = map(int, parts)
    shown = hours * 3600 + minutes * 60 + seconds + Fraction(frame, nominal_rate(rate))
    assert abs(shown - minute * 60) < Fraction(1, 5)


@pytest.mark.parametrize(
    ("text", "rate", "says"),
    [
        ("", Fraction(25), "expected HH:MM:SS:FF"),
        ("1:00:00:00", Fraction(25), "expected HH:MM:SS:FF"),
        ("01:60:00:00", Fraction(25), "expected HH:MM:SS:FF"),
        ("01:00:00:00\n", Fraction(25), "expected HH:MM:SS:FF"),
        ("01:00:00:25", Fraction(25), "below 25"),
        ("01:00:00;00", Fraction(25), "no drop-frame"),
        ("00:01:00;01", NTSC, "dropped"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text, rate, says):
    with pytest.raises(InvalidInputError, match=says):
        parse_timecode(text, rate)


def test_drop_frame_is_refused_where_it_does_not_exist():
    with pytest.raises(InvalidInputError, match=r"29\.97"):
        frames_to_timecode(0, Fraction(24), drop=True)


@pytest.mark.parametrize(
    ("start", "rate", "seconds", "text"),
    [
        (None, None, Fraction(1), None),
        (None, Fraction(25), Fraction(61), "00:01:01:00"),
        ("10:00:00:00", Fraction(25), Fraction(1, 25), "10:00:00:01"),
        ("01:00:00;00", NTSC, Fraction(1800 * 1001, 30000), "01:01:00;02"),
        ("23:59:59:24", Fraction(25), Fraction(1, 25), "00:00:00:00"),
        # Matroska rounds 33.37 ms to 33: still the second picture.
        (None, NTSC, Fraction(33, 1000), "00:00:00:01"),
        # A tag that cannot be at this rate counts as none.
        ("01:00:00;00", Fraction(25), Fraction(0), "00:00:00:00"),
        ("rubbish", Fraction(25), Fraction(0), "00:00:00:00"),
    ],
)
def test_timecode_at_a_time_of_the_asset(start, rate, seconds, text):
    assert timecode_at(start, rate, seconds) == text
