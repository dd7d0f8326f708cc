"""The verb that looks everything over."""

from __future__ import annotations

from catalog.api.base import OpenCatalog
from catalog.domain.diagnosis import Check, Diagnosis, State
from catalog.errors import CatalogError
from catalog.settings import Settings


def doctor(settings: Settings) -> Diagnosis:
    """Look over what these settings name, whether or not it can be opened.

    Nothing is changed, downloaded or migrated, and nothing that is wrong is raised.
    """
    from catalog.maintain.doctor import examine

    return examine(settings)


class DoctorVerbs(OpenCatalog):
    """The verb of an open catalogue."""

    def doctor(self, *, repair: bool = False) -> Diagnosis:
        """Look over everything this catalogue needs; see `catalog.api.doctor.doctor`.

        With ``repair``, work that nobody does is sent again first, as `reconcile` does, and what
        killed writers have left in the frame store is deleted.
        """
        from catalog.maintain.doctor import examine

        repaired = [self._sweep(), self._repair()] if repair else []
        return Diagnosis((*repaired, *examine(self.settings).checks))

    def _repair(self) -> Check:
        from catalog.maintain.reconcile import reconcile

        try:
            done = reconcile(self.database, self.dispatcher)
        except CatalogError as error:
            return Check("repair", State.FAIL, error.message, error.remedy or "", service=True)
        return Check("repair", State.OK, str(done))

    def _sweep(self) -> Check:
        from catalog.maintain.leftovers import clear_removed, sweep_all

        try:
            while clear_removed(self.database, self.store):
                pass
            swept = sweep_all(self.store)
        except CatalogError as error:
            return Check("leftovers", State.FAIL, error.message, error.remedy or "")
        found = "nothing unfinished lies in the frame store"
        if swept.files:
            found = f"{swept.files} unfinished files deleted, {swept.size / 2**20:.1f} MiB"
        return Check("leftovers", State.OK, found)
