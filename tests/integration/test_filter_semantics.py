"""Any tree of filters, words and phrases finds what a plain evaluator in Python finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from catalog import Catalog
from catalog.db.models import Asset, Clip
from catalog.domain.query import parse
from catalog.settings import Settings
from catalog.store import filters

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
    }
    for i in range(18)
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


LEAVES: list[tuple[str, Test]] = [
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
LEAF = st.sampled_from(LEAVES)


def both(pairs: list[tuple[str, Test]]) -> tuple[str, Test]:
    return f"({' '.join(said for said, _ in pairs)})", lambda r: all(t(r) for _, t in pairs)


def either(pairs: list[tuple[str, Test]]) -> tuple[str, Test]:
    return f"({' OR '.join(said for said, _ in pairs)})", lambda r: any(t(r) for _, t in pairs)


def none_of(pair: tuple[str, Test]) -> tuple[str, Test]:
    return f"-({pair[0]})", lambda row: not pair[1](row)


TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(both),
        st.lists(inner, min_size=2, max_size=3).map(either),
        inner.map(none_of),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        with opened.database.session() as session:
            session.execute(text("INSERT INTO tag (name) VALUES ('night'), ('aerial')"))
            session.execute(text("INSERT INTO root (path, raw_path) VALUES ('/media', '/media')"))
            for row in ASSETS:
                insert_asset(session, row)
                insert_clips(session, row)
                session.execute(
                    text(
                        "INSERT INTO asset_tag (asset_id, tag_id) SELECT a.id, t.id"
                        " FROM asset a, tag t WHERE a.name = :name AND t.name = ANY(:tags)"
                    ),
                    {"name": row["name"], "tags": sorted(row["tags"])},
                )
        yield opened


def insert_asset(session: Session, row: Row) -> None:
    """The asset, and its file."""
    rate = row["frame_rate"]
    session.execute(
        text(
            "INSERT INTO asset (fingerprint, size_bytes, name, kind, codec, collection, width,"
            " description, metadata, frame_rate_num, frame_rate_den, bit_rate, recorded, language,"
            " damaged, field_order, variable_frame_rate) VALUES (:name, :size_bytes, :name, :kind,"
            " :codec, :collection, :width, :description,"
            " jsonb_strip_nulls(jsonb_build_object('camera', CAST(:camera AS text))),"
            " :num, :den, :bit_rate, :recorded, :language, :damaged, :field_order,"
            " :variable_frame_rate)"
        ),
        {k: v for k, v in row.items() if isinstance(v, str | int | datetime | None)}
        | {"num": rate and rate.numerator, "den": rate and rate.denominator},
    )
    if row["file"] is not None:
        session.execute(
            text(
                "INSERT INTO location (asset_id, root_id, path, raw_path, size_bytes, modified_ns,"
                " online, verified) SELECT a.id, r.id, :file, decode(md5(:name), 'hex'), 1, 1,"
                " :online, :verified FROM asset a, root r WHERE a.name = :name"
            ),
            row,
        )


def insert_clips(session: Session, row: Row) -> None:
    """A second of speech for each line; of a video a shot over all, and what is logged of it."""
    clips = [("speech", at, at + 1, line) for at, line in enumerate(row["said"])]
    if row["kind"] == "video":
        clips.append(("shot", 0, 10, None))
    if row["logged"]:
        clips.append(("subclip", 0, 5, row["logged"]))
    for kind, start, end, words in clips:
        session.execute(
            text(
                "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text, language)"
                " SELECT id, :kind, :start, :end, :words, 'en' FROM asset WHERE name = :name"
            ),
            {"kind": kind, "start": start, "end": end, "words": words, "name": row["name"]},
        )


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf[0])
def test_each_leaf_means_what_it_says(filled: Catalog, leaf: tuple[str, Test]):
    check(filled, leaf)
    check(filled, none_of(leaf))


@hypothesis_settings(deadline=None, max_examples=150)
@given(TREE)
def test_any_tree_means_what_it_says(filled: Catalog, tree: tuple[str, Test]):
    check(filled, tree)


def check(filled: Catalog, tree: tuple[str, Test]) -> None:
    """What is found is what the evaluator lets through."""
    query, holds = tree
    for said in (query, parse(query).to_text()):
        wanted = filters.condition(parse(said).root, words_exclude=True)
        with filled.database.session() as session:
            shot = and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
            joined = select(Asset.name).outerjoin(Clip, shot)
            found = set(session.execute(joined.where(wanted)).scalars())
        assert found == {row["name"] for row in ASSETS if holds(row)}, said
