"""One run: decoding and encoding go on at the same time, in bounded queues, in batches."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile_analysers import PICTURES
from PIL import Image
from small_footage import sound, still, video

from catalog import Catalog
from catalog.domain.media import SamplingPolicy
from catalog.domain.progress import Silent
from catalog.encoders.null import NullEncoder
from catalog.errors import EncoderUnavailableError, FrameStoreError
from catalog.ingest import ahead, arrivals, overlap, pipeline
from catalog.ingest.analyse import Tools
from catalog.ingest.arrivals import Labels
from catalog.ingest.encode import read_picture
from catalog.ingest.overlap import Overlapped
from catalog.ingest.pipeline import Ingest
from catalog.ingest.register import Registrar
from catalog.ingest.sidecars import look_beside, read_sidecars
from catalog.media.frame_store import FolderFrameStore
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.pictures import image_to_jpeg

BATCH = 8  # of a processor, see catalog.ingest.ahead
MANY = "hostile_analysers:many_pictures"


class Listening(NullEncoder):
    """Tells of each batch before it encodes it."""

    def __init__(self, on_batch: Callable[[int], None] = lambda _: None) -> None:
        super().__init__(16)
        self.batches: list[int] = []
        self._on_batch = on_batch

    def encode_images(self, pictures):
        self.batches.append(len(pictures))
        self._on_batch(len(pictures))
        return super().encode_images(pictures)


class Counting(FolderFrameStore):
    """Knows how many pictures were put into it, strips and the like not counted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.sizes: list[int] = []
        self.more = threading.Condition()

    def put(self, key: str, content: bytes) -> None:
        super().put(key, content)
        if key.startswith("renditions/"):
            return
        with self.more:
            self.sizes.append(len(content))
            self.more.notify_all()


def ingest(
    catalog: Catalog,
    encoder: NullEncoder,
    *paths: Path,
    analyser: str | None = None,
    labels: Labels | None = None,
):
    decoders = DecoderPool(DecodeLimits(stall_s=240.0), *([analyser] if analyser else []))
    tools = Tools(catalog.database, catalog.store, decoders, SamplingPolicy())
    catalog._encoders._loaded |= {"null": encoder, encoder.name: encoder}
    try:
        run = Ingest(tools, catalog._encoders, recognisers=catalog.recognisers, progress=Silent())
        return run.run(paths, labels or Labels())
    finally:
        decoders.close()


@pytest.fixture
def counted(catalog: Catalog) -> Counting:
    catalog.store = Counting(catalog.settings.frames_dir)
    return catalog.store


def test_a_film_is_encoded_while_it_is_still_decoded(catalog: Catalog, tmp_path: Path):
    """Its decoder ends only once the encoder was at work: in turn, neither would ever be."""
    path = video(tmp_path / "waits-1.mp4", ["red"])
    encoder = Listening(lambda _: path.with_suffix(".go").touch())
    report = ingest(catalog, encoder, path, analyser=MANY)
    assert (report.ready, report.frames, report.failures) == (1, PICTURES, [])
    assert sum(encoder.batches) == PICTURES


def test_another_file_is_decoded_while_one_waits(catalog: Catalog, tmp_path: Path):
    """The pictures of one file alone would not fill a batch."""
    path = video(tmp_path / "waits-1.mp4", ["red"])
    for number in range(3):
        video(tmp_path / f"x{number}.mp4", ["green"], mark=number + 1)
    encoder = Listening(
        lambda _: path.with_suffix(".go").touch() if sum(encoder.batches) > PICTURES else None
    )
    report = ingest(catalog, encoder, *sorted(tmp_path.glob("*.mp4")), analyser=MANY)
    assert (report.ready, report.frames, report.failures) == (4, 4 * PICTURES, [])


