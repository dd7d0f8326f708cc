"""What is said beside what is shown: are pictures still found, and lines across languages?

Held-out scenes are catalogued as pictures of one shot each; over every shot a line is spoken, a
caption in a language drawn at random. Captions in all languages then look for pictures, and for
lines. Three libraries of the same pictures: nobody speaks; over each shot somebody says what
*other* scenes show (all of it is about the same few things); or what the shot itself shows.

    python -m benchmarks.speech [--scenes 200] [--queries 40]

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import text

from catalog import Catalog
from catalog.demo.captions import caption, languages
from catalog.demo.measure import photographed
from catalog.demo.world import Scene, held_out, sample
from catalog.domain.results import SearchResult
from catalog.settings import DEMO_ENCODER, Settings

SIZE = (320, 180)
Line = tuple[int, str, str]
"""Over which picture, in which language, in which words."""


def fill(catalog: Catalog, folder: Path, shown: Sequence[Scene]) -> list[int]:
    """Catalogue a picture of each scene, whose name says nothing of it; their assets."""
    folder.mkdir()
    for at, picture in enumerate(photographed(shown, seed=5, size=SIZE)):
        picture.save(folder / f"{at:04}.png")
    report = catalog.ingest(folder)
    assert report.failures == [], report.failures
    with catalog.database.session() as session:  # a moment, over which something can be said
        session.execute(text("UPDATE clip SET end_pts = start_pts + 1 WHERE kind = 'shot'"))
    found = catalog.sql("SELECT asset_id FROM catalog.assets ORDER BY name").rows
    return [row[0] for row in found]


def speak(catalog: Catalog, assets: Sequence[int], lines: Sequence[Line]) -> None:
    """Have exactly these lines said over the pictures."""
    rows = [{"asset": assets[at], "lang": code, "words": words} for at, code, words in lines]
    with catalog.database.session() as session:
        session.execute(text("DELETE FROM clip WHERE kind = 'speech'"))
        if rows:
            session.execute(
                text(
                    "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text, language) SELECT "
                    "asset_id, 'speech', start_pts, end_pts, :words, :lang FROM clip "
                    "WHERE asset_id = :asset AND kind = 'shot'"
                ),
                rows,
            )
    catalog.encode()


def share(
    catalog: Catalog,
    asked: Sequence[tuple[int, str]],
    right: Callable[[SearchResult, int], bool],
    **options: object,
) -> float:
    """Of these queries (a picture's number and words), how many are answered right."""
    catalog.phrases([words for _, words in asked])
    got = [right(catalog.search(words, **options), at) for at, words in asked]  # type: ignore[arg-type]
    return sum(got) / len(got)


def main() -> None:
    """Catalogue, speak, search and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--queries", type=int, default=40, help="in each language")
    options = parser.parse_args()
    rng = random.Random("speech")
    codes = list(languages())
    drawn = sample(held_out(), 2 * options.scenes, 9)
    shown, elsewhere = drawn[: options.scenes], drawn[options.scenes :]
    lines = {
        "nobody speaks": [],
        "of other things": [_line(rng, at, scene, codes) for at, scene in enumerate(elsewhere)],
        "of what is shown": [_line(rng, at, scene, codes) for at, scene in enumerate(shown)],
    }
    asked = {
        # A word with a colon behind it would be read as a filter.
        code: [(at, caption(shown[at], code, rng.randrange(50)).replace(":", ","))
               for at in rng.sample(range(len(shown)), min(options.queries, len(shown)))]
        for code in codes
    }  # fmt: skip
    figures: dict[str, object] = {"scenes": options.scenes, "languages": len(codes)}
    with tempfile.TemporaryDirectory() as name:
        home = Settings(home=Path(name) / "home", encoder=DEMO_ENCODER)
        with Catalog.open(home) as catalog:
            assets = fill(catalog, Path(name) / "pictures", shown)
            first = _first(assets)
            for what, said in lines.items():
                speak(catalog, assets, said)
                found = {c: share(catalog, asked[c], first, limit=1) for c in codes}
                words = [
                    share(catalog, asked[c], first, limit=1, weights="speech=0") for c in codes
                ]
                figures[what] = {
                    "recall_at_1": found,
                    "mean": sum(found.values()) / len(found),
                    "mean_without_speech_by_meaning": sum(words) / len(words),
                }
            heard = {code: share(catalog, _of_others(asked[code], said, code), _says, limit=20)
                     for code in codes}  # fmt: skip
            figures["line in another language"] = heard
    for what, of in figures.items():
        print(f"{what}: {of}")
    print(json.dumps(figures))


def _line(rng: random.Random, at: int, scene: Scene, codes: Sequence[str]) -> Line:
    code = rng.choice(codes)
    return at, code, caption(scene, code, rng.randrange(50))


def _of_others(
    asked: Sequence[tuple[int, str]], said: Sequence[Line], code: str
) -> list[tuple[int, str]]:
    spoken = {at: language for at, language, _ in said}
    return [(at, words) for at, words in asked if spoken[at] != code]


def _first(assets: Sequence[int]) -> Callable[[SearchResult, int], bool]:
    def first(result: SearchResult, at: int) -> bool:
        return bool(result.hits) and result.hits[0].asset["id"] == assets[at]

    return first


def _says(result: SearchResult, at: int) -> bool:
    """Whether the line over that picture is found by its meaning."""
    name = f"{at:04}.png"
    return any(
        hit.asset["name"] == name and hit.said is not None and hit.said["rank"] is not None
        for hit in result.hits
    )


if __name__ == "__main__":
    main()
