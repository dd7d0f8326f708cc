"""(c) Pixeltable at the same job; imported by the Python of an environment that has it.

    PYTHON -c 'import ingest_pixeltable; ingest_pixeltable.main()' REQUEST

A table of films, a view of a frame a second, and an embedding index whose function is the same
open_clip model in batches. Prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time

os.environ.setdefault("PIXELTABLE_HOME", tempfile.mkdtemp(prefix="pixeltable-"))

import numpy as np
import open_clip
import pixeltable as pxt
import torch
from PIL import Image
from pixeltable.func import Batch
from pixeltable.functions.video import frame_iterator

REQUEST = json.loads(sys.argv[1])
MODEL, _, PREPARE = open_clip.create_model_and_transforms(REQUEST["model"], pretrained=None)
MODEL = MODEL.eval().to(getattr(torch, REQUEST["dtype"]))
TYPE = next(MODEL.parameters()).dtype


@pxt.udf(batch_size=32)
def embed(pictures: Batch[Image.Image]) -> Batch[pxt.Array[(512,), pxt.Float]]:
    """A batch of pictures to unit vectors."""
    pixels = torch.stack([PREPARE(picture) for picture in pictures]).to(TYPE)
    with torch.inference_mode():
        vectors = MODEL.encode_image(pixels).float()
        vectors = vectors / vectors.norm(dim=1, keepdim=True)
    return list(vectors.numpy().astype(np.float32))


def catalogue(name: str, files: list[str]) -> int:
    """Insert the files and index their frames; how many there are."""
    films = pxt.create_table(f"films_{name}", {"film": pxt.Video})
    frames = pxt.create_view(f"frames_{name}", films, iterator=frame_iterator(films.film, fps=1))
    frames.add_embedding_index("frame", embedding=embed)
    films.insert([{"film": file} for file in files])
    return frames.count()


def main() -> None:
    """Warm up on the shortest file, then measure all."""
    catalogue("warm", [min(REQUEST["files"], key=os.path.getsize)])
    wall, cpu = time.perf_counter(), time.process_time()
    frames = catalogue("all", REQUEST["files"])
    figures = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "frames": frames,
    }
    print(json.dumps(figures))
