"""A catalogue whose files may do their worst, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from small_footage import still, video

from catalog import Catalog
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_limits import DecodeLimits

HOSTILE = "hostile_analysers:analyse"
LIMITS = DecodeLimits(memory=1024**3, stall_s=300.0)


@contextmanager
def guarded(
    catalog: Catalog, *, limits: DecodeLimits = LIMITS, analyser: str = HOSTILE
) -> Iterator[Catalog]:
    """The catalogue with decoding processes of the test's own."""
    with Catalog(
        catalog.settings,
        catalog.database,
        catalog.store,
        decoders=DecoderPool(limits, analyser),
    ) as other:
        yield other


def rows(catalog: Catalog, statement: str) -> list[tuple]:
    return list(catalog.sql(statement).rows)


def assert_fails(catalog: Catalog, folder: Path, code: str, *words: str) -> None:
    """Of the folder's files the first fails like this, and the others are ready."""
    files = sorted(folder.iterdir())
    report = catalog.ingest(folder)
    assert [(Path(f.path).name, f.code) for f in report.failures] == [(files[0].name, code)]
    assert files[0].name in report.failures[0].reason
    assert "expected" in report.failures[0].reason
    assert all(word in report.failures[0].reason for word in words)
    assert report.ready == len(files) - 1
    failed = rows(catalog, "SELECT DISTINCT asset_id FROM catalog.stage WHERE state = 'failed'")
    assert len(failed) == 1
    assert rows(catalog, f"SELECT count(*) FROM catalog.clip WHERE asset_id = {failed[0][0]}") == [
        (0,)
    ]
    assert rows(catalog, "SELECT count(*) FROM catalog.stage WHERE state = 'running'") == [(0,)]
    assert catalog.search("red").hits


def honest(folder: Path) -> Path:
    """A folder of files that do no harm, called so that they come last."""
    for number in range(3):
        video(folder / f"x{number}.mp4", ["red"], mark=number)
    still(folder / "y.png")
    return folder
