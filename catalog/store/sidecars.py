"""What sidecars say of assets, kept apart from what the file itself and people say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, cast, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, AssetTag, Clip, Location, Root, Sidecar, Stage, Tag
from catalog.domain.paths import path_from_raw
from catalog.domain.sidecars import TEXTS_CUT, Segment, SidecarKind
from catalog.store.arrays import among
from catalog.store.descriptions import SHARED_COLUMNS

BATCH = 1000
# Metadata that says a file holds texts for clips, or words for tags.
_TEXT_KEYS = ("subtitles", "chapters", "lyrics", "keywords")


@dataclass(frozen=True, slots=True)
class AssetState:
    """An analysed asset, as a look at its sidecars begins.

    ``seen`` is the mark of what lay beside its files last time, None if nobody
    has looked; ``texts`` whether the file holds subtitles, chapters, lyrics or
    keywords.
    """

    id: int
    seen: str | None
    texts: bool
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class SidecarRow:
    """One sidecar of an asset. ``raw_path`` is empty for the texts within the file itself.

    One that a person ``imported`` stays one, also where it is found beside the asset later.
    """

    raw_path: bytes
    path: str
    kind: str
    size: int
    modified_ns: int
    said: Mapping[str, Any]
    error_code: str | None = None
    error_message: str | None = None
    imported: bool = False


def states(session: Session, asset_ids: Sequence[int]) -> list[AssetState]:
    """Those of the assets that are analysed, with their files that are online."""
    statement = (
        select(
            Asset.id,
            Asset.sidecars.op("->>")("seen"),
            func.coalesce(
                or_(*(Asset.metadata_.has_key(key) for key in _TEXT_KEYS)),
                False,
            ),
            func.array_agg(Root.raw_path),
            func.array_agg(Location.raw_path),
        )
        .join(Stage, and_(Stage.asset_id == Asset.id, Stage.name == "analyse"))
        .join(Location, and_(Location.asset_id == Asset.id, Location.online))
        .join(Root, Root.id == Location.root_id)
        .where(among(Asset.id, asset_ids), Stage.state == "done")
        .group_by(Asset.id)
        .order_by(Asset.id)
    )
    return [
        AssetState(
            asset_id,
            seen,
            texts,
            tuple(
                sorted(
                    path_from_raw(root) / path_from_raw(below)
                    for root, below in zip(roots, paths, strict=True)
                )
            ),
        )
        for asset_id, seen, texts, roots, paths in session.execute(statement)
    ]


def mark_plain(session: Session, asset_ids: Sequence[int], seen: str) -> None:
    """Remember that nothing lies beside these assets' files, and what the files said."""
    if not asset_ids:
        return
    said = func.jsonb_build_object(
        *(part for name in SHARED_COLUMNS for part in (name, getattr(Asset, name)))
    )
    before = func.coalesce(Asset.sidecars, func.jsonb_build_object("own", said), type_=JSONB)
    session.execute(
        update(Asset)
        .where(among(Asset.id, asset_ids), Asset.sidecars.op("->>")("seen").is_(None))
        .values(sidecars=before.concat(func.jsonb_build_object("seen", seen, type_=JSONB)))
    )


def rows_of(session: Session, asset_id: int) -> list[Row[Any]]:
    """The asset's sidecars as `SidecarRow` has them, each with its id."""
    return list(
        session.execute(
            select(
                Sidecar.id,
                Sidecar.raw_path,
                Sidecar.path,
                Sidecar.kind,
                Sidecar.size_bytes,
                Sidecar.modified_ns,
                Sidecar.said,
                Sidecar.error_code,
                Sidecar.error_message,
                Sidecar.imported,
            )
            .where(Sidecar.asset_id == asset_id)
            .order_by(Sidecar.raw_path)
        )
    )


def remove(session: Session, sidecar_ids: Sequence[int]) -> None:
    """Forget sidecars and the clips they brought."""
    if sidecar_ids:
        session.execute(delete(Clip).where(Clip.sidecar_id.in_(sidecar_ids)))
        session.execute(delete(Sidecar).where(Sidecar.id.in_(sidecar_ids)))


def save(session: Session, asset_id: int, row: SidecarRow) -> int:
    """Put a sidecar in the place of what it was before; its id."""
    values = {
        "path": row.path,
        "kind": row.kind,
        "size_bytes": row.size,
        "modified_ns": row.modified_ns,
        "said": dict(row.said),
        "error_code": row.error_code,
        "error_message": row.error_message,
    }
    statement = upsert(Sidecar).values(
        asset_id=asset_id, raw_path=row.raw_path, imported=row.imported, **values
    )
    imported = or_(Sidecar.imported, statement.excluded.imported)
    statement = statement.on_conflict_do_update(
        index_elements=[Sidecar.asset_id, Sidecar.raw_path],
        set_={**values, "read_at": func.now(), "imported": imported},
    )
    return session.execute(statement.returning(Sidecar.id)).scalar_one()


