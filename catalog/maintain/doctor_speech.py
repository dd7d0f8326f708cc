"""The doctor's look at who listens and who recognises, and at what waits for them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from catalog.domain.diagnosis import Check, State
from catalog.errors import CatalogError
from catalog.ingest.speech import STAGE
from catalog.settings import Settings
from catalog.speech import OFF, Recognisers, load_voice, missing_extra
from catalog.store import waiting


def speech_checks(settings: Settings) -> Iterator[Check]:
    """Whether speech is heard here, and whether what is said is recognised."""
    try:
        load_voice()
    except CatalogError as error:
        yield Check("speech", State.WARN, error.message, error.remedy)
        return
    yield Check("speech", State.OK, "Silero VAD hears where somebody speaks")
    model = settings.speech_model
    recognisers = Recognisers(model, settings.speech_device, settings.speech_compute)
    missing = recognisers.missing()
    if missing is None:
        yield Check("recogniser", State.OK, f"{model} is at hand")
    else:
        state = State.OK if model == OFF else State.WARN
        yield Check("recogniser", state, missing.message, missing.remedy)


def waiting_check(session: Session) -> Iterator[Check]:
    """What waits for a recogniser; nothing, where all have what they need."""
    found = waiting.why_waiting(session, STAGE)
    if found is None:
        return
    count, reason = found
    remedy = "" if missing_extra() else "It goes on by itself; `catalog retry` looks at once."
    yield Check("speech_waits", State.OK, f"{count} asset(s): {reason}", remedy)
