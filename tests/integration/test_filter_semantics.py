"""Any tree of filters, words and phrases finds what a plain evaluator in Python finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
            for row in ASSETS:
                session.execute(
                    text(
                        "INSERT INTO asset (fingerprint, size_bytes, name, kind, codec, collection,"
                        " width, description, metadata) VALUES (:name, :size_bytes, :name, :kind,"
                        " :codec, :collection, :width, :description,"
                        " jsonb_strip_nulls(jsonb_build_object('camera', CAST(:camera AS text))))"
                    ),
                    {k: v for k, v in row.items() if k not in ("tags", "said", "logged")},
                )
                insert_clips(session, row)
                session.execute(
                    text(
                        "INSERT INTO asset_tag (asset_id, tag_id) SELECT a.id, t.id"
                        " FROM asset a, tag t WHERE a.name = :name AND t.name = ANY(:tags)"
                    ),
                    {"name": row["name"], "tags": sorted(row["tags"])},
                )
        yield opened


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


@hypothesis_settings(deadline=None, max_examples=150)
@given(TREE)
def test_any_tree_means_what_it_says(filled: Catalog, tree: tuple[str, Test]):
    query, holds = tree
    for said in (query, parse(query).to_text()):
        wanted = filters.condition(parse(said).root, words_exclude=True)
        with filled.database.session() as session:
            shot = and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
            joined = select(Asset.name).outerjoin(Clip, shot)
            found = set(session.execute(joined.where(wanted)).scalars())
        assert found == {row["name"] for row in ASSETS if holds(row)}, said
