"""Which asset a file holds in all likelihood, without reading it all.

A large file that was moved is worth recognising at once; that it *is* the same
is known only when it has been read (`catalog.ingest.verify`). Until then its
location says ``verified = false`` and its content is not taken for the asset's.
See docs/decisions for what counts as evidence, and for what does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from catalog.db.engine import Database
from catalog.domain.file_state import FileState
from catalog.media.fingerprint import sample_of
from catalog.media.sequences import look_for
from catalog.store import assets, locations
from catalog.store.locations import LocationState

READ_WHOLE_BELOW = 32 * 1024**2
"""Bytes; a smaller file is read in full at once, which takes no longer than asking."""


def recognise(database: Database, file: Path, state: FileState) -> int | None:
    """The asset whose file this seems to be; None if it must be read to know.

    The content's sample must be the asset's, and the file must have a past: it
    is a known file under another name, or as it was but for its attributes, or it
    was written when a file of the asset was that is gone from its place. A mere
    copy beside a file that is still there has none, and is read.

    Raises
    ------
    MediaError
        If it cannot be read.
    """
    if state.size < READ_WHOLE_BELOW:
        return None
    with database.session() as session:
        if not assets.has_samples(session, state.size):
            return None
    sample, sampled = sample_of(file)
    if not sampled.untouched_since(state):
        return None
    with database.session() as session:
        alike = locations.of_sample(session, state.size, sample)
    if len({place.asset_id for place in alike}) != 1:
        return None  # none, or two that only reading tells apart
    known = any(_was(place, file, state) for place in alike)
    return alike[0].asset_id if known else None


def _was(place: LocationState, file: Path, state: FileState) -> bool:
    if not state.written_as(place.state):
        return False
    return place.file == file or state.is_file(place.state) or is_gone(place)


def is_gone(place: LocationState) -> bool:
    """Whether nothing is at a place any more, though its root is there."""
    try:
        look_for(place.file)
    except (FileNotFoundError, NotADirectoryError):
        return place.root.is_dir()
    except OSError:
        return False
    return False


def moved_from(
    places: Sequence[LocationState], state: FileState, name: str
) -> LocationState | None:
    """Which of the places that are gone a file was moved from; the likeliest."""
    gone = [place for place in places if is_gone(place)]
    return max(
        gone,
        key=lambda place: (
            state.is_file(place.state),
            state.written_as(place.state),
            place.path.name == name,
            -place.id,
        ),
        default=None,
    )
