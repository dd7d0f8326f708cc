"""Rows with something in every column, and what filters find of them, told in plain Python."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]

# The first and the last moments of days, months and years, told in several time zones.
RECORDED = tuple(
    map(
        datetime.fromisoformat,
        (
            "2023-12-31T23:59:59.500000+00:00",
            "2024-01-01T00:00:00+00:00",
            "2024-01-31T23:30:00-01:00",
            "2024-02-01T00:00:00+02:00",
        ),
    )
)
ADDED = tuple(
    datetime(2025, month, day, 12, tzinfo=UTC) for month, day in ((1, 31), (2, 1), (11, 5))
)
SAID = ((), ("storms come",), ("come the", "storm"), ("red car",))
ASSETS: list[Row] = [
    {
        "name": f"n{i}",
        "kind": ("video", "still", "audio")[i % 3],
        "codec": ("h264", "prores", None)[i % 3 if i % 2 else 0],
        "collection": ("News", "Late News", None)[i // 2 % 3],
        "width": (None, 640, 1280, 1920)[i % 4],
        "size_bytes": 10 ** (1 + i % 6),
        "tags": {tag for at, tag in enumerate(("night", "aerial")) if i >> at & 1},
        "description": ("red car", "car red", "blue", "")[i // 3 % 4],
        "camera": ("FX6", None)[i % 2],
        "said": () if i % 3 == 1 else SAID[i % 4],
        "logged": "a storm" if i % 9 == 3 else "",
        "frame_rate": (Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), None)[i % 4],
        "bit_rate": (1499, 1500, 2499, None, 5_000_000)[i % 5],
        "recorded": (*RECORDED, None)[i % (len(RECORDED) + 1)],
        "language": ("en", "pt", "pt-BR", None, "PT-pt", "ptx")[i % 6],
        "file": ("News/day1/a.mov", "news/day10/b.mov", "Rushes/day1/c_d.mov", None)[i // 2 % 4],
        "online": i % 5 > 1,
        "verified": i % 3 > 0,
        "damaged": i % 7 == 0,
        "field_order": ("tt", "progressive", None)[i // 3 % 3],
        "variable_frame_rate": (True, False, None)[i // 2 % 3],
        "id": i + 1,
        "created_at": ADDED[i % 3],
        "container": ("mov,mp4,m4a,3gp,3g2,mj2", "mxf", "matroska,webm")[i % 3],
        "height": (360, 720, None, 1080)[i // 3 % 4],
        "duration_pts": (40, 29_499, 29_500, 30_499, 30_500, None)[i % 6],
        "start_timecode": ("10:00:00:00", "10:00:00;00", "10:00:59.24", "01:00:00:00", None)[i % 5],
        "profile": ("High", "High 4:2:2", "Main 10", None)[i % 4],
        "level": ("4.1", "4", "5.1", None)[i // 2 % 4],
        "chroma": ("4:2:0", "4:2:2", "4:0:0", None)[i // 3 % 4],
        "bit_depth": (8, 10, 12, None)[i // 4 % 4],
        "hdr": (["pq", "hdr10"], ["pq"], ["hlg", "dolbyvision"], None)[i // 2 % 4],
        "color_primaries": ("bt2020", "bt709", None)[i % 3],
        "color_transfer": ("smpte2084", "bt709", "arib-std-b67", None)[i % 4],
        "color_space": ("bt2020nc", "bt709", None)[i // 2 % 3],
        "camera_make": ("Sony", "ARRI", None)[i % 3],
        "camera_model": ("FX6", "ALEXA 35", "FX3", None)[i // 2 % 4],
        "camera_serial": ("0012", "12", "A-12", None)[i % 4],
        "lens": ("FE 28-75mm", "Signature 35", "28-75mm", None)[i // 3 % 4],
        "latitude": (51.5, 51.55, 0.02, None)[i % 4],
        "longitude": (-0.12, -0.12, 179.98, None)[i % 4],
        "reel": ("A001C01", "A002", "a001", None)[i % 4],
        "scene": ("12A", "12", "3", None)[i // 2 % 4],
        "take": ("3", "12", "3A", None)[i // 3 % 4],
        "rights": ("Reuters 2024", "AP, all rights", "free", None)[i // 4 % 4],
        "creator": ("Kate Miley", "Miley", "Zo\u00eb Ash", None)[i % 4],
        "credit": ("AP", "Reuters / AP", "me", None)[i // 2 % 4],
        "audio_codec": ("pcm_s24le", "aac", "pcm_s16le", None)[i // 3 % 4],
        "audio_channels": (1, 2, 6, None)[i % 4],
        "audio_tracks": (1, 2, 8, None)[i // 2 % 4],
        "audio_sample_rate": (44_100, 48_000, 96_000, None)[i // 3 % 4],
        "audio_bit_depth": (16, 24, 32, None)[i // 4 % 4],
        "loudness": (-23.5, -23.0, -22.5, -22.4, None)[i % 5],
        "loudness_range": (3.2, 15.0, 15.4, 15.5, None)[i // 2 % 5],
        "true_peak": (-1.5, -1.0, -0.5, 0.3, None)[i // 3 % 5],
        "audio_languages": (["uk", "en"], ["en-GB"], [], None)[i % 4],
        "roll": ("A", "B", None)[i // 3 % 3],
    }
    for i in range(30)
]


def same(field: str, value: str) -> Test:
    return lambda row: row[field] is not None and row[field].lower() == value.lower()


def least(field: str, number: int) -> Test:
    return lambda row: row[field] is not None and row[field] >= number


def spoken(row: Row) -> str:
    return "|".join(row["said"])


def shown(row: Row) -> str:
    """What stands between two lines: a blank, if the asset has a shot that has nothing else."""
    return " " if row["kind"] == "video" and not row["logged"] else "|"


def texts(row: Row) -> list[str]:
    return [row["description"], " ".join((*row["said"], row["logged"]))]


def rate(test: Callable[[float], bool]) -> Test:
    return lambda row: row["frame_rate"] is not None and test(float(row["frame_rate"]))


def kilobits(test: Callable[[int], bool]) -> Test:
    return lambda row: row["bit_rate"] is not None and test(int(row["bit_rate"] / 1000 + 0.5))


def during(start: str, end: str) -> Test:
    """From the one moment on, before the other; both UTC's."""
    first, last = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    return lambda row: row["recorded"] is not None and first <= row["recorded"] < last


