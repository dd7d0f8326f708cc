# ruff: noqa: PLC0415, ANN401  # it runs where the catalogue's own environment is not
"""(c) Pixeltable at the same job; imported by the Python of an environment that has it.

    PYTHON -c 'import ingest_pixeltable; ingest_pixeltable.main()' REQUEST

A table of films, a view of a frame a second, and an embedding index whose function is the same
open_clip model in batches. Prints one JSON object as its last line.

Where the request has a ``task``, nothing is timed (`benchmarks.ingest_recall` asks): ``answer``
tells of each vector of the file ``queries`` (``.npy``) where the nearest frame is, ``frames``
writes every frame as a PNG into ``folder``, and tells which they are.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("PIXELTABLE_HOME", tempfile.mkdtemp(prefix="pixeltable-"))

import numpy as np
import open_clip
import pixeltable as pxt
import torch
from PIL import Image
from pixeltable.func import Batch
from pixeltable.functions.video import frame_iterator

REQUEST = json.loads(sys.argv[1])


def model_of(name: str) -> tuple[Any, Any]:
    """The model and what prepares pictures for it: one of open_clip's, or the demonstration's."""
    if name != "demo":
        model, _, prepare = open_clip.create_model_and_transforms(name, pretrained=None)
        return model.eval(), prepare
    from open_clip.transform import PreprocessCfg, image_transform_v2

    from catalog.encoders.building import build_model
    from catalog.encoders.registry import demo_folder
    from catalog.encoders.sources import find_sources
    from catalog.encoders.spec import parse_spec

    # Its weights alone: the tokenizer's library need not be in this environment.
    model = build_model(find_sources(parse_spec(f"local-dir:{demo_folder()}"), name))
    config = PreprocessCfg(**open_clip.get_model_preprocess_cfg(model))
    return model, image_transform_v2(config, is_train=False)


MODEL, PREPARE = model_of(REQUEST["model"])
MODEL = MODEL.to(getattr(torch, REQUEST["dtype"]))
TYPE = next(MODEL.parameters()).dtype
WIDTH = int(MODEL.encode_image(PREPARE(Image.new("RGB", (64, 64)))[None].to(TYPE)).shape[1])


@pxt.udf(batch_size=32)
def embed(pictures: Batch[Image.Image]) -> Batch[pxt.Array[(WIDTH,), pxt.Float]]:
    """A batch of pictures to unit vectors."""
    pixels = torch.stack([PREPARE(picture) for picture in pictures]).to(TYPE)
    with torch.inference_mode():
        vectors = MODEL.encode_image(pixels).float()
        vectors = vectors / vectors.norm(dim=1, keepdim=True)
    return list(vectors.numpy().astype(np.float32))


def catalogue(name: str, files: list[str]) -> Any:
    """Insert the files and index their frames; the view of these."""
    films = pxt.create_table(f"films_{name}", {"film": pxt.Video})
    frames = pxt.create_view(f"frames_{name}", films, iterator=frame_iterator(films.film, fps=1))
    frames.add_embedding_index("frame", embedding=embed)
    films.insert([{"film": file} for file in files])
    return frames


def answers(frames: Any) -> list[list[Any]]:
    """Of each query the film and the second of the nearest frame."""
    found = []
    for query in np.load(REQUEST["queries"]):
        near = frames.frame.similarity(vector=query)
        first = frames.order_by(near, asc=False).limit(1).select(frames.film, frames.frame_attrs)
        found += [[row["film"], row["frame_attrs"]["time"]] for row in first.collect()]
    return found


def written(frames: Any) -> list[list[Any]]:
    """Write every frame; of each the film, the second and the picture's path."""
    found = []
    shown = frames.select(frames.film, frames.frame_attrs, frames.frame).collect()
    for number, row in enumerate(shown):
        path = os.path.join(REQUEST["folder"], f"{number:05}.png")  # noqa: PTH118
        row["frame"].convert("RGB").save(path)
        found.append([row["film"], row["frame_attrs"]["time"], path])
    return found


def main() -> None:
    """Warm up on the shortest file, then measure all; or do the task."""
    if "task" in REQUEST:
        frames = catalogue("all", REQUEST["files"])
        task = {"answer": answers, "frames": written}[REQUEST["task"]]
        print(json.dumps({"frames": frames.count(), "found": task(frames)}))
        return
    catalogue("warm", [min(REQUEST["files"], key=os.path.getsize)])
    wall, cpu = time.perf_counter(), time.process_time()
    frames = catalogue("all", REQUEST["files"]).count()
    figures = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "frames": frames,
    }
    print(json.dumps(figures))
