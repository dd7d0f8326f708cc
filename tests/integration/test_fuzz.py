"""Broken media, in a small number; `make fuzz` does it with hundreds."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fuzz import LIMITS, REAL_MEDIA, Outcome, broken_files, ingest_broken, leftovers
from benchmarks.fuzz import sources as files_to_break
from catalog import Catalog
from catalog.media.isolated import DecoderPool

COUNT, SEED = 40, 20261125


def test_broken_files_end_ready_damaged_or_failed_and_leave_nothing(
    catalog: Catalog, tmp_path: Path
):
    originals = files_to_break(REAL_MEDIA, tmp_path / "generated")
    originals = [path for path in originals if path.stat().st_size < 200_000]
    files = broken_files(originals, tmp_path / "broken", range(COUNT), SEED)
    outcome = Outcome()
    pool = DecoderPool(LIMITS)
    with Catalog(catalog.settings, catalog.database, catalog.store, decoders=pool) as mine:
        ingest_broken(mine, files, outcome)
        outcome.wrong += leftovers(mine)
    assert outcome.wrong == []
    assert outcome.files == COUNT
    assert outcome.ready + outcome.damaged + outcome.codes.total() == COUNT
    assert outcome.codes.total() > 0
    assert outcome.ready + outcome.damaged > 0
