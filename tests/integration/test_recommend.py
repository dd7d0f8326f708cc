"""From a script to shots, to a bin, to a timeline of two tracks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import opentimelineio as otio
import pytest
from own_databases import copied_catalog
from small_footage import still, video
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.actor import Actor
from catalog.domain.recommended import Pick, PlannedLine, Recommendation
from catalog.errors import (
    ConflictError,
    InvalidInputError,
    InvalidQueryError,
    NotFoundError,
    PathNotFoundError,
)
from catalog.settings import Settings

CUES = """1
00:00:00,100 --> 00:00:01,800
I have seen the harbour burn, says Claudia Roth

2
00:00:02,000 --> 00:00:03,500
Nobody told the minister about the bridge
"""


@pytest.fixture(scope="module")
def footage(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interview of two sentences, and two rolls of four colours, five seconds each.

    They are ingested once, into a catalogue that nobody has open.
    """
    folder = tmp_path_factory.mktemp("recommend")
    talk = video(folder / "talk.mp4", ["white", "black"], frames=50, timecode="09:00:00:00")
    talk.with_suffix(".en.srt").write_text(CUES, encoding="utf-8")
    for number, hour in ((1, "10"), (2, "11")):
        colours = ["red", "green", "blue", "yellow"]
        name = folder / f"roll-{number}.mp4"
        video(name, colours, frames=125, timecode=f"{hour}:00:00:00", mark=number)
    with Catalog.open(shared_settings) as catalog:
        assert catalog.ingest(folder / "talk.mp4", collection="News").failures == []
        assert catalog.ingest(folder / "roll-1.mp4", collection="News").failures == []
        report = catalog.ingest(folder / "roll-2.mp4", collection="Archive", tags=["old"])
        assert report.failures == []
    return folder


