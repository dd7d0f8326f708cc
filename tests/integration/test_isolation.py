"""No file can harm the catalogue: whatever it does to its decoder, the rest is done."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hostile_home import HOSTILE, LIMITS, assert_fails, guarded, honest, rows
from small_footage import video

from catalog import Catalog
from catalog.domain.media import SamplingPolicy
from catalog.errors import DecoderCrashedError, DecoderStalledError, DecodersUnavailableError
from catalog.media.isolated import DecoderPool
from catalog.settings import Settings

IMPATIENT = {"hang": {"stall_s": 5.0}, "spin": {"cpu_s": 1.0}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return honest(tmp_path / "media")


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
