"""How much one file may ask of the process that decodes it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any, Self

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Limits on the decoding of one file; what exceeds them fails with its reason.

    Attributes
    ----------
    memory:
        Bytes the decoding process may hold. 8K HEVC of 10 bits needs about 2.5 GB.
    stall_s:
        Seconds without a sign of progress: a picture, a broken packet, a second of media.
    cpu_s:
        Seconds of processor time that any file may take, ...
    cpu_s_per_second:
        ... and as many more for each second of media that was decoded. Heavy but
        honest material (8K AV1) takes about 20.
    most_pixels:
        Pixels of one coded picture of a film; 16K is 133 million.
    """

    memory: int = 4 * _GIB
    stall_s: float = 120.0
    cpu_s: float = 300.0
    cpu_s_per_second: float = 60.0
    most_pixels: int = 140_000_000

    @classmethod
    def of_this_machine(cls) -> Self:
        """The usual limits, but no more memory than half of what there is."""
        try:
            total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (ValueError, OSError):
            return cls()
        return cls(memory=min(4 * _GIB, max(_GIB, total // 2)))

    def as_json(self) -> dict[str, Any]:
        """The limits by name."""
        return asdict(self)
