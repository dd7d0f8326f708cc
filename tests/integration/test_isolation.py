"""No file can harm the catalogue: whatever it does to its decoder, the rest is done."""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from small_footage import still, video

from catalog import Catalog
from catalog.domain.media import SamplingPolicy
from catalog.errors import DecoderCrashedError, DecoderStalledError, DecodersUnavailableError
from catalog.media import isolated
from catalog.media.isolated import ANALYSER, DecoderPool
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.isolated_processes import Host
from catalog.media.writer import write_video
from catalog.settings import Settings

HOSTILE = "hostile_analysers:analyse"
LIMITS = DecodeLimits(memory=1024**3, stall_s=300.0)
IMPATIENT = {"hang": {"stall_s": 5.0}, "spin": {"cpu_s": 1.0}}


@pytest.fixture(autouse=True)
def own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each catalogue has its own, as outside of the tests: here it is tested how they live."""
    monkeypatch.setattr(isolated, "Host", Host)


@contextmanager
def guarded(
    catalog: Catalog, *, limits: DecodeLimits = LIMITS, analyser: str = HOSTILE
) -> Iterator[Catalog]:
    """The catalogue with decoding processes of the test's own."""
    with Catalog(
        catalog.settings,
        catalog.database,
        catalog.store,
        decoders=DecoderPool(limits, analyser),
    ) as other:
        yield other


def rows(catalog: Catalog, statement: str) -> list[tuple]:
    return list(catalog.sql(statement).rows)