def test_what_was_decoded_and_not_encoded_is_bounded(
    catalog: Catalog, tmp_path: Path, counted: Counting, monkeypatch: pytest.MonkeyPatch
):
    files = [video(tmp_path / f"x{n}.mp4", ["red"], mark=n) for n in range(6)]
    most = 20_000
    monkeypatch.setattr(ahead, "MOST_BYTES", most)
    behind: list[int] = []

    def wait_for_pressure(count: int) -> None:
        with counted.more:
            # Once full, it is filled again only when it is nearly empty.
            if not behind:
                assert counted.more.wait_for(lambda: sum(counted.sizes) >= most, timeout=240)
            behind.append(len(counted.sizes) - sum(encoder.batches) + count)

    encoder = Listening(wait_for_pressure)
    report = ingest(catalog, encoder, *files, analyser=MANY)
    assert report.frames == len(files) * PICTURES
    # Batches in the model, the queue, and what each thread has in its hand.
    processors = len(os.sched_getaffinity(0))
    queue = most // min(counted.sizes) + 1
    assert most // max(counted.sizes) <= max(behind) <= processors * 2 * BATCH + queue + processors


def test_stills_go_through_in_batches_across_files(catalog: Catalog, tmp_path: Path):
    for number in range(40):
        still(tmp_path / f"{number}.png", mark=number)
    encoder = Listening()
    report = ingest(catalog, encoder, tmp_path)
    assert (report.ready, report.frames) == (40, 40)
    # The first tells that the model is quick; what is left at the end is shared out.
    assert (encoder.batches[0], max(encoder.batches)) == (BATCH, 2 * BATCH)
    assert (sum(encoder.batches), len(encoder.batches) <= 6) == (40, True)


def test_a_slow_model_gets_no_more_at_once_so_that_nobody_waits_long_for_it(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ahead, "_QUICK_S", 0.0)
    for number in range(40):
        still(tmp_path / f"{number}.png", mark=number)
    encoder = Listening()
    assert ingest(catalog, encoder, tmp_path).ready == 40
    assert encoder.batches == [BATCH] * 5


