# ruff: noqa: PLC0415, ANN401  # each contender loads its own libraries, before the clock starts
"""The ways to catalogue the same footage that benchmarks.ingest compares, each in its own process.

    python -m benchmarks.ingest_contenders NAME REQUEST

``REQUEST`` is a JSON object of files, encoder and, for ``encode``, the folder of pictures. Models
are loaded and processes warmed before the clock starts. Prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Figures = dict[str, float]
_WARMING = (64, 64)


class Clock:
    """Wall seconds and processor seconds of this process and its ended children."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu()

    def figures(self, **more: float) -> Figures:
        """What has passed since, and what else there is to say."""
        return {"wall_s": time.perf_counter() - self._wall, "cpu_s": _cpu() - self._cpu, **more}


def _cpu() -> float:
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def pictures(path: Path, threads: int = 0, *, sound: bool = True) -> Iterator[Any]:
    """Every decoded picture of a film, as fast as FFmpeg gives them on all processors.

    Or on so many threads. The sound is decoded on the way, and not given out.
    """
    import av
    from av.codec.context import ThreadType
    from av.video.frame import VideoFrame

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_type = ThreadType.AUTO
        stream.codec_context.thread_count = threads
        heard = container.streams.audio[:1] if sound else ()
        for frame in container.decode(stream, *heard):
            if isinstance(frame, VideoFrame):
                yield frame


def decode(request: dict[str, Any], *, sound: bool = True) -> Figures:
    """(a) Decode every picture and the sound, and look at nothing, as ``ffmpeg -f null`` does."""
    frames = 0
    next(pictures(Path(request["files"][0])))
    clock = Clock()
    for name in request["files"]:
        for _ in pictures(Path(name), sound=sound):
            frames += 1
    return clock.figures(frames=frames)


def decode_pictures(request: dict[str, Any]) -> Figures:
    """(a) of pictures alone, though ours hears the sound as well."""
    return decode(request, sound=False)


def decode_side_by_side(request: dict[str, Any]) -> Figures:
    """(a) as it is done best: a file on each processor, of one thread, the longest first."""
    from concurrent.futures import ThreadPoolExecutor

    def count(name: str) -> int:
        return sum(1 for _ in pictures(Path(name), threads=1))

    next(pictures(Path(request["files"][0])))
    names = sorted(request["files"], key=os.path.getsize, reverse=True)
    clock = Clock()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        frames = sum(pool.map(count, names))
    return clock.figures(frames=frames)


def decode_stills(request: dict[str, Any]) -> Figures:
    """(a) of photographs, a thread for each processor.

    In the smallest of libjpeg's reduced sizes that has no fewer pixels than the kept picture.
    """
    from concurrent.futures import ThreadPoolExecutor

    from PIL import Image

    def decode(name: str) -> None:
        with Image.open(name) as image:
            scale = request["edge"] / max(image.size)
            image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
            image.load()

    decode(request["files"][0])
    clock = Clock()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(decode, request["files"]))
    return clock.figures(frames=len(request["files"]))


def _encoder(request: dict[str, Any]) -> Any:
    from catalog.encoders import load_encoder

    encoder = load_encoder(request["encoder"], precision=request["precision"])
    encoder.encode_images(_warming())
    return encoder


def _warming() -> list[Any]:
    from PIL import Image

    return [Image.new("RGB", (640, 360))] * 2


def _opened(request: dict[str, Any]) -> list[Any]:
    """The pictures that ours kept, decoded; but that of what warmed it up."""
    from PIL import Image

    kept = sorted(Path(request["pictures"]).rglob("*.jpg"))
    opened = [one for one in map(Image.open, kept) if one.size != _WARMING]
    for picture in opened:
        picture.load()
    return opened


def _bare(request: dict[str, Any]) -> Any:
    """Our encoder with the image tower as open_clip runs it, none of ours in its place."""
    encoder = _encoder(request)
    encoder.tower = encoder.bare
    encoder.encode_images(_warming())
    return encoder


def encode(request: dict[str, Any]) -> Figures:
    """(b) Encode the very frames that ours encodes, decoded before, all in one call.

    With the bare model of open_clip in the same precision.
    """
    return _encoded(_bare(request), request)


def encode_own(request: dict[str, Any]) -> Figures:
    """(b) with the encoder as the catalogue has it."""
    return _encoded(_encoder(request), request)


def _encoded(encoder: Any, request: dict[str, Any]) -> Figures:
    opened = _opened(request)
    clock = Clock()
    encoder.encode_images(opened)
    return clock.figures(frames=len(opened))


