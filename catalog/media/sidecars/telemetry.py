"""What drones write as subtitles, a cue a picture or a second: where they are, how they expose.

DJI's, in the spellings of its models since 2016; also found as a text stream within the film.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from catalog.domain.sidecars import Description
from catalog.media.place import Place, place
from catalog.media.tags import parse_moment

# Enough cues to know speech from numbers.
_LOOKED_AT = 20
_LEAST_FIELDS = 3
_MOST_VALUES = 20

# [iso : 100], [rel_alt: 1.300 abs_alt: 132.860], ISO:100, SS 206.14, F/2.8, D 24.26m, H.S 4.23m/s
_NAMES = {
    "iso": "iso",
    "shutter": "shutter",
    "ss": "shutter",
    "fnum": "fnum",
    "f/": "fnum",
    "ev": "ev",
    "ct": "color_temperature",
    "color_md": "color_mode",
    "focal_len": "focal_length",
    "dzoom_ratio": "zoom",
    "latitude": "latitude",
    "longitude": "longitude",
    "longtitude": "longitude",  # so spelt by some models
    "rel_alt": "height",
    "abs_alt": "altitude",
    "altitude": "altitude",
    "barometer": "barometer",
    "d": "distance",
    "h": "height",
    "h.s": "speed",
    "v.s": "climb",
    "gb_yaw": "yaw",
    "gb_pitch": "pitch",
    "gb_roll": "roll",
}
_ANY_NAME = "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True))
_FIELD = re.compile(
    rf"(?<![A-Za-z_.])({_ANY_NAME})"
    r"\s{0,2}:?\s{0,2}(?:f/?)?([+-]?\d[\d./]{0,15}|[a-z][a-z_0-9]{0,20}(?=\s*\]))",
    re.IGNORECASE,
)
# Longitude comes first here, and a height or the number of satellites last.
_GPS = re.compile(
    r"GPS\s{0,2}\(\s*([+-]?\d{1,3}\.\d{1,9})\s*,\s*([+-]?\d{1,2}\.\d{1,9})\s*,[^)]{0,20}\)"
)
_MOMENT = re.compile(r"(\d{4})[-.](\d\d)[-.](\d\d)[ T](\d\d:\d\d:\d\d(?:[.,]\d{1,3})?)")
_TENTHS = 10  # of millimetres' focal length, and hundredths of an f-number, where there is no dot


def is_telemetry(texts: Iterable[str]) -> bool:
    """Whether the first cues of subtitles are numbers of a flight, and no words."""
    looked = list(islice(texts, _LOOKED_AT))
    telling = sum(len(_fields(text)) >= _LEAST_FIELDS for text in looked)
    return bool(looked) and telling >= 0.8 * len(looked)


def describe_flight(texts: Sequence[str]) -> Description:
    """Where it was filmed, the first known place, and as metadata what varied and how far."""
    cues = [_fields(text) for text in texts]
    where = next(filter(None, (_place(cue) for cue in cues)), None)
    clock = next(filter(None, map(_clock, texts)), None)
    told = {name: _summed_up([c[name] for c in cues if name in c]) for name in sorted(
        {name for cue in cues for name in cue}
    )}  # fmt: skip
    if clock is not None:
        told["recorded_local"] = clock
    told["cues"] = len(cues)
    return Description(
        latitude=where.latitude if where else None,
        longitude=where.longitude if where else None,
        altitude=where.altitude if where else None,
        metadata={name: value for name, value in told.items() if value not in (None, [], {})},
    )


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if (gps := _GPS.search(text)) is not None:
        found |= {"longitude": gps[1], "latitude": gps[2]}
        text = text[: gps.start()] + " " + text[gps.end() :]
    for name, value in _FIELD.findall(text):
        found.setdefault(_NAMES[name.lower()], value.rstrip("."))
    if (stop := found.get("fnum", "")).isdigit() and int(stop) >= _TENTHS**2:
        found["fnum"] = f"{int(stop) / 100:g}"
    if (length := found.get("focal_length", "")).isdigit() and int(length) >= _TENTHS**2:
        found["focal_length"] = f"{int(length) / _TENTHS:g}"
    return found


def _place(cue: Mapping[str, str]) -> Place | None:
    latitude, longitude = _number(cue.get("latitude")), _number(cue.get("longitude"))
    if latitude is None or longitude is None:
        return None
    return place(latitude, longitude, _number(cue.get("altitude")))


def _summed_up(values: Sequence[str]) -> Any:  # noqa: ANN401  # JSON
    """The values that occur, as a list; of numbers with many, the least and the greatest."""
    different = list(dict.fromkeys(values))
    if len(different) == 1:
        return different[0]
    numbers = [n for n in map(_number, different) if n is not None]
    if len(different) <= _MOST_VALUES or len(numbers) < len(different):
        return different[:_MOST_VALUES]
    return {"least": min(numbers), "greatest": max(numbers)}


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number


def _clock(text: str) -> str | None:
    """The clock on the wall: no model says of which zone."""
    if (found := _MOMENT.search(text)) is None:
        return None
    spelt = f"{found[1]}-{found[2]}-{found[3]}T{found[4].replace(',', '.')}"
    moment, _ = parse_moment(spelt)
    return None if moment is None else spelt
