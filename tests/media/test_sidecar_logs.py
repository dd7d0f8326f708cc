"""Logs of clips: real samples, each event and column, and where timecodes lie in an asset."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from catalog.domain.sidecars import Essence, LogEntry, Sidecar, name_forms, said_of
from catalog.media.sidecars import Candidate, read_sidecar
from catalog.media.sidecars.beside import SUFFIXES
from catalog.media.sidecars.columns import key_name
from catalog.media.sidecars.logs import frame_rate, parse_ale, parse_edl

NLE = Path(__file__).resolve().parents[2].parent / "shared" / "nle"
SAMPLES = sorted(p for p in NLE.glob("otio_*") if p.suffix in {".ale", ".edl"})
# Events with a length, counted by hand or by OpenTimelineIO's own adapters (0.18.1) where those
# read the file; they refuse timecode_mismatch whole.
EVENTS = {
    "otio_25fps.edl": 4, "otio_avid_example.edl": 2, "otio_cdl.edl": 2, "otio_dissolve_test.edl": 3,
    "otio_dissolve_test_2.edl": 3, "otio_dissolve_test_3.edl": 3, "otio_dissolve_test_4.edl": 6,
    "otio_gap_test.edl": 3, "otio_multi_audio.edl": 1, "otio_no_spaces_test.edl": 9,
    "otio_nucoda_example.edl": 2, "otio_premiere_example.edl": 2, "otio_screening_example.edl": 9,
    "otio_speed_effects.edl": 548, "otio_speed_effects_small.edl": 5,
    "otio_timecode_mismatch.edl": 20, "otio_transition_duration.edl": 4, "otio_wipe_test.edl": 3,
    "otio_sample.ale": 4, "otio_sample2.ale": 2, "otio_sampleUHD.ale": 1, "otio_sample_cdl.ale": 4,
}  # fmt: skip

FIX = "ANIM FIX NEEDED"
needs_samples = pytest.mark.skipif(not SAMPLES, reason=f"SKIPPED: no sample logs in {NLE}")


def sample(name: str) -> Sidecar:
    path = NLE / name
    return read_sidecar(Candidate(path, SUFFIXES[path.suffix], 0, 0, beside=False))


@needs_samples
def test_every_sample_is_expected():
    assert {path.name for path in SAMPLES} == set(EVENTS)


@needs_samples
@pytest.mark.parametrize("name", EVENTS)
def test_real_logs_are_read_to_their_last_event(name: str):
    entries = sample(name).entries
    assert len(entries) == EVENTS[name]
    assert all(entry.files or entry.reels for entry in entries)
    assert all(entry.timecode_in and entry.timecode_out and entry.text for entry in entries)


@needs_samples
@pytest.mark.parametrize("name", [name for name in EVENTS if name.endswith(".ale")])
def test_every_column_of_an_ale_is_kept(name: str):
    lines = (NLE / name).read_text(encoding="utf-8").replace("\r\n", "\n").split("\n")
    at = next(i for i, line in enumerate(lines) if line.strip() == "Column")
    columns = next(line for line in lines[at + 1 :] if line.strip()).split("\t")
    at = next(i for i, line in enumerate(lines) if line.strip() == "Data")
    row = next(line for line in lines[at + 1 :] if line.strip()).split("\t")
    wanted = {
        key_name(c): v.strip()
        for c, v in zip(columns, row, strict=False)
        if v.strip() and c.strip()
    }
    assert dict(sample(name).entries[0].description.metadata) == wanted


@needs_samples
def test_notes_of_real_events():
    [_, second, *_] = sample("otio_dissolve_test.edl").entries
    assert (second.files, second.timecode_in) == (("clip_B",), "01:00:08:08")
    fourth = sample("otio_no_spaces_test.edl").entries[3]
    assert fourth.text == "\n".join(
        ["ZZ100_504C (LAY1)", f"01:00:01:14 RED     {FIX}", f"01:00:02:14 PINK     {FIX}"]
    )
    [one, _] = sample("otio_cdl.edl").entries
    assert one.reels == ()  # AX is no reel
    assert one.description.metadata["asc_sat"] == "0.9"


# --- timecodes -----------------------------------------------------------------

RATE = Fraction(25)


def essence(start: str | None = "10:00:00:00", seconds: int = 60, rate: Fraction = RATE) -> Essence:
    from catalog.domain.timecode import timecode_to_frames

    begin = None if start is None else Fraction(timecode_to_frames(start, rate)) / rate
    return Essence(
        name_forms("A001C003.mov"), name_forms("TAPE7"), Fraction(seconds), rate, begin,
        drop=";" in (start or ""),
    )  # fmt: skip


def placed(entry: LogEntry, of: Essence) -> list[tuple[float, float]]:
    said = said_of(Sidecar(entries=(entry,)), of, beside=False)
    return [(round(float(s.start), 3), round(float(s.end), 3)) for s in said.segments]


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        (("10:00:01:00", "10:00:02:12"), [(1.0, 2.48)]),
        (("09:59:59:00", "10:00:01:00"), [(0.0, 1.0)]),  # cut to the asset
        (("10:00:59:00", "10:01:10:00"), [(59.0, 60.0)]),
        (("10:01:00:00", "10:01:10:00"), []),  # begins where it ends
        (("11:00:00:00", "11:00:10:00"), []),
        (("10:00:01:25", "10:00:02:00"), []),  # no such frame at this rate
        (("nonsense", "10:00:02:00"), []),
    ],
)
@pytest.mark.parametrize("named", [{"reels": ("tape7",)}, {"files": ("a001c003",)}])
def test_timecodes_lie_in_the_asset(named, times, wanted):
    entry = LogEntry(**named, timecode_in=times[0], timecode_out=times[1])
    assert placed(entry, essence()) == wanted


def test_a_reel_of_eight_characters_may_be_cut_short():
    entry = LogEntry(reels=("A001C003",), timecode_in="10:00:01:00", timecode_out="10:00:02:00")
    assert placed(entry, essence()) == [(1.0, 2.0)]
    longer = Essence(
        name_forms("A001C003_X1.mov"), frozenset(), Fraction(60), RATE, Fraction(36000)
    )
    assert placed(entry, longer) == [(1.0, 2.0)]
    assert placed(LogEntry(reels=("A001",), timecode_in="10:00:01:00",
                           timecode_out="10:00:02:00"), longer) == []  # fmt: skip


def test_a_reel_alone_says_nothing_of_an_asset_without_timecode():
    entry = LogEntry(reels=("TAPE7",), timecode_in="00:00:01:00", timecode_out="00:00:02:00")
    assert placed(entry, essence(None)) == []


def test_an_asset_without_timecode_takes_the_logs_of_its_own_length():
    entry = LogEntry(files=("A001C003",), timecode_in="10:00:00:00", timecode_out="10:01:00:10")
    assert placed(entry, essence(None)) == [(0.0, 60.0)]


def test_timecodes_pass_midnight():
    entry = LogEntry(files=("A001C003",), timecode_in="00:00:01:00", timecode_out="00:00:02:00")
    assert placed(entry, essence("23:59:50:00")) == [(11.0, 12.0)]
    across = LogEntry(files=("A001C003",), timecode_in="23:59:58:00", timecode_out="00:00:02:00")
    assert placed(across, essence("23:59:50:00")) == [(8.0, 12.0)]


def test_drop_frame_and_rates_that_a_log_spells_short():
    rate = Fraction(30000, 1001)
    entry = LogEntry(
        files=("A001C003",), timecode_in="10:01:00;02", timecode_out="10:01:00;12",
        rate=frame_rate("29.97"),
    )  # fmt: skip
    [(start, end)] = placed(entry, essence("10:00:00;00", 120, rate))
    assert (start, end) == (round(1800 / float(rate), 3), round(1810 / float(rate), 3))
    edl = "FCM: DROP FRAME\n001  A001C003 V C 10:01:00:02 10:01:00:12 01:00:00:00 01:00:00:10\n"
    assert placed(parse_edl(edl).entries[0], essence("10:00:00;00", 120, rate)) == [(start, end)]


def test_a_list_may_spell_all_addresses_as_its_programme_counts():
    rate = Fraction(30000, 1001)
    edl = "FCM: NON-DROP FRAME\n001  A001C003 V C 10:00:01:00 10:00:02:00 01:00:00:00 01:00:01:00\n"
    [entry] = parse_edl(edl).entries
    one_second = (round(30 / float(rate), 3), round(60 / float(rate), 3))
    assert placed(entry, essence("10:00:00;00", 20, rate)) == [one_second]
    assert placed(entry, essence("10:00:00:00", 20, rate)) == [one_second]
    # As it is spelt comes first: 36 seconds of numbers are left out in ten hours.
    assert placed(entry, essence("10:00:00;00", 60, rate)) == [
        (round(1110 / float(rate), 3), 38.038)
    ]
    edl = edl.replace("NON-", "")
    assert placed(parse_edl(edl).entries[0], essence("10:00:00:00", 20, rate)) == [one_second]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("24", Fraction(24)), ("23.976", Fraction(24000, 1001)), ("23.98", Fraction(24000, 1001)),
     ("29.97DF", Fraction(30000, 1001)), ("59.94 fps", Fraction(60000, 1001)),
     ("50.00", Fraction(50)),
     ("", None), ("0", None), ("-3", None), ("1e9", None), ("1/0", None), ("x", None)],
)  # fmt: skip
def test_rates(text: str, rate: Fraction | None):
    assert frame_rate(text) == rate


def test_an_ale_delimited_by_commas():
    text = 'Heading\nFIELD_DELIM\tCOMMAS\nFPS\t25\n\nColumn\nName,Comments\n\nData\nA,"x, y"\n'
    [entry] = parse_ale(text).entries
    assert (entry.files, entry.text, entry.rate) == (("A",), "A\nx, y", RATE)


def test_csv_field_limits_are_refusals(tmp_path: Path):
    from catalog.errors import SidecarError

    path = tmp_path / "a.csv"
    path.write_text("file,title\n" + '"' + "x" * (csv.field_size_limit() + 10) + '",b\n')
    with pytest.raises(SidecarError):
        read_sidecar(Candidate(path, SUFFIXES[".csv"], 0, 0, beside=True))


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_excels_line_of_the_separator_is_no_header(tmp_path: Path, delimiter: str):
    path = tmp_path / "a.csv"
    rows = ("File Name", "Description"), ("clip.mov", "Gulls, terns; a tern")
    table = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    path.write_text(f"sep={delimiter}\n{table}\n", encoding="utf-16")
    [entry] = read_sidecar(Candidate(path, SUFFIXES[".csv"], 0, 0, beside=True)).entries
    assert entry.files == ("clip.mov",)
    assert entry.description.description == "Gulls, terns; a tern"
