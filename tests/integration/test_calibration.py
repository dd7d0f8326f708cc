"""Calibrations made by an evaluation and read by searches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from catalog import Catalog
from catalog.encoders import load_encoder
from catalog.encoders.null import COLOURS
from catalog.errors import InvalidQueryError, NotFoundError
from catalog.search import judging
from catalog.settings import Settings
from tests.integration.conftest import Statements

# One colour, or two mixed: twenty-one that the tests' encoder tells apart.
MIXED = [(one, other) for at, one in enumerate(COLOURS) for other in list(COLOURS)[at:]]
COUNT = 3 * len(MIXED)


@pytest.fixture(scope="module")
def filled(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Catalog, Path]]:
    """Stills of 21 colours, and captions of them: English ones fit, Ukrainian do not."""
    folder: Path = tmp_path_factory.mktemp("media")
    rows = ["file,language,caption"]
    for at in range(COUNT):
        one, other = MIXED[at % len(MIXED)]
        rgb = [(a + b) // 2 for a, b in zip(COLOURS[one], COLOURS[other], strict=True)]
        picture = Image.new("RGB", (64, 48), tuple(rgb))
        # No two alike: a mark of another colour, somewhere.
        mark = tuple(255 - value for value in rgb)
        ImageDraw.Draw(picture).rectangle((at % 60, at % 40, at % 60 + 3, at % 40 + 3), mark)
        picture.save(folder / f"{at:02d}.png")
        rows += [f"{at:02d}.png,en,The {one} and {other} thing on the other side of the street"]
        rows += [f"{at:02d}.png,uk,Це річ номер {at}"]
    (folder / "captions.csv").write_text("\n".join(rows), encoding="utf-8")
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(folder)
        yield catalog, folder


def test_an_evaluation_calibrates_what_searches_say(filled, statements: Statements):
    catalog, folder = filled
    query = "a red car on the street"
    before = catalog.search(query, limit=100, all_=True)
    with statements.of(catalog):
        catalog.search(query, limit=100, all_=True)
    asked = len(statements)
    found = catalog.evaluate(folder, encoders=["null"], calibrate=True, speed=False, resamples=0)
    assert found.notes == ("null:64 is calibrated for searches, for all texts and 1 languages.",)
    curve = found.encoders[0].languages["en"].calibrated.curve
    rows = catalog.calibrations()
    assert [(row["encoder"], row["language"], row["samples"]) for row in rows] == [
        ("null:64", "", 2 * COUNT), ("null:64", "en", COUNT),
    ]  # fmt: skip
    assert {row["source"] for row in rows} == {folder.name}
    assert rows[1]["slope"] == pytest.approx(curve.slope)

    statements.clear()
    with statements.of(catalog):
        after = catalog.search(query, limit=100, all_=True)
    assert len(statements) == asked, "as many statements as without"
    assert after.cutoff["calibrated"]
    assert not before.cutoff["calibrated"]
    # The query's own background, counted here: over so few pictures it is all of them.
    with catalog.database.session() as session:
        median, quartile = session.connection().exec_driver_sql(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY c), percentile_cont(0.25) "
            "WITHIN GROUP (ORDER BY c) FROM (SELECT 1 - (e.vector <=> catalog.phrase(%s)) c "
            "FROM catalog.embedding e) q", (query,),
        ).one()  # fmt: skip
    assert after.cutoff["background"] == pytest.approx(median, abs=1e-5)
    common, spread = rows[0], (median - quartile) / 0.67449
    for hit in after.hits:
        height = (hit.cosine - median) / spread
        wanted = 1 / (1 + math.exp(-(common["slope"] * height + common["intercept"])))
        assert hit.confidence == pytest.approx(wanted, abs=2e-3)
    assert [hit.confidence for hit in before.hits] != [hit.confidence for hit in after.hits]


@pytest.fixture
def two_languages(filled) -> Iterator[Catalog]:
    """Calibrated by hand, so that the languages differ and what was used can be told."""
    catalog, folder = filled
    catalog.evaluate(folder, encoders=["null"], calibrate=True, speed=False, resamples=0)
    with catalog.database.session() as session:
        insert = (
            "INSERT INTO catalog.calibration (encoder_id, language, match_median, miss_median,"
            " miss_spread, slope, intercept, samples)"
            " SELECT id, '{}', 0.9, 0.1, 0.1, 0.001, {}, 100 FROM catalog.encoder"
        )
        run = session.connection().exec_driver_sql
        run("DELETE FROM catalog.calibration")
        for language, intercept in (("", 0), ("en", 2), ("pt-BR", -2)):
            run(insert.format(language, intercept))
    yield catalog
    catalog.calibrations(forget="null")


@pytest.mark.parametrize(
    ("query", "language", "confidence"),
    [
        ("The red car on the other side of the street", "en", 0.881),
        ("O carro vermelho do outro lado da rua à noite", "pt-BR", 0.119),
        ("червона машина на іншому боці вулиці", None, 0.5),
        ("red", None, 0.5),
        ("🎬🐈", None, 0.5),
        ("夜の car ночью", None, 0.5),
    ],
)
def test_the_language_of_the_query_chooses(
    two_languages: Catalog, query: str, language: str | None, confidence: float
):
    """Where it is not sure, or has no calibration of its own, that of all languages serves."""
    result = two_languages.search(query, limit=5, all_=True)
    assert result.cutoff["language"] == language
    assert result.cutoff["calibrated"]
    assert [hit.confidence for hit in result.hits] == pytest.approx([confidence] * 5, abs=2e-3)


def test_examples_are_not_judged_as_words(two_languages: Catalog, filled):
    _, folder = filled
    result = two_languages.search(image=folder / "00.png", limit=5, all_=True)
    assert not result.cutoff["calibrated"]
    # By how it stands out, which is no longer the same for all of them.
    assert len({hit.confidence for hit in result.hits}) > 1


def test_nobody_asks_for_the_language_where_there_is_no_choice(filled, monkeypatch):
    catalog, folder = filled
    asked: list[str] = []
    monkeypatch.setattr(judging, "spoken_language", asked.append)
    catalog.search("The red car on the street")
    catalog.evaluate(folder, encoders=["null"], calibrate=True, speed=False, resamples=0)
    catalog.search("The red car on the street")
    assert asked == []
    assert len(catalog.calibrations(forget="null")) == 0
    with pytest.raises(NotFoundError, match="no encoder"):
        catalog.calibrations(forget="null:7")


def test_an_encoder_that_is_not_here_is_not_calibrated(filled):
    catalog, folder = filled
    found = catalog.evaluate(folder, encoders=["null:32"], calibrate=True, speed=False, resamples=0)
    assert "is no encoder of this catalogue" in found.notes[0]
    assert catalog.calibrations() == []


def test_what_was_logged_is_a_dataset(filled):
    catalog, _ = filled
    with catalog.database.session() as session:
        run = session.connection().exec_driver_sql
        # A description each, but of the first twenty-one it is one and the same.
        for at, (one, other) in enumerate(3 * MIXED):
            said = "Interview" if at < len(MIXED) else f"{one} and {other}, number {at}"
            run(
                "UPDATE catalog.asset SET language = 'en', description = %s WHERE name = %s",
                (said, f"{at:02d}.png"),
            )
        run(
            "INSERT INTO catalog.clip (asset_id, kind, start_pts, end_pts, text, language) "
            "SELECT id, 'subclip', 0, 1, 'something red, logged', 'de' FROM catalog.asset "
            "WHERE name = '00.png'"
        )
    try:
        found = catalog.evaluate("catalog", encoders=["null"], speed=False, resamples=0)
    finally:
        with catalog.database.session() as session:
            run = session.connection().exec_driver_sql
            run("UPDATE catalog.asset SET description = NULL, language = NULL")
            run("DELETE FROM catalog.clip WHERE kind = 'subclip'")
    assert (found.kind, found.languages) == ("logged", ("en", "de"))
    english = found.encoders[0].languages["en"]
    assert (english.queries, found.pictures) == (42, 43)
    # Of a colour there are two.
    assert english.text_to_image[2].value > 0.8
    assert found.notes == ("21 logged texts say the same of several pictures and were left out.",)


@pytest.fixture
def short_sighted(filled, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Catalog]:
    """The catalogue, with an encoder that reads twelve characters."""
    catalog, _ = filled
    encoder = catalog._encoders.load("null:64")
    reads = lambda texts: [12 if len(text) > 12 else -1 for text in texts]  # noqa: E731
    monkeypatch.setattr(encoder, "characters_read", reads)
    return lambda: catalog


def test_what_is_not_read_is_said(short_sighted: Callable[[], Catalog]):
    catalog = short_sighted()
    long = "blue in the corner of the street"
    [notice] = catalog.search(long).notices
    assert notice.code == "text_cut"
    assert "first 12 of 32 characters" in notice.message
    assert "“…blue in the”" in notice.message
    body = catalog.search(long).as_json()
    assert body["notices"] == [
        {"code": "text_cut", "message": notice.message, "characters": 32, "read": 12}
    ]
    assert "notices" not in catalog.search("blue").as_json()
    # Known from the table, by a process that never loads the model; and of any text that is asked.
    with Catalog.open(catalog.settings) as other:
        assert other.search(long).notices == (notice,)
        [later] = other.search("blue", then=long).notices
        assert later == notice
    [unlike] = catalog.search("blue", not_=["green in every corner of it"]).notices
    assert unlike.details["characters"] == 27
    # Too long to be kept: said each time all the same.
    book = "синій " * 300
    assert [n.details["read"] for n in catalog.search(book).notices] == [12]
    assert [n.details["read"] for n in catalog.search(book).notices] == [12]


@pytest.mark.parametrize(
    "query",
    ["🎬", "👩🏽‍🚀🐈", "夜の car ночью سيارة", "\u202eمدينة\u202c في الليل",
     "x" * 1990,
     "пошук " * 330, "％＃＠ … ¿?", "<|endoftext|> </s>"],
)  # fmt: skip
def test_odd_queries_are_answered(filled, query: str):
    catalog, _ = filled
    result = catalog.search(query, limit=3, all_=True)
    assert len(result.hits) == 3
    assert result.total_candidates == COUNT


@pytest.mark.parametrize("query", ["", "  \t", "half \ud83d", "word " * 401])
def test_what_no_query_can_be_is_refused_with_a_reason(filled, query: str):
    with pytest.raises(InvalidQueryError) as caught:
        filled[0].search(query)
    assert caught.value.remedy


def test_a_real_tokenizer_says_where_it_ended():
    encoder = load_encoder("demo")
    texts = ["a red car", "word " * 300, "夜" * 200, "", "🎬" * 90]
    read = encoder.characters_read([" ".join(text.split()) for text in texts])
    assert read[0] == read[3] == -1
    for text, far in zip(texts, read, strict=True):
        if far >= 0:
            spelt = " ".join(text.split())
            same = encoder.encode_texts([spelt, spelt[:far], spelt[: far - 2]])
            assert (same[0] == same[1]).all()
            assert not (same[0] == same[2]).all()
    assert min(read[1], read[2], read[4]) > 5
