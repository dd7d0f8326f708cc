"""The supervisor of one machine: every process the service needs, kept running, ended together."""

from __future__ import annotations

from catalog.supervisor.change import Change, Tell
from catalog.supervisor.run import supervise

__all__ = ["Change", "Tell", "supervise"]
