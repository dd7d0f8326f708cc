"""Says what a scene shows, by grammar, in every language of ``catalog/demo/languages``.

A language is one TOML file: sentence patterns, nouns with their class (gender, measure word or
classifier, written ``class:noun``), colours in the forms the classes ask for, and phrases for
places, lights and motions. Adding a language means adding a file; nothing here knows any of them.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from catalog.demo.world import Scene

Forms = str | Mapping[str, str]
"""One form for every class, or a form for each class of noun."""

_PACKAGE = "catalog.demo"
_Entry = TypeVar("_Entry")
_SLOTS: Mapping[str, tuple[str, ...]] = {
    "noun": ("subject",),
    "np": ("subject", "colour"),
    "bare": ("subject", "colour"),
    "setting": ("setting",),
    "light": ("light",),
    "motion": ("motion",),
    "verb": ("motion",),
    "way": ("motion",),
}
# Every language can be asked for one thing alone.
_SINGLE_WORDS = ("{noun}", "{setting}", "{light}")


@dataclass(frozen=True, slots=True)
class Language:
    """The words and patterns of one language; the first of several is always the plainest."""

    code: str
    name: str
    joiner: str
    """What stands between a verb and where it goes: a space, or nothing."""
    patterns: Mapping[str, Sequence[str]]
    articles: Mapping[str, str]
    subjects: Mapping[str, Sequence[str]]
    colours: Mapping[str, Forms]
    settings: Mapping[str, Sequence[str]]
    lights: Mapping[str, Sequence[str]]
    motions: Mapping[str, Sequence[Forms]]
    plurals: Mapping[str, str]
    """Nouns as people type them who look for several; may be empty."""

    @classmethod
    def from_table(cls, code: str, table: Mapping[str, Any]) -> Language:
        """A language from its parsed TOML file."""
        patterns = {key: _listed(table[key]) for key in ("still", "moving", "short", "np", "bare")}
        patterns["short"] = [*patterns["short"], *_SINGLE_WORDS]
        words = {
            key: table[key]
            for key in ("articles", "subjects", "colours", "settings", "lights", "motions")
        }
        words["plurals"] = table.get("plurals", {})
        return cls(code, table["name"], table.get("joiner", " "), patterns, **words)


class _Choice:
    """Takes one entry of each list, by the digits of one number: 0 always takes the first."""

    def __init__(self, variant: int) -> None:
        self._left = variant

    def of(self, entries: Sequence[_Entry]) -> _Entry:
        self._left, index = divmod(self._left, len(entries))
        return entries[index]


@cache
def languages() -> tuple[str, ...]:
    """The codes (ISO 639-1) of the languages that captions can be had in, sorted."""
    folder = resources.files(_PACKAGE) / "languages"
    return tuple(
        sorted(
            file.name.removesuffix(".toml")
            for file in folder.iterdir()
            if file.name.endswith(".toml")
        )
    )


@cache
def language(code: str) -> Language:
    """The grammar of one language.

    Raises
    ------
    KeyError
        There is no such language; the message lists those there are.
    """
    if code not in languages():
        raise KeyError(f"no captions in {code!r}; there are: {', '.join(languages())}")
    text = (resources.files(_PACKAGE) / "languages" / f"{code}.toml").read_text(encoding="utf-8")
    return Language.from_table(code, tomllib.loads(text))


def caption(
    scene: Scene, code: str = "en", variant: int = 0, *, grammar: Language | None = None
) -> str:
    """A sentence that says everything about a scene.

    Parameters
    ----------
    scene
        What is shown.
    code
        Language, one of :func:`languages`.
    variant
        0 is the plainest wording; other numbers take other patterns and synonyms. Any non-negative
        number will do.
    grammar
        The language with other words than its own.
    """
    grammar = grammar or language(code)
    choice = _Choice(variant)
    pattern = choice.of(grammar.patterns["still" if scene.motion == "still" else "moving"])
    return _filled(grammar, scene, pattern, choice)


def query(scene: Scene, code: str, rng: random.Random, topic: frozenset[str] | None = None) -> str:
    """What a hurried person might type for a scene, such as "red car at night".

    Parameters
    ----------
    scene, code
        What is looked for, and the language.
    rng
        Chooses the pattern and the words.
    topic
        The fields of the scene that the query names, no more and no less: one of :func:`topics`.
        Any of them unless given; a scene that stands still is never asked for by its motion.

    Raises
    ------
    ValueError
        Nothing that short can be said about the topic.
    """
    grammar = language(code)
    patterns = [
        pattern
        for pattern in grammar.patterns["short"]
        if (topic is None or _topic(pattern) == topic)
        and ("motion" not in _topic(pattern) or scene.motion != "still")
    ]
    if not patterns:
        raise ValueError(f"no short query in {code!r} names just {sorted(topic or ())}")
    pattern = rng.choice(patterns)
    plural = grammar.plurals.get(scene.subject)
    if plural is not None and "{np}" not in pattern and rng.random() < 0.2:
        pattern = pattern.replace("{bare}", "{colour} {noun}").replace("{noun}", plural)
    return _filled(grammar, scene, pattern, _Choice(rng.randrange(10_000)))


@cache
def topics() -> tuple[frozenset[str], ...]:
    """What short queries can be about in every language: sets of fields of a scene."""
    shared = [{_topic(text) for text in language(code).patterns["short"]} for code in languages()]
    return tuple(sorted(frozenset.intersection(*map(frozenset, shared)), key=sorted))


def captions(scene: Scene) -> dict[str, str]:
    """The plainest caption in every language, by language code."""
    return {code: caption(scene, code) for code in languages()}


def _filled(grammar: Language, scene: Scene, pattern: str, choice: _Choice) -> str:
    noun_class, noun = _noun(choice.of(grammar.subjects[scene.subject]))
    colour = _form(grammar.colours[scene.colour], noun_class)
    article = grammar.articles.get(scene.colour) or _form(grammar.articles, noun_class)
    words = {"noun": noun, "colour": colour, "article": article.replace("{class}", noun_class)}
    words["np"] = grammar.patterns["np"][0].format(**words)
    words["bare"] = grammar.patterns["bare"][0].format(**words)
    words["setting"] = choice.of(grammar.settings[scene.setting])
    words["light"] = choice.of(grammar.lights[scene.light])
    if scene.motion != "still":
        motion = _form(choice.of(grammar.motions[scene.motion]), noun_class)
        words["verb"], words["way"] = motion.split("|")
        words["motion"] = motion.replace("|", grammar.joiner)
    sentence = pattern.format(**words).strip()
    return sentence[:1].upper() + sentence[1:]


def _noun(entry: str) -> tuple[str, str]:
    noun_class, mark, noun = entry.rpartition(":")
    return (noun_class, noun) if mark else ("*", entry)


def _form(forms: Forms, noun_class: str) -> str:
    if isinstance(forms, str):
        return forms
    return forms[noun_class] if noun_class in forms else forms["*"]


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


@cache
def _topic(pattern: str) -> frozenset[str]:
    """The fields of a scene that a pattern names."""
    named = (part.split("}")[0] for part in pattern.split("{")[1:])
    return frozenset(field for slot in named for field in _SLOTS[slot])
