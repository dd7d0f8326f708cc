"""Which folders lie on network storage, of whose changes the system tells nobody."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

# What Linux and macOS call file systems that other machines write to as well.
_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "afs", "webdav", "davfs"),
        *("9p", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2", "cvfs", "snfs"),
        *("vboxsf", "vmhgfs", "prl_fs", "virtiofs", "osxfs", "autofs"),
    }
)


def on_network(folder: Path) -> bool:
    """Whether the folder's file system may change without the system telling of it."""
    real = os.path.realpath(folder)
    holds = [
        partition
        for partition in psutil.disk_partitions(all=True)
        if partition.mountpoint == "/" or f"{real}/".startswith(f"{partition.mountpoint}/")
    ]
    deepest = max(holds, key=lambda partition: len(partition.mountpoint), default=None)
    # FUSE (sshfs, rclone, cloud drives, mergerfs) passes on what it did itself, at most.
    kind = "" if deepest is None else deepest.fstype.lower()
    return kind in _NETWORK or kind.startswith("fuse")
