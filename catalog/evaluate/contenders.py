"""Which encoders are measured, in what precisions, and with which prompts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from catalog.domain.languages import language_tag
from catalog.encoders import Encoder, parse_spec
from catalog.encoders.memory import load_libraries
from catalog.errors import InvalidInputError
from catalog.evaluate.encoding import ANY, SLOT
from catalog.evaluate.run import Contender

Load = Callable[[str, str, str], Encoder]
"""An encoder by name, device and precision."""


def contenders_of(
    names: Sequence[str],
    load: Load,
    *,
    devices: Sequence[str],
    precisions: Sequence[str],
    templates: Mapping[str, str],
) -> list[Contender]:
    """Every encoder on every device in every precision; with templates, also without them.

    Raises
    ------
    UnknownEncoderError
        If a name means nothing.
    """
    found = []
    for name, device, precision in itertools.product(names, devices, precisions):
        label = parse_spec(name).name
        label += f" {device}" if len(devices) > 1 else ""
        label += f" {precision}" if len(precisions) > 1 else ""
        spelt = parse_spec(name).name
        loading, prepare = partial(load, spelt, device, precision), partial(load_libraries, spelt)
        found.append(Contender(label, loading, prepare=prepare))
        if templates:
            found.append(Contender(f"{label} + prompt", loading, templates, prepare))
    return found


def templates_of(given: Sequence[str]) -> dict[str, str]:
    """``"a photo of {}"`` for every language, ``"de=ein Foto von {}"`` for one.

    Raises
    ------
    InvalidInputError
        If one has no ``{}``, or several, or a language comes twice.
    """
    found: dict[str, str] = {}
    for text in given:
        spelt, equals, rest = text.partition("=")
        tag = language_tag(spelt) if equals else None
        language, template = (tag, rest) if tag else (ANY, text)
        if template.count(SLOT) != 1 or language in found:
            raise InvalidInputError(
                f"{text!r} is no prompt template; expected one {{}} for the caption, and each "
                "language once.",
                remedy='Write --template "a photo of {}" or --template "de=ein Foto von {}".',
            )
        found[language] = template
    return found
