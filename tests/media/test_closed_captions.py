"""Captions of CEA-608 and 708: out of pictures of H.264 and MPEG-2, of tracks, and with times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.domain.media import SamplingPolicy
from catalog.domain.sidecars import Captioned, Segment
from catalog.errors import DecoderCrashedError
from catalog.media.captions import caption_bytes
from catalog.media.dtvcc import Services
from catalog.media.isolated import DecoderPool
from catalog.media.line21 import Captions
from catalog.media.sidecars.embedded import read_embedded
from catalog.media.told_texts import captions_told

RATE = Fraction(25)
Pair = tuple[int, int]
LOAD, CLEAR_HIDDEN, SHOW, CLEAR = (0x14, 0x20), (0x14, 0x2E), (0x14, 0x2F), (0x14, 0x2C)
ROLL_2, RETURN, BOTTOM = (0x14, 0x25), (0x14, 0x2D), (0x14, 0x70)


def with_parity(code: int) -> int:
    return code if bin(code).count("1") % 2 else code | 0x80


def letters(text: str) -> list[Pair]:
    codes = [ord(letter) for letter in text] + [0] * (len(text) % 2)
    return list(zip(codes[::2], codes[1::2], strict=True))


def twice(*controls: Pair) -> list[Pair]:
    return [pair for pair in controls for _ in range(2)]


def pop_on(text: str) -> list[Pair]:
    return [*twice(LOAD, CLEAR_HIDDEN, BOTTOM), *letters(text), *twice(SHOW)]


def triplet(pair: Pair, field: int = 0) -> bytes:
    return bytes([0xFC | field, with_parity(pair[0]), with_parity(pair[1])])


def told(sent: Iterable[tuple[int, Pair]], end: int = 1000) -> list[Segment]:
    captions = Captions()
    found = [s for at, pair in sent for s in captions.add(at / RATE, triplet(pair))]
    return found + list(captions.finish(end / RATE))


def placed(*parts: tuple[int, list[Pair]]) -> list[tuple[int, Pair]]:
    """Pairs, one a picture, each part from its picture on."""
    return [(first + at, pair) for first, pairs in parts for at, pair in enumerate(pairs)]


SENT = placed((10, pop_on("Good evening")), (100, twice(CLEAR)), (130, pop_on("from the harbour")))


def shown_at(sent: list[tuple[int, Pair]]) -> list[int]:
    return [at for (at, pair), (_, before) in zip(sent[1:], sent, strict=False)
            if pair == SHOW and before != SHOW]  # fmt: skip


def test_pop_on_captions_have_the_time_they_are_shown() -> None:
    first, second = told(SENT, end=200)
    shown = shown_at(SENT)
    assert (first.text, first.start, first.end) == ("Good evening", shown[0] / RATE, 100 / RATE)
    assert (second.text, second.start, second.end) == ("from the harbour", shown[1] / RATE, 8)


def test_rolling_lines_are_told_once_each() -> None:
    sent = placed(
        (0, [*twice(ROLL_2, RETURN, BOTTOM), *letters("the first line")]),
        (50, [*twice(RETURN, BOTTOM), *letters("and the second")]),
        (100, twice(CLEAR)),
    )
    assert [(s.text, s.end) for s in told(sent)] == [
        ("the first line", 2),
        ("and the second", 4),
    ]


def test_letters_of_other_languages_and_corrections() -> None:
    pairs = [*twice(LOAD, CLEAR_HIDDEN, BOTTOM), *letters("caf"), (ord("e"), 0)]
    pairs += [*twice((0x12, 0x21)), *letters("xy"), *twice((0x14, 0x21)), *twice((0x11, 0x37))]
    (line,) = told(placed((0, [*pairs, *twice(SHOW)]), (90, twice(CLEAR))))
    assert line.text == "cafÉx♪", "the plain e was for receivers that know no better"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abcdefgh ,.'ABC", min_size=1, max_size=30), max_size=5))
def test_the_words_are_those_of_ffmpegs_own_decoder(texts: list[str]) -> None:
    sent = placed(*((at * 200, [*pop_on(each)]) for at, each in enumerate(texts)))
    sent += placed((len(texts) * 200, twice(CLEAR)))
    theirs = av.CodecContext.create("cc_dec", "r")
    said = []
    for at, pair in sent:
        packet = av.Packet(triplet(pair))
        packet.pts, packet.time_base = at, 1 / RATE
        shown = theirs.decode2(packet)
        said += [bytes(rect.ass).split(b"}")[-1].decode() for rect in shown.rects] if shown else []
    # Its apostrophes are curly; those of search queries are not.
    words = [" ".join(each.replace("’", "'").split()) for each in said]
    assert [s.text for s in told(sent)] == [each for each in words if each]


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), max_size=200))
def test_whatever_comes_the_lines_are_lines(pairs: list[Pair]) -> None:
    for line in told(list(enumerate(pairs))):
        assert line.text.strip()
        assert 0 <= line.start < line.end


# --- in files ------------------------------------------------------------------


def message(triplets: bytes) -> bytes:
    """ATSC A/53's caption message: country, provider, mark, how many."""
    return b"\xb5\x00\x31GA94\x03" + bytes([0x40 | len(triplets) // 3, 0xFF]) + triplets + b"\xff"


def sei(triplets: bytes) -> bytes:
    """It in a NAL unit of H.264."""
    body = message(triplets)
    unit = bytes([0x06, 0x04, len(body)]) + body + b"\x80"
    return b"\0\0\0\1" + unit.replace(b"\0\0\3", b"\0\0\3\3")


def user_data(triplets: bytes) -> bytes:
    """It as MPEG-2 has it, between a picture's headers and its slices."""
    return b"\0\0\1\xb2" + message(triplets)[3:]


def captioned(path: Path, codec: str, carried: dict[int, bytes], pictures: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for at in range(pictures):
            picture = np.full((48, 64, 3), 40 + at % 3, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts = at
            container.mux(list(_carrying(stream.encode(frame), codec, carried)))
        container.mux(list(_carrying(stream.encode(), codec, carried)))
    return path


def _carrying(
    packets: list[av.Packet], codec: str, carried: dict[int, bytes]
) -> Iterator[av.Packet]:
    for packet in packets:
        at = round(packet.pts * packet.time_base * RATE)
        content = bytes(packet)
        if at in carried and codec == "libx264":
            content = sei(carried[at]) + content
        elif at in carried:
            first = content.index(b"\0\0\1\x01")  # the first slice
            content = content[:first] + user_data(carried[at]) + content[first:]
        made = av.Packet(content)
        made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.time_base
        made.duration, made.stream, made.is_keyframe = (
            packet.duration,
            packet.stream,
            packet.is_keyframe,
        )
        yield made


def read(path: Path) -> Captioned:
    pool = DecoderPool()
    try:
        with pool.analysis(path, SamplingPolicy(), lambda pts, _jpeg: str(pts)) as analysis:
            assert list(analysis)
        return analysis.captions
    finally:
        pool.close()


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.ts", "libx264"), ("a.mpg", "mpeg2video")],
)
def test_captions_within_pictures_are_read_on_the_way(
    tmp_path: Path, name: str, codec: str
) -> None:
    carried = {at: triplet(pair) for at, pair in SENT}
    found = read(captioned(tmp_path / name, codec, carried, 200))
    assert (found.carried, found.read) == (("CC1",), ("CC1",))
    first, second = found.segments
    shown = shown_at(SENT)
    assert (first.text, second.text) == ("Good evening", "from the harbour")
    assert first.start == pytest.approx(shown[0] / 25, abs=0.05)
    assert first.end == pytest.approx(4, abs=0.05)
    assert second.start == pytest.approx(shown[1] / 25, abs=0.05)
    assert second.end == pytest.approx(8, abs=0.05)


@given(st.binary(max_size=300))
def test_no_packet_upsets_the_search(content: bytes) -> None:
    for found in caption_bytes(content + b"GA94\x03" + content):
        assert len(found) <= 93


def test_tracks_of_captions_are_read(tmp_path: Path) -> None:
    """FFmpeg gives captions of a file for captioners as it gives QuickTime's tracks of them."""
    words = " ".join(f"{with_parity(a):02x}{with_parity(b):02x}" for a, b in pop_on("Hello there"))
    clear = " ".join(f"{with_parity(a):02x}{with_parity(b):02x}" for a, b in twice(CLEAR))
    path = tmp_path / "track.scc"
    path.write_text(
        f"Scenarist_SCC V1.0\n\n00:00:01:00\t{words}\n\n00:00:04:00\t{clear}\n\n", encoding="utf-8"
    )
    (segment,) = read_embedded(path).segments
    assert segment.text == "Hello there"
    assert 0 <= segment.start < segment.end <= 4


# --- CEA-708 --------------------------------------------------------------------

SHOW_0, HIDE_0, CLEAR_0, DELETE_0 = b"\x89\x01", b"\x8a\x01", b"\x88\x01", b"\x8c\x01"


def define(number: int = 0, *, visible: bool = False, rows: int = 2, height: int = 60) -> bytes:
    return bytes([0x98 + number, visible << 5, height, 0, 0x70 | (rows - 1), 31, 0x11])


def packets(*blocks: tuple[int, bytes], sequence: int = 0) -> bytes:
    """A caption channel packet with these services' blocks, as the triplets of one picture."""
    content = b""
    for number, said in blocks:
        head = bytes([number << 5 | len(said)]) if number < 7 else bytes([7 << 5 | len(said), 7])
        content += head + said
    content += b"\0" * (1 - len(content) % 2)  # with its header it fills whole pairs
    whole = bytes([sequence << 6 | (len(content) + 1) // 2]) + content
    pairs = [whole[at : at + 2] for at in range(0, len(whole), 2)]
    return b"".join(bytes([0xFE | (not at)]) + pair for at, pair in enumerate(pairs))


def heard(sent: dict[int, bytes], end: int = 1000) -> list[tuple[str, Fraction, Fraction]]:
    services = Services()
    found = [s for at, each in sorted(sent.items()) for s in services.add(at / RATE, each)]
    found += services.finish(end / RATE)
    return [(s.text, s.start, s.end) for s in found]


def test_windows_that_pop_on_have_the_time_they_are_shown() -> None:
    sent = {
        10: packets((1, CLEAR_0 + define() + b"Good eve")),
        # A command may begin in one block and end in the next.
        11: packets((1, b"ning,\x0dSe\xf1or\x10")),
        12: packets((1, b"\x25\x92\x01\x14\x7f\x18\x26\x6b")),
        20: packets((1, SHOW_0)),
        70: packets((1, HIDE_0)),
        80: packets((1, b"\x8b\x01")),
        90: packets((1, CLEAR_0 + b"again")),
        100: packets((1, DELETE_0)),
    }
    words = "Good evening,\nSeñor… ♪♫"
    assert heard(sent) == [
        (words, 20 / RATE, 70 / RATE),
        (words, 80 / RATE, 90 / RATE),
        ("again", 90 / RATE, 100 / RATE),
    ]


def test_windows_that_scroll_tell_each_line_once() -> None:
    sent = {
        0: packets((1, define(visible=True) + b"\x92\x01\x00the first line")),
        50: packets((1, b"\x0dand the sec\x08\x08\x08second")),
        100: packets((1, b"\x0d")),
        120: packets((1, b"and what was never cleared")),
    }
    assert heard(sent) == [
        ("the first line", 0, 2),
        ("and the second", 2, 4),
        ("and what was never cleared", 120 / RATE, 120 / RATE + 20),
    ]


def test_windows_that_end_together_are_one_caption_from_top_to_bottom() -> None:
    sent = {
        0: packets((1, define(0, height=70, rows=1) + b"below")),
        1: packets((1, define(1, height=60, rows=1) + b"above")),
        2: packets((1, b"\x89\x03")),
        50: packets((1, b"\x8f")),
    }
    assert heard(sent) == [("above\nbelow", 2 / RATE, 2)]


def test_services_are_apart_and_a_packet_without_its_beginning_is_left_out() -> None:
    shown = define(visible=True)
    sent = {
        0: packets((1, shown + b"good night"), (2, shown + b"gute Nacht")),
        1: packets((7, shown + b"beyond the six"))[3:] + packets((2, b" Kyiv")),
        2: packets((1, b" "), (3, shown + b"never", ))[:-3],
        50: packets((1, HIDE_0), (2, HIDE_0)),
    }  # fmt: skip
    assert heard(sent) == [("good night", 0, 2), ("gute Nacht Kyiv", 0, 2)]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=90),
            st.lists(st.tuples(st.integers(0, 7), st.binary(max_size=31)), max_size=2).map(
                lambda blocks: packets(*blocks)
            ),
            st.binary(max_size=20).map(lambda said: packets((1, define(visible=True) + said))),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_hostile_services_say_lines_or_nothing(sent: list[bytes], backwards: bool) -> None:
    services, times = Services(), range(len(sent))
    found = []
    for at, each in zip(reversed(times) if backwards else times, sent, strict=True):
        found += services.add(at / RATE, each)
    found += services.finish(len(sent) / RATE)
    for line in found:
        assert line.text.strip()
        assert 0 <= line.start < line.end
    assert services.carried <= {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mpg", "mpeg2video")])
def test_services_within_pictures_are_read_where_there_is_no_line_21(
    tmp_path: Path, name: str, codec: str
) -> None:
    sent = {
        10: packets((1, define() + b"Good evening"), (2, define() + b"Guten Abend")),
        25: packets((1, SHOW_0)),
        30: packets((2, SHOW_0)),
        75: packets((1, HIDE_0), (2, HIDE_0)),
    }
    found = read(captioned(tmp_path / name, codec, sent, 100))
    assert found.carried == found.read == ("service 1", "service 2")
    english, german = found.segments
    assert (english.text, german.text) == ("Good evening", "Guten Abend")
    assert [float(each) for each in (english.start, english.end, german.start)] == pytest.approx(
        [1, 3, 1.2], abs=0.05
    )

    both = {at: triplet(pair) for at, pair in placed((0, pop_on("In line 21")))}
    both = {at: both.get(at, b"") + sent.get(at, b"") for at in {*both, *sent}}
    found = read(captioned(tmp_path / name, codec, both, 100))
    assert (found.carried, found.read) == (("CC1", "service 1", "service 2"), ("CC1",))
    assert [each.text for each in found.segments] == ["In line 21"]


@pytest.mark.parametrize(
    "said",
    [[], [[]], [[("speech", 1, 2, "no", None)], [], []], [[], ["x" * 21], []], [[], [], [1]]],
)
def test_a_decoder_that_babbles_has_no_captions(said: list) -> None:
    with pytest.raises(DecoderCrashedError):
        captions_told(Path("a.ts"), said)
