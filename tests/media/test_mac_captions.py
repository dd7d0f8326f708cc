"""MacCaption files: captions of CEA-608 and 708 out of ancillary data that is written short."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.domain.sidecars import Segment, SidecarKind
from catalog.errors import SidecarError
from catalog.media.sidecars.beside import Candidate, Folder, looks_like_sidecar
from catalog.media.sidecars.mcc import parse_mcc
from catalog.media.sidecars.read import read_sidecar

NTSC, FILM = Fraction(30000, 1001), Fraction(24000, 1001)
HEAD = "File Format=MacCaption_MCC V1.0\n\n///\nUUID=0\nTime Code Rate=30DF\n\n"
NOTHING = b"\xfa\0\0"


def with_parity(code: int) -> int:
    return code if bin(code).count("1") % 2 else code | 0x80


def line21(pair: tuple[int, int]) -> bytes:
    return bytes((0xFC, with_parity(pair[0]), with_parity(pair[1])))


def pop_on(text: str) -> list[bytes]:
    codes = [ord(each) for each in text] + [0] * (len(text) % 2)
    letters = list(zip(codes[::2], codes[1::2], strict=True))
    load, clear, bottom, show = (0x14, 0x20), (0x14, 0x2E), (0x14, 0x70), (0x14, 0x2F)
    return [line21(pair) for pair in [load, clear, bottom, *letters, show]]


def cdp(triplets: bytes, *, rate: int = 4, timed: bool = False, count: int = 20) -> bytes:
    """A caption distribution packet (SMPTE ST 334-2) in a packet of ST 334-1."""
    data = triplets + NOTHING * (count - len(triplets) // 3)
    content = bytes((rate << 4 | 0xF, 0x43 | timed << 7, 0, 1))
    content += b"\x71\xc0\x80\x80\x80" if timed else b""
    content += bytes((0x72, 0xE0 | count)) + data + b"\x74\0\1\0"
    packet = b"\x96\x69" + bytes((3 + len(content),)) + content
    return b"\x61\x01" + bytes((len(packet),)) + packet + b"\x55"


def short(packet: bytes) -> str:
    """As captioning programs write it: letters for what comes often."""
    text = packet.hex().upper()
    for letter, times in zip("ONMLKJIHG", range(9, 0, -1), strict=True):
        text = text.replace("FA0000" * times, letter)
    if text.startswith("6101"):
        text = "T" + text[4:]
    return text.replace("9669", "S", 1)


def mcc(sent: dict[str, bytes], head: str = HEAD) -> str:
    return head + "".join(f"{timecode}\t{short(packet)}\n" for timecode, packet in sent.items())


def frames(
    hour: str, first: int, rate: int, triplets: list[bytes], **said: bool
) -> dict[str, bytes]:
    made = {}
    for at, triplet in enumerate(triplets):
        second, frame = divmod(first + at, rate)
        made[f"{hour}:00:{second:02d}:{frame:02d}"] = cdp(triplet, **said)
    return made


def test_captions_of_608_have_their_times(tmp_path):
    clear = [line21((0x14, 0x2C))]
    sent = frames("01", 30, 30, pop_on("Hello")) | frames("01", 120, 30, clear)
    path = tmp_path / "film.en.mcc"
    path.write_text(mcc(sent))
    assert looks_like_sidecar(path.name)
    (found,) = Folder(tmp_path).candidates("film.mov")
    assert (found.kind, found.language) == (SidecarKind.SUBTITLES, "en")
    (segment,) = read_sidecar(found).segments
    start, end = Fraction(108_000 + 36) / NTSC, Fraction(108_000 + 120) / NTSC
    assert segment == Segment("speech", start, end, "Hello", "en")
    # Written long, or with a time code within, it says the same.
    long = HEAD + "".join(f"{at}\t{packet.hex().upper()}\n" for at, packet in sent.items())
    assert parse_mcc(long, "en").segments == (segment,)
    timed = frames("01", 30, 30, pop_on("Hello"), timed=True) | frames("01", 120, 30, clear)
    assert parse_mcc(mcc(timed), "en").segments == (segment,)


def test_the_packet_tells_the_rate_that_the_head_rounds():
    triplets = [*pop_on("Film"), *[NOTHING] * 40, line21((0x14, 0x2C))]
    sent = {
        f"10:00:{at // 24:02d}:{at % 24:02d}": cdp(each, rate=1) for at, each in enumerate(triplets)
    }
    head = HEAD.replace("30DF", "24")
    (segment,) = parse_mcc(mcc(sent, head), None).segments
    assert segment.start == (10 * 3600 * 24 + 5) / FILM


def packet_708(*said: bytes) -> bytes:
    """A caption channel packet of service 1, as triplets."""
    content = b""
    for each in said:
        content += bytes((1 << 5 | len(each),)) + each
    size = (len(content) + 2) // 2
    content = bytes((size & 0x3F,)) + content + b"\0" * (2 * size - 1 - len(content))
    kinds = [0xFF] + [0xFE] * (size - 1)
    return b"".join(bytes((kind, *content[2 * at : 2 * at + 2])) for at, kind in enumerate(kinds))


def test_captions_of_708_are_read_where_there_are_none_of_608():
    window = bytes((0x98, 1 << 5, 60, 0, 0x71, 31, 0x11))
    sent = {
        "00:00:01:00": cdp(packet_708(window, b"Guten Tag")),
        "00:00:04:00": cdp(packet_708(b"\x8c\x01")),
    }
    (segment,) = parse_mcc(mcc(sent), None).segments
    assert segment.text == "Guten Tag"
    assert (segment.start, segment.end) == (30 / NTSC, 120 / NTSC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Hello", "no MacCaption"),
        (HEAD, "no caption"),
        (HEAD + "01:00:00:00\tTTTT\n99:99:99:99\tT02S\n01:00:00:99\tT52S\nrubbish\n", "no caption"),
        (HEAD.replace("30DF", "0") + "01:00:00:00\tFFFF\n", "no caption"),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path, text, why):
    path = tmp_path / "a.mcc"
    path.write_text(text)
    file = Candidate(path, SidecarKind.SUBTITLES, len(text), 0, beside=True)
    with pytest.raises(SidecarError, match=why):
        read_sidecar(file)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=80), max_size=8), st.text("0123456789ABCDEFGHTSZ", max_size=90))
def test_no_packet_upsets_the_reader(contents: list[bytes], digits: str) -> None:
    lines = {
        f"00:00:00:{at:02d}": cdp(each[: 3 * (len(each) // 3)]) for at, each in enumerate(contents)
    }
    try:
        found = parse_mcc(mcc(lines) + f"00:00:01:00\t{digits}\n", None)
    except ValueError:
        return
    assert all(0 <= each.start <= each.end for each in found.segments)


def test_a_file_beside_a_film_is_found(tmp_path: Path):
    (tmp_path / "film.mcc").write_text(HEAD)
    assert [each.path.name for each in Folder(tmp_path).candidates("film.mov")] == ["film.mcc"]
