"""Ctrl-C and SIGTERM, for verbs that run until they are told to end."""

from __future__ import annotations

import _thread
import signal
import threading


def end_by_signals(stop: threading.Event) -> None:
    """Let SIGTERM and Ctrl-C set the event, however often they come and whoever waits for it.

    A handler runs within the main thread. Were it to set the event itself while that
    thread is about to wait for it, or sets it for an earlier signal, it would wait for
    a lock that its own thread holds. A thread of `threading` takes such locks as well
    while it starts; this one takes none.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _thread.start_new_thread(stop.set, ()))
