"""The doctor's look at the frame store: is there what the tables say is there?"""

from __future__ import annotations

from catalog.db.engine import Database
from catalog.domain.diagnosis import Check, State
from catalog.domain.paths import shown_path
from catalog.media.frame_store import FolderFrameStore
from catalog.settings import Settings
from catalog.store import copying

# Each is asked of the file system, which may be on a network.
_LOOK_FOR = 2000


def pictures_check(settings: Settings, database: Database) -> Check:
    """Look for pictures and renditions: all of a small catalogue, some at random of a large one."""
    store = FolderFrameStore(settings.frames_dir)
    with database.connect() as connection:
        keys = copying.some_picture_keys(connection, _LOOK_FOR)
    missing = [key for key in keys if not store.exists(key)]
    some = f"{len(keys)} looked for" if len(keys) == _LOOK_FOR else f"{len(keys)}"
    if not missing:
        return Check("pictures", State.OK, f"all of {some} are in the frame store")
    found = (
        f"{len(missing)} of {some} are missing in the frame store "
        f"{shown_path(settings.frames_dir)}, such as {missing[0]}"
    )
    remedy = (
        "Bring them back from a backup or point CATALOG_FRAME_STORE to them; else have their "
        "assets analysed again: remove and ingest them."
    )
    return Check("pictures", State.FAIL, found, remedy)
