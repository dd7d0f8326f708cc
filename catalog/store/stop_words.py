"""Stop words, which tell nothing, as PostgreSQL's dictionaries have them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

# The languages that `catalog.languages_of` tells by such words, and their dictionaries.
_DICTIONARIES = {
    **{"da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish"},
    **{"fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian"},
    **{"pt": "portuguese", "ru": "russian", "sv": "swedish", "tr": "turkish"},
}
_LANGUAGES = text("SELECT unnest(catalog.languages_of(:written))")
_STOPS = text("""
    SELECT DISTINCT w.word
    FROM unnest(CAST(:words AS text[])) w(word)
    JOIN unnest(CAST(:dictionaries AS text[])) d(name) ON true
    JOIN pg_catalog.pg_ts_dict t ON t.dictname = d.name
    WHERE ts_lexize(CAST(t.oid AS regdictionary), w.word) = '{}'
""")


def stop_words(session: Session, words: Sequence[str], written: str) -> set[str]:
    """Which of the words (in small letters) tell nothing in the language that ``written`` is in.

    Of a language without such a dictionary, none.
    """
    spoken = session.execute(_LANGUAGES, {"written": written}).scalars()
    names = [f"{_DICTIONARIES[lang]}_stem" for lang in spoken if lang in _DICTIONARIES]
    if not (words and names):
        return set()
    found = session.execute(_STOPS, {"words": list(words), "dictionaries": names})
    return set(found.scalars())