@pytest.fixture
def catalog(
    postgres_url: str, shared_settings: Settings, footage: Path, tmp_path: Path
) -> Iterator[Catalog]:
    """A catalogue of the test's own with the footage in it."""
    with copied_catalog(postgres_url, shared_settings, tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def empty(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(settings) as opened:
        yield opened


SCRIPT = "The red harbour burns, says Claudia Roth.\n\nA green field lies behind the bridge.\n"


def colours_of(catalog: Catalog) -> dict[int, str]:
    """Which colour each shot of the rolls has."""
    order = ["red", "green", "blue", "yellow"]
    found = {}
    for name in ("roll-1.mp4", "roll-2.mp4"):
        shots = [clip for clip in catalog.show(name)["clips"] if clip["kind"] == "shot"]
        found |= {clip["id"]: colour for clip, colour in zip(shots, order, strict=True)}
    return found


def clips_of(line: PlannedLine, roll: str) -> list[int]:
    return [each.clip["id"] for each in line.of("A" if roll == "A" else "B")]


def every(planned: Recommendation) -> list[int]:
    return [clip for line in planned.lines for roll in "AB" for clip in clips_of(line, roll)]


def test_each_line_gets_what_says_it_and_what_shows_it(catalog: Catalog):
    colours = colours_of(catalog)
    planned = catalog.recommend(text=SCRIPT)
    first, second = planned.lines
    assert (first.line.number, first.line.names) == (1, ("Claudia Roth",))
    assert [colours.get(clip) for clip in clips_of(first, "B")[:2]] == ["red", "red"]
    assert [colours.get(clip) for clip in clips_of(second, "B")[:2]] == ["green", "green"]
    assert first.a_roll[0].clip["text"].startswith("I have seen the harbour burn")
    assert {"claudia", "roth", "harbour"} <= set(first.a_roll[0].words)
    assert second.a_roll[0].clip["text"].startswith("Nobody told the minister")
    # Nothing twice, in all lines and rolls.
    assert len(set(every(planned))) == len(every(planned))
    # Nobody speaks over a B-roll: the interview's own shots are none.
    assert {p.clip["asset"]["name"] for line in planned.lines for p in line.b_roll} <= {
        "roll-1.mp4",
        "roll-2.mp4",
    }
    shot = first.b_roll[0]
    assert shot.long_enough
    assert shot.use["end"] - shot.use["start"] == pytest.approx(first.line.seconds, abs=0.02)
    assert "cosine" in shot.reason
    assert "says claudia, roth" in first.a_roll[0].reason


def test_the_plan_is_the_same_each_time(catalog: Catalog):
    once, again = (catalog.recommend(text=SCRIPT).as_json() for _ in range(2))
    assert {**once, "took_ms": 0} == {**again, "took_ms": 0}
    assert json.loads(json.dumps(once)) == once


def test_what_is_locked_stays_and_the_rest_goes_round_it(catalog: Catalog):
    colours = colours_of(catalog)
    blue = next(clip for clip, colour in colours.items() if colour == "blue")
    red = clips_of(catalog.recommend(text=SCRIPT).lines[0], "B")[0]
    planned = catalog.recommend(text=SCRIPT, locks=[f"1={blue}", Pick(red, 2)])
    first, second = planned.lines
    assert (clips_of(first, "B")[0], first.b_roll[0].locked) == (blue, True)
    assert (clips_of(second, "B")[0], second.b_roll[0].locked) == (red, True)
    assert len(set(every(planned))) == len(every(planned))
    speech = second.a_roll[0].clip["id"]
    turned = catalog.recommend(text=SCRIPT, locks=[f"1={speech}"])
    assert clips_of(turned.lines[0], "A")[0] == speech
    assert speech not in clips_of(turned.lines[1], "A")


def test_others_than_those_avoided_are_proposed(catalog: Catalog):
    planned = catalog.recommend(text=SCRIPT)
    red, green = (clips_of(line, "B")[0] for line in planned.lines)
    others = catalog.recommend(text=SCRIPT, avoid=[f"1={red}", green])
    assert red not in clips_of(others.lines[0], "B")
    assert green not in every(others)


def test_what_a_bin_uses_is_not_used_again(catalog: Catalog):
    red = clips_of(catalog.recommend(text=SCRIPT).lines[0], "B")[0]
    shot = catalog.clip(red)
    # A part of the shot is used: so the shot is.
    part = catalog.mark(shot["asset"]["id"], shot["start"] + 0.2, shot["start"] + 1)
    catalog.bin.create("Yesterday", clips=[part["id"]])
    assert red not in every(catalog.recommend(text=SCRIPT, bins_used=["Yesterday"]))
    with pytest.raises(NotFoundError, match="Nothing of the kind"):
        catalog.recommend(text=SCRIPT, bins_used=["Nothing of the kind"])


def test_the_filter_keeps_what_is_proposed(catalog: Catalog):
    planned = catalog.recommend(text=SCRIPT, filter="collection:Archive")
    names = {p.clip["asset"]["name"] for line in planned.lines for p in line.b_roll}
    assert names == {"roll-2.mp4"}
    assert all(line.a_roll == () for line in planned.lines)
    without = catalog.recommend(text=SCRIPT, filter="-tag:old")
    assert "roll-2.mp4" not in {p.clip["asset"]["name"] for x in without.lines for p in x.b_roll}
    with pytest.raises(InvalidQueryError, match="keep nothing out"):
        catalog.recommend(text=SCRIPT, filter="harbour collection:News")


def test_nobody_is_proposed_what_they_do_not_see(catalog: Catalog):
    limited = catalog.seen_by(Actor("news", collections=frozenset({"News"})))
    planned = limited.recommend(text=SCRIPT, take=10)
    assert "roll-2.mp4" not in {p.clip["asset"]["name"] for x in planned.lines for p in x.b_roll}
    other = next(c["id"] for c in catalog.show("roll-2.mp4")["clips"] if c["kind"] == "shot")
    with pytest.raises(NotFoundError, match=str(other)):
        limited.recommend(text=SCRIPT, locks=[f"1={other}"])


def test_a_shot_too_short_for_its_line_comes_after_those_that_last(empty: Catalog, tmp_path: Path):
    video(tmp_path / "media" / "short.mp4", ["red"], frames=25)
    video(tmp_path / "media" / "long.mp4", ["yellow"], frames=200, mark=3)
    still(tmp_path / "media" / "photo.png", "green")
    empty.ingest(tmp_path / "media")
    [line] = empty.recommend(text="A red house stands at the end of the long road.").lines
    names = [p.clip["asset"]["name"] for p in line.b_roll]
    assert set(names) == {"short.mp4", "long.mp4", "photo.png"}
    by_name = dict(zip(names, line.b_roll, strict=True))
    assert not by_name["short.mp4"].long_enough
    assert "that the line takes" in by_name["short.mp4"].reason
    # A still is as long as it is shown.
    assert by_name["photo.png"].long_enough
    assert by_name["long.mp4"].long_enough


def test_names_in_the_metadata_bring_shots_that_their_pictures_do_not(
    catalog: Catalog, tmp_path: Path
):
    video(tmp_path / "more" / "x.mp4", ["yellow"], frames=125, mark=9)
    catalog.ingest(tmp_path / "more")
    named = catalog.show("x.mp4")["id"]
    catalog.edit([named], title="Zelenskyy arrives in Brussels")
    [line] = catalog.recommend(text="The red carpet waits for Zelenskyy in Brussels.").lines
    proposed = {p.clip["asset"]["id"]: p for p in line.b_roll}
    assert named in proposed
    assert set(proposed[named].words) >= {"zelenskyy", "brussels"}
    assert "its texts have" in proposed[named].reason


def test_what_is_logged_over_a_shot_brings_it_and_what_is_said_over_others_does_not(
    catalog: Catalog,
):
    shots = [clip for clip in catalog.show("roll-2.mp4")["clips"] if clip["kind"] == "shot"]
    wanted = shots[3]["id"]  # yellow
    catalog.mark("roll-2.mp4", 16.0, 17.0, name="Claudia Roth leaves")
    [line] = catalog.recommend(text="The blue harbour belongs to Claudia Roth now.").lines
    named = {p.clip["id"]: p.words for p in line.b_roll if p.words}
    assert list(named) == [wanted]
    assert set(named[wanted]) >= {"claudia", "roth"}


def test_the_plan_goes_to_a_bin_and_out_on_two_tracks(catalog: Catalog, tmp_path: Path):
    planned = catalog.recommend(text=SCRIPT, bin="Story")
    assert planned.bin is not None
    made = catalog.bin.show("Story")
    assert [(i["line"], i["roll"]) for i in made["items"]] == [
        (1, "A"), (1, "B"), (2, "A"), (2, "B"),
    ]  # fmt: skip
    assert made["items"][0]["note"].startswith("1. The red harbour burns")
    assert made["items"][1]["trimmed"]
    with pytest.raises(ConflictError):
        catalog.recommend(text=SCRIPT, bin="Story")
    target = tmp_path / "story.otio"
    report = catalog.export("Story", format="otio", file=target)
    assert report["left_out"] == []
    read = otio.adapters.read_from_file(str(target))
    tracks = {track.name: list(track.find_clips()) for track in read.tracks}
    assert {name: len(each) for name, each in tracks.items()} == {"V1": 2, "V2": 2}
    said, shown = tracks["V1"], tracks["V2"]
    # What shows a line begins with what says it.
    assert (said[0].range_in_parent().start_time.value, said[0].name) == (0, "talk")
    assert shown[0].range_in_parent().start_time.value == 0
    second = max(c.range_in_parent().end_time_exclusive().value for c in (said[0], shown[0]))
    starts = {c.trimmed_range_in_parent().start_time.value for c in (said[1], shown[1])}
    assert starts == {second}
    assert said[0].markers[0].name.startswith("1. The red harbour burns")
    assert shown[1].metadata["catalog"]["roll"] == "B"


def test_an_item_has_an_in_and_an_out_of_its_own(catalog: Catalog, footage: Path):
    shot = next(c for c in catalog.show("roll-1.mp4")["clips"] if c["kind"] == "shot")
    made = catalog.bin.create(
        "Marks", items=[{"clip": shot["id"], "start": 1, "end": "10:00:03:00"}]
    )
    [item] = made["items"]
    assert (item["start"], item["end"], item["trimmed"]) == (1.0, 3.0, True)
    assert (item["timecode_in"], item["clip"]["timecode_in"]) == ("10:00:01:00", "10:00:00:00")
    body = catalog.bin.trim("Marks", item["id"], end=2)
    assert (body["items"][0]["start"], body["items"][0]["end"]) == (0.0, 2.0)
    body = catalog.bin.trim("Marks", item["id"])
    assert not body["items"][0]["trimmed"]
    with pytest.raises(InvalidInputError, match="no part of"):
        catalog.bin.trim("Marks", item["id"], start=3, end=2)
    with pytest.raises(InvalidInputError, match="no roll"):
        catalog.bin.add("Marks", items=[{"clip": shot["id"], "roll": "C"}])
    catalog.bin.trim("Marks", item["id"], start=1, end=2)
    # Analysing anew puts the item on the shot that is found then, with what it says.
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.stage SET state = 'due'"))
    catalog.ingest(footage / "roll-1.mp4")
    [item] = catalog.bin.show("Marks")["items"]
    assert (item["start"], item["end"]) == (1.0, 2.0)
    rows = catalog.sql('SELECT bin, "start", timecode_out FROM catalog.binned').rows
    assert [tuple(row) for row in rows] == [("Marks", 1.0, "10:00:02:00")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "  \n "}, "no line"),
        ({"text": "One line.", "take": 0}, "expected 1 to 20"),
        ({"text": "One line.", "locks": ["1:2"]}, "no lock"),
        ({"text": "One line.", "locks": ["2=5"]}, "the script has 1 lines"),
        ({"text": "One line.", "avoid": ["x"]}, "CLIP or LINE=CLIP"),
        ({"text": "One line.", "kind": "opera"}, "text or fountain"),
        ({"text": "One line.", "words_per_minute": 5}, "expected 40 to 400"),
        ({}, "expected one"),
        ({"text": "a", "content": ("a.txt", b"a")}, "expected one"),
        ({"content": ("a.docx", b"PK\x03\x04nothing")}, "cannot be"),
    ],
)
def test_what_cannot_be_planned_is_refused(empty: Catalog, options: dict, message: str):
    with pytest.raises(InvalidInputError, match=message):
        empty.recommend(**options)


