"""Settings: one frozen object, built at the entry and passed down.

Order of precedence: arguments, environment (``CATALOG_*``, or ``CATALOG_*_FILE``, which
names a file with the value), ``catalog.toml`` in the home folder, defaults. Nothing is
read when this module is imported.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import quote, urlsplit

from catalog.errors import InvalidSettingError

DEFAULT_ENCODER = "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k"
DEMO_ENCODER = "demo"
CONFIG_FILE = "catalog.toml"
_DAY_S = 86_400
_MOST = 1_000_000
# Passwords that are given apart from the addresses they belong to, so that these are no secret.
_PASSWORDS = {"database_password": "database_url", "broker_password": "broker_url"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the catalogue lives and what it runs on.

    ``database_url`` and ``broker_url`` are None for the embedded servers under
    ``home``; ``reader_url`` is a read-only login for ``catalog sql`` where the
    server does not let us make one. ``encoder`` names the encoder a *new* catalogue starts with; an
    existing one remembers its active encoder in the database. ``speech_encoder`` names a
    sentence encoder that shall answer for speech; None leaves that as it is: to the active
    encoder's own words in a new catalogue. ``device`` and
    ``precision`` are ``auto`` or what torch calls them (``cpu``, ``cuda:0``;
    ``fp32``, ``bf16``, ``fp16``), or ``int8``. ``sql_timeout`` is how many seconds a statement
    of ``catalog sql`` may take. ``hwaccel`` says whether a graphics card may decode:
    ``auto``, ``cuda`` or ``none``. ``search_weights`` is what meaning, words
    and speech count for in a search that does not say. ``sound_encoder`` names what hears effects,
    music and atmospheres; None: nothing does. ``speech_model`` is what recognises speech: a name of
    faster-whisper's, a repository, a folder with weights, or ``none``; on ``speech_device``
    (``auto``, ``cpu``, ``cuda``), computing in ``speech_compute``. ``reconcile_every`` is how many
    seconds lie between two rounds of the reconciler; ``verify_gb_per_day`` is how much of the
    media a service reads through again by itself (0: nothing), ``verify_after_days`` how long it
    leaves what it has read; ``log_format`` is how workers and
    `catalog up` log: ``text`` or ``json``. ``webhook_url`` is told by HTTP of assets that
    are ready, or have failed. ``web_host`` and ``web_port`` are where pages and HTTP API
    are served; port 0 is any that is free. ``web_auth`` (``on`` or ``off``) asks for tokens
    even on this machine; ``web_https`` says that browsers come by HTTPS, through a proxy.
    """

    home: Path
    database_url: str | None = None
    reader_url: str | None = None
    broker_url: str | None = None
    encoder: str = DEFAULT_ENCODER
    speech_encoder: str | None = None
    frame_store: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    hwaccel: str = "auto"
    sql_timeout: str = "30"
    search_weights: str = "meaning=1,words=1"
    speech_model: str = "small"
    speech_device: str = "auto"
    speech_compute: str = "auto"
    sound_encoder: str | None = None
    reconcile_every: str = "30"
    verify_gb_per_day: str = "100"
    verify_after_days: str = "90"
    log_format: str = "text"
    webhook_url: str | None = None
    web_host: str = "127.0.0.1"
    web_port: str = "8600"
    web_auth: str = "off"
    web_https: str = "off"

    @property
    def sql_timeout_s(self) -> float:
        """Seconds that a statement of ``catalog sql`` may take.

        Raises
        ------
        InvalidSettingError
            If the setting is no number above 0.
        """
        return self._seconds("sql_timeout")

    @property
    def reconcile_every_s(self) -> float:
        """Seconds between two rounds of the reconciler.

        Raises
        ------
        InvalidSettingError
            If the setting is no number above 0.
        """
        return self._seconds("reconcile_every")

    @property
    def verify_bytes_per_s(self) -> float:
        """Bytes of media per second that are read through in the background, on average.

        Raises
        ------
        InvalidSettingError
            If the setting is no number from 0 on.
        """
        return self._number("verify_gb_per_day", "100") * 1e9 / _DAY_S

    @property
    def verify_after_s(self) -> float:
        """Seconds for which what was read through is not read again in the background.

        Raises
        ------
        InvalidSettingError
            If the setting is no number from 0 on.
        """
        return self._number("verify_after_days", "90") * _DAY_S

    @property
    def json_logs(self) -> bool:
        """Whether logs are a JSON object per line.

        Raises
        ------
        InvalidSettingError
            If the setting is neither ``json`` nor ``text``.
        """
        if self.log_format not in {"json", "text"}:
            raise InvalidSettingError(
                f"log_format is {self.log_format!r}; expected json or text.",
                remedy="Set CATALOG_LOG_FORMAT=json, or leave it out.",
            )
        return self.log_format == "json"

    @property
    def web_port_number(self) -> int:
        """The port of pages and HTTP API.

        Raises
        ------
        InvalidSettingError
            If the setting is no number of a port.
        """
        text = self.web_port
        if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
            raise InvalidSettingError(
                f"web_port is {text!r}; expected 0 to 65535.", remedy="Set CATALOG_WEB_PORT=8600."
            )
        return int(text)

    @property
    def asks_for_tokens(self) -> bool:
        """Whether pages and HTTP API ask for tokens even on this machine.

        Raises
        ------
        InvalidSettingError
            If the setting is neither ``on`` nor ``off``.
        """
        return self._switch("web_auth")

    @property
    def reached_by_https(self) -> bool:
        """Whether browsers reach the pages by HTTPS.

        Raises
        ------
        InvalidSettingError
            If the setting is neither ``on`` nor ``off``.
        """
        return self._switch("web_https")

    def _switch(self, name: str) -> bool:
        value = getattr(self, name)
        if value not in {"on", "off"}:
            raise InvalidSettingError(
                f"{name} is {value!r}; expected on or off.",
                remedy=f"Set CATALOG_{name.upper()}=on, or leave it out.",
            )
        return bool(value == "on")

    def _number(self, name: str, usual: str) -> float:
        value = getattr(self, name)
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= _MOST:
            raise InvalidSettingError(
                f"{name} is {value!r}; expected a number from 0 to {_MOST:,}.",
                remedy=f"Set CATALOG_{name.upper()}={usual}, or leave it out.",
            )
        return number

    def _seconds(self, name: str) -> float:
        value = getattr(self, name)
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 86_400:
            raise InvalidSettingError(
                f"{name} is {value!r}; expected seconds, above 0, at most 86400.",
                remedy=f"Set CATALOG_{name.upper()}=30.",
            )
        return seconds

    @property
    def frames_dir(self) -> Path:
        """Folder of the frame store."""
        return self.frame_store or self.home / "frames"

    @property
    def postgres_dir(self) -> Path:
        """Data folder of the embedded PostgreSQL."""
        return self.home / "postgres"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
        """Build the settings from arguments, environment and ``catalog.toml``.

        ``database_password`` and ``broker_password`` become part of their URLs.

        Raises
        ------
        InvalidSettingError
            If a file cannot be read, ``catalog.toml`` does not parse or holds a name that
            does not exist, or something is said twice.
        """
        env = os.environ if environ is None else environ
        home = Path(str(overrides.get("home") or env.get("CATALOG_HOME") or _default_home(env)))
        home = home.expanduser().absolute()
        values: dict[str, object] = dict(_read_file(home / CONFIG_FILE))
        for name in _names() - {"home"}:
            if value := _from_environment(env, f"CATALOG_{name.upper()}"):
                values[name] = value
        values.update({k: v for k, v in overrides.items() if v is not None and k != "home"})
        for name, url in _PASSWORDS.items():
            if password := values.pop(name, None):
                values[url] = _with_password(values.get(url), url, str(password))
        if values.get("frame_store"):
            values["frame_store"] = Path(str(values["frame_store"])).expanduser().absolute()
        return cls(home=home, **values)  # type: ignore[arg-type]  # names checked in _read_file


