"""Speech: have what is said in assets recognised, where nobody has written it down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.api.base import OpenCatalog
from catalog.domain.progress import Progress, Silent, SoFar
from catalog.domain.results import Failure
from catalog.errors import MediaError
from catalog.maintain import assets as maintained
from catalog.maintain.assets import Reference

if TYPE_CHECKING:
    from catalog.ingest.analyse import Tools


class SpeechVerbs(OpenCatalog):
    """The verbs about what is said."""

    def recognise(
        self,
        references: Sequence[Reference] = (),
        *,
        again: bool = False,
        dispatch: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Recognise what is said in these assets, or in all that wait for it, here and now.

        What a subtitle file, the asset's file or a person says already is not recognised; with
        ``again``, what was recognised before is, as when there is a better model. With
        ``dispatch``, workers are told to do it. Breaking it off leaves what is not done due.

        Returns
        -------
        dict
            ``assets``, how many were due; ``recognised``, how many have text now or turned out
            to have no speech; ``lines``, of text; ``waiting``, how many have to wait for a
            recogniser, and why, in words, or None;
            ``failures``, each with ``path`` (the asset's name), ``code`` and ``reason``.

        Raises
        ------
        NotFoundError, InvalidInputError
            If one of them is no asset, or the model in the settings is none.
        AssetBusyError
            If another process is at work on one.
        ServiceError
            If database or broker are away.
        """
        from catalog.ingest.sending import tell_if_due
        from catalog.ingest.speech import STAGE, ask_again, waits, wake, want_text

        ids = [asset_id for asset_id, _, _ in maintained.named(self.database, references)]
        if again:
            ask_again(self.database, ids)
        missing = self.recognisers.missing()
        if missing is None:
            wake(self.database)
        due = want_text(self.database, ids if references else None)
        if dispatch:
            sent = tell_if_due(self.database, STAGE, due, self.dispatcher.recognise)
            return {
                "assets": len(sent),
                "recognised": 0,
                "lines": 0,
                "waiting": None,
                "failures": [],
            }
        body = self._recognise_all(due, progress or Silent())
        return {**body, "waiting": waits(self.database, ids if references else None)}

    def _recognise_all(self, ids: Sequence[int], progress: Progress) -> dict[str, Any]:
        from catalog.ingest.speech import recognise_asset

        rows = maintained.named(self.database, ids)
        done, lines, failures = 0, 0, []
        progress.begin("recognise", sum(seconds for _, _, seconds in rows), "s")
        for asset_id, name, seconds in rows:
            tell = SoFar(progress, "recognise", name)
            try:
                found = recognise_asset(self._speech_tools(), asset_id, self.recognisers.load, tell)
            except MediaError as error:
                failures.append(Failure.of(name, error).as_json())
                found = None
            if found is not None:
                done, lines = done + 1, lines + found.lines
            tell(seconds)
        progress.end("recognise")
        return {
            "assets": len(rows),
            "recognised": done,
            "lines": lines,
            "failures": failures,
        }

    def recognise_due(self, asset_id: int) -> bool:
        """Recognise what is said in an asset if that is due, as workers do; whether it is done.

        One that cannot be done here, for want of weights, waits; the first that can has all
        others that wait sent.

        Raises
        ------
        AssetBusyError, MediaError, ServiceError
            As `recognise`.
        """
        from catalog.ingest.sending import tell_if_due
        from catalog.ingest.speech import STAGE, recognise_asset, wake

        found = recognise_asset(self._speech_tools(), asset_id, self.recognisers.load)
        if found is not None and self.recognisers.missing() is None:
            woken = wake(self.database)
            tell_if_due(self.database, STAGE, woken, self.dispatcher.recognise)
        return found is not None

    def fetch_recogniser(self) -> Path:
        """Download the weights of the recogniser in the settings; the folder they lie in.

        Raises
        ------
        SpeechUnavailableError
            If the extra is not installed, or they cannot be had.
        InvalidSettingError
            If the model in the settings is none.
        """
        return self.recognisers.fetch()

    def _speech_tools(self) -> Tools:
        from catalog.ingest.analyse import Tools

        return Tools(self.database, self.store, self.decoders, None)
