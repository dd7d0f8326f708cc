"""To and from editing programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalog.api.base import OpenCatalog, StrPath
from catalog.domain.progress import Progress, Silent
from catalog.maintain.bins import BinReference
from catalog.store import named


class ExportVerbs(OpenCatalog):
    """The verbs that hand over to editing programs, and take back."""

    def export(
        self,
        bin_: BinReference,
        *,
        format: str,  # as the option is called
        file: StrPath | None = None,
        force: bool = False,
        maps: Sequence[str] = (),
        relative: bool = False,
        handles: int = 0,
        rate: str | None = None,
        start: str | None = None,
    ) -> dict[str, Any]:
        """Write a bin as a file that an editing program opens.

        The clips are laid one after the other, from their own essence's timecode.

        Parameters
        ----------
        format:
            ``edl``, ``otio``, ``fcpxml``, ``fcp7xml``, ``aaf``, ``ale``, ``csv`` or ``pdf``.
        file:
            None: called as the bin is, in the working folder.
        force:
            Replace a file that is there.
        maps:
            ``FROM=TO``: what lies below ``FROM`` here lies below ``TO`` for the reader.
        relative:
            Write paths below their root instead of absolute ones.
        handles:
            Frames more on either side, as far as the essence goes.
        rate:
            Frames per second of the timeline (``25``, ``29.97``); None: that of most clips.
        start:
            The timeline's first timecode; None is one hour.

        Returns
        -------
        dict
            ``bin``, ``format``, ``file``, ``bytes``, ``clips`` (written), ``rate``,
            ``drop_frame``, ``start`` and ``frames`` of the timeline, ``rates`` (how many clips
            of each), ``offline`` and ``uneven`` (names of media that are away, or whose frames
            are unevenly spaced), ``unmapped`` (paths that no mapping fitted) and ``left_out``:
            what the format cannot carry, each ``{"what", "reason", "position", "clip", "name"}``.

        Raises
        ------
        NotFoundError
            If there is no such bin.
        InvalidInputError
            If the format or another argument cannot be used, the bin is empty, nothing of
            it can be carried, or the file cannot be written.
        ConflictError
            If there is a file of that name.
        """
        from catalog.export.bins import ExportOptions, export_to

        options = ExportOptions(tuple(maps), relative, handles, rate, start)
        return export_to(
            self.database,
            self.store,
            bin_,
            options,
            format_name=format,
            file=None if file is None else Path(file),
            force=force,
        )

    def exported(
        self,
        bin_: BinReference,
        *,
        format: str,  # as the option is called
        maps: Sequence[str] = (),
        relative: bool = False,
        handles: int = 0,
        rate: str | None = None,
        start: str | None = None,
    ) -> tuple[bytes, dict[str, Any]]:
        """A bin as the bytes of such a file, and what `export` says of it; for a download.

        The report has ``name`` (a file's name for it) and ``media_type`` in place of ``file``.

        Raises
        ------
        NotFoundError, InvalidInputError
            As `export`.
        """
        from catalog.export.bins import ExportOptions, export_bin, file_name

        options = ExportOptions(tuple(maps), relative, handles, rate, start)
        made = export_bin(self.database, self.store, bin_, options, format_name=format)
        name = f"{file_name(made.report['bin'])}{made.format.suffix}"
        about = {"name": name, "media_type": made.format.media_type, "bytes": len(made.data)}
        return made.data, {**made.report, **about}

    def import_log(
        self, file: StrPath, *, remove: bool = False, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Take in what a log or a timeline says of catalogued assets.

        Its rows become subclips, markers too, and fill what nobody has written of an asset:
        description, reel, scene, take, tags, metadata. A row means the asset that has the
        name of its file or its tape, and its timecode. Importing the same again changes
        nothing; importing a changed file puts the new in the place of the old.

        Parameters
        ----------
        file:
            ``.ale``, ``.edl``, ``.csv``, ``.otio``, ``.fcpxml``, ``.xml`` (Final Cut Pro 7,
            Premiere), ``.aaf``, or a package: ``.fcpxmld``, ``.otiod``, ``.otioz``.
        remove:
            Take back what was imported from a file of this path; it need not be there.

        Returns
        -------
        dict
            ``file``, ``kind``, ``rows``, ``matched`` (rows), ``assets`` (ids they speak of),
            ``added`` and ``removed`` (subclips), ``changed`` (ids of assets) and
            ``unmatched``: each ``{"row", "name", "timecode_in", "timecode_out", "text",
            "reason"}``.

        Raises
        ------
        PathNotFoundError
            If there is no such file.
        NotFoundError
            If there is nothing to take back.
        InvalidInputError
            If it is too large, or no log that is known.
        """
        from catalog.export import logs

        if remove:
            return logs.remove_log(self.database, Path(file)).as_json()
        return logs.import_log(self.database, Path(file), progress or Silent()).as_json()

    def import_sent_log(
        self, name: str, content: bytes, *, replace: bool = False, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Take in a log that is no file here: its bytes, under the name it has elsewhere.

        It is kept in ``CATALOG_HOME/logs``, in a folder of whoever sends it. Sending the same
        again changes nothing; another one of the same name is refused, unless ``replace``
        has it take the place of the one before.

        Returns
        -------
        dict
            What `import_log` says, ``file`` being the name, with ``kept``: the path under
            which it is taken back.

        Raises
        ------
        InvalidInputError
            If it is no log that is known, or not what its name says.
        ConflictError
            If another one of that name stands.
        """
        from catalog.export.sent_logs import take_in

        folder = self.settings.home / "logs"
        told = progress or Silent()
        return take_in(self.database, folder, name, content, told, replace=replace)

    def imported_logs(self) -> list[dict[str, Any]]:
        """The logs that were taken in, the latest first.

        Each with ``file`` (its path, which `import_log` takes back), ``name``, ``kind``,
        ``assets`` (how many it speaks of), ``subclips`` and ``read_at``.
        """
        with self.database.session() as session:
            return named.imported_logs(session)
