"""How much of a picture do its kept bytes lose, in the eyes of an encoder?

    python -m benchmarks.pictures [--encoders ViT-B-32/random,demo] [--compare] [FILE...]

Of every picture that ingest keeps of real footage: the cosine between the vector of the picture as
decoded (RGB as FFmpeg gives it, in its own size, before anything is shrunk or coded) and that of
the picture as read back from the frame store; and the bytes. An hour of footage counts as many
pictures as were kept of these files per second. ``--compare`` also tries other sizes, qualities and
formats, and how long each takes to write.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.sampling import REAL, SHARED
from catalog.domain.media import SamplingPolicy
from catalog.encoders import Encoder, load_encoder
from catalog.media.analyse import analyse
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe

# As decoded, but for giants: no encoder sees more than this, and memory is short.
_WHOLE = 4096
Coder = Callable[[Image.Image], bytes]


@dataclass
class Kept:
    """The pictures of all files as decoded and as stored, and how long the files last."""

    decoded: list[Image.Image]
    stored: list[bytes]
    seconds: float


def collect(paths: Sequence[Path]) -> Kept:
    """Analyse the files as ingest does, and decode the kept pictures once more in full."""
    result = Kept([], [], 0.0)
    for path in paths:
        found, held = probe(path), {}
        analysis = analyse(
            path,
            found,
            SamplingPolicy(),
            lambda pts, jpeg, to=held: to.update({pts: jpeg}) or "",
        )
        wanted = {frame.pts for shot in analysis for frame in shot.frames}
        result.seconds += float(analysis.duration or 0)
        for picture in PictureReader(
            path, found, SamplingPolicy(picture_edge=_WHOLE, decode="full")
        ):
            if picture.pts in wanted:
                result.decoded.append(Image.fromarray(picture.render()))
                result.stored.append(held[picture.pts])
    return result


def opened(content: bytes) -> Image.Image:
    """A picture as the encoder gets it."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def coder(edge: int, kind: str, quality: int, **options: str | int) -> Coder:
    """Shrinks to an edge and writes in a format."""

    def write(picture: Image.Image) -> bytes:
        small = picture
        if max(picture.size) > edge:
            small = picture.copy()
            # By area, as the analysis shrinks.
            small.thumbnail((edge, edge), Image.Resampling.BOX, reducing_gap=None)
        out = io.BytesIO()
        small.save(out, kind, quality=quality, **options)
        return out.getvalue()

    return write


OTHERS: dict[str, Coder] = {
    **{
        f"jpeg 4:4:4 q{q} {edge}": coder(edge, "JPEG", q, subsampling="4:4:4")
        for edge in (384, 512, 640)
        for q in (80, 85, 90, 95)
    },
    **{
        f"jpeg 4:2:0 q{q} {edge}": coder(edge, "JPEG", q, subsampling="4:2:0")
        for edge in (512, 640)
        for q in (85, 90, 95)
    },
    **{
        f"webp q{q} {edge}": coder(edge, "WEBP", q, method=4)
        for edge in (512, 640)
        for q in (85, 92)
    },
}


def cosines(
    encoder: Encoder, truth: npt.NDArray[np.float32], coded: Sequence[bytes]
) -> npt.NDArray[np.float32]:
    """Of each picture's stored form with its decoded form."""
    seen = encoder.encode_images([opened(content) for content in coded])
    return np.asarray((truth * seen).sum(axis=1), np.float32)


def main() -> None:
    """Collect, encode, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--encoders", default="ViT-B-32/random,demo")
    parser.add_argument("--compare", action="store_true", help="try other formats as well")
    options = parser.parse_args()
    paths = options.files or [SHARED / "video" / name for name in REAL]
    found = collect([path for path in paths if path.exists()])
    if not found.stored:
        raise SystemExit("There is no footage to look at; name some files.")
    coded: dict[str, tuple[list[bytes], float]] = {"as ingested": (found.stored, 0.0)}
    for label, write in OTHERS.items() if options.compare else ():
        began = time.process_time()
        contents = [write(picture) for picture in found.decoded]
        coded[label] = (contents, (time.process_time() - began) / len(contents) * 1000)
    per_hour = len(found.stored) / found.seconds * 3600
    figures: dict[str, Any] = {
        "pictures": len(found.stored),
        "seconds": round(found.seconds, 1),
        "pictures_per_hour": round(per_hour),
        "bytes_per_picture": round(float(np.mean([len(each) for each in found.stored]))),
    }
    figures["mb_per_hour"] = round(figures["bytes_per_picture"] * per_hour / 1e6, 1)
    print(
        f"{len(found.stored)} pictures of {found.seconds:.0f} s of footage, {per_hour:.0f} an hour"
    )
    print(f"{'':24s} {'kB each':>8s} {'MB/hour':>8s} {'ms cpu':>7s}  median and least cosine by")
    encoders = [load_encoder(name) for name in options.encoders.split(",")]
    truths = [encoder.encode_images(found.decoded) for encoder in encoders]
    for label, (contents, ms) in coded.items():
        size = float(np.mean([len(each) for each in contents]))
        cells = []
        for encoder, truth in zip(encoders, truths, strict=True):
            near = cosines(encoder, truth, contents)
            cells.append(f"{encoder.name} {np.median(near):.5f} {near.min():.5f}")
            if label == "as ingested":
                figures[f"median {encoder.name}"] = round(float(np.median(near)), 5)
                figures[f"min {encoder.name}"] = round(float(near.min()), 5)
        rate = size * per_hour / 1e6
        print(f"{label:24s} {size / 1000:8.1f} {rate:8.1f} {ms:7.1f}  {'   '.join(cells)}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
