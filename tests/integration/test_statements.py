"""How many statements a search sends: as many as docs/search.md says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_footage import still
from sqlalchemy import text
from vector_library import library, write

from catalog import Catalog
from catalog.domain.plan import Library
from catalog.maintain.graphs import build_graphs
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store import centres

# What a statement is, by what it alone says; the first that fits.
KINDS = {
    "opening": "AS begun",
    "encoders": "SELECT catalog.encoder.id, catalog.encoder.name",
    "encoder": "FOR KEY SHARE",
    "vector": "FROM catalog.phrase WHERE encoder_id",
    "kept": "INSERT INTO catalog.phrase",
    "clip": "SELECT EXISTS (SELECT catalog.clip.id",
    "its vectors": "SELECT catalog.embedding.vector FROM",
    "settings": "SELECT count(set_config",
    "statistics": "FROM pg_stats",
    "answer": "FROM total",
    "pictures": "WITH ends AS",
    "sample": "place <=",
    "count": "AS met",
    "slips": "catalog.fold(w.word)",
}
DOCS = Path(__file__).parents[2] / "docs/search.md"


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        write(opened, library(np.random.default_rng(3)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(centres, "INDEX_FROM", 100)
            build_graphs(opened.database)
        yield opened


ASKED = {
    "filters alone": ("kind:video sort:date", {}),
    "words, asked before": ("query 1", {}),
    "words that the process does not know": ("query 2", {}),
    "few, words asked before": ("query 1 name:asset-003", {}),
    "more than few, counted": ("query 1 -collection:c3", {}),
    "the same count again": ("query 1 -collection:c3", {}),
    "more than few, sampled": ("query 1 -collection:c4", {}),
    "the same a moment later": ("query 1 -collection:c4", {}),
    "a clip as example": ("", {"like": "clip:17"}),
    "a vector as example": ("", {"vector": np.arange(1, 65)}),
    "pairs, words asked before": ("query 1", {"then": "query 1"}),
    "words that nobody asked before": ("a red car at night", {}),
}
SENT = {
    "filters alone": "opening, answer",
    "words, asked before": "opening, settings, answer",
    "words that the process does not know": "opening, vector, pictures, settings, answer",
    "few, words asked before": "opening, answer",
    "more than few, counted": "opening, answer, count, settings, answer",
    "the same count again": "opening, settings, answer",
    "more than few, sampled": "opening, answer, count, sample, settings, answer",
    "the same a moment later": "opening, settings, answer",
    "a clip as example": "opening, encoders, clip, its vectors, opening, settings, answer",
    "a vector as example": "opening, settings, answer",
    "pairs, words asked before": "encoders, encoders, statistics, settings, answer",
    "words that nobody asked before": (
        "opening, vector, encoders, vector, encoder, kept, opening, settings, answer, slips"
    ),
}


def kind_of(statement: str) -> str:
    said = " ".join(statement.split())
    return next((kind for kind, mark in KINDS.items() if mark in said), said)


def test_a_search_sends_what_the_docs_say(filled: Catalog, way, statements, monkeypatch):
    _, plan_of_few = looking.of_few(Library(300_000, 30_000, graph=True), 11) or (0, None)
    way("graph")
    monkeypatch.setattr(looking, "_COUNTED", 20)
    sent = {}
    with Catalog.open(filled.settings) as fresh:
        fresh.search("query 1")
        fresh.search("query 1")
        for case, (query, options) in ASKED.items():
            few = (20, plan_of_few) if "few" in case else None
            monkeypatch.setattr(looking, "of_few", lambda *_, few=few: few)
            # A small library is counted to the end, and of a larger one a sample is drawn.
            sampled = "sampled" in case or "moment" in case
            monkeypatch.setattr(looking, "_SAMPLED", 100.0 if sampled else 0.0)
            monkeypatch.setattr(looking, "worth_counting", lambda *_, n=400 if sampled else 20: n)
            with statements.of(fresh):
                fresh.search(query, limit=10, **options)
            sent[case] = ", ".join(map(kind_of, statements))
            statements.clear()
    assert sent == SENT
    rows = dict(re.findall(r"^\| ([^|]+) \| (\d+): ", DOCS.read_text("utf-8"), re.MULTILINE))
    assert {case: int(rows[case]) for case in SENT} == {
        case: kinds.count(",") + 1 for case, kinds in SENT.items()
    }


STILL = 23
"""Statements for each still of an ingest of many, at most."""


def test_a_still_takes_few_statements_and_its_keyword_text_is_made_twice(
    catalog: Catalog, tmp_path: Path, statements
):
    counted = """
        CREATE TABLE public.made (n int);
        CREATE OR REPLACE FUNCTION catalog.asset_set_words() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.made VALUES (1);
            NEW.words := catalog.asset_words(NEW);
            NEW.spellings := catalog.name_spellings(NEW.words);
            RETURN NEW;
        END $$;
    """
    with catalog.database.session() as session:
        session.execute(text(counted))
    sent = []
    for first, end in ((0, 1), (1, 5), (5, 25)):
        folder = tmp_path / f"media-{first}"
        for n in range(first, end):
            still(folder / f"{n}.png", (n, 99, 200 - n))
        with catalog.database.session() as session:
            session.execute(text("TRUNCATE public.made"))
        statements.clear()
        with statements.of(catalog):
            assert catalog.ingest(folder).ready == end - first
        sent.append(len(statements))
    assert (sent[2] - sent[1]) / 16 <= STILL, sent
    with catalog.database.session() as session:
        assert session.execute(text("SELECT count(*) FROM public.made")).scalar_one() == 40
        stale = "SELECT count(*) FROM catalog.asset a WHERE words <> catalog.asset_words(a)"
        assert session.execute(text(stale)).scalar_one() == 0
