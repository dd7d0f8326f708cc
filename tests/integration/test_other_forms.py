"""Free words find forms that no stemmer knows; phrases, beginnings and unlike words do not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from catalog import Catalog
from catalog.settings import Settings

FOUND = [
    ("child", "children at play"),
    ("children", "a child"),
    ("fireman", "two firemen"),
    ("ran", "running dogs"),
    ("running", "he ran home"),
    ("wolf", "wolves"),
    ("ירושלים", "בירושלים"),
    ("בירושלים", "ירושלים"),
    ("עיר", "והעיר"),
    ("העיר", "עיר"),
    ("المدينة", "والمدينة"),
    ("مدينة", "والمدينة"),
    ("المدينة", "بالمدينة"),
    ("والمدينة", "المدينة"),
    ("مدينة", "للمدينة"),
    ("हिंदी", "हिन्दी"),
    ("हिन्दी", "हिंदी"),
    ("बंबई", "बम्बई"),
    ("コンピューター", "コンピュータ"),
    ("コンピュータ", "コンピューター"),
    ("サーバー", "サーバの部屋"),
    ("サーバー2", "サーバー2"),
    ("コンピューター・ルーム", "コンピューター・ルーム"),
    ("flying", "birds that flew"),
    ("freezing", "a frozen lake"),
    ("학교에서", "학교"),
    ("학교를", "학교에서 공부했다"),
]
NOT_FOUND = [
    ("カレー", "カレンダー"),
    ("マイク", "マイル"),
    ("마을", "마음"),
    ("고양이", "고양시"),
    ("saw", "they see"),
    ("shoot", "wide shot"),
    ("מדינה", "דינה"),
    ("men*", "a man"),
    ("oman", "an omen"),
    ("ramen", "Raman"),
]


@pytest.fixture(scope="module")
def opened(shared_settings: Settings):
    with Catalog.open(shared_settings) as catalog:
        yield catalog


def matches(catalog: Catalog, query: str, written: str, function: str = "words_query") -> bool:
    statement = f"SELECT catalog.words_of(:t, catalog.languages_of(:t)) @@ catalog.{function}(:q)"
    with catalog.database.session() as session:
        return bool(session.scalar(text(statement), {"t": written, "q": query}))


@pytest.mark.parametrize(("query", "written"), FOUND)
def test_other_forms_are_found(opened: Catalog, query: str, written: str):
    assert matches(opened, query, written)
    assert matches(opened, f"{query} 2024", f"2024 {written}"), "among other words too"


@pytest.mark.parametrize(("query", "written"), NOT_FOUND)
def test_what_is_another_word_is_not(opened: Catalog, query: str, written: str):
    assert not matches(opened, query, written)


def test_phrases_are_as_they_are_typed(opened: Catalog):
    for query, written in (FOUND[0], FOUND[8], FOUND[15]):
        assert not matches(opened, query, written, "phrase_query")


def test_any_word_makes_a_query(opened: Catalog):
    """Whatever stands in a word, no form of it is anything but a lexeme."""
    hostile = (
        "men'",
        "a\\man",
        "'man",
        "man:*",
        "ה'",
        "הה",
        "ال",
        "والا",
        "ー",
        "あーー",
        "에서",
        "은는",
        "ंक",
    )
    with opened.database.session() as session:
        for each in hostile:
            asked = session.scalar(text("SELECT catalog.words_query(:q)"), {"q": each})
            assert asked is not None, each
