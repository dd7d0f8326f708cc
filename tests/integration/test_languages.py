"""Keywords in many languages and scripts: what finds which sentence, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select, text

from catalog import Catalog
from catalog.db.models import Asset, Clip
from catalog.domain.query import parse
from catalog.settings import Settings
from catalog.store import filters

SENTENCES = {
    "de": "Die Züge standen wegen der Überschwemmung still, und die Straßen waren gesperrt.",
    "fr": "Les élèves présentaient leurs ordinateurs à l'école avant les élections régionales.",
    "en": "Two laptops were left on the crowded train to Liverpool.",
    "uk": "Потяги вирушили вночі, а п'ять рятувальників чекали на станції з їжею.",
    "ru": "Новые поезда пошли через мосты, ещё до того как кончились объявления.",
    "ar": "وصلت القطارات إلى المَحطَّة وكان الأطفال ينتظرون آباءهم.",
    "he": "הָרַכֶּבֶת יצאה מהתחנה, ודובר צה״ל דיבר עם העיתונאים.",
    "hi": "किसानों ने क़ानून के ख़िलाफ़ रेलगाड़ियाँ रोक दीं।",
    "zh": "记者在北京火车站采访了刚下车的旅客。",
    "ja": "雨の夜、ﾆｭｰｽ番組の記者が𠮷野家の前でインタビューした。",
    "ko": "새벽 기차가 부산역에 도착했고 기자들이 기다렸다.",
    "th": "ผู้สื่อข่าวรายงานสดจากสถานีรถไฟหัวลำโพงเมื่อเช้านี้",
    "km": "អ្នកកាសែតបានសម្ភាសអ្នកដំណើរនៅស្ថានីយរថភ្លើងភ្នំពេញ",
    "lo": "ນັກຂ່າວໄດ້ສຳພາດຜູ້ໂດຍສານຢູ່ສະຖານີລົດໄຟວຽງຈັນ",
    "my": "သတင်းထောက်သည် ရန်ကုန်ဘူတာကြီးတွင် ခရီးသည်များကို မေးမြန်းခဲ့သည်",
    "vi": "Đoàn tàu rời ga Hà Nội lúc nửa đêm dưới trời mưa lớn.",
    "pl": "Pociąg do Łodzi stał długo przed żółtym światłem.",
    "tr": "İstanbul'daki trenler ışıkların önünde durdu.",
}


@pytest.fixture(scope="module")
def speaking(shared_settings: Settings) -> Iterator[Catalog]:
    """One asset for each sentence, its description; its name is the language and says no more."""
    with Catalog.open(shared_settings) as opened:
        with opened.database.session() as session:
            for lang, sentence in SENTENCES.items():
                session.execute(
                    text(
                        "INSERT INTO asset (fingerprint, size_bytes, name, kind, description) "
                        "VALUES (:lang, 1, :lang, 'audio', :sentence)"
                    ),
                    {"lang": lang, "sentence": sentence},
                )
        yield opened


def found(catalog: Catalog, query: str) -> str:
    wanted = filters.condition(parse(query).root, words_exclude=True)
    with catalog.database.session() as session:
        names = select(Asset.name).outerjoin(Clip, Clip.asset_id == Asset.id).where(wanted)
        return " ".join(session.execute(names.order_by(Asset.name)).scalars())


@pytest.mark.parametrize(
    ("query", "languages"),
    [
        # Other forms of the word, with and without accents.
        ("laptop", "en"), ("LAPTOPS", "en"), ("crowd", "en"), ("lapt*", "en"), ("lapto", ""),
        ("Zug", "de"), ("züge", "de"), ("Zuege", "de"), ("zuge", "de"), ("Ueberschwemmung", "de"),
        ("strasse", "de"), ("Straßen", "de"), ("überschwemmungen", "de"),
        ("élève", "fr"), ("eleve", "fr"), ("ordinateur", "fr"), ("election", "fr"), ("ecole", "fr"),
        ("l'élève", "fr"), ("D’ordinateur", "fr"), ("d'écol*", "fr"), ("o'élève", ""),
        ("потягом", "uk"), ("станція", "uk"), ("п’ять", "uk"), ("пять", "uk"),
        ("рятувальник", "uk"),
        ("поезд", "ru"), ("мост", "ru"), ("еще", "ru"), ("ЕЩЁ", "ru"), ("объявление", "ru"),
        ("المحطة", "ar"), ("محطة", "ar"), ("محطه", "ar"),
        ("اطفال", "ar"), ("الأطفالُ", "ar"), ("قطار", "ar"),
        ("הרכבת", "he"), ('צה"ל', "he"), ("צה״ל", "he"),
        ("किसान", "hi"), ("कानून", "hi"), ("ख़िलाफ़", "hi"), ("रेलगाड़ियां", "hi"),
        ("ha noi", "vi"), ("Hà Nội", "vi"), ("doan tau", "vi"), ("Đoàn", "vi"),
        ("lodzi", "pl"), ("żółtym", "pl"), ("istanbul", "tr"), ("ISIKLARIN", "tr"),
        # Scripts without spaces: any part, down to one character, and no other.
        ("火车", "zh"), ("火车站", "zh"), ("车", "zh"), ("客", "zh"), ("车火", ""), ("北站", ""),
        ("火车站 旅客", "zh"), ("記者", "ja"), ("記", "ja"), ("记", "zh"), ("雷", ""),
        ("者", "ja zh"), ("ニュース", "ja"),
        ("ﾆｭｰｽ", "ja"), ("𠮷野家", "ja"), ("𠮷", "ja"), ("インタビュー", "ja"), ("夜", "ja"),
        ("기차", "ko"), ("부산", "ko"), ("역", "ko"), ("차기", ""),
        ("รถไฟ", "th"), ("หัวลำโพง", "th"), ("ไฟรถ", ""), ("ก", "th"), ("ฎ", ""), ("ข่าว", "th"),
        ("រថភ្លើង", "km"), ("ភ្នំពេញ", "km"), ("ភ្លើងរថ", ""),
        ("ລົດໄຟ", "lo"), ("ວຽງຈັນ", "lo"), ("ໄຟລົດ", ""),
        ("ရန်ကုန်", "my"), ("ခရီးသည်", "my"), ("ကုန်ရန်", ""),
        # A word is one of its own, whatever another language would make of it.
        ("new", ""), ("trains", "en"), ("tren", "tr"), ("й", ""), ("жій", ""), ("іжею", ""),
    ],
)  # fmt: skip
def test_words(speaking: Catalog, query: str, languages: str):
    assert found(speaking, query) == languages


@pytest.mark.parametrize(
    ("phrase", "languages"),
    [
        ("two laptops were", "en"), ("TWO LAPTOPS", "en"), ("two laptop", ""), ("lapt*", ""),
        ("die zuge standen", "de"), ("die Zuege standen wegen", "de"), ("der Zug", ""),
        ("les eleves presentaient", "fr"), ("à l’école", "fr"), ("l'ecole avant", "fr"),
        ("а пять рятувальників", "uk"), ("п'ять рятувальник", ""), ("إلى المحطة", "ar"),
        ("הרכבת יצאה", "he"), ("在北京火车站", "zh"), ("北京 火车站", "zh"), ("北京站", ""),
        ("记者在北京火车站采访了刚下车的旅客", "zh"), ("ニュース番組の記者が", "ja"),
        ("雨の夜 ニュース", ""), ("기차가 부산역에", "ko"), ("부산역에 기차가", ""),
        ("สดจากสถานีรถไฟ", "th"), ("នៅស្ថានីយរថភ្លើង", "km"), ("tàu rời ga Hà Nội", "vi"),
    ],
)  # fmt: skip
def test_phrases_are_exact_but_for_case_and_accents(speaking: Catalog, phrase: str, languages: str):
    assert found(speaking, f'"{phrase}"') == languages


@pytest.mark.parametrize(
    "query", ["laptop", "lapt*", "火车", "车", "Zuege", '"two laptops"', "потягом OR laptop"]
)
def test_what_is_negated_is_all_the_rest(speaking: Catalog, query: str):
    some, others = found(speaking, query).split(), found(speaking, f"-({query})").split()
    assert some
    assert sorted(some + others) == sorted(SENTENCES)


def test_operators_combine_forms_scripts_and_phrases(speaking: Catalog):
    assert found(speaking, "(laptop OR 火车) -liverpool") == "zh"
    assert found(speaking, "(zug ((strasse OR ordinateur) -eleve)) OR 旅客") == "de zh"
    assert found(speaking, 'train "two laptops" crowd -"two laptop"') == "en"
    assert found(speaking, "the crowded trains of the Liverpool") == "en"


def test_a_word_said_again_and_again_is_one(speaking: Catalog):
    once = [(hit.asset["name"], hit.score) for hit in speaking.search("a").hits]
    again = [(hit.asset["name"], hit.score) for hit in speaking.search("a " * 999).hits]
    assert again == once != []


def test_a_declared_language_is_believed(speaking: Catalog):
    """Indonesian by itself looks like nothing known; told so, it has its word forms."""
    run = partial(run_sql, speaking)
    run(
        "INSERT INTO asset (fingerprint, size_bytes, name, kind, description) "
        "VALUES ('id', 1, 'id', 'audio', 'sedang mempermainkannya')"
    )
    assert found(speaking, "permainan") == ""
    run("UPDATE asset SET language = 'id-ID' WHERE name = 'id'")
    assert found(speaking, "permainan") == "id"
    run("DELETE FROM asset WHERE name = 'id'")


def run_sql(catalog: Catalog, statement: str) -> None:
    with catalog.database.session() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("languages", ["en", "de", "fr", "uk", "ru", "ar", "hi", "tr", "vi", "pl"])
def test_the_language_is_seen(speaking: Catalog, languages: str):
    with speaking.database.session() as session:
        statement = text("SELECT catalog.languages_of(:sentence)")
        seen = session.execute(statement, {"sentence": SENTENCES[languages]}).scalar_one()
    assert seen == [languages]


NAMES = {
    "HDTVNews_RedCar-take2.final.mov": (
        "hdtv", "news", "red", "car", "redcar", "take", "take2", '"red car take 2"', "RedCar",
        '"redcar take2"', "final.mov", "re*", "redc*", "tak*", "HDTVNews_RedCar",
        '"hdtvnews redcar"',
    ),
    "A012C003_240115_R1XY.mxf": ("A012C003", "a012c*", "240115", "R1XY", "c003",
                                 '"a012c003 240115"'),
    "東京Interview_2024年.mp4": ("東京", "interview", "2024", "年", '"東京interview"', "2024年"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_file_names_open_at_separators_case_and_digits(catalog: Catalog, name: str):
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind) "
                "VALUES ('f', 1, :n, 'audio')"
            ),
            {"n": name},
        )
    assert {query: found(catalog, query) for query in NAMES[name]} == dict.fromkeys(
        NAMES[name], name
    )
    assert found(catalog, "ed") == ""
