"""What happens to a file, or to a transaction, while an asset is at work in it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from small_footage import video
from sqlalchemy import text

from catalog import Catalog
from catalog.errors import DatabaseConflictError, FileChangedError
from catalog.ingest import register
from catalog.ingest.analyse import Tools, analyse_asset
from catalog.ingest.attempts import fault_of
from catalog.media.fingerprint import Identity, identify


def analyse(catalog: Catalog, file: Path, meanwhile) -> int:
    """Analyse the file, and do something to it when its first picture has come."""
    tools = Tools(catalog.database, catalog.store, catalog.decoders, None)
    asset_id = catalog.register(file).asset_id
    pictures = []

    def on_picture(key: str, _jpeg: bytes) -> None:
        pictures.append(key)
        if len(pictures) == 1:
            meanwhile()

    analyse_asset(tools, asset_id, on_picture=on_picture)
    return asset_id


def test_a_file_that_is_written_to_while_it_is_decoded_is_tried_again_later(
    catalog: Catalog, tmp_path: Path
) -> None:
    file = video(tmp_path / "take.mp4", ["red", "green", "blue"])

    def write_on() -> None:
        with file.open("ab") as there:
            there.write(b"more")

    with pytest.raises(FileChangedError, match=r"take\.mp4 changed while it was decoded"):
        analyse(catalog, file, write_on)
    (job,) = catalog.jobs(failed=True)
    assert (job["error_code"], job["retryable"]) == ("file_changed", True)
    assert job["retry_at"] is not None
    kept = list(catalog.sql("SELECT count(*) FROM catalog.frame").rows)
    assert kept == [(0,)]
    assert not any(path.is_file() for path in catalog.settings.frames_dir.rglob("*"))


@pytest.mark.parametrize("again", [True, False])
def test_a_recording_that_goes_on_before_its_turn_has_changed(
    catalog: Catalog, tmp_path: Path, again: bool
) -> None:
    """Registered as far as it was written; then it goes on, and may be registered as it is now."""
    file = video(tmp_path / "take.mkv", ["red", "green"])
    first = catalog.register(file).asset_id
    with file.open("ab") as there:
        there.write(b"more")
    if again:
        catalog.register(file)
    with pytest.raises(FileChangedError, match=r"take\.mkv was written to since it was registered"):
        catalog.analyse(first)
    (job,) = catalog.jobs(failed=True)
    assert (job["asset_id"], job["error_code"], job["retryable"]) == (first, "file_changed", True)
    report = catalog.ingest(file)
    assert (report.ready, report.failures) == (1, [])


def test_a_file_that_is_renamed_while_it_is_decoded_is_what_it_was(
    catalog: Catalog, tmp_path: Path
) -> None:
    file = video(tmp_path / "take.mp4", ["red", "green", "blue"])
    analyse(catalog, file, lambda: file.rename(tmp_path / "A001.mp4"))
    assert list(catalog.sql("SELECT count(*) FROM catalog.frame").rows) == [(3,)]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("others", [True, False])
def test_who_enters_a_file_late_does_not_enter_what_it_was(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: bool, known: bool
) -> None:
    """One has read a file, then it is written to, and another registers it as it is now."""
    file = video(tmp_path / "take.mp4", ["red", "green", "blue"])
    if known:
        catalog.tag([catalog.register(file).asset_id], ["mine"])
        with file.open("ab") as there:
            there.write(b"some")
    newest: list[int] = []

    def read_and_dawdle(path: Path, **options: object) -> Identity:
        monkeypatch.setattr(register, "identify", identify)
        read = identify(path)
        with file.open("ab") as there:
            there.write(b"more")
        if others:
            newest.append(catalog.register(file).asset_id)
        return read

    monkeypatch.setattr(register, "identify", read_and_dawdle)
    if others:
        found = catalog.register(file)
        assert ([found.asset_id], found.new) == (newest, False)
    else:
        with pytest.raises(FileChangedError, match=r"take\.mp4 changed while it was being read"):
            catalog.register(file)
        newest.append(catalog.register(file).asset_id)
    kept = "SELECT asset_id, size_bytes, error_code FROM catalog.location"
    assert list(catalog.sql(kept).rows) == [(newest[0], file.stat().st_size, None)]
    assert [each["id"] for each in catalog.assets("")["assets"]] == newest
    assert catalog.show(newest[0])["tags"] == (["mine"] if known else [])


def test_of_two_that_wait_for_each_other_one_is_told_to_do_it_again(
    catalog: Catalog, tmp_path: Path
) -> None:
    ids = [catalog.register(video(tmp_path / f"{mark}.mp4", mark=mark)).asset_id for mark in (1, 2)]
    both_hold = threading.Barrier(2)
    ended: list[BaseException] = []

    def take(first: int, second: int) -> None:
        hold = text("SELECT FROM catalog.asset WHERE id = :id FOR UPDATE")
        try:
            with catalog.database.session() as session:
                session.execute(hold, {"id": first})
                both_hold.wait()
                session.execute(hold, {"id": second})
        except DatabaseConflictError as error:
            ended.append(error)

    threads = [threading.Thread(target=take, args=order) for order in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in ended] == [DatabaseConflictError]
    assert fault_of(ended[0]) is None, "no file is to blame"
