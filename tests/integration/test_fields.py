"""Every field of the query language against rows made for it: what it finds, and what not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.query import FIELDS
from catalog.settings import Settings

ROWS: dict[str, dict[str, Any]] = {
    "news.mov": {
        "kind": "video", "collection": "Late News", "codec": "hevc", "width": 1920, "height": 1080,
        "container": "mov,mp4,m4a,3gp,3g2,mj2", "recorded": "2024-01-15T10:30:00Z",
        "duration_pts": 30_000, "frame_rate_num": 24000, "frame_rate_den": 1001,
        "audio_codec": "pcm_s24le", "audio_channels": 8, "language": "pt-BR",
        "start_timecode": "10:00:00;00", "size_bytes": 2_000_000_000, "bit_rate": 50_000_123,
        "metadata": '{"camera": "Sony FX6", "com.apple.quicktime.make": "Apple", '
                    '"exif": {"Model": "ILME-FX6", "iso": 800}, "Encoded by: \\"us\\"": "me"}',
    },
    "rain.mxf": {
        "kind": "video", "collection": "news", "codec": "h264", "width": 1280, "height": 720,
        "container": "mxf", "recorded": "2024-06-30T23:59:59.9Z", "duration_pts": 90_000,
        "frame_rate_num": 24, "frame_rate_den": 1, "variable_frame_rate": True, "language": "uk",
        "start_timecode": "01:00:00:00", "audio_codec": "aac", "audio_channels": 2,
        "damaged": True,
    },
    "plain.png": {"kind": "still", "codec": "png", "container": "png", "width": 64, "height": 48},
    "100%_sure.jpg": {
        "kind": "still", "codec": "mjpeg", "container": "jpeg", "recorded": "2025-01-01T00:00:00Z",
        "collection": "50% off", "width": 3000, "height": 2000, "creator": "Zoe\u0308 Ñandú",
    },
    "talk.wav": {
        "kind": "audio", "audio_codec": "pcm_s16le", "container": "wav", "duration_pts": 30_400,
        "audio_channels": 1, "collection": "",
    },
}  # fmt: skip
PLACES = {
    "news.mov": ["/media/Rushes/day1/news.mov", "/media/archive/copy of news.mov"],
    "rain.mxf": ["/media/rushes/day10/rain.mxf"],
    "plain.png": ["/media/Rushes/day1/sub/plain.png"],
    "100%_sure.jpg": ["/media/100%_sure/100%_sure.jpg"],
}
TAGS = {
    "news.mov": ["Archive", "night shift"],
    "rain.mxf": ["archive-2"],
    "plain.png": ["50%"],
}
EVERYTHING = set(ROWS)


@pytest.fixture(scope="module")
def rows(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as catalog:
        with catalog.database.session() as session:
            root = session.execute(
                text("INSERT INTO root (path, raw_path) VALUES ('/media', '/media') RETURNING id")
            ).scalar_one()
            for name, values in ROWS.items():
                asset_id = insert(session, name, values)
                for place in PLACES.get(name, []):
                    below = place.removeprefix("/media/")
                    session.execute(
                        text(
                            "INSERT INTO location (root_id, asset_id, path, raw_path, size_bytes,"
                            " modified_ns) VALUES (:root, :asset, :path, :raw, 1, 1)"
                        ),
                        {"root": root, "asset": asset_id, "path": below, "raw": below.encode()},
                    )
        for name, tags in TAGS.items():
            catalog.tag([name], tags)
        yield catalog


def insert(session: Any, name: str, values: dict[str, Any]) -> int:
    values = {
        "name": name, "fingerprint": name, "size_bytes": 1000,
        "time_base_num": 1, "time_base_den": 1000, **values,
    }  # fmt: skip
    columns, marks = ", ".join(values), ", ".join(f":{key}" for key in values)
    asset_id = session.execute(
        text(f"INSERT INTO asset ({columns}) VALUES ({marks}) RETURNING id"), values
    ).scalar_one()
    for stage in ("analyse", "encode"):
        session.execute(
            text("INSERT INTO stage (asset_id, name, state) VALUES (:id, :stage, 'done')"),
            {"id": asset_id, "stage": stage},
        )
    if values["kind"] == "video":
        clip = "INSERT INTO clip (asset_id, kind, start_pts, end_pts, roll, text, language) VALUES "
        roll = "B" if name == "rain.mxf" else None
        session.execute(
            text(clip + "(:id, 'shot', 0, 1000, :roll, NULL, NULL)"), {"id": asset_id, "roll": roll}
        )
        if name == "rain.mxf":
            session.execute(
                text(clip + "(:id, 'speech', 0, 500, NULL, 'dobryj den', 'ru')"), {"id": asset_id}
            )
    return int(asset_id)


def found(catalog: Catalog, query: str) -> set[str]:
    hits = [hit.asset["name"] for hit in catalog.search(query, limit=100).hits]
    assert len(hits) == len(set(hits)), "an asset of one shot is one hit"
    listed = {row["name"] for row in catalog.assets(query)["assets"]}
    assert listed == set(hits), "a list and a search by filters agree"
    return listed


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_compiles_and_runs_and_its_negation_is_the_rest(rows: Catalog, field):
    name = field.example.partition(":")[0]
    queries = [field.example] + [
        f"{alias}{field.example[len(field.name) :]}" for alias in field.aliases
    ]
    if not (field.choices or field.op.value in {"between", "during", "near"}):
        queries.append(f"{name}:*")
    queries += [f"{name}:{choice}" for choice in field.choices]
    for query in queries:
        yes, no = found(rows, query), found(rows, f"-{query}")
        assert yes | no == EVERYTHING, query
        assert yes & no == set(), query


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind:video", "news.mov rain.mxf"),
        ("kind:photo", "plain.png 100%_sure.jpg"),
        ("kind:audio,still", "plain.png 100%_sure.jpg talk.wav"),
        ("collection:NEWS", "rain.mxf"),
        ('collection:"late news"', "news.mov"),
        ("collection:*news", "news.mov rain.mxf"),
        ("collection:*", "news.mov rain.mxf 100%_sure.jpg"),
        ("-collection:*", "plain.png talk.wav"),
        ('collection:"50% off"', "100%_sure.jpg"),
        ("-collection:news", "news.mov plain.png 100%_sure.jpg talk.wav"),
        ("tag:archive", "news.mov"),
        ("tag:archive*", "news.mov rain.mxf"),
        ("tag:*shift", "news.mov"),
        ('tag:"night shift" tag:archive', "news.mov"),
        ("tag:%", ""),
        ("tag:50%", "plain.png"),
        ("tag:_0%", ""),
        ("-tag:archive*", "plain.png 100%_sure.jpg talk.wav"),
        ("name:*.mov,*.wav", "news.mov talk.wav"),
        ("name:100%_sure.jpg", "100%_sure.jpg"),
        ("name:100*sure*", "100%_sure.jpg"),
        ("codec:h265", "news.mov"),
        ("codec:x264,jpg", "rain.mxf 100%_sure.jpg"),
        ("-codec:*", "talk.wav"),
        ("container:mov", "news.mov"),
        ("container:mp4", "news.mov"),
        ("format:jpg,mxf", "100%_sure.jpg rain.mxf"),
        ("-container:mp4", "rain.mxf plain.png 100%_sure.jpg talk.wav"),
        ("recorded:2024", "news.mov rain.mxf"),
        ("recorded:2024-01..2024-06", "news.mov rain.mxf"),
        ("recorded:2024-01-15", "news.mov"),
        ("recorded:2024-01-15T10:30", "news.mov"),
        ("recorded:<2024-06-30", "news.mov"),
        ("recorded:>2024", "100%_sure.jpg"),
        ("recorded:2025..", "100%_sure.jpg"),
        ("-recorded:2024", "plain.png 100%_sure.jpg talk.wav"),
        ("recorded:1000..9998", "news.mov rain.mxf 100%_sure.jpg"),
        ("added:today", "news.mov rain.mxf plain.png 100%_sure.jpg talk.wav"),
        ("added:yesterday", ""),
        ("duration:30s", "news.mov talk.wav"),
        ("duration:>30s", "rain.mxf talk.wav"),
        ("duration:1m..2m", "rain.mxf"),
        ("duration:<=30", "news.mov"),
        ("-duration:>1s", "plain.png 100%_sure.jpg"),
        ("width:>=1920", "news.mov 100%_sure.jpg"),
        ("height:1080", "news.mov"),
        ("height:999999999999999", ""),
        ("width:0..5000000000", "news.mov rain.mxf plain.png 100%_sure.jpg"),
        ("fps:23.976", "news.mov"),
        ("fps:23.98", "news.mov"),
        ("fps:24", "rain.mxf"),
        ("fps:24000/1001", "news.mov"),
        ("fps:<=23.976", "news.mov"),
        ("fps:>23.976", "rain.mxf"),
        ("fps:>=23.98", "news.mov rain.mxf"),
        ("fps:<23.98", ""),
        ("fps:23..23.98", "news.mov"),
        ("fps:24..30", "rain.mxf"),
        ("bitrate:50000", "news.mov"),
        ("bitrate:50000..50001", "news.mov"),
        ("bitrate:>50000", ""),
        ("creator:Zo\u00eb*", "100%_sure.jpg"),  # a Mac takes ë apart, and who types does not
        ("creator:*N\u0303and\u00fa", "100%_sure.jpg"),
        ("-(-is:damaged)", "rain.mxf"),
        ("size:2gb", "news.mov"),
        ("size:<1mb", "rain.mxf plain.png 100%_sure.jpg talk.wav"),
        ("timecode:10:00:00:00", "news.mov"),
        ("timecode:10:00:*", "news.mov"),
        ('timecode:"10:00:00;00"', "news.mov"),
        ("-has:timecode", "plain.png 100%_sure.jpg talk.wav"),
        ("audio:pcm*", "news.mov talk.wav"),
        ("channels:>2", "news.mov"),
        ("lang:pt", "news.mov"),
        ("lang:pt-br", "news.mov"),
        ("lang:ru", "rain.mxf"),
        ("lang:u", ""),
        ("roll:b", "rain.mxf"),
        ("-roll:b", "news.mov plain.png 100%_sure.jpg talk.wav"),
        ("clip:speech", "rain.mxf"),
        ("clip:shot", "news.mov rain.mxf"),
        ("has:speech", "rain.mxf"),
        ("has:tags", "news.mov rain.mxf plain.png"),
        ("has:sound", "news.mov rain.mxf talk.wav"),
        ("is:damaged", "rain.mxf"),
        ("is:vfr", "rain.mxf"),
        ("is:offline", "talk.wav"),
        ("is:online", "news.mov rain.mxf plain.png 100%_sure.jpg"),
        ("path:rushes/day1", "news.mov plain.png"),
        ("path:/media/rushes", "news.mov rain.mxf plain.png"),
        ("path:day1", "news.mov plain.png"),
        ("path:day", ""),
        ("path:day*", "news.mov plain.png rain.mxf"),
        ('path:"copy of news.mov"', "news.mov"),
        ("path:100%_sure", "100%_sure.jpg"),
        ("path:100__sure", ""),
        ("path:/media/", "news.mov rain.mxf plain.png 100%_sure.jpg"),
        ("-path:rushes", "100%_sure.jpg talk.wav"),
        ('meta.camera:"sony fx6"', "news.mov"),
        ("meta.camera:*", "news.mov"),
        ("meta.com.apple.quicktime.make:apple", "news.mov"),
        ("meta.exif.Model:*FX6", "news.mov"),
        ("meta.exif.iso:800", "news.mov"),
        ("-meta.exif.iso:800", "rain.mxf plain.png 100%_sure.jpg talk.wav"),
        ("meta.nothing:*", ""),
        ('meta."Encoded by: \\"us\\"":me', "news.mov"),
        ('meta."camera":*', "news.mov"),
        ("kind:video OR kind:audio", "news.mov rain.mxf talk.wav"),
        ("(kind:video OR tag:50%) -roll:b", "news.mov plain.png"),
        ("-(kind:video OR kind:still)", "talk.wav"),
        ("-(kind:video roll:b)", "news.mov plain.png 100%_sure.jpg talk.wav"),
        ('"rain mxf"', "rain.mxf"),
        ("-rain kind:video", "news.mov"),
        ("-(rain OR kind:still) -talk", "news.mov"),
        ("-(rain kind:still)", "news.mov rain.mxf plain.png 100%_sure.jpg talk.wav"),
    ],
)  # fmt: skip
def test_what_a_filter_finds(rows: Catalog, query: str, names: str):
    assert found(rows, query) == set(names.split())


def test_ids_are_filtered_by(rows: Catalog):
    first, second = (rows.show(name)["id"] for name in ("news.mov", "talk.wav"))
    assert found(rows, f"id:{first},{second}") == {"news.mov", "talk.wav"}
    assert found(rows, f"id:{10**15}") == set()
