"""A-roll and B-roll: told for whole assets by one statement, and what people said of it.

The statement is `catalog.domain.roll.chance_of_a` in SQL. Whoever changes what it reads
(shots, vectors, speech) calls `tell_rolls` in the same transaction; what was told from another
encoder or by other weights is found by `assets_untold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Clip, Encoder, RollCue, Stage
from catalog.domain.roll import CUES, SCALE, SUREST, TELLS_APART, VERSION, WEIGHTS, Side
from catalog.store.arrays import among
from catalog.store.assets import lock_assets

WORDINGS: tuple[str, ...] = tuple(wording for cue in CUES for wording in cue.wordings)
_SIDES: tuple[Side, ...] = tuple(cue.side for cue in CUES for _ in cue.wordings)

# What is said in brackets or beside notes is a sound that is described ("[wind]").
_SPOKEN = r"""
    SELECT coalesce(range_agg(int8range(s.start_pts, s.end_pts))
                        FILTER (WHERE coalesce(s.text, '') !~ '^\s*[\[(♪♫].*[\])♪♫]\s*$'),
                    '{}'::int8multirange) AS ranges
    FROM catalog.clip s
    WHERE s.asset_id = a.id AND s.kind = 'speech' AND s.start_pts < s.end_pts
    HAVING count(*) > 0"""

# Who listened knows best; else subtitles tell. A still is known to be silent. A film without a
# sound track is mute: nothing is heard, but somebody may well be seen speaking.
_ASKED = """
    SELECT a.id, a.time_base_num::float8 / a.time_base_den AS tick,
           a.kind = 'video' AND a.audio_codec IS NULL AS mute,
           CASE WHEN a.kind = 'still' THEN coalesce(s.ranges, '{}'::int8multirange)
                WHEN a.kind = 'video' AND a.audio_codec IS NULL THEN s.ranges
                ELSE coalesce(a.speaking, s.ranges)
           END AS spoken
    FROM catalog.asset a LEFT JOIN LATERAL (spoken) s ON true
    WHERE a.id = ANY (:assets)""".replace("(spoken)", f"({_SPOKEN})")

# First a shot's pictures with each cue on average, then the cues of each side together.
_PICTURES = """
    SELECT near.clip_id, ln(avg(exp(:scale * (near.cosine - 1))) FILTER (WHERE near.side = 'A'))
                       - ln(avg(exp(:scale * (near.cosine - 1))) FILTER (WHERE near.side = 'B'))
                         AS evidence
    FROM (SELECT e.clip_id, cue.at, cue.side, avg(-(e.vector <#> cue.vector)) AS cosine
          FROM catalog.embedding e
          CROSS JOIN unnest(CAST(CAST(:cues AS text[]) AS halfvec[]), CAST(:sides AS text[]))
              WITH ORDINALITY AS cue(vector, side, at)
          WHERE e.encoder_id = :encoder AND e.asset_id = ANY (:assets)
          GROUP BY e.clip_id, cue.at, cue.side) near
    GROUP BY near.clip_id"""
_NO_PICTURES = "SELECT NULL::bigint AS clip_id, NULL::float8 AS evidence WHERE false"

_KNOWN = """
    SELECT c.id, c.flag, asked.mute, p.evidence, (c.end_pts - c.start_pts) * asked.tick AS seconds,
           CASE WHEN asked.spoken IS NULL THEN NULL
                WHEN c.end_pts = c.start_pts THEN 0
                ELSE (SELECT coalesce(sum(upper(r) - lower(r)), 0)
                      FROM unnest(asked.spoken * int8multirange(int8range(c.start_pts, c.end_pts)))
                          AS r)::float8 / (c.end_pts - c.start_pts)
           END AS share
    FROM asked
    JOIN catalog.clip c ON c.asset_id = asked.id AND c.kind = 'shot' AND NOT c.roll_by_person
    LEFT JOIN pictures p ON p.clip_id = c.id"""

_ODDS = """CASE WHEN known.share IS NOT NULL THEN :heard + :share * known.share
         WHEN known.mute THEN :mute ELSE :unheard END
    + CASE WHEN known.evidence IS NULL THEN 0
           ELSE :picture * greatest(-:most, least(:most, known.evidence)) END
    + CASE WHEN known.seconds > 0
           THEN :length * ln(greatest(:shortest, least(:longest, known.seconds)) / :usual)
           ELSE 0 END"""

_WITH = """
WITH asked AS MATERIALIZED ({asked}),
     pictures AS MATERIALIZED ({pictures}),
     known AS ({known})"""

# Until the encoder has seen all its pictures, an asset is to be told once more.
_TELL = """{given},
     bases AS (SELECT x.id, CASE WHEN CAST(:seeing AS integer) IS NULL OR NOT EXISTS (
                   SELECT FROM catalog.frame f WHERE f.asset_id = x.id AND NOT EXISTS (
                       SELECT FROM catalog.embedding e
                       WHERE e.frame_id = f.id AND e.encoder_id = CAST(:seeing AS integer)))
                   THEN CAST(:basis AS text) END AS basis
               FROM catalog.asset x WHERE x.id = ANY (:assets)),
     marked AS (UPDATE catalog.asset a SET roll_basis = bases.basis FROM bases
                WHERE a.id = bases.id AND a.roll_basis IS DISTINCT FROM bases.basis),
     told AS (SELECT known.id, CASE WHEN known.flag IS NULL THEN
                  round(greatest(1 - :surest, least(:surest, 1 / (1 + exp(-({odds})))))::numeric, 4)
                  ::real END AS chance
              FROM known)
UPDATE catalog.clip c
SET roll = CASE WHEN told.chance >= 0.5 THEN 'A' WHEN told.chance < 0.5 THEN 'B' END,
    roll_chance = told.chance,
    roll_confidence = greatest(told.chance, 1 - told.chance)
FROM told
WHERE c.id = told.id
  AND (c.roll_chance IS DISTINCT FROM told.chance OR (c.roll IS NULL) <> (told.chance IS NULL))"""

_SHOW = "SELECT id, share, evidence, seconds, mute FROM known"


@dataclass(frozen=True, slots=True)
class Known:
    """What a shot's roll is told from; see `catalog.domain.roll.chance_of_a`."""

    share: float | None
    picture: float | None
    seconds: float | None
    mute: bool


@dataclass(frozen=True, slots=True)
class Eye:
    """What the active encoder can tell of pictures: its cues' vectors, if it knows the words.

    ``basis``: what rolls are told from with it; None: they are to be told once more.
    """

    encoder_id: int | None = None
    cues: Sequence[np.ndarray] = ()
    basis: str | None = None


NEW = Eye()
"""For shots that are new: nothing has seen their pictures yet."""


def eye_of(session: Session) -> Eye:
    """The active encoder's, or one that sees nothing."""
    rows = session.execute(
        select(RollCue.encoder_id, RollCue.wording, RollCue.vector)
        .join(Encoder, Encoder.id == RollCue.encoder_id)
        .where(Encoder.active)
    ).all()
    known = {row.wording: np.asarray(row.vector, dtype=np.float32) for row in rows}
    if all(wording in known for wording in WORDINGS):
        vectors = np.stack([known[wording] for wording in WORDINGS])
        if tells_apart(vectors) >= TELLS_APART:
            encoder_id = int(rows[0].encoder_id)
            return Eye(encoder_id, list(_together(vectors)), f"{VERSION}:{encoder_id}")
    return Eye(basis=f"{VERSION}:-")


def tells_apart(vectors: np.ndarray) -> float:
    """Share of wordings whose nearest other wording is of their own side.

    ``vectors``: float32 ``(wordings, d)``, unit rows, in the order of `WORDINGS`. An
    encoder that knows the words has the other wording of the same cue near; one
    that does not tells nothing by its pictures either.
    """
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    sides = np.array(_SIDES)
    return float(np.mean(sides[near.argmax(axis=1)] == sides))


def _together(vectors: np.ndarray) -> np.ndarray:
    """One unit vector per cue, of its wordings together."""
    means = vectors.reshape(len(CUES), -1, vectors.shape[1]).mean(axis=1)
    unit: np.ndarray = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit


def tell_rolls(
    session: Session, asset_ids: Sequence[int], eye: Eye | None = None, *, held: bool = False
) -> int:
    """Tell A from B for all shots of these assets that no person spoke of; how many changed.

    Flagged shots are neither. Telling again changes nothing, and writes nothing. ``held``:
    this session holds the assets' rows already.
    """
    if not asset_ids:
        return 0
    eye = eye or eye_of(session)
    # Two who tell the same shots would wait for each other.
    if not held:
        lock_assets(session, asset_ids)
    assets = list(asset_ids)
    given, values = _given(assets, eye)
    values |= {"surest": SUREST, "seeing": eye.encoder_id, "basis": eye.basis, **asdict(WEIGHTS)}
    told: Any = session.execute(text(_TELL.format(given=given, odds=_ODDS)), values)
    return int(told.rowcount)


def what_is_known(session: Session, asset_ids: Sequence[int]) -> dict[int, Known]:
    """Of each shot of these assets that no person spoke of, what its roll is told from."""
    given, values = _given(list(asset_ids), eye_of(session))
    rows = session.execute(text(f"{given} {_SHOW}"), values)
    return {row.id: Known(row.share, row.evidence, row.seconds, row.mute) for row in rows}


def _given(assets: list[int], eye: Eye) -> tuple[str, dict[str, Any]]:
    """The beginning of a statement, up to ``known``, and its parameters."""
    sees = eye.encoder_id is not None
    pictures = _PICTURES if sees else _NO_PICTURES
    given = _WITH.format(asked=_ASKED, pictures=pictures, known=_KNOWN)
    if not sees:
        return given, {"assets": assets}
    return given, {
        "assets": assets,
        "encoder": eye.encoder_id,
        "scale": SCALE,
        "cues": ["[" + ",".join(f"{x:.6g}" for x in cue) + "]" for cue in eye.cues],
        "sides": [cue.side for cue in CUES],
    }


def _untold(eye: Eye) -> ColumnElement[bool]:
    encoded = select(Stage.asset_id).where(Stage.name == "encode", Stage.state == "done")
    return Asset.id.in_(encoded) & Asset.roll_basis.is_distinct_from(eye.basis)


def assets_untold(
    session: Session,
    eye: Eye,
    *,
    among_these: Sequence[int] | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[int]:
    """Assets whose rolls were told from something else than now, by id from ``after`` on.

    One whose pictures are yet to be encoded is left to whoever encodes them.
    """
    statement = select(Asset.id).where(_untold(eye), Asset.id > after)
    if among_these is not None:
        statement = statement.where(among(Asset.id, among_these))
    return list(session.execute(statement.order_by(Asset.id).limit(limit)).scalars())


def count_untold(session: Session, eye: Eye) -> int:
    """How many assets `assets_untold` would give."""
    return session.execute(select(func.count()).where(_untold(eye))).scalar_one()


def forget_basis(session: Session, asset_ids: Sequence[int] | None = None) -> int:
    """Have the rolls of these assets (or of all) told anew; how many assets that are."""
    statement = update(Asset).where(Asset.roll_basis.is_not(None)).values(roll_basis=None)
    if asset_ids is not None:
        lock_assets(session, asset_ids)
        statement = statement.where(among(Asset.id, asset_ids))
    found: Any = session.execute(statement)
    return int(found.rowcount)


def set_roll(session: Session, clip_ids: Sequence[int], roll: Side | None) -> list[int]:
    """A person's word on these shots; None takes it back. The ids of those that can have one.

    What was told without a person stays beside it, to be compared; after None, tell the
    assets anew.
    """
    values: dict[str, Any] = {"roll": roll, "roll_confidence": 1.0, "roll_by_person": True}
    if roll is None:
        values = {"roll": None, "roll_confidence": None, "roll_by_person": False}
    statement = (
        update(Clip)
        .where(among(Clip.id, clip_ids), Clip.kind == "shot", Clip.flag.is_(None))
        .values(**values)
        .returning(Clip.id)
    )
    return list(session.execute(statement).scalars())


def cues_known(session: Session, encoder_id: int) -> bool:
    """Whether the encoder's vectors of all wordings are there."""
    known = select(RollCue.wording).where(RollCue.encoder_id == encoder_id)
    return set(WORDINGS) <= set(session.execute(known).scalars())


def save_cues(session: Session, encoder_id: int, vectors: np.ndarray) -> None:
    """Keep an encoder's vectors of `WORDINGS`, in that order, in the place of earlier ones.

    Two sessions may do so at once: the second waits for the first, and writes the same.
    """
    session.execute(select(Encoder.id).where(Encoder.id == encoder_id).with_for_update(read=True))
    session.execute(delete(RollCue).where(RollCue.encoder_id == encoder_id))
    rows = [
        {"encoder_id": encoder_id, "wording": wording, "vector": vector.astype(np.float16)}
        for wording, vector in zip(WORDINGS, vectors, strict=True)
    ]
    session.execute(insert(RollCue).on_conflict_do_nothing(), rows)


def count_rolls(session: Session, where: ColumnElement[bool]) -> dict[str, Any]:
    """How many shots are A and B, and how people's words compare with what was told before.

    ``where`` chooses among the rows of `Clip` joined with `Asset`. ``confusion``: first by
    what was told, then by what a person said.
    """
    told_a = Clip.roll_chance >= 0.5
    spoke = Clip.roll_by_person & Clip.roll_chance.is_not(None)
    counted: Mapping[str, ColumnElement[Any]] = {
        "A": Clip.roll == "A",
        "B": Clip.roll == "B",
        "by_person": Clip.roll_by_person.is_(True),
        "AA": spoke & told_a & (Clip.roll == "A"),
        "AB": spoke & told_a & (Clip.roll == "B"),
        "BA": spoke & ~told_a & (Clip.roll == "A"),
        "BB": spoke & ~told_a & (Clip.roll == "B"),
    }
    columns = [func.count().filter(what).label(name) for name, what in counted.items()]
    statement = (
        select(*columns)
        .join_from(Clip, Asset, Asset.id == Clip.asset_id)
        .where(Clip.kind == "shot", where)
    )
    found = session.execute(statement).one()._mapping
    right = found["AA"] + found["BB"]
    compared = right + found["AB"] + found["BA"]
    return {
        "a": found["A"],
        "b": found["B"],
        "by_person": found["by_person"],
        "compared": compared,
        "right": right,
        "accuracy": round(right / compared, 4) if compared else None,
        "confusion": {
            "a": {"a": found["AA"], "b": found["AB"]},
            "b": {"a": found["BA"], "b": found["BB"]},
        },
    }
