"""Flags of shots, put right by a person."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.engine import Database
from catalog.domain.media import FLAGS
from catalog.errors import InvalidInputError, NotFoundError
from catalog.store import audit, rolls, shots
from catalog.store.assets import lock_assets
from catalog.store.clips import get_clips


def flag(database: Database, clips: Sequence[int], name: str | None) -> list[int]:
    """Say what these shots are; None: worth searching. Kept when their asset is analysed again.

    Raises
    ------
    InvalidInputError
        If there is no such flag.
    NotFoundError
        If one of the ids is of no shot; nothing is changed then.
    """
    if name is not None and name not in FLAGS:
        raise InvalidInputError(
            f"{name!r} is no flag of a shot; expected one of {', '.join(FLAGS)}, or none.",
            remedy="Write `catalog flag CLIP --as slate`, or --as none.",
        )
    with database.session() as session:
        visible = get_clips(session, clips)
        touched = sorted({row.asset_id for row in visible.values()})
        lock_assets(session, touched)
        found = shots.set_flag(session, sorted(visible), name)
        missing = sorted(set(clips) - set(found))
        if missing:
            raise NotFoundError(
                f"{', '.join(map(str, missing[:20]))} {'is' if len(missing) == 1 else 'are'} no"
                " shot's id; expected ids of clips of the kind shot.",
                remedy="List an asset's shots with `catalog show ASSET`.",
                ids=missing,
            )
        rolls.tell_rolls(session, touched, held=True)
        audit.note(session, "flag", touched, clips=found, now=name)
    return found
