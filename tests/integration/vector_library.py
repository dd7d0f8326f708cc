"""A small library of vectors that lie as a video library's do, without an ingest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from catalog import Catalog
from catalog.domain.results import SearchResult
from catalog.maintain.graphs import build_graphs
from catalog.settings import Settings
from catalog.store import centres, statistics, vectors

DIMENSION, ASSETS, SHOTS, FRAMES = 64, 40, 15, 4
QUERIES = 12


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float16)


def library(rng: np.random.Generator) -> np.ndarray:
    """``(assets, shots, frames, dimension)``: an asset's shots are akin, a shot's frames alike."""
    topic = rng.standard_normal((ASSETS, 1, 1, DIMENSION))
    subject = rng.standard_normal((ASSETS, SHOTS, 1, DIMENSION))
    frame = 0.2 * rng.standard_normal((ASSETS, SHOTS, FRAMES, DIMENSION))
    # One shot in ten pans: its frames are no more alike than shots are.
    frame[:, ::10] *= 5
    return unit(topic + subject + frame + 1)


def write(catalog: Catalog, rows: np.ndarray, *, first_asset: int = 0) -> None:
    """Assets with these vectors, as an ingest would leave them."""
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session) or vectors.activate_first(
            session,
            vectors.add_encoder(
                session, name="null:64", dimension=64, precision="fp32", weights_digest="0"
            ),
        )
        numbers = np.arange(first_asset, first_asset + len(rows))
        assets = session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind, collection, "
                "time_base_num, time_base_den) "
                "SELECT f, 1, f, 'video', c, 1, 25 "
                "FROM unnest(CAST(:f AS text[]), CAST(:c AS text[])) AS wanted (f, c) "
                "RETURNING fingerprint, id"
            ),
            {"f": [f"asset-{at:03}" for at in numbers], "c": [f"c{at % 10}" for at in numbers]},
        )
        ids = dict(map(tuple, assets))
        for number, shots in zip(numbers, rows, strict=True):
            write_shots(session, encoder.id, ids[f"asset-{number:03}"], shots)
        texts = [f"query {at}" for at in range(QUERIES)]
        near = unit(rows.reshape(-1, DIMENSION)[:: len(rows.reshape(-1, DIMENSION)) // QUERIES])
        vectors.save_phrases(session, encoder.id, texts, near[:QUERIES])


def write_shots(session: Session, encoder_id: int, asset: int, shots: np.ndarray) -> None:
    """An asset's shots with these vectors, ``(shots, frames, dimension)``."""
    clips = session.execute(
        text(
            "INSERT INTO clip (asset_id, kind, start_pts, end_pts, flag) "
            "SELECT CAST(:a AS bigint), 'shot', 100 * n, 100 * n + 100, "
            "CASE n WHEN 7 THEN 'black' END "
            "FROM generate_series(0, CAST(:shots AS int) - 1) n RETURNING id"
        ),
        {"a": asset, "shots": len(shots)},
    )
    # Numbers come in the order of the rows, which is that of their times.
    frames = session.execute(
        text(
            "INSERT INTO frame (asset_id, clip_id, pts, start_pts, end_pts, picture, width, height)"
            " SELECT CAST(:a AS bigint), clip, pts, pts, pts + 25, 'x', 1, 1"
            " FROM unnest(CAST(:clips AS bigint[])) WITH ORDINALITY AS made (clip, number),"
            " generate_series(0, CAST(:frames AS int) - 1) n,"
            " LATERAL (SELECT 100 * (number - 1) + 25 * n) AS at (pts) ORDER BY pts"
            " RETURNING id, clip_id"
        ),
        {"a": asset, "clips": sorted(clips.scalars()), "frames": shots.shape[1]},
    )
    claimed = [vectors.ClaimedFrame(frame, clip, asset, "x") for frame, clip in sorted(frames)]
    vectors.write_vectors(session, encoder_id, claimed, shots.reshape(len(claimed), -1))


@contextmanager
def graphed(settings: Settings) -> Iterator[Catalog]:
    """A catalogue of the library, opened, that is searched as a large one is."""
    with Catalog.open(settings) as opened:
        write(opened, library(np.random.default_rng(3)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(centres, "INDEX_FROM", 100)
            # With statistics a library this small is read whole where a large one is not.
            patch.setattr(statistics, "missing", lambda *_: [])
            [built] = build_graphs(opened.database)
            assert build_graphs(opened.database) == [], "it is there now"
        assert built["encoder"] == "null:64"
        yield opened


def clips(result: SearchResult) -> list[int]:
    """The clips of its hits, in their order."""
    return [hit.clip["id"] for hit in result.hits]
