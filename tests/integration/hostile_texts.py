"""Readers of texts that do to their process what hostile files do; a file's name says what.

For decoding processes only: they read texts with this once it is imported.
"""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

from hostile_analysers import Order

from catalog.media import isolated_worker
from catalog.media.isolated_texts import read_texts
from catalog.media.isolated_worker import Report, analyse_file

analyse = analyse_file


def read(path: Path, order: dict[str, Any], report: Report) -> None:
    match path.stem:
        case "abort":
            os.abort()
        case "lie":
            report.send("texts", [("speech", 0, "soon", b"", None)])
        case "order":
            report._channel.send_bytes(pickle.dumps(("texts", Order())))
            threading.Event().wait()
        case _:
            read_texts(path, order, report)


isolated_worker.JOBS["texts"] = f"{__name__}:read"
