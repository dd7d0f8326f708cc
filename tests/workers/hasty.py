"""The workers' app with short waits: what takes an hour in production takes a second here."""

from __future__ import annotations

from workers.app import app

app.conf.broker_transport_options = app.conf.broker_transport_options | {"visibility_timeout": 1}
