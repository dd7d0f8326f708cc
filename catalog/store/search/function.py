"""``catalog.search(…)`` for SQL: the search statement itself, with arguments for what it asks.

Its body is compiled from the very statement that `Catalog.search` sends, so the
two cannot drift apart; where the text has changed since, opening the catalogue
writes it anew. What it takes is documented in docs/sql.md.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Text,
    and_,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from catalog.db.models import Asset, AssetTag, Clip, Tag
from catalog.domain.query import Words
from catalog.store import filters
from catalog.store.search.parts import Keywords, Meaning, Nearest, SearchParts, Speech
from catalog.store.search.statement import search_statement

# Any number, as long as it stays the same.
_LOCK = 0x0CA7_5EA4
_SIGNATURE = """(
    query text DEFAULT '',
    hits integer DEFAULT 20,
    collection text DEFAULT NULL,
    tags text[] DEFAULT NULL,
    kind text DEFAULT NULL,
    codec text DEFAULT NULL,
    container text DEFAULT NULL,
    language text DEFAULT NULL,
    roll text DEFAULT NULL,
    recorded tstzrange DEFAULT NULL,
    duration numrange DEFAULT NULL
)"""
_ARGUMENTS = "text, integer, text, text[], text, text, text, text, text, tstzrange, numrange"
_NAME = f"catalog.search({_ARGUMENTS})"
_SAYS = "the shots that answer words and filters, best first; see docs/sql.md"
_RESULT = """TABLE (
    rank bigint, score float8, cosine float8, keyword_rank bigint,
    asset_id bigint, clip_id bigint, frame_id bigint, name text, asset_kind text, path text,
    "start" float8, "end" float8, timecode_in text, timecode_out text, picture text,
    said text, said_language text, said_at float8, said_timecode text,
    speech_cosine float8, speech_rank bigint
)"""
# Of the nearest centres so many are looked at closely beside so many for each hit, twice what
# `catalog.domain.plan.taken` takes.
_TAKEN, _TAKEN_EACH = 100, 4
# Where nothing is filtered, the statistics tell of many centres, and these are a small part,
# centres are compared before frames are. The background comes of about a hundred pages of them; of
# what filters keep these might hold next to nothing, and places beyond those looked at be noise.
_WIDE = """
        SELECT num_nonnulls(search.collection, search.tags, search.kind, search.codec,
                   search.container, search.language, search.roll, search.recorded,
                   search.duration) = 0
               AND c.reltuples > greatest(2000, 4 * looked_at::float8),
               least(100.0, 10000.0 / greatest(c.relpages, 1))
        INTO wide, sample_percent
        FROM pg_class c WHERE c.oid = to_regclass('catalog.centre_' || encoder);
"""
_COLUMNS = """
    SELECT row_number() OVER (), q.score, q.cosine, q.keyword_rank, q.asset_id,
           q.shown_clip_id, q.frame_id, q.asset_name, q.asset_kind, q.path,
           q.start_pts::float8 * q.time_base_num / q.time_base_den,
           q.end_pts::float8 * q.time_base_num / q.time_base_den,
           catalog.timecode_at(q.start_timecode, q.frame_rate_num, q.frame_rate_den,
               q.start_pts, q.time_base_num, q.time_base_den),
           catalog.timecode_at(q.start_timecode, q.frame_rate_num, q.frame_rate_den,
               q.end_pts, q.time_base_num, q.time_base_den),
           q.picture, q.said_text, q.said_language,
           q.said_start_pts::float8 * q.time_base_num / q.time_base_den,
           catalog.timecode_at(q.start_timecode, q.frame_rate_num, q.frame_rate_den,
               q.said_start_pts, q.time_base_num, q.time_base_den),
           q.speech_cosine, q.speech_rank
    FROM ({statement}) q
    WHERE q.asset_id IS NOT NULL"""


def install(session: Session) -> bool:
    """Write the function unless it is there as this program has it; whether it was written.

    Its comment names digests of its text and of the source that was compiled to it. As long as
    the source is the same nothing is compiled, which would be most of opening a catalogue.

    Raises
    ------
    sqlalchemy.exc.ProgrammingError
        If our role may not.
    """
    if _is_of_this_source(_comment(session)):
        return False
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    written = _comment(session)
    if _is_of_this_source(written):
        return False
    ddl = definition()
    digest = hashlib.blake2b(ddl.encode(), digest_size=12).hexdigest()
    changed = f" [{digest} " not in written
    if changed:
        _write(session, ddl)
    if changed or session.execute(_MAY_COMMENT, {"name": _NAME}).scalar():
        comment = f"{_SAYS} [{digest} {_source()}]"
        session.connection().exec_driver_sql(f"COMMENT ON FUNCTION {_NAME} IS '{comment}'")
    return changed


_MAY_COMMENT = text("""
    SELECT pg_has_role(proowner, 'MEMBER') FROM pg_proc WHERE oid = to_regprocedure(:name)
