"""Numbers, times and sentences as people read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from markupsafe import Markup, escape


def length(seconds: float | None) -> str:
    """How long something runs: ``2.3 s``, ``1:07``, ``1:02:07``; empty for what does not run."""
    if not seconds:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def number(value: float) -> str:
    """A number with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def size(count: int | None) -> str:
    """Bytes, in the unit that suits them."""
    value, units = float(count or 0), ["TB", "GB", "MB", "kB", "B"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop()
    unit = units[-1]
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def moment(text: Any) -> str:  # noqa: ANN401  # a datetime, or its ISO text
    """A moment to the minute, UTC; empty for none."""
    if not text:
        return ""
    when = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return f"{when:%Y-%m-%d %H:%M}"


def commands(text: str) -> Markup:
    """A sentence whose `commands` are set as such; a backtick without its like stays one."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )
