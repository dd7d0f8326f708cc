"""Any tree of filters, words and phrases finds what a plain evaluator in Python finds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from filter_rows import ASSETS, LEAVES, Row, Test
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import and_, false, func, select, text
from sqlalchemy.orm import Session

from catalog import Catalog
from catalog.db.models import Asset, Clip
from catalog.domain.query import FIELDS, find_field, parse
from catalog.maintain.graphs import build_graphs
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store import centres, filters, vectors

LEAF = st.sampled_from(LEAVES)
_AT_ONCE = 50
# Bare words exclude nothing in a search: they rank.
FILTERS = [leaf for leaf in LEAVES if ":" in leaf[0] or leaf[0].startswith('"')]


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


# What of a row is no column of the table of assets.
ELSEWHERE = {"tags", "said", "logged", "file", "online", "verified", "camera", "frame_rate", "roll"}
COLUMNS = sorted(set(ASSETS[0]) - ELSEWHERE)


def insert_asset(session: Session, row: Row) -> None:
    """The asset, and its file."""
    rate = row["frame_rate"]
    session.execute(
        text(
            f"INSERT INTO asset (fingerprint, metadata, frame_rate_num, frame_rate_den,"
            f" time_base_num, time_base_den, {', '.join(COLUMNS)}) OVERRIDING SYSTEM VALUE"
            " VALUES (:name,"
            " jsonb_strip_nulls(jsonb_build_object('camera', CAST(:camera AS text))),"
            f" :num, :den, 1, 1000, {', '.join(f':{column}' for column in COLUMNS)})"
        ),
        {column: row[column] for column in (*COLUMNS, "camera")}
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
                "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text, language, roll)"
                " SELECT id, :kind, :start, :end, :words, 'en', :roll FROM asset"
                " WHERE name = :name"
            ),
            {"kind": kind, "start": start, "end": end, "words": words, "name": row["name"]}
            | {"roll": row["roll"] if kind == "shot" else None},
        )


def test_every_field_has_leaves_that_find_some_and_not_all():
    """Where all rows are alike in what a field asks for, any other column would do as well."""
    telling: dict[str, int] = dict.fromkeys((field.name for field in FIELDS), 0)
    for said, holds in LEAVES:
        name, colon, _ = said.partition(":")
        field = find_field(name.partition(".")[0]) if colon else None
        if field is not None:
            telling[field.name] += 0 < sum(map(holds, ASSETS)) < len(ASSETS)
    assert {name: count for name, count in telling.items() if count < 2} == {}


@pytest.mark.parametrize("first", range(0, len(LEAVES), _AT_ONCE))
def test_each_leaf_means_what_it_says(filled: Catalog, first: int):
    """And its negation, each as typed and as the program writes it; many in one statement."""
    asked: list[tuple[str, Test]] = []
    for leaf in LEAVES[first : first + _AT_ONCE]:
        for query, holds in (leaf, none_of(leaf)):
            asked += [(said, holds) for said in (query, parse(query).to_text())]
    each = [filters.condition(parse(said).root, words_exclude=True) for said, _ in asked]
    shot = and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
    shown = [func.coalesce(condition, false()) for condition in each]
    statement = select(Asset.name, *shown).outerjoin(Clip, shot)
    with filled.database.session() as session:
        rows = [tuple(row) for row in session.execute(statement)]
    for at, (said, holds) in enumerate(asked, 1):
        found = {row[0] for row in rows if row[at]}
        assert found == {row["name"] for row in ASSETS if holds(row)}, said


@hypothesis_settings(deadline=None, max_examples=100)
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


FILTER_TREE = st.recursive(
    st.sampled_from(FILTERS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(both),
        st.lists(inner, min_size=2, max_size=3).map(either),
        inner.map(none_of),
    ),
    max_leaves=6,
)
WAYS = ("filter", "few", "exact", "centres", "graph")


@pytest.fixture(scope="module")
def searched(filled: Catalog) -> Catalog:
    """The same rows, whose shots have vectors, and a graph over them."""
    rng = np.random.default_rng(11)
    with filled.database.session() as session:
        encoder = vectors.activate_first(
            session,
            vectors.add_encoder(
                session, name="null:8", dimension=8, precision="fp32", weights_digest="0"
            ),
        )
        made = session.execute(
            text(
                "INSERT INTO frame (asset_id, clip_id, pts, start_pts, end_pts, picture, width,"
                " height) SELECT asset_id, id, 0, 0, 1, 'x', 1, 1 FROM clip WHERE kind = 'shot'"
                " RETURNING id, clip_id, asset_id"
            )
        ).all()
        rows = rng.standard_normal((len(made), 8)) + 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        claimed = [vectors.ClaimedFrame(*row, "x") for row in made]
        vectors.write_vectors(session, encoder.id, claimed, rows.astype(np.float16))
        vectors.save_phrases(session, encoder.id, ["probe"], rows[:1].astype(np.float16))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(centres, "INDEX_FROM", 1)
        assert build_graphs(filled.database)
    return filled


@pytest.mark.parametrize("way_to_go", WAYS)
def test_any_tree_of_filters_means_the_same_whichever_way_a_search_goes(
    searched: Catalog, way, monkeypatch, way_to_go: str
):
    """A filter has four shapes: of candidates, of few, of centres, and of what a walk met."""
    if way_to_go != "filter":
        way("centres" if way_to_go == "few" else way_to_go)
    if way_to_go != "few":
        monkeypatch.setattr(looking, "of_few", lambda _library, _depth: None)
    went = set()

    # The same trees each time: some must keep so much that the way is gone.
    @hypothesis_settings(deadline=None, max_examples=12, database=None, derandomize=True)
    @given(FILTER_TREE)
    def means_what_it_says(tree: tuple[str, Test]) -> None:
        query, holds = tree
        wanted = {row["name"] for row in ASSETS if holds(row)}
        if way_to_go != "filter":
            # What has no picture is compared with none.
            wanted = {row["name"] for row in ASSETS if holds(row) and row["kind"] == "video"}
            query = f"probe {query}"
        result = searched.search(query, limit=100, all_=True)
        assert {hit.asset["name"] for hit in result.hits} == wanted, query
        went.add("few" if result.plan.tried_few else result.plan.kind)

    means_what_it_says()
    assert way_to_go in went, went
