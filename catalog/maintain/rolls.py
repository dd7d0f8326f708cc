"""A-roll and B-roll: put right by people, and told anew for a whole library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from catalog.db.engine import Database
from catalog.domain.progress import Progress
from catalog.domain.roll import Side
from catalog.encoders import Encoder
from catalog.errors import CatalogError, InvalidInputError, NotFoundError
from catalog.ingest.rolls import know_cues, tell_untold
from catalog.maintain.assets import Reference, resolve
from catalog.store import audit, rolls, vectors
from catalog.store.assets import lock_assets
from catalog.store.clips import get_clips
from catalog.store.visibility import actor_of, visible_to


def set_roll(database: Database, clips: Sequence[int], roll: str | None) -> list[int]:
    """Say that these shots are A-roll or B-roll; None: as it is told without a person.

    Kept when their asset is analysed again.

    Raises
    ------
    InvalidInputError
        If it is neither A nor B, or a shot is flagged (black, bars, leader, slate).
    NotFoundError
        If one of the ids is of no shot; nothing is changed then.
    """
    side = None if roll is None else roll.strip().upper()
    if side not in (None, "A", "B"):
        raise InvalidInputError(
            f"{roll!r} is no roll; expected A (somebody speaks), B (cutaway), or auto.",
            remedy="Write `catalog roll CLIP --as A`, or --as auto to take a person's word back.",
        )
    with database.session() as session:
        visible = get_clips(session, clips)
        touched = sorted({row.asset_id for row in visible.values()})
        lock_assets(session, touched)
        found = rolls.set_roll(session, sorted(visible), cast("Side | None", side))
        _check(clips, visible, found)
        if side is None:
            rolls.tell_rolls(session, touched, held=True)
        before = {each: visible[each].roll for each in found}
        audit.note(session, "roll", touched, clips=found, before=before, now=side)
    return found


def _check(clips: Sequence[int], visible: dict[int, Any], found: Sequence[int]) -> None:
    flagged = [each for each in clips if each in visible and visible[each].flag is not None]
    missing = sorted(set(clips) - set(found) - set(flagged))
    if missing:
        raise NotFoundError(
            f"{', '.join(map(str, missing[:20]))} {'is' if len(missing) == 1 else 'are'} no"
            " shot's id; expected ids of clips of the kind shot.",
            remedy="List an asset's shots with `catalog show ASSET`.",
            ids=missing,
        )
    if flagged:
        raise InvalidInputError(
            f"Shot {flagged[0]} is flagged {visible[flagged[0]].flag}, and so neither A nor B.",
            remedy=f"If it shows something, write `catalog flag {flagged[0]} --as none` first.",
        )


def tell_again(
    database: Database,
    references: Sequence[Reference],
    load_active: Callable[[], tuple[Encoder, int]],
    progress: Progress,
) -> dict[str, Any]:
    """Tell A from B anew: of these assets, or of all; what people said stays.

    Returns
    -------
    dict
        ``assets`` told; ``pictures``: whether they counted; ``reason``: why they did not, or
        None; and the figures of `figures`.

    Raises
    ------
    NotFoundError, InvalidInputError
        If a reference names no asset, or several.
    """
    with database.session() as session:
        ids = [resolve(session, reference) for reference in references]
        active = vectors.active_encoder(session)
        known = active is not None and rolls.cues_known(session, active.id)
    reason = None if active is not None else "no encoder has seen any picture yet"
    if active is not None and not known:
        try:
            know_cues(database, *load_active())
        except CatalogError as error:
            reason = error.message
    with database.session() as session:
        rolls.forget_basis(session, ids or None)
        seeing = rolls.eye_of(session).encoder_id is not None
    if reason is None and not seeing and active is not None:
        reason = f"{active.name} does not tell the words for them apart"
    told = tell_untold(database, ids or None, progress=progress)
    return {"assets": told, "pictures": seeing, "reason": reason, **figures(database)}


def figures(database: Database) -> dict[str, Any]:
    """How many shots are A and B, and how often what was told had been right where people spoke."""
    with database.session() as session:
        return rolls.count_rolls(session, visible_to(actor_of(session)))
