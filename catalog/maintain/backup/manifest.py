"""What a backup says of itself, in its first and its last member."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from catalog.errors import InvalidInputError

FORMAT = 1


class BackupError(InvalidInputError):
    """A file is no backup, is damaged, or is of a newer program."""

    code = "backup_unusable"


@dataclass(frozen=True, slots=True)
class Header:
    """What must be known before anything else is read."""

    format: int
    program: str
    revision: str
    made_at: str

    def as_json(self) -> bytes:
        """As the archive's first member."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, content: bytes, file: str) -> Header:
        """Read the first member; `BackupError` if it is none of a backup we know."""
        try:
            said = json.loads(content)
            header = cls(*(_as(kind, said[name]) for name, kind in _HEADER.items()))
            if not all(_PLAIN.fullmatch(str(said[name])) for name in _HEADER):
                raise ValueError("no version, revision or date")  # noqa: TRY301
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BackupError(
                f"{file} is no backup of a catalogue: its first member cannot be understood.",
                remedy="Name a file that `catalog backup` wrote.",
            ) from error
        if header.format > FORMAT:
            raise BackupError(
                f"{file} is a backup of format {header.format}, written by program version "
                f"{header.program}; this program reads formats up to {FORMAT}.",
                remedy="Upgrade this program.",
            )
        return header


# These are said to people before any checksum was compared.
_PLAIN = re.compile(r"[A-Za-z0-9_.:+-]{1,64}")
_HEADER: Mapping[str, type] = {"format": int, "program": str, "revision": str, "made_at": str}


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table's columns, its rows, and size and SHA-256 of the stream they were copied as."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Frames:
    """What is in the backup of the frame store, and what was not there to be taken."""

    included: bool
    folder: str
    count: int
    bytes: int
    missing: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a backup holds.

    ``identities`` are (table, column, next number); ``sums`` the SHA-256 over all
    lists of checksums, and ``members`` how many members those name.
    """

    header: Header
    server: str
    encoders: tuple[dict[str, Any], ...]
    tables: tuple[TableEntry, ...]
    identities: tuple[tuple[str, str, int], ...]
    frames: Frames
    members: int
    sums: str

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """For the archive and for programs."""
        body = asdict(self)
        return {**body.pop("header"), **body}

    @classmethod
    def read(cls, content: bytes, header: Header, file: str) -> Manifest:
        """Read the archive's last member; `BackupError` if it is not as we write it."""
        try:
            said = json.loads(content)
            again = cls(
                header=Header(*(said[name] for name in _HEADER)),
                server=_as(str, said["server"]),
                encoders=tuple(_as(dict, each) for each in said["encoders"]),
                tables=tuple(_table(each) for each in said["tables"]),
                identities=tuple(
                    (_as(str, table), _as(str, column), _as(int, number))
                    for table, column, number in said["identities"]
                ),
                frames=Frames(**said["frames"]),
                members=_as(int, said["members"]),
                sums=_as(str, said["sums"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BackupError(
                f"{file} is damaged: its manifest cannot be understood.",
                remedy="Take another backup.",
            ) from error
        if again.header != header:
            raise BackupError(
                f"{file} is damaged: its beginning and its end are of different backups.",
                remedy="Take another backup.",
            )
        return again


def _table(said: dict[str, Any]) -> TableEntry:
    columns = tuple((_as(str, name), _as(str, kind)) for name, kind in said["columns"])
    numbers = (_as(int, said["rows"]), _as(int, said["bytes"]))
    return TableEntry(_as(str, said["name"]), columns, *numbers, _as(str, said["sha256"]))


def _as(kind: type, value: Any) -> Any:  # noqa: ANN401  # whatever JSON held
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, found {value!r}")
    return value
