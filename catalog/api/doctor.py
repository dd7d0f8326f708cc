"""The verb that looks everything over."""

from __future__ import annotations

from catalog.api.base import OpenCatalog
from catalog.domain.diagnosis import Diagnosis
from catalog.maintain.doctor import examine
from catalog.settings import Settings


def doctor(settings: Settings) -> Diagnosis:
    """Look over what these settings name, whether or not it can be opened.

    Nothing is changed, downloaded or migrated, and nothing that is wrong is raised.
    """
    return examine(settings)


class DoctorVerbs(OpenCatalog):
    """The verb of an open catalogue."""

    def doctor(self) -> Diagnosis:
        """Look over everything this catalogue needs; see `catalog.api.doctor.doctor`."""
        return examine(self.settings)
