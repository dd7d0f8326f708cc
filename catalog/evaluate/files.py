"""Pictures of a dataset's folder: found by name, and never outside of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from PIL import Image

from catalog.errors import MediaTooLargeError, OutsideRootError, PathNotFoundError
from catalog.evaluate.dataset import Picture
from catalog.media.isolated import DecoderPool
from catalog.media.safe_picture import MOST_BYTES, safe_jpeg

# Where datasets keep their pictures, below their own folder.
_USUAL = ("images", "Images", "flickr30k-images", "val2014", "train2014", "val2017", "train2017")


class Folder:
    """Makes pictures of the names in a caption file.

    Parameters
    ----------
    folder
        Of the dataset; pictures are looked for in it and in subfolders of the usual names.
    images
        Where the pictures are, if they are elsewhere.
    """

    def __init__(self, folder: Path, images: Path | None) -> None:
        if images is not None and not images.is_dir():
            raise PathNotFoundError(
                f"There is no folder {str(images)!r}; expected the dataset's pictures.",
                remedy="Name their folder: --images FOLDER.",
            )
        roots = [folder, *(folder / name for name in _USUAL)] if images is None else [images]
        self._roots = [root.resolve() for root in roots if root.is_dir()]

    def picture(self, name: str) -> Picture:
        """The picture of that name; whether it is there is found out by reading it."""
        return Picture(name, partial(_content, name, self._roots), group=name)


def _content(name: str, roots: Sequence[Path]) -> bytes:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or "\x00" in name:
        raise _outside(name)
    for root in roots:
        path = root / parts
        if not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            raise _outside(name)
        if (size := path.stat().st_size) > MOST_BYTES:
            raise MediaTooLargeError(
                f"The picture {name!r} has {size} bytes; expected at most {MOST_BYTES}.",
                remedy="Leave it out, or give a smaller version of it.",
            )
        return path.read_bytes()
    raise PathNotFoundError(
        f"There is no picture {name!r} in {', '.join(map(str, roots)) or 'any folder'}.",
        remedy="Name the folder of the pictures: --images FOLDER.",
    )


def _outside(name: str) -> OutsideRootError:
    return OutsideRootError(
        f"The picture {name!r} lies outside of the dataset's folder.",
        remedy="Pictures are named by paths below that folder.",
    )


def opener(decoders: DecoderPool) -> Callable[[bytes], Image.Image]:
    """Makes a picture of a stranger's bytes, decoded in a process that can do no harm."""

    def open_safely(content: bytes) -> Image.Image:
        return Image.open(io.BytesIO(safe_jpeg(decoders, content)))

    return open_safely


def digest_of(content: bytes) -> bytes:
    """What a content is known by: SHA-256."""
    return hashlib.sha256(content).digest()
