"""Roots: the folder trees the catalogue may read, and what is set for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Location, Root, Stage
from catalog.domain.paths import path_from_raw, raw_path, shown_path


@dataclass(frozen=True, slots=True)
class RootRow:
    """One root, what was set for it, and how much lies in it.

    ``failed`` counts files that could not be entered, and those whose asset has failed work.
    """

    id: int
    path: Path
    watched: bool
    watch: dict[str, Any]
    paused_at: datetime | None
    paused_why: str | None
    sampling: dict[str, Any]
    proxy: str | None
    files: int
    assets: int
    failed: int


def list_roots(session: Session) -> list[tuple[int, Path]]:
    """Every root's id and path, longest path first, so that the innermost matches first."""
    rows = session.execute(select(Root.id, Root.raw_path)).all()
    roots = [(row.id, path_from_raw(row.raw_path)) for row in rows]
    return sorted(roots, key=lambda root: len(root[1].parts), reverse=True)


def describe_roots(session: Session) -> list[RootRow]:
    """Every root with its settings and figures, by path."""
    failed = select(Stage.asset_id).where(Stage.state == "failed").distinct().subquery()
    rows = session.execute(
        select(
            Root.id,
            Root.raw_path,
            Root.watched,
            Root.watch,
            Root.paused_at,
            Root.paused_why,
            Root.sampling,
            Root.proxy,
            func.count(Location.id),
            func.count(Location.asset_id.distinct()),
            func.count(Location.id).filter(
                or_(Location.error_code.is_not(None), failed.c.asset_id.is_not(None))
            ),
        )
        .outerjoin(Location, Location.root_id == Root.id)
        .outerjoin(failed, failed.c.asset_id == Location.asset_id)
        .group_by(Root.id)
        .order_by(Root.path)
    )
    return [RootRow(row[0], path_from_raw(row[1]), *row[2:]) for row in rows]


def ensure_root(session: Session, folder: Path) -> int:
    """The id of the root at ``folder``, made if it is new."""
    raw = raw_path(folder)
    session.execute(
        insert(Root)
        .values(path=shown_path(raw), raw_path=raw)
        .on_conflict_do_nothing(index_elements=[Root.raw_path])
    )
    return session.execute(select(Root.id).where(Root.raw_path == raw)).scalar_one()


def list_with_sampling(session: Session) -> list[tuple[Path, dict[str, Any]]]:
    """Every root, and what is set for it of how pictures are sampled, in one statement."""
    rows = session.execute(select(Root.raw_path, Root.sampling))
    return [(path_from_raw(raw), said) for raw, said in rows]


def sampling_settings(session: Session) -> list[tuple[Path, dict[str, Any]]]:
    """The roots for which something is set of how pictures are sampled, and what."""
    rows = session.execute(select(Root.raw_path, Root.sampling).where(Root.sampling != {}))
    return [(path_from_raw(raw), said) for raw, said in rows]


def own_sampling(session: Session, root_id: int) -> dict[str, Any]:
    """What is set for this root itself; locks its row, for who is about to change it."""
    own: dict[str, Any] = session.execute(
        select(Root.sampling).where(Root.id == root_id).with_for_update()
    ).scalar_one()
    return own


def set_sampling(session: Session, root_id: int, sampling: Mapping[str, Any]) -> None:
    """Put these settings in the place of the root's earlier ones."""
    session.execute(update(Root).where(Root.id == root_id).values(sampling=dict(sampling)))


def proxy_policies(session: Session) -> list[tuple[Path, str]]:
    """The roots that say whether proxies are made unasked, and what they say."""
    rows = session.execute(select(Root.raw_path, Root.proxy).where(Root.proxy.is_not(None)))
    return [(path_from_raw(raw), said) for raw, said in rows if said is not None]


def set_proxy(session: Session, root_id: int, policy: str | None) -> None:
    """Say whether proxies are made unasked of what lies in a root; None: as above it."""
    session.execute(update(Root).where(Root.id == root_id).values(proxy=policy))


def move_in(session: Session, *, outer: int, inner: int, below: Path) -> int:
    """Give a root the files of the outer one that lie in it; how many.

    ``below`` is the inner root's path below the outer's.
    """
    raw, shown = raw_path(below) + os.sep.encode(), shown_path(below) + os.sep
    size = len(raw)
    there = func.substring(Location.raw_path, 1, size) == literal(raw)
    return _changed(
        session.execute(
            update(Location)
            .where(Location.root_id == outer, there)
            .values(
                root_id=inner,
                raw_path=func.substring(Location.raw_path, size + 1),
                path=func.substr(Location.path, len(shown) + 1),
            )
        )
    )


def move_out(session: Session, *, outer: int, inner: int, below: Path) -> int:
    """Give a root's files to the outer one above it, but for those it has already; how many."""
    raw, shown = raw_path(below) + os.sep.encode(), shown_path(below) + os.sep
    known = aliased(Location)
    whole = literal(raw).op("||")(Location.raw_path)
    known_there = exists().where(and_(known.root_id == outer, known.raw_path == whole))
    return _changed(
        session.execute(
            update(Location)
            .where(Location.root_id == inner, ~known_there)
            .values(root_id=outer, raw_path=whole, path=literal(shown).op("||")(Location.path))
        )
    )


def only_here(session: Session, root_id: int) -> list[int]:
    """Ids of the assets that have files in this root and in no other."""
    elsewhere = aliased(Location)
    other = exists().where(
        and_(elsewhere.asset_id == Location.asset_id, elsewhere.root_id != root_id)
    )
    statement = (
        select(Location.asset_id)
        .where(Location.root_id == root_id, Location.asset_id.is_not(None), ~other)
        .distinct()
        .order_by(Location.asset_id)
    )
    return [asset_id for asset_id in session.execute(statement).scalars() if asset_id is not None]


def delete_root(session: Session, root_id: int) -> None:
    """Forget a root, and which files lie in it. Their assets stay."""
    session.execute(delete(Root).where(Root.id == root_id))


def _changed(result: Any) -> int:  # noqa: ANN401  # SQLAlchemy types it as Result
    return int(result.rowcount)
