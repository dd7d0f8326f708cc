"""A small library of vectors that lie as a video library's do, without an ingest."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from catalog import Catalog
from catalog.store import vectors

DIMENSION, ASSETS, SHOTS, FRAMES = 64, 40, 15, 4
QUERIES = 12


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float16)


def library(rng: np.random.Generator) -> np.ndarray:
    """``(assets, shots, frames, dimension)``: an asset's shots are akin, a shot's frames alike."""
    topic = rng.standard_normal((ASSETS, 1, 1, DIMENSION))
    subject = rng.standard_normal((ASSETS, SHOTS, 1, DIMENSION))
    frame = 0.2 * rng.standard_normal((ASSETS, SHOTS, FRAMES, DIMENSION))
    # One shot in ten pans: its frames are no more alike than shots are.
    frame[:, ::10] *= 5
    return unit(topic + subject + frame + 1)


def write(catalog: Catalog, rows: np.ndarray, *, first_asset: int = 0) -> None:
    """Assets with these vectors, as an ingest would leave them."""
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session) or vectors.activate_first(
            session,
            vectors.add_encoder(
                session, name="null:64", dimension=64, precision="fp32", weights_digest="0"
            ),
        )
        for number, shots in enumerate(rows, first_asset):
            asset = session.execute(
                text(
                    "INSERT INTO asset (fingerprint, size_bytes, name, kind, collection, "
                    "time_base_num, time_base_den) VALUES (:f, 1, :f, 'video', :c, 1, 25) "
                    "RETURNING id"
                ),
                {"f": f"asset-{number:03}", "c": f"c{number % 10}"},
            ).scalar_one()
            write_shots(session, encoder.id, asset, shots)
        texts = [f"query {at}" for at in range(QUERIES)]
        near = unit(rows.reshape(-1, DIMENSION)[:: len(rows.reshape(-1, DIMENSION)) // QUERIES])
        vectors.save_phrases(session, encoder.id, texts, near[:QUERIES])


def write_shots(session: Session, encoder_id: int, asset: int, shots: np.ndarray) -> None:
    """An asset's shots with these vectors, ``(shots, frames, dimension)``."""
    frames, made = [], []
    for shot, vectors_of_shot in enumerate(shots):
        clip = session.execute(
            text(
                "INSERT INTO clip (asset_id, kind, start_pts, end_pts, flag) "
                "VALUES (:a, 'shot', :s, :s + 100, :flag) RETURNING id"
            ),
            {"a": asset, "s": shot * 100, "flag": "black" if shot == 7 else None},
        ).scalar_one()
        for at, vector in enumerate(vectors_of_shot):
            frame = session.execute(
                text(
                    "INSERT INTO frame (asset_id, clip_id, pts, start_pts, end_pts, "
                    "picture, width, height) VALUES (:a, :c, :p, :p, :p + 25, 'x', 1, 1) "
                    "RETURNING id"
                ),
                {"a": asset, "c": clip, "p": shot * 100 + at * 25},
            ).scalar_one()
            frames.append(vectors.ClaimedFrame(frame, clip, asset, "x"))
            made.append(vector)
    vectors.write_vectors(session, encoder_id, frames, np.array(made))
