"""The texts by which words find assets and shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, FromClause, Text, and_, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, AssetTag, Clip, Tag
from catalog.domain.passages import WORD
from catalog.store.arrays import among
from catalog.store.search.parts import Keywords

# What is read of a long text, and how many words are compared: enough for a page of hits.
_LONGEST = 4_000
_MOST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class FoundText:
    """One text of an asset; of a shot of it where ``clip_id`` says so."""

    asset_id: int
    clip_id: int | None
    field: str
    text: str
    language: str | None


def texts_of(session: Session, assets: Sequence[int], clips: Sequence[int]) -> list[FoundText]:
    """What is written of these assets, then what is said and logged over these clips."""
    found: list[FoundText] = []
    columns = ("name", "title", "collection", "description")
    for row in session.execute(
        select(Asset.id, Asset.language, *(getattr(Asset, name) for name in columns)).where(
            among(Asset.id, assets)
        )
    ):
        named = zip(columns, row[2:], strict=True)
        found += [
            FoundText(row.id, None, field, text[:_LONGEST], row.language)
            for field, text in named
            if text
        ]
    tagged = select(AssetTag.asset_id, Tag.name).join(Tag, Tag.id == AssetTag.tag_id)
    for row in session.execute(tagged.where(among(AssetTag.asset_id, assets))):
        found.append(FoundText(row.asset_id, None, "tag", row.name, None))
    return found + _spoken(session, clips)


def _spoken(session: Session, clips: Sequence[int]) -> list[FoundText]:
    said = aliased(Clip)
    over = and_(
        said.asset_id == Clip.asset_id,
        said.kind.in_(("speech", "subclip")),
        said.start_pts < Clip.end_pts,
        said.end_pts > Clip.start_pts,
    )
    rows = session.execute(
        select(Clip.asset_id, Clip.id, said.kind, said.text, said.language)
        .join(said, over)
        .where(among(Clip.id, clips), said.text.is_not(None))
        .order_by(Clip.id, said.start_pts)
    )
    return [FoundText(row[0], row[1], row[2], (row[3] or "")[:_LONGEST], row[4]) for row in rows]


def matched_words(
    session: Session, texts: Sequence[FoundText], keywords: Keywords
) -> dict[int, set[str]]:
    """The words of each text (by its place) that one of the keywords finds, as they are written.

    They are compared as the index compares them: stemmed in the languages of their text.
    """
    words = [(n, word) for n, text in enumerate(texts) for word in {*WORD.findall(text.text)}]
    words = words[:_MOST_WORDS]
    if not words:
        return {}
    text = _unnested(
        "text",
        place=(range(len(texts)), BigInteger),
        txt=([each.text for each in texts], Text),
        lang=([each.language for each in texts], Text),
    )
    spoken = select(
        text.c.place, func.catalog.text_languages(array([text.c.lang]), text.c.txt).label("langs")
    ).cte("spoken")
    word = _unnested(
        "word",
        place=([place for place, _ in words], BigInteger),
        txt=([written for _, written in words], Text),
    )
    rows = session.execute(
        select(word.c.place, word.c.txt)
        .join(spoken, spoken.c.place == word.c.place)
        .where(func.catalog.words_of(word.c.txt, spoken.c.langs).bool_op("@@")(keywords.any))
    )
    found: dict[int, set[str]] = {}
    for place, written in rows:
        found.setdefault(place, set()).add(written)
    return found


def _unnested(name: str, **columns: tuple[Sequence[Any], Any]) -> FromClause:
    """These lists, side by side, as the columns of a table."""
    lists = (
        cast(literal(list(values), ARRAY(kind)), ARRAY(kind)) for values, kind in columns.values()
    )
    made = func.unnest(*lists).table_valued(
        *(column(label, kind) for label, (_, kind) in columns.items()), name=name
    )
    return made.render_derived()
