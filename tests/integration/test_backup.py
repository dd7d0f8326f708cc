"""A backup restored into an empty catalogue is the same catalogue, row by row and byte by byte."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from full_catalogue import fill
from own_databases import copied_catalog
from small_footage import still
from sqlalchemy import NullPool, make_url, text

from catalog import Catalog
from catalog.db.engine import Database, create_engine_for
from catalog.db.migrate import alembic_config, head_revision, migrate
from catalog.domain.progress import Silent
from catalog.errors import CatalogError, InvalidInputError
from catalog.maintain import backup as backups
from catalog.maintain.backup import BackupError, CatalogNotEmptyError, writer
from catalog.maintain.backup.manifest import FORMAT, Frames, Header, Manifest
from catalog.media.frame_store import FolderFrameStore, FrameStoreNotEmptyError
from catalog.settings import Settings

FILLED = {
    "asset", "asset_tag", "bin", "bin_item", "calibration", "centre", "clip", "embedding",
    "encoder", "frame", "location", "location_history", "phrase", "rendition", "root", "sidecar",
    "stage", "tag", "token",
}  # fmt: skip

COLUMNS = """
    SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY column_name)
    FROM information_schema.columns JOIN pg_class ON relname = table_name
    WHERE table_schema = 'catalog' AND relnamespace = 'catalog'::regnamespace
    AND relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1
"""
STRUCTURE = """
    SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'catalog'::regnamespace AND conparentid = 0
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'catalog'
    UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger
    WHERE NOT tgisinternal
    UNION ALL
    SELECT 'rights', oid::regclass::text, relkind::text, relacl::text FROM pg_class
    WHERE relnamespace = 'catalog'::regnamespace AND relkind IN ('r', 'p', 'v')
    UNION ALL
    SELECT 'storage', attrelid::regclass::text, attname, attstorage::text FROM pg_attribute
    WHERE attrelid::regclass::text ~ '(embedding|centre)_[0-9]+$' AND attnum > 0
    UNION ALL
    SELECT 'function', proname, pg_get_function_arguments(oid), md5(prosrc) FROM pg_proc
    WHERE pronamespace = 'catalog'::regnamespace
    ORDER BY 1, 2, 3, 4
"""


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a catalogue that is made once, and that nobody has open."""
    with Catalog.open(shared_settings) as catalog:
        fill(catalog, tmp_path_factory.mktemp("backup") / "media")
    return shared_settings


