"""Recall of the whole catalogue, not of the model alone.

Video files of held-out scenes are rendered and encoded as H.264, catalogued (shots found,
frames sampled, kept as JPEG, encoded, written to PostgreSQL) and searched by caption; a query
counts if its *shot* (the file, and a clip that holds the shot's middle) is the first hit.

    python -m benchmarks.pipeline_recall [--scenes 200] [--seed 1] [--width 640]

Prints a table per language and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from catalog import Catalog
from catalog.demo.captions import languages
from catalog.demo.footage import File, Footage, Shot, heldout_footage
from catalog.domain.results import SearchResult
from catalog.settings import DEMO_ENCODER, Settings


def is_first(result: SearchResult, file: File, shot: Shot) -> bool:
    """Whether the first hit is this shot."""
    if not result.hits or result.hits[0].clip is None:
        return False
    hit = result.hits[0]
    middle = (shot.start + shot.end) / 2
    return hit.asset["name"] == file.file and hit.clip["start"] <= middle < hit.clip["end"]


def recall_by_language(catalog: Catalog, footage: Footage, *, share: int = 1) -> dict[str, float]:
    """For each language the share of captions whose shot is the first hit.

    With ``share`` each language asks for every so-manyeth shot alone, and the next for others.
    """
    shots = list(footage.shots())
    asked = {code: shots[at % share :: share] for at, code in enumerate(languages())}
    for code, mine in asked.items():
        # In batches, as a text tower likes it; the searches then time PostgreSQL alone.
        catalog.phrases([shot.captions[code] for _, shot in mine])
    return {
        code: sum(
            is_first(catalog.search(shot.captions[code], limit=1), file, shot)
            for file, shot in mine
        )
        / len(mine)
        for code, mine in asked.items()
    }


def main() -> None:
    """Render, catalogue, search and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=640)
    options = parser.parse_args()
    size = (options.width, options.width * 9 // 16 // 2 * 2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        footage = heldout_footage(
            folder / "footage", count=options.scenes, seed=options.seed, size=size
        )
        with Catalog.open(Settings(home=folder / "home", encoder=DEMO_ENCODER)) as catalog:
            report = catalog.ingest(folder / "footage")
            clips = catalog.stats()["clips"]
            began = time.perf_counter()
            recall = recall_by_language(catalog, footage)
            seconds = time.perf_counter() - began
    print(f"{options.scenes} shots, {clips} found; {report.frames} frames of {size[0]}x{size[1]}.")
    for code, share in recall.items():
        print(f"  {code}  {share:.3f}")
    figures = {
        "scenes": options.scenes,
        "clips_found": clips,
        "frames": report.frames,
        "recall_at_1_worst": min(recall.values()),
        "recall_at_1": recall,
        "ms_per_search": 1000 * seconds / (len(recall) * options.scenes),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
