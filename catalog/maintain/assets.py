"""Assets by reference: an id, a file's path, or a file's name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.db.models import Asset, Clip, Rendition
from catalog.domain.labels import clean_label
from catalog.domain.paths import full_path, raw_path, shown_path
from catalog.domain.query import parse
from catalog.domain.renditions import DEFAULT_LINES, ProxySettings
from catalog.domain.timecode import timecode_at
from catalog.errors import InvalidInputError, NotFoundError
from catalog.media.frame_store import FrameStore, delete_files_of
from catalog.store import (
    assets,
    audit,
    filters,
    jobs,
    locations,
    renditions,
    roots,
    shots,
    speech,
    stages,
    versions,
)
from catalog.store.visibility import check_collection, clip_asset, seen, visible_to

Reference = int | str | Path

MAX_LIMIT = 10_000


def resolve(session: Session, reference: Reference) -> int:
    """The id of the one asset a person means.

    Digits are an id; what names an existing path, or looks like one, is a file;
    anything else is a file name.

    Raises
    ------
    NotFoundError
        If there is none.
    InvalidInputError
        If several assets have that file name.
    """
    text = str(reference)
    if text.isascii() and text.isdigit():
        known = len(text) < 19 and assets.get_asset(session, int(text)) is not None
        if known and seen(session, [int(text)]):
            return int(text)
        raise NotFoundError(
            f"There is no asset {text}.", remedy="List the assets with `catalog assets`."
        )
    found = _by_path(session, Path(text)) or assets.find_assets_by_name(
        session, shown_path(Path(text))
    )
    found = seen(session, found)
    if len(found) > 1:  # a name is that of the version that is there
        found = assets.not_superseded(session, found) or found
    if not found:
        raise NotFoundError(
            f"No asset has the id, path or file name {shown_path(Path(text))!r}.",
            remedy="Find it by a part of its name: `catalog assets 'name:*part*'`.",
        )
    if len(found) > 1:
        raise InvalidInputError(
            f"{len(found)} assets are called {shown_path(Path(text))!r}: "
            f"{', '.join(map(str, found[:20]))}.",
            remedy="Name one by its id.",
            ids=found,
        )
    return found[0]


def _by_path(session: Session, path: Path) -> list[int]:
    absolute = full_path(path)
    try:
        raw_path(absolute)
    except UnicodeEncodeError:
        return []  # no file can be called that
    for root_id, root in roots.list_roots(session):
        if absolute.is_relative_to(root):
            below = raw_path(absolute.relative_to(root))
            if found := assets.find_assets_by_path(session, root_id, below):
                return found
    return []


def list_assets(
    database: Database, query: str = "", *, limit: int = 100, after: str | None = None
) -> dict[str, Any]:
    """Assets chosen by filters and exact words; free words must be in their text.

    They go by name, or by what ``sort:…`` in the query says.

    Returns
    -------
    dict
        ``assets`` (a list) and ``next``, the cursor of the following page or None.

    Raises
    ------
    InvalidQueryError
        If the query does not parse.
    """
    check_limit(limit)
    parsed = parse(query)
    wanted = select(Asset.id).outerjoin(Clip, and_(Clip.asset_id == Asset.id, Clip.kind == "shot"))
    wanted = wanted.where(
        filters.condition(parsed.root, words_exclude=True),
        filters.versions_wanted(parsed.root),
        visible_to(database.actor),
    )
    named = parsed.sort is None or parsed.sort.by in ("name", "relevance")
    cursor = None if after is None else _read_after(after, named=named)
    with database.session() as session:
        statement = assets.list_assets(wanted, sort=parsed.sort, limit=limit + 1, after=cursor)
        rows = [dict(row._mapping) for row in session.execute(statement)]
        page = rows[:limit]
        ids = [row["id"] for row in page]
        tags, places = assets.tags_of(session, ids), locations.locations_of(session, ids)
        frames = shots.frames_of(session, ids)
    last = f"{page[-1]['id']}:{page[-1]['key']}" if len(rows) > limit else None
    for row in page:
        del row["key"]
        row["recorded"] = _iso(row["recorded"])
        row["tags"], row["locations"] = tags[row["id"]], places[row["id"]]
        row["frames"] = frames.get(row["id"], 0)
    return {"assets": page, "next": last}


def check_limit(limit: int) -> None:
    """Refuse a page of nothing, or of more than a page can be.

    Raises
    ------
    InvalidInputError
        If the limit is not 1 to 10,000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError(
            f"A limit of {limit} was asked for; expected 1 to {MAX_LIMIT}.",
            remedy="Page on with the cursor in `next` for more.",
        )