""")


def _is_of_this_source(comment: str) -> bool:
    return bool(_source()) and comment.endswith(f" {_source()}]")


@cache
def _source() -> str:
    """A digest of all that the definition is compiled from; empty where the source is not there.

    That is the store and what lies below it, and SQLAlchemy.
    """
    package = Path(__file__).parents[2]
    files = [file for name in ("db", "domain", "store") for file in (package / name).rglob("*.py")]
    if not files:
        return ""
    digest = hashlib.blake2b(sqlalchemy.__version__.encode(), digest_size=12)
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _write(session: Session, ddl: str) -> None:
    # One of another signature would stay beside ours, and calls be ambiguous; what one gives
    # cannot be replaced.
    wanted = {"mine": _NAME, "gives": len(_gives())}
    for other in session.execute(_OTHERS, wanted).scalars().all():
        session.execute(text(f"DROP FUNCTION {other}"))
    # The driver halves what is doubled.
    session.connection().exec_driver_sql(ddl.replace("%", "%%"))


_OTHERS = text("""
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE proname = 'search' AND pronamespace = 'catalog'::regnamespace
      AND (oid IS DISTINCT FROM to_regprocedure(:mine)
           OR cardinality(proallargtypes) - pronargs <> :gives)
""")


def _gives() -> list[str]:
    """The columns of its rows."""
    return _RESULT.strip().removeprefix("TABLE (").removesuffix(")").split(",")


def _comment(session: Session) -> str:
    found = "SELECT coalesce(obj_description(to_regprocedure(:name), 'pg_proc'), '')"
    written: str = session.execute(text(found), {"name": _NAME}).scalar_one()
    return written


@cache
def definition() -> str:
    """The function as DDL; compiling it takes a tenth of a second, which a process does once."""
    words = filters.keyword_query(Words(_argument("query")))
    assert words is not None  # noqa: S101
    meaning = Meaning(_variable("encoder"), _variable("wanted"))
    speech = Speech(Meaning(_variable("hears"), _variable("said_so")))
    # The graph's index is found only by the dimension it was built for, which this text does not
    # know; a scan of the centres needs none.
    near = Nearest(
        dimension=0,
        take=literal_column("looked_at", BigInteger),
        by_graph=False,
        walk=0,
        sample=literal_column("sample_percent", Double),
        centres=None,
    )
    return f"""
CREATE OR REPLACE FUNCTION catalog.search{_SIGNATURE}
RETURNS {_RESULT}
LANGUAGE plpgsql STABLE SET jit = off SET plan_cache_mode = force_custom_plan AS $search$
#variable_conflict use_column
DECLARE
    encoder integer := catalog.active_encoder();
    hears integer := catalog.speech_encoder();
    wanted halfvec;
    said_so halfvec;
    looked_at bigint := {_TAKEN} + {_TAKEN_EACH} * search.hits::bigint;
    sample_percent float8;
    wide boolean;
