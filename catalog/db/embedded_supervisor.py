"""Start PostgreSQL, stay beside it, and stop it once nobody uses it any more.

Run as ``python -I -S embedded_supervisor.py JSON`` by
:mod:`catalog.db.embedded`; it uses the standard library only, so that it starts
in about 20 ms and stays small. It detaches itself, so the program that started
it gets no child to wait for and may die in any way it likes.

Every process that uses the server holds a shared ``flock`` on the *users* file.
The kernel drops such a lock however its holder ends, so the moment an exclusive
lock on that file is granted here, no user is left. That holds after ``kill -9``
and after SIGTERM too, where Python runs no ``atexit`` handler.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

POLL_S = 0.5


def main(task: dict[str, Any]) -> None:
    """Detach, run the server, and stop it when its last user has gone."""
    if os.fork():
        os._exit(0)
    os.setsid()
    server = _launch(task)
    users = os.open(task["users"], os.O_RDWR | os.O_NOFOLLOW)
    while server.poll() is None:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(POLL_S)
        else:
            # Held until the server is gone: whoever comes now waits, then starts anew.
            server.send_signal(signal.SIGINT)  # "fast shutdown"
            server.wait()
    if task["remove"]:
        # The socket's folder, outside the home, where nobody else would remove it.
        for path in Path(task["remove"]).iterdir():
            path.unlink()
        Path(task["remove"]).rmdir()


def _launch(task: dict[str, Any]) -> subprocess.Popen[bytes]:
    """The server, with the lock that says "a server runs" and no other descriptor of ours."""
    log = os.open(
        task["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    server = subprocess.Popen(  # noqa: S603  # our own wheel's binary, no shell
        task["command"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        pass_fds=(task["lock_fd"],),
        start_new_session=True,
        **task["run_as"],
    )
    # Only the server may keep the lock: it is what tells others that one is running.
    os.close(task["lock_fd"])
    os.close(log)
    for fd in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    return server


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
