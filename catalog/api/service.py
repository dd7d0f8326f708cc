"""The service as a whole: what keeps workers at work, and what lets them rest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from catalog.api.base import OpenCatalog
from catalog.domain.reconciled import GRACE_S, LEASE_S, MOST_WAITING, Reconciled
from catalog.store import audit, service

if TYPE_CHECKING:
    from catalog.ingest.verifying import Pace, Verified
    from catalog.media.frame_store import Swept
    from catalog.supervisor import Tell


class ServiceVerbs(OpenCatalog):
    """The verbs of whoever runs the service."""

    def reconcile(
        self,
        *,
        lease_s: float = LEASE_S,
        grace_s: float = GRACE_S,
        limit: int = MOST_WAITING,
    ) -> Reconciled:
        """Send again what is due and nobody seems to know of; what that was.

        What failed and may pass by itself is made due when its time has come. A
        running service does this by itself (task ``catalog.reconcile``).

        Parameters
        ----------
        lease_s:
            For how many seconds a message counts as on its way, unless no message
            is anywhere.
        grace_s:
            What became due less than these seconds ago is left to whoever made it so.
        limit:
            Up to how many messages a queue is filled.

        Raises
        ------
        BrokerUnavailableError
            If workers cannot be told.
        """
        from catalog.maintain.reconcile import reconcile

        return reconcile(
            self.database,
            self.dispatcher,
            lease_s=lease_s,
            grace_s=grace_s,
            limit=limit,
            looks=self._reconciler_looks,
            sweep=self._sweep_some,
            pace=self._pace(),
        )

    def _sweep_some(self) -> Swept:
        from catalog.maintain.leftovers import clear_removed

        clear_removed(self.database, self.store)
        return self._sweeping.go_on(self.store)

    def _pace(self) -> Pace:
        from catalog.ingest.verifying import Pace

        return Pace(self.settings.verify_bytes_per_s, self.settings.verify_after_s)

    def verify_some(self) -> Verified:
        """Read files through that were not read for long, as workers do in the background.

        Never read ones first, then those that were read longest ago, until the pace that is set
        (``verify_gb_per_day``), five minutes, or other work with media says to stop.

        Raises
        ------
        ServiceError
            If the database is away.
        """
        from catalog.ingest.verifying import verify_some

        return verify_some(self.database, self._pace())

    def pause(self, reason: str = "") -> dict[str, object]:
        """Let workers leave work due, from their next task on, until `resume`.

        What they are at they finish. `ingest` in a process of one's own goes on.

        Returns
        -------
        dict
            ``paused``: since when (ISO 8601); ``by``: who said so, and why.
        """
        who = self.database.actor.name
        with self.database.session() as session:
            service.pause(session, f"{who}: {reason}" if reason else who)
            held = service.paused(session)
            audit.note(session, "pause", reason=reason)
        assert held is not None  # noqa: S101  # written above, in this transaction
        return {"paused": held.since.isoformat(), "by": held.by}

    def resume(self) -> bool:
        """Let workers work again; whether they did not.

        What they let go by meanwhile, the next round of `reconcile` sends again.
        """
        with self.database.session() as session:
            resumed = service.resume(session)
            if resumed:
                audit.note(session, "resume")
            return resumed

    def up(
        self, *, tell: Tell, stop: threading.Event | None = None, media: int | None = None
    ) -> None:
        """Run the whole service on this machine until ``stop`` is set: broker, workers and all.

        The embedded database and broker are used where no URL is set. Logs lie in
        ``CATALOG_HOME/logs``.

        Parameters
        ----------
        tell:
            Is told of every change of state, and of every line the children write.
        media:
            How many processes decode; None: one fewer than there are cores.

        Raises
        ------
        AlreadyRunningError
            If another process does this for the same home.
        BrokerUnavailableError
            If the broker cannot be started.
        """
        from catalog.supervisor import supervise

        server = self.database.server
        supervise(self.settings, server, tell, stop or threading.Event(), media=media)

    def may_work(self) -> bool:
        """Whether workers are to work now. What they are told of meanwhile is sent again."""
        with self.database.session() as session:
            return service.paused(session) is None
