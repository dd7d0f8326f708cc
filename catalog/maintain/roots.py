"""Roots by path: enter, set, list and forget the folder trees the catalogue reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.paths import full_path, shown_path
from catalog.domain.root_settings import clean_sampling, sampling_at, setting_named
from catalog.domain.watching import WatchSettings
from catalog.errors import (
    InvalidInputError,
    NotFoundError,
    OutsideRootError,
    PathNotFoundError,
)
from catalog.media.frame_store import FrameStore, delete_files_of
from catalog.store import assets, audit, roots, watching
from catalog.store.roots import RootRow

# What becomes of assets that have no file outside of the root that is forgotten.
Fate = Literal["keep", "forget"]
_PROXY = "proxy"


def list_all(database: Database) -> list[dict[str, Any]]:
    """Every root, by path: what was set for it, what holds there, and how much lies in it."""
    with database.session() as session:
        rows = roots.describe_roots(session)
    return [_described(row, rows) for row in rows]


def add(
    database: Database, path: Path, sampling: Mapping[str, Any], proxy: str | None = None
) -> dict[str, Any]:
    """Enter a folder as a root, with what is set for it; one that is there gets the settings.

    Files of a root above it that lie in it are its own from now on.

    Raises
    ------
    PathNotFoundError
        If there is no such folder.
    InvalidInputError
        If it is no folder, or a setting cannot be used.
    """
    folder, clean = full_path(path), clean_sampling(sampling)
    _check_proxy(proxy)
    _check_folder(folder)
    with database.session() as session:
        known = roots.list_roots(session)
        new = folder not in [root for _, root in known]
        root_id = roots.ensure_root(session, folder)
        moved = 0
        above = _above(folder, known)
        if new and above is not None:
            outer, root = above
            moved = roots.move_in(
                session, outer=outer, inner=root_id, below=folder.relative_to(root)
            )
        _merge(session, root_id, clean, ())
        if proxy is not None:
            roots.set_proxy(session, root_id, proxy)
        body = _one(session, root_id)
        audit.note(session, "root.add", path=body["path"], now=body["set"])
    return {**body, "new": new, "files_taken_over": moved}


def change(
    database: Database,
    path: Path,
    sampling: Mapping[str, Any],
    unset: Sequence[str],
    proxy: str | None = None,
) -> dict[str, Any]:
    """Set, or (``unset``) leave to the root above, what holds for a root.

    It holds for what is analysed from now on.

    Raises
    ------
    NotFoundError
        If there is no such root.
    InvalidInputError
        If a setting cannot be used, or nothing is to be changed.
    """
    _check_proxy(proxy)
    open_proxy = _PROXY in unset
    clean = clean_sampling(sampling)
    names = [setting_named(name) for name in unset if name != _PROXY]
    if not clean and not names and proxy is None and not open_proxy:
        raise InvalidInputError(
            "Nothing is to be set; expected at least one setting.",
            remedy="Write `catalog root set PATH --similarity 4`, or --unset similarity.",
        )
    with database.session() as session:
        root_id, _ = _find(session, path)
        before = _one(session, root_id)["set"]
        _merge(session, root_id, clean, names)
        if proxy is not None or open_proxy:
            roots.set_proxy(session, root_id, proxy)
        body = _one(session, root_id)
        audit.note(session, "root.set", path=body["path"], before=before, now=body["set"])
        return body


def watch(
    database: Database, path: Path, settings: WatchSettings, *, accept: bool = False
) -> dict[str, Any]:
    """Have a folder watched like this, and no longer as before; it becomes a root if it is none.

    With ``accept`` the folder that is there now is the root's, whatever was there before.

    Raises
    ------
    PathNotFoundError, InvalidInputError
        If there is no such folder, and it is no root whose storage may be away.
    """
    folder = full_path(path)
    with database.session() as session:
        known = any(root == folder for _, root in roots.list_roots(session))
    if not known or accept:
        add(database, path, {})
    with database.session() as session:
        root_id, _ = _find(session, path)
        watching.set_watch(session, root_id, settings)
        if accept:
            state = folder.stat()
            watching.note_folder(session, root_id, state.st_dev, state.st_ino)
        body = _one(session, root_id)
        audit.note(session, "root.watch", path=body["path"], now=body["watch"])
        return body


def unwatch(database: Database, path: Path) -> dict[str, Any]:
    """Have a root watched no more; what is known of its files stays.

    Raises
    ------
    NotFoundError
        If there is no such root.
    """
    with database.session() as session:
        root_id, _ = _find(session, path)
        watching.set_watch(session, root_id, None)
        body = _one(session, root_id)
        audit.note(session, "root.unwatch", path=body["path"])
        return body


def holding(database: Database, path: str | os.PathLike[str]) -> Path:
    """The path, if it lies below a root, all links followed.

    Raises
    ------
    OutsideRootError
        If it does not, or is no absolute path.
    """
    text = os.fspath(path)
    with database.session() as session:
        known = [root for _, root in roots.list_roots(session)]
    if "\0" not in text and Path(text).is_absolute():
        full = full_path(Path(text))
        try:
            real = Path(os.path.realpath(full))
        except (OSError, ValueError):  # longer than any path
            real = None
        reals = [Path(os.path.realpath(root)) for root in known]
        if (
            real is not None
            and any(full.is_relative_to(root) for root in known)
            and any(real.is_relative_to(root) for root in reals)
        ):
            return full
    raise OutsideRootError(
        f"{shown_path(text)[:200]} is below no root of the catalogue.",
        remedy="Name a file or folder below one of its roots, by its absolute path; "
        "`catalog root add` enters another.",
    )


def forget(database: Database, store: FrameStore, path: Path, fate: Fate | None) -> dict[str, Any]:
    """Forget a root. No file of anybody's is touched.

    Within another root its files become that one's. Else the catalogue forgets
    where they lie; of assets that have no other file, ``fate`` says whether they
    are kept (found, and shown by their pictures, but without a file) or
    forgotten as well.

    Raises
    ------
    NotFoundError
        If there is no such root.
    InvalidInputError
        If there are such assets and nothing was said of them.
    """
    if fate not in (None, "keep", "forget"):
        raise InvalidInputError(
            f"{fate!r} cannot become of assets; expected keep or forget.",
            remedy="Write --assets keep, or --assets forget.",
        )
    with database.session() as session:
        root_id, folder = _find(session, path)
        others = [each for each in roots.list_roots(session) if each[0] != root_id]
        above = _above(folder, others)
        moved = 0
        if above is not None:
            outer, root = above
            moved = roots.move_out(
                session, outer=outer, inner=root_id, below=folder.relative_to(root)
            )
        alone = roots.only_here(session, root_id)
        _check_fate(folder, alone, fate)
        fingerprints = assets.delete_assets(session, alone) if fate == "forget" else []
        roots.delete_root(session, root_id)
        audit.note(session, "root.remove", alone, path=shown_path(folder), fate=fate)
    # After the commit: a picture without a row is waste, a row without its picture a fault.
    delete_files_of(store, *fingerprints)
    return {
        "path": shown_path(folder),
        "files_given_to": None if above is None else shown_path(above[1]),
        "files_given": moved,
        "assets_without_file": 0 if fate == "forget" else len(alone),
        "assets_forgotten": len(fingerprints),
    }


def _check_folder(folder: Path) -> None:
    try:
        there = folder.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL, for any file
        there = False
    if not there:
        raise PathNotFoundError(
            f"{shown_path(folder)} does not exist; expected a folder.",
            remedy="Check the spelling, and that the storage is mounted.",
            path=shown_path(folder),
        )
    if not folder.is_dir():
        raise InvalidInputError(
            f"{shown_path(folder)} is no folder; a root is a folder and all below it.",
            remedy=f"Name its folder, {shown_path(folder.parent)}.",
            path=shown_path(folder),
        )


def _check_proxy(policy: str | None) -> None:
    if policy not in (None, "always", "never"):
        raise InvalidInputError(
            f"{policy!r} is no rule for proxies; expected always or never.",
            remedy="Write --proxy always, or --unset proxy to leave it to the root above.",
        )


def _check_fate(folder: Path, alone: Sequence[int], fate: Fate | None) -> None:
    if alone and fate is None:
        raise InvalidInputError(
            f"{len(alone)} asset(s) have no file but in {shown_path(folder)}; expected to be told"
            " what becomes of them.",
            remedy="Write --assets keep (they stay searchable, without a file, until one is met "
            "again) or --assets forget (with vectors and pictures). Files are touched by neither.",
            assets=len(alone),
        )


def _above(folder: Path, known: Sequence[tuple[int, Path]]) -> tuple[int, Path] | None:
    """The deepest root above a folder; ``known`` is in the order of `roots.list_roots`."""
    for root_id, root in known:
        if folder != root and folder.is_relative_to(root):
            return root_id, root
    return None


def _find(session: Session, path: Path) -> tuple[int, Path]:
    folder = full_path(path)
    for root_id, root in roots.list_roots(session):
        if root == folder:
            return root_id, folder
    raise NotFoundError(
        f"{shown_path(folder)} is no root of the catalogue.",
        remedy="List the roots with `catalog root list`.",
    )


def _merge(
    session: Session, root_id: int, sampling: Mapping[str, Any], unset: Sequence[str]
) -> None:
    if sampling or unset:
        own = roots.own_sampling(session, root_id)
        kept = {name: value for name, value in own.items() if name not in unset}
        roots.set_sampling(session, root_id, {**kept, **sampling})


def _one(session: Session, root_id: int) -> dict[str, Any]:
    rows = roots.describe_roots(session)
    return next(_described(row, rows) for row in rows if row.id == root_id)


def _proxy_at(row: RootRow, rows: Sequence[RootRow]) -> str:
    """What holds for proxies in a root: what the deepest root above it, or itself, says."""
    said = [each for each in rows if each.proxy and row.path.is_relative_to(each.path)]
    deepest = max(said, key=lambda each: len(each.path.parts), default=None)
    return "never" if deepest is None or deepest.proxy is None else deepest.proxy


def _described(row: RootRow, rows: Sequence[RootRow]) -> dict[str, Any]:
    holds = sampling_at(row.path, [(each.path, each.sampling) for each in rows])
    return {
        "id": row.id,
        "path": shown_path(row.path),
        "watched": row.watched,
        "watch": asdict(WatchSettings.of(row.watch)) if row.watched else None,
        "paused": None if row.paused_at is None else row.paused_at.isoformat(),
        "paused_why": row.paused_why,
        "files": row.files,
        "failed": row.failed,
        "assets": row.assets,
        "set": {**row.sampling, **({} if row.proxy is None else {_PROXY: row.proxy})},
        "proxy": _proxy_at(row, rows),
        "sampling": asdict(holds),
    }
