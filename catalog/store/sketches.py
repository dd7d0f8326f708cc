"""Sketches of centres: few numbers of each, and all of an asset's in one row.

They are how far a centre goes in the directions in which centres differ most: principal
components, of the second moments, so that no mean has to be taken off (Jolliffe, "Principal
Component Analysis", 2002). A vector's inner product with a query is that of the sketches, but
for what lies in the other directions; how much that is, the moments tell for any query.

Sketches are made behind the vectors. Whoever writes centres marks the sketch of their asset;
whoever makes sketches says so first (`announce`), waits until all have ended who may not have
seen it (`settled`), and only then reads the centres: so no sketch lacks any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from catalog.db.models import Encoder, Sketch, SketchBasis
from catalog.db.vectors import Several
from catalog.store.search.asked import Asked
from catalog.store.streams import sent, singles, whole_rows
from catalog.store.vectors import BATCHES, EncoderRow

# Working the directions out takes time with the cube of the dimensions: here some seconds.
MOST_DIMENSIONS = 2048
_STEP = 16
MOST_NUMBERS = 128
# Of what centres differ by, the share that lies beyond the numbers of a sketch.
_BEYOND = 0.02
_SAMPLE = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Directions by what centres differ: ``(d, d)`` rows, and their mean squares ``(d,)``."""

    id: int
    directions: np.ndarray
    moments: np.ndarray
    numbers: int
    """How many of them a sketch tells of."""

    def of_query(self, query: np.ndarray) -> tuple[np.ndarray, float]:
        """A query's sketch, and how far its products with others are off: root mean square.

        ``query``: ``(d,)``.
        """
        # Not by BLAS: its threads wait for each other longer than one of them takes.
        every = np.einsum("ij,j->i", self.directions, query.astype(np.float32))
        beyond = self.moments[self.numbers :] * every[self.numbers :] ** 2
        return every[: self.numbers], float(np.sqrt(beyond.sum()))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the sketches of an encoder are: of how many centres, by the statistics."""

    basis_id: int
    made_of: int
    filled_at: int
    awaits: int | None
    """Announced, and to be made once all transactions before this one have ended."""


_PROGRESS = ("id", "made_of", "filled_at", "awaits")


def progress(session: Session, encoder_id: int) -> Progress | None:
    """How far they are; None where there are none."""
    row = session.execute(
        select(*(getattr(SketchBasis, name) for name in _PROGRESS))
        .where(SketchBasis.encoder_id == encoder_id)
        .order_by(SketchBasis.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Progress(*row)


def newest_filled(session: Session, encoder_id: int) -> int | None:
    """The basis that all assets had sketches of at some time; None: there is none."""
    return session.execute(
        select(func.max(SketchBasis.id)).where(
            SketchBasis.encoder_id == encoder_id, SketchBasis.filled_at > 0
        )
    ).scalar_one()


def read_basis(session: Session, basis_id: int) -> Basis | None:
    """A basis; None if it has gone."""
    row = session.execute(
        select(SketchBasis.directions, SketchBasis.moments, SketchBasis.numbers).where(
            SketchBasis.id == basis_id
        )
    ).first()
    if row is None:
        return None
    moments = np.frombuffer(row.moments, "<f4")
    directions = np.frombuffer(row.directions, "<f4").reshape(len(moments), len(moments))
    return Basis(basis_id, directions, moments, row.numbers)


def hold(session: Session, encoder_id: int) -> bool:
    """Whether there is such an encoder; if so it stays until this session ends.

    To be asked before anything else: whoever removes encoders wants all their tables.
    """
    session.execute(select(func.pg_advisory_xact_lock_shared(BATCHES)))
    # A statement of its own: whoever removed encoders while we waited is seen.
    there = select(Encoder.id).where(Encoder.id == encoder_id)
    return session.execute(there).first() is not None


def forget(session: Session, encoder_id: int) -> None:
    """Delete an encoder's sketches and their bases; they can be made again.

    In a session of their own: whoever waits for one of many rows holds what others want.
    """
    of_it = Sketch.encoder_id == encoder_id
    # In the order in which others lock them.
    locked = select(Sketch.asset_id).where(of_it).order_by(Sketch.asset_id).with_for_update()
    every = select(func.count()).select_from(locked.cte("locked").prefix_with("MATERIALIZED"))
    session.execute(every)
    session.execute(delete(Sketch).where(of_it))
    session.execute(delete(SketchBasis).where(SketchBasis.encoder_id == encoder_id))


def make_basis(session: Session, encoder: EncoderRow, centres: int) -> Progress | None:
    """A new basis, of a sample of the centres, of which there are about so many; None: of none.

    What there was before goes, and its sketches serve nobody any more.
    """
    vectors = _sampled(session, encoder, centres)
    if not len(vectors):
        return None
    directions, moments, numbers = principal(vectors)
    session.execute(delete(SketchBasis).where(SketchBasis.encoder_id == encoder.id))
    row = SketchBasis(
        encoder_id=encoder.id,
        directions=directions.astype("<f4").tobytes(),
        moments=moments.astype("<f4").tobytes(),
        numbers=numbers,
        made_of=centres,
    )
    session.add(row)
    session.flush()
    return Progress(row.id, centres, 0, None)


def principal(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Directions ``(d, d)``, mean squares ``(d,)``, and how many tell nearly all the differences.

    ``vectors``: ``(n, d)``, of unit length.
    """
    rows = vectors.astype(np.float32)
    found, columns = np.linalg.eigh((rows.T @ rows).astype(np.float64) / len(rows))
    moments = np.maximum(found[::-1], 0.0).astype(np.float32)
    directions = np.ascontiguousarray(columns[:, ::-1].T.astype(np.float32))
    differ = float(rows.var(axis=0).sum())
    beyond = moments.sum() - np.cumsum(moments)
    most = min(MOST_NUMBERS, max(rows.shape[1] // 2, 1))
    enough = int(np.searchsorted(-beyond, -_BEYOND * differ)) + 1
    return directions, moments, min(-(-enough // _STEP) * _STEP, most)


def _sampled(session: Session, encoder: EncoderRow, centres: int) -> np.ndarray:
    percent = min(100.0, 100.0 * _SAMPLE / max(centres, 1))
    drawn = f"TABLESAMPLE SYSTEM ({percent!r}) REPEATABLE (1)"
    values = {"encoder": encoder.id}
    return _centres(session, encoder, values, drawn=drawn).vectors


@dataclass(frozen=True, slots=True, eq=False)
class _Centres:
    """Assets and clips ``(n,)`` of centres, and these ``(n, d)`` or their sketches."""

    assets: np.ndarray
    clips: np.ndarray
    vectors: np.ndarray


def _centres(
    session: Session,
    encoder: EncoderRow,
    values: Mapping[str, Any],
    *,
    drawn: str = "",
    where: str = "",
    directions: np.ndarray | None = None,
) -> _Centres:
    """Centres in the order of assets and clips; of ``directions`` ``(n, d)``: sketches alone.

    Those of a few hundred films are gigabytes as vectors, so each part is sketched as it comes.
    """
    vector = "catalog.vector_bytes(c.vector)" if sent(session).as_they_lie else "c.vector"
    asked = Asked(
        f"SELECT c.asset_id, c.clip_id, {vector} FROM catalog.centre c {drawn} "  # noqa: S608  # our own words
        f"WHERE c.encoder_id = %(encoder)s {where} ORDER BY c.asset_id, c.clip_id, c.part",
        values,
    )
    none = np.empty(0, np.int64)
    width = encoder.dimension if directions is None else len(directions)
    assets, clips, vectors = [none], [none], [np.empty((0, width), np.float16)]
    for rows in whole_rows(session, asked, {"asset": int, "clip": int}, encoder.dimension):
        part = singles(rows["vector"])
        # Numbers of their own, for views would keep the whole rows.
        assets.append(rows["asset"].astype(np.int64))
        clips.append(rows["clip"].astype(np.int64))
        # As they lie in the table; half as much as in single precision.
        vectors.append((part if directions is None else part @ directions.T).astype(np.float16))
    return _Centres(np.concatenate(assets), np.concatenate(clips), np.concatenate(vectors))


def announce(session: Session, encoder_id: int, basis_id: int) -> None:
    """Mark the assets whose sketches are not of this basis as being made."""
    values = {"encoder": encoder_id, "basis": basis_id, "mark": -basis_id}
    # Assets are locked before sketches, as by those who delete them.
    session.execute(_ADD, values)
    # In the order in which others lock them. What they held serves nobody any more.
    session.execute(_MARK, values)


# Assets without centres, sounds for one, get an empty sketch: else each search would look for
# their centres. Those that just go are waited for, and left out.
_ADD = text("""
    INSERT INTO catalog.sketch (encoder_id, asset_id, basis_id)
    SELECT :encoder, a.id, :mark FROM catalog.asset a WHERE a.kind IS NOT NULL
      AND NOT EXISTS (SELECT FROM catalog.sketch s
                      WHERE s.encoder_id = :encoder AND s.asset_id = a.id)
    ORDER BY a.id FOR KEY SHARE OF a
    ON CONFLICT DO NOTHING
""")


_MARK = text("""
    WITH there AS MATERIALIZED (
        SELECT s.asset_id FROM catalog.sketch s
        WHERE s.encoder_id = :encoder
          AND (s.basis_id IS NULL OR s.basis_id NOT IN (:basis, :mark))
        ORDER BY s.asset_id FOR NO KEY UPDATE
    )
    UPDATE catalog.sketch s SET basis_id = :mark, clips = NULL, vectors = NULL
    FROM there WHERE s.encoder_id = :encoder AND s.asset_id = there.asset_id
""")


def lacking(session: Session, encoder_id: int, basis_id: int, most: int) -> int:
    """How much has no sketch of this basis, by centres, counted up to ``most``.

    An asset without centres counts as one: it is looked up in each search all the same.
    """
    values = {"encoder": encoder_id, "basis": basis_id, "most": most}
    return int(session.execute(_LACKING, values).scalar_one())


# By the index for each asset that lacks one, of which there are mostly few.
_LACKING = text("""
    SELECT count(*) FROM (
        SELECT FROM catalog.asset a
        LEFT JOIN LATERAL (
            SELECT FROM catalog.centre c WHERE c.encoder_id = :encoder AND c.asset_id = a.id
            OFFSET 0
        ) centre ON true
        WHERE a.kind IS NOT NULL AND NOT EXISTS (
            SELECT FROM catalog.sketch s
            WHERE s.encoder_id = :encoder AND s.asset_id = a.id AND s.basis_id = :basis)
        LIMIT :most
    ) lacking
""")


def announce_made(session: Session, basis_id: int) -> int | None:
    """After `announce` was committed: what to ask `settled`; None if the basis has gone."""
    return session.execute(
        update(SketchBasis)
        .where(SketchBasis.id == basis_id)
        .values(awaits=text("pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
        .returning(SketchBasis.awaits)
    ).scalar_one_or_none()


def settled(session: Session, awaits: int) -> bool | None:
    """Whether all have ended who may not have seen the announcement.

    None: it is of another server, from which the catalogue was restored.
    """
    now = "pg_snapshot_xmin(now.it)::text::bigint, pg_snapshot_xmax(now.it)::text::bigint"
    oldest, newest = session.execute(
        text(f"SELECT {now} FROM pg_current_snapshot() AS now (it)")  # noqa: S608  # our own words
    ).one()
    return None if awaits > newest else bool(oldest >= awaits)


def announced(session: Session, encoder_id: int, basis_id: int, limit: int) -> list[int]:
    """Assets whose sketches are being made."""
    rows = session.execute(
        select(Sketch.asset_id)
        .where(Sketch.encoder_id == encoder_id, Sketch.basis_id == -basis_id)
        .order_by(Sketch.asset_id)
        .limit(limit)
    )
    return list(rows.scalars())


def sketch(session: Session, encoder: EncoderRow, basis: Basis, asset_ids: Sequence[int]) -> None:
    """Write the sketches of these assets, unless their centres have changed since `announce`."""
    values = {"encoder": encoder.id, "assets": list(asset_ids)}
    found = _centres(
        session,
        encoder,
        values,
        where="AND c.asset_id = ANY (%(assets)s)",
        directions=basis.directions[: basis.numbers],
    )
    ends = {side: np.searchsorted(found.assets, asset_ids, side) for side in ("left", "right")}
    rows = [
        {
            "encoder": encoder.id,
            "asset": asset_id,
            "basis": basis.id,
            "clips": found.clips[first:last].tolist(),
            "vectors": Several(found.vectors[first:last]),
        }
        for asset_id, first, last in zip(asset_ids, ends["left"], ends["right"], strict=True)
    ]
    if rows:
        session.execute(_WRITE, rows)


_WRITE = text("""
    UPDATE catalog.sketch SET basis_id = :basis, clips = :clips, vectors = :vectors
    WHERE encoder_id = :encoder AND asset_id = :asset AND basis_id = -:basis
""")


def finish(session: Session, basis_id: int, centres: int) -> None:
    """All that were announced are made, of about so many centres."""
    session.execute(
        update(SketchBasis)
        .where(SketchBasis.id == basis_id)
        .values(filled_at=max(centres, 1), awaits=None)
    )
