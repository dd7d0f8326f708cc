"""The keyword text of an asset: what is in it, and that it follows every change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_footage import still
from sqlalchemy import text

from catalog import Catalog
from catalog.settings import Settings


def ingested(catalog: Catalog, folder: Path) -> int:
    path = still(folder / "MyGreat_Shot-03.final.png")
    catalog.ingest(path, metadata={"reel": "A012C003", "nested": {"operator": "Olena Kovalenko"}})
    return catalog.show(path)["id"]


@pytest.fixture
def asset(catalog: Catalog, tmp_path: Path) -> int:
    return ingested(catalog, tmp_path / "media")


@pytest.fixture(scope="module")
def read_only(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """A catalogue of that asset alone, for tests that change nothing."""
    with Catalog.open(shared_settings) as opened:
        ingested(opened, tmp_path_factory.mktemp("words"))
        yield opened


def has(catalog: Catalog, phrase: str) -> bool:
    """The exact phrase stands in the text of some asset."""
    return catalog.search(f'"{phrase}"').total_candidates > 0


@pytest.mark.parametrize(
    "phrase",
    ["my great shot 03 final", "Great Shot", "great_shot", "GREAT-SHOT", "MyGreat", "final png",
     "MyGreat_Shot-03.final.png", "a012c003", "olena kovalenko"],
)  # fmt: skip
def test_names_and_metadata_are_words(read_only: Catalog, phrase: str):
    assert has(read_only, phrase)


@pytest.mark.parametrize("phrase", ["shot great", "great final", "reat", "kovalenko olena"])
def test_a_phrase_is_whole_words_in_order(read_only: Catalog, phrase: str):
    assert not has(read_only, phrase)


def test_minus_and_or(read_only: Catalog):
    def found(query: str) -> int:
        return len(read_only.assets(query)["assets"])

    assert found("great") == 1
    assert found("-great") == 0
    assert found("-nothing") == 1
    assert found("nothing OR great") == 1
    assert found("nothing OR neither") == 0
    assert found('"great shot" OR kind:video') == 1
    assert found("great -olena") == 0
    assert found("-(nothing great)") == 1
    assert found("-(nothing OR great)") == 0
    assert read_only.search("kind:still -great").total_candidates == 0


def test_what_columns_say_is_words(catalog: Catalog, asset: int):
    said = {
        "codec": "prores", "camera_make": "ARRI", "camera_model": "Alexa Mini",
        "lens": "Summicron 50", "camera_serial": "K1234", "reel": "A001R1XY", "scene": "42B",
        "take": "7pu", "creator": "Oksana Melnyk", "credit": "Ukrinform", "rights": "Staatsarchiv",
    }  # fmt: skip
    for column, value in said.items():
        assert not has(catalog, value), column
        with catalog.database.session() as session:
            statement = f"UPDATE catalog.asset SET {column} = :value WHERE id = :id"
            session.execute(text(statement), {"value": value, "id": asset})
        assert has(catalog, value), column
    # What they are called is the language's, not the codec's.
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.asset SET profile = 'Main', hdr = '{hlg}'"))
    assert has(catalog, "hlg")
    assert not has(catalog, "main")


def test_tags_come_and_go(catalog: Catalog, asset: int):
    catalog.tag([asset], ["Harbour Cranes", "b_roll"])
    assert has(catalog, "harbour cranes")
    assert has(catalog, "b roll")
    catalog.tag([asset], ["HARBOUR cranes"], remove=True)
    assert not has(catalog, "harbour")
    assert has(catalog, "b roll")
    with catalog.database.session() as session:
        session.execute(text("UPDATE tag SET name = 'cutaway' WHERE name = 'b_roll'"))
    assert has(catalog, "cutaway")
    assert not has(catalog, "b roll")
    with catalog.database.session() as session:
        session.execute(text("DELETE FROM tag"))
    assert not has(catalog, "cutaway")


def test_collections_titles_and_descriptions_follow(catalog: Catalog, asset: int):
    catalog.collection([asset], "Evening Bulletin")
    assert has(catalog, "evening bulletin")
    catalog.collection([asset], None)
    assert not has(catalog, "bulletin")
    with catalog.database.session() as session:
        session.execute(text("UPDATE asset SET title = 'Перший сніг', description = 'über Kyiv'"))
    assert has(catalog, "перший СНІГ")
    assert has(catalog, "über kyiv")


def test_folders_and_renames_follow(catalog: Catalog, asset: int, tmp_path: Path):
    target = tmp_path / "media" / "Tuesday_Rushes" / "renamedClip.png"
    target.parent.mkdir()
    shutil.move(tmp_path / "media" / "MyGreat_Shot-03.final.png", target)
    catalog.ingest(tmp_path / "media")
    assert catalog.show(target)["id"] == asset
    assert has(catalog, "tuesday rushes renamed clip")
    still(target, "blue", mark=9)
    catalog.ingest(tmp_path / "media")
    assert catalog.show(target)["id"] != asset
    other = catalog.search('"tuesday rushes"').hits
    assert [hit.asset["id"] for hit in other] == [catalog.show(target)["id"]]


def test_text_of_any_length_fits(catalog: Catalog, asset: int):
    catalog.tag([asset], [f"{'long ' * 30}{number}" for number in range(60)])
    words = " ".join(f"w{number}x" for number in range(200_000))
    with catalog.database.session() as session:
        for column in ("title", "description"):
            session.execute(text(f"UPDATE asset SET {column} = :words"), {"words": words})
        session.execute(
            text("UPDATE asset SET metadata = jsonb_build_object('k', CAST(:words AS text))"),
            {"words": words},
        )
    assert has(catalog, "w1x w2x")
    assert has(catalog, "great shot")


@pytest.mark.parametrize(
    "name", ["क्षेत्र_समाचार.png", "ภาษาไทย.png", "新闻 联播.png", "שלום_עולם.png"]
)
def test_names_in_other_scripts(catalog: Catalog, tmp_path: Path, name: str):
    catalog.ingest(still(tmp_path / "m" / name))
    for word in name.removesuffix(".png").replace("_", " ").split():
        assert has(catalog, word)
