"""Texts in old encodings are readable, and those in Windows-1252 stay what they are."""

from __future__ import annotations

import pytest

from catalog.media.sidecars.text import decode, parse_xml

BEYOND = {
    "cs": "Zítra půjdeme na hřiště, řekl starosta města. Žluťoučký kůň úpěl ďábelské ódy.",
    "pl": "Zażółć gęślą jaźń, powiedział żołnierz. Jutro będzie słońce.",
    "hu": "Őszinte leszek: a nő szőlőt és fűszert hozott, a tükörfúrógép nem működött.",
    "hr": "Sutra ćemo ići u grad, rekao je čovjek. Što želiš učiniti s tim, đače?",
    "ro": "Mâine vom merge în oraş, a spus bărbatul. Îţi place această maşină?",
    "tr": "Bugün İstanbul'da bir köprü gördük, değil mi? Yarın yağmur yağacak.",
    "lt": "Rytoj eisime į miestą, pasakė žmogus. Ąžuolas yra gražus.",
    "ru": "Сегодня мы видели мост через реку. Завтра будет дождь.",
    "uk": "Сьогодні ми бачили міст через річку. Їжак сказав це.",
    "el": "Καλημέρα, πώς είσαι; Πάμε στην Αθήνα.",
    "he": "היום ראינו גשר בתל אביב. מחר ירד גשם, הוא אמר.",
    "ar": "رأينا اليوم جسرا في القاهرة. قال إنها ستمطر غدا.",
    "th": "วันนี้เราเห็นสะพานในกรุงเทพ พรุ่งนี้ฝนจะตก",
    "zh-Hans": "你好，我们明天去北京看电影。",
    "zh-Hant": "你好，我們明天去台北看電影。",
    "ko": "안녕하세요, 우리는 서울에 갑니다.",
    "ja": "こんにちは、東京へ行きます。",
    "de": "Die Bären fraßen süße Äpfel über dem Fluß — schön!",
    "fr": "L’été dernier, j’étais à côté de l’hôtel. Où êtes-vous allés ?",
}
WESTERN = {
    "de": BEYOND["de"],
    "fr": "« Où êtes-vous allés ? » L’été, à côté de l’hôtel Šumava, naïveté, œuvre",
    "es": "¿Dónde está el niño? Mañana iré a la ciudad, ¡qué alegría!",
    "pt": "Olá, São Paulo: três irmãos, ações – 5 €. Não há pão.",
    "sv": "Vi såg en bro över ån. På lördag åker vi till Göteborg.",
    "da": "Æblet faldt ned på øen. Hvad så, spurgte hun? Ærø",
    "is": "Við sáum brú yfir ána. Á morgun förum við til Þingvalla, sagði hún.",
    "nl": "Coördinatie en geïnteresseerd: één brug in België, zei Zoë.",
    "en": "“Don’t go,” she said — it’s late… • £5, 20°, ½ ©",
    "units": "5 µm, 10 µs and 3 µV",
    "names": "Müller; Ångström; Peña; François; Ærø; São; Núñez; Bjørn; Zoë; Renée",
}


@pytest.mark.parametrize(
    ("encoding", "language"),
    [
        *(("cp1250", each) for each in ("cs", "pl", "hu", "hr", "ro")),
        *(("iso8859_2", each) for each in ("cs", "pl", "hu", "hr", "ro")),
        ("cp852", "pl"),
        ("cp1254", "tr"),
        ("cp1257", "lt"),
        ("cp1251", "ru"),
        ("cp1251", "uk"),
        ("koi8_r", "ru"),
        ("koi8_u", "uk"),
        ("cp866", "ru"),
        ("cp1253", "el"),
        ("cp1255", "he"),
        ("cp1256", "ar"),
        ("cp874", "th"),
        ("gb18030", "zh-Hans"),
        ("gb2312", "zh-Hans"),
        ("big5", "zh-Hant"),
        ("euc_kr", "ko"),
        ("cp932", "ja"),
        ("euc_jp", "ja"),
        ("mac_roman", "de"),
        ("mac_roman", "fr"),
    ],
)
def test_a_text_in_an_old_encoding_is_readable(encoding: str, language: str):
    cue = f"1\n00:00:01,000 --> 00:00:02,000\n<i>{BEYOND[language]}</i>\n"
    assert decode(cue.encode(encoding)) == cue


@pytest.mark.parametrize("language", WESTERN)
def test_windows_latin_1_stays_what_it_is(language: str):
    cue = f"1\n00:00:01,000 --> 00:00:02,000\n{WESTERN[language]}\n"
    assert decode(cue.encode("cp1252")) == cue


def test_lines_of_a_macintosh_end_otherwise():
    """Few letters are enough there; what was moved from Windows has none that are strange."""
    text = "001  A001  V  C  01:00:00:00\r* FROM CLIP NAME: Größe.mov\r"
    assert decode(text.encode("mac_roman")) == text
    assert decode(text.encode("cp1252")) == text


def test_a_character_cut_by_the_sample_does_not_matter():
    text = "x" + BEYOND["zh-Hans"] * 3000
    assert decode(text.encode("gb18030")) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "latin-1"])
def test_xml_in_its_encoding(encoding: str):
    named = encoding.removesuffix("-sig").removesuffix("-be")
    text = f'<?xml version="1.0" encoding="{named}"?>\n<a>Grüße</a>\n'
    data = text.encode(encoding)
    assert parse_xml(b"\xfe\xff" + data if encoding == "utf-16-be" else data).text == "Grüße"
