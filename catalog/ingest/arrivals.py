"""The files of one run: found by their names, then registered a portion at a time.

What has to know all files before it can judge one asks for their names alone, and so all names
come first: whether there is anything to do, how much it is, a file that was named twice, frames
of one sequence (told by their folder) and camera cards (by theirs). Everything else is told of one
file and of what the catalogue knows: whether it is new, a copy, moved, or the next version of what
lay there. So what is registered may be analysed, and found, while the rest is still being read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.domain.cards import card_notice
from catalog.domain.labels import clean_label, clean_metadata
from catalog.domain.paths import full_path, shown_path
from catalog.domain.progress import Progress
from catalog.domain.results import Failure, IngestReport
from catalog.errors import CatalogError, MediaError
from catalog.ingest.analyse import Tools
from catalog.ingest.register import Registrar, find_files, is_there, root_folder, sequence_policy
from catalog.ingest.strangers import Strangers
from catalog.media.sequences import state_of
from catalog.store import assets

_MIB = 1 << 20
_LARGE = 256 * _MIB
# A portion is as much as analyses do in some seconds of one processor, or as is read in some of one
# disk: what waits for its turn is still in the system's memory then, and is not read again.
PORTION, PORTION_BYTES = 100, 4 << 30


@dataclass(frozen=True, slots=True)
class Labels:
    """What a person says of all files of one ingest."""

    collection: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def clean(
        cls, collection: str | None, tags: Sequence[str], metadata: Mapping[str, Any]
    ) -> Labels:
        """The labels as the catalogue keeps them.

        Raises
        ------
        InvalidInputError
            If one of them cannot be kept.
        """
        return cls(
            None if collection is None else clean_label(collection, "collection"),
            tuple(clean_label(tag, "tag") for tag in tags),
            clean_metadata(metadata),
        )


class Arrivals:
    """Registers the files of a run; what fails is in the report, the rest goes on.

    Parameters
    ----------
    report:
        Told what is registered, known and failed.
    verify:
        Whether files are read that were only moved; see `Registrar`.

    Attributes
    ----------
    paths:
        The files of each asset that was met so far, in that order.
    on_step:
        Called before each file, and after each MiB of one that is read; whether somebody waits for
        what there is, however little. What it raises breaks off.
    """

    def __init__(
        self, tools: Tools, report: IngestReport, progress: Progress, *, verify: bool
    ) -> None:
        self._database = tools.database
        self._policy = tools.policy
        self._report = report
        self._progress = progress
        self._verify = verify
        self._files: list[Path] = []
        self._folders: list[Path] = []
        self.paths: dict[int, list[Path]] = {}
        self.on_step: Callable[[], bool] = lambda: False

    def find(self, paths: Sequence[Path]) -> None:
        """Name every file below the paths.

        Raises
        ------
        PathNotFoundError, NoMediaError
            If there is nothing at all to work on; one such path among others is
            a failure in the report.
        """
        files: list[Path] = []
        problems: list[tuple[Path, CatalogError]] = []
        strangers = Strangers()
        policy_of = sequence_policy(self._database, self._policy)
        for item in find_files(paths, policy_of, strangers):
            if isinstance(item, Path):
                files.append(item)
            else:
                problems.append(item)
        if not files and problems:
            raise problems[0][1]
        for path, error in problems:
            self._fail(path, error)
        self._report.passed_over = strangers.counts()
        self._files = list(dict.fromkeys(files))  # overlapping paths name a file more than once
        self._folders = [root_folder(path) for path in map(full_path, paths) if is_there(path)]
        self._tell_cards()

    def portions(self, labels: Labels) -> Iterator[list[int]]:
        """Register what was found, in that order; the assets that each portion has brought.

        They have their labels then. An asset comes once, with the first of its files.
        """
        registrar = Registrar(self._database, self._folders, verify=self._verify)
        self._progress.begin("register", len(self._files), "files")
        brought: list[int] = []
        count = read = 0
        for path in self._files:
            size = bytes_of(path)
            full = count >= PORTION or read + size > PORTION_BYTES
            if (self.on_step() or full) and brought:
                self._label(brought, labels)
                yield brought
                brought, count, read = [], 0, 0
            found = self._register(registrar, path, size, labels)
            self._progress.advance("register", 1, shown_path(Path(path.name)))
            if found is not None:
                brought.append(found)
            count, read = count + 1, read + size
        self._progress.end("register")
        self._label(brought, labels)
        yield brought

    def _tell_cards(self) -> None:
        """Say, once for each, which folders are camera cards."""
        folders = {str(full_path(file).parent) for file in self._files}
        notices = dict(filter(None, map(card_notice, sorted(folders))))
        self._report.warnings += [
            Failure(shown_path(top), "card_structure", reason) for top, reason in notices.items()
        ]

    def _register(self, registrar: Registrar, path: Path, size: int, labels: Labels) -> int | None:
        """Register one file; its asset, if that was not met before in this run."""
        try:
            found = registrar.register(
                path, collection=labels.collection, progress=self._reading(path, size)
            )
        except MediaError as error:
            self._fail(path, error)
            return None
        self._report.registered += found.new
        self._report.known += not found.new
        self._report.unverified += not found.verified
        met = found.asset_id in self.paths
        self.paths.setdefault(found.asset_id, []).append(path)
        return None if met else found.asset_id

    def _reading(self, path: Path, size: int) -> Callable[[int], None]:
        """Tells how far a large file is read, which may take minutes."""
        told = 0

        def read(so_far: int) -> None:
            nonlocal told
            if size >= _LARGE:
                if told == 0:  # only now it is known that it has to be read
                    self._progress.begin("read", size / _MIB, "MiB")
                note = shown_path(Path(path.name))
                self._progress.advance("read", (so_far - told) / _MIB, note)
                told = so_far
            self.on_step()

        return read

    def _label(self, ids: Sequence[int], labels: Labels) -> None:
        if not (labels.collection is not None or labels.tags or labels.metadata):
            return
        with self._database.session() as session:
            assets.lock_assets(session, ids)
            if labels.collection is not None:
                assets.set_collection(session, ids, labels.collection)
            if labels.tags:
                assets.add_tags(session, ids, labels.tags)
            if labels.metadata:
                assets.add_metadata(session, ids, labels.metadata)

    def _fail(self, path: Path, error: CatalogError) -> None:
        self._report.failures.append(Failure.of(shown_path(path), error))


def bytes_of(path: Path) -> int:
    """How large a file is, or a sequence; 0 if it is gone."""
    try:
        return state_of(path).size
    except OSError:  # registering it says so
        return 0
