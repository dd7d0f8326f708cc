"""The fields a query can filter by: the one list that parser, help and docs read.

A field says what is asked of it; where the answer lies in the database is the
business of whoever compiles the query.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType

from catalog.domain.query.field import Field
from catalog.domain.query.field_types import FieldType

# FFmpeg's names are what the catalogue stores; these are what people say.
_VIDEO_CODECS = MappingProxyType(
    {
        "h265": "hevc",
        "h.265": "hevc",
        "x265": "hevc",
        "avc": "h264",
        "h.264": "h264",
        "x264": "h264",
        "dnxhr": "dnxhd",
        "mpeg2": "mpeg2video",
        "mpeg-2": "mpeg2video",
        "jpeg": "mjpeg",
        "jpg": "mjpeg",
        "heic": "hevc",
        "tif": "tiff",
    }
)
_CONTAINERS = MappingProxyType(
    {"mkv": "matroska", "ts": "mpegts", "mts": "mpegts", "jpg": "jpeg", "tif": "tiff"}
)
_KINDS = MappingProxyType(
    {"image": "still", "picture": "still", "photo": "still", "movie": "video", "sound": "audio"}
)

FIELDS: tuple[Field, ...] = (
    Field("id", FieldType.INTEGER, "the asset's number", "id:42,43"),
    Field(
        "name",
        FieldType.TEXT,
        "the asset's file name",
        "name:interview*.mov",
        aliases=("filename",),
    ),
    Field(
        "path",
        FieldType.PATH,
        "where its files lie; a folder stands for all below it",
        "path:rushes/day1",
        aliases=("folder",),
    ),
    Field(
        "kind",
        FieldType.CHOICE,
        "the sort of essence",
        "kind:video",
        choices=("video", "still", "audio"),
        synonyms=_KINDS,
    ),
    Field(
        "collection",
        FieldType.TEXT,
        "the collection it belongs to",
        'collection:"Late News"',
        suggests=True,
    ),
    Field(
        "tag",
        FieldType.TEXT,
        "a word people put on it",
        "tag:archive",
        aliases=("tags",),
        suggests=True,
    ),
    Field(
        "codec",
        FieldType.TEXT,
        "the codec of its pictures",
        "codec:prores,dnxhd",
        synonyms=_VIDEO_CODECS,
        suggests=True,
    ),
    Field(
        "container",
        FieldType.TEXT,
        "the file format",
        "container:mov",
        aliases=("format",),
        synonyms=_CONTAINERS,
        suggests=True,
    ),
    Field(
        "recorded",
        FieldType.DATE,
        "when it was recorded",
        "recorded:2024-01..2024-06",
        aliases=("date",),
    ),
    Field(
        "added",
        FieldType.DATE,
        "when it came into the catalogue",
        "added:7d",
        aliases=("ingested",),
    ),
    Field(
        "duration",
        FieldType.DURATION,
        "how long it runs; a single value is meant to half a second",
        "duration:>30s",
        aliases=("length",),
        slack=0.5,
    ),
    Field("width", FieldType.INTEGER, "its pictures' width in pixels", "width:>=1920"),
    Field("height", FieldType.INTEGER, "its pictures' height in pixels", "height:1080"),
    # A single value must tell 23.976 from 24 and still find 24000/1001 as 23.98.
    Field(
        "fps",
        FieldType.NUMBER,
        "pictures per second; a single value is meant to 0.005",
        "fps:23.976",
        aliases=("framerate",),
        slack=0.005,
    ),
    Field(
        "size",
        FieldType.SIZE,
        "the size of its file; a single value is meant to 5 %",
        "size:>1gb",
        slack=0.05,
    ),
    Field(
        "timecode",
        FieldType.TIMECODE,
        "the timecode it starts with; : stands for ; too",
        "timecode:10:00:*",
        aliases=("tc",),
    ),
    Field("profile", FieldType.TEXT, "the codec's profile", 'profile:"High 4:2:2"'),
    Field("level", FieldType.TEXT, "the codec's level", "level:4.1"),
    Field(
        "chroma",
        FieldType.TEXT,
        "how colour is sampled: 4:2:0, 4:2:2, 4:4:4, 4:0:0 (grey), rgb",
        "chroma:4:2:2",
        synonyms=MappingProxyType({"420": "4:2:0", "422": "4:2:2", "444": "4:4:4", "411": "4:1:1"}),
    ),
    Field("bits", FieldType.INTEGER, "bits per colour sample", "bits:>=10", aliases=("bitdepth",)),
    Field(
        "hdr",
        FieldType.CHOICE,
        "high dynamic range; pq stands for hdr10 too",
        "hdr:hlg",
        choices=("dolbyvision", "hdr10", "hdr10plus", "hlg", "pq"),
        synonyms=MappingProxyType(
            {"dv": "dolbyvision", "dovi": "dolbyvision", "hdr10+": "hdr10plus"}
        ),
    ),
    Field(
        "color",
        FieldType.TEXT,
        "its primaries, transfer function or matrix, as FFmpeg names them",
        "color:bt2020*",
        aliases=("colour",),
    ),
    Field(
        "bitrate",
        FieldType.INTEGER,
        "kilobits per second of the whole file",
        "bitrate:>50000",
    ),
    Field(
        "camera",
        FieldType.TEXT,
        "maker or model of the camera or recorder",
        "camera:*iPhone*",
        suggests=True,
    ),
    Field("serial", FieldType.TEXT, "number of the camera's body", "serial:270130204"),
    Field("lens", FieldType.TEXT, "model of the lens", "lens:*28-75mm*", suggests=True),
    Field(
        "near",
        FieldType.PLACE,
        "recorded there: latitude,longitude,radius",
        "near:51.53,-0.13,10km",
    ),
    Field(
        "reel",
        FieldType.TEXT,
        "reel, tape or card it was recorded on",
        "reel:A001*",
        aliases=("tape",),
        suggests=True,
    ),
    Field("scene", FieldType.TEXT, "as slated", "scene:12A"),
    Field("take", FieldType.TEXT, "as slated", "take:3"),
    Field(
        "rights",
        FieldType.TEXT,
        "copyright notice and terms of use",
        "rights:*Reuters*",
        aliases=("copyright",),
        suggests=True,
    ),
    Field(
        "creator",
        FieldType.TEXT,
        "who made it",
        "creator:*Miley",
        aliases=("byline", "photographer", "artist"),
        suggests=True,
    ),
    Field(
        "credit",
        FieldType.TEXT,
        "whom to credit, and the source",
        "credit:*AP*",
        aliases=("source",),
        suggests=True,
    ),
    Field("audio", FieldType.TEXT, "the codec of its sound", "audio:pcm*", suggests=True),
    Field("channels", FieldType.INTEGER, "the number of its audio channels", "channels:>2"),
    Field("tracks", FieldType.INTEGER, "the number of its audio tracks", "tracks:>1"),
    Field(
        "samplerate",
        FieldType.INTEGER,
        "audio samples per second",
        "samplerate:48000",
    ),
    Field("audiobits", FieldType.INTEGER, "bits per audio sample", "audiobits:24"),
    # A single value is meant as EBU R 128 allows it: half a unit up or down.
    Field("loudness", FieldType.LEVEL, "integrated loudness in LUFS", "loudness:-23", slack=0.5),
    Field("lra", FieldType.LEVEL, "loudness range in LU", "lra:>15", slack=0.5),
    Field("truepeak", FieldType.LEVEL, "highest true peak in dBTP", "truepeak:>-1", slack=0.5),
    Field(
        "audiolang",
        FieldType.LANGUAGE,
        "the language of any of its audio tracks",
        "audiolang:uk",
        suggests=True,
    ),
    Field(
        "lang",
        FieldType.LANGUAGE,
        "the language of the asset or of what is said in the clip",
        "lang:uk",
        aliases=("language",),
        suggests=True,
    ),
    Field(
        "said",
        FieldType.WORDS,
        "what is said over the shot, or anywhere in a sound: a word in any form, or a phrase",
        'said:"storm warning"',
        aliases=("spoken",),
    ),
    Field(
        "roll",
        FieldType.CHOICE,
        "a: somebody speaks; b: cutaway",
        "roll:b",
        choices=("A", "B"),
    ),
    Field(
        "clip",
        FieldType.CHOICE,
        "the kind of clip",
        "clip:speech",
        choices=("shot", "speech", "subclip"),
    ),
    Field(
        "has",
        FieldType.CHOICE,
        "the asset has some of it at all; flag: the shot is of bars, black, a leader or a slate",
        "has:timecode",
        choices=(
            *(
                "audio",
                "camera",
                "chapters",
                "collection",
                "flag",
                "gps",
                "hdr",
                "recorded",
                "reel",
            ),
            *("rights", "speech", "subclip", "tag", "timecode"),
        ),
        synonyms=MappingProxyType(
            {"date": "recorded", "place": "gps", "sound": "audio", "tags": "tag"}
        ),
    ),
    Field(
        "is",
        FieldType.CHOICE,
        "bars, black, leader, slate: shots of colour bars, of nothing, of a countdown or of a "
        "card before the programme, which are else left out; "
        "damaged: decoded only in part; dropframe: its timecode; interlaced: its pictures; "
        "online, missing: its files are there, or none of them; superseded: a next version "
        "took its place, left out unless asked for; unverified: a file of it was recognised, "
        "and not yet read; vfr: variable frame rate",
        "is:online",
        choices=(
            *("bars", "black", "damaged", "dropframe", "interlaced", "leader", "missing"),
            *("online", "slate", "superseded", "unverified", "vfr"),
        ),
        synonyms=MappingProxyType({"offline": "missing"}),
    ),
    Field(
        "meta",
        FieldType.TEXT,
        "whatever its metadata has under that key",
        'meta.camera:"Sony FX6"',
        keyed=True,
    ),
)
"""Every field, in the order help shows them."""

SORT = Field(
    "sort",
    FieldType.CHOICE,
    "no filter: the order of what is relevant; with :asc or :desc behind it",
    "sort:date:asc",
    choices=("date", "duration", "name", "relevance"),
)
"""How the query itself says the order of its hits."""

SOUND = Field(
    "sound",
    FieldType.MEANING,
    "no filter: moments that sound so, where a sound encoder is set",
    'sound:"rain on a roof"',
)
"""How the query itself says what is to be heard."""

WHOLE = (SORT, SOUND)
"""What is about all of a query, and written like a field."""

_BY_NAME = {name: entry for entry in FIELDS for name in (entry.name, *entry.aliases)}


def find_field(name: str) -> Field | None:
    """The field called ``name`` (or one of its aliases), in any case; None if there is none."""
    return _BY_NAME.get(name.lower())


def nearest_field(name: str) -> str | None:
    """The name that ``name`` is most likely a slip of, if it is like any."""
    near = difflib.get_close_matches(
        name.lower(), (*_BY_NAME, *(each.name for each in WHOLE)), n=1, cutoff=0.6
    )
    return near[0] if near else None
