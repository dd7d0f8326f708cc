"""JSON that services put beside what is taken out of them: Google Takeout, yt-dlp.

Google writes ``IMG_0001.MOV.json`` (now ``….supplemental-metadata.json``), yt-dlp with
``--write-info-json`` ``title.info.json``. Neither documents it; these are the keys they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from catalog.domain.sidecars import Description, Segment
from catalog.media.place import Place, place
from catalog.media.sidecars.columns import labels
from catalog.media.tags import clean_text

_TAKEN, _PLACES, _PEOPLE = "phototakentime", ("geodata", "geodataexif"), "people"
_VIDEO_PAGE, _UPLOADERS = "webpage_url", ("creator", "uploader", "channel")
_FIRST_YEAR, _LAST_YEAR = 1826, 2100  # of what can have been taken
_MOST_CHAPTERS, _LONGEST = 2000, 1_000_000


def described_by_export(values: Mapping[str, Any], plain: Description) -> Description:
    """What a service's keys say beside the usual ones; ``plain`` if they are no service's.

    Parameters
    ----------
    values:
        As `catalog.media.sidecars.columns.keyed` leaves them.
    plain:
        What they say by their usual names.
    """
    if isinstance(values.get(_TAKEN), Mapping):
        return _of_google(values, plain)
    if isinstance(values.get(_VIDEO_PAGE), str):
        names = (values.get(name) for name in _UPLOADERS)
        known = (name for name in names if isinstance(name, str) and name)
        return replace(plain, creator=next(known, plain.creator))
    return plain


def _of_google(values: Mapping[str, Any], plain: Description) -> Description:
    where = next(filter(None, (_place(values.get(name)) for name in _PLACES)), None)
    people = values.get(_PEOPLE)
    named = people if isinstance(people, list) else []
    names = [each["name"] for each in named if isinstance(each, Mapping) and "name" in each]
    found = replace(
        plain,
        title=None,  # the file's name
        recorded=_moment(values[_TAKEN].get("timestamp")) or plain.recorded,
        tags=labels(each for each in (*plain.tags, *names) if isinstance(each, str)),
    )
    if where is None:
        return found
    return replace(
        found, latitude=where.latitude, longitude=where.longitude, altitude=where.altitude
    )


def _moment(timestamp: Any) -> datetime | None:  # noqa: ANN401  # any JSON
    """Seconds since 1970, of which Google makes a text; nought is nobody's."""
    try:
        seconds = int(timestamp)
        found = datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return found if seconds and _FIRST_YEAR <= found.year < _LAST_YEAR else None


def _place(said: Any) -> Place | None:  # noqa: ANN401  # any JSON
    if not isinstance(said, Mapping):
        return None
    north, east, height = (said.get(name) for name in ("latitude", "longitude", "altitude"))
    if not isinstance(north, int | float) or not isinstance(east, int | float):
        return None
    # As they are: JSON's numbers may be larger than a float, and `place` refuses those.
    return place(north, east, height if isinstance(height, int | float) and height else None)


def exported_chapters(values: Mapping[str, Any]) -> Iterator[Segment]:
    """A video page's chapters, which are in the film only where yt-dlp was asked to put them."""
    chapters = values.get("chapters")
    if not isinstance(chapters, list) or not isinstance(values.get(_VIDEO_PAGE), str):
        return
    for each in chapters[:_MOST_CHAPTERS]:
        start, end, title = (
            (each.get(name) for name in ("start_time", "end_time", "title"))
            if isinstance(each, Mapping)
            else (None, None, None)
        )
        words = clean_text(title) if isinstance(title, str) else ""
        if not words or not isinstance(start, int | float) or not isinstance(end, int | float):
            continue
        if 0 <= start < end < _LONGEST:
            yield Segment(
                "subclip", Fraction(str(round(start, 3))), Fraction(str(round(end, 3))), words
            )
