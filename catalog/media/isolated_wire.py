"""What the catalogue and its decoding processes say to each other, as bytes.

A decoder reads what strangers made, so the process it runs in may one day say
what a stranger wants said. Its messages are therefore read by an unpickler that
makes the plain values of `catalog.domain.media` and calls nothing else.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from catalog.domain import media

# A picture of 640 pixels has about 0.1 MB; nothing that is said comes near this.
MOST_BYTES = 64 * 1024 * 1024
_VALUES = "catalog.domain.media"
_ALLOWED = {
    "datetime": {"datetime", "timedelta", "timezone"},
    "fractions": {"Fraction"},
}


class _PlainValues(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # a class
        if name in _ALLOWED.get(module, ()):
            return super().find_class(module, name)
        found = getattr(media, name, None) if module == _VALUES else None
        # Defined there, not only imported there; and a dotted name has no attribute of its own.
        if not isinstance(found, type) or found.__module__ != _VALUES:
            raise pickle.UnpicklingError(f"{module}.{name} is no value that may be said")
        return found


def pack(kind: str, *values: Any) -> bytes:  # noqa: ANN401  # plain values
    """A message: its kind, and plain values."""
    return pickle.dumps((kind, *values), protocol=5)


def unpack(content: bytes) -> tuple[Any, ...]:
    """The kind and the values.

    Raises
    ------
    pickle.UnpicklingError
        If it is no message of plain values.
    """
    try:
        message = _PlainValues(io.BytesIO(content)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:
        # A pickle that was made up raises whatever it trips over.
        raise pickle.UnpicklingError(str(error)) from error
    if not (isinstance(message, tuple) and message and isinstance(message[0], str)):
        raise pickle.UnpicklingError("not a message")
    return message
