"""The workers' Celery app: ``celery -A workers.app worker -Q media,encode,speech``.

How many, where, and with what options: docs/workers.md.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import Celery

from catalog.dispatch import RECONCILE
from catalog.dispatch.celery_app import celery_settings
from catalog.errors import CatalogError
from catalog.settings import Settings

app = Celery("catalog", include=["workers.tasks", "workers.logs"])


def _from_environment() -> dict[str, Any]:
    try:
        settings = Settings.load()
        every = settings.reconcile_every_s
        # Asked for here, or a wrong one would break off every round of the reconciler.
        _ = settings.verify_bytes_per_s, settings.verify_after_s
        return celery_settings(settings.broker_url) | {
            "beat_schedule": {
                RECONCILE: {
                    "task": RECONCILE,
                    "schedule": every,
                    # Of rounds that nobody came to take, one is enough.
                    "options": {"expires": every},
                }
            }
        }
    except CatalogError as error:
        # We are inside Celery's command line, which would show fifty lines of its own.
        sys.stderr.write(f"Error: {error}\n")
        raise SystemExit(error.exit_code) from None


def _settings() -> dict[str, Any]:
    return _from_environment() | {
        # A message is done when its work is: whatever ends a worker before that
        # gives the message to another one.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # One message at a time: the next waits where a free worker can take it.
        "worker_prefetch_multiplier": 1,
        # Losing the broker must not throw away an hour of decoding. If the message
        # is delivered again meanwhile, the asset's lock keeps the second worker off.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # SIGQUIT: hand the message back, and end. Celery's own patience sleeps all of its
        # time in a signal handler, also when the work is done; who stops us sends SIGTERM first.
        "worker_soft_shutdown_timeout": 0.0,
        # A busy machine may take its time to start a process.
        "worker_proc_alive_timeout": 60.0,
        # A child's print() is no warning of ours, and would not be JSON.
        "worker_redirect_stdouts": False,
    }


# Read when Celery first asks, not when this module is imported.
app.add_defaults(_settings)
