"""Files beside media files, and texts within them: subtitles, logs, lists and XMP.

Everything here takes strangers' files, so each is read up to a size, as text
of a known encoding, and whatever is wrong with one is a `SidecarError`.
"""

from catalog.media.camera_cards import places_of
from catalog.media.sidecars.beside import Candidate, Folder, Folders, candidates, looks_like_sidecar
from catalog.media.sidecars.embedded import read_embedded
from catalog.media.sidecars.read import read_sidecar

__all__ = [
    "Candidate",
    "Folder",
    "Folders",
    "candidates",
    "looks_like_sidecar",
    "places_of",
    "read_embedded",
    "read_sidecar",
]