def _names() -> set[str]:
    return {f.name for f in fields(Settings)} | set(_PASSWORDS)


def _from_environment(env: Mapping[str, str], variable: str) -> str | None:
    """The value of a variable, or of the file that its namesake with ``_FILE`` names."""
    value, file = env.get(variable), env.get(f"{variable}_FILE")
    if not file:
        return value
    if value:
        raise InvalidSettingError(
            f"{variable} and {variable}_FILE are both set; expected one of them.",
            remedy="Unset the one that is not meant.",
        )
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InvalidSettingError(
            f"{variable}_FILE names {file}, which cannot be read: {reason}.",
            remedy="Name a file that this user may read, with the value and nothing else.",
        ) from None


def _with_password(url: object, setting: str, password: str) -> str:
    """The URL with the password in it. No message repeats either."""
    variable = f"CATALOG_{setting.upper()}"
    try:
        parts = urlsplit(str(url or ""))
        named, host = parts.password is not None, parts.hostname
    except ValueError:
        named, host = False, None
    if named or not host:
        raise InvalidSettingError(
            f"{variable} {'holds a password already' if named else 'names no host'}; expected a"
            f" URL without one, for {variable.removesuffix('_URL')}_PASSWORD is set.",
            remedy=f"Write {variable} as scheme://user@host:port/name.",
        )
    user, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()


def _default_home(env: Mapping[str, str]) -> Path:
    """The user's data folder (XDG base directory specification 0.8)."""
    base = env.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "asset-catalog"


def _read_file(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSettingError(
            f"{path} is not valid TOML: {error}.", remedy="Correct the file or remove it."
        ) from error
    unknown = sorted(set(values) - _names() - {"home"} | (set(values) & {"home"}))
    if unknown:
        raise InvalidSettingError(
            f"{path} sets {', '.join(unknown)}; known names are "
            f"{', '.join(sorted(_names() - {'home'}))}.",
            remedy="Correct or remove the line.",
        )
    wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
    if wrong:
        raise InvalidSettingError(
            f"{path}: {', '.join(wrong)} must be text in quotes.", remedy="Quote the value."
        )
    return dict(values)
