"""A child process: started, read from, started again when it ends unasked, and ended for good."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.supervisor.log_file import LogFile

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
# Who was ready, or was killed, is in order itself: what ended it is likely to be past.
_LONGEST_IN_ORDER_S = 2.0
# Who ran that long was well: what ends it now is nothing that waiting would mend.
_WELL_AFTER_S = 60.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Command:
    """What a child is: how it is started and ended, and the words by which it says it is ready.

    Asked to end it finishes what it is at, for which it has ``finish_s``; then it gets
    ``hurry_signal``, if there is one, and is killed ``patience_s`` after it was asked.
    """

    name: str
    arguments: Sequence[str]
    ready_words: str
    stop_signal: signal.Signals = signal.SIGTERM
    finish_s: float = 20.0
    hurry_signal: signal.Signals | None = None
    patience_s: float = 30.0


class Child:
    """One command, kept running. Only one thread may start, look after and end it.

    ``on_line`` is called with every line it writes, from a thread of its own.
    """

    def __init__(
        self,
        command: Command,
        environment: Mapping[str, str],
        log: Path,
        on_line: Callable[[str, str], None],
    ) -> None:
        self.command = command
        self._environment, self._log, self._on_line = environment, log, on_line
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._ready = threading.Event()
        self._started = 0.0
        # Seconds between its last end and its next start, and when that is due.
        self.wait_s = 0.0
        self.next_start = 0.0

    @property
    def pid(self) -> int | None:
        """Its process, if one runs."""
        return None if self._process is None else self._process.pid

    @property
    def ready(self) -> bool:
        """Whether it has said so since it was started."""
        return self._process is not None and self._ready.is_set()

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C at the terminal is not for it."""
        self._ready.clear()
        self._process = subprocess.Popen(  # noqa: S603  # our own programs, no shell
            self.command.arguments,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # calls the kernel and nothing else
        )
        self._started = time.monotonic()
        self._reader = threading.Thread(
            target=self._read, args=(self._process,), name=f"log {self.command.name}", daemon=True
        )
        self._reader.start()

    def ended(self) -> int | None:
        """Its exit code if it has ended since it was started, and then when to start it again."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return None
        self._bury()
        well = time.monotonic() - self._started > _WELL_AFTER_S
        in_order = self._ready.is_set() or code == -signal.SIGKILL
        longest = _LONGEST_IN_ORDER_S if in_order else _LONGEST_WAIT_S
        longer = min(max(_FIRST_WAIT_S, 2 * self.wait_s), longest)
        self.wait_s = _FIRST_WAIT_S if well else longer
        self.next_start = time.monotonic() + self.wait_s
        return code

    def ask_to_end(self) -> None:
        """Send the signal by which it ends in good order."""
        if self._process is not None:
            self._process.send_signal(self.command.stop_signal)

    def hurry(self, by: float) -> None:
        """Wait until it has ended; at ``by`` (monotonic) have it leave the rest undone."""
        if not self._waited(by) and self._process and self.command.hurry_signal is not None:
            self._process.send_signal(self.command.hurry_signal)

    def end(self, by: float) -> bool:
        """Wait until it has ended; at ``by`` (monotonic) it is killed. Whether it ended itself."""
        itself = self._waited(by)
        if self._process is not None:
            self._bury()
        return itself

    def _waited(self, by: float) -> bool:
        """Whether it has ended, at ``by`` the latest."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, by - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _bury(self) -> None:
        """Nothing of it stays: what it had started ends with it."""
        assert self._process is not None  # noqa: S101  # the callers have looked
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._reader is not None:
            self._reader.join(5.0)
        self._process = None

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        words = self.command.ready_words.encode()
        with LogFile(self._log) as log, process.stdout as lines:
            for line in lines:
                log.write(line)
                if words in line:
                    self._ready.set()
                self._on_line(self.command.name, line.decode("utf-8", "replace").rstrip())


def _end_with_parent() -> None:
    """Have the kernel end this process when the one that starts it is gone, however it went.

    prctl(2), PR_SET_PDEATHSIG; Linux alone has it.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


# Loaded here, not in the child between fork and exec.
_libc = ctypes.CDLL(None) if hasattr(ctypes.CDLL(None), "prctl") else None
