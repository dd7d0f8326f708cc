"""Told to end while it is about to wait, or to set the event for an earlier signal."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import os, signal, threading
from catalog.cli.signals import end_by_signals

for number in (signal.SIGTERM, signal.SIGINT):
    stop = threading.Event()
    end_by_signals(stop)
    with stop._cond:  # as wait() and set() hold it for a moment
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert stop.wait(240)
print("ended")
"""


def test_a_signal_in_any_moment_ends_the_wait():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
