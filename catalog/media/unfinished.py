"""Does a file say of itself that it is still being written?

Recorders write some formats so that they can be read meanwhile, and finish
them at the end: such a file may rest for longer than a copy would.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_MXF_PARTITION = bytes.fromhex("060e2b34020501010d010201 01")
_MXF_RANDOM_INDEX = _MXF_PARTITION + b"\x11\x01"
_MXF_HEADER, _MXF_FOOTER = _MXF_PARTITION + b"\x02", _MXF_PARTITION + b"\x04"
_MXF_OPEN = (1, 3)
_LOOKED_AT = 64 * 1024  # as much as may precede an MXF header (SMPTE ST 377-1)
_MOST_BOXES = 1000


def unfinished(path: Path) -> bool:
    """Whether an MXF, QuickTime or MP4 file has not got its end yet; False of others.

    An MXF file whose header partition is open has a footer when it is finished
    (SMPTE ST 377-1); QuickTime and MP4 files have a ``moov`` box, and no box that goes
    beyond their end (ISO/IEC 14496-12). An empty file is none yet.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                return True
            suffix = path.suffix.lower()
            if suffix == ".mxf":
                return _mxf_open(file, size)
            if suffix in {".mov", ".qt", ".mp4", ".m4v"}:
                return _no_moov(file, size)
    except OSError:
        return False  # who reads it next will say why it cannot be read
    return False


def _mxf_open(file: BinaryIO, size: int) -> bool:
    head = file.read(_LOOKED_AT)
    at = head.find(_MXF_HEADER)
    if at < 0 or at + 15 > len(head) or head[at + 14] not in _MXF_OPEN:
        return False
    file.seek(max(0, size - _LOOKED_AT))
    tail = file.read(_LOOKED_AT)
    return _MXF_RANDOM_INDEX not in tail and _MXF_FOOTER not in tail


def _no_moov(file: BinaryIO, size: int) -> bool:
    at, found = 0, False
    for _ in range(_MOST_BOXES):
        if at >= size:
            return not found
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return not found
        length, kind = struct.unpack(">I4s", head[:8])
        if at == 0 and kind not in {b"ftyp", b"wide", b"mdat", b"moov", b"free", b"skip", b"pnot"}:
            return False  # something else under this name
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        found = found or kind == b"moov"
        if length == 0:  # to the end of the file, wherever that will be
            return not found
        if length < 8 or at + length > size:
            return kind in {b"mdat", b"moov"} or not found
        at += length
    return False


def held_open(path: Path) -> bool:
    """Whether some program has the file open for writing; False where that cannot be known.

    Linux gives a read lease on a file only while nobody has it open for writing
    (fcntl(2)), to the file's owner and to root, on local file systems.
    """
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # Who opens it for writing in this very moment makes the kernel signal
            # us: by default with one that ends the process, so with another.
            fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
            try:
                fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            except BlockingIOError:
                return True
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        finally:
            os.close(handle)
    return False
