"""A catalogue with something in every table that the program fills."""

from __future__ import annotations

from pathlib import Path

from small_footage import sound, still, video
from sqlalchemy import text

from catalog import Catalog

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,900\nWelcome to the press\n"


def fill(catalog: Catalog, media: Path) -> None:
    """Ingest footage made under ``media``, and write what people write."""
    video(media / "film.mov", ["red", "green"], timecode="10:00:00:00", mark=1)
    (media / "film.en.srt").write_text(SUBTITLES, encoding="utf-8")
    sound(media / "tone.wav")
    for mark, colour in enumerate(["red", "blue", "white"]):
        still(media / f"{mark}.png", colour, mark=mark)
    catalog.ingest(media, collection="News", tags=["2024", "rushes"])
    still(media / "0.png", "yellow", mark=9)  # the next version of what lay there
    still(media / "gone.png", "green", mark=11)
    catalog.ingest(media)
    (media / "gone.png").unlink()
    catalog.remove(["gone.png"])  # its numbers are not to be given again
    catalog.encoder.activate("null:32")
    catalog.search("red")  # leaves a phrase
    with catalog.database.session() as session:
        for statement in (
            "INSERT INTO catalog.bin (name) VALUES ('Tonight')",
            "INSERT INTO catalog.bin_item (bin_id, position, clip_id, note) "
            "SELECT 1, row_number() OVER (ORDER BY id), id, 'ünï' FROM catalog.clip",
            "INSERT INTO catalog.token (name, role, digest) VALUES ('me', 'admin', 'abc')",
            "INSERT INTO catalog.calibration (encoder_id, match_median, miss_median, "
            "miss_spread, slope, intercept, samples) VALUES (1, 0.3, 0.1, 'NaN', 2.5, -9, 10)",
        ):
            session.execute(text(statement))
