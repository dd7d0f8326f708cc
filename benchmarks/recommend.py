"""How long a script's plan takes in a large library, and how often it is right.

    python -m benchmarks.recommend [--shots 300000] [--lines 100] [--scripts 50] [--reuse DIR]

The library is made of vectors that lie as a video library's do (``search_data``, a frame a
shot), with speech over one shot in thirty, and over one in three, whose words are drawn as words
of a language are (Zipf). A script of a hundred lines is planned under several filters; its texts
are encoded before. Beside the time it took stands what processors spent, ours and the server's:
that counts where others keep the machine busy. Then scripts in five languages are planned over
rendered footage with known captions and interviews with known words (``recommend_footage``): a
line counts if the right shot, and the right sentence, are among its first three. Prints both
tables and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.recommend_footage import make, measured, scripts
from benchmarks.search_data import (
    SHOT_PTS,
    SHOTS,
    Measured,
    catalogue_of,
    copy_rows,
    data_of,
    generator,
    plain_connection,
)
from catalog import Catalog
from catalog.db.vectors import fetch_type, register
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
SAID = (30, 3)
"""Speech lies over one shot in so many."""

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


def spoken_catalogue(folder: Path, shots: int, every: int) -> Settings:
    """The catalogue of ``shots`` with speech over one shot in ``every``, made where there is none.

    It is a copy of the one without speech, whose graph takes longer to build than to copy.
    """
    silent = catalogue_of(folder, shots, 1)
    settings = replace(silent, home=silent.home.with_name(f"{silent.home.name}-said-{every}"))
    done = settings.home / "said"
    if not done.is_file():
        shutil.rmtree(settings.home, ignore_errors=True)
        # The server's files belong to its own user.
        subprocess.run(["cp", "-a", silent.home, settings.home], check=True)
        with Catalog.open(settings) as catalog:
            add_speech(catalog, data_of(folder, shots, 1)["E"], every)
        done.touch()
    return settings


def add_speech(catalog: Catalog, shown: np.ndarray, every: int) -> None:
    """Speech over one shot in ``every``, as an ingest would leave it.

    Each line means what some other shot shows: its vector is that of the shot, with noise.
    """
    rng, words = np.random.default_rng(12), vocabulary()
    over = range(0, len(shown), every)
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session)
    assert encoder is not None
    with plain_connection(catalog) as connection:
        first = connection.execute("SELECT max(id) + 1 FROM clip").fetchone()
        assert first is not None
        copy_rows(
            connection,
            "clip (id, asset_id, kind, start_pts, end_pts, text, language)",
            "int8 int8 text int8 int8 text text",
            ((clip, at // SHOTS + 1, "speech", at % SHOTS * SHOT_PTS, at % SHOTS * SHOT_PTS + 100,
              sentence(rng, words, 9), "en")
             for clip, at in enumerate(over, first[0])),
        )  # fmt: skip
        connection.execute("SELECT setval(pg_get_serial_sequence('clip', 'id'), max(id)) FROM clip")
        info = fetch_type(connection)
        assert info is not None
        register(connection, info)
        means = rng.permutation(len(shown))
        copy_rows(
            connection,
            f"speech_embedding_{encoder.id} (encoder_id, clip_id, asset_id, vector)",
            "int4 int8 int8 halfvec",
            ((encoder.id, clip, at // SHOTS + 1, _near(rng, shown[means[at]]))
             for clip, at in enumerate(over, first[0])),
        )  # fmt: skip
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")


def _near(rng: np.random.Generator, vector: np.ndarray) -> np.ndarray:
    near = vector.astype("f4") + 0.02 * rng.standard_normal(len(vector)).astype("f4")
    return (near / np.linalg.norm(near)).astype("f2")


def large(folder: Path, shots: int, lines: int) -> dict[str, dict]:
    """Seconds that planning takes, by how much is said and by filter."""
    rng, words = np.random.default_rng(13), vocabulary()
    text = "\n\n".join(f"{sentence(rng, words, 9)}." for _ in range(lines))
    script = text_script(text)
    assert len(script.lines) == lines
    table = {}
    for every in SAID:
        settings = spoken_catalogue(folder, shots, every)
        asked = generator().queries(data_of(folder, shots, 1)["E"], lines)
        with Catalog.open(settings) as catalog:
            with catalog.database.session() as session:
                encoder = vectors.active_encoder(session)
                assert encoder is not None
                texts = [normal_phrase(line.text) for line in script.lines]
                asked = asked.astype("f2").astype("f4")
                vectors.save_phrases(session, encoder.id, texts, list(asked))
            for name, query in FILTERS.items():
                table[f"said over 1 of {every}, {name}"] = planned(catalog, text, query)
    return table


def planned(catalog: Catalog, text: str, query: str) -> dict:
    """Plan it some times; the first round warms what caches there are."""
    catalog.recommend(text=text, filter=query)
    spent, processor, found = [], [], None
    for _ in range(_ROUNDS):
        with Measured(catalog) as server:
            began, own = time.perf_counter(), time.process_time()
            found = catalog.recommend(text=text, filter=query)
            spent.append(time.perf_counter() - began)
            own = time.process_time() - own
        processor.append(own + server.cpu_s)
    assert found is not None
    clips = [p.clip["id"] for line in found.lines for p in (*line.a_roll, *line.b_roll)]
    assert len(clips) == len(set(clips)), "a clip was proposed twice"
    return {
        "median_s": round(statistics.median(spent), 3),
        "worst_s": round(max(spent), 3),
        "processor_s": round(statistics.median(processor), 3),
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
                f"  {name:<30} median {row['median_s']:6.2f} s, worst {row['worst_s']:6.2f} s, "
                f"processors {row['processor_s']:6.2f} s; lines with B-roll "
                f"{row['lines_with_b_roll']}, with A-roll {row['lines_with_a_roll']}"
            )
        figures["plan"] = table
        figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
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
