"""Where somebody speaks, who said what is said there, and what waits to be recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Clip, Sidecar, Stage
from catalog.domain.sidecars import Captioned, SidecarKind
from catalog.domain.speech import Range as Span
from catalog.store import sidecars
from catalog.store.arrays import among
from catalog.store.sidecars import BATCH, SidecarRow

RECOGNISED_PATH = b"\x00recognised"
CAPTIONS_PATH = b"\x00captions"
"""What stands for a path where nobody but a recogniser said it: no file is called so."""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One recognised line; its words are ``[text, start, end, probability]``. Times are pts."""

    start: int
    end: int
    text: str
    language: str
    words: Sequence[Sequence[Any]] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """What to listen to: ``spoken`` is None as long as nobody has, ``told`` where text is known."""

    asset_id: int
    time_base: Fraction
    seconds: float
    tracks: int
    spoken: list[Span] | None
    told: bool


def set_speaking(session: Session, asset_id: int, spoken: Sequence[Span] | None) -> None:
    """Say where somebody speaks, in the asset's time base; None: nobody has listened."""
    values = {"speaking": ranges_of(spoken)}
    session.execute(update(Asset).where(Asset.id == asset_id).values(**values))


def ranges_of(spoken: Sequence[Span] | None) -> list[Range[int]] | None:
    """Where somebody speaks, as the column has it."""
    return None if spoken is None else [Range(start, end) for start, end in spoken]


def sound_of(session: Session, asset_id: int) -> Sound:
    """What is known of an asset's sound."""
    columns = (Asset.time_base_num, Asset.time_base_den, Asset.duration, Asset.audio_tracks)
    row = session.execute(
        select(*columns, Asset.speaking, _told()).where(Asset.id == asset_id)
    ).one()
    num, den, seconds, tracks, speaking, told = row
    base = Fraction(num or 1, den or 1)
    return Sound(asset_id, base, seconds or 0.0, tracks or 0, _spans(speaking), told)


def _spans(speaking: Sequence[Range[int]] | None) -> list[Span] | None:
    if speaking is None:
        return None
    return [(part.lower or 0, part.upper or 0) for part in speaking]


def _told() -> Any:  # noqa: ANN401  # a condition
    """Whether a subtitle file, the asset's own file or a person has words for what is said."""
    others = and_(Sidecar.id == Clip.sidecar_id, Sidecar.kind == SidecarKind.RECOGNISED)
    return exists().where(
        Clip.asset_id == Asset.id,
        Clip.kind == "speech",
        ~exists().where(others).correlate(Clip),
    )


def want_text(session: Session, asset_ids: Sequence[int], stage: str) -> None:
    """Make the stage due where sound was never listened to, or is spoken and nobody says what.

    And take it back where text has come meanwhile. What was tried and failed waits for a person.
    """
    recognised = exists().where(
        Sidecar.asset_id == Asset.id, Sidecar.kind == SidecarKind.RECOGNISED
    )
    analysed = exists().where(
        Stage.asset_id == Asset.id, Stage.name == "analyse", Stage.state == "done"
    )
    spoken = and_(~func.isempty(Asset.speaking), ~_told(), ~recognised)
    wanted = select(Asset.id).where(
        among(Asset.id, asset_ids),
        Asset.kind.in_(("video", "audio")),
        analysed,
        or_(Asset.speaking.is_(None), spoken),
    )
    ids = list(session.execute(wanted.order_by(Asset.id)).scalars())
    if ids:
        _make_due(session, ids, stage)
    needless = (
        select(Stage.asset_id)
        .join(Asset, Asset.id == Stage.asset_id)
        .where(
            among(Stage.asset_id, asset_ids),
            Stage.name == stage,
            Stage.state.in_(("due", "waiting", "failed")),
            Asset.speaking.is_not(None),
            or_(func.isempty(Asset.speaking), _told()),
        )
    )
    over = list(session.execute(needless).scalars())
    if over:
        session.execute(delete(Stage).where(among(Stage.asset_id, over), Stage.name == stage))


def _make_due(session: Session, asset_ids: Sequence[int], stage: str) -> None:
    """What was never asked for, or is wanted again, is due; what failed or waits stays so."""
    for first in range(0, len(asset_ids), BATCH):
        rows = [{"asset_id": each, "name": stage} for each in asset_ids[first : first + BATCH]]
        session.execute(upsert(Stage).values(rows).on_conflict_do_nothing())
    done = and_(among(Stage.asset_id, asset_ids), Stage.name == stage, Stage.state == "done")
    now = func.clock_timestamp()
    session.execute(update(Stage).where(done).values(state="due", due_at=now, sent_at=None))


