"""Analysers that do to their process what hostile files do; a file's name says what.

They run inside decoding processes. The name of a file that is called otherwise
is an honest one: it is analysed.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from pathlib import Path

from catalog.domain.media import SampledFrame, SamplingPolicy, Shot
from catalog.media.isolated_worker import Report, analyse_file
from catalog.media.probe import probe

PICTURES = 40
_SEEN = 0


def analyse(path: Path, policy: SamplingPolicy, report: Report) -> None:
    global _SEEN  # noqa: PLW0603  # of this process
    _SEEN += 1
    if hostile := _HOSTILE.get(path.stem.partition("-")[0]):
        hostile(path, policy, report)
    analyse_file(path, policy, report)


def _abort(*_) -> None:
    os.abort()


def _abort_late(path: Path, policy: SamplingPolicy, report: Report) -> None:
    """After the first picture was told of."""
    tell = report.picture

    def picture(pts: int, jpeg: bytes) -> str:
        tell(pts, jpeg)
        os.abort()

    report.picture = picture
    analyse_file(path, policy, report)


def _exit(*_) -> None:
    os._exit(7)


def _be_killed(*_) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _be_killed_once(path: Path, *_) -> None:
    mark = path.with_suffix(".killed")
    if not mark.exists():
        mark.touch()
        _be_killed()


def _hang(path: Path, *_) -> None:
    path.with_suffix(".hangs").touch()
    threading.Event().wait()


def _spin(*_) -> None:
    while True:
        pass


def _eat(*_) -> None:
    eaten = []
    while True:
        eaten.append(bytes(64 * 1024 * 1024))


class Order:
    """A pickle that runs a program in whoever reads it."""

    def __reduce__(self) -> tuple:
        return os.system, ("touch /tmp/catalog-was-tricked",)


def _order(path: Path, policy: SamplingPolicy, report: Report) -> None:
    report._channel.send_bytes(pickle.dumps(("probed", Order())))
    threading.Event().wait()


def _babble(path: Path, policy: SamplingPolicy, report: Report) -> None:
    report._channel.send_bytes(b"\x80\x05no message")
    threading.Event().wait()


def _crash_if_used(path: Path, *_) -> None:
    """What a file before did to the process comes out only now."""
    if _SEEN > 1:
        os.abort()


def _raise(*_) -> None:
    raise KeyError("a fault of ours")


_HOSTILE = {
    "abort": _abort,
    "abort_late": _abort_late,
    "exit": _exit,
    "killed": _be_killed,
    "unlucky": _be_killed_once,
    "hang": _hang,
    "spin": _spin,
    "eat": _eat,
    "order": _order,
    "babble": _babble,
    "fault": _raise,
    "late": _crash_if_used,
}


def many_pictures(path: Path, policy: SamplingPolicy, report: Report) -> None:
    """The file as one shot of many pictures; called ``waits-…``, it ends only once it is told to.

    It is told by a file called as it is, but for the suffix ``.go``.
    """
    shots: list[Shot] = []
    report.shot = shots.append
    jpegs: list[bytes] = []
    tell, report.picture = report.picture, lambda _pts, jpeg: jpegs.append(jpeg) or ""
    ended, report.ended = report.ended, lambda analysis: None
    found = probe(path)
    analyse_file(path, policy, report)
    for pts in range(PICTURES):
        tell(pts, jpegs[0])
    while path.stem.startswith("waits") and not path.with_suffix(".go").exists():
        pass
    frames = [SampledFrame(pts, pts, pts + 1, "", 64, 48) for pts in range(PICTURES)]
    del report.shot
    report.shot(Shot(0, 0, PICTURES, tuple(frames)))
    assert found.video is not None
    report.send("ended", PICTURES, 0, PICTURES, False)
    del ended