def test_sidecars_are_read_while_the_last_pictures_are_encoded(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read = threading.Event()

    def reading(*given):
        read.set()
        return read_sidecars(*given)

    waited: list[bool] = []
    monkeypatch.setattr(pipeline, "read_sidecars", reading)
    encoder = Listening(lambda _: waited.append(read.wait(240.0)))
    report = ingest(catalog, encoder, still(tmp_path / "a.png"))
    assert (report.ready, waited) == (1, [True])


def test_what_is_registered_is_analysed_while_the_rest_is_read(
    catalog: Catalog, tmp_path: Path, counted: Counting, monkeypatch: pytest.MonkeyPatch
):
    """The last file is read only once the first is analysed; a copy of the first comes late."""
    files = [still(tmp_path / f"{n}.png", mark=n) for n in range(7)]
    copy = tmp_path / "7-copy.png"
    copy.write_bytes(files[0].read_bytes())
    register = Registrar.register

    def late(self, path, **given):
        if path in (files[6], copy):
            with counted.more:
                assert counted.more.wait_for(lambda: counted.sizes, timeout=60)
        return register(self, path, **given)

    monkeypatch.setattr(arrivals, "PORTION", 3)
    monkeypatch.setattr(Registrar, "register", late)
    report = ingest(catalog, Listening(), tmp_path, labels=Labels("News", ["t"], {"reel": "A1"}))
    assert (report.registered, report.known, report.ready, report.frames) == (7, 1, 7, 7)
    assert report.failures == []
    labelled = "SELECT name, collection, metadata->>'reel' FROM catalog.asset ORDER BY name"
    assert list(catalog.sql(labelled).rows) == [(f"{n}.png", "News", "A1") for n in range(7)]
    assert list(catalog.sql("SELECT count(*) FROM catalog.asset_tag").rows) == [(7,)]
    assert list(catalog.sql("SELECT count(*) FROM catalog.location").rows) == [(8,)]


def test_registering_does_not_run_far_ahead(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    """What is read long before it is decoded has left the system's memory, and is read again."""
    enough, waiting = threading.Event(), []

    def analyse(_tools, _asset_id, **_told):
        assert enough.wait(60)

    def portions():
        for first in range(0, 300, 10):
            waiting.append(len(run._waiting))
            if len(waiting) == 6:
                enough.set()
            yield range(first, first + 10)

    monkeypatch.setattr(overlap, "analyse_asset", analyse)
    tools = Tools(catalog.database, catalog.store, DecoderPool(), SamplingPolicy())
    run = Overlapped(tools, Listening(), 1, progress=Silent())
    assert len(list(run.over(portions()))) == 300
    assert max(waiting) < 50


def test_without_an_encoder_all_is_registered(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(5):
        still(tmp_path / f"{number}.png", mark=number)
    monkeypatch.setattr(arrivals, "PORTION", 2)

    def none_there():
        raise EncoderUnavailableError("It is not there.")

    monkeypatch.setattr(catalog._encoders, "active", none_there)
    with pytest.raises(EncoderUnavailableError, match="not there"):
        catalog.ingest(tmp_path)
    due = "SELECT state, count(*) FROM catalog.stage GROUP BY state"
    assert list(catalog.sql(due).rows) == [("due", 5)]


def test_who_reads_a_large_file_hears_that_the_run_is_over(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What went wrong is told by its own words, and no file that was being read is blamed."""
    files = [still(tmp_path / f"{n}.png", mark=n) for n in range(3)]
    register, failed = Registrar.register, threading.Event()

    def analyse(*_given, **_told):
        failed.set()
        raise FrameStoreError("No space left.")

    def reading(self, path, *, collection, progress):
        if path == files[2]:
            assert failed.wait(60)
            while True:  # as long as it takes to read: it is broken off
                progress(1)
        return register(self, path, collection=collection, progress=progress)

    monkeypatch.setattr(overlap, "analyse_asset", analyse)
    monkeypatch.setattr(arrivals, "PORTION", 2)
    monkeypatch.setattr(Registrar, "register", reading)
    with pytest.raises(FrameStoreError, match="No space"):
        ingest(catalog, Listening(), tmp_path)
    known = "SELECT count(*), count(error_code) FROM catalog.location"
    assert list(catalog.sql(known).rows) == [(2, 0)]


def test_sidecars_of_many_files_are_read_on_the_way(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(5):
        still(tmp_path / f"{number}.png", mark=number)
        (tmp_path / f"{number}.json").write_text(f'{{"title": "Title {number}"}}')
    looked: list[int] = []

    readers = set()

    def looking(tools, ids, reader):
        look_beside(tools, ids, reader)
        looked.append(len(ids))
        readers.add(reader)

    monkeypatch.setattr(pipeline, "PORTION", 2)
    monkeypatch.setattr(pipeline, "look_beside", looking)
    report = ingest(catalog, Listening(), tmp_path)
    assert (report.ready, looked, report.warnings) == (5, [2, 2], [])
    assert len(readers) == 1, "a log beside them is parsed once"
    titles = "SELECT name, title FROM catalog.asset ORDER BY name"
    assert list(catalog.sql(titles).rows) == [(f"{n}.png", f"Title {n}") for n in range(5)]


def test_vectors_are_those_of_the_stored_pictures(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "a.mp4", ["red", "blue", "green"])
    still(tmp_path / "b.png", "yellow")
    encoder = Listening()
    ingest(catalog, encoder, tmp_path)
    rows = catalog.sql(
        "SELECT f.picture, e.vector::text FROM catalog.frame f JOIN catalog.embedding e"
        " ON e.frame_id = f.id"
    ).rows
    assert len(rows) == 4
    for key, vector in rows:
        picture = read_picture(key, catalog.store.get(key))
        expected = NullEncoder(16).encode_images([picture])[0]
        np.testing.assert_allclose(np.fromstring(vector[1:-1], sep=","), expected, atol=1e-3)


def test_sound_needs_no_batch(catalog: Catalog, tmp_path: Path):
    sound(tmp_path / "a.wav")
    encoder = Listening()
    report = ingest(catalog, encoder, tmp_path)
    assert (report.ready, encoder.batches) == (1, [])
    assert catalog.show("a.wav")["stages"][0]["state"] == "done"


def test_a_failing_encoder_ends_the_run_with_its_own_words(catalog: Catalog, tmp_path: Path):
    files = [video(tmp_path / f"x{n}.mp4", ["red"], mark=n) for n in range(4)]

    def fail(_: int) -> None:
        raise EncoderUnavailableError("It has burnt down.")

    with pytest.raises(EncoderUnavailableError, match="burnt down"):
        ingest(catalog, Listening(fail), *files, analyser=MANY)
    states = {row[0] for row in catalog.sql("SELECT state FROM catalog.stage").rows}
    assert states <= {"due", "done"}
    report = ingest(catalog, Listening(), *files, analyser=MANY)
    assert (report.ready, report.failures) == (4, [])
    missing = "SELECT count(*) FROM catalog.frame WHERE id NOT IN (SELECT frame_id FROM"
    assert list(catalog.sql(f"{missing} catalog.embedding)").rows) == [(0,)]


def test_a_full_frame_store_ends_the_run_and_blames_no_file(catalog: Catalog, tmp_path: Path):
    files = [video(tmp_path / f"x{n}.mp4", ["red"], mark=n) for n in range(3)]

    class Full(FolderFrameStore):
        def put(self, key: str, content: bytes) -> None:
            raise FrameStoreError("No space left.")

    good, catalog.store = catalog.store, Full(catalog.settings.frames_dir)
    with pytest.raises(FrameStoreError, match="No space"):
        ingest(catalog, Listening(), *files)
    catalog.store = good
    assert list(catalog.sql("SELECT DISTINCT state FROM catalog.stage").rows) == [("due",)]
    assert ingest(catalog, Listening(), *files).ready == 3


def test_no_thread_and_no_connection_is_left(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "a.mp4", ["red"])
    before = set(threading.enumerate())
    ingest(catalog, Listening(), tmp_path)
    assert set(threading.enumerate()) <= before, "those of earlier tests may end meanwhile"
    assert catalog.database.engine.pool.checkedout() == 0


def ahead_of(catalog: Catalog, encoder: NullEncoder) -> ahead.EncodeAhead:
    return ahead.EncodeAhead(catalog.database, encoder, 1, processors=2)


def fill(run: ahead.EncodeAhead, count: int) -> None:
    jpeg = image_to_jpeg(Image.new("RGB", (16, 16)))
    for number in range(count):
        run.picture(1, str(number), jpeg)


def test_each_processor_that_is_free_has_a_batch_of_its_own(catalog: Catalog):
    both = threading.Barrier(2)
    encoder = Listening(lambda _: both.wait(timeout=240) if len(encoder.batches) <= 2 else None)
    run = ahead_of(catalog, encoder)
    fill(run, 2 * BATCH)
    run.finish()
    assert sum(encoder.batches) == 2 * BATCH


def test_beside_an_analysis_one_of_two_processors_encodes(catalog: Catalog):
    alone = threading.Lock()

    def encode_alone(_: int) -> None:
        assert alone.acquire(blocking=False)
        for _ in range(10_000):  # so that another would have come by
            pass
        alone.release()

    encoder = Listening(encode_alone)
    run = ahead_of(catalog, encoder)
    run.begin(1)
    fill(run, 6 * BATCH)
    run.finish()
    assert sum(encoder.batches) == 6 * BATCH


def test_a_run_leaves_torch_with_the_threads_it_had(catalog: Catalog):
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    run = ahead_of(catalog, Listening())
    fill(run, 4 * BATCH)
    run.finish()
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    asking.start()
    asking.join()
    assert found == [before]
