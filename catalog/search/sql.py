"""SQL by people: phrases encoded on the way, the statement run as a role that cannot write."""

from __future__ import annotations

import re
from collections.abc import Callable

from catalog.db.engine import Database
from catalog.db.reader import SqlRows
from catalog.encoders import Encoder
from catalog.errors import InvalidInputError, ReadOnlySqlError
from catalog.search.phrases import encode_phrases

# catalog.phrase('…'), the quotes inside doubled as SQL has it; plain strings only.
_PHRASE = re.compile(r"\bcatalog\s*\.\s*phrase\s*\(\s*'((?:[^']|'')*)'\s*\)", re.IGNORECASE)


def run_sql(
    database: Database,
    statement: str,
    load_encoder: Callable[[str], Encoder],
    *,
    limit: int | None = None,
) -> SqlRows:
    """Run one statement as the read-only role, with its phrases encoded first.

    Raises
    ------
    InvalidInputError
        If the limit is below 1.
    ReadOnlySqlError
        If PostgreSQL refuses the statement, or it would write.
    EncoderUnavailableError
        If a phrase is new and the encoder's weights are not to be had.
    """
    if limit is not None and limit < 1:
        raise InvalidInputError(
            f"A limit of {limit} was asked for; expected 1 or more.", remedy="Ask for more rows."
        )
    if "\0" in statement or any("\ud800" <= char <= "\udfff" for char in statement):
        raise ReadOnlySqlError(
            "The statement holds a NUL or bytes that are no UTF-8; PostgreSQL takes neither.",
            remedy="Take the character out.",
        )
    phrases = [found.replace("''", "'") for found in _PHRASE.findall(statement)]
    if phrases:
        encode_phrases(database, phrases, load_encoder)
    with database.readonly_connection() as connection:
        return connection.run(statement, limit=limit)