def assert_fails(catalog: Catalog, folder: Path, code: str, *words: str) -> None:
    """Of the folder's files the first fails like this, and the others are ready."""
    files = sorted(folder.iterdir())
    report = catalog.ingest(folder)
    assert [(Path(f.path).name, f.code) for f in report.failures] == [(files[0].name, code)]
    assert files[0].name in report.failures[0].reason
    assert "expected" in report.failures[0].reason
    assert all(word in report.failures[0].reason for word in words)
    assert report.ready == len(files) - 1
    failed = rows(catalog, "SELECT DISTINCT asset_id FROM catalog.stage WHERE state = 'failed'")
    assert len(failed) == 1
    assert rows(catalog, f"SELECT count(*) FROM catalog.clip WHERE asset_id = {failed[0][0]}") == [
        (0,)
    ]
    assert rows(catalog, "SELECT count(*) FROM catalog.stage WHERE state = 'running'") == [(0,)]
    assert catalog.search("red").hits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Honest files, called so that they come last."""
    for number in range(3):
        video(tmp_path / "media" / f"x{number}.mp4", ["red"], mark=number)
    still(tmp_path / "media" / "y.png")
    return tmp_path / "media"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("abort", "decoder_crashed", "SIGABRT"),
        ("abort_late", "decoder_crashed", "SIGABRT"),
        ("exit", "decoder_crashed", "exit status 7"),
        ("killed", "decoder_killed", "memory runs out"),
        ("hang", "decoder_stalled", "no progress for 5 s"),
        ("spin", "decoder_overrun", "processor time"),
        ("eat", "decoder_out_of_memory", "at most 1073741824 bytes"),
        ("order", "decoder_crashed", ""),
        ("babble", "decoder_crashed", ""),
    ],
)
def test_what_a_file_does_to_its_decoder_it_does_to_itself_only(
    catalog: Catalog, folder: Path, name: str, code: str, words: str
):
    video(folder / f"{name}-1.mp4", ["blue"], mark=9)
    with guarded(catalog, limits=replace(LIMITS, **IMPATIENT.get(name, {}))) as mine:
        assert_fails(mine, folder, code, words)
        (folder / f"{name}-1.hangs").unlink(missing_ok=True)
        again = mine.ingest(folder)
    assert (again.known, again.ready, again.failed) == (5, 4, 1)
    assert not Path("/tmp/catalog-was-tricked").exists()


def test_a_crash_that_the_file_before_led_up_to_is_not_blamed_on_the_next(
    catalog: Catalog, tmp_path: Path
):
    video(tmp_path / "a.mp4", ["red"], mark=1)
    late = video(tmp_path / "late-1.mp4", ["blue"], mark=2)
    with guarded(catalog) as mine:
        assert mine.ingest(tmp_path / "a.mp4").ready == 1
        assert mine.ingest(late).failures == []
        assert mine.show("late-1.mp4")["clips"]


def test_a_file_whose_decoder_was_killed_is_decoded_again(catalog: Catalog, tmp_path: Path):
    path = video(tmp_path / "unlucky-1.mp4", ["red"])
    with guarded(catalog) as mine:
        report = mine.ingest(path)
    assert path.with_suffix(".killed").exists()
    assert (report.ready, report.failures) == (1, [])


def test_a_fault_of_ours_is_told_with_its_name(catalog: Catalog, folder: Path):
    video(folder / "fault.mp4", ["blue"], mark=9)
    with guarded(catalog) as mine:
        report = mine.ingest(folder)
    assert [(f.code, "KeyError: 'a fault of ours'" in f.reason) for f in report.failures] == [
        ("unexpected_fault", True)
    ]
    assert report.ready == 4


def test_texts_in_a_file_are_read_where_it_cannot_harm_the_catalogue(
    catalog: Catalog, tmp_path: Path, subtitled: Callable[[Path], Path]
):
    names = ["abort", "good", "lie", "order"]
    for number, name in enumerate(names):
        made = subtitled(tmp_path / "m" / f"{name}.mp4")
        made.write_bytes(made.read_bytes() + bytes(number))  # an asset each
    with guarded(catalog, analyser="hostile_texts:analyse") as mine:
        report = mine.ingest(tmp_path / "m")
        assert (report.ready, report.failures) == (4, [])
        warned = {Path(w.path).stem: w.code for w in report.warnings}
        assert warned == dict.fromkeys(["abort", "lie", "order"], "decoder_crashed")
        assert not Path("/tmp/catalog-was-tricked").exists()
        assert {hit.asset["name"] for hit in mine.search('"hello press"').hits} == {"good.mp4"}
        again = mine.describe()
    assert (len(again.described), len(again.warnings)) == (4, 3)


def test_every_other_file_is_hostile(catalog: Catalog, tmp_path: Path):
    kinds = ["abort", "exit", "eat", "abort_late", "killed"]
    for number, name in enumerate(kinds * 2):
        video(tmp_path / "m" / f"{name}-{number}.mp4", ["blue"], mark=2 * number)
        video(tmp_path / "m" / f"good-{number}.mp4", ["red"], mark=2 * number + 1)
    with guarded(catalog) as mine:
        report = mine.ingest(tmp_path / "m")
    assert (report.registered, report.ready, report.failed) == (20, 10, 10)
    assert {Path(f.path).stem.partition("-")[0] for f in report.failures} == set(kinds)


def test_a_worker_analyses_in_a_process_of_its_own_too(catalog: Catalog, folder: Path):
    path = video(folder / "abort.mp4", ["blue"], mark=9)
    with guarded(catalog) as mine:
        bad, good = mine.register(path).asset_id, mine.register(folder / "x0.mp4").asset_id
        with pytest.raises(DecoderCrashedError):
            mine.analyse(bad)
        found = mine.analyse(good)
        assert found is not None
        assert found.frames == 1
        assert len(mine.decoders.processes()) == 1


# --- files that ask for too much ---------------------------------------------------


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it is so large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def with_tracks(path: Path, count: int) -> Path:
    """A film of the same track many times over."""
    content = video(path, ["blue"], mark=9).read_bytes()
    moov = content.index(b"moov") - 4
    trak = content.index(b"trak", moov) - 4
    (length,) = struct.unpack_from(">I", content, trak)
    (whole,) = struct.unpack_from(">I", content, moov)
    more = content[trak : trak + length] * (count - 1)
    path.write_bytes(
        content[:moov]
        + struct.pack(">I", whole + len(more))
        + content[moov + 4 : trak + length]
        + more
        + content[trak + length :]
    )
    return path


def test_a_still_of_a_hundred_thousand_pixels_square(catalog: Catalog, folder: Path):
    (folder / "a.png").write_bytes(png(100_000, 100_000))
    assert_fails(catalog, folder, "media_too_large", "10000000000 pixels")


def test_a_header_that_lies(catalog: Catalog, folder: Path):
    (folder / "a.png").write_bytes(png(16_000, 16_000))
    assert_fails(catalog, folder, "undecodable")


def test_a_bomb_that_keeps_to_the_rules_but_not_to_the_memory(catalog: Catalog, folder: Path):
    Image.fromarray(np.zeros((16_000, 16_000), np.uint16)).save(folder / "a.png")
    limits = DecodeLimits(memory=512 * 1024**2)
    with guarded(catalog, limits=limits, analyser=ANALYSER) as mine:
        assert_fails(mine, folder, "decoder_out_of_memory")


def test_ten_thousand_streams(catalog: Catalog, folder: Path):
    with_tracks(folder / "a.mp4", 10_000)
    assert_fails(catalog, folder, "media_too_large", "streams")


def test_a_film_of_pictures_too_large(catalog: Catalog, folder: Path):
    limits = DecodeLimits(most_pixels=64 * 48)
    video(folder / "x9.mp4", ["red"], mark=77)
    pictures = [np.zeros((64, 64, 3), np.uint8)] * 3
    write_video(folder / "a.mp4", pictures, frame_rate=Fraction(25))
    with guarded(catalog, limits=limits, analyser=ANALYSER) as mine:
        assert_fails(mine, folder, "media_too_large", "64x64")


def test_a_film_that_is_partly_broken_is_catalogued_and_flagged(catalog: Catalog, folder: Path):
    path = video(folder / "broken.mp4", ["red", "green", "blue", "white"], frames=50, mark=9)
    content = bytearray(path.read_bytes())
    middle = (content.index(b"mdat") + len(content)) // 2
    content[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(content)
    report = catalog.ingest(folder)
    assert (report.ready, report.failures) == (5, [])
    assert {hit.asset["name"] for hit in catalog.search("is:damaged").hits} == {"broken.mp4"}
    assert catalog.show("broken.mp4")["decode_errors"] > 0


# --- how the processes live and end -------------------------------------------------


def test_processes_are_used_again_and_end_with_the_catalogue(catalog: Catalog, folder: Path):
    with guarded(catalog) as mine:
        mine.ingest(folder)
        first = mine.decoders.processes()
        video(folder / "z.mp4", ["green"], mark=50)
        mine.ingest(folder)
        assert set(mine.decoders.processes()) <= set(first)
        ends = [os.pidfd_open(pid) for pid in first]
    assert all(ended(end) for end in ends)


def test_nothing_is_started_where_nothing_is_due(catalog: Catalog, folder: Path):
    with guarded(catalog) as mine:
        mine.ingest(folder)
    with guarded(catalog) as mine:
        mine.ingest(folder)
        mine.search("red")
        assert mine.decoders.processes() == []


def test_a_host_that_is_killed_is_a_service_that_is_gone_and_comes_back(tmp_path: Path):
    path = video(tmp_path / "a.mp4", ["red"])
    pool = DecoderPool(LIMITS, HOSTILE)

    def analyse() -> int:
        with pool.analysis(path, SamplingPolicy(), lambda pts, _: str(pts)) as analysis:
            return len(list(analysis))

    assert analyse() == 1
    [worker] = pool.processes()
    end = os.pidfd_open(worker)
    psutil.Process(worker).parent().kill()
    assert ended(end), "what it forked goes with it"
    with pytest.raises(DecodersUnavailableError):
        analyse()
    assert analyse() == 1
    pool.close()


def test_an_analyser_that_cannot_be_loaded_says_why(tmp_path: Path):
    pool = DecoderPool(LIMITS, "no_such_module:analyse")
    path = video(tmp_path / "a.mp4", ["red"])
    with (
        pytest.raises(DecodersUnavailableError, match="no_such_module"),
        pool.analysis(path, SamplingPolicy(), lambda pts, _: str(pts)),
    ):
        pass
    pool.close()


def test_leaving_an_analysis_half_way_leaves_the_pool_usable(tmp_path: Path):
    path = video(tmp_path / "a.mp4", ["red", "green", "blue"])
    pool = DecoderPool(LIMITS, HOSTILE)
    for _ in range(3):
        with pool.analysis(path, SamplingPolicy(), lambda pts, _: str(pts)) as analysis:
            assert next(iter(analysis)).frames
    with pool.analysis(path, SamplingPolicy(), lambda pts, _: f"k{pts}") as analysis:
        shots = list(analysis)
    assert [frame.picture for shot in shots for frame in shot.frames] == [
        f"k{frame.pts}" for shot in shots for frame in shot.frames
    ]
    pool.close()


SCRIPT = """
import sys
from pathlib import Path
from catalog import Catalog
from catalog.db.engine import Database
from catalog.media.frame_store import FolderFrameStore
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_limits import DecodeLimits
from catalog.settings import Settings

