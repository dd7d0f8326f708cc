"""catalog.search() in SQL gives what Catalog.search() gives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from catalog import Catalog
from catalog.errors import ReadOnlySqlError
from catalog.settings import Settings
from catalog.store.search import function
from catalog.store.search.function import install
from tests.integration.small_footage import sound, still, video


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory):
    media = tmp_path_factory.mktemp("media")
    video(media / "news" / "red_harbour.mp4", ("red", "blue", "white"), timecode="10:00:00:00")
    video(media / "news" / "blue_train.mov", ("blue", "red"), mark=1, frames=60)
    for at, colour in enumerate(("red", "blue", "green", "white", "black") * 5):
        still(media / "stock" / f"picture {colour} {at}.png", colour, mark=at + 5)
    sound(media / "stock" / "red talk.wav")
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media / "news", collection="News", tags=["Raw", "night"])
        catalog.ingest(media / "stock", collection="Stock", tags=["raw"])
        with catalog.database.session() as session:
            session.execute(
                text(
                    "UPDATE catalog.asset SET recorded = :at, language = 'pt-BR' "
                    "WHERE collection = 'News'"
                ),
                {"at": datetime(2024, 3, 5, tzinfo=UTC)},
            )
        yield catalog


SAME = [
    ("red", "'red'"),
    ("red harbour", "'red harbour'"),
    ("white train", "'  white   train '"),
    ("red collection:news", "'red', collection => 'NEWS'"),
    ("blue tag:raw tag:night", "'blue', tags => '{raw,Night}'"),
    ("red kind:still", "'red', kind => 'still'"),
    ("red kind:audio", "'red', kind => 'audio'"),
    ("collection:stock", "collection => 'stock'"),
    ("is:online", ""),
    ("red codec:png", "'red', codec => 'png'"),
    ("red container:mp4", "'red', container => 'mp4'"),
    ("blue recorded:2024-03", "'blue', recorded => '[2024-03-01,2024-04-01)'"),
    ("blue recorded:2025", "'blue', recorded => '[2025-01-01,2026-01-01)'"),
    ("blue duration:>4s", "'blue', duration => '(4,)'"),
    ("blue lang:pt", "'blue', language => 'pt'"),
    ("o'clock; DROP", "'o''clock; DROP'"),
]


@pytest.mark.parametrize(("query", "arguments"), SAME)
@pytest.mark.parametrize("limit", [3, 100])
def test_sql_and_python_agree(filled: Catalog, query: str, arguments: str, limit: int):
    found = filled.search(query, limit=limit, all_=True)
    filled.phrases([" ".join(word for word in query.split() if ":" not in word) or "x"])
    rows = filled.sql(
        "SELECT rank, asset_id, clip_id, frame_id, score, cosine, keyword_rank, name, path, "
        f'"start", timecode_in FROM catalog.search({arguments}'
        f"{', ' if arguments else ''}hits => {limit}) ORDER BY rank"
    ).rows
    expected = [
        (
            hit.rank,
            hit.asset["id"],
            hit.clip and hit.clip["id"],
            hit.frame and hit.frame["id"],
            hit.score,
            hit.cosine,
            hit.keyword_rank,
            hit.asset["name"],
            hit.asset["path"],
            hit.clip and hit.clip["start"],
            hit.clip and hit.clip["timecode_in"],
        )
        for hit in found.hits
    ]
    assert [(*r[:4], round(r[4], 6), None if r[5] is None else round(r[5], 6), *r[6:])
            for r in rows] == expected  # fmt: skip
    assert expected or "2025" in query


def test_an_unknown_phrase_says_what_to_do(filled: Catalog):
    with filled.database.readonly_connection() as reader, pytest.raises(ReadOnlySqlError) as caught:
        reader.run("SELECT * FROM catalog.search('never asked for')")
    assert "never asked for" in caught.value.message
    assert "catalog sql" in caught.value.remedy
    assert filled.sql("SELECT count(*) FROM catalog.search('never asked for')").rows[0][0] > 0


@pytest.mark.parametrize(
    "asks",
    [
        "catalog.search(hits => 3, tags => '{raw}', query => 'new 1')",
        "catalog.search(query := $$new 2$$)",
        "search('new 3'::text)",
        "(SELECT \"catalog\".phrase(E'new 4'))",
        "(SELECT catalog.speech_phrase($ä$new 5$ä$))",
        "(SELECT phrase ( 'new ''6''' ))",
    ],
)
def test_a_phrase_is_encoded_however_it_is_written(filled: Catalog, asks: str):
    assert filled.sql(f"SELECT count(*) FROM {asks} AS answer").rows[0][0] > 0


def test_a_language_is_no_pattern(filled: Catalog):
    for language in ("p_", "%", "pt-BR-%"):
        asked = f"SELECT count(*) FROM catalog.search(language => '{language}')"
        assert filled.sql(asked).rows == [(0,)]


def test_the_function_is_written_where_it_is_another(filled: Catalog):
    with filled.database.session() as session:
        assert not install(session)
        session.execute(text("DROP FUNCTION catalog.search"))
        session.execute(text("CREATE FUNCTION catalog.search(n int) RETURNS int RETURN n"))
        assert install(session), "as another version of the program left it"
        assert not install(session)
        mine = function._comment(session)
        text_alone, source = mine[: mine.rindex(" ")], mine[mine.rindex(" ") + 1 : -1]
        assert source == function._source() != ""
        for before, written in (
            (f"{text_alone} {'0' * 24}]", False),  # another version with the same text
            (f"of old [{'0' * 24}]", True),
        ):
            session.execute(text(f"COMMENT ON FUNCTION {function._NAME} IS '{before}'"))
            assert install(session) is written
            assert function._comment(session) == mine


def test_nothing_is_compiled_to_find_the_function_there(filled: Catalog, monkeypatch):
    monkeypatch.setattr(function, "definition", lambda: pytest.fail("it was compiled"))
    with filled.database.session() as session:
        assert not install(session)
    assert filled.sql("SELECT count(*) FROM catalog.search(hits => 3)").rows == [(3,)]