def encode_side_by_side(request: dict[str, Any]) -> Figures:
    """(b) as it is done best: batches of 16 of the bare model, one on each processor."""
    from concurrent.futures import ThreadPoolExecutor

    from catalog.encoders.threads import settle_threads, use_threads

    def batch(start: int) -> None:
        with use_threads(1):
            encoder.encode_images(opened[start : start + 16])

    encoder, opened = _bare(request), _opened(request)
    workers = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(workers, initializer=settle_threads) as pool:
        list(pool.map(batch, [0] * workers))
        clock = Clock()
        list(pool.map(batch, range(0, len(opened), 16)))
        return clock.figures(frames=len(opened))


def naive(request: dict[str, Any]) -> Figures:
    """(d) The script everybody writes first, with our encoder at our precision.

    A frame a second, one picture a call.
    """
    import av

    encoder = _encoder(request)
    frames = 0
    clock = Clock()
    for name in request["files"]:
        with av.open(name) as container:
            due = 0.0
            for frame in container.decode(video=0):
                if frame.time is not None and frame.time >= due:
                    encoder.encode_images([frame.to_image()])
                    frames += 1
                    due += 1.0
    return clock.figures(frames=frames)


def naive_as_written(request: dict[str, Any]) -> Figures:
    """(d) The same script as it is really written: OpenCV, open_clip and its own preparing, fp32.

    Of what open_clip knows by name.
    """
    import cv2
    import open_clip
    import torch
    from PIL import Image

    model, _, prepare = open_clip.create_model_and_transforms(request["model"], pretrained=None)
    model.eval()
    frames = 0
    with torch.no_grad():
        model.encode_image(prepare(Image.new("RGB", (640, 360))).unsqueeze(0))
        clock = Clock()
        for name in request["files"]:
            film = cv2.VideoCapture(name)
            step, at = max(1, round(film.get(cv2.CAP_PROP_FPS))), 0
            while True:
                there, picture = film.read()
                if not there:
                    break
                if at % step == 0:
                    rgb = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
                    vector = model.encode_image(prepare(rgb).unsqueeze(0))
                    vector /= vector.norm(dim=-1, keepdim=True)
                    frames += 1
                at += 1
    return clock.figures(frames=frames)


def ours(request: dict[str, Any]) -> Figures:
    """Everything: identity, shots, pictures kept, vectors in PostgreSQL, ready to be searched."""
    import psutil
    from PIL import Image

    from catalog import Catalog
    from catalog.settings import Settings

    home = Path(request.get("home") or tempfile.mkdtemp(prefix="catalog-bench-"))
    settings = Settings(home=home, encoder=request["encoder"], precision=request["precision"])
    with Catalog.open(settings) as catalog:
        if not request.get("cold"):
            Image.new("RGB", _WARMING).save(home / "warm.png")
            with wave.open(str(home / "warm.wav"), "wb") as sound:  # who listens is loaded as well
                sound.setparams((1, 2, 16_000, 0, "NONE", ""))
                sound.writeframes(bytes(2 * 16_000))
            # Once in an encoder's life: the sentences that spoken lines are compared with.
            (home / "warm.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
            catalog.ingest(home / "warm.png", home / "warm.wav")
            spoken = "SELECT count(*) FROM catalog.speech_embedding"
            assert catalog.sql(spoken).rows[0][0] == 1, "nothing is warm"
        before, database = _children(psutil.Process()), _database(home)
        clock = Clock()
        report = catalog.ingest(*request["files"])
        figures = clock.figures(
            frames=report.frames,
            collapsed=report.collapsed,
            media_s=report.seconds_of_media,
            failed=report.failed,
        )
        figures["analysis_cpu_s"] = _children(psutil.Process()) - before
        figures["cpu_s"] += figures["analysis_cpu_s"]
        figures["database_cpu_s"] = _database(home) - database
    return figures


def _database(home: Path) -> float:
    """Processor seconds of the catalogue's own PostgreSQL so far."""
    from benchmarks.processor_time import processor_time

    return processor_time(home).get("postgres", 0.0)


def _children(process: Any) -> float:
    """Processor seconds of the decoding processes that still live, and of their host's dead ones.

    Those of the database are counted by themselves: it serves others as well.
    """
    total = 0.0
    for child in process.children(recursive=True):
        if "isolated_host" in " ".join(child.cmdline()):
            times = child.cpu_times()
            total += times.user + times.system
    return total


CONTENDERS = {
    "decode": decode,
    "decode_pictures": decode_pictures,
    "decode_side_by_side": decode_side_by_side,
    "decode_stills": decode_stills,
    "encode": encode,
    "encode_own": encode_own,
    "encode_side_by_side": encode_side_by_side,
    "naive": naive,
    "naive_as_written": naive_as_written,
    "ours": ours,
}


def main() -> None:
    """Run the contender that is named."""
    figures = CONTENDERS[sys.argv[1]](json.loads(sys.argv[2]))
    figures["cores"] = float(len(os.sched_getaffinity(0)))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
