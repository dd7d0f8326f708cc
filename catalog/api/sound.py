"""Sounds: give them their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog.api.base import OpenCatalog
from catalog.domain.progress import Progress, Silent
from catalog.domain.results import Failure
from catalog.errors import EncoderUnavailableError, MediaError
from catalog.maintain import assets as maintained
from catalog.maintain.assets import Reference
from catalog.store import stages

if TYPE_CHECKING:
    from catalog.ingest.analyse import Tools


class SoundVerbs(OpenCatalog):
    """The verbs about how it sounds."""

    def listen(
        self,
        references: Sequence[Reference] = (),
        *,
        again: bool = False,
        dispatch: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Have the sound encoder hear these assets, or all that it has not heard, here and now.

        With ``again`` also what it has heard, or failed at. With ``dispatch``, workers are told
        to do it. Breaking it off leaves what is not done due.

        Returns
        -------
        dict
            ``assets``, the ids that were due; ``made``, how many were heard; ``windows``, how
            many vectors that gave; ``failures``, each with ``path`` (the asset's name), ``code``
            and ``reason``.

        Raises
        ------
        NotFoundError, InvalidInputError
            If one of them is no asset.
        EncoderUnavailableError
            If no sound encoder is set, or its weights are not to be had.
        AssetBusyError
            If another process is at work on one.
        ServiceError
            If database or broker are away.
        """
        from catalog.ingest.sending import tell_if_due
        from catalog.ingest.sounds import STAGE, hear_asset, want_sounds

        named = [row[0] for row in maintained.named(self.database, references)]
        encoder, row = self.sound_encoders.active()
        if again:
            with self.database.session() as session:
                stages.make_due(session, named, STAGE)
        due = want_sounds(self.database, row.id, named if references else None)
        if again:
            with self.database.session() as session:
                due = stages.due(session, named, STAGE)
        if dispatch:
            sent = tell_if_due(self.database, STAGE, due, self.dispatcher.sound)
            return {"assets": sent, "made": 0, "windows": 0, "failures": []}
        told, made, windows = progress or Silent(), 0, 0
        failures: list[dict[str, str]] = []
        rows = maintained.named(self.database, due)
        told.begin("listen", sum(seconds for _, _, seconds in rows), "s")
        for asset_id, name, seconds in rows:
            try:
                found = hear_asset(self._sound_tools(), asset_id, encoder, row.id)
            except MediaError as error:
                failures.append(Failure.of(name, error).as_json())
                found = None
            made, windows = made + (found is not None), windows + (found or 0)
            told.advance("listen", seconds, name)
        told.end("listen")
        return {"assets": due, "made": made, "windows": windows, "failures": failures}

    def sound_figures(self) -> list[dict[str, Any]]:
        """Every sound encoder, and how far it is.

        Returns
        -------
        list
            Each with ``name``, ``set`` (whether the setting names it: that one answers),
            ``dimension`` and ``weights`` (their digest; None where it never heard anything),
            ``assets`` it has heard, ``missing`` that it has not, and ``windows`` of sound.

        Raises
        ------
        UnknownEncoderError
            If the setting names no sound encoder.
        """
        return self.sound_encoders.list()

    def listen_due(self, asset_id: int) -> bool:
        """Have the sound encoder hear an asset if that is due, as workers do; whether it was.

        Where the encoder is not to be had it waits; the first worker that has it has all others
        that wait sent.

        Raises
        ------
        AssetBusyError, MediaError, ServiceError
            As `listen`.
        """
        from catalog.ingest.sending import tell_if_due
        from catalog.ingest.sounds import STAGE, hear_asset, let_wait, wake

        try:
            encoder, row = self.sound_encoders.active()
        except EncoderUnavailableError as missing:
            let_wait(self.database, [asset_id], missing)
            return False
        tell_if_due(self.database, STAGE, wake(self.database), self.dispatcher.sound)
        return hear_asset(self._sound_tools(), asset_id, encoder, row.id) is not None

    def _sound_tools(self) -> Tools:
        from catalog.ingest.analyse import Tools

        return Tools(self.database, self.store, self.decoders, None)