@pytest.fixture
def full(postgres_url: str, filled: Settings, tmp_path: Path) -> Iterator[Catalog]:
    """A catalogue of the test's own with something in every table that the program fills."""
    with copied_catalog(postgres_url, filled, tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def target(tmp_path: Path, empty_database_url: str) -> Settings:
    """An empty catalogue: a database without schema, and a frame store that is not there."""
    return Settings(home=tmp_path / "other", database_url=empty_database_url, encoder="null")


@pytest.fixture
def file(full: Catalog, tmp_path: Path) -> Path:
    full.backup(tmp_path / "all.backup")
    return tmp_path / "all.backup"


def columns(database: Database) -> dict[str, str]:
    """Of every table, partitions among them, the names of its columns."""
    with database.connect() as connection:
        return dict(tuple(row) for row in connection.execute(text(COLUMNS)))


def rows(database: Database, of: dict[str, str] | None = None) -> dict[str, list[str]]:
    """Every row of every table as text, in order; ``of`` names tables and columns."""
    of = of or columns(database)
    with database.connect() as connection:
        return {
            table: sorted(
                str(tuple(row))
                for row in connection.execute(text(f"SELECT {names} FROM catalog.{table}"))
            )
            for table, names in of.items()
        }


def structure(database: Database) -> list[tuple[str, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(STRUCTURE))]


def files(store: FolderFrameStore) -> dict[str, bytes]:
    found = (path for path in store.root.rglob("*") if path.is_file())
    return {str(path.relative_to(store.root)): path.read_bytes() for path in found}


def hits(catalog: Catalog) -> list[tuple]:
    """What searches find, with scores and ids."""
    found = [catalog.search(query, limit=50).hits for query in ("red", '"press"', "tag:rushes")]
    return [
        (hit.score, hit.cosine, hit.asset["id"], hit.clip and hit.clip["id"])
        for each in found
        for hit in each
    ]


def is_untouched(settings: Settings) -> bool:
    """Whether there is nothing in the frame store, and no row in the database."""
    store = settings.frames_dir
    with Database.open(settings) as database:
        backups.check_empty(database)
    return not store.exists() or list(store.iterdir()) == []


def test_a_restored_catalogue_is_the_same(full: Catalog, file: Path, target: Settings):
    before = rows(full.database)
    assert {name for name, found in before.items() if found} >= FILLED
    body = Catalog.restore(file, target)
    assert body["encoders"] == ["null:64", "null:32"]
    assert (body["migrated"], body["frames"]["missing"]) == ([], 0)
    assert body["frames"]["restored"] == body["frames"]["expected"] == len(files(full.store))
    with Catalog.open(target) as again:
        assert rows(again.database) == before
        assert structure(again.database) == structure(full.database)
        assert files(again.store) == files(full.store)
        assert hits(again) == hits(full) != []
        assert_goes_on(full, again)


def assert_goes_on(full: Catalog, again: Catalog) -> None:
    """New files get the numbers in both that they would have got in one, and triggers work."""
    folder = Path(full.root.list()[0]["path"])
    still(folder / "new.png", "black", mark=77)
    for catalog in (full, again):
        report = catalog.ingest(folder)
        assert (report.registered, report.frames) == (1, 1)
        catalog.tag(["new.png"], ["later"])
    (folder / "new.png").unlink()  # others, too, begin as this one did
    ids = [catalog.show("new.png")["id"] for catalog in (full, again)]
    assert ids[0] == ids[1]
    assert [len(catalog.search('"later"').hits) for catalog in (full, again)] == [1, 1]
    assert (
        again.sql("SELECT count(*) FROM catalog.centre").rows
        == full.sql("SELECT count(*) FROM catalog.centre").rows
    )


def test_a_backup_of_an_older_revision_is_migrated(full: Catalog, tmp_path: Path, target: Settings):
    """And an empty catalogue of a newer one takes it."""
    before = hits(full)
    head = head_revision()
    script = ScriptDirectory.from_config(alembic_config())
    older = str(script.get_revision(head).down_revision)
    migrate(full.database, revision=older)
    of = columns(full.database)
    full.backup(tmp_path / "old.backup")
    Catalog.open(target).close()
    body = Catalog.restore(tmp_path / "old.backup", target)
    assert (body["revision"], body["migrated"]) == (older, [head])
    migrate(full.database)
    with Catalog.open(target) as again:
        # Columns that came since hold, where they say now(), when that was.
        assert rows(again.database, of) == rows(full.database, of)
        assert columns(again.database) == columns(full.database)
        assert hits(again) == before


def test_others_write_meanwhile(full: Catalog, tmp_path: Path, target: Settings, monkeypatch):
    """The backup holds the state of its beginning, whatever is added or removed."""
    before = rows(full.database)
    other = Catalog.open(full.settings)
    real = writer.BackupWriter.add_table
    named = full.show("film.mov")["id"]

    def add_table(self, name, stream):
        answer = real(self, name, stream)
        if name == "asset":  # its clips, frames and vectors are still to be read
            other.remove([named])
            other.tag(["2.png"], ["meanwhile"])
        return answer

    monkeypatch.setattr(writer.BackupWriter, "add_table", add_table)
    body = full.backup(tmp_path / "all.backup")
    other.close()
    # The pictures of what was removed are gone, and said to be.
    assert body["frames"]["missing"] > 0
    assert body["frames"]["named"]
    missing = Catalog.restore(tmp_path / "all.backup", target)["frames"]["missing"]
    assert missing == body["frames"]["missing"]
    with Database.open(target) as database:
        assert rows(database) == before


def test_a_role_that_is_no_superuser_restores(file: Path, target: Settings):
    """As on a server of somebody else: it owns the database, and pgvector is there."""
    url = make_url(str(target.database_url))
    role = f"{url.database}_owner"
    admin = create_engine_for(url.set(drivername="postgresql"), poolclass=NullPool)
    with admin.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector WITH SCHEMA public"))
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"ALTER DATABASE {url.database} OWNER TO {role}"))
    own = url.set(username=role).render_as_string(hide_password=False)
    try:
        body = Catalog.restore(file, replace(target, database_url=own))
        assert body["tables"]["asset"] > 0
        with Catalog.open(replace(target, database_url=own)) as again:
            assert again.search("red").hits
    finally:
        with admin.begin() as connection:
            connection.execute(text(f"ALTER DATABASE {url.database} OWNER TO CURRENT_USER"))
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))


def test_without_frames(full: Catalog, tmp_path: Path, target: Settings):
    body = full.backup(tmp_path / "rows.backup", without_frames=True)
    kept = files(full.store)
    assert (body["frames"]["included"], body["frames"]["count"]) == (False, len(kept))
    target.frames_dir.mkdir(parents=True)
    one = next(iter(kept))
    (target.frames_dir / one).parent.mkdir(parents=True)
    (target.frames_dir / one).write_bytes(kept[one])
    body = Catalog.restore(tmp_path / "rows.backup", target)
    assert body["frames"] == {
        "included": False,
        "restored": 0,
        "expected": len(kept),
        "missing": len(kept) - 1,
        "folder": str(target.frames_dir),
        "before": str(full.settings.frames_dir),
    }


def test_a_byte_that_was_changed_is_found(file: Path, target: Settings):
    """Wherever it is: in a member, in the name of one, or in what fills a block."""
    whole = file.read_bytes()
    for at in (0.0002, 0.003, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.9999):
        content = bytearray(whole)
        content[int(len(content) * at)] ^= 0x20
        file.write_bytes(content)
        with pytest.raises(BackupError):
            Catalog.verify_backup(file)
        with pytest.raises(BackupError):
            Catalog.restore(file, target)
    assert is_untouched(target)
    file.write_bytes(whole)
    assert Catalog.verify_backup(file)["members"] > 20


