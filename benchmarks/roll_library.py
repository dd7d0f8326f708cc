"""How long it takes to tell the rolls of a large library."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_data import (
    SHOT_PTS,
    SHOTS,
    data_of,
    fill,
    fill_vectors,
    plain_connection,
    settings_of,
    vacuum,
)
from catalog import Catalog
from catalog.domain.roll import CUES
from catalog.store import rolls


def timed(folder: Path, shots: int) -> dict[str, Any]:
    """Seconds for all shots of a new library under ``folder``: by sound, by pictures too, again.

    An asset has 30 shots, a shot one picture. Somebody speaks over every other shot, and the
    encoder is given cues that it tells apart; each shot is told anew, in transactions of
    100 assets, as `catalog roll` does.
    """
    data = data_of(folder, shots, 1)
    settings = settings_of(folder / "rolls", shots, 1)
    with Catalog.open(settings) as catalog:
        encoder_id = fill(catalog, data, 1)
        fill_vectors(catalog, encoder_id, data)
        _speak(catalog)
        vacuum(catalog)
        found: dict[str, Any] = {"shots": shots, "by_sound": _told(catalog)}
        with catalog.database.session() as session:
            rolls.save_cues(session, encoder_id, _cues(data["E"]))
        found["by_sound_and_pictures"] = _told(catalog)
        found["again"] = _told(catalog)
    return found


def _speak(catalog: Catalog) -> None:
    spoken = ",".join(f"[{n * SHOT_PTS},{(n + 1) * SHOT_PTS})" for n in range(0, SHOTS, 2))
    with plain_connection(catalog) as connection:
        connection.execute(
            "UPDATE asset SET audio_codec = 'aac', speaking = %s::int8multirange", [f"{{{spoken}}}"]
        )
        # Told anew is what has been encoded.
        connection.execute(
            "INSERT INTO stage (asset_id, name, state) SELECT id, 'encode', 'done' FROM asset"
        )
        connection.commit()


def _cues(rows: np.ndarray) -> np.ndarray:
    """Vectors for the wordings: some pictures', so that each pair of wordings is its own place."""
    random = np.random.default_rng(1)
    places = np.linspace(0, len(rows) - 1, len(CUES)).astype(int)
    near = np.repeat(np.asarray(rows[places], dtype=np.float32), 2, axis=0)
    near += 0.01 * random.standard_normal(near.shape).astype(np.float32)
    unit: np.ndarray = near / np.linalg.norm(near, axis=1, keepdims=True)
    return unit


def _told(catalog: Catalog) -> dict[str, Any]:
    began = time.perf_counter()
    body = catalog.tell_rolls()
    spent = time.perf_counter() - began
    assert body["assets"], "nothing was told"
    return {"seconds": round(spent, 1), "pictures": body["pictures"], "assets": body["assets"]}
