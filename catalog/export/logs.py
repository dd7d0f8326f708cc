"""Taking in the logs and timelines of other programs: subclips and descriptions of assets.

What a file says is kept with the file, as what a sidecar says is (`catalog.ingest.sidecars`):
importing it again, changed or not, puts the new in the place of the old, and it can be taken
back whole. Unlike a sidecar it stays when the file goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.db.models import Asset
from catalog.domain.log_matching import Known, Matched, Unmatched, forms_of, match
from catalog.domain.paths import full_path, raw_path, shown_path
from catalog.domain.progress import Progress
from catalog.domain.sidecars import LogEntry, Said, Sidecar, SidecarKind, said_of
from catalog.domain.timecode import timecode_at
from catalog.errors import NotFoundError, PathNotFoundError
from catalog.export.log_files import read_log
from catalog.ingest.sidecar_effects import Spoken, as_json, essence_of, settle_asset
from catalog.interchange.packages import FOLDERS
from catalog.media.sidecars import Candidate
from catalog.store import assets, audit, named
from catalog.store.sidecars import SidecarRow

_STAGE = "import"


@dataclass(slots=True)
class ImportReport:
    """What became of a log: rows, the assets they speak of, and the rows of none."""

    file: str
    kind: str
    rows: int = 0
    matched: int = 0
    assets: list[int] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    changed: list[int] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "file": self.file,
            "kind": self.kind,
            "rows": self.rows,
            "matched": self.matched,
            "assets": self.assets,
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "unmatched": [_row(each) for each in self.unmatched],
        }


def _row(each: Unmatched) -> dict[str, Any]:
    entry = each.entry
    return {
        "row": each.row,
        "name": next(iter((*entry.files, *entry.reels)), None),
        "timecode_in": entry.timecode_in,
        "timecode_out": entry.timecode_out,
        "text": entry.text,
        "reason": each.reason,
    }


def import_log(database: Database, file: Path, progress: Progress) -> ImportReport:
    """Take in a log; see `catalog.api.Catalog.import_log`.

    Raises
    ------
    PathNotFoundError, InvalidInputError
        If there is no such file, it is too large, or no log that is known.
    """
    path = full_path(file)
    if not path.is_file() and not (path.suffix.lower() in FOLDERS and path.is_dir()):
        raise PathNotFoundError(
            f"{shown_path(path)} is no file.", remedy="Name the log that is to be imported."
        )
    kind, entries = read_log(path)
    report = ImportReport(shown_path(path), kind.value, rows=len(entries))
    with database.session() as session:
        matched = match(entries, _known(session, entries))
        former = set(named.imported_from(session, raw_path(path)))
    report.unmatched = matched.unmatched
    report.matched = len(entries) - len(matched.unmatched)
    report.assets = sorted(matched.of_asset)
    log = _Log(path, kind)
    told = sorted(former | set(matched.of_asset))
    progress.begin(_STAGE, len(told), "assets")
    for asset_id in told:
        with database.session() as session:
            log.settle(session, asset_id, matched, report)
        progress.advance(_STAGE, 1)
    progress.end(_STAGE)
    return report


def remove_log(database: Database, file: Path) -> ImportReport:
    """Take back what a file that was imported under this path said.

    Raises
    ------
    NotFoundError
        If none was.
    """
    path = full_path(file)
    report = ImportReport(shown_path(path), "")
    with database.session() as session:
        former = named.imported_from(session, raw_path(path))
    if not former:
        raise NotFoundError(
            f"Nothing was imported from {shown_path(path)}.",
            remedy="Name the file by the path it was imported from; see metadata.sidecar.",
        )
    log = _Log(path, SidecarKind.ALE)
    for asset_id in former:
        with database.session() as session:
            log.settle(session, asset_id, Matched(), report)
    return report


def _known(session: Session, entries: Sequence[LogEntry]) -> list[Known]:
    forms = forms_of(entries)
    found = named.assets_named(session, sorted(forms | {form.lower() for form in forms}))
    files = named.files_of(session, [asset.id for asset in found])
    return [_as_known(asset, files.get(asset.id, [])) for asset in found]


def _as_known(asset: Asset, files: Sequence[str]) -> Known:
    essence = essence_of(asset, [Path(file).name for file in files])
    addresses = ""
    if essence.rate is not None and essence.duration is not None:
        start = asset.start_timecode
        ends = (timecode_at(start, essence.rate, at) for at in (Fraction(0), essence.duration))
        addresses = " to ".join(filter(None, ends))
    return Known(
        asset.id,
        asset.name,
        essence,
        tuple(files),
        analysed=bool(essence.duration),
        addresses=addresses,
    )


class _Log:
    """One file, as what it says is written to asset after asset."""

    def __init__(self, path: Path, kind: SidecarKind) -> None:
        self._path, self._kind, self._raw = path, kind, raw_path(path)

    def settle(
        self, session: Session, asset_id: int, matched: Matched, report: ImportReport
    ) -> None:
        """Make the asset what this file, and all else, says of it now."""
        assets.lock_assets(session, [asset_id])
        asset = assets.get_asset(session, asset_id)
        if asset is None:
            return  # removed since
        before, said_before = named.clips_said(session, asset_id, self._raw), _told(asset)
        entries = matched.of_asset.get(asset_id, [])
        spoken = [self._spoken(session, asset, entries)] if entries else []
        seen = (asset.sidecars or {}).get("seen")
        taken_back = None if entries else self._raw
        settle_asset(session, asset_id, spoken, frozenset(), seen, taken_back=taken_back)
        session.flush()
        session.refresh(asset)
        after = named.clips_said(session, asset_id, self._raw)
        report.added += len(after - before)
        report.removed += len(before - after)
        if after != before or _told(asset) != said_before:
            report.changed.append(asset_id)
            facts = {"added": len(after - before), "removed": len(before - after)}
            audit.note(session, "log.import", [asset_id], file=shown_path(self._path), **facts)

    def _spoken(self, session: Session, asset: Asset, entries: Sequence[LogEntry]) -> Spoken:
        files = named.files_of(session, [asset.id]).get(asset.id, [])
        essence = essence_of(asset, [Path(file).name for file in files])
        said: Said = said_of(Sidecar(entries=tuple(entries)), essence, beside=False)
        state = self._path.stat()
        size, modified = state.st_size, state.st_mtime_ns
        file = Candidate(self._path, self._kind, size, modified, beside=False)
        row = SidecarRow(
            raw_path=self._raw,
            path=shown_path(self._path),
            kind=self._kind.value,
            size=size,
            modified_ns=modified,
            said=as_json(said, file),
            imported=True,
        )
        return Spoken(row, said.segments)


def _told(asset: Asset) -> tuple[Any, ...]:
    """What a log may change of an asset itself."""
    columns = (asset.title, asset.description, asset.language, asset.recorded, asset.reel)
    others = (asset.scene, asset.take, asset.rights, asset.creator, asset.credit)
    return (*columns, *others, asset.metadata_.get("sidecar"))
