"""How the shots near a script's lines are found: each way the same, by few statements."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from sqlalchemy import text, true
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session
from vector_library import DIMENSION, SHOTS, library, write

from catalog import Catalog
from catalog.domain import plan as planning
from catalog.domain.script import Script, text_script
from catalog.maintain.graphs import build_graphs
from catalog.recommend import shown
from catalog.recommend.found import Found
from catalog.recommend.shown import Shown
from catalog.search.phrases import normal_phrase
from catalog.settings import Settings
from catalog.store import centres, proposals, shots_for_lines, streams, vectors
from catalog.store.search.asked import Asked
from catalog.store.streams import Sent

LINES = 20
FILTER = "collection:c1,c2,c3,c4,c5,c6"


def script(lines: int) -> Script:
    """Lines of some four seconds, with numbers that no asset's name has."""
    texts = (f"This is what the line number {500 + n} of the script shows." for n in range(lines))
    return text_script("\n\n".join(texts))


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return library(np.random.default_rng(8))[:24]


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, rows: np.ndarray) -> Iterator[Catalog]:
    """24 assets of 15 shots, of which each third is spoken over; a graph; lines near shots."""
    with Catalog.open(shared_settings) as opened:
        write(opened, rows)
        near = rows.reshape(-1, DIMENSION)[:: rows.size // DIMENSION // LINES][:LINES]
        with opened.database.session() as session:
            encoder = vectors.active_encoder(session)
            assert encoder is not None
            texts = [normal_phrase(line.text) for line in script(LINES).lines]
            vectors.save_phrases(session, encoder.id, texts, list(near))
            session.execute(
                text(
                    "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text, language) "
                    "SELECT asset_id, 'speech', start_pts + 10, start_pts + 90, "
                    "'what a line said', 'en' FROM clip WHERE start_pts % 300 = 0"
                )
            )
            # Ten seconds each, and two.
            session.execute(text("UPDATE asset SET time_base_den = 10"))
            session.execute(text("UPDATE clip SET end_pts = end_pts - 80 WHERE start_pts = 200"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(centres, "INDEX_FROM", 100)
            assert build_graphs(opened.database)
        yield opened


def found(catalog: Catalog) -> dict[int, list[Found]]:
    """What is near each line, by cosine."""
    lines = script(LINES).lines
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session)
        assert encoder is not None
        texts = {line.number: normal_phrase(line.text) for line in lines}
        known = vectors.cached_phrases(session, encoder.id, list(texts.values()))
        asked = {number: known[each].vector for number, each in texts.items()}
        words = sorted({term.text for line in lines for term in line.terms})
        queries = proposals.word_queries(session, words)
        near = Shown(session, encoder, true(), queries).found(lines, asked)
    return {n: sorted(of, key=lambda each: (-each.cosine, each.clip)) for n, of in near.items()}


def test_at_once_and_by_walks_the_nearest_of_all_are_found(
    filled: Catalog, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    at_once = found(filled)
    monkeypatch.setattr(planning, "_EXACT_BELOW", 0)
    monkeypatch.setattr(planning, "_STEP", 1e-6)
    monkeypatch.setattr(planning, "_WALK", 0)
    monkeypatch.setattr(shown, "walks_for_each", lambda plan, *_: plan.kind == "graph")
    met = []
    walk = shown.met_on_a_walk
    monkeypatch.setattr(shown, "met_on_a_walk", lambda *a: met.append(1) or walk(*a))
    assert found(filled) == at_once
    assert len(met) == LINES, "a walk each"
    # And by numpy: shots that are not flagged, not spoken over, and long enough.
    free = [s for s in range(SHOTS) if s % 3 and s != 7]
    lasting = [s for s in free if s != 2]
    asked = rows.reshape(-1, DIMENSION)[:: rows.size // DIMENSION // LINES][:LINES]
    best = (rows.astype("f4") @ asked.astype("f4").T).max(axis=2)
    for at, near in enumerate(at_once.values()):
        wanted = np.sort(best[:, lasting, at].ravel())[::-1][: shown.DEPTH]
        # Behind them there may be some whose texts have words of the line.
        cosines = [each.cosine for each in near[: shown.DEPTH]]
        assert np.allclose(cosines, wanted, atol=1e-3)
        assert all(each.long_enough for each in near)


def test_the_statements_of_a_plan_do_not_hang_on_how_many_lines_there_are(
    filled: Catalog, statements, monkeypatch: pytest.MonkeyPatch
):
    copied: list[str] = []
    copy = psycopg.Cursor.copy
    monkeypatch.setattr(
        psycopg.Cursor, "copy", lambda self, *a: copied.append(a[0]) or copy(self, *a)
    )
    counted = []
    for lines in (3, LINES):
        filled.recommend(text=script(lines).source, filter=FILTER)  # its text is kept
        statements.clear()
        copied.clear()
        with statements.of(filled):
            planned = filled.recommend(text=script(lines).source, filter=FILTER)
        assert len(planned.lines) == lines
        assert all(line.b_roll for line in planned.lines)
        counted.append((len(statements), len(copied)))
    assert counted[0] == counted[1]
    assert counted[0][1] == 4, "a sample, the speech, the shots, the centres of what was found"


def rows_of(session: Session, statement: str, dimension: int = DIMENSION) -> list[np.ndarray]:
    kinds = {"clip": int, "part": float}
    return list(streams.whole_rows(session, Asked(statement, {"one": 1}), kinds, dimension))


CENTRES = "SELECT clip_id, part::float8, vector FROM centre WHERE encoder_id = %(one)s"
LYING = CENTRES.replace("vector", "catalog.vector_bytes(vector)")


@pytest.mark.parametrize("at_a_time", [1, 7, 5_000])
@pytest.mark.parametrize("as_they_lie", [True, False])
def test_a_stream_gives_the_rows_of_its_statement(
    filled: Catalog, monkeypatch: pytest.MonkeyPatch, at_a_time: int, as_they_lie: bool
):
    monkeypatch.setattr(streams, "AT_A_TIME", at_a_time)
    with filled.database.session() as session:
        assert streams.sent(session).as_they_lie, "the embedded server's user may say so"
        session.info["vectors sent"] = Sent(as_they_lie)
        ordered = f"{CENTRES} AND clip_id <= 100 ORDER BY clip_id, part"
        wanted = session.execute(text(ordered.replace("%(one)s", "1"))).all()
        column = "catalog.vector_bytes(vector)" if as_they_lie else "vector"
        blocks = rows_of(session, ordered.replace("float8, vector", f"float8, {column}"))
        assert len(wanted) > 100 > max(map(len, blocks)) / max(at_a_time, 2)
        assert all(0 < len(block) <= at_a_time for block in blocks)
        read = [row for block in blocks for row in zip(block["clip"], block["part"], strict=True)]
        assert read == [(clip, part) for clip, part, _ in wanted]
        assert (
            np.concatenate([block["vector"] for block in blocks]) == [v for *_, v in wanted]
        ).all()
        assert rows_of(session, f"{LYING} AND clip_id < 0") == []


def test_a_plan_is_the_same_however_vectors_are_sent(
    filled: Catalog, monkeypatch: pytest.MonkeyPatch
):
    plans = []
    for as_they_lie in (True, False):
        for module in (proposals, shots_for_lines, streams):
            monkeypatch.setattr(module, "sent", lambda session, way=as_they_lie: Sent(way))
        planned = filled.recommend(text=script(LINES).source)
        plans.append([(line.a_roll, line.b_roll) for line in planned.lines])
    assert plans[0] == plans[1]


def test_what_is_no_such_stream_is_refused_and_the_connection_is_left_whole(filled: Catalog):
    with (
        pytest.raises(ValueError, match="rows have another"),
        filled.database.session() as session,
    ):
        rows_of(session, LYING, DIMENSION // 2)
    with pytest.raises(ProgrammingError, match="nowhere"), filled.database.session() as session:
        rows_of(session, "SELECT nowhere FROM centre WHERE encoder_id = %(one)s")
    with filled.database.session() as session:
        assert rows_of(session, LYING)


def test_halves_are_read_as_the_same_numbers():
    every = np.arange(65_536, dtype=np.uint16).astype(">u2").view(">f2")
    finite = every[np.isfinite(every)].reshape(2, -1)
    for halves in (finite, finite.astype("<f2")):
        read = streams.singles(halves)
        assert read.shape == finite.shape
        assert (read.view(np.int32) == finite.astype(np.float32).view(np.int32)).all()
