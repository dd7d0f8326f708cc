"""Black and bars do not pollute results, and are there for who asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_footage import video
from sqlalchemy import text

from catalog import Catalog
from catalog.errors import InvalidInputError, NotFoundError


def test_black_is_left_out_unless_asked_for(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "edit.mp4", ("red", "black", "blue"), frames=50)
    video(tmp_path / "slug.mp4", ("black",), frames=50, mark=2)
    catalog.ingest(tmp_path)

    clips = catalog.show("edit.mp4")["clips"]
    assert [clip["flag"] for clip in clips] == [None, "black", None]
    [slug] = catalog.show("slug.mp4")["clips"]
    assert slug["flag"] == "black"

    def found(query: str) -> set[tuple[str, int | None]]:
        hits = catalog.search(query, limit=50).hits
        return {(hit.asset["name"], hit.clip["id"] if hit.clip else None) for hit in hits}

    searched = {("edit.mp4", clips[0]["id"]), ("edit.mp4", clips[2]["id"])}
    black = {("edit.mp4", clips[1]["id"]), ("slug.mp4", slug["id"])}
    assert found("a black night") == searched
    assert found("a black night is:black") == found("is:black") == found("has:flag") == black
    assert found("is:bars") == set()

    def rows(view: str) -> int:
        return int(catalog.sql(f"SELECT count(*) FROM catalog.{view}").rows[0][0])

    assert (rows("shots"), rows("all_shots")) == (2, 4), "SQL leaves out what a search leaves out"
    assert rows("frames") == 2
    assert rows("all_frames") > 2
    # An asset of nothing else is still in the list, and found by its name.
    assert {row["name"] for row in catalog.assets()["assets"]} == {"edit.mp4", "slug.mp4"}
    assert ("slug.mp4", None) in found("slug")
    assert {row["name"] for row in catalog.assets("is:black")["assets"]} == {
        "edit.mp4",
        "slug.mp4",
    }


def test_what_a_person_says_of_a_shot_outlives_another_analysis(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "edit.mp4", ("red", "black", "blue"), frames=50)
    catalog.ingest(tmp_path / "edit.mp4")
    first, second, third = [clip["id"] for clip in catalog.show("edit.mp4")["clips"]]
    assert catalog.flag([second], None) == [second]
    assert catalog.flag([third], "slate") == [third]
    for wrong in ([first, 10**9], [10**9]):
        with pytest.raises(NotFoundError, match="no shot's id"):
            catalog.flag(wrong, "leader")
    with pytest.raises(InvalidInputError, match="expected one of bars, black, leader, slate"):
        catalog.flag([first], "boring")

    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.stage SET state = 'due'"))
    catalog.ingest(tmp_path / "edit.mp4")
    clips = catalog.show("edit.mp4")["clips"]
    assert [clip["flag"] for clip in clips] == [None, None, "slate"]
    assert clips[0]["id"] != first
    hits = catalog.search("red", limit=9).hits
    assert {hit.clip["id"] for hit in hits if hit.clip} == {clips[0]["id"], clips[1]["id"]}
    [slate] = catalog.search("is:slate").hits
    assert slate.clip is not None
    assert slate.clip["id"] == clips[2]["id"]


def test_posters_and_bins_outlive_another_analysis(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "edit.mp4", ("red", "green", "blue"), frames=100)
    catalog.ingest(tmp_path / "edit.mp4")
    clips = [clip["id"] for clip in catalog.show("edit.mp4")["clips"]]
    frames = "SELECT id, pts FROM catalog.frame WHERE clip_id = {} AND NOT poster ORDER BY pts"
    # Those the analysis would collapse are not there to be chosen, so one more is put in.
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO catalog.frame (asset_id, clip_id, pts, start_pts, end_pts, picture,"
                " width, height) SELECT asset_id, clip_id, pts + 1, pts + 1, end_pts, picture,"
                " width, height FROM catalog.frame WHERE clip_id = :clip"
            ),
            {"clip": clips[1]},
        )
        session.execute(text("INSERT INTO catalog.bin (name) VALUES ('selects')"))
        for position, clip in enumerate((clips[2], clips[0])):
            session.execute(
                text(
                    "INSERT INTO catalog.bin_item (bin_id, position, clip_id, note)"
                    " SELECT id, :at, :clip, 'note ' || :at FROM catalog.bin"
                ),
                {"at": position, "clip": clip},
            )
    [[chosen, pts]] = catalog.sql(frames.format(clips[1])).rows
    catalog.poster(clips[1], chosen)

    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.stage SET state = 'due'"))
    catalog.ingest(tmp_path / "edit.mp4")

    anew = [clip["id"] for clip in catalog.show("edit.mp4")["clips"]]
    assert not set(anew) & set(clips)
    items = catalog.sql("SELECT clip_id, note FROM catalog.bin_item ORDER BY position").rows
    assert [tuple(item) for item in items] == [(anew[2], "note 0"), (anew[0], "note 1")]
    [[poster, person]] = catalog.sql(
        "SELECT pts, poster_by_person FROM catalog.frame"
        f" WHERE clip_id = {anew[1]} ORDER BY abs(pts - {pts}) LIMIT 1"
    ).rows
    assert person
    assert abs(poster - pts) <= 1