def test_a_lock_that_is_not_there_is_named(catalog: Catalog):
    with pytest.raises(NotFoundError, match="999999"):
        catalog.recommend(text=SCRIPT, locks=["1=999999"])
    clip = clips_of(catalog.recommend(text=SCRIPT).lines[0], "B")[0]
    with pytest.raises(InvalidInputError, match="used twice"):
        catalog.recommend(text=SCRIPT, locks=[f"1={clip}", f"2={clip}"])
    with pytest.raises(PathNotFoundError):
        catalog.recommend("no such script.txt")


def test_a_catalogue_without_anything_proposes_nothing(empty: Catalog):
    planned = empty.recommend(text=SCRIPT)
    assert every(planned) == []
    with pytest.raises(InvalidInputError, match="nothing to put into a bin"):
        empty.recommend(text=SCRIPT, bin="Empty")


def test_words_that_tell_nothing_are_no_reason(catalog: Catalog):
    planned = catalog.recommend(text="Have a look about the place.\n\nThe minister said it.\n")
    assert [each.clip["text"] for each in planned.lines[0].a_roll] == []
    [said] = planned.lines[1].a_roll
    assert said.words == ("minister",)
    german = catalog.recommend(text="Die Brücke, die nicht über dem Fluss ist, mit den Bildern.\n")
    assert german.lines[0].a_roll == ()
