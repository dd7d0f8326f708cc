"""The program that decoding processes are forked from: everything loaded, nothing running.

    python -P -m catalog.media.isolated_host CONTROL ANALYSER

``CONTROL`` is the descriptor of a socket to the catalogue, ``ANALYSER`` the
function that analyses a file (``module:name``). Loading PyAV, OpenCV and the
detectors costs a third of a second; forking from a process that has them costs
a few milliseconds and shares the memory. The catalogue itself cannot be forked:
it has threads, connections and perhaps a GPU.

It has one thread and is always about to read its socket, so it notices at once
when the catalogue is gone; the kernel then ends what was forked from it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from multiprocessing.connection import Connection

from catalog.media.isolated_limits import DecodeLimits
from catalog.media.isolated_worker import Analyser, serve

_LOOK_S = 2.0
# How the catalogue ends is the catalogue's business; we end with it.
_NOT_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def main() -> None:
    """Fork when asked, until the catalogue is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    catalogue = os.getppid()
    for number in _NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    module, name = sys.argv[2].split(":")
    analyser: Analyser = getattr(importlib.import_module(module), name)
    _load_libraries()
    # A fork that looked through all of this for garbage would copy the memory that it shares.
    gc.freeze()
    control.sendall(b"ready\n")
    abandoned: set[int] = set()
    while os.getppid() == catalogue:
        abandoned = {pid for pid in abandoned if os.waitpid(pid, os.WNOHANG)[0] == 0}
        if not select.select([control], [], [], _LOOK_S)[0]:
            continue
        content, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
        if not content:
            break
        request = json.loads(content)
        if "abandoned" in request:
            abandoned.add(request["abandoned"])
            answer = 0
        elif "ended" in request:
            answer = os.waitpid(request["ended"], 0)[1]
        else:
            answer = _fork(DecodeLimits(**request["limits"]), descriptors, control, analyser)
        control.sendall(b"%d\n" % answer)


def _load_libraries() -> None:
    """What `analyse` loads on first use, so that no fork loads it again."""
    import ctypes  # noqa: PLC0415, F401

    import av.subtitles.stream  # noqa: PLC0415, F401
    import cv2  # noqa: PLC0415
    import langcodes  # noqa: PLC0415, F401
    import pillow_heif  # noqa: PLC0415, F401
    from PIL import Image, ImageOps, WebPImagePlugin  # noqa: PLC0415, F401

    cv2.setNumThreads(1)  # pictures of 256 pixels; and its threads would not survive a fork
    Image.preinit()


def _fork(
    limits: DecodeLimits, descriptors: list[int], control: socket.socket, analyser: Analyser
) -> int:
    """The number of a new process that serves whoever has the other end of the descriptor."""
    host = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            control.close()
            serve(Connection(descriptors[0]), limits, analyser, host)
            status = 0
        finally:
            os._exit(status)
    os.close(descriptors[0])
    return pid


if __name__ == "__main__":
    main()
