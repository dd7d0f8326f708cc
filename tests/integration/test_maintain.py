"""What administrators do: show, tag, sort, remove, retry; and what happens when parts fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import pytest
from small_footage import sound, still, video
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.diagnosis import State
from catalog.errors import (
    DatabaseUnavailableError,
    FrameStoreError,
    InvalidInputError,
    NotFoundError,
    PathNotFoundError,
    UnreadableFileError,
)
from catalog.media.frame_store import FolderFrameStore, picture_key
from catalog.settings import Settings
from catalog.store import shots

MANY = 120


def count(catalog: Catalog, table: str) -> int:
    with catalog.database.session() as session:
        return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


@pytest.fixture
def media(catalog: Catalog, tmp_path: Path) -> Path:
    return stocked(catalog, tmp_path / "media")


def stocked(catalog: Catalog, folder: Path) -> Path:
    video(folder / "a.mp4", ["red", "blue"])
    still(folder / "b.png", "green")
    catalog.ingest(folder, tags=["x"], collection="C")
    return folder


@pytest.fixture(scope="module")
def unchanged(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """The same media, for tests of what is refused: they see to it that nothing is changed."""
    with Catalog.open(shared_settings) as opened:
        stocked(opened, tmp_path_factory.mktemp("unchanged"))
        yield opened


def test_remove_takes_vectors_and_pictures_and_leaves_the_file(catalog: Catalog, media: Path):
    content = (media / "a.mp4").read_bytes()
    [removed] = catalog.remove([media / "a.mp4"])
    assert (media / "a.mp4").read_bytes() == content
    for table, left in (("asset", 1), ("location", 1), ("clip", 1), ("frame", 1), ("embedding", 1)):
        assert count(catalog, table) == left, table
    pictures = [path for path in catalog.settings.frames_dir.rglob("*") if path.is_file()]
    assert len(pictures) == 1
    assert [hit.asset["name"] for hit in catalog.search("red").hits] == ["b.png"]
    with pytest.raises(NotFoundError):
        catalog.show(removed)
    report = catalog.ingest(media)
    assert (report.registered, report.known, report.ready) == (1, 1, 2)


def test_what_a_removal_could_not_delete_is_deleted_later(
    catalog: Catalog, media: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, delete = catalog.settings.frames_dir, FolderFrameStore.delete_prefix
    failures = ["the first of four"]

    def sometimes(self: FolderFrameStore, prefix: str) -> None:
        if failures:
            raise FrameStoreError(failures.pop(), remedy="Wait.")
        delete(self, prefix)

    def repair(after: str) -> None:
        with catalog.database.session() as session:
            session.execute(text(f"UPDATE catalog.removed SET at = now() - interval '{after}'"))
        assert catalog.doctor(repair=True).checks[0].state == State.OK

    fingerprint = catalog.show("a.mp4")["fingerprint"]
    monkeypatch.setattr(FolderFrameStore, "delete_prefix", sometimes)
    with pytest.raises(FrameStoreError, match="the first of four"):
        catalog.remove(["a.mp4", "b.png"])
    assert count(catalog, "asset") == 0
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert len({path.parent for path in left}) == 1, "the others are deleted"
    # Whoever was at work on one goes on, until he is killed.
    catalog.store.put(picture_key(fingerprint, 7), b"late")
    repair(after="5 hours")
    assert all(path.exists() for path in left), "somebody may be at work on it"
    catalog.ingest(media / "b.png")
    repair(after="7 hours")
    assert [hit.asset["name"] for hit in catalog.search("red").hits] == ["b.png"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 1, "that of the asset that came back"
    assert count(catalog, "removed") == 0


def test_remove_of_several_is_all_or_nothing(catalog: Catalog, media: Path):
    with pytest.raises(NotFoundError):
        catalog.remove(["a.mp4", "no such thing"])
    assert count(catalog, "asset") == 2
    assert len(catalog.remove(["a.mp4", "b.png", "a.mp4"])) == 3
    assert count(catalog, "asset") == 0


@pytest.mark.parametrize(
    "reference",
    ["", "nothing", "0", "9" * 18, "9" * 40, "nul\0", "\udcff", "/nowhere/x.mp4", "half \ud800",
     "~nobody-here/x",
     "²", "a" * 5000, "'; DROP TABLE asset; --", "%"],
)  # fmt: skip
def test_what_no_asset_is_called_is_not_found(unchanged: Catalog, reference: str):
    for call in (
        lambda: unchanged.show(reference),
        lambda: unchanged.tag([reference], ["t"]),
        lambda: unchanged.collection([reference], "c"),
        lambda: unchanged.remove([reference]),
        lambda: unchanged.retry([reference]),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        caught.value.message.encode()
    assert count(unchanged, "asset") == 2


def test_a_name_that_two_assets_have_is_refused_with_their_ids(catalog: Catalog, tmp_path: Path):
    for at in (1, 2):
        still(tmp_path / "m" / str(at) / "same.png", mark=at)
    catalog.ingest(tmp_path / "m")
    with pytest.raises(InvalidInputError, match="2 assets are called") as caught:
        catalog.show("SAME.png")
    for asset_id in caught.value.details["ids"]:
        assert catalog.show(asset_id)["name"] == "same.png"


@pytest.mark.parametrize("label", ["", "  ", "x" * 201, "a\0b", "\udcff", "bell\x07", "\x00"])
def test_labels_that_cannot_be_are_refused(unchanged: Catalog, label: str):
    [location] = unchanged.show("a.mp4")["locations"]
    path = Path(location["root"]) / location["path"]
    with pytest.raises(InvalidInputError, match="cannot be a tag"):
        unchanged.tag(["a.mp4"], ["fine", label])
    with pytest.raises(InvalidInputError, match="cannot be a collection"):
        unchanged.collection(["a.mp4"], label)
    with pytest.raises(InvalidInputError, match="cannot be a collection"):
        unchanged.register(path, collection=label)
    assert unchanged.show("a.mp4")["tags"] == ["x"]


def test_register_alone_decodes_nothing(catalog: Catalog, tmp_path: Path):
    path = video(tmp_path / "a.mp4")
    first, second = catalog.register(path, collection="Raw"), catalog.register(path)
    assert (first.new, second.new, first.asset_id) == (True, False, second.asset_id)
    [row] = catalog.assets()["assets"]
    assert (row["state"], row["collection"], row["frames"]) == ("due", "Raw", 0)
    assert catalog.search("collection:raw").total_candidates == 0, "nothing to see yet"
    with pytest.raises(PathNotFoundError):
        catalog.register(tmp_path / "missing" / "x.mp4")
    with pytest.raises(UnreadableFileError, match="folder"):
        catalog.register(tmp_path)
    assert count(catalog, "location") == 1


def test_retry_makes_failed_work_due_again(catalog: Catalog, tmp_path: Path, monkeypatch):
    path = video(tmp_path / "m" / "a.mp4", ["red"])
    still(tmp_path / "m" / "b.png")
    wrong = catalog.register(path).asset_id
    real = shots.replace_shots

    def broken(session, asset_id: int, found, **given):
        if asset_id == wrong:
            raise ZeroDivisionError("a fault of ours\nwith lines")
        return real(session, asset_id, found, **given)

    monkeypatch.setattr(shots, "replace_shots", broken)
    report = catalog.ingest(tmp_path / "m")
    assert (report.ready, [f.code for f in report.failures]) == (1, ["unexpected_fault"])
    assert "ZeroDivisionError: a fault of ours" in report.failures[0].reason
    [job] = catalog.jobs(failed=True)
    assert (job["asset"], job["attempts"], job["retryable"]) == ("a.mp4", 1, False)
    monkeypatch.undo()
    assert catalog.ingest(tmp_path / "m").failed == 1, "a failure waits for an administrator"
    assert catalog.retry() == [job["asset_id"]]
    assert catalog.jobs(failed=True) == []
    assert [job["state"] for job in catalog.jobs()] == ["due"]
    report = catalog.ingest(tmp_path / "m")
    assert (report.ready, report.failures, catalog.jobs()) == (2, [], [])


def test_a_lost_picture_fails_its_asset_alone_and_retry_brings_it_back(
    catalog: Catalog, tmp_path: Path
):
    for at, colour in enumerate(["red", "green", "blue"]):
        catalog.register(still(tmp_path / "m" / f"{colour}.png", colour, mark=at))
    ids = [row["id"] for row in catalog.assets()["assets"]]
    for asset_id in ids:
        catalog.analyse(asset_id)
    red = catalog.show("red.png")
    Path(red["clips"][0]["frame"]["picture"]).unlink()
    blue = Path(catalog.show("blue.png")["clips"][0]["frame"]["picture"])
    blue.write_bytes(b"no picture")
    report = catalog.ingest(tmp_path / "m")
    assert report.ready == 1
    told = {Path(f.path).name: f.code for f in report.failures}
    assert told == {"red.png": "picture_not_found", "blue.png": "frame_store_unavailable"}
    states = {row["name"]: row["state"] for row in catalog.assets()["assets"]}
    assert states == {"red.png": "failed", "green.png": "ready", "blue.png": "failed"}
    assert catalog.ingest(tmp_path / "m").failed == 2
    assert len(catalog.retry()) == 2
    report = catalog.ingest(tmp_path / "m")
    assert (report.ready, report.failures, report.frames) == (3, [], 2)


def test_a_full_frame_store_stops_the_run_and_blames_no_file(
    catalog: Catalog, tmp_path: Path, monkeypatch
):
    still(tmp_path / "m" / "a.png")
    still(tmp_path / "m" / "b.png", mark=1)

    def full(key: str, content: bytes) -> None:
        raise FrameStoreError("No space left.", remedy="Make room.")

    monkeypatch.setattr(catalog.store, "put", full)
    with pytest.raises(FrameStoreError):
        catalog.ingest(tmp_path / "m")
    assert [job["state"] for job in catalog.jobs()] == ["due", "due"]
    monkeypatch.undo()
    assert catalog.ingest(tmp_path / "m").ready == 2


def test_a_database_that_goes_away_is_a_service_error_and_leaves_all_due(
    catalog: Catalog, media: Path, tmp_path: Path, monkeypatch
):
    """Every connection is cut in the middle of an analysis, as a restarting server does."""
    path = video(tmp_path / "m" / "c.mp4", ["white"], mark=7)
    real = catalog.store.put
    alone = Lock()  # pictures are put by several threads: one must not cut the other's statement

    def cut(key: str, content: bytes) -> None:
        with alone, catalog.database.engine.connect() as connection:
            connection.execute(
                text(
                    # It waits for them to be gone: a connection still open would be used again.
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        real(key, content)

    monkeypatch.setattr(catalog.store, "put", cut)
    # The pool finds fresh connections: the one that held the lock is gone, the work goes on.
    report = catalog.ingest(path)
    assert (report.ready, report.failures) == (1, [])

    def away(key: str, content: bytes) -> None:
        raise DatabaseUnavailableError("The database cannot be reached.")

    monkeypatch.setattr(catalog.store, "put", away)
    still(tmp_path / "m" / "d.png", mark=8)
    with pytest.raises(DatabaseUnavailableError):
        catalog.ingest(tmp_path / "m")
    assert [job["state"] for job in catalog.jobs()] == ["due"]

    def lost(key: str, content: bytes) -> None:
        """A connection of somebody's own, that no session translates for, is cut under it."""
        with catalog.database.engine.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(catalog.store, "put", lost)
    with pytest.raises(DatabaseUnavailableError, match="terminat"):
        catalog.ingest(tmp_path / "m")
    assert [job["state"] for job in catalog.jobs()] == ["due"]


