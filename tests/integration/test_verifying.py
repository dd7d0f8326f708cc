"""Files are read through again in the background: which, how fast, and after everything else."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

import pytest
from small_footage import video
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.diagnosis import State
from catalog.errors import InvalidSettingError
from catalog.ingest import verify, verifying
from catalog.ingest.verifying import Pace, verify_some
from catalog.media import fingerprint
from catalog.settings import Settings
from catalog.store import locations
from catalog.store.locks import verification_lock

DAY_S = 86_400.0
ENOUGH = Pace(1e12, again_s=30 * DAY_S)
"""Whatever is due, at once."""


def execute(catalog: Catalog, statement: str, **values: object) -> None:
    with catalog.database.session() as session:
        session.execute(text(statement), values)


def read_long_ago(catalog: Catalog, **days: float) -> None:
    """Let these files (by the beginning of their names) have been read so many days ago."""
    for name, ago in days.items():
        execute(
            catalog,
            "UPDATE location SET verified_at = now() - interval '1 day' * :ago WHERE path LIKE :p",
            ago=ago,
            p=f"{name}%",
        )


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read through, in order."""
    read: list[str] = []

    def identify(path: Path, progress: Callable[[int], None] | None = None) -> object:
        read.append(path.name)
        return fingerprint.identify(path, progress=progress)

    monkeypatch.setattr(verify, "identify", identify)
    return read


@pytest.fixture
def media(catalog: Catalog, tmp_path: Path) -> Path:
    """Three films, all read when they were taken in."""
    folder = tmp_path / "media"
    for mark, name in enumerate("abc"):
        video(folder / f"{name}.mp4", ["red"], mark=mark)
    catalog.ingest(folder)
    return folder


