"""A-roll and B-roll as part of an ingest: the encoder's cues, and what is to be told anew."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.progress import Progress, Silent
from catalog.encoders import Encoder
from catalog.ingest.looks import BackfillLooks
from catalog.store import rolls

# Assets told in one transaction: a library's films have hundreds of shots each.
_AT_ONCE = 100


def know_cues(database: Database, encoder: Encoder, encoder_id: int) -> None:
    """Keep the encoder's vectors of the cues, for SQL to tell pictures by, if they are new.

    So whoever tells rolls later needs no model.
    """
    with database.session() as session:
        if rolls.cues_known(session, encoder_id):
            return
    vectors = encoder.encode_texts(rolls.WORDINGS)
    with database.session() as session:
        rolls.save_cues(session, encoder_id, vectors)


def anything_untold(database: Database, looks: BackfillLooks) -> bool:
    """Whether there are rolls to be told anew, as far as a look is to be had now."""
    with database.session() as session:
        eye = rolls.eye_of(session)

        def look() -> list[int]:
            return rolls.assets_untold(session, eye, limit=1)

        return bool(looks.found(("rolls", eye.basis), look))


def tell_untold(
    database: Database,
    asset_ids: Sequence[int] | None = None,
    *,
    progress: Progress | None = None,
    within_s: float | None = None,
) -> int:
    """Tell the rolls of those assets (or of all) that were told from something else than now.

    A batch is one transaction; what it is broken off at stays to be told. It begins no
    batch after ``within_s`` seconds. How many assets that were.
    """
    told, after, began, shown = 0, 0, time.monotonic(), progress or Silent()
    if asset_ids is None and progress is not None:  # it takes as long as a look at all
        with database.session() as session:
            shown.begin("roll", rolls.count_untold(session, rolls.eye_of(session)), "assets")
    while within_s is None or time.monotonic() - began < within_s:
        batch = database.in_session(partial(_tell_some, asset_ids=asset_ids, after=after))
        told += len(batch)
        shown.advance("roll", len(batch))
        if len(batch) < _AT_ONCE:
            break
        after = batch[-1]
    shown.end("roll")
    return told


def _tell_some(session: Session, asset_ids: Sequence[int] | None, after: int) -> list[int]:
    """Tell a batch of those assets whose numbers come after this one; which they were."""
    eye = rolls.eye_of(session)
    batch = rolls.assets_untold(session, eye, among_these=asset_ids, after=after, limit=_AT_ONCE)
    rolls.tell_rolls(session, batch, eye)
    return batch
