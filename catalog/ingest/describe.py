"""Describe again: what the files of analysed assets say, read anew; no picture is decoded anew.

For columns that came after an asset's analysis, and for readers that have
learnt. Shots, frames, vectors, tags and everything people said stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.engine import Database
from catalog.domain.media import SamplingPolicy
from catalog.domain.paths import shown_path
from catalog.domain.progress import Progress
from catalog.domain.results import DescribeReport, Failure
from catalog.errors import AssetBusyError, CatalogError, MediaError
from catalog.ingest.analyse import STAGE, Tools, first_present
from catalog.ingest.sidecars import read_sidecars
from catalog.ingest.verify import usable_files
from catalog.store import assets, descriptions, locations, stages
from catalog.store.locks import asset_lock


def describe_again(tools: Tools, asset_ids: Sequence[int], progress: Progress) -> DescribeReport:
    """Read again what the files of these assets say of themselves.

    Assets that are not analysed are passed over: their analysis will do it.
    One that cannot be read is in the report, and stays as it was.
    """
    report = DescribeReport()
    with tools.database.session() as session:
        analysed = stages.done(session, asset_ids, STAGE)
    progress.begin("describe", len(analysed), "assets")
    for asset_id in analysed:
        try:
            _describe(tools, asset_id)
        except (MediaError, AssetBusyError) as error:
            report.failures.append(_failure(tools.database, asset_id, error))
        else:
            report.described.append(asset_id)
        progress.advance("describe", 1)
    progress.end("describe")
    report.warnings = read_sidecars(tools, report.described)
    return report


def _describe(tools: Tools, asset_id: int) -> None:
    with asset_lock(tools.database.engine, asset_id) as held:
        if not held:
            raise AssetBusyError(
                f"Another process is at work on asset {asset_id}.",
                remedy="Wait for it, or see who it is with `catalog jobs`.",
                asset=asset_id,
            )
        path = first_present(usable_files(tools.database, asset_id))
        with tools.database.session() as session:
            row = assets.get_asset(session, asset_id)
        rate = None if row is None else descriptions.frame_rate_of(row)
        policy = SamplingPolicy(sequence_rate=rate)
        with tools.decoders.analysis(path, policy, lambda _pts, _jpeg: "") as analysis:
            found = analysis.probe
        with tools.database.session() as session:
            descriptions.describe(session, asset_id, found, again=True)


def _failure(database: Database, asset_id: int, error: CatalogError) -> Failure:
    with database.session() as session:
        files = locations.files_of(session, asset_id, online_only=False)
    return Failure(shown_path(files[0]) if files else str(asset_id), error.code, str(error))