def _read_after(after: str, *, named: bool) -> tuple[str | float, int]:
    """The key (a name, or a number) and id that the page before ended with."""
    number, colon, key = after.partition(":")
    try:
        usable = colon and number.isascii() and number.isdigit() and len(number) < 19
        # Text that PostgreSQL takes: other was in no cursor of ours.
        fits = not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in key)
        if usable and fits and (named or math.isfinite(float(key))):
            return key if named else float(key), int(number)
    except ValueError:
        pass  # no number
    raise InvalidInputError(
        f"{after!r} is no cursor of this query; expected the `next` of the page before.",
        remedy="Start again without a cursor.",
    )


def show(database: Database, store: FrameStore, reference: Reference) -> dict[str, Any]:
    """Everything the catalogue knows of one asset: columns, metadata, locations, clips."""
    with database.session() as session:
        asset_id = resolve(session, reference)
        row = assets.get_asset(session, asset_id)
        assert row is not None  # noqa: S101  # resolved above
        clips = [_clip(store, row, entry) for entry in assets.shots_of(session, asset_id)]
        work = _work(session, store, row)
        return {
            **_columns(row),
            "tags": assets.tags_of(session, [asset_id])[asset_id],
            "locations": locations.locations_of(session, [asset_id])[asset_id],
            "history": [_plain(e) for e in versions.history_of(session, [asset_id])[asset_id]],
            "stages": work["stages"],
            "speech": speech.spoken_by(session, asset_id),
            "renditions": work["renditions"],
            "clips": clips,
        }


def work_on(database: Database, store: FrameStore, reference: Reference) -> dict[str, Any]:
    """What of `show` changes while an asset is worked on; its clips are not read for it."""
    with database.session() as session:
        row = assets.get_asset(session, resolve(session, reference))
        assert row is not None  # noqa: S101  # resolved above
        return {"id": row.id, "kind": row.kind, **_work(session, store, row)}


def _work(session: Session, store: FrameStore, row: Asset) -> dict[str, list[dict[str, Any]]]:
    made = renditions.renditions_of(session, [row.id])[row.id]
    return {
        "stages": jobs.all_stages(session, row.id),
        "renditions": [_rendition(store, row, each) for each in made],
    }


def _rendition(store: FrameStore, asset: Asset, made: Rendition) -> dict[str, Any]:
    base = Fraction(asset.time_base_num or 0, asset.time_base_den or 1)
    length = None if made.duration_pts is None else round(float(made.duration_pts * base), 6)
    return {
        "kind": made.kind,
        "path": store.path_or_url(made.key),
        "bytes": made.size_bytes,
        "width": made.width,
        "height": made.height,
        "duration": length,
        "made_at": _iso(made.made_at),
        "settings": made.settings,
    }


def versions_of(database: Database, reference: Reference) -> list[dict[str, Any]]:
    """What lay, in order, where this asset lies or lay."""
    with database.session() as session:
        found = versions.versions_of(session, resolve(session, reference))
        visible = set(seen(session, [entry["asset"] for entry in found]))
        return [_plain(entry) for entry in found if entry["asset"] in visible]


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {k: _iso(v) if isinstance(v, datetime) else v for k, v in entry.items()}


def _columns(row: Asset) -> dict[str, Any]:
    hidden = {
        *("words", "spellings", "metadata", "sidecars", "sample", "speaking", "roll_basis"),
    }
    body = {
        column.key: getattr(row, column.key)
        for column in Asset.__table__.columns
        if column.key not in hidden
    }
    body["metadata"] = row.metadata_
    body["speaking"] = _speaking(row)
    return _plain(body)


def _speaking(row: Asset) -> list[list[float]] | None:
    """From and to which second somebody speaks, each time; None if nobody has listened."""
    base = Fraction(row.time_base_num or 0, row.time_base_den or 1)
    if row.speaking is None:
        return None
    edges = [(part.lower or 0, part.upper or 0) for part in row.speaking]
    return [[round(float(at * base), 3) for at in part] for part in edges]


