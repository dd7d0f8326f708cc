"""A catalogue as large as asked for, of vectors that lie as a video library's do.

The vectors are those of ``../shared/bench/clustered_vectors.py``: assets of 30 shots of 10
frames. Data and databases are kept in a folder and used again where they are there.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psutil
import psycopg
from sqlalchemy import make_url

from catalog import Catalog
from catalog.db.embedded_cluster import read_postmaster
from catalog.db.vectors import fetch_type, register
from catalog.encoders.null import NullEncoder
from catalog.maintain.graphs import build_graphs
from catalog.settings import Settings
from catalog.store import vectors
from catalog.store.vectors import EncoderRow

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "clustered_vectors.py"
SHOTS, FRAMES = 30, 10
SHOT_PTS = 250
BLOCK = 500  # clips whose centres are made in one transaction


def generator() -> ModuleType:
    """The module that makes the vectors.

    Raises
    ------
    SystemExit
        If it is not beside the checkout.
    """
    if not SHARED.is_file():
        sys.exit(f"{SHARED} is not there; this benchmark searches the vectors that it makes.")
    spec = importlib.util.spec_from_file_location("clustered_vectors", SHARED)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def data_of(folder: Path, frames: int, per_shot: int = FRAMES) -> dict[str, np.ndarray]:
    """``E`` float16 ``(frames, 512)``, mapped into memory, and the ids beside it."""
    place = folder / f"vectors-{_called(frames, per_shot)}"
    if not (place / "day.npy").is_file():
        place.mkdir(parents=True, exist_ok=True)
        maker = generator()
        maker.FRAMES = per_shot
        made = maker.vectors(frames)
        for name in ("E", "asset", "clip", "collection", "day"):
            np.save(place / f"{name}.npy", made[name])
    names = ("E", "asset", "clip", "collection", "day")
    return {
        name: np.load(place / f"{name}.npy", mmap_mode="r" if name == "E" else None)
        for name in names
    }


def settings_of(folder: Path, frames: int, per_shot: int = FRAMES) -> Settings:
    """The catalogue of that many frames, with a server of its own."""
    return Settings(home=folder / f"catalogue-{_called(frames, per_shot)}", encoder="null:512")


def _called(frames: int, per_shot: int) -> str:
    return f"{frames}" if per_shot == FRAMES else f"{frames}-by-{per_shot}"


def fill(catalog: Catalog, data: dict[str, np.ndarray], per_shot: int = FRAMES) -> int:
    """Assets, shots and frames into an empty catalogue; the id of the encoder of their vectors.

    The ids are the data's plus one. Foreign keys hold by the way the rows are
    made, and are not looked at.
    """
    encoder = add_null_encoder(catalog, data["E"].shape[1])
    with plain_connection(catalog) as connection:
        connection.execute("SET session_replication_role = replica")
        _fill_assets(connection, data)
        _fill_clips_and_frames(connection, data, per_shot)
        for table in ("asset", "clip", "frame"):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
        connection.commit()
    return encoder.id


def add_null_encoder(catalog: Catalog, dimension: int) -> EncoderRow:
    """The encoder of vectors that no model made, active."""
    with catalog.database.session() as session:
        encoder = vectors.add_encoder(
            session,
            name=f"null:{dimension}",
            dimension=dimension,
            precision="fp32",
            weights_digest=NullEncoder(dimension).weights_digest,
        )
        vectors.activate_first(session, encoder)
    return encoder


def _fill_assets(connection: psycopg.Connection, data: dict[str, np.ndarray]) -> None:
    start = datetime(2016, 1, 1, tzinfo=UTC)
    rows = enumerate(zip(data["collection"].tolist(), data["day"].tolist(), strict=True))
    copy_rows(
        connection,
        "asset (id, fingerprint, size_bytes, name, kind, collection, recorded, frame_rate_num, "
        "frame_rate_den, time_base_num, time_base_den, duration_pts)",
        "int8 text int8 text text text timestamptz int8 int8 int8 int8 int8",
        ((a + 1, f"f{a}", 1000, f"asset-{a:06}.mov", "video", f"c{collection:02}",
          start + timedelta(days=day), 25, 1, 1, 25, SHOTS * SHOT_PTS)
         for a, (collection, day) in rows),
    )  # fmt: skip


def _fill_clips_and_frames(
    connection: psycopg.Connection, data: dict[str, np.ndarray], per_shot: int
) -> None:
    clips = int(data["clip"][-1]) + 1
    begins = [clip % SHOTS * SHOT_PTS for clip in range(clips)]
    copy_rows(
        connection,
        "clip (id, asset_id, kind, start_pts, end_pts)",
        "int8 int8 text int8 int8",
        ((clip + 1, clip // SHOTS + 1, "shot", begins[clip], begins[clip] + SHOT_PTS)
         for clip in range(clips)),
    )  # fmt: skip
    places = enumerate(zip(data["asset"].tolist(), data["clip"].tolist(), strict=True))
    copy_rows(
        connection,
        "frame (id, asset_id, clip_id, pts, start_pts, end_pts, picture, width, height)",
        "int8 int8 int8 int8 int8 int8 text int4 int4",
        ((frame + 1, asset + 1, clip + 1, pts, pts, pts + 25, "none", 64, 36)
         for frame, (asset, clip) in places
         for pts in [begins[clip] + frame % per_shot * 25]),
    )  # fmt: skip


def copy_rows(
    connection: psycopg.Connection, into: str, types: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Rows into a table and its columns (``clip (id, …)``), of these types."""
    statement = f"COPY catalog.{into} FROM STDIN (FORMAT BINARY)"
    with connection.cursor().copy(statement) as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)


