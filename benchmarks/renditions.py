"""How big renditions are, per hour of media: ``python -m benchmarks.renditions [FOLDER]``.

Ingests the real footage of ``../shared/media``, makes every proxy, and counts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from catalog import Catalog

MEDIA = Path(__file__).resolve().parents[1].parent / "shared" / "media"


def main() -> None:
    """Print a table of bytes per hour, and one JSON object."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    with tempfile.TemporaryDirectory() as home, Catalog.open(home=home, encoder="null") as catalog:
        catalog.ingest(folder)
        rows = [
            row
            for row in catalog.assets("kind:video OR kind:audio", limit=10_000)["assets"]
            if row["duration"]
        ]
        seconds = {kind: sum(r["duration"] for r in rows if r["kind"] == kind) for kind in _KINDS}
        began = time.monotonic()
        made = catalog.proxy([row["id"] for row in rows])
        wall = time.monotonic() - began
        sizes: dict[str, int] = defaultdict(int)
        for row in rows:
            for one in catalog.show(row["id"])["renditions"]:
                sizes[f"{row['kind']} {one['kind']}"] += one["bytes"]
    figures = {"video_s": round(seconds["video"], 1), "audio_s": round(seconds["audio"], 1)}
    for name, size in sorted(sizes.items()):
        per_hour = size * 3600 / seconds[name.split()[0]]
        print(f"{name:<20} {size:>12,} bytes  {per_hour / 1e6:>8.1f} MB an hour")
        figures[f"{name.replace(' ', '_')}_mb_per_hour"] = round(per_hour / 1e6, 2)
    figures |= {"proxies": made["made"], "failed": len(made["failures"])}
    figures["proxy_wall_s"] = round(wall, 1)
    print(json.dumps(figures))


_KINDS = ("video", "audio")


if __name__ == "__main__":
    main()
