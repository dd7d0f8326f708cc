"""What a file system says of a file, without the file being read."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as one look at it found it.

    Attributes
    ----------
    size:
        Bytes.
    modified_ns:
        When its content was last written, nanoseconds since 1970. Programs may set it.
    changed_ns:
        When its content, name or attributes last changed. No program can set it.
        None where nobody had noted it.
    device, inode:
        Which file it is as long as it exists, whatever its names; or None.
    """

    size: int
    modified_ns: int
    changed_ns: int | None = None
    device: int | None = None
    inode: int | None = None

    @classmethod
    def of(cls, stat: os.stat_result) -> FileState:
        """The part of a ``stat`` that counts here."""
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_dev, stat.st_ino)

    def is_file(self, other: FileState) -> bool:
        """Whether both are states of one and the same file."""
        return self.inode is not None and (self.device, self.inode) == (other.device, other.inode)

    def written_as(self, other: FileState) -> bool:
        """Whether both have the same size and time of writing."""
        return (self.size, self.modified_ns) == (other.size, other.modified_ns)

    def untouched_since(self, other: FileState) -> bool:
        """Whether nothing can have been written since ``other``, a state of the same path.

        Where the time of change was never noted, the time of writing has to do.
        """
        return self.written_as(other) and other.changed_ns in (None, self.changed_ns)
