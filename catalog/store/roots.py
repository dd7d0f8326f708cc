"""Roots: the folder trees the catalogue may read."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Root
from catalog.domain.paths import path_from_raw, raw_path, shown_path


def list_roots(session: Session) -> list[tuple[int, Path]]:
    """Every root's id and path, longest path first, so that the innermost matches first."""
    rows = session.execute(select(Root.id, Root.raw_path)).all()
    roots = [(row.id, path_from_raw(row.raw_path)) for row in rows]
    return sorted(roots, key=lambda root: len(root[1].parts), reverse=True)


def ensure_root(session: Session, folder: Path) -> int:
    """The id of the root at ``folder``, made if it is new."""
    raw = raw_path(folder)
    session.execute(
        insert(Root)
        .values(path=shown_path(raw), raw_path=raw)
        .on_conflict_do_nothing(index_elements=[Root.raw_path])
    )
    return session.execute(select(Root.id).where(Root.raw_path == raw)).scalar_one()
