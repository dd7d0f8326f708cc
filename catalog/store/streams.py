"""Vectors by the hundred thousand: the stream of ``COPY``, read as arrays without a row between.

A row as an object costs more than the vector in it. In ``COPY … (FORMAT binary)`` every row of
numbers and one vector is as long as every other, so that some thousand rows are one array.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import psycopg
from psycopg.abc import Buffer
from sqlalchemy import Connection, func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from catalog.store.search.asked import Asked

# Half a megabyte, and one as float32: it stays in a processor's own cache from when it is received
# to when it is multiplied. Of twenty times as many, each took half as long again.
AT_A_TIME = 500

_WHOLE, _REAL = ">i8", ">f8"
# Sign, exponent and fraction of a half where those of a single are, and what the exponent lacks.
_PARTS, _SCALE = np.array([0x8FFFE000], np.uint32).view(np.int32), np.float32(2.0**112)
# What is sent before the first row (signature, flags, no extension), and behind the last.
_HEAD, _TAIL = 19, b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Sent:
    """How the server sends vectors: as they lie there, at once, or each number by itself."""

    as_they_lie: bool

    def column(self, vector: Any) -> Any:  # noqa: ANN401  # a column of halfvec
        """A column of vectors, for the end of a statement."""
        return func.catalog.vector_bytes(vector) if self.as_they_lie else vector


def sent(session: Session) -> Sent:
    """How the server sends them; asked once a session. See migration 0033."""
    known: Sent | None = session.info.get("vectors sent")
    if known is None:
        there = "SELECT to_regproc('catalog.vector_bytes') IS NOT NULL"
        known = Sent(bool(session.connection().exec_driver_sql(there).scalar()))
        session.info["vectors sent"] = known
    return known


def whole_rows(
    session: Session, asked: Asked, kinds: Mapping[str, type], dimension: int
) -> Iterator[np.ndarray]:
    """The rows of a statement whose last column is a vector and whose others are numbers.

    Parameters
    ----------
    asked:
        The vector is that of `Sent.column`.
    kinds:
        The columns before the vector, in their order: ``int`` of a bigint, ``float`` of a
        double precision.
    dimension:
        Of the vectors.

    Yields
    ------
    numpy.ndarray
        Structured arrays of up to `AT_A_TIME` rows: the fields of ``kinds`` and ``vector``, as
        PostgreSQL sends them, in the order of the statement.

    Raises
    ------
    sqlalchemy.exc.DBAPIError
        If the server refuses or is gone.
    ValueError
        If a row is not of this form: a null, another type, another dimension.
    """
    return _rows(session.connection(), asked, _Form(kinds, dimension, sent(session)))


def singles(halves: np.ndarray) -> np.ndarray:
    """Halves as PostgreSQL sends them (``vector`` of `whole_rows`) as float32 of the same values.

    A fifth of what ``astype`` takes, which looks at each by itself. A halfvec holds finite numbers
    only; of others this makes numbers.
    """
    bits = halves.view(f"{halves.dtype.byteorder}i2").astype(np.int32)
    bits <<= 13
    bits &= _PARTS
    values: np.ndarray = bits.view(np.float32)
    values *= _SCALE
    return values


class _Form:
    """How a row looks in the stream: a count of fields, then each behind its length."""

    def __init__(self, kinds: Mapping[str, type], dimension: int, vectors: Sent) -> None:
        order = "<" if vectors.as_they_lie else ">"
        parts: list[tuple[Any, ...]] = [("fields", ">i2")]
        known = {"fields": len(kinds) + 1, "vector_bytes": 4 + 2 * dimension}
        for name, kind in kinds.items():
            parts += [(f"{name}_bytes", ">i4"), (name, _WHOLE if kind is int else _REAL)]
            known[f"{name}_bytes"] = 8
        parts += [("vector_bytes", ">i4"), ("dimension", f"{order}i2"), ("zero", ">i2")]
        parts.append(("vector", f"{order}f2", (dimension,)))
        self.dtype = np.dtype(parts)
        self._known = {**known, "dimension": dimension, "zero": 0}

    def read(self, data: memoryview) -> np.ndarray:
        """So many bytes as rows."""
        rows = np.frombuffer(data, self.dtype)
        for name, wanted in self._known.items():
            if len(rows) and not (rows[name] == wanted).all():
                raise ValueError(f"The stream's rows have another {name} than {wanted}.")
        return rows


def _rows(connection: Connection, asked: Asked, form: _Form) -> Iterator[np.ndarray]:
    size, left = form.dtype.itemsize, b""
    # Closed here, whoever stops reading: else the connection stays in the middle of it.
    with closing(_stream(connection, asked)) as stream:
        while pieces := list(islice(stream, AT_A_TIME)):
            data = b"".join([left, *pieces])
            pieces.clear()
            whole = len(data) // size * size
            if whole:
                yield form.read(memoryview(data)[:whole])
            left = data[whole:]
    if left != _TAIL:
        raise ValueError(f"The stream ends within a row: {len(left)} bytes, of {size} a row.")


def _stream(connection: Connection, asked: Asked) -> Generator[Buffer]:
    """The stream from its first row on."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101  # the only one we use
    statement: Any = f"COPY ({asked.sql}) TO STDOUT (FORMAT binary)"
    with _as_sqlalchemy(statement), driver.cursor() as cursor:  # noqa: SIM117
        with cursor.copy(statement, dict(asked.values)) as copy:
            pieces = iter(copy)
            # The first row comes with what stands before all of them.
            yield next(pieces)[_HEAD:]
            yield from pieces


@contextmanager
def _as_sqlalchemy(statement: str) -> Iterator[None]:
    """The driver's errors as those that every other statement raises."""
    try:
        yield
    except psycopg.Error as error:
        found = DBAPIError.instance(statement, None, error, psycopg.Error)
        raise found from error