def lies(pattern: str) -> Test:
    """The pattern is found among the path's names, in any case."""
    return lambda row: (
        row["file"] is not None
        and bool(re.search(f"/{pattern}(/|$)", f"/media/{row['file']}", re.IGNORECASE))
    )


def speaks(pattern: str) -> Test:
    """What is said or logged is English."""
    return lambda row: any(
        re.fullmatch(pattern, tag, re.IGNORECASE)
        for tag in (row["language"], "en" if row["said"] or row["logged"] else None)
        if tag is not None
    )


def amount(field: str, test: Callable[[float], bool]) -> Test:
    return lambda row: row[field] is not None and test(float(row[field]))


def seconds(test: Callable[[float], bool]) -> Test:
    """Of pts in the tests' time base of thousandths."""
    return amount("duration_pts", lambda pts: test(pts / 1000))


def like(field: str, pattern: str) -> Test:
    return lambda row: (
        row[field] is not None and bool(re.fullmatch(pattern, row[field], re.IGNORECASE))
    )


def one_of(field: str, pattern: str) -> Test:
    """One of the row's values is so, in any case."""
    return lambda row: any(re.fullmatch(pattern, v, re.IGNORECASE) for v in row[field] or ())


def metres_from(latitude: float, longitude: float, row: Row) -> float:
    """Along the earth, by the law of cosines: another formula than the one in SQL."""
    if row["latitude"] is None:
        return math.inf
    here, there = math.radians(latitude), math.radians(row["latitude"])
    apart = math.radians(row["longitude"] - longitude)
    cosine = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(apart)
    return 6_371_008.8 * math.acos(min(1.0, cosine))


# Where a field's value stands as it is, by the column it stands in.
TEXTS = {
    "profile": "profile",
    "level": "level",
    "chroma": "chroma",
    "serial": "camera_serial",
    "lens": "lens",
    "reel": "reel",
    "scene": "scene",
    "take": "take",
    "rights": "rights",
    "creator": "creator",
    "credit": "credit",
    "audio": "audio_codec",
    "name": "name",
}
NUMBERS = {
    "height": "height",
    "bits": "bit_depth",
    "channels": "audio_channels",
    "tracks": "audio_tracks",
    "samplerate": "audio_sample_rate",
    "audiobits": "audio_bit_depth",
    "id": "id",
}


def of_texts(field: str, column: str) -> Iterator[tuple[str, Test]]:
    """Each of the first values in capitals, its beginning, its end, two at once, and any."""
    values = list(dict.fromkeys(row[column] for row in ASSETS if row[column] is not None))[:3]
    for value in values:
        yield f'{field}:"{value.upper()}"', like(column, re.escape(value))
    first, other = values[:2]
    yield f'{field}:"{first}","{other}"', like(column, f"{re.escape(first)}|{re.escape(other)}")
    yield f"{field}:{first[:2]}*", like(column, f"{re.escape(first[:2])}.*")
    yield f"{field}:*{first[-2:]}", like(column, f".*{re.escape(first[-2:])}")
    yield f"{field}:*", like(column, ".+")


