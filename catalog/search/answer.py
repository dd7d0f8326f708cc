"""Answering ``CALL catalog.encode_phrase('…')``: phrases that SQL asks for are encoded here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from catalog.db.engine import Database
from catalog.db.notices import PHRASE_LOCK, listening
from catalog.encoders import TextEncoder
from catalog.errors import CatalogError
from catalog.search.phrases import encode_phrases, normal_phrase

CHANNEL = "catalog_phrase"
# A phrase is kept by an index whose entries have a limit; the procedure refuses longer ones too.
_MOST_BYTES = 2000

_log = logging.getLogger(__name__)


def answer_phrases(
    database: Database,
    load_encoder: Callable[[str], TextEncoder],
    stop: threading.Event,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Encode what is asked for until ``stop`` is set; how many phrases were answered.

    Whoever asks for the same text at the same time is answered at once. A phrase
    that cannot be encoded is logged, and its asker told by time running out.

    Raises
    ------
    DatabaseUnavailableError
        If the database goes away.
    """
    answered = 0
    with listening(database, CHANNEL, PHRASE_LOCK) as listener:
        ready()
        while said := listener.wait(stop):
            phrases = {normal_phrase(text) for text in said}
            wanted = sorted(p for p in phrases if p and len(p.encode()) <= _MOST_BYTES)
            try:
                answered += encode_phrases(database, wanted, load_encoder) if wanted else 0
            except CatalogError as error:
                if error.code == "database_unavailable":
                    raise
                _log.warning("phrases not encoded", extra={"reason": str(error)})
    return answered