def fill_vectors(catalog: Catalog, encoder_id: int, data: dict[str, np.ndarray]) -> None:
    """All vectors by COPY, without the trigger: what comes after is measured by itself."""
    clips, assets, rows = data["clip"].tolist(), data["asset"].tolist(), data["E"]
    with plain_connection(catalog) as connection:
        connection.execute("SET session_replication_role = replica")
        info = fetch_type(connection)
        assert info is not None
        register(connection, info)
        copy_rows(
            connection,
            f"embedding_{encoder_id} (encoder_id, frame_id, clip_id, asset_id, vector)",
            "int4 int8 int8 int8 halfvec",
            ((encoder_id, at + 1, clips[at] + 1, assets[at] + 1, rows[at])
             for at in range(len(rows))),
        )  # fmt: skip


def _fill_centres(catalog: Catalog, encoder_id: int, clips: int) -> None:
    """What the trigger does, as many clips at a time as an ingest of long films would bring."""
    with plain_connection(catalog) as connection:
        for first in range(1, clips + 1, BLOCK):
            several = list(range(first, min(first + BLOCK, clips + 1)))
            connection.execute("SELECT catalog.make_centres(%s, %s)", [encoder_id, several])
            connection.commit()


def vacuum(catalog: Catalog) -> None:
    """Have the planner know what is there."""
    with plain_connection(catalog) as connection:
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")


def plain_connection(catalog: Catalog) -> psycopg.Connection:
    """A psycopg connection to the catalogue's database, as a context manager that commits."""
    url = make_url(catalog.database.url.render_as_string(hide_password=False))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, options="-c search_path=catalog,public")


def sizes_of(catalog: Catalog) -> dict[str, int]:
    """Bytes of the tables that grow with the frames, each with its indexes."""
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session)
        assert encoder is not None
        encoder_id = encoder.id
    statement = """
        SELECT relname, pg_total_relation_size(oid)
        FROM pg_class WHERE relnamespace = 'catalog'::regnamespace AND relname = ANY (%s)
    """
    tables = ["asset", "clip", "frame", "sketch"]
    tables += [f"{name}_{encoder_id}" for name in ("embedding", "centre")]
    with plain_connection(catalog) as connection:
        return {str(name): int(size) for name, size in connection.execute(statement, [tables])}


def catalogue_of(folder: Path, frames: int, per_shot: int = FRAMES) -> Settings:
    """A catalogue of that many frames with its graph, made where there is none yet.

    What making it cost is kept beside it, in ``costs.json``.
    """
    settings = settings_of(folder, frames, per_shot)
    costs = settings.home / "costs.json"
    if costs.is_file():
        return settings
    shutil.rmtree(settings.home, ignore_errors=True)
    data = data_of(folder, frames, per_shot)
    with Catalog.open(settings) as catalog:
        encoder_id = fill(catalog, data, per_shot)
        with Measured(catalog) as vectors_only:
            fill_vectors(catalog, encoder_id, data)
        vacuum(catalog)
        with Measured(catalog) as centring:
            _fill_centres(catalog, encoder_id, int(data["clip"][-1]) + 1)
        with Measured(catalog) as building:
            build_graphs(catalog.database)
        vacuum(catalog)
    body = {
        "frames": frames,
        "vectors": vectors_only.as_json(),
        "centres": centring.as_json(),
        "graph": building.as_json(),
    }
    costs.write_text(json.dumps(body))
    return settings


class Measured:
    """Wall time of a block, and processor time of the embedded server and this process in it."""

    def __init__(self, catalog: Catalog) -> None:
        self._pid = read_postmaster(catalog.settings.postgres_dir / "data")

    def __enter__(self) -> Measured:
        self._began, self._cpu = time.perf_counter(), self._spent()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.perf_counter() - self._began
        self.cpu_s = self._spent() - self._cpu

    def _spent(self) -> float:
        if self._pid is None:
            return float("nan")
        server = psutil.Process(self._pid.pid)
        own = server.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in server.children():
            with suppress(psutil.Error):
                spent = child.cpu_times()
                total += spent.user + spent.system
        # What Python computes for them, such as sketches, is part of what indexes cost.
        return float(total) + time.process_time()

    def as_json(self) -> dict[str, float]:
        """``{"wall_s", "cpu_s"}``"""
        return {"wall_s": round(self.wall_s, 2), "cpu_s": round(self.cpu_s, 2)}
