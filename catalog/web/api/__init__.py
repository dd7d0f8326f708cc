"""The HTTP API, version 1: the verbs of `catalog.api` as resources."""

from __future__ import annotations

from fastapi import APIRouter

from catalog.web.api import (
    access,
    assets,
    bins,
    clips,
    encoders,
    errands,
    evaluations,
    events,
    exports,
    files,
    ingest,
    logs,
    recommend,
    renditions,
    roots,
    search,
    service,
    trainings,
)
from catalog.web.api.description import DESCRIPTION, PREFIX, PROBLEMS

__all__ = ["DESCRIPTION", "PREFIX", "router"]

router = APIRouter(prefix=PREFIX, responses=PROBLEMS)
for _part in (
    *(search, assets, renditions, clips, files, bins, exports, logs, recommend),
    *(ingest, events, roots, service, errands, encoders, trainings, evaluations, access),
):
    router.include_router(_part.router)