def recognised(session: Session, asset_ids: Sequence[int]) -> list[int]:
    """Those of these assets whose speech was recognised."""
    statement = select(Sidecar.asset_id).where(
        among(Sidecar.asset_id, asset_ids), Sidecar.kind == SidecarKind.RECOGNISED
    )
    return list(session.execute(statement.order_by(Sidecar.asset_id)).scalars())


def replace_recognised(
    session: Session,
    asset_id: int,
    path: str,
    said: Mapping[str, Any],
    lines: Sequence[SpokenLine],
) -> int:
    """Put these lines in the place of what was recognised before; how many there are.

    What is as it was keeps its clip, and with it its place in bins.
    """
    row = SidecarRow(RECOGNISED_PATH, path, SidecarKind.RECOGNISED.value, 0, 0, said)
    sidecar_id = sidecars.save(session, asset_id, row)
    had = {
        (each.start_pts, each.end_pts, each.text, each.language): each.id
        for each in session.execute(
            select(Clip.id, Clip.start_pts, Clip.end_pts, Clip.text, Clip.language).where(
                Clip.sidecar_id == sidecar_id
            )
        )
    }
    wanted = {(line.start, line.end, line.text, line.language): line for line in lines}
    gone = [clip_id for key, clip_id in had.items() if key not in wanted]
    if gone:
        session.execute(delete(Clip).where(among(Clip.id, gone)))
    for key, clip_id in had.items():
        if key in wanted:
            words = [list(word) for word in wanted[key].words]
            session.execute(update(Clip).where(Clip.id == clip_id).values(word_times=words))
    fresh = [
        {
            "asset_id": asset_id,
            "sidecar_id": sidecar_id,
            "kind": "speech",
            "start_pts": line.start,
            "end_pts": line.end,
            "text": line.text,
            "language": line.language,
            "word_times": [list(word) for word in line.words],
        }
        for key, line in wanted.items()
        if key not in had
    ]
    for first in range(0, len(fresh), BATCH):
        session.execute(insert(Clip).returning(Clip.id), fresh[first : first + BATCH]).all()
    return len(wanted)


def replace_captions(
    session: Session, asset_id: int, path: str, captions: Captioned, base: Fraction
) -> None:
    """Put these captions in the place of those an earlier analysis found in the file.

    They are somebody's words, so what was recognised goes.
    """
    segments = captions.segments
    over = SidecarKind.RECOGNISED if segments else SidecarKind.CAPTIONS
    gone = select(Sidecar.id).where(Sidecar.asset_id == asset_id, Sidecar.kind == over)
    sidecars.remove(session, list(session.execute(gone).scalars()))
    if segments:
        said = {"captions": {"carried": captions.carried, "read": captions.read}}
        row = SidecarRow(CAPTIONS_PATH, path, SidecarKind.CAPTIONS.value, 0, 0, said)
        sidecar_id = sidecars.save(session, asset_id, row)
        sidecars.replace_clips(session, asset_id, sidecar_id, sidecars.in_pts(segments, base))


def spoken_by(session: Session, asset_id: int) -> list[dict[str, Any]]:
    """Who says what is said in an asset: each source with its languages and number of lines."""
    statement = (
        select(
            Sidecar.kind,
            Sidecar.path,
            func.coalesce(Sidecar.said["recognised"], Sidecar.said["captions"]).label("how"),
            func.count().label("lines"),
            func.array_agg(Clip.language.distinct()).label("languages"),
        )
        .select_from(Clip)
        .outerjoin(Sidecar, Sidecar.id == Clip.sidecar_id)
        .where(Clip.asset_id == asset_id, Clip.kind == "speech")
        .group_by(Sidecar.id)
        .order_by(Sidecar.kind, Sidecar.path)
    )
    return [
        {
            "kind": row.kind or "person",
            "path": None if row.kind == SidecarKind.RECOGNISED else row.path,
            "languages": sorted(filter(None, row.languages)),
            "lines": row.lines,
            **(row.how or {}),
        }
        for row in session.execute(statement)
    ]
