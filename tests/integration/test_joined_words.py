"""Words that are written joined, apart or with something between find each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from catalog import Catalog
from catalog.db.models import Asset, Clip
from catalog.domain.query import parse
from catalog.settings import Settings
from catalog.store import filters

# Each finds, and is found by, every other of its line: as a free word and within a phrase.
ALIKE = (
    ("e-mail", "email", "E-Mail", "e mail", "e‑mail"),
    ("O'Brien", "obrien", "O’Brien", "O`Brien", "OBrien"),
    ("O'Neill's", "oneills", "O’NEILL’S"),
    ("don't", "dont", "don’t", "DON'T", "don´t"),
    ("wi-fi", "wifi", "WiFi", "Wi-Fi"),
    ("MacBook", "macbook", "mac-book"),
    ("rock'n'roll", "rocknroll", "rock’n’roll"),
    ("U.S.A.", "USA", "usa"),
    ("AT&T", "ATT"),
    ("B-roll", "b_roll", "broll", "b roll", "BRoll"),
    ("4K", "4k", "4 K"),
    ("24fps", "24 fps", "24-fps"),
    ("S01E02", "s1e2", "s01e02", "S1E2"),
    ("IMG_0123", "IMG0123", "img 123", "img-0123"),
    ("2024-01-15", "20240115"),
    ("COVID-19", "covid19", "Covid 19"),
    ("Müller", "MÜLLER", "müller"),
    ("Straße", "Strasse", "STRASSE"),
    ("Łódź", "lodz"),
    ("İstanbul", "istanbul", "ıstanbul", "ISTANBUL"),
    ("ёлка", "елка"),
    ("п'ять", "пять", "п’ять"),
    ("Санкт-Петербург", "санктпетербург"),
    ("１２３", "123"),
    ("ﾆｭｰｽ", "ニュース"),
    ("صَحـّة", "صحة"),
    ("הָרַכֶּבֶת", "הרכבת"),
    ("क़ानून", "कानून"),
)
# What is asked, and what it finds and does not.
ASKED = (
    ("macbook", "MacBookPro", True),
    ("macbook", "MacBook Pro", True),
    ("MacBookPro", "macbook pro", True),
    ("MacBook-Pro", "macbook pro", True),
    ("bookpro", "MacBookPro", True),
    ("macboo*", "MacBookPro", True),
    ("pro*", "MacBookPro", True),
    ("E-Ma*", "email", True),
    ("acbook", "MacBookPro", False),
    ("wi fi", "wifi", True),
    ("wi fi", "Wi-Fi", True),
    ("night club", "nightclubs", True),
    ("mac boo*", "macbook", True),
    ("t shirts", "T-shirt", True),
    ("emails", "an e-mail", True),
    ("e-mails", "an email", True),
    ("brien", "O'Brien's", True),
    ("obrien", "O'Brien's", True),
    ("d'Artagnan", "Dartagnan", True),
    ("l'école", "d'écoles", True),
    ("Müller", "Mueller", True),
    ("Mueller", "MÜLLER", True),
    ("take 3", "take_03", True),
    ("take 30", "take_03", False),
    ("0123", "IMG_0123", True),
    ("123", "IMG_0123", True),
    ("12", "IMG_0123", False),
    ("기자", "기자들이", True),
    ("कानून", "कानूनों", True),
    ("car pet", "pet car", True),
    ("plan b meeting", "the meeting of plan B", True),
    ("us", "U.S.A.", True),
    ("mail", "gmail", False),
    ('"send email today"', "send e-mail today", True),
    ('"send e-mail today"', "send email today", True),
    ('"send e-mail today"', "send mail today", False),
    ('"mr obrien said no"', "Mr O'Brien said no", True),
    ('"mr obrien no"', "Mr O'Brien said no", False),
    ('"my macbook pro here"', "my MacBookPro here", True),
    ('"my macbookpro here"', "my MacBookPro here", True),
    ('"my macbookpro here"', "my MacBookPro now here", False),
    ('"brien said"', "O'Brien said", True),
    ('"the wifi email was dont"', "the Wi-Fi e-mail was don't", True),
    ('"wi fi"', "wifi", False),
)


@pytest.fixture(scope="module")
def opened(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as catalog:
        yield catalog


_HOLDS = text("""
    SELECT catalog.words_of(:written, catalog.languages_of(:written))
               @@ catalog.words_query(:asked),
           catalog.words_of('so ' || :written || ' it was', catalog.languages_of(:written))
               @@ catalog.phrase_query('so ' || :asked || ' it was')