def test_show_tells_where_a_file_is_and_what_is_in_it(catalog: Catalog, media: Path):
    shown = catalog.show(media / "a.mp4")
    assert shown["locations"] == [
        {"root": str(media), "path": "a.mp4", "online": True, "verified": True}
    ]
    assert shown["codec"] == "h264"
    assert [clip["frame"]["at"] for clip in shown["clips"]] == sorted(
        clip["frame"]["at"] for clip in shown["clips"]
    )
    assert shown["clips"][1]["frame"]["at"] >= shown["clips"][1]["start"]


def test_stats_count_everything(catalog: Catalog, media: Path):
    sound(media / "s.wav", seconds=1.0)
    catalog.ingest(media)
    stats = catalog.stats()
    assert stats["kinds"] == {"audio": 1, "still": 1, "video": 1}
    assert (stats["assets"], stats["clips"], stats["frames"]) == (3, 3, 3)
    assert stats["seconds_of_media"] == pytest.approx(3.0, abs=0.1)
    assert stats["encoders"] == [{"name": "null:64", "active": True, "vectors": 3}]
    assert stats["stages"] == {"analyse/done": 3, "encode/done": 3}


@pytest.mark.parametrize("limit", [0, -1, 10**12])
def test_jobs_have_a_sensible_limit(unchanged: Catalog, limit: int):
    with pytest.raises(InvalidInputError, match=str(limit)):
        unchanged.jobs(limit=limit)


def test_many_stills_take_few_statements_per_file_and_none_per_row_of_a_page(
    catalog: Catalog, tmp_path: Path, statements
):
    folder = tmp_path / "many"
    for at in range(MANY):
        still(folder / f"{at:04}.png", (at % 256, at // 4 % 256, 90), mark=at)
    with statements.of(catalog):
        report = catalog.ingest(folder, tags=["bulk"])
    assert (report.registered, report.ready, report.frames) == (MANY, MANY, MANY)
    # Beside those per batch of pictures that are encoded together, however many there were.
    batches = sum("INSERT INTO catalog.embedding" in each for each in statements)
    assert len(statements) - 10 * batches < 27 * MANY
    statements.clear()
    with statements.of(catalog):
        assert catalog.ingest(folder).known == MANY
    assert len(statements) < 3 * MANY
    for call in (
        lambda: catalog.assets(limit=1000),
        lambda: catalog.search("red", limit=1000),
        lambda: catalog.search("tag:bulk", limit=1000),
    ):
        statements.clear()
        with statements.of(catalog):
            call()
        # Five of them look for a phrase that is new and keep it, one opens a transaction after its
        # encoding, one looks for slips in words nothing answers.
        assert len(statements) <= 10
