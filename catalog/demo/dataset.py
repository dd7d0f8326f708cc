"""The demonstration's world as a dataset for evaluations, in Crossmodal-3600's layout."""

from __future__ import annotations

import json
import os
from pathlib import Path

from catalog.demo import world
from catalog.demo.captions import caption, languages
from catalog.demo.measure import photographed
from catalog.domain.progress import Progress, Silent
from catalog.errors import InvalidInputError

CAPTIONS = "captions.jsonl"
COUNT = 200
_MOST = 600
_SEED = 29
_WORDINGS = (0, 7)


def write_dataset(
    folder: Path,
    *,
    count: int = COUNT,
    size: tuple[int, int] = (640, 360),
    progress: Progress | None = None,
) -> Path:
    """Draw scenes the demo encoder was never trained on, each with two captions a language.

    What is there already is left as it is, so breaking it off costs nothing.

    Raises
    ------
    InvalidInputError
        If the world has fewer scenes.
    """
    if not 2 <= count <= _MOST:
        raise InvalidInputError(
            f"{count} drawn pictures were asked for; expected 2 to {_MOST}.",
            remedy="Choose another --limit.",
        )
    told = progress or Silent()
    scenes = world.sample(world.held_out(), count, _SEED)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    told.begin("draw", count, "pictures")
    for at, scene in enumerate(scenes):
        path = folder / "images" / f"{_key(at)}.jpg"
        if not path.exists():
            [picture] = photographed([scene], seed=_SEED + at, size=size)
            picture.save(path.with_suffix(".part"), "JPEG", quality=90)
            path.with_suffix(".part").rename(path)
        told.advance("draw", 1)
    told.end("draw")
    lines = [
        {"image/key": _key(at), "image/locale": "en"}
        | {code: {"caption": [caption(scene, code, v) for v in _WORDINGS]} for code in languages()}
        for at, scene in enumerate(scenes)
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    part = folder / f".{CAPTIONS}.{os.getpid()}"
    part.write_text(text, encoding="utf-8")
    part.rename(folder / CAPTIONS)
    return folder


def _key(at: int) -> str:
    return f"drawn{at:04d}"
