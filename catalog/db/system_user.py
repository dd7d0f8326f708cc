"""Who the embedded server runs as, and how that user reaches its files.

PostgreSQL refuses to run as root. Under root it therefore runs as the owner of
the data folder or, where that is root too, as a system user of our own. That
user must be able to pass every folder above the data and above the server's
programs; a closed one (``/root`` has mode 700) is opened for that one user
only, by an access control entry that allows passing and nothing else.
"""

from __future__ import annotations

import errno
import logging
import os
import pwd
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import DatabaseUnavailableError

SYSTEM_USER = "asset-catalog"

_log = logging.getLogger(__name__)

# Linux keeps a POSIX ACL in this attribute: a version, then (tag, permissions, id) each.
_ACL = "system.posix_acl_access"
_ACL_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_EXECUTE = 1
_NO_ACL_HERE = {errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EPERM}


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The operating-system user of the server process; ``switch`` under root only."""

    uid: int
    gid: int
    switch: bool

    @property
    def popen_options(self) -> dict[str, Any]:
        """What ``subprocess`` needs to run a program as this user."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give this user a file or folder that we have just made."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_user(data_dir: Path) -> ServerUser:
    """Who runs the server of this folder, which must exist.

    Raises
    ------
    DatabaseUnavailableError
        If the folder belongs to somebody else, or root cannot make the system user.
    """
    owner = data_dir.stat().st_uid
    if os.geteuid() == 0:
        entry = (owner and _entry(owner)) or _system_user()
        return ServerUser(entry.pw_uid, entry.pw_gid, switch=True)
    if owner != os.geteuid():
        raise DatabaseUnavailableError(
            f"{data_dir} belongs to user {_name(owner)}, and this program runs as "
            f"{_name(os.geteuid())}.",
            remedy="Run it as that user, or set CATALOG_HOME to a folder of your own.",
            path=str(data_dir),
        )
    return ServerUser(os.geteuid(), os.getegid(), switch=False)


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:  # a number from another machine or container
        return None


def _name(uid: int) -> str:
    entry = _entry(uid)
    return entry.pw_name if entry else str(uid)


def _system_user() -> pwd.struct_passwd:
    for command in (None, *_ways_to_add_a_user()):
        if command is not None:
            # A second process may be adding it too; what counts is that it is there.
            subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # fixed words
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            continue
    raise DatabaseUnavailableError(
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} cannot be made.",
        remedy=f"Add the user {SYSTEM_USER} yourself, run as an ordinary user, or set "
        "CATALOG_DATABASE_URL.",
    )


def _ways_to_add_a_user() -> Iterator[list[str]]:
    if useradd := shutil.which("useradd"):
        yield [useradd, "--system", "--user-group", "--no-create-home", "--home-dir",
               "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER]  # fmt: skip
    if adduser := shutil.which("adduser"):  # busybox, so Alpine
        yield [adduser, "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/bin/false", SYSTEM_USER]


def let_pass(user: ServerUser, path: Path) -> None:
    """See to it that the server's user can reach ``path`` through every folder above it.

    Raises
    ------
    DatabaseUnavailableError
        If a folder is closed and cannot be opened.
    """
    if not user.switch:
        return
    for folder in reversed(path.resolve().parents):
        if not _may_pass(folder, user):
            _open_for(folder, user)


def _may_pass(folder: Path, user: ServerUser) -> bool:
    entry = folder.stat()
    if entry.st_uid == user.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if any(i[:1] == (_USER,) and i[2] == user.uid and i[1] & _EXECUTE for i in _read_acl(folder)):
        return bool(entry.st_mode & stat.S_IXGRP)  # with an ACL, these bits are its mask
    return bool(entry.st_mode & (stat.S_IXGRP if entry.st_gid == user.gid else stat.S_IXOTH))


def _open_for(folder: Path, user: ServerUser) -> None:
    try:
        _add_acl_entry(folder, user.uid)
        _log.info("folder opened for the database's user", extra={"folder": str(folder)})
    except OSError as error:
        if error.errno not in _NO_ACL_HERE:
            raise _closed(folder, user) from error
        try:
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
        except OSError as second:
            raise _closed(folder, user) from second
        _log.warning(
            "%s has no access control lists: every user may now pass through it (not list it), "
            "so that the embedded database can. Set CATALOG_HOME elsewhere to avoid that.",
            folder,
        )


def _closed(folder: Path, user: ServerUser) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"The embedded database runs as user {_name(user.uid)}, who cannot pass {folder}.",
        remedy=f"Run: chmod o+x {folder} — or set CATALOG_HOME or CATALOG_DATABASE_URL.",
        path=str(folder),
    )


def _read_acl(folder: Path) -> list[tuple[int, int, int]]:
    if not hasattr(os, "getxattr"):
        return []
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError:
        return []
    return list(struct.iter_unpack("<HHI", raw[4:]))


def _add_acl_entry(folder: Path, uid: int) -> None:
    """Add ``user:UID:--x`` to the folder's access control list (acl(5))."""
    if not hasattr(os, "setxattr"):
        raise OSError(errno.ENOTSUP, "no access control lists on this system")
    mode = folder.stat().st_mode
    entries = _read_acl(folder) or [
        (_USER_OBJ, mode >> 6 & 7, _NO_ID),
        (_GROUP_OBJ, mode >> 3 & 7, _NO_ID),
        (_OTHER, mode & 7, _NO_ID),
    ]
    kept = [i for i in entries if i[0] != _MASK and i[::2] != (_USER, uid)]
    masks = [i[1] for i in entries if i[0] == _MASK]
    # Without a mask of its own so far, the group's permissions were the upper bound.
    mask = (masks or [i[1] for i in entries if i[0] == _GROUP_OBJ])[0] | _EXECUTE
    kept += [(_USER, _EXECUTE, uid), (_MASK, mask, _NO_ID)]
    packed = b"".join(struct.pack("<HHI", *entry) for entry in sorted(kept, key=lambda i: i[::2]))
    os.setxattr(folder, _ACL, struct.pack("<I", _ACL_VERSION) + packed)


def let_read(user: ServerUser, folder: Path) -> None:
    """Let the server's user read a folder of programs, made under whatever umask."""
    if not user.switch:
        return
    let_pass(user, folder)
    if folder.stat().st_mode & stat.S_IXOTH:
        return
    # The folder itself last: it is what says that the rest is done.
    for path in (*folder.rglob("*"), folder):
        mode = path.lstat().st_mode
        wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) | wanted)


def take_over(user: ServerUser, folder: Path) -> None:
    """Give the server's user a data folder whose owner's number changed (a rebuilt container)."""
    if not user.switch or folder.lstat().st_uid == user.uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(parent) / name, user.uid, user.gid, follow_symlinks=False)
