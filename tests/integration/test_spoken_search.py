"""What is said is found by its meaning, beside what is shown, in the one statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_footage import sound, still, video
from sqlalchemy import text

from catalog import Catalog
from catalog.cli.text import search_result
from catalog.domain import plan as planning
from catalog.domain.actor import Actor
from catalog.domain.results import Hit
from catalog.maintain.graphs import build_graphs
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store import centres

SHOTS = ("red", "green", "blue", "white")
# A second a shot; the null encoder takes texts that name one colour to be near each other.
LINES = {"red": "A red car", "blue": "Yellow submarine", "white": "the minister resigned"}


def subtitles(path: Path, lines: dict[int, str]) -> Path:
    """One line in the middle of each of these seconds."""
    cues = [
        f"{n}\n00:00:{second:02},200 --> 00:00:{second:02},800\n{line}\n"
        for n, (second, line) in enumerate(lines.items(), 1)
    ]
    path.write_text("\n".join(cues), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def spoken(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("media")
    video(folder / "news.mp4", SHOTS, timecode="10:00:00:00")
    subtitles(folder / "news.en.srt", {0: LINES["red"], 2: LINES["blue"], 3: LINES["white"]})
    video(folder / "mute.mp4", ("yellow", "black", "red"), mark=1)
    for at in range(24):  # a background to stand out from
        still(folder / f"{at}.png", ("white", "black", "blue")[at % 3], mark=at)
    sound(folder / "talk.wav", seconds=3)
    subtitles(folder / "talk.srt", {1: "Der grüne Baum ist green"})
    with Catalog.open(shared_settings) as opened:
        opened.ingest(folder, collection="News")
        yield opened


def found(catalog: Catalog, query: str, **options: object) -> list[Hit]:
    return list(catalog.search(query, limit=50, **options).hits)  # type: ignore[arg-type]


def said(hits: list[Hit]) -> dict[str, Hit]:
    """Hits by the line they were found by, where its meaning found them."""
    return {h.said["text"]: h for h in hits if h.said is not None and h.said["rank"] is not None}


def test_a_line_is_found_by_what_it_means(spoken: Catalog):
    hits = said(found(spoken, "yellow bicycle"))
    assert list(hits) == [LINES["blue"]]
    hit = hits[LINES["blue"]]
    assert hit.keyword_rank is None, "no word of the query is in it"
    assert hit.clip is not None
    assert hit.clip["start"] == 2.0
    assert hit.said is not None
    assert {**hit.said, "cosine": None, "confidence": None} == {
        "clip_id": hit.said["clip_id"], "text": LINES["blue"], "language": "en",
        "start": 2.2, "end": 2.8, "timecode_in": "10:00:02:05", "timecode_out": "10:00:02:20",
        "cosine": None, "rank": 1, "confidence": None,
    }  # fmt: skip
    assert hit.said["cosine"] > 0.8
    assert hit.said["confidence"] > 0.9
    assert hit.as_json()["said"] == hit.said


def test_the_picture_comes_first_and_keeps_its_own_cosine(spoken: Catalog):
    [first, *others] = found(spoken, "yellow bicycle")
    assert first.asset["name"] == "mute.mp4"
    assert first.said is None
    assert first.cosine is not None
    spoken_hit = said(others)[LINES["blue"]]
    assert spoken_hit.cosine is not None
    assert spoken_hit.cosine < first.cosine
    assert spoken_hit.said["cosine"] > spoken_hit.cosine, "never one for the other"


def test_what_is_said_and_shown_is_before_what_is_only_shown(spoken: Catalog):
    # Both assets show red; over the one somebody speaks of it.
    [first, second] = found(spoken, "red lorry")[:2]
    assert (first.asset["name"], first.said["text"]) == ("news.mp4", LINES["red"])
    assert second.asset["name"] == "mute.mp4"
    assert second.score < first.score < second.score + 0.8 / 61


def test_a_sound_is_heard_as_a_whole(spoken: Catalog):
    [hit] = said(found(spoken, "green apple")).values()
    assert hit.asset["name"] == "talk.wav"
    assert hit.clip is not None
    assert (hit.clip["kind"], hit.clip["start"]) == ("speech", 1.2)


def test_a_line_found_by_its_words_alone_is_named_too(spoken: Catalog):
    [hit] = [h for h in found(spoken, "minister") if h.keyword_rank is not None]
    assert hit.said is not None
    assert (hit.said["text"], hit.said["rank"]) == (LINES["white"], None)
    assert hit.said["cosine"] is None


def test_what_nobody_says_is_not_heard(spoken: Catalog):
    for query in ("a harbour in the fog", "black", "white"):
        assert said(found(spoken, query)) == {}


def test_filters_hold_for_what_is_said(spoken: Catalog):
    assert said(found(spoken, "yellow bicycle kind:video"))
    for query in ("kind:audio", "-collection:News", "clip:subclip", "name:mute.mp4", "roll:b"):
        assert not said(found(spoken, f"yellow bicycle {query}")), query
    stranger = spoken.seen_by(Actor("guest", collections=("Sport",)))
    assert found(stranger, "yellow bicycle") == []
    friend = spoken.seen_by(Actor("friend", collections=("News",)))
    assert said(found(friend, "yellow bicycle"))


def test_its_weight_can_be_set(spoken: Catalog):
    assert not said(found(spoken, "yellow bicycle", weights="speech=0"))
    [first, *_] = found(spoken, "yellow bicycle", weights="meaning=0.1,speech=1")
    assert first.said["text"] == LINES["blue"]


def test_pages_go_on_where_the_one_before_ended(spoken: Catalog):
    every = [(h.asset["id"], h.clip and h.clip["id"]) for h in found(spoken, "yellow bicycle")]
    paged, after = [], None
    for _ in every:
        page = spoken.search("yellow bicycle", limit=1, after=after)
        paged += [(h.asset["id"], h.clip and h.clip["id"]) for h in page.hits]
        after = page.next
    assert paged == every


@pytest.mark.parametrize("near", [True, False])
def test_what_stands_out_does_so_on_every_page(spoken: Catalog, near: bool):
    """Lines that come between two pages make others stand out, or no more."""
    asked = {"query": "yellow bicycle", "all_": True}
    whole = spoken.search(**asked, limit=50)
    first = spoken.search(**asked, limit=1)
    assert not said(list(first.hits))
    with spoken.database.session() as session:
        session.execute(
            text(
                "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text) "
                "SELECT id, 'speech', 0, 11, 'line ' || n "
                "FROM asset, generate_series(1, 200) n WHERE name = 'talk.wav'"
            )
        )
    spoken.encode()
    like = "vector"
    if not near:
        like = "l2_normalize(vector * array_fill(-1::float4, ARRAY[vector_dims(vector)])::halfvec)"
    moved = (
        f"UPDATE speech_embedding SET vector = (SELECT {like} FROM phrase WHERE text = :asked) "
        "FROM clip WHERE clip.id = clip_id AND end_pts = 11"
    )
    try:
        with spoken.database.session() as session:
            assert session.execute(text(moved), {"asked": asked["query"]}).rowcount == 200
        again = spoken.search(**asked, limit=50)
        assert again.cutoff["speech"] != whole.cutoff["speech"], "measured anew"
        rest, after = [], first.next
        while after is not None:
            page = spoken.search(**asked, limit=10, after=after)
            assert page.cutoff["speech"]["at_least"] == whole.cutoff["speech"]["at_least"]
            rest += [hit for hit in page.hits if hit.asset["name"] != "talk.wav"]
            after = page.next
    finally:
        with spoken.database.session() as session:
            session.execute(text("DELETE FROM clip WHERE end_pts = 11"))
    expected = [h.clip["id"] for h in whole.hits[1:] if h.asset["name"] != "talk.wav"]
    assert sorted(hit.clip["id"] for hit in rest) == sorted(expected)
    assert list(said(rest)) == [LINES["blue"]]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("said:minister", {LINES["white"]}),
        ('said:"the minister"', {LINES["white"]}),
        ('said:"minister the"', set()),
        ("said:submarines kind:video", {LINES["blue"]}),
        ("said:min*,baum", {LINES["white"], "Der grüne Baum ist green"}),
        ('said:"red car" -said:yellow', {LINES["red"]}),
        ("news said:car", {LINES["red"]}),  # the name finds it, and so the line is shown
        ("said:news", set()),  # said, and not written
        ('said:"submarine the minister"', set()),  # in shots of their own
    ],
)
def test_what_is_said_filters_and_is_shown(spoken: Catalog, query: str, lines: set[str]):
    hits = found(spoken, query, all_=True)
    assert {hit.said["text"] for hit in hits if hit.said} == lines
    assert all(hit.said for hit in hits)


def test_who_asks_for_what_is_said_sees_it_marked_and_on_the_terminal(spoken: Catalog, capsys):
    result = spoken.search('said:"minister resigned"')
    [hit] = result.hits
    [passage] = spoken.passages(result)[hit.rank]
    assert [text for text, matched in passage.parts if matched] == ["minister", "resigned"]
    assert passage.field == "speech"
    search_result(result)
    assert f"10:00:03:05 “{LINES['white']}”" in capsys.readouterr().out
    search_result(spoken.search("kind:still", limit=1))
    assert "said" not in capsys.readouterr().out
    rows = spoken.assets("said:baum")["assets"]
    assert [row["name"] for row in rows] == ["talk.wav"]


def test_it_is_one_statement(spoken: Catalog, statements):
    spoken.search("yellow bicycle")
    with statements.of(spoken):
        result = spoken.search("yellow bicycle")
    assert len([s for s in statements if "catalog.speech_embedding" in s]) == 1
    assert str(result.plan).endswith("+speech")


@pytest.mark.parametrize("kind", ["centres", "graph"])
def test_every_way_hears_the_same(spoken: Catalog, monkeypatch, kind: str):
    def listed() -> list[tuple[int, str | None]]:
        hits = found(spoken, "yellow bicycle") + found(spoken, "green apple kind:audio")
        return sorted((h.asset["id"], h.said and h.said["text"]) for h in hits if h.said)

    expected = listed()
    assert len(expected) == 2
    monkeypatch.setattr(centres, "INDEX_FROM", 1)
    build_graphs(spoken.database)
    choose = looking.choose

    def forced(*sizes: object, **kept: object) -> planning.Plan:
        plan = choose(*sizes, **kept)  # type: ignore[arg-type]
        return replace(plan, kind=kind, settings=planning._settings(kind, plan.take, 50))

    monkeypatch.setattr(looking, "choose", forced)
    result = spoken.search("yellow bicycle")
    assert result.plan.kind == kind
    assert result.plan.settings["hnsw.iterative_scan"] == "relaxed_order"
    assert listed() == expected


def test_sql_hears_it_as_well(spoken: Catalog):
    rows = spoken.sql(
        "SELECT name, said, said_at, said_timecode, speech_rank, keyword_rank "
        "FROM catalog.search('yellow bicycle') WHERE speech_rank IS NOT NULL"
    ).rows
    assert rows == [("news.mp4", LINES["blue"], 2.2, "10:00:02:05", 1, None)]
    [(line,)] = spoken.sql(
        "SELECT text FROM catalog.speech "
        "ORDER BY embedding <=> catalog.speech_phrase('yellow bicycle') LIMIT 1"
        " /* catalog.phrase('yellow bicycle') */"
    ).rows
    assert line == LINES["blue"]


def test_where_nothing_is_said_the_statement_is_as_before(catalog: Catalog, tmp_path, statements):
    catalog.ingest(video(tmp_path / "mute.mp4", ("red", "green")))
    catalog.search("red lorry")
    with statements.of(catalog):
        [first, *_] = catalog.search("red lorry").hits
    assert first.said is None
    assert not [s for s in statements if "catalog.speech_embedding" in s]
    assert catalog.search("red lorry").plan.as_json()["speech"] is False


def test_many_lines_are_scanned_where_filters_keep_few_of_the_nearest(spoken: Catalog, monkeypatch):
    """More lines say it than are met: then all are looked at, and the filter loses none."""
    with spoken.database.session() as session:
        session.execute(
            text(
                "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text) "
                "SELECT id, 'speech', 0, 10, CASE WHEN n <= 450 THEN 'Yellow submarine' "
                "ELSE 'line ' || n END FROM asset, generate_series(1, 2400) n "
                "WHERE name = 'mute.mp4'"
            )
        )
    spoken.encode()
    try:
        kept = said(found(spoken, "yellow bicycle name:news.mp4"))
        assert list(kept) == [LINES["blue"]]
        # Met on a graph, by the statement that finds out that the filters keep few.
        monkeypatch.setattr(centres, "INDEX_FROM", 1)
        build_graphs(spoken.database)
        monkeypatch.setattr(planning, "_EXACT_BELOW", 0)
        narrow = spoken.search("yellow bicycle name:news.mp4", limit=50)
        assert "so few" in narrow.plan.reason
        assert narrow.plan.settings["hnsw.iterative_scan"] == "relaxed_order", "else 40 are met"
        assert list(said(list(narrow.hits))) == [LINES["blue"]]
    finally:
        with spoken.database.session() as session:
            session.execute(
                text("DELETE FROM clip WHERE text = 'Yellow submarine' AND end_pts = 10")
            )


def test_the_same_words_are_heard_however_much_lines_differ(catalog: Catalog, tmp_path: Path):
    """A third of what is said is the very opposite: two spreads lead to a cosine beyond 1."""
    film = video(tmp_path / "talk.mp4", ("red", "green"))
    subtitles(film.with_suffix(".srt"), {0: "the minister resigned"})
    catalog.ingest(film)
    asked = "the minister resigned"
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO clip (asset_id, kind, start_pts, end_pts, text) SELECT id, 'speech', "
                "0, 1, CASE WHEN n % 3 = 0 THEN 'opposite' ELSE 'line' END || n "
                "FROM asset, generate_series(1, 90) n"
            )
        )
    catalog.encode()
    catalog.search(asked)
    with catalog.database.session() as session:
        opposite = (
            "UPDATE speech_embedding e SET vector = (SELECT l2_normalize(vector * array_fill("
            "-1::float4, ARRAY[vector_dims(vector)])::halfvec) FROM phrase WHERE text = :asked) "
            "FROM clip WHERE clip.id = e.clip_id AND clip.text LIKE 'opposite%'"
        )
        assert session.execute(text(opposite), {"asked": asked}).rowcount == 30
    heard = said(found(catalog, asked))
    assert list(heard) == ["the minister resigned"]
    planned = catalog.recommend(text="The minister resigned.")
    assert [p.clip["text"] for p in planned.lines[0].a_roll] == ["the minister resigned"]
