"""Why words found the hits of a page."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.engine import Database
from catalog.domain.passages import Passage
from catalog.domain.query import parse
from catalog.domain.results import Hit, SearchResult
from catalog.search.corrections import corrected
from catalog.store import filters
from catalog.store.passages import FoundText, matched_words, texts_of
from catalog.store.said import said_query
from catalog.store.search import Keywords


def passages_of(database: Database, result: SearchResult) -> dict[int, tuple[Passage, ...]]:
    """By rank, the texts in which words of the query were found; nothing of other hits."""
    root = parse(result.query, sounds=True).root
    if result.corrections and root is not None:
        root = corrected(root, {each["typed"]: each["searched"] for each in result.corrections})
    query, said = filters.keyword_query(root), said_query(root)
    hits = [
        hit
        for hit in result.hits
        if hit.keyword_rank is not None or (said is not None and hit.said is not None)
    ]
    if not hits or (query is None and said is None):
        return {}
    assets = list({hit.asset["id"] for hit in hits})
    clips = [hit.clip["id"] for hit in hits if hit.clip is not None]
    with database.session() as session:
        texts = texts_of(session, assets, clips)
        words = {} if query is None else matched_words(session, texts, Keywords(query))
        if said is not None:
            spoken = [place for place, text in enumerate(texts) if text.field == "speech"]
            marked = matched_words(session, [texts[at] for at in spoken], Keywords(said))
            for at, matched in marked.items():
                words[spoken[at]] = words.get(spoken[at], set()) | matched
    found: list[tuple[FoundText, Passage]] = []
    for place, matched in sorted(words.items()):
        passage = Passage.of(texts[place].field, texts[place].text, matched)
        if passage is not None:
            found.append((texts[place], passage))
    return {hit.rank: _of(hit, found) for hit in hits}


def _of(hit: Hit, found: Sequence[tuple[FoundText, Passage]]) -> tuple[Passage, ...]:
    clip = None if hit.clip is None else hit.clip["id"]
    return tuple(
        passage
        for text, passage in found
        if text.asset_id == hit.asset["id"] and text.clip_id in (None, clip)
    )