def test_when_a_file_was_read_is_told_by_the_clock_of_the_database(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(datetime):
        """A worker's clock, years behind."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            return cls(2001, 1, 1, tzinfo=tz)

    monkeypatch.setattr(locations, "datetime", Wrong, raising=False)
    catalog.ingest(video(tmp_path / "a.mp4", ["red"], frames=2))
    rows = catalog.sql("SELECT now() - verified_at < interval '1 hour' FROM catalog.location").rows
    assert rows == [(True,)]
    verify_some(catalog.database, ENOUGH)
    assert catalog.stats()["verifying"]["files_last_day"] == 1


def test_what_was_never_read_comes_first_then_what_was_read_longest_ago(
    catalog: Catalog, media: Path, reads: list[str]
) -> None:
    assert verify_some(catalog.database, ENOUGH).idle == "all files were read through"
    assert reads == [], "they were read when they came"
    read_long_ago(catalog, a=40, b=60, c=50)
    execute(catalog, "UPDATE location SET verified = false WHERE path = 'c.mp4'")
    done = verify_some(catalog.database, ENOUGH)
    assert reads == ["c.mp4", "b.mp4", "a.mp4"]
    assert (done.confirmed, done.faults) == (3, 0)
    assert done.bytes_read == sum(each.stat().st_size for each in media.iterdir())
    figures = catalog.stats()["verifying"]
    assert (figures["never_read"], figures["files_last_day"]) == (0, 3)
    assert figures["bytes_last_day"] == done.bytes_read
    assert verify_some(catalog.database, ENOUGH).confirmed == 0
    assert "catalog_verify_bytes_last_day" in catalog.metrics()


def test_the_pace_is_kept_from_run_to_run_and_a_day_of_it_is_caught_up(
    catalog: Catalog, media: Path, reads: list[str]
) -> None:
    read_long_ago(catalog, a=60, b=50, c=40)
    size = (media / "a.mp4").stat().st_size
    slow = Pace(size / 3600, again_s=30 * DAY_S)  # a file like these each hour
    assert verify_some(catalog.database, slow).idle == "the pace is kept"
    assert reads == ["a.mp4"]
    # Killed or not: the next run goes on where it was, when it is time.
    assert verify_some(catalog.database, slow).confirmed == 0
    execute(catalog, "UPDATE service SET verify_from = verify_from - interval '1 hour'")
    verify_some(catalog.database, slow)
    assert reads == ["a.mp4", "b.mp4"]
    # For a month there was other work: what is caught up is a day's, 24 files like these.
    execute(catalog, "UPDATE service SET verify_from = now() - interval '30 days'")
    verify_some(catalog.database, slow)
    assert reads == ["a.mp4", "b.mp4", "c.mp4"]
    with catalog.database.session() as session:
        behind = session.execute(
            text("SELECT extract(epoch FROM now() - verify_from) FROM service")
        ).scalar_one()
    assert 22 * 3600 < behind < 24 * 3600


def test_nothing_is_read_where_it_is_switched_off(catalog: Catalog, media: Path) -> None:
    read_long_ago(catalog, a=60)
    done = verify_some(catalog.database, replace(ENOUGH, bytes_per_s=0.0))
    assert (done.confirmed, done.idle) == (0, "it is switched off")
    off = replace(catalog.settings, verify_gb_per_day="0")
    with Catalog.open(off) as other:
        assert other.verify_some().idle == "it is switched off"
        [check] = [c for c in other.doctor().checks if c.name == "verifying"]
        assert "none by itself" in check.found
        assert other.stats()["verifying"]["gb_per_day"] == 0


def test_one_process_reads_at_a_time(catalog: Catalog, media: Path) -> None:
    read_long_ago(catalog, a=60)
    with verification_lock(catalog.database.engine) as held:
        assert held
        assert verify_some(catalog.database, ENOUGH).idle == "another is at it"
    assert verify_some(catalog.database, ENOUGH).confirmed == 1


def test_a_file_that_waits_to_be_analysed_comes_first(
    catalog: Catalog, media: Path, tmp_path: Path, reads: list[str]
) -> None:
    read_long_ago(catalog, a=60)
    fresh = catalog.register(video(tmp_path / "fresh.mp4", ["blue"], mark=9)).asset_id
    assert verify_some(catalog.database, ENOUGH).idle == "others want to read"
    assert reads == []
    catalog.analyse(fresh)
    assert verify_some(catalog.database, ENOUGH).confirmed == 1
    catalog.pause("lunch")
    read_long_ago(catalog, b=60)
    assert verify_some(catalog.database, ENOUGH).idle == "the service is paused"


def test_what_comes_while_a_file_is_read_breaks_that_off_and_others_are_next(
    catalog: Catalog, media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    monkeypatch.setattr(verifying, "LOOK_S", 0.0)
    read_long_ago(catalog, a=60, b=50)
    path = video(tmp_path / "fresh.mp4", ["blue"], mark=9)
    came: list[int] = []
    inside = fingerprint.identify

    def identify(file: Path, progress: Callable[[int], None] | None = None) -> object:
        if not came:
            came.append(catalog.register(path).asset_id)
        return inside(file, progress=progress)

    with monkeypatch.context() as patched:
        patched.setattr(verify, "identify", identify)
        done = verify_some(catalog.database, ENOUGH)
    assert (done.confirmed, done.idle) == (0, "others want to read")
    catalog.analyse(came[0])
    assert verify_some(catalog.database, ENOUGH).confirmed == 1
    assert reads == ["b.mp4"], "the one that was broken off waits an hour, and holds up nobody"
    execute(catalog, "UPDATE location SET verify_after = now() WHERE path = 'a.mp4'")
    verify_some(catalog.database, ENOUGH)
    assert reads == ["b.mp4", "a.mp4"]
    assert catalog.stats()["verifying"]["faults"] == 0


def test_a_file_over_which_a_process_ends_does_not_hold_up_the_others(
    catalog: Catalog, media: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    read_long_ago(catalog, a=60, b=50)

    def end(path: Path, progress: Callable[[int], None] | None = None) -> object:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(verify, "identify", end)
        with pytest.raises(SystemExit):
            verify_some(catalog.database, ENOUGH)
    assert verify_some(catalog.database, ENOUGH).confirmed == 1
    assert reads == ["b.mp4"]


def test_files_of_a_root_that_came_since_are_read_as_all_others(
    catalog: Catalog, media: Path, tmp_path: Path
) -> None:
    reader = verify.Verifier(catalog.database)
    catalog.ingest(video(tmp_path / "elsewhere" / "d.mp4", ["blue"], mark=8))
    asset = catalog.show("d.mp4")["id"]
    with catalog.database.session() as session:
        [place] = locations.of_assets(session, [asset])
    read_long_ago(catalog, d=60)
    assert reader.verify(place) is None
    assert catalog.stats()["verifying"]["files_last_day"] == 4


def test_content_that_changed_without_a_trace_is_found_and_told(
    catalog: Catalog, media: Path
) -> None:
    read_long_ago(catalog, a=60)
    file = media / "a.mp4"
    before, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    execute(  # as a disk does it that returns other bytes than were written
        catalog,
        "UPDATE location SET changed_ns = :now WHERE path = 'a.mp4'",
        now=file.stat().st_ctime_ns,
    )
    [was] = [row["id"] for row in catalog.assets("name:a.mp4")["assets"]]
    done = verify_some(catalog.database, ENOUGH)
    assert (done.split, done.faults) == (1, 1)
    assert catalog.stats()["verifying"]["faults"] == 1
    [check] = [each for each in catalog.doctor().checks if each.name == "verifying"]
    assert check.state is State.WARN
    assert f"{file}: It is not what it was: asset {was}" in check.found
    [entry] = catalog.audit(was, action="altered")["entries"]
    assert entry["details"]["path"] == str(file)
    # Looked after, and read again: that is the content now.
    catalog.verify(everything=True)
    assert catalog.stats()["verifying"]["faults"] == 0


def test_a_file_that_was_written_to_is_left_to_an_ingest(
    catalog: Catalog, media: Path, reads: list[str]
) -> None:
    read_long_ago(catalog, a=60)
    video(media / "a.mp4", ["green"], mark=77)
    done = verify_some(catalog.database, ENOUGH)
    assert (done.split, done.faults, reads) == (0, 1, [])
    assert verify_some(catalog.database, ENOUGH).faults == 0, "not tried again at once"
    catalog.ingest(media)
    assert catalog.stats()["verifying"]["faults"] == 0


def test_storage_that_is_away_is_no_fault_of_its_files(
    catalog: Catalog, media: Path, tmp_path: Path
) -> None:
    read_long_ago(catalog, a=60, b=50)
    away = media.rename(tmp_path / "away")
    assert verify_some(catalog.database, ENOUGH).idle == "all files were read through"
    away.rename(media)
    (media / "a.mp4").rename(tmp_path / "elsewhere")
    done = verify_some(catalog.database, ENOUGH)
    assert (done.confirmed, done.faults) == (1, 0), "the other is read, as soon as it is there"
    assert catalog.stats()["verifying"]["faults"] == 0


def test_a_file_that_cannot_be_read_says_so_and_holds_up_nobody(
    catalog: Catalog, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_long_ago(catalog, a=60, b=50)

    def identify(path: Path, progress: Callable[[int], None] | None = None) -> object:
        if path.name == "a.mp4":
            raise fingerprint.unreadable(path, OSError(5, "Input/output error"))
        return fingerprint.identify(path, progress=progress)

    monkeypatch.setattr(verify, "identify", identify)
    done = verify_some(catalog.database, ENOUGH)
    assert (done.confirmed, done.faults) == (1, 1)
    [check] = [each for each in catalog.doctor().checks if each.name == "verifying"]
    assert "nput/output error" in check.found
    # Thrown away, it is missing, as others are: nothing is left to be read.
    with catalog.database.session() as session:
        places = locations.of_assets(session, [catalog.show("a.mp4")["id"]])
        locations.mark_missing(session, [place.id for place in places])
    assert catalog.stats()["verifying"]["faults"] == 0
    [check] = [each for each in catalog.doctor().checks if each.name == "verifying"]
    assert check.state is State.OK


@pytest.fixture
def many(catalog: Catalog) -> Catalog:
    """Forty thousand locations, of which few are due."""
    execute(
        catalog,
        "INSERT INTO root (path, raw_path) VALUES ('/nowhere', '/nowhere')",
    )
    execute(catalog, "ALTER TABLE asset DISABLE TRIGGER USER")
    execute(
        catalog,
        "INSERT INTO asset (fingerprint, size_bytes, name)"
        " SELECT 'asset-' || n, 1, 'a' FROM generate_series(1, 40000) n",
    )
    execute(
        catalog,
        "INSERT INTO location (root_id, asset_id, path, raw_path, size_bytes, modified_ns,"
        " verified_at) SELECT (SELECT max(id) FROM root), id, fingerprint, fingerprint::bytea, 1,"
        " 1, now() - interval '1 day' * (id % 80) FROM asset",
    )
    execute(catalog, "ANALYZE location")
    return catalog


def test_of_many_files_the_next_is_found_by_an_index(many: Catalog) -> None:
    from sqlalchemy import event

    from catalog.store import verifying as statements

    asked: list[tuple[str, object]] = []
    with many.database.session() as session:
        connection = session.connection()
        event.listen(
            connection,
            "before_cursor_execute",
            lambda _c, _cursor, sql, values, *_: asked.append((sql, values)),
        )
        found = statements.next_to_verify(session, again_s=90 * DAY_S, limit=20)
        assert found == []
        oldest = statements.next_to_verify(session, again_s=70 * DAY_S, limit=20)
        assert len(oldest) == 20
        plans = [
            "\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}", values).scalars())
            for sql, values in list(asked)
        ]
    for plan in plans:
        assert "ix_location_verified_at" in plan, plan
        assert "Seq Scan on location" not in plan, plan
    assert "Sort" not in plans[1], plans[1]


@pytest.mark.parametrize("value", ["fast", "-1", "nan", "inf"])
def test_a_pace_that_is_no_number_is_refused(tmp_path: Path, value: str) -> None:
    settings = Settings(home=tmp_path, verify_gb_per_day=value, verify_after_days=value)
    with pytest.raises(InvalidSettingError, match="verify_gb_per_day"):
        _ = settings.verify_bytes_per_s
    with pytest.raises(InvalidSettingError, match="verify_after_days"):
        _ = settings.verify_after_s
