"""Statements as the driver takes them, built once per shape.

A search's expression tree takes longer to build and to compile than PostgreSQL
takes to answer it. Queries that differ only in their values share one text:
what differs is named (``where_0``, ``query_vector``, ``after_key``), and handed
over beside it. What does not is written into the text: the driver has less to
carry, and a plan for any values still knows the constants.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
)
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from catalog.db.direct import rows_of
from catalog.domain.recent import Recent
from catalog.store.keys import key_of

Statement = Select[*tuple[Any, ...]]
Expressions = Mapping[str, ColumnElement[Any]]
_MOST = 256
_PLAIN = (Boolean, Integer, String)


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement's text and the values of its parameters."""

    sql: str
    values: Mapping[str, Any]

    def rows(self, session: Session) -> list[Any]:
        """Send it and read all its rows, as named tuples."""
        return rows_of(session.connection(), self.sql, self.values)


class Texts:
    """Texts of the shapes asked for of late; threads may share it."""

    def __init__(self, most: int = _MOST) -> None:
        self._known: Recent[Hashable, Asked] = Recent(most)

    def asked(
        self,
        session: Session,
        shape: Hashable,
        parts: Expressions,
        values: Mapping[str, Any],
        build: Callable[[Expressions], Statement],
    ) -> Asked:
        """The statement with these values.

        Parameters
        ----------
        shape:
            All that the text hangs on, beside the shape of ``parts``.
        parts:
            Expressions that hold values of their own, each by the name they go under.
        values:
            Values of the parameters that ``build`` names.
        build:
            Makes the statement out of ``parts`` whose values are named.
        """
        keys = {name: key_of(part) for name, part in parts.items()}
        held: dict[str, Any] = dict(values)
        known_by: list[Hashable] = [shape]
        binds: dict[str, Sequence[BindParameter[Any]]] = {}
        for name, key in keys.items():
            if key is None or any(bind.expanding for bind in key.parameters):
                # A list's length is part of its text.
                return _compiled(session, build(parts), values)
            known_by.append((name, key.shape))
            binds[name] = key.parameters
            held |= {f"{name}_{n}": b.effective_value for n, b in enumerate(key.parameters)}
        whole = tuple(known_by)
        text = self._known.get(whole)
        if text is None:
            named = {name: _named(name, part, binds[name]) for name, part in parts.items()}
            text = _compiled(session, build(named), {}, constants=True)
            self._known.keep(whole, text)
        return Asked(text.sql, {name: held.get(name, kept) for name, kept in text.values.items()})


TEXTS = Texts()


def _named(name: str, part: ColumnElement[Any], binds: Sequence[BindParameter[Any]]) -> Any:  # noqa: ANN401  # of the part's type
    """The expression with its values called ``NAME_0``, ``NAME_1`` … in their order."""
    places = {id(bind): f"{name}_{n}" for n, bind in enumerate(binds)}

    def renamed(element: Any, **_: Any) -> Any:  # noqa: ANN401  # any element
        place = places.get(id(element))
        if place is None:
            return None
        return BindParameter(place, element.effective_value, type_=element.type, unique=False)

    return replacement_traverse(part, {}, renamed)


class _WithConstants(PGCompiler_psycopg):
    """Writes constants of our own into the text; what is named stays a parameter.

    Each keeps its type, so that an expression means the same either way.
    """

    def visit_bindparam(self, bindparam: Any, *given: Any, **options: Any) -> str:  # noqa: ANN401
        visit: Any = super().visit_bindparam
        if not bindparam.unique or bindparam.expanding:
            return str(visit(bindparam, *given, **options))
        match bindparam.effective_value:
            case float(number):
                return f"'{number!r}'::float8"
            case bool() | int() | str() if isinstance(bindparam.type, _PLAIN):
                written = str(visit(bindparam, *given, **options | {"literal_binds": True}))
                # A number is an integer as it stands, and a string what it is compared with.
                return f"{written}::bigint" if isinstance(bindparam.type, BigInteger) else written
        return str(visit(bindparam, *given, **options))


def _compiled(
    session: Session,
    statement: Statement,
    values: Mapping[str, Any],
    *,
    constants: bool = False,
) -> Asked:
    """``constants``: whether all values that are not named are constants of our own."""
    dialect = session.connection().dialect
    compiler = _WithConstants if constants else dialect.statement_compiler
    compiled = compiler(dialect, statement, compile_kwargs={"render_postcompile": True})
    return Asked(str(compiled), compiled.params | dict(values))
