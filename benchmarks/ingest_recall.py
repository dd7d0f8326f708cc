"""Is what ours makes searchable found as well as what Pixeltable does, of the same footage?

    python -m benchmarks.ingest_recall --pixeltable PYTHON [--encoder ViT-B-32/random]
                                       [--recall-videos 8] [FILE...]

*By captions*: footage of known scenes is rendered (`catalog.demo.footage`, ten shots of 3 to 9 s a
video) and catalogued by ours and by Pixeltable, a frame a second, with the demonstration encoder,
which understands captions in 14 languages. ``recall_ours`` is the share of them of which the
catalogue's first hit is their shot; ``recall_pixeltable`` the share of which the frame that
Pixeltable's similarity puts first lies in it.

*By frames*, of the real files, whose captions an encoder of random weights does not understand:
for each of Pixeltable's frames the cosine of its vector to the nearest that ours keeps of the same
shot. Both are encoded by the same encoder in fp32. Median, least, and the share above 0.9.

Prints, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.pipeline_recall import recall_by_language
from catalog import Catalog
from catalog.demo.captions import languages
from catalog.demo.footage import Footage, make_footage
from catalog.encoders import load_encoder
from catalog.settings import DEMO_ENCODER, Settings

_HERE = Path(__file__).parent
# Pixeltable wants its functions in a module that is imported, not in the one that is run.
PIXELTABLE = (
    f"import sys; sys.path[:0] = [{str(_HERE)!r}, {str(_HERE.parent)!r}];"
    " import ingest_pixeltable as it; it.main()"
)
_SHOTS, _SHOT_SECONDS, _SIZE = 10, (3.0, 9.0), (320, 180)
_NEAR = 0.9


def recall(python: str | None, files: Sequence[Path], encoder: str, videos: int) -> dict[str, Any]:
    """All figures; without Pixeltable's Python those of ours alone."""
    figures = by_captions(python, videos)
    if python is not None:
        figures |= by_frames(python, files, encoder)
    for name, value in figures.items():
        print(f"{name:28}{value:9.4f}")
    return figures


def by_captions(python: str | None, videos: int, seed: int = 5) -> dict[str, Any]:
    """Recall@1 by caption, of ours and of Pixeltable."""
    with tempfile.TemporaryDirectory(prefix="recall-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the embedded PostgreSQL runs as another user where this one is root
        footage = make_footage(folder / "footage", seed=seed, videos=videos, stills=0, size=_SIZE,
                               shots_per_video=_SHOTS, shot_seconds=_SHOT_SECONDS)  # fmt: skip
        settings = Settings(home=folder / "home", encoder=DEMO_ENCODER, precision="fp32")
        with Catalog.open(settings) as catalog:
            report = catalog.ingest(footage.folder)
            ours = recall_by_language(catalog, footage)
        figures: dict[str, Any] = {
            "recall_queries": videos * _SHOTS * len(ours),
            "recall_ours": statistics.mean(ours.values()),
            "recall_ours_worst": min(ours.values()),
            "recall_ours_frames": report.frames,
        }
        if python is not None:
            theirs, frames = pixeltables_recall(python, footage, folder / "queries.npy")
            figures |= {
                "recall_pixeltable": statistics.mean(theirs.values()),
                "recall_pixeltable_worst": min(theirs.values()),
                "recall_pixeltable_frames": frames,
            }
    return figures


def pixeltables_recall(
    python: str, footage: Footage, queries: Path
) -> tuple[dict[str, float], int]:
    """For each language the share of captions whose shot holds the first frame; and frames."""
    shots = list(footage.shots())
    encoder = load_encoder(DEMO_ENCODER, precision="fp32")
    texts = [shot.captions[code] for code in languages() for _, shot in shots]
    np.save(queries, encoder.encode_texts(texts))
    files = [str(footage.folder / file.file) for file in footage.files]
    told = ask(python, {"task": "answer", "files": files, "queries": str(queries), "model": "demo"})
    right = [
        Path(film).name == file.file and shot.start <= at < shot.end
        for (film, at), (file, shot) in zip(told["found"], shots * len(languages()), strict=True)
    ]
    each = np.array(right, float).reshape(len(languages()), len(shots)).mean(axis=1)
    return dict(zip(languages(), each.tolist(), strict=True)), told["frames"]


def by_frames(python: str, files: Sequence[Path], encoder: str) -> dict[str, Any]:
    """How near each of Pixeltable's frames has one of ours, in the same shot."""
    with tempfile.TemporaryDirectory(prefix="recall-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "frames").mkdir()
        names = [str(file) for file in files]
        # No vector of Pixeltable's is looked at, so the smallest model is taken for them.
        told = ask(python, {"task": "frames", "files": names, "folder": f"{name}/frames",
                            "model": "demo"})  # fmt: skip
        settings = Settings(home=folder / "home", encoder=encoder, precision="fp32")
        with Catalog.open(settings) as catalog:
            catalog.ingest(*files)
            kept = catalog.sql(
                'SELECT s.name, s.clip_id, s.start, s."end", f.embedding::text'
                " FROM catalog.all_frames f JOIN catalog.all_shots s USING (clip_id)"
            ).rows
        pictures = [Image.open(path) for _, _, path in told["found"]]
        vectors = load_encoder(encoder, precision="fp32").encode_images(pictures)
    ours = np.array([json.loads(row[4]) for row in kept])
    cosines = [
        float((ours[same_shot(kept, Path(film).name, at)] @ vector).max())
        for (film, at, _), vector in zip(told["found"], vectors, strict=True)
    ]
    return {
        "frames_ours": len(kept),
        "frames_pixeltable": len(cosines),
        "frame_cosine_median": statistics.median(cosines),
        "frame_cosine_least": min(cosines),
        "frame_cosine_share": float(np.mean(np.array(cosines) > _NEAR)),
    }


def same_shot(kept: Sequence[Sequence[Any]], name: str, at: float) -> list[int]:
    """Which frames of ours are of the shot that a moment lies in, or is nearest to."""
    own = [number for number, row in enumerate(kept) if row[0] == name]
    away = {n: max(kept[n][2] - at, at - kept[n][3], 0.0) for n in own}
    first = min(own, key=lambda n: (away[n], -kept[n][2]))
    return [n for n in own if kept[n][1] == kept[first][1]]


def ask(python: str, request: dict[str, Any]) -> dict[str, Any]:
    """Have Pixeltable do a task; what it tells."""
    done = subprocess.run(
        [python, "-c", PIXELTABLE, json.dumps({**request, "dtype": "float32"})],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"Pixeltable failed:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"Pixeltable: {request['task']}, {told['frames']} frames", file=sys.stderr)
    return told


def main() -> None:
    """Measure and print."""
    from benchmarks.ingest import FILES, MEDIA  # noqa: PLC0415  which takes this one

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--encoder", default="ViT-B-32/random")
    parser.add_argument("--pixeltable", metavar="PYTHON")
    parser.add_argument("--recall-videos", type=int, default=8)
    options = parser.parse_args()
    files = options.files or [MEDIA / name for name in FILES]
    figures = recall(options.pixeltable, files, options.encoder, options.recall_videos)
    print(json.dumps({"encoder": options.encoder, **figures}))


if __name__ == "__main__":
    main()
