"""Which names are frames of one sequence, and which are holiday photographs."""

from __future__ import annotations

import random

import pytest

from catalog.domain.sequences import (
    Pattern,
    find_sequences,
    holes,
    parse_pattern,
    patterns_named,
    sequence_name,
    split_number,
)


def found(names: list[str], policy: str = "auto") -> dict[str, list[int]]:
    return {str(pattern): numbers for pattern, numbers in find_sequences(names, policy).items()}


def names(prefix: str, numbers: range, suffix: str, width: int = 4) -> list[str]:
    return [f"{prefix}{number:0{width}d}{suffix}" for number in numbers]


def test_frames_of_film_are_a_sequence_from_two_up():
    both = ["a.0001.dpx", "a.0002.dpx"]
    assert found(both) == {"a.%04d.dpx": [1, 2]}
    assert found([*both, "b.0001.exr", "b.0002.exr", "c.0001.dpx"]) == {
        "a.%04d.dpx": [1, 2],
        "b.%04d.exr": [1, 2],
    }
    assert found(both, "off") == {}
    assert found(["a.0001.dpx", "a.dpx", "a0001", "0001"]) == {}


def test_photographs_are_frames_only_where_somebody_says_so():
    photos = names("IMG_", range(1, 60), ".jpg")
    assert found(photos) == {}
    assert list(found(photos, "all")) == ["IMG_%04d.jpg"]
    assert found(photos[:3], "all") == {}
    assert found(names("x", range(11), ".png"), "all") == {}
    assert list(found(names("x", range(12), ".png"), "all")) == ["x%04d.png"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["s9.dpx", "s10.dpx", "s11.dpx"], {"s%01d.dpx": [9, 10, 11]}),
        (["s0009.dpx", "s0010.dpx"], {"s%04d.dpx": [9, 10]}),
        (["s9999.dpx", "s10000.dpx", "s0001.dpx"], {}),  # too far apart
        (["s9998.dpx", "s9999.dpx", "s10000.dpx"], {"s%04d.dpx": [9998, 9999, 10000]}),
        (["0001.exr", "0002.exr"], {"%04d.exr": [1, 2]}),
        (["s1.dpx", "s01.dpx", "s2.dpx", "s02.dpx"], {"s%01d.dpx": [1, 2], "s%02d.dpx": [1, 2]}),
        (["v2.0001.DPX", "v2.0002.DPX"], {"v2.%04d.DPX": [1, 2]}),
        (["100%_0001.dpx", "100%_0002.dpx"], {"100%_%04d.dpx": [1, 2]}),
        (["s.0001.dpx", "s.0002.dpx", "s.%04d.dpx"], {}),  # a file means itself
        (["s.0001.dpx", "s.0900.dpx"], {}),
        (["a\n0001.dpx", "a\n0002.dpx"], {"a\n%04d.dpx": [1, 2]}),
    ],
)  # fmt: skip
def test_numbers_are_written_in_many_ways(given, expected):
    assert found(given) == expected


def test_a_pattern_and_its_names_are_one_another():
    pattern = parse_pattern("shot.v2.%04d.dpx")
    assert pattern == Pattern("shot.v2.", 4, ".dpx")
    assert pattern.stem == "shot.v2"
    for number in (0, 1, 999, 9999, 10000, 123456789):
        assert pattern.number_of(pattern.frame(number)) == number
    for other in ("shot.v2.001.dpx", "shot.v2.00001.dpx", "shot.v2.0001.exr", "x.0001.dpx"):
        assert pattern.number_of(other) is None
    assert pattern.number_of("shot.v2.٠٠٠١.dpx") is None  # digits, but not ASCII's
    for plain in ("shot.0001.dpx", "shot.%d.dpx", "shot.%04d.mov", "shot.%04d"):
        assert parse_pattern(plain) is None
    assert split_number("shot.0001.mov", "all") is None


def test_holes_are_counted_and_named():
    assert holes([1, 2, 3]) == (0, [])
    assert holes([1, 2, 4, 8]) == (4, ["3", "5-7"])
    missing, named = holes(list(range(0, 2000, 2)))
    assert (missing, len(named)) == (999, 100)
    assert sequence_name(Pattern("a.", 4, ".dpx"), [1, 3, 240]) == "a.[0001-0240].dpx"


def test_every_frame_of_many_random_folders_is_in_just_one_sequence():
    rng = random.Random(4)
    for _ in range(200):
        listing = [
            f"{rng.choice(['a', 'b.', 'c_0'])}{rng.randint(0, 120):0{rng.choice([1, 2, 3])}d}.dpx"
            for _ in range(rng.randint(0, 60))
        ]
        listing = sorted(set(listing))
        sequences = find_sequences(listing, "auto")
        taken = [p.frame(n) for p, numbers in sequences.items() for n in numbers]
        assert len(taken) == len(set(taken))
        assert set(taken) <= set(listing)
        for pattern, numbers in sequences.items():
            assert [pattern.number_of(pattern.frame(n)) for n in numbers] == numbers


@pytest.mark.parametrize(
    "name",
    [
        "shot.0012.exr", "shot.[0001-0096].exr", "shot.0001-0096.exr", "shot.####.exr",
        "SHOT.0001.EXR",
    ],
)  # fmt: skip
def test_a_log_may_name_a_sequence_in_other_ways(name: str):
    assert "shot.%04d.exr" in {str(pattern).lower() for pattern in patterns_named(name)}
    assert not patterns_named("shot.mov")
