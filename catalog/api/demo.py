"""The demonstration's footage, catalogued to look around in."""

from __future__ import annotations

from catalog.api.encoder import EncoderVerbs
from catalog.api.ingest import IngestVerbs
from catalog.domain.progress import Progress, Silent
from catalog.domain.results import IngestReport
from catalog.errors import ConflictError
from catalog.settings import DEMO_ENCODER
from catalog.store import assets

_FILES = 18


class DemoVerbs(IngestVerbs):
    """The verb of a first look."""

    encoder: EncoderVerbs

    def demonstrate(self, *, progress: Progress | None = None) -> IngestReport:
        """Render the demonstration's footage and catalogue it, in a catalogue that has nothing.

        The footage lies under ``CATALOG_HOME/demo``. The demonstration's own encoder
        becomes the active one; it knows nothing but that footage.

        Raises
        ------
        ConflictError
            If something is catalogued already.
        """
        # Rendering is asked for once in a catalogue's life, if ever.
        from catalog.demo.footage import make_footage

        with self.database.session() as session:
            there = assets.count_all(session)["assets"]
        if there:
            raise ConflictError(
                f"{there} assets are catalogued already; expected a catalogue that is empty.",
                remedy="Show the demonstration in one of its own: catalog demo FOLDER.",
            )
        told = progress or Silent()
        told.begin("render", _FILES, "files")
        folder = self.settings.home / "demo"
        make_footage(folder, progress=lambda *_: told.advance("render", 1))
        told.end("render")
        self.encoder.activate(DEMO_ENCODER)
        return self.ingest(folder, collection="Demo", tags=["generated"], progress=told)