def test_what_is_cut_off_or_foreign_is_refused(file: Path, tmp_path: Path, target: Settings):
    content = file.read_bytes()
    for length in (0, 100, 512, 5000, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(BackupError):
            Catalog.restore(file, target)
    with tarfile.open(file, "w") as foreign:
        foreign.add(__file__, "header.json")
    with pytest.raises(BackupError, match="is no backup of a catalogue"):
        Catalog.restore(file, target)
    with pytest.raises(CatalogError, match="no such file"):
        Catalog.restore(tmp_path / "nowhere", target)
    assert is_untouched(target)


def forged(path: Path, *members: tuple[str, bytes], revision: str | None = None) -> Path:
    """A backup with right checksums that no program of ours wrote."""
    header = Header(FORMAT, "9.9", revision or head_revision(), "2026-01-01T00:00:00+00:00")
    frames = Frames(included=True, folder="/", count=0, bytes=0, missing=0)
    with path.open("wb") as file:
        made = writer.BackupWriter(file, header)
        for name, content in members:
            made.add(name, [content], len(content))
        made.finish(Manifest(header, "18", (), (), (), frames, 0, ""))
    return path


@pytest.mark.parametrize(
    "name",
    ["frames/../../evil", "frames//etc/evil", "../evil", "/evil", "frames/.filling", "other/x",
     "frames/" + "x" * 150 + "/../" + "y" * 90],
)  # fmt: skip
def test_no_member_leads_out_of_the_frame_store(tmp_path: Path, target: Settings, name: str):
    made = forged(tmp_path / "evil.backup", (name, b"x"))
    with pytest.raises(BackupError, match="it holds"):
        Catalog.restore(made, target)
    assert is_untouched(target)
    assert not list(tmp_path.rglob("*evil"))


def test_rows_that_fit_no_table_or_inflate_without_end_are_refused(
    file: Path, tmp_path: Path, target: Settings
):
    bomb = gzip.compress(bytes(64 << 20))
    junk = gzip.compress(b"PGCOPY\n\xff\r\n\0junk")
    for content, match in ((bomb, "inflates to what no backup holds"), (junk, "do not fit")):
        made = replaced(file, tmp_path / "evil.backup", "tables/encoder/000000.gz", content)
        with pytest.raises(BackupError, match=match):
            Catalog.restore(made, target)
        assert is_untouched(target)


def replaced(file: Path, target: Path, name: str, content: bytes) -> Path:
    """The backup with another content in one member, and checksums that hold."""
    reader = backups.open_backup(file)
    manifest = backups.verify_backup(reader, Silent())
    with target.open("wb") as out:
        made = writer.BackupWriter(out, reader.header)
        for member in reader.members():
            body = content if member.name == name else b"".join(member.pieces())
            made.add(member.name, [body], len(body))
        made.finish(manifest)
    return target


def test_a_newer_backup_and_a_catalogue_that_is_not_empty_are_refused(
    full: Catalog, file: Path, tmp_path: Path, target: Settings
):
    with pytest.raises(BackupError, match="revision 9999, which this program does not know"):
        Catalog.restore(forged(tmp_path / "newer", revision="9999"), target)
    before = rows(full.database)
    with pytest.raises(CatalogNotEmptyError, match="is not empty") as caught:
        Catalog.restore(file, full.settings)
    assert "CATALOG_HOME" in caught.value.remedy
    assert rows(full.database) == before
    with pytest.raises(FrameStoreNotEmptyError):
        Catalog.restore(file, replace(target, frame_store=full.settings.frames_dir))
    assert is_untouched(target)


def test_broken_off_nothing_stays(full: Catalog, file: Path, target: Settings, monkeypatch):
    class BreaksOff(Silent):
        def __init__(self, stage: str, after: int) -> None:
            self.stage, self.left = stage, after

        def advance(self, stage: str, amount: float, note: str = "") -> None:
            self.left -= stage == self.stage
            if self.left < 0:
                raise KeyboardInterrupt

    for stage in ("tables", "pictures"):
        with pytest.raises(KeyboardInterrupt):
            full.backup(file.with_name("no.backup"), progress=BreaksOff(stage, 2))
    left = file.with_name(".x.catalog-backup-part")  # of one that was killed
    left.write_bytes(b"x")
    with pytest.raises(InvalidInputError, match="is there already"):
        full.backup(file)
    full.backup(file.with_name("again.backup"))
    assert {path.name for path in file.parent.iterdir() if "backup" in path.name} == {
        file.name,
        "again.backup",
    }
    for after in (3, 25):
        with pytest.raises(KeyboardInterrupt):
            Catalog.restore(file, target, progress=BreaksOff("restore", after))
        assert is_untouched(target)
    # One that was killed is followed up.
    (target.frames_dir / ".filling").touch()
    (target.frames_dir / "ab").mkdir()
    (target.frames_dir / "ab" / "half.jpg").write_bytes(b"x")
    assert Catalog.restore(file, target)["frames"]["missing"] == 0
    assert files(FolderFrameStore(target.frames_dir)) == files(full.store)
