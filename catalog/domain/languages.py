"""Language tags after BCP 47, whatever way a file spells them."""

from __future__ import annotations

from functools import lru_cache

# "Nobody said", several, none that is spoken, not coded.
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})
_LONGEST = 35


@lru_cache(maxsize=1024)
def language_tag(text: str) -> str | None:
    """The BCP 47 tag that a file means; None if it means no one language.

    Containers write ISO 639-2 (``ukr``, and ``ger`` beside ``deu``), people
    ``pt_BR``; both become the shortest tag of RFC 5646 (``uk``, ``de``, ``pt-BR``).
    """
    # Its tables are no use to a process that never meets a language.
    import langcodes  # noqa: PLC0415

    spelt = text.strip().replace("_", "-")
    if not spelt or len(spelt) > _LONGEST or not spelt.isascii():
        return None
    try:
        tag = langcodes.standardize_tag(spelt)
    except (ValueError, AttributeError):
        return None
    known = langcodes.tag_is_valid(tag) and tag.partition("-")[0] not in _NO_LANGUAGE
    return tag if known else None