settings = Settings(home=Path(sys.argv[1]), database_url=sys.argv[2], encoder="null")
decoders = DecoderPool(DecodeLimits(stall_s=600), "hostile_analysers:analyse")
with Catalog(settings, Database.open(settings), FolderFrameStore(settings.frames_dir),
             decoders=decoders) as catalog:
    try:
        catalog.ingest(sys.argv[3])
    except KeyboardInterrupt:
        sys.exit(130)
"""


@contextmanager
def hanging_ingest(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process, with a group of its own, that ingests a file without end."""
    path = video(folder / "hang.mp4", ["blue"], mark=9)
    mark = path.with_suffix(".hangs")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, settings.home, str(settings.database_url), folder],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        start_new_session=True,
    )
    try:
        while not mark.exists():
            assert process.poll() is None
            os.sched_yield()
        yield process
    finally:
        mark.unlink(missing_ok=True)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ended(pidfd: int) -> bool:
    """Whether a process has ended, or does in time."""
    try:
        return bool(select.select([pidfd], [], [], 240)[0])
    finally:
        os.close(pidfd)


def below(process: subprocess.Popen[bytes]) -> list[int]:
    """All processes below it, each as a descriptor that tells of its end."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [os.pidfd_open(child.pid) for child in children]


def test_a_killed_catalogue_leaves_no_process_and_the_next_goes_on(catalog: Catalog, folder: Path):
    with hanging_ingest(catalog.settings, folder) as process:
        children = below(process)
        assert len(children) >= 2
        process.kill()
        process.wait()
        assert {ended(child) for child in children} == {True}
    report = catalog.ingest(folder)
    assert (report.ready, report.failures) == (5, [])


def test_ctrl_c_ends_everything_and_blames_no_file(catalog: Catalog, folder: Path):
    with hanging_ingest(catalog.settings, folder) as process:
        children = below(process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(240) == 130
        assert {ended(child) for child in children} == {True}
    states = rows(
        catalog,
        "SELECT state, count(*) FROM catalog.stage WHERE name = 'analyse' GROUP BY 1 ORDER BY 1",
    )
    assert dict(states).get("due", 0) >= 1
    assert set(dict(states)) <= {"due", "done"}
    report = catalog.ingest(folder)
    assert (report.ready, report.failures) == (5, [])


def test_a_stop_from_another_thread_blames_no_file(tmp_path: Path):
    path = video(tmp_path / "hang.mp4", ["red"])
    pool = DecoderPool(LIMITS, HOSTILE)
    raised: list[BaseException] = []

    def analyse() -> None:
        try:
            with pool.analysis(path, SamplingPolicy(), lambda pts, _: str(pts)):
                pass
        except (DecodersUnavailableError, DecoderStalledError) as error:
            raised.append(error)

    thread = threading.Thread(target=analyse)
    thread.start()
    while not path.with_suffix(".hangs").exists():
        os.sched_yield()
    pool.stop()
    thread.join()
    assert [type(error) for error in raised] == [DecodersUnavailableError]
    pool.close()
