"""Captions: complete, unequivocal and grammatical where a rule can be checked."""

import random
import unicodedata

import pytest

from catalog.demo import world
from catalog.demo.captions import caption, captions, language, languages, query, topics
from catalog.demo.world import Scene

PROMISED = {"en", "de", "fr", "es", "uk", "ar", "hi", "bn", "zh", "ja", "ko", "id"}
SCRIPTS = {
    "uk": "CYRILLIC", "ar": "ARABIC", "hi": "DEVANAGARI", "bn": "BENGALI", "zh": "CJK",
    "ko": "HANGUL",
}  # fmt: skip


def test_there_are_the_promised_languages():
    assert set(languages()) >= PROMISED
    assert set(captions(world.scenes()[0])) == set(languages())


@pytest.mark.parametrize("code", languages())
def test_a_language_has_a_word_for_everything(code):
    grammar = language(code)
    assert set(grammar.subjects) == set(world.SUBJECTS)
    assert set(grammar.colours) == set(world.COLOURS)
    assert set(grammar.settings) == set(world.SETTINGS)
    assert set(grammar.lights) == set(world.LIGHTS)
    assert set(grammar.motions) == set(world.MOTIONS) - {"still"}


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("variant", [0, 11])
def test_no_two_scenes_share_a_caption(code, variant):
    said = [caption(scene, code, variant) for scene in world.scenes()]
    assert len(set(said)) == len(said)
    assert not any(
        "{" in text or "|" in text or "  " in text or text != text.strip() for text in said
    )


@pytest.mark.parametrize("code", languages())
def test_two_things_never_share_a_synonym(code):
    grammar = language(code)
    for words in (grammar.subjects, grammar.settings, grammar.lights, grammar.motions):
        entries = [str(entry) for synonyms in words.values() for entry in synonyms]
        assert len(set(entries)) == len(entries)


@pytest.mark.parametrize(("code", "script"), SCRIPTS.items())
def test_captions_are_in_their_own_script(code, script):
    for scene in world.sample(world.scenes(), 50, 1):
        letters = [letter for letter in caption(scene, code) if letter.isalpha()]
        assert all(unicodedata.name(letter).startswith(script) for letter in letters)


@pytest.mark.parametrize(
    ("code", "scene", "expected"),
    [
        ("en", Scene("car", "orange", "beach", "night"), "An orange car on the beach at night"),
        (
            "de",
            Scene("cat", "red", "castle", "rain", "left"),
            "Eine rote Katze bewegt sich im Regen vor der Burg nach links",
        ),
        ("fr", Scene("car", "white", "city", "day"), "Une voiture blanche en ville au soleil"),
        ("es", Scene("house", "red", "snow", "fog"), "Una casa roja en la nieve en la niebla"),
        ("uk", Scene("tree", "blue", "forest", "rain"), "Синє дерево у лісі під дощем"),
        (
            "ar",
            Scene("car", "red", "desert", "night", "left"),
            "سيارة حمراء تتحرك نحو اليسار في الصحراء في الليل",
        ),
        (
            "hi",
            Scene("cat", "black", "city", "rain", "right"),
            "बारिश में शहर में एक काली बिल्ली दाईं ओर जा रही है",
        ),
        ("zh", Scene("fish", "green", "beach", "night"), "夜晚，海滩上有一条绿色的鱼"),
        ("ja", Scene("cup", "blue", "forest", "fog", "right"), "霧の日、森で右へ進む青いカップ"),
        ("ko", Scene("duck", "white", "snow", "day"), "맑은 날 눈밭의 하얀 오리"),
        (
            "id",
            Scene("elephant", "pink", "meadow", "sunset"),
            "Seekor gajah merah muda di padang rumput saat matahari terbenam",
        ),
    ],
)
def test_words_agree_with_the_noun(code, scene, expected):
    assert caption(scene, code) == expected


def test_an_unknown_language_names_those_there_are():
    with pytest.raises(KeyError, match="en"):
        caption(world.scenes()[0], "xx")


def test_queries_are_short_and_never_speak_of_motion_that_is_not_there():
    rng = random.Random(1)
    scene = Scene("car", "red", "beach", "night")
    said = {query(scene, "en", rng) for _ in range(300)}
    assert {"Red car", "Red car at night", "Car on the beach"} <= said
    assert not any("moving" in text or "left" in text for text in said)


@pytest.mark.parametrize("code", languages())
def test_a_query_about_a_topic_names_it_and_nothing_else(code):
    rng = random.Random(2)
    scene = Scene("cat", "red", "castle", "night", "left")
    grammar = language(code)
    words = {
        "subject": [entry.rpartition(":")[2] for entry in grammar.subjects["cat"]]
        + [grammar.plurals.get("cat", "?")],
        "setting": grammar.settings["castle"],
        "light": grammar.lights["night"],
    }
    for topic in topics():
        for _ in range(10):
            said = query(scene, code, rng, topic).lower()
            for field, synonyms in words.items():
                assert any(word.lower() in said for word in synonyms) == (field in topic)
    with pytest.raises(ValueError, match="no short query"):
        query(scene, code, rng, frozenset({"colour"}))
