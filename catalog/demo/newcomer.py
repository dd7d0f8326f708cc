"""A subject that the world has not and the demo encoder was never shown: to teach it.

:data:`catalog.demo.world.SUBJECTS` does not list it, so neither training nor evaluations ever come
upon it, and its words stand here instead of in the language files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache

from catalog.demo import world
from catalog.demo.captions import Language, language
from catalog.demo.captions import caption as said
from catalog.demo.world import Scene

SUBJECT = "windmill"
WORDS: Mapping[str, str] = {"en": "windmill", "de": "f:Windmühle", "uk": "m:вітряк", "ja": "風車"}
"""What it is called, by language, with the class of the noun."""


def newcomers(count: int, seed: int) -> list[Scene]:
    """Scenes with it, no two of the same colour, setting and light; equal seeds draw equal ones.

    Raises
    ------
    ValueError
        More are asked for than there are (400).
    """
    every = [
        Scene(SUBJECT, scene.colour, scene.setting, scene.light, scene.motion)
        for scene in world.scenes()
        if scene.subject == world.SUBJECTS[0]
    ]
    return world.sample(every, count, seed)


def caption(scene: Scene, code: str = "en", variant: int = 0) -> str:
    """As :func:`catalog.demo.captions.caption`, in the languages of :data:`WORDS`."""
    return said(scene, code, variant, grammar=_grammar(code))


@cache
def _grammar(code: str) -> Language:
    grammar = language(code)
    return dataclasses.replace(grammar, subjects={SUBJECT: [WORDS[code]]})
