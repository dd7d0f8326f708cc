"""The catalogue's end of the decoding processes: start them, talk to them, end them."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from catalog.domain.media import SamplingPolicy
from catalog.errors import DecodersUnavailableError
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.isolated_wire import MOST_BYTES, pack, unpack

_START_S = 60.0
_END_S = 5.0
_WAIT_S = 1.0


class Host:
    """The process that decoding processes are forked from; see `isolated_host`."""

    def __init__(self, limits: DecodeLimits, analyser: str) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._ready = False
        self.owner = os.getpid()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed in close()
        mine, theirs = socket.socketpair()
        self._control = mine
        mine.settimeout(_START_S)
        with theirs:
            process = self._run(theirs, analyser)
        # Also where nobody closes us: when we are forgotten, or the interpreter ends.
        self._let_go = weakref.finalize(self, _end, self.owner, mine, self._said, process)

    def _run(self, theirs: socket.socket, analyser: str) -> subprocess.Popen[bytes]:
        # -P: what lies in the working folder must not be imported in place of a library.
        program = [sys.executable, "-P", "-m", "catalog.media.isolated_host"]
        try:
            return subprocess.Popen(  # noqa: S603  # ourselves
                [*program, str(theirs.fileno()), analyser],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
            )
        except OSError as error:
            self._control.close()
            self._said.close()
            raise _unavailable(str(error)) from error

    def fork(self) -> Worker:
        """A new decoding process.

        Raises
        ------
        DecodersUnavailableError
            If the host is gone.
        """
        mine, theirs = socket.socketpair()
        request = json.dumps({"limits": self._limits.as_json()}).encode()
        with theirs:
            try:
                pid = self._ask(request, [theirs.fileno()])
            except DecodersUnavailableError:
                mine.close()
                raise
        return Worker(self, pid, Connection(mine.detach()))

    def status_of(self, pid: int) -> int:
        """The status with which a process ended, as `os.wait` gives it; waits for its end."""
        return self._ask(json.dumps({"ended": pid}).encode(), [])

    def abandon(self, pid: int) -> None:
        """Nobody will ask for this process's status. It may take long to end (hung storage)."""
        self._ask(json.dumps({"abandoned": pid}).encode(), [])

    def _ask(self, request: bytes, descriptors: list[int]) -> int:
        with self._lock:
            try:
                if not self._ready:
                    self._read_line()
                    self._ready = True
                socket.send_fds(self._control, [request], descriptors)
                return int(self._read_line())
            except (OSError, ValueError) as error:
                raise _unavailable(self._last_words() or str(error)) from error

    def _read_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            more = self._control.recv(64)
            if not more:
                raise OSError("their host process ended")
            line += more
        return line.strip()

    def _last_words(self) -> str:
        try:
            self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, self._said.tell() - 2000))
            lines = self._said.read().decode("utf-8", "replace").splitlines()
        except (OSError, ValueError):
            return ""
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End the host, and with it whatever was forked from it."""
        self._let_go()


def _end(
    owner: int, control: socket.socket, said: IO[bytes], process: subprocess.Popen[bytes]
) -> None:
    # A fork of the catalogue's process has copies of these, but it is not its host.
    mine = os.getpid() == owner
    with suppress(OSError):
        if mine:
            control.shutdown(socket.SHUT_RDWR)
        control.close()
    said.close()
    if not mine:
        process.returncode = 0  # not ours to wait for
        return
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(eq=False, slots=True)
class Worker:
    """One decoding process; one thread talks to it at a time.

    It has ``babbled`` if it said what is no message: then it is ended by us.
    """

    host: Host
    pid: int
    channel: Connection
    jobs: int = 0
    babbled: bool = False

    def begin(
        self,
        job: str,
        path: Path,
        order: SamplingPolicy | dict[str, Any],
        threads: int,
        hwaccel: str,
    ) -> None:
        """Ask for a job on a file; `OSError` if the process is gone."""
        self.jobs += 1
        self.channel.send_bytes(pack(job, os.fsencode(path), order, threads, hwaccel))

    def hear(self, patience_s: float) -> tuple[Any, ...] | None:
        """The next thing it says; None if it says nothing for so long.

        Raises
        ------
        EOFError
            If it has ended, or says what is no message.
        """
        try:
            if not self._speaks(patience_s):
                return None
            return unpack(self.channel.recv_bytes(MOST_BYTES))
        except (OSError, pickle.UnpicklingError) as error:
            # Of an end the system gives a number; not of a message that is too long.
            self.babbled = not isinstance(error, OSError) or error.errno is None
            raise EOFError from error

    def _speaks(self, patience_s: float) -> bool:
        """Whether anything comes within so many seconds in which we ran.

        Where this machine, container or group of processes was halted a while, so was the
        worker; the clock went on.
        """
        waited = 0.0
        while waited < patience_s:
            part = min(_WAIT_S, patience_s - waited)
            if self.channel.poll(part):
                return True
            waited += part
        return False

    def kill(self) -> None:
        """End it, from any thread; who waits to hear from it hears the end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def abandon(self) -> None:
        """End it without waiting for its end. Its number may be another's after this."""
        self.kill()
        self.channel.close()
        self.host.abandon(self.pid)

    def bury(self) -> int:
        """The status with which it ended. Its number may be another's after this."""
        self.kill()  # where it said what is no message, it lives
        self.channel.close()
        return self.host.status_of(self.pid)


def _environment() -> dict[str, str]:
    """The same packages as here; no threads of libraries that would not survive a fork."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _unavailable(why: str) -> DecodersUnavailableError:
    return DecodersUnavailableError(
        f"The processes that decode cannot be started, or were ended ({why});"
        " expected them to live as long as the catalogue is open.",
        remedy="See the system's log (out of memory?), then try again; nothing is lost.",
    )