""")


def holds(session: Session, written: str, asked: str) -> tuple[bool, bool]:
    """Whether the text is found by the words, and by the phrase among others."""
    word, phrase = session.execute(_HOLDS, {"written": written, "asked": asked}).one()
    return word, phrase


@pytest.mark.parametrize("alike", ALIKE, ids=lambda alike: alike[0])
def test_each_spelling_finds_each(opened: Catalog, alike: tuple[str, ...]):
    with opened.database.session() as session:
        pairs = {pair: holds(session, *pair) for pair in product(alike, repeat=2)}
    assert pairs == dict.fromkeys(pairs, (True, True))


@pytest.mark.parametrize(("asked", "written", "found"), ASKED)
def test_what_is_asked_finds(opened: Catalog, asked: str, written: str, found: bool):
    wanted = filters.condition(parse(asked).root, words_exclude=True)
    unwanted = filters.condition(parse(f"-({asked})").root, words_exclude=True)
    with opened.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind, description)"
                " VALUES ('1', 1, 'x', 'audio', :written)"
            ),
            {"written": written},
        )
        names = select(Asset.id).outerjoin(Clip, Clip.asset_id == Asset.id)
        kept, left = (bool(session.scalar(names.where(each))) for each in (wanted, unwanted))
        session.rollback()
    assert (kept, left) == (found, not found)


PART = st.text("abcdeklmnorstuz", min_size=2, max_size=5)
SPELLINGS = (
    lambda one, other: f"{one}-{other}",
    lambda one, other: f"{one}'{other}",
    lambda one, other: f"{one}’{other.upper()}",
    lambda one, other: f"{one.title()}{other.title()}",
    lambda one, other: one + other,
)


@hypothesis_settings(max_examples=40)
@given(PART, PART, st.sampled_from(SPELLINGS), st.sampled_from(SPELLINGS))
def test_any_two_parts_join(opened: Catalog, one: str, other: str, here, there):
    with opened.database.session() as session:
        assert holds(session, here(one, other), there(one, other)) == (True, True)
        # Parts stand in order, and no word begins within another.
        assert not any(holds(session, here(one, other), there(one, other) + "x"))
        assert not any(holds(session, here(one, other), "x" + there(one, other)))


@pytest.mark.parametrize(
    ("name", "query"),
    [("Night_Club.mov", "nightclub"), ("MacBook Pro.mov", "macbookpro"), ("New York", "newyork")],
)
def test_words_of_a_name_are_found_joined(catalog: Catalog, name: str, query: str):
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind)"
                " VALUES ('f', 1, :name, 'audio')"
            ),
            {"name": name},
        )
    assert [hit.asset["name"] for hit in catalog.search(query).hits] == [name]


def test_a_word_said_again_asks_for_nothing_more(opened: Catalog):
    with opened.database.session() as session:
        ask = text("SELECT catalog.words_query(:asked)::text")
        once, again = (
            session.scalar(ask, {"asked": asked}) for asked in ("rain car", "rain car " * 400)
        )
        nodes = text("SELECT numnode(catalog.words_query(:asked))")
        passage = " ".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(600))
        assert session.scalar(nodes, {"asked": passage}) < 3000
        tree = filters.keyword_query(parse("rain kind:audio " * 100).root)
        assert session.scalar(select(tree)) == session.scalar(
            text("SELECT catalog.words_query('rain')")
        )
    assert once == again


@pytest.mark.parametrize(
    "part", ["a-", "a'", "aB", "1a", "a_", "火", "火a", "ab cd ", "1-", "é-", "U."]
)
def test_no_word_or_phrase_is_too_long(opened: Catalog, part: str):
    """Ways to join grow by the square of the parts, and what a tsquery holds is little."""
    asked = {"asked": part * 1000}
    with opened.database.session() as session:
        for function in ("words_query", "phrase_query"):
            nodes = text(f"SELECT numnode(catalog.{function}(:asked))")
            assert 0 < session.scalar(nodes, asked) < 2000
        stored = text("SELECT length(catalog.words_of(:asked, '{en,de}'))")
        assert session.scalar(stored, asked) > 0


# Two forms of a word, of each language that PostgreSQL stems and of Ukrainian, stemmed here.
FORMS = {
    "ar": "مدرسة المدرسة",
    "ca": "lleona lleones",
    "da": "hus huse",
    "de": "Häuser Haus",
    "el": "θάλασσα θάλασσες",
    "en": "house houses",
    "es": "canción canciones",
    "et": "õpilane õpilased",
    "eu": "mendi mendian",
    "fi": "tyttö tyttöjä",
    "fr": "élève élèves",
    "ga": "fuinneog fhuinneog",
    "hi": "किसान किसानों",
    "hu": "város városok",
    "hy": "քաղաք քաղաքներ",
    "id": "baca membaca",
    "it": "gatto gatti",
    "lt": "miestas mieste",
    "ne": "केटा केटाहरू",
    "nl": "boek boeken",
    "no": "båt båten",
    "pt": "inglês ingleses",
    "ro": "pădure pădurea",
    "ru": "поезд поезда",
    "sr": "књига knjige",
    "sv": "häst hästar",
    "ta": "வீடு வீடுகள்",
    "tr": "ağaç ağaçlar",
    "uk": "потяг потягом",
    "yi": "קינד קינדער",
}


def test_every_language_of_the_server_is_stemmed(opened: Catalog):
    with opened.database.session() as session:
        shipped = session.scalar(
            text("SELECT count(*) FROM pg_ts_config WHERE cfgname <> 'simple' AND oid < 16384")
        )
        holds_too = text(
            "SELECT catalog.words_of(:written, ARRAY[:lang]) @@ catalog.words_query(:asked)"
        )
        missed = [
            (lang, written, asked)
            for lang, forms in FORMS.items()
            for written, asked in (forms.split(), forms.split()[::-1])
            if not session.scalar(holds_too, {"written": written, "asked": asked, "lang": lang})
        ]
    assert missed == []
    assert len(FORMS) == shipped + 1
