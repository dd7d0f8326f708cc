"""Vectors of a real contrastive model: the database finds the picture that exact arithmetic finds.

The images and texts of the LiT demo (Zhai et al., "LiT: Zero-Shot Transfer with Locked-image text
Tuning", CVPR 2022), each text through two text towers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from catalog import Catalog
from catalog.store import vectors

PLACE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "lit_demo"
DIMENSION = 1024


def read(name: str) -> np.ndarray:
    """Unit vectors ``(rows, 1024)`` in double precision."""
    rows = np.fromfile(PLACE / name, "<f4").reshape(-1, DIMENSION).astype("f8")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write(catalog: Catalog, images: np.ndarray, texts: np.ndarray) -> None:
    """A still per image, numbered as they are, and the texts as ``text 0`` …"""
    with catalog.database.session() as session:
        made = vectors.add_encoder(
            session, name="lit", dimension=DIMENSION, precision="fp32", weights_digest="0"
        )
        encoder = vectors.activate_first(session, made)
        frames = []
        for number in range(len(images)):
            asset = session.execute(
                text(
                    "INSERT INTO asset (fingerprint, size_bytes, name, kind, time_base_num, "
                    "time_base_den) VALUES (:f, 1, :f, 'still', 1, 1) RETURNING id"
                ),
                {"f": f"picture-{number}"},
            ).scalar_one()
            clip = session.execute(
                text(
                    "INSERT INTO clip (asset_id, kind, start_pts, end_pts) "
                    "VALUES (:a, 'shot', 0, 1) RETURNING id"
                ),
                {"a": asset},
            ).scalar_one()
            frame = session.execute(
                text(
                    "INSERT INTO frame (asset_id, clip_id, pts, start_pts, end_pts, picture, "
                    "width, height) VALUES (:a, :c, 0, 0, 1, 'x', 1, 1) RETURNING id"
                ),
                {"a": asset, "c": clip},
            ).scalar_one()
            frames.append(vectors.ClaimedFrame(frame, clip, asset, "x"))
        vectors.write_vectors(session, encoder.id, frames, images)
        named = [f"text {number}" for number in range(len(texts))]
        vectors.save_phrases(session, encoder.id, named, list(texts))


@pytest.mark.skipif(not PLACE.is_dir(), reason="LOUD: ../shared/vectors is not beside the checkout")
@pytest.mark.parametrize("tower", ["tiny", "small"])
def test_the_nearest_picture_of_each_text_is_that_of_exact_arithmetic(catalog: Catalog, tower: str):
    images, texts = read(f"{tower}_zimgs.bin"), read(f"{tower}_ztxts.bin")
    assert images.shape == (55, DIMENSION)
    assert texts.shape == (267, DIMENSION)
    write(catalog, images, texts)
    cosine = texts @ images.T
    elsewhere = []
    for number, row in enumerate(cosine):
        first = catalog.search(f"text {number}", limit=1, all_=True).hits[0]
        found = int(first.asset["name"].removeprefix("picture-"))
        assert first.cosine == pytest.approx(row[found], abs=1e-4)
        if found != row.argmax():
            elsewhere.append(row.max() - row[found])
    # Vectors are kept in half precision: two as good as equally near may change places.
    assert len(elsewhere) <= 1
    assert max(elsewhere, default=0) < 1e-4
