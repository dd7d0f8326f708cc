"""How long a script's plan takes in a large library, and how often it is right.

    python -m benchmarks.recommend [--shots 300000] [--lines 100] [--scripts 50] [--reuse DIR]

The library is made of vectors that lie as a video library's do (``search_data``, a frame a
shot), with speech over one shot in thirty whose words are drawn as words of a language are (Zipf).
A script of a hundred lines is planned under several filters; its texts are encoded before. Then
scripts in five languages are planned over rendered footage with known captions and interviews
with known words (``recommend_footage``): a line counts if the right shot, and the right sentence,
are among its first three. Prints both tables and, as its last line, one JSON object of named
figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.recommend_footage import make, measured, scripts
from benchmarks.search_data import (
    SHOT_PTS,
    SHOTS,
    catalogue_of,
    data_of,
    generator,
    plain_connection,
)
from catalog import Catalog
from catalog.domain.script import text_script
from catalog.search.phrases import normal_phrase
from catalog.settings import DEMO_ENCODER, Settings
from catalog.store import vectors

FILTERS = {
    "none": "",
    "half": "collection:" + ",".join(f"c{c:02}" for c in range(50)),
    "tenth": "collection:" + ",".join(f"c{c:02}" for c in range(10)),
    "hundredth": "collection:c00",
}
_VOCABULARY = 4_000
_SPOKEN = 30
_ROUNDS = 3


def vocabulary() -> list[str]:
    """Words that look like words, the commonest first."""
    rng = np.random.default_rng(11)
    parts = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    words = {"".join(rng.choice(parts, size=rng.integers(2, 5))) for _ in range(3 * _VOCABULARY)}
    return sorted(words)[:_VOCABULARY]


def sentence(rng: np.random.Generator, words: list[str], length: int) -> str:
    """A sentence whose words are as frequent as words are."""
    ranks = np.minimum(rng.zipf(1.3, size=length) - 1, len(words) - 1)
    return " ".join(words[rank] for rank in ranks).capitalize()


def add_speech(catalog: Catalog, shots: int) -> None:
    """Speech over one shot in thirty, as an ingest would leave it."""
    rng, words = np.random.default_rng(12), vocabulary()
    with plain_connection(catalog) as connection:
        there = connection.execute("SELECT count(*) FROM clip WHERE kind = 'speech'").fetchone()
        if there and there[0]:
            return
        connection.cursor().executemany(
            "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text, language) "
            "VALUES (%s, 'speech', %s, %s, %s, 'en')",
            [
                (at // SHOTS + 1, at % SHOTS * SHOT_PTS, at % SHOTS * SHOT_PTS + 100,
                 sentence(rng, words, 9))
                for at in range(0, shots, _SPOKEN)
            ],
        )  # fmt: skip
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE) clip")


def large(folder: Path, shots: int, lines: int) -> dict[str, dict]:
    """Seconds that planning takes, by filter."""
    settings = catalogue_of(folder, shots, 1)
    data = data_of(folder, shots, 1)
    rng, words = np.random.default_rng(13), vocabulary()
    text = "\n\n".join(f"{sentence(rng, words, 9)}." for _ in range(lines))
    with Catalog.open(settings) as catalog:
        add_speech(catalog, shots)
        script = text_script(text)
        assert len(script.lines) == lines
        asked = generator().queries(data["E"], lines).astype("f2").astype("f4")
        with catalog.database.session() as session:
            encoder = vectors.active_encoder(session)
            assert encoder is not None
            texts = [normal_phrase(line.text) for line in script.lines]
            vectors.save_phrases(session, encoder.id, texts, list(asked))
        return {name: planned(catalog, text, query) for name, query in FILTERS.items()}


def planned(catalog: Catalog, text: str, query: str) -> dict:
    """Plan it some times; the first round warms what caches there are."""
    catalog.recommend(text=text, filter=query)
    spent, found = [], None
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        found = catalog.recommend(text=text, filter=query)
        spent.append(time.perf_counter() - began)
    assert found is not None
    clips = [p.clip["id"] for line in found.lines for p in (*line.a_roll, *line.b_roll)]
    assert len(clips) == len(set(clips)), "a clip was proposed twice"
    return {
        "median_s": round(statistics.median(spent), 3),
        "worst_s": round(max(spent), 3),
        "lines_with_b_roll": sum(bool(line.b_roll) for line in found.lines),
        "lines_with_a_roll": sum(bool(line.a_roll) for line in found.lines),
    }


def right(number: int, scenes: int) -> dict[str, dict]:
    """Shares of lines that had the right shot, and the right sentence, among the first three."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # under root the server runs as another user
        footage, said = make(folder / "footage", scenes=scenes)
        with Catalog.open(Settings(home=folder / "home", encoder=DEMO_ENCODER)) as catalog:
            report = catalog.ingest(folder / "footage")
            assert report.failures == []
            found = measured(catalog, scripts(footage, said, number=number))
    return {
        key: {
            "lines": score.lines,
            "b_roll": round(score.shown / score.lines, 4),
            "a_roll": round(score.said / score.lines, 4),
        }
        for key, score in sorted(found.items())
    }


def main() -> None:
    """Fill, plan, count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=300_000)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--scripts", type=int, default=50)
    parser.add_argument("--scenes", type=int, default=120)
    parser.add_argument("--reuse", type=Path, help="keep data and database in this folder")
    options = parser.parse_args()
    figures: dict[str, object] = {"shots": options.shots, "lines": options.lines}
    if options.shots:
        with tempfile.TemporaryDirectory() as temporary:
            Path(temporary).chmod(0o755)
            folder = options.reuse or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            table = large(folder, options.shots, options.lines)
        print(f"{options.lines} lines against {options.shots:,} shots")
        for name, row in table.items():
            print(
                f"  filter {name:<10} median {row['median_s']:6.2f} s, "
                f"worst {row['worst_s']:6.2f} s; lines with B-roll {row['lines_with_b_roll']}, "
                f"with A-roll {row['lines_with_a_roll']}"
            )
        figures["plan"] = table
    if options.scripts:
        found = right(options.scripts, options.scenes)
        print(
            f"{options.scripts} scripts over {options.scenes} scenes, right among the first three"
        )
        for key, row in found.items():
            print(
                f"  {key:<6} {row['lines']:4} lines  B {row['b_roll']:.3f}  A {row['a_roll']:.3f}"
            )
        figures["right"] = found
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
