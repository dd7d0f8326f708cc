"""One process that decoders are forked from, for all catalogues of a test process.

A catalogue starts its own, which loads the libraries: half a second of processor time, more than
most tests that decode need otherwise. What decodes is forked from it all the same, one process for
each thread of each catalogue, and ends with the catalogue.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from socket import socket

from catalog.errors import DecodersUnavailableError
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.isolated_processes import Host


class SharedHost(Host):
    """In the place of a catalogue's own host: passes on what is asked to the one there is."""

    def __init__(self, limits: DecodeLimits, analyser: str) -> None:
        self._limits = limits
        self.owner = os.getpid()
        self._lasting = _living(analyser)
        self._forked: set[int] = set()

    def _ask(self, request: bytes, descriptors: list[int]) -> int:
        answer = self._lasting._ask(request, descriptors)
        if descriptors:
            self._forked.add(answer)
        else:
            self._forked -= set(json.loads(request).values())
        return answer

    def close(self) -> None:
        """End what was forked for this catalogue, and only that."""
        if self.owner != os.getpid():
            return
        for pid in list(self._forked):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(DecodersUnavailableError):
                self.abandon(pid)


class _Lasting(Host):
    def _run(self, theirs: socket, analyser: str) -> subprocess.Popen[bytes]:
        self.process = super()._run(theirs, analyser)
        return self.process


def _living(analyser: str) -> _Lasting:
    """The host that loaded this analyser as one would that is started now."""
    told = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CATALOG_", "PYTEST_"))
    }
    key = (os.getpid(), analyser, str(Path.cwd()), tuple(sys.path), tuple(sorted(told.items())))
    if _started(*key).process.poll() is not None:
        _started.cache_clear()
    return _started(*key)


@cache
def _started(_pid: int, analyser: str, *_seen: object) -> _Lasting:
    return _Lasting(DecodeLimits.of_this_machine(), analyser)