def of_numbers(field: str, column: str) -> Iterator[tuple[str, Test]]:
    """The middle one of its values, what is above, below, between and any of two."""
    low, middle, high = sorted({row[column] for row in ASSETS if row[column] is not None})[:3]
    yield f"{field}:{middle}", amount(column, lambda n: n == middle)
    yield f"{field}:>{low}", amount(column, lambda n: n > low)
    yield f"{field}:<={middle}", amount(column, lambda n: n <= middle)
    yield f"{field}:{low}..{middle}", amount(column, lambda n: low <= n <= middle)
    yield f"{field}:{low},{high}", amount(column, lambda n: n in (low, high))


LEAVES: list[tuple[str, Test]] = [
    *(leaf for field, column in TEXTS.items() for leaf in of_texts(field, column)),
    *(leaf for field, column in NUMBERS.items() for leaf in of_numbers(field, column)),
    ("added:2025-01", lambda row: row["created_at"] == ADDED[0]),
    ("added:>=2025-02-01", lambda row: row["created_at"] >= ADDED[1]),
    ("ingested:2025-02..2025-11-05", lambda row: row["created_at"] in ADDED[1:]),
    ("container:mp4", lambda row: "mp4" in row["container"]),
    ("container:MKV,mxf", lambda row: row["container"] in ("mxf", "matroska,webm")),
    ("format:m*", lambda _: True),
    ("container:webm*", lambda row: "webm" in row["container"]),
    ("duration:30s", seconds(lambda s: 29.5 <= s < 30.5)),
    ("duration:<1s", seconds(lambda s: s < 1)),
    ("length:>30.4", seconds(lambda s: s > 30.4)),
    ("duration:29.5..30.499", seconds(lambda s: 29.5 <= s <= 30.499)),
    ("timecode:10:00:00:00", like("start_timecode", "10.00.00.00")),
    ("tc:10:00:*", like("start_timecode", "10.00.*")),
    ('timecode:"10:00:59;24"', like("start_timecode", "10.00.59.24")),
    ("hdr:pq", one_of("hdr", "pq")),
    ("hdr:hlg", one_of("hdr", "hlg")),
    ("hdr:dv,hdr10", one_of("hdr", "dolbyvision|hdr10")),
    *(
        (
            f"{said}:{pattern}",
            lambda row, wanted=wanted: any(
                re.fullmatch(wanted, row[f"color_{part}"] or "", re.IGNORECASE)
                for part in ("primaries", "transfer", "space")
            ),
        )
        for said, pattern, wanted in (
            ("color", "bt2020*", "bt2020.*"),
            ("colour", "BT709", "bt709"),
            ("color", "smpte2084", "smpte2084"),
            ("color", "arib-std-b67,bt2020nc", "arib-std-b67|bt2020nc"),
        )
    ),
    *(
        (
            f"camera:{pattern}",
            lambda row, wanted=wanted: any(
                each is not None and re.fullmatch(wanted, each, re.IGNORECASE)
                for each in (
                    row["camera_make"],
                    row["camera_model"],
                    None
                    if None in (row["camera_make"], row["camera_model"])
                    else f"{row['camera_make']} {row['camera_model']}",
                )
            ),
        )
        for pattern, wanted in (
            ("sony", "sony"),
            ("FX*", "fx.*"),
            ('"sony fx3"', "sony fx3"),
            ("*alexa*", ".*alexa.*"),
        )
    ),
    ("near:51.53,-0.12,4km", lambda row: metres_from(51.53, -0.12, row) <= 4000),
    ("near:51.53,-0.12,3km", lambda row: metres_from(51.53, -0.12, row) <= 3000),
    ("near:0,-179.99,10km", lambda row: metres_from(0, -179.99, row) <= 10_000),
    ("loudness:-23", amount("loudness", lambda n: -23.5 <= n < -22.5)),
    ("loudness:>-22.5", amount("loudness", lambda n: n > -22.5)),
    ("lra:15", amount("loudness_range", lambda n: 14.5 <= n < 15.5)),
    ("lra:<=15", amount("loudness_range", lambda n: n <= 15)),
    ("truepeak:-1", amount("true_peak", lambda n: -1.5 <= n < -0.5)),
    ("truepeak:>-1", amount("true_peak", lambda n: n > -1)),
    ("audiolang:en", one_of("audio_languages", "en(-.*)?")),
    ("audiolang:en-gb", one_of("audio_languages", "en-gb")),
    ("audiolang:u*", one_of("audio_languages", "u.*")),
    ("roll:a", lambda row: row["kind"] == "video" and row["roll"] == "A"),
    ("roll:B,A", lambda row: row["kind"] == "video" and row["roll"] is not None),
    ("clip:shot", same("kind", "video")),
    ("clip:speech", lambda row: bool(row["said"])),
    ("clip:subclip,speech", lambda row: bool(row["said"] or row["logged"])),
    ("has:hdr", lambda row: row["hdr"] is not None),
    ("has:gps,reel", lambda row: row["latitude"] is not None or row["reel"] is not None),
    ("is:dropframe", like("start_timecode", ".*[;.][0-9]+")),
    ("meta.camera:*", lambda row: row["camera"] is not None),
    ("kind:video", same("kind", "video")),
    ("kind:still,audio", lambda row: row["kind"] in ("still", "audio")),
    ("codec:h264", same("codec", "h264")),
    ("codec:pro*", same("codec", "prores")),
    ("codec:*", lambda row: row["codec"] is not None),
    ("collection:news", same("collection", "news")),
    ('collection:"late news"', same("collection", "late news")),
    ("width:>=1280", least("width", 1280)),
    ("width:640..1280", lambda row: row["width"] in (640, 1280)),
    ("width:<1280", lambda row: row["width"] == 640),
    ("size:>=1kb", least("size_bytes", 1000)),
    ("size:<1mb", lambda row: row["size_bytes"] < 1_000_000),
    ("size:10kb", lambda row: row["size_bytes"] == 10_000),
    ("tag:night", lambda row: "night" in row["tags"]),
    ("tag:night,aerial", lambda row: bool(row["tags"])),
    ("has:tag", lambda row: bool(row["tags"])),
    ("has:collection", lambda row: row["collection"] is not None),
    ("meta.camera:fx6", same("camera", "fx6")),
    ("cars", lambda row: any("car" in text for text in texts(row))),
    ("bl*", lambda row: "blue" in row["description"]),
    ('"red car"', lambda row: any("red car" in text for text in texts(row))),
    ("said:storm", lambda row: "storm" in spoken(row)),
    ("said:stor*,blue", lambda row: "storm" in spoken(row)),
    ("said:CARS", lambda row: "car" in spoken(row)),
    ('said:"come the"', lambda row: "come the" in spoken(row)),
    # Over a shot a phrase may go on from one line to the next.
    ('said:"the storm"', lambda row: "the storm" in spoken(row).replace("|", shown(row))),
    ('said:"a storm"', lambda _: False),
    ("spoken:*", lambda row: bool(row["said"])),
    ("fps:29.97", rate(lambda fps: abs(fps - 29.97) < 0.005)),
    ("fps:30", rate(lambda _: False)),
    ("fps:>25", rate(lambda fps: fps > 26)),
    ("fps:23.976..25", rate(lambda fps: fps < 26)),
    ("fps:<=29.97", rate(lambda _: True)),
    ("fps:24000/1001,25", rate(lambda fps: fps < 26)),
    ("bitrate:1", kilobits(lambda rate: rate == 1)),
    ("bitrate:2", kilobits(lambda rate: rate == 2)),
    ("bitrate:>2", kilobits(lambda rate: rate > 2)),
    ("bitrate:1..2,5000", kilobits(lambda _: True)),
    ("recorded:2023", during("2023-01-01", "2024-01-01")),
    ("recorded:2024-01", during("2024-01-01", "2024-02-01")),
    ("date:2024-01-31", during("2024-01-31", "2024-02-01")),
    ("recorded:2024-01-31T22", during("2024-01-31T22:00", "2024-01-31T23:00")),
    ("recorded:>2023", during("2024-01-01", "9999-12-31")),
    ("recorded:..2024-01", during("0001-01-01", "2024-02-01")),
    ("recorded:2024-01-01T01:00+01:00", during("2024-01-01T00:00", "2024-01-01T00:01")),
    ("has:recorded", lambda row: row["recorded"] is not None),
    ("path:DAY1", lies("day1")),
    ("path:news/day1", lies("news/day1")),
    ("path:day1*", lies("day1.*")),
    ("folder:c_d.mov", lies("c_d[.]mov")),
    ("path:/media/news/", lies("media/news")),
    ("path:ews", lambda _: False),
    ("lang:pt", speaks("pt(-.*)?")),
    ("lang:PT-br", speaks("pt-br")),
    ("lang:p*", speaks("p.*")),
    ("lang:en,pt-PT", speaks("en|pt-pt")),
    ("language:*", speaks(".*")),
    ("is:online", lambda row: row["file"] is not None and row["online"]),
    ("is:missing", lambda row: row["file"] is None or not row["online"]),
    ("is:unverified", lambda row: row["file"] is not None and not row["verified"]),
    ("is:damaged", lambda row: row["damaged"]),
    ("is:interlaced", lambda row: row["field_order"] == "tt"),
    ("is:vfr", lambda row: bool(row["variable_frame_rate"])),
    ("is:damaged,vfr", lambda row: row["damaged"] or bool(row["variable_frame_rate"])),
]