ClipKey = tuple[str, int, int, str | None, str | None]


def in_pts(segments: Sequence[Segment], base: Fraction) -> list[ClipKey]:
    """Segments in an asset's time base, each once; what has no length there is left out."""
    found: dict[ClipKey, None] = {}
    for each in segments:
        start, end = round(each.start / base), round(each.end / base)
        if start < end:
            found[(each.kind, start, end, each.text, each.language)] = None
    return list(found)


def replace_clips(
    session: Session, asset_id: int, sidecar_id: int, wanted: Sequence[ClipKey]
) -> None:
    """Make a sidecar's clips these, touching only what differs: bins hold on to the rest."""
    had = {
        (row.kind, row.start_pts, row.end_pts, row.text, row.language): row.id
        for row in session.execute(
            select(Clip.id, Clip.kind, Clip.start_pts, Clip.end_pts, Clip.text, Clip.language)
            .where(Clip.sidecar_id == sidecar_id)
            .order_by(Clip.id)
        )
    }
    gone = [clip_id for key, clip_id in had.items() if key not in set(wanted)]
    if gone:
        session.execute(delete(Clip).where(among(Clip.id, gone)))
    fresh = [
        {
            "asset_id": asset_id,
            "sidecar_id": sidecar_id,
            "kind": kind,
            "start_pts": start,
            "end_pts": end,
            "text": text,
            "language": language,
        }
        for kind, start, end, text, language in wanted
        if (kind, start, end, text, language) not in had
    ]
    for first in range(0, len(fresh), BATCH):
        # RETURNING makes it one statement per batch, and the shots' words are made once for each.
        session.execute(insert(Clip).returning(Clip.id), fresh[first : first + BATCH]).all()


def clips_of(session: Session, sidecar_ids: Sequence[int]) -> set[ClipKey]:
    """The clips these sidecars brought."""
    rows = session.execute(
        select(Clip.kind, Clip.start_pts, Clip.end_pts, Clip.text, Clip.language).where(
            Clip.sidecar_id.in_(sidecar_ids)
        )
    )
    return {(row[0], row[1], row[2], row[3], row[4]) for row in rows}


def change_tags(
    session: Session, asset_id: int, *, gone: Sequence[str], new: Sequence[str]
) -> None:
    """Take tags off that only a sidecar had put on, and put on those it names now."""
    if gone:
        tags = select(Tag.id).where(func.lower(Tag.name).in_([func.lower(n) for n in gone]))
        session.execute(
            delete(AssetTag).where(
                AssetTag.asset_id == asset_id, AssetTag.from_sidecar, AssetTag.tag_id.in_(tags)
            )
        )
    # In one order by everybody, or two who make the same tags could wait for each other.
    for name in sorted(new, key=str.lower):
        session.execute(
            upsert(Tag)
            .values(name=name)
            .on_conflict_do_nothing(index_elements=[func.lower(Tag.name)])
        )
    if new:
        wanted = select(literal(asset_id), Tag.id, literal(True)).where(
            func.lower(Tag.name).in_([func.lower(n) for n in new])
        )
        session.execute(
            upsert(AssetTag)
            .from_select(["asset_id", "tag_id", "from_sidecar"], wanted)
            .on_conflict_do_nothing()
        )


def describe(
    session: Session,
    asset_id: int,
    columns: Mapping[str, str | float | datetime | None],
    *,
    metadata: Mapping[str, Any],
    state: Mapping[str, Any],
) -> None:
    """Write the columns sidecars decided, all they said, and what was seen of them."""
    kept = Asset.metadata_.op("-", return_type=JSONB)("sidecar")
    told = kept.concat(cast(literal({"sidecar": dict(metadata)}, JSONB), JSONB))
    session.execute(
        update(Asset)
        .where(Asset.id == asset_id)
        .values(**columns, metadata_=told if metadata else kept, sidecars=dict(state))
    )


def warnings(session: Session, asset_ids: Sequence[int]) -> list[tuple[str, str, str]]:
    """The sidecars of these assets that cannot be read: path, code, reason; each once.

    A film's own texts that were cut off are not told of where subtitles lie beside it.
    """
    beside = aliased(Sidecar)
    replaced = exists().where(
        beside.asset_id == Sidecar.asset_id,
        beside.kind == SidecarKind.SUBTITLES.value,
        beside.error_code.is_(None),
    )
    statement = (
        select(Sidecar.path, Sidecar.error_code, Sidecar.error_message)
        .where(
            among(Sidecar.asset_id, asset_ids),
            Sidecar.error_code.is_not(None),
            or_(Sidecar.error_code != TEXTS_CUT, ~replaced),
        )
        .distinct()
        .order_by(Sidecar.path)
    )
    return [(path, code or "", reason or "") for path, code, reason in session.execute(statement)]