def _clip(store: FrameStore, asset: Asset, entry: Row[Any]) -> dict[str, Any]:
    values: tuple[Any, ...] = tuple(entry)
    clip, frame_id, pts, picture, frames, collapsed = values
    base = Fraction(asset.time_base_num or 0, asset.time_base_den or 1)
    rate = (
        Fraction(asset.frame_rate_num, asset.frame_rate_den)
        if asset.frame_rate_num and asset.frame_rate_den
        else None
    )
    start, end = clip.start_pts * base, clip.end_pts * base
    return {
        "id": clip.id,
        "kind": clip.kind,
        "roll": clip.roll,
        "roll_confidence": None if clip.roll_confidence is None else round(clip.roll_confidence, 4),
        "roll_by_person": clip.roll_by_person,
        "flag": clip.flag,
        "start": round(float(start), 6),
        "end": round(float(end), 6),
        "timecode_in": timecode_at(asset.start_timecode, rate, start),
        "timecode_out": timecode_at(asset.start_timecode, rate, end),
        "text": clip.text,
        "frames": frames or 0,
        "collapsed": int(collapsed or 0),
        "frame": None
        if frame_id is None
        else {
            "id": frame_id,
            "at": round(float(pts * base), 6),
            "picture": store.path_or_url(picture),
        },
    }


def tag(
    database: Database, references: Sequence[Reference], names: Sequence[str], *, remove: bool
) -> list[int]:
    """Put tags on assets, or take them off; the assets' ids."""
    clean = [clean_label(name, "tag") for name in names]
    with database.session() as session:
        ids = [resolve(session, reference) for reference in references]
        if remove:
            assets.remove_tags(session, ids, clean)
        else:
            assets.add_tags(session, ids, clean)
        audit.note(session, "tag.remove" if remove else "tag.add", ids, tags=clean)
    return ids


def collect(database: Database, references: Sequence[Reference], name: str | None) -> list[int]:
    """Put assets into a collection, or (None) into none; the assets' ids."""
    clean = None if name is None else clean_label(name, "collection")
    with database.session() as session:
        check_collection(session, clean)
        ids = [resolve(session, reference) for reference in references]
        before = assets.collections_of(session, ids)
        assets.set_collection(session, ids, clean)
        audit.note(session, "collection", ids, before=before, now=clean)
    return ids


def remove(database: Database, store: FrameStore, references: Sequence[Reference]) -> list[int]:
    """Forget assets: rows, vectors and pictures. No file of anybody's is touched."""
    with database.session() as session:
        ids = [resolve(session, reference) for reference in references]
        names = assets.names_of(session, ids)
        fingerprints = assets.delete_assets(session, ids)
        audit.note(session, "remove", ids, before=names)
    # After the commit: a picture without a row is waste, a row without its picture a fault.
    delete_files_of(store, *fingerprints)
    return ids


def named(database: Database, references: Sequence[Reference]) -> list[tuple[int, str, float]]:
    """Id, name and seconds of each of these assets, each once."""
    with database.session() as session:
        ids = dict.fromkeys(resolve(session, reference) for reference in references)
        rows = [assets.get_asset(session, asset_id) for asset_id in ids]
        return [(row.id, row.name, row.duration or 0.0) for row in rows if row is not None]


def proxy_settings(lines: int) -> ProxySettings:
    """How proxies of so many lines are made.

    Raises
    ------
    InvalidInputError
        If there cannot be so many.
    """
    if not 16 <= lines <= 2160:
        raise InvalidInputError(
            f"A proxy cannot have {lines} lines; expected 16 to 2160.",
            remedy=f"Leave it out for {DEFAULT_LINES}.",
        )
    return ProxySettings(lines=lines)


def poster(database: Database, clip: int, frame: int) -> None:
    """Let a frame stand for its clip.

    Raises
    ------
    NotFoundError
        If the clip has no such frame.
    """
    with database.session() as session:
        asset_id = clip_asset(session, clip)
        if not renditions.choose_poster(session, clip, frame):
            raise NotFoundError(
                f"Clip {clip} has no frame {frame}; expected one of its own.",
                remedy="`catalog sql` lists them: catalog.frames has clip_id and frame_id.",
                clip=clip,
                frame=frame,
            )
        audit.note(session, "poster", [asset_id], clip=clip, frame=frame)


def retry(database: Database, references: Sequence[Reference] = ()) -> list[int]:
    """Make failed work due again: of these assets, or all; the assets' ids."""
    with database.session() as session:
        ids = [resolve(session, reference) for reference in references]
        due = stages.retry_failed(session, ids or None)
        again = sorted({asset_id for asset_id, _ in due})
        audit.note(session, "retry", again)
    return again


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


__all__ = [
    "Reference",
    "collect",
    "list_assets",
    "poster",
    "remove",
    "retry",
    "show",
    "tag",
    "versions_of",
]
