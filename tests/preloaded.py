"""A `catalog` whose imports are done already, for scripts that call it again and again.

Nine tenths of what a short verb costs is to begin. A server that has imported the program
is forked for each call, with the caller's arguments, environment, folder and descriptors;
how the program itself begins is tried in tests/cli.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLIENT = """\
import json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
call = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(server, [b"%10d" % len(call)], [0, 1, 2])
server.sendall(call)
answers = server.makefile("rb")
verb = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(verb, number))
sys.exit(int(answers.readline()))
"""


@contextmanager
def preloaded(folder: Path) -> Iterator[Path]:
    """A folder for PATH with a program ``catalog`` in it."""
    path = folder / "preloaded.sock"
    (folder / "client.py").write_text(_CLIENT.format(path=str(path)))
    program = folder / "catalog"
    # Nothing of the site: the caller needs a socket, and begins in no time.
    words = shlex.join([sys.executable, "-I", "-S", str(folder / "client.py")])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, str(path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    try:
        yield folder
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def _serve(path: str) -> None:
    """Answer calls until nobody holds our standard input any more."""
    import gc

    import catalog.api
    from catalog.cli import main

    assert catalog.api
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    # Who waits for each verb's end is a process of its own; of its end nobody need know.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
            main()
            return
        connection.close()


def _answer(connection: socket.socket) -> None:
    """Become the called program, in a fork; the process itself tells the caller how it ends."""
    length, descriptors, _, _ = socket.recv_fds(connection, 10, 3)
    with connection.makefile("rb") as sent:
        arguments, environment, folder = json.loads(sent.read(int(length)))
    if verb := os.fork():
        connection.sendall(b"%d\n" % verb)
        for descriptor in (0, 1, 2, *descriptors):
            os.close(descriptor)  # who reads them waits for the verb's end, not for ours
        code = os.waitstatus_to_exitcode(os.waitpid(verb, 0)[1])
        connection.sendall(b"%d\n" % (code if code >= 0 else 128 - code))
        os._exit(0)
    connection.close()
    for descriptor, place in zip(descriptors, (0, 1, 2), strict=True):
        os.dup2(descriptor, place)
        os.close(descriptor)
    # Those that are there know whether what they were opened on can seek.
    sys.stdin = os.fdopen(0, closefd=False, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", closefd=False, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False, encoding="utf-8")
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["catalog", *arguments]


if __name__ == "__main__":
    _serve(sys.argv[1])
