"""A library of some thousand shots, lines and windows of sound, for whoever looks at plans.

Made by SQL alone, in two seconds: of a size where the planner has a choice, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from catalog import Catalog
from catalog.db.explained import explained
from catalog.encoders.null import NullEncoder
from catalog.encoders.sound.null import NullSoundEncoder
from catalog.maintain.graphs import build_graphs
from catalog.store import centres, sounds, vectors

DIMENSION, ASSETS, SHOTS, FRAMES = 16, 200, 20, 3
WINDOWS = 40

# Of 200 films one in fifty has a rare tag. A shot lasts four seconds, a line is said over its
# middle, and three frames show it; what lies near in time is alike.
_FILLING = """
    SELECT setseed(0.5);
    SET LOCAL session_replication_role = replica;
    INSERT INTO asset (fingerprint, size_bytes, name, kind, collection, language, recorded,
                       time_base_num, time_base_den, duration_pts)
    SELECT 'film-' || n, 1, 'film-' || n || '.mov', 'video', 'c' || n % 10, 'en',
           timestamptz '2024-01-01' + n * interval '1 hour', 1, 25, {shots} * 100
    FROM generate_series(1, {assets}) n;
    INSERT INTO tag (name) SELECT 't' || n FROM generate_series(1, 20) n;
    INSERT INTO asset_tag (asset_id, tag_id)
    SELECT a.id, t.id FROM asset a, tag t WHERE t.name <> 't7' OR a.id % 50 = 7;
    INSERT INTO clip (asset_id, kind, start_pts, end_pts, words, roll, roll_confidence)
    SELECT id, 'shot', at * 100, at * 100 + 100,
           CASE WHEN (id + at) % 800 = 3 THEN to_tsvector('simple', 'harbour')
                ELSE ''::tsvector END, CASE WHEN (id + at) % 900 = 4 THEN 'A' END,
           CASE WHEN (id + at) % 900 = 4 THEN 1 END
    FROM asset, generate_series(0, {shots} - 1) at;
    INSERT INTO clip (asset_id, kind, start_pts, end_pts, text, language, words)
    SELECT asset_id, 'speech', start_pts + 20, end_pts - 20, 'a line', 'en', words
    FROM clip WHERE kind = 'shot';
    INSERT INTO frame (asset_id, clip_id, pts, start_pts, end_pts, picture, width, height)
    SELECT asset_id, id, start_pts + at * 30, start_pts + at * 30, start_pts + at * 30 + 30,
           'x', 1, 1
    FROM clip, generate_series(0, {frames} - 1) at WHERE kind = 'shot';
    CREATE TEMPORARY TABLE seen ON COMMIT DROP AS
    SELECT id, (SELECT l2_normalize(array_agg(random() - 0.5)::halfvec)
                FROM generate_series(1, {dimension}) WHERE clip.id > 0) AS vector
    FROM clip WHERE kind = 'shot';
    INSERT INTO embedding (encoder_id, frame_id, clip_id, asset_id, vector)
    SELECT 1, f.id, f.clip_id, f.asset_id, s.vector FROM frame f JOIN seen s ON s.id = f.clip_id;
    SELECT catalog.make_centres(1, (SELECT array_agg(id) FROM clip WHERE kind = 'shot'));
    INSERT INTO speech_embedding (encoder_id, clip_id, asset_id, vector)
    SELECT 1, line.id, line.asset_id, s.vector
    FROM clip line JOIN clip shot ON shot.asset_id = line.asset_id AND shot.kind = 'shot'
                                 AND shot.start_pts = line.start_pts - 20
         JOIN seen s ON s.id = shot.id
    WHERE line.kind = 'speech';
    INSERT INTO sound_window (encoder_id, asset_id, start_pts, end_pts, vector)
    SELECT 1, a.id, at * 50, at * 50 + 100,
           (SELECT l2_normalize(array_agg(random())::halfvec)
            FROM generate_series(1, {bands}) WHERE a.id + at > 0)
    FROM asset a, generate_series(0, {windows} - 1) at
"""


def fill(catalog: Catalog, *, analysed: bool = True) -> None:
    """The library, its graphs and its statistics, in an empty catalogue.

    Not ``analysed``, it has neither, as a library has whose first footage came a moment ago.
    """
    numbers = {
        "assets": ASSETS,
        "shots": SHOTS,
        "frames": FRAMES,
        "dimension": DIMENSION,
        "windows": WINDOWS,
        "bands": NullSoundEncoder.dimension,
    }
    with catalog.database.session() as session:
        encoder = vectors.add_encoder(
            session,
            name=f"null:{DIMENSION}",
            dimension=DIMENSION,
            precision="fp32",
            weights_digest=NullEncoder(DIMENSION).weights_digest,
        )
        vectors.activate_first(session, encoder)
        heard = NullSoundEncoder()
        sounds.enter_encoder(
            session, name="null", dimension=heard.dimension, weights_digest=heard.weights_digest
        )
        for statement in _FILLING.format(**numbers).split(";\n"):
            session.execute(text(statement.replace(":", r"\:")))
    if not analysed:
        return
    with catalog.database.session() as session:
        session.execute(text("ANALYZE"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(centres, "INDEX_FROM", 100)
        assert len(build_graphs(catalog.database)) == 2, "over the centres, and over the lines"


@contextmanager
def plans_of(catalog: Catalog, mark: str) -> Iterator[list[str]]:
    """Plans of the statements that hold ``mark``, run with the settings they are sent with."""
    found: list[str] = []

    def note(connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        if mark in sql:
            options = "ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF, SUMMARY OFF"
            found.append("\n".join(explained(connection, sql, dict(values), options=options)))

    event.listen(catalog.database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(catalog.database.engine, "before_cursor_execute", note)


def plan_of(catalog: Catalog, mark: str, ask: Callable[[], Any]) -> str:
    """The plan of the one statement with that mark that ``ask`` sends, as it was run."""
    with plans_of(catalog, mark) as plans:
        ask()
    assert plans, f"no statement has {mark}"
    return plans[-1]


_RUN = re.compile(r"-> +(?P<node>[A-Z].*?) \(actual rows=(?P<rows>[\d.]+) loops=(?P<loops>\d+)\)")


def rows_of(plan: str, *nodes: str) -> float:
    """How many rows the nodes whose line has one of the texts gave, in all their loops.

    With those that a filter of theirs removed.
    """
    total, lines = 0.0, plan.splitlines()
    for at, line in enumerate(lines):
        run = _RUN.search(line)
        if run is None or not any(node in run["node"] for node in nodes):
            continue
        total += float(run["rows"]) * int(run["loops"])
        for detail in lines[at + 1 :]:
            if "->" in detail:
                break
            if removed := re.search(r"Rows Removed by .*Filter: (\d+)", detail):
                total += int(removed[1]) * int(run["loops"])
    return total