BEGIN
    IF catalog.normal_phrase(coalesce(search.query, '')) = '' THEN
        RETURN QUERY {_compiled(None)};
    ELSIF encoder IS NULL THEN
        RETURN QUERY {_compiled(words)};
    ELSE
        wanted := catalog.phrase(search.query);
        {_WIDE.strip()}
        IF EXISTS (SELECT FROM catalog.speech_embedding e WHERE e.encoder_id = hears) THEN
            said_so := catalog.speech_phrase(search.query);
            IF wide THEN
                RETURN QUERY {_compiled(words, meaning, speech, near)};
            ELSE
                RETURN QUERY {_compiled(words, meaning, speech)};
            END IF;
        ELSIF wide THEN
            RETURN QUERY {_compiled(words, meaning, nearest=near)};
        ELSE
            RETURN QUERY {_compiled(words, meaning)};
        END IF;
    END IF;
END $search$"""


def _compiled(
    words: ColumnElement[Any] | None,
    meaning: Meaning | None = None,
    speech: Speech | None = None,
    nearest: Nearest | None = None,
) -> str:
    parts = SearchParts(
        where=_conditions(),
        keywords=None if words is None else Keywords(words),
        meaning=meaning,
        speech=speech,
        nearest=nearest,
        limit=_argument("hits", Integer),
        # Whoever writes SQL says himself what is near enough.
        all=True,
    )
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
    dialect.statement_compiler = _Literal
    compiled = search_statement(parts).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    # The dialect doubles what the driver would halve again.
    return _COLUMNS.format(statement=str(compiled).replace("%%", "%"))


class _Literal(postgresql.base.PGCompiler):
    """Writes constants of every type into the text: there is nobody to bind them."""

    def render_literal_value(self, value: Any, type_: Any) -> str:  # noqa: ANN401
        kind = Text() if isinstance(value, str) else type_
        return str(super().render_literal_value(value, kind))  # type: ignore[no-untyped-call]


def _argument(name: str, kind: Any = Text) -> Any:  # noqa: ANN401  # a column of any type
    return literal_column(f"search.{name}", kind)


def _variable(name: str) -> Any:  # noqa: ANN401
    return literal_column(name)


def _conditions() -> ColumnElement[bool]:
    """Each argument that is not null keeps what has it."""
    kept = [
        _same(Asset.collection, _argument("collection")),
        _same(Asset.kind, _argument("kind")),
        _same(Asset.codec, _argument("codec")),
        _same(Clip.roll, _argument("roll")),
        _unless_null(
            _argument("container"),
            func.lower(_argument("container")).in_(
                select(
                    func.unnest(func.string_to_array(func.lower(Asset.container), ","))
                ).correlate(Asset)
            ),
        ),
        _unless_null(
            _argument("language"),
            or_(
                func.lower(Asset.language) == func.lower(_argument("language")),
                func.starts_with(
                    func.lower(Asset.language), func.lower(_argument("language")).concat("-")
                ),
            ),
        ),
        _unless_null(_argument("recorded"), Asset.recorded.op("<@")(_argument("recorded"))),
        _unless_null(
            _argument("duration"), cast(Asset.duration, Numeric).op("<@")(_argument("duration"))
        ),
        _unless_null(_argument("tags"), not_(_lacks_a_tag())),
    ]
    return and_(filters.versions_wanted(None), *kept)


def _same(column: Any, argument: Any) -> ColumnElement[bool]:  # noqa: ANN401
    return _unless_null(argument, func.lower(column) == func.lower(argument))


def _unless_null(argument: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401
    return or_(argument.is_(None), condition)


def _lacks_a_tag() -> ColumnElement[bool]:
    wanted = func.unnest(_argument("tags", ARRAY(Text))).table_valued("name", name="wanted_tag")
    carried = exists(
        select(1)
        .select_from(AssetTag)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(AssetTag.asset_id == Asset.id, func.lower(Tag.name) == func.lower(wanted.c.name))
        .correlate(Asset, wanted)
    )
    return exists(select(1).select_from(wanted).where(not_(carried)).correlate(Asset))
