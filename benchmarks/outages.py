"""What a service needs goes in mid-run, and comes back: is all there, and how late?

    python -m benchmarks.outages [--assets 60] [--gone 10] [--only disk,postgres,redis,worker]

Films are registered with `catalog up` running, once for each trouble and once without any:

disk        the disk of the frame store is full for ``--gone`` seconds (a small tmpfs: takes root)
postgres    the server is ended as if it had crashed
redis       the broker is killed, and all that waited in it is wiped
worker      the media worker, its children and their decoders stand still for ``--gone`` seconds

Trouble begins when a quarter is ready. The catalogue is compared, row by row but for ids and
times, with one made in this process. ``delay_s`` is what the run took longer than the one without
trouble, of which ``gone_s`` could not be otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.service import content, encoded, given_up, render
from catalog import Catalog
from catalog.db.embedded_cluster import read_postmaster
from catalog.errors import DatabaseUnavailableError

PATIENCE_S = 900.0


class Service:
    """A `catalog up` of its own home."""

    def __init__(self, home: Path, gone_s: float) -> None:
        self.home, self.gone_s = home, gone_s
        environment = os.environ | {"CATALOG_HOME": str(home), "CATALOG_WEB_PORT": "0"}
        command = [sys.executable, "-m", "catalog.cli", "up", "--json"]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.pids: dict[str, int] = {}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            self.pids[told["service"]] = told["pid"]
            if (told["service"], told["state"]) == ("up", "ready"):
                break

    def stop(self) -> None:
        """End all of it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()

    # --- troubles ---------------------------------------------------------------

    def disk(self) -> None:
        """No room for a byte, for a while."""
        ballast = self.home / "frames" / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        time.sleep(self.gone_s)
        ballast.unlink()

    def postgres(self) -> None:
        """An immediate shutdown: what was in the making is lost."""
        postmaster = read_postmaster(self.home / "postgres" / "data")
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGQUIT)

    def redis(self) -> None:
        """Nothing of it is left when it is started again."""
        for data in (self.home / "redis").glob("appendonly*"):
            data.unlink()
        os.kill(self.pids["redis"], signal.SIGKILL)

    def worker(self) -> None:
        """All of the media worker stands still, and goes on."""
        parent = psutil.Process(self.pids["media"])
        family = [parent, *parent.children(recursive=True)]
        for each in family:
            each.suspend()
        time.sleep(self.gone_s)
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.resume()


@contextmanager
def small_disk(home: Path) -> Iterator[bool]:
    """The frame store on a disk of 64 MB; whether it could be made."""
    frames = home / "frames"
    frames.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(frames)]
    made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", "--lazy", str(frames)], check=True)


def run(home: Path, files: list[Path], name: str, gone_s: float) -> dict[str, Any]:
    """One run; seconds, and the rows at its end."""
    home.mkdir()
    home.chmod(0o755)
    with small_disk(home) as small:
        if name == "disk" and not small:
            return {"skipped": "no disk can be mounted here"}
        with Catalog.open(home=home) as catalog:
            service = Service(home, gone_s)
            trouble: Callable[[], None] | None = getattr(service, name, None)
            began = time.monotonic()
            try:
                for file in files:
                    catalog.register(file, dispatch=True)
                while not over(catalog, len(files)) and time.monotonic() - began < PATIENCE_S:
                    if trouble is not None and encoded(catalog) >= len(files) // 4:
                        trouble()
                        trouble = None
                    time.sleep(0.1)
            except BaseException:
                service.stop()
                raise
            took = time.monotonic() - began
            service.stop()
            return {"took_s": round(took, 2), "rows": content(catalog)}


def over(catalog: Catalog, count: int) -> bool:
    """Whether all are ready, or one is given up; not while nobody can be asked."""
    with suppress(DatabaseUnavailableError):
        return encoded(catalog) == count or given_up(catalog)
    return False


def main() -> None:
    """Run all, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=60)
    parser.add_argument("--gone", type=float, default=10.0, help="seconds")
    parser.add_argument("--only", default="disk,postgres,redis,worker")
    options = parser.parse_args()
    os.environ.setdefault("CATALOG_ENCODER", "demo")
    os.environ["CATALOG_RECONCILE_EVERY"] = "2"
    figures: dict[str, Any] = {"assets": options.assets, "gone_s": options.gone}
    with tempfile.TemporaryDirectory(prefix="catalog-outages-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        files = render(folder / "media", options.assets)
        with Catalog.open(home=folder / "here") as here:
            here.ingest(*files)
            expected = content(here)
        calm_s = 0.0
        for name in ("calm", *options.only.split(",")):
            told = run(folder / name, files, name, options.gone)
            if "rows" in told:
                told["equal"] = told.pop("rows") == expected
                calm_s = calm_s or told["took_s"]
                told["delay_s"] = round(told["took_s"] - calm_s, 2)
            figures[name] = told
            print(f"{name:10} {told}", flush=True)
    print(json.dumps(figures))
    raise SystemExit(
        0 if all(f.get("equal", True) for f in figures.values() if isinstance(f, dict)) else 1
    )


if __name__ == "__main__":
    main()
