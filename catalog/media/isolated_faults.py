"""What the silence or the end of a decoding process means, in the words of an error."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from catalog.domain.paths import shown_path
from catalog.errors import (
    DecoderCrashedError,
    DecoderKilledError,
    DecoderMemoryError,
    DecoderOverrunError,
    DecoderStalledError,
    DecodersUnavailableError,
    MediaError,
    UnexpectedFaultError,
)
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.truncation import TruncatedError


def stalled(path: Path, limits: DecodeLimits) -> MediaError:
    """Nothing came for longer than a file may stay silent."""
    return DecoderStalledError(
        f"Decoding {shown_path(path)} made no progress for {limits.stall_s:g} s; expected a"
        " picture, or a broken packet, now and then.",
        remedy="If its storage hung, `catalog retry`; else the file leads the decoder in a"
        " circle: re-wrap or transcode it.",
        path=shown_path(path),
        seconds=limits.stall_s,
    )


def overrun(path: Path, limits: DecodeLimits) -> MediaError:
    """The system ended it for its processor time."""
    return DecoderOverrunError(
        f"Decoding {shown_path(path)} took more processor time than allowed; expected"
        f" at most {limits.cpu_s:g} s, and {limits.cpu_s_per_second:g} s a second of media.",
        remedy="Transcode it to a smaller picture or a plainer codec.",
        path=shown_path(path),
        seconds=limits.cpu_s,
    )


def out_of_memory(path: Path, limits: DecodeLimits) -> MediaError:
    """It asked for more memory than one file may have."""
    return DecoderMemoryError(
        f"Decoding {shown_path(path)} wants more memory than one file may have; expected"
        f" at most {limits.memory} bytes.",
        remedy="Store a smaller version of it.",
        path=shown_path(path),
        limit=limits.memory,
    )


def killed(path: Path, files_before: int) -> MediaError:
    """Somebody killed it, after so many files that it read to the end."""
    return DecoderKilledError(
        f"The decoder's process was killed over {shown_path(path)}, as when memory runs"
        " out; expected it to read the file or to say why not.",
        remedy="See the system's log; `catalog retry` when the machine has memory to spare.",
        path=shown_path(path),
        files_before=files_before,
    )


def crashed(path: Path, files_before: int, status: int) -> MediaError:
    """It ended with this wait status, after so many files that it read to the end."""
    return DecoderCrashedError(
        f"The decoder's process ended over {shown_path(path)} ({_how(status)}); expected it to"
        " read the file or to say why not.",
        remedy="The file is damaged in a way that the decoder does not survive: copy it again,"
        " or transcode it elsewhere.",
        path=shown_path(path),
        files_before=files_before,
    )


def _how(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"exit status {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def broken_off(kind: str, words: str) -> UnexpectedFaultError:
    """A fault of the program, not of the file, inside the process."""
    return UnexpectedFaultError(
        f"The analysis broke off: {kind}: {words}.",
        remedy="Please report this with the file; then `catalog retry`.",
    )


def host_gone() -> DecodersUnavailableError:
    """The process that the others come from ended as well."""
    return DecodersUnavailableError(
        "The processes that decode were ended from outside.",
        remedy="See the system's log (out of memory?), then try again; nothing is lost.",
    )


def stopped() -> DecodersUnavailableError:
    """The error of work that was broken off on purpose; no fault of the file's."""
    return DecodersUnavailableError("The work was broken off.", remedy="Start it again.")


def told(code: str, message: str, remedy: str, details: dict[str, Any]) -> MediaError:
    """The error that was raised in the other process."""
    classes: list[type[MediaError]] = [TruncatedError, MediaError]
    for known in classes:
        classes.extend(known.__subclasses__())
    chosen = next((known for known in classes if known.code == code), MediaError)
    return chosen(message, remedy=remedy, **details)
