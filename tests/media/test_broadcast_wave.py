"""The header of a Broadcast Wave beside a list of the same file, its label, and ADM's names."""

from __future__ import annotations

import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from test_metadata import IXML, bext, wave_file

from catalog.media.broadcast_wave import read_adm, read_bext, read_cart
from catalog.media.chunks import parts_of
from catalog.media.probe import probe

ADM = b"""<?xml version="1.0"?><ebuCoreMain xmlns="urn:ebu:metadata-schema:ebuCore_2016">
<coreMetadata>
<format><audioFormatExtended><audioProgramme audioProgrammeID="APR_1001"
 audioProgrammeName="Evening concert" audioProgrammeLanguage="de"/>
<audioContent audioContentID="ACO_1001" audioContentName="Choir"/>
<audioObject audioObjectID="AO_1001" audioObjectName="Organ"/>
<audioObject audioObjectID="AO_1002" audioObjectName="Soprano"/>
</audioFormatExtended></format></coreMetadata></ebuCoreMain>"""


def info(**texts: str) -> bytes:
    return b"INFO" + b"".join(
        name.encode()
        + struct.pack("<I", len(value) + 1)
        + value.encode()
        + b"\0" * (2 - len(value) % 2)
        for name, value in texts.items()
    )


def loud(description: str) -> bytes:
    head = bytearray(bext(description, 0))
    struct.pack_into("<H", head, 346, 2)
    head[348:380] = bytes(range(1, 33))
    struct.pack_into("<5h", head, 412, -2312, 870, -104, 0x7FFF, -1890)
    return bytes(head) + b"A=PCM,F=48000,W=24\r\n"


def test_the_header_holds_against_a_list_beside_it(tmp_path: Path):
    listed = info(ICMT="from the editor", ICRD="2020", INAM="Harbour")
    path = wave_file(
        tmp_path / "a.wav",
        (b"bext", bext("sSCENE=12A\r\nsTAKE=2", 48000 * 36000)),
        (b"LIST", listed),
        (b"iXML", IXML.encode()),
    )
    found = probe(path)
    assert found.recorded.isoformat() == "2024-05-01T10:00:00+00:00"
    assert (found.facts.scene, found.facts.take) == ("12A", "3")
    assert (found.title, found.timecode) == ("Harbour", "10:00:00:00")
    tags = found.metadata["tags"]
    assert (tags["list_comment"], tags["list_date"]) == ("from the editor", "2020")
    assert found.metadata["bext"]["originator"] == "SoundDevices 888"


def test_loudness_and_history_of_the_second_version():
    said = read_bext(loud("night"))
    assert (said["integrated_loudness"], said["loudness_range"]) == (-23.12, 8.7)
    assert "max_momentary_loudness" not in said  # 7FFF: not known
    assert said["umid"] == bytes(range(1, 33)).hex()
    assert said["coding_history"] == "A=PCM,F=48000,W=24"


def test_dates_with_other_marks(tmp_path: Path):
    header = (
        bext("night", 0).replace(b"2024-05-01", b"2024:05:01").replace(b"10:00:00", b"10.00.00")
    )
    found = probe(wave_file(tmp_path / "a.wav", (b"bext", header)))
    assert found.recorded.isoformat() == "2024-05-01T10:00:00+00:00"
    assert not {"list_comment", "list_date"} & set(found.metadata["tags"])


def test_what_ffmpeg_reads_of_the_header_is_no_list(tmp_path: Path):
    slate = bext("sSCENE=12A\r\nsTAKE=2\r\n", 0)
    found = probe(wave_file(tmp_path / "a.wav", (b"bext", slate)))
    assert "list_comment" not in found.metadata["tags"]
    assert (found.facts.scene, found.facts.description) == ("12A", None)
    foreign = bext("caf_ at night", 0).replace(b"caf_", b"caf\xe9")
    found = probe(wave_file(tmp_path / "b.wav", (b"bext", foreign)))
    assert "list_comment" not in found.metadata["tags"]
    assert found.facts.description == "café at night"


def test_a_slate_in_a_list_describes_nothing(tmp_path: Path):
    parts = ((b"bext", bext("sSCENE=12A", 0)), (b"LIST", info(ICMT="sSCENE=7\nsTAKE=1")))
    found = probe(wave_file(tmp_path / "a.wav", *parts))
    assert found.metadata["tags"]["list_comment"] == "sSCENE=7\nsTAKE=1"
    assert (found.facts.scene, found.facts.description) == ("12A", None)


def test_a_stations_label_and_the_names_of_an_audio_definition_model(tmp_path: Path):
    cart = b"0101" + b"Jingle 7".ljust(64, b"\0") + b"Studio band".ljust(64, b"\0")
    cart += b"CUT77".ljust(64, b"\0")
    path = wave_file(tmp_path / "a.wav", (b"cart", cart.ljust(2048, b"\0")), (b"axml", ADM))
    metadata = probe(path).metadata
    assert metadata["cart"] == {"title": "Jingle 7", "artist": "Studio band", "cut_id": "CUT77"}
    assert metadata["adm"]["audioobject"] == ["Organ", "Soprano"]
    assert metadata["adm"]["audioprogramme"] == ["Evening concert"]


def test_a_header_in_wave64(tmp_path: Path):
    guid = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    header = bext("night", 480)
    chunk = b"bext" + guid + struct.pack("<Q", 24 + len(header)) + header
    path = tmp_path / "a.w64"
    riff = bytes.fromhex("726966662e91cf11a5d628db04c10000")
    path.write_bytes(riff + struct.pack("<Q", 40 + len(chunk)) + b"wave" + guid + chunk)
    assert read_bext(parts_of(path)["bext"])["time_reference"] == 480


@given(st.binary(max_size=700), st.integers(0, 3))
def test_any_bytes_are_read_or_left_out(noise: bytes, version: int):
    header = bytearray(noise.ljust(602, b"\xff"))
    struct.pack_into("<H", header, 346, version)
    for said in (read_bext(bytes(header)), read_cart(noise), read_adm(noise)):
        for value in said.values():
            assert not isinstance(value, str) or "\0" not in value
