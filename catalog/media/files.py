"""Which files are attempted, and the first look at one before any decoder sees it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from catalog.domain.paths import shown_path
from catalog.errors import EmptyFileError, PathNotFoundError, UnreadableFileError
from catalog.media.camera_cards import repeats_clips
from catalog.media.sequences import PolicyOf, gather, usual_policy

STILL_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
        ".jp2",
        ".j2k",
        ".jpx",
        ".jpf",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".psd",
        ".tga",
        ".dpx",
        ".cin",
        ".exr",
        *(".dng", ".cr2", ".nef", ".nrw", ".arw", ".sr2", ".pef", ".srw", ".3fr"),
        *(".iiq", ".erf", ".dcr", ".kdc", ".mef", ".mos", ".fff", ".srf"),
        *(".cr3", ".raf", ".orf", ".rw2", ".rwl", ".mrw", ".x3f", ".ari"),
        *(".insp", ".mpo", ".avifs"),
        *(".sgi", ".pcx", ".qoi", ".ras", ".sun", ".hdr", ".pfm", ".jxl", ".jls"),
    }
)
VIDEO_SUFFIXES = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".qt",
        ".mxf",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".mpe",
        ".m1v",
        ".m2v",
        ".mpv",
        ".mp2v",
        ".m2t",
        ".trp",
        ".dvr-ms",
        ".mj2",
        ".amv",
        ".swf",
        ".m2p",
        ".ts",
        ".m2ts",
        ".mts",
        ".tod",
        ".mod",
        ".vob",
        ".3gp",
        ".3g2",
        ".flv",
        ".f4v",
        ".wmv",
        ".asf",
        ".ogv",
        ".ogm",
        ".dv",
        ".gxf",
        ".lxf",
        ".nut",
        ".y4m",
        ".h264",
        ".264",
        ".h265",
        ".265",
        ".hevc",
        ".ivf",
        ".obu",
        ".divx",
        ".rm",
        ".rmvb",
        ".wtv",
        *(".insv", ".360", ".mjpeg", ".mjpg", ".mpegts", ".av1"),
        # Nobody but its maker decodes most of these: who has them is told so.
        *(".r3d", ".braw", ".crm", ".cine"),
    }
)
SOUND_SUFFIXES = frozenset(
    {
        ".wav",
        ".wave",
        ".bwf",
        ".rf64",
        ".w64",
        ".mp3",
        ".m4a",
        ".m4b",
        ".aac",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".aif",
        ".aiff",
        ".aifc",
        ".mka",
        ".wma",
        ".ac3",
        ".ec3",
        ".eac3",
        ".dts",
        ".amr",
        ".awb",
        ".caf",
        ".mp2",
        ".mpa",
        ".au",
        ".snd",
        ".ape",
        ".wv",
        ".tta",
        *(".weba", ".thd", ".mlp", ".dsf", ".dff", ".gsm", ".spx", ".voc", ".ra", ".adx"),
        *(".m4r", ".adts", ".latm", ".loas", ".ac4"),
    }
)
MEDIA_SUFFIXES = STILL_SUFFIXES | VIDEO_SUFFIXES | SOUND_SUFFIXES

# What programs write beside the file they are still copying, and what systems leave about.
_TEMPORARY_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart")
_HEAD_BYTES = 4096


def looks_like_media(path: Path) -> bool:
    """Whether a folder walk attempts a file of this name; only the name is looked at."""
    return path.suffix.lower() in MEDIA_SUFFIXES and not is_passed_over(path.name)


def find_media(
    path: Path,
    policy_of: PolicyOf = usual_policy,
    stranger: Callable[[str], None] = lambda _name: None,
) -> Iterator[Path]:
    """Every file that is to be attempted under a path, in a stable order.

    A file named explicitly is always attempted, whatever its name; a folder is
    walked, symbolic links included (each folder once, so a loop ends; one that
    leads out of the folder is given itself, and not walked). Hidden and
    temporary names, suffixes that are no media, and what a camera's card repeats of its clips
    (`catalog.media.camera_cards`) are passed over. An image sequence
    is one path, its pattern (`catalog.media.sequences`).

    Parameters
    ----------
    path:
        A file or a folder.
    policy_of:
        Which files of a folder may be frames of a sequence.
    stranger:
        Told the name of each file that is passed over for its suffix.

    Yields
    ------
    Path
        Paths under ``path``, folder by folder, sorted by name.

    Raises
    ------
    PathNotFoundError
        If nothing is at the path.
    UnreadableFileError
        If the folder itself cannot be listed. Folders below it that cannot be
        listed are passed over.
    """
    if path.is_dir():
        try:
            next(path.iterdir(), None)
        except OSError as error:
            raise unreadable(path, error) from error
        yield from _walk(path, os.path.realpath(path), set(), policy_of, stranger)
    elif os.path.lexists(path):
        yield path
    else:
        raise PathNotFoundError(
            f"{shown_path(path)} does not exist; expected a media file or a folder of them.",
            remedy="Check the path's spelling and that its storage is mounted.",
            path=shown_path(path),
        )


def _walk(
    folder: Path,
    top: str,
    seen: set[tuple[int, int]],
    policy_of: PolicyOf,
    stranger: Callable[[str], None],
) -> Iterator[Path]:
    try:
        state = folder.stat()
        identity = (state.st_dev, state.st_ino)
        if identity in seen:
            return
        seen.add(identity)
        with os.scandir(folder) as listing:
            # Bytes sort every name alike, those that are not UTF-8 included.
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError:
        return
    folders, files = [], []
    for entry in entries:
        if is_passed_over(entry.name):
            continue
        if _is_folder(entry) and _leads_out(entry, top):
            yield folder / entry.name
        elif _is_folder(entry):
            folders.append(entry.name)
        elif looks_like_media(Path(entry.name)):
            files.append(entry.name)
        else:
            stranger(entry.name)
    for name in gather(files, policy_of(folder)):
        yield folder / name
    below = [folder / name for name in folders]
    for each in (path for path in below if not repeats_clips(path)):
        yield from _walk(each, top, seen, policy_of, stranger)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _leads_out(entry: os.DirEntry[str], top: str) -> bool:
    """Whether an entry is a link to something beyond the folder that is walked."""
    if not entry.is_symlink():
        return False
    target = os.path.realpath(entry.path)
    return os.path.commonpath((top, target)) != top


def is_passed_over(name: str) -> bool:
    """Whether a name, of a file or a folder, is hidden or temporary."""
    return name.startswith((".", "~")) or name.lower().endswith(_TEMPORARY_ENDINGS)


def check_readable(path: Path) -> bytes:
    """The first bytes of a file that can be read and is not empty.

    Returns
    -------
    bytes
        Up to 4096 bytes.

    Raises
    ------
    UnreadableFileError
        If it is missing, not a regular file, or reading is refused.
    EmptyFileError
        If it has no bytes.
    """
    try:
        # A pipe or a device would block on open, so its kind is asked first.
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise UnreadableFileError(
                f"{shown_path(path)} is {_kind(state.st_mode)}; expected a regular file.",
                remedy="Give the path of a media file.",
                path=shown_path(path),
            )
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise unreadable(path, error) from error
    if not head:
        raise EmptyFileError(
            f"{shown_path(path)} has no bytes; expected a media file.",
            remedy="Copy the file again from its source.",
            path=shown_path(path),
        )
    return head


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"


def unreadable(path: Path, error: OSError) -> UnreadableFileError:
    """What the operating system said about a file, as this project's error."""
    reason = (error.strerror or type(error).__name__).lower()
    return UnreadableFileError(
        f"{shown_path(path)} cannot be read: {reason}; expected a file this user may read.",
        remedy="Check that it exists, its permissions and its storage, then retry.",
        path=shown_path(path),
    )
