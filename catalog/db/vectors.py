"""``halfvec`` as numpy arrays, in the driver and in SQLAlchemy.

pgvector-python gives lists of Python floats through SQLAlchemy and objects of
its own through psycopg. Vectors here are numpy arrays from the encoder to the
search, so both ends read and write them as such: float16, shape ``(dimension,)``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pgvector.sqlalchemy
import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.base import ischema_names


def from_binary(data: Buffer) -> np.ndarray:
    """Read pgvector's ``halfvec_send`` (src/halfvec.c): dimension, a zero, big-endian halves."""
    return np.frombuffer(bytes(data), dtype=">f2", offset=4).astype(np.float16)


def from_text(data: Buffer | str) -> np.ndarray:
    """Read ``[0.1,0.2]``."""
    written = data if isinstance(data, str) else bytes(data).decode("ascii")
    return np.array(written[1:-1].split(","), dtype=np.float16)


def to_binary(vector: np.ndarray) -> bytes:
    """Write one vector as pgvector's ``halfvec_recv`` reads it; also for ``COPY … BINARY``."""
    if vector.ndim != 1:
        raise ValueError(f"A vector has shape (dimension,), not {vector.shape}.")
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f2").tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Several:
    """Vectors ``(n, dimension)`` that the driver hands over as an array of ``halfvec``."""

    values: np.ndarray

    def to_binary(self, element: int) -> bytes:
        """As PostgreSQL's ``array_recv`` reads it; ``element`` is the type's number."""
        count, dimension = self.values.shape
        if count == 0:
            return struct.pack(">iii", 0, 0, element)
        parts = [("bytes", ">i4"), ("dimension", ">u2"), ("zero", ">u2")]
        rows = np.zeros(count, np.dtype([*parts, ("vector", ">f2", (dimension,))]))
        rows["bytes"], rows["dimension"] = 4 + 2 * dimension, dimension
        rows["vector"] = self.values
        return struct.pack(">iiiii", 1, 0, element, count, 1) + rows.tobytes()


class HALFVEC(pgvector.sqlalchemy.HALFVEC):
    """pgvector's column type, with numpy arrays on the Python side.

    It takes arrays and lists, and gives float16 arrays of shape ``(dimension,)``.
    """

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002  # the interface's
        """Arrays go to the driver's binary dumper."""
        return lambda value: None if value is None else np.asarray(value, dtype=np.float16)

    def result_processor(
        self,
        dialect: Dialect,  # noqa: ARG002  # the interface's
        coltype: object,  # noqa: ARG002  # the interface's
    ) -> Callable[[Any], Any]:
        """The driver gives an array, or text before the extension was known to it."""
        return lambda value: from_text(value) if isinstance(value, str) else value


# A reflected column is of this type too.
ischema_names["halfvec"] = HALFVEC


class _TextLoader(Loader):
    def load(self, data: Buffer) -> np.ndarray:
        return from_text(data)


class _BinaryLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> np.ndarray:
        return from_binary(data)


class _BinaryDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: np.ndarray) -> bytes:
        return to_binary(obj)


class _SeveralDumper(Dumper):
    format = Format.BINARY
    element = 0

    def dump(self, obj: Several) -> bytes:
        return obj.to_binary(self.element)


def fetch_type(connection: psycopg.Connection[Any]) -> TypeInfo | None:
    """What the server calls ``halfvec``; None before the extension is there."""
    return TypeInfo.fetch(connection, "halfvec")


def register(connection: psycopg.Connection[Any], info: TypeInfo) -> None:
    """Make the connection read ``halfvec`` into arrays and write arrays as ``halfvec``."""
    info.register(connection)
    connection.adapters.register_loader(info.oid, _TextLoader)
    connection.adapters.register_loader(info.oid, _BinaryLoader)
    dumper = type("HalfvecDumper", (_BinaryDumper,), {"oid": info.oid})
    connection.adapters.register_dumper(np.ndarray, dumper)
    several = {"oid": info.array_oid, "element": info.oid}
    connection.adapters.register_dumper(Several, type("HalfvecsDumper", (_SeveralDumper,), several))
