"""SQL by people: phrases encoded on the way, the statement run as a role that cannot write."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from catalog.db.engine import Database
from catalog.db.reader import SqlRows
from catalog.encoders import TextEncoder
from catalog.errors import InvalidInputError, ReadOnlySqlError
from catalog.search.phrases import encode_phrases
from catalog.store.search.function import install

MOST_SECONDS = 86_400

# By SQLSTATE.
_UNWRITTEN = {
    "42501": "the role may not",
    "2BP01": "views or functions hang on the one that is there; drop them and open again",
}

_log = logging.getLogger(__name__)

# phrase('…'), speech_phrase('…') and search('…', or search(hits => 5, query => '…'), with
# catalog. before them or not. A plain string doubles the quotes inside; E'…' is read where it
# has no backslash, and $$…$$ as it stands. Possessive: no statement takes long to look through.
_PHRASE = re.compile(
    r"""\b(?:phrase|speech_phrase|search)\s*+\(\s*+
        (?:(?:[^'()]|'(?:[^']|'')*+')*?\bquery\s*(?:=>|:=)\s*+)?
        (?:'(?P<plain>(?:[^']|'')*+)' | E'(?P<plain_too>(?:[^'\\]|'')*+)'
          | \$(?P<tag>\w*+)\$(?P<dollars>.*?)\$(?P=tag)\$)
        \s*+(?=[,):])""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def phrases_in(statement: str) -> list[str]:
    """What a statement asks the vectors of, as far as it stands there as a string."""
    found = []
    for each in _PHRASE.finditer(statement):
        quoted = each["plain_too"] if each["plain"] is None else each["plain"]
        found.append(each["dollars"] if quoted is None else quoted.replace("''", "'"))
    return [phrase for phrase in dict.fromkeys(found) if phrase.strip()]


def install_search_function(database: Database) -> None:
    """Have ``catalog.search(…)`` in SQL be what this program's search is.

    Where our role may not, all but that function works; where somebody's views hang on
    one that gives other columns, that one stays.
    """
    try:
        with database.session() as session:
            install(session)
    except DBAPIError as error:
        reason = _UNWRITTEN.get(getattr(error.orig, "sqlstate", None) or "")
        if reason is None:
            raise
        _log.warning("catalog.search was not written: %s", reason)


def run_sql(
    database: Database,
    statement: str,
    load_encoder: Callable[[str], TextEncoder],
    *,
    limit: int | None = None,
    timeout_s: float = 30.0,
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
    if not 0 < timeout_s <= MOST_SECONDS:
        raise InvalidInputError(
            f"A timeout of {timeout_s:g} s was asked for; expected above 0 and at most"
            f" {MOST_SECONDS} s.",
            remedy="Give a timeout in seconds, such as 60.",
        )
    if "\0" in statement or any("\ud800" <= char <= "\udfff" for char in statement):
        raise ReadOnlySqlError(
            "The statement holds a NUL or bytes that are no UTF-8; PostgreSQL takes neither.",
            remedy="Take the character out.",
        )
    phrases = phrases_in(statement)
    if phrases:
        encode_phrases(database, phrases, load_encoder)
    with database.readonly_connection(timeout_s=timeout_s) as connection:
        return connection.run(statement, limit=limit)
