"""What of a catalogue is learned from, and what a teaching that is broken off leaves behind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PIL import ImageColor
from small_footage import still
from sqlalchemy import text

from catalog import Catalog
from catalog.encoders.teaching import Pupil
from catalog.errors import InvalidInputError, NothingLearntError
from catalog.settings import Settings
from catalog.store.captions import other_pictures
from catalog.teach.material import around, everyday, logged_material

COLOURS = ["red", "green", "blue", "white", "yellow", "purple", "orange", "pink", "black", "grey"]
OTHERS = ["brown", "cyan"]


@pytest.fixture
def catalog(settings: Settings, tmp_path: Path):
    """Ten described stills, and two that nobody said anything of."""
    media = tmp_path / "media"
    for at, colour in enumerate([*COLOURS, *OTHERS]):
        still(media / f"{at}.png", ImageColor.getrgb(colour), mark=at)
    with Catalog.open(dataclasses.replace(settings, encoder="demo")) as opened:
        opened.ingest(media)
        for at, colour in enumerate(COLOURS):
            opened.edit([f"{at}.png"], description=f"A {colour} wall")
        yield opened


def home_of(catalog: Catalog) -> list[str]:
    folder = catalog.settings.home / "encoders"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_descriptions_tags_and_what_is_said_are_captions(catalog: Catalog, tmp_path: Path):
    def said(**named: list[str]) -> list[tuple[str, str]]:
        usual: dict[str, list[str]] = {"tags": [], "spoken": []}
        found = logged_material(catalog.database, catalog.store, **{**usual, **named})
        name = {at: picture.name.partition(" ")[0] for at, picture in enumerate(found.pictures)}
        return [(name[each.picture], each.text) for each in found.captions]

    assert said() == [(f"{at}.png", f"A {colour} wall") for at, colour in enumerate(COLOURS)]
    catalog.tag(["10.png", "0.png"], ["Graffiti", "archive"])
    new = set(said(tags=["graffiti"])) - set(said())
    assert new == {("0.png", "Graffiti"), ("10.png", "Graffiti")}
    with catalog.database.session() as session:
        session.execute(text(
            "INSERT INTO catalog.clip (asset_id, kind, start_pts, end_pts, text, language) "
            "SELECT id, 'speech', 0, 1, 'Look at that 100% windmill', 'en' FROM catalog.asset "
            "WHERE name = '11.png'"
        ))  # fmt: skip
    assert set(said(spoken=["WINDMILL"])) - set(said()) == {
        ("11.png", "Look at that 100% windmill")
    }
    # What LIKE would read as wild cards are letters.
    assert said(spoken=["wind_ill"]) == said()
    assert len(said(spoken=["100%"])) == len(COLOURS) + 1


def test_around_the_captions_are_other_pictures_and_other_texts(catalog: Catalog):
    catalog.search("what was asked before")
    catalog.search("a RED  wall")
    captioned = logged_material(catalog.database, catalog.store, tags=[], spoken=[])
    found = around(captioned, catalog.database, catalog.store, parent="demo", library=99, seed=1)
    assert len(found.library) == 2
    assert "what was asked before" in found.anchors
    assert "a RED  wall" not in found.anchors
    assert len(found.anchors) > 90
    assert everyday(9, 1) == everyday(9, 1) != everyday(9, 2)
    with catalog.database.session() as session:
        every = other_pictures(session, 99, 0, [])
        assert len(set(every)) == 12
        assert other_pictures(session, 5, 3, []) == other_pictures(session, 5, 3, [])
        assert other_pictures(session, 12, 3, []) != other_pictures(session, 12, 4, [])


def test_what_is_broken_off_leaves_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    rows = catalog.encoder.list()
    for name in ("learn", "save"):
        with monkeypatch.context() as patch:
            patch.setattr(Pupil, name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                catalog.train(steps=1, library=2)
        assert home_of(catalog) == []
    with monkeypatch.context() as patch:
        patch.setattr(catalog._encoders, "enter", interrupted)
        with pytest.raises(KeyboardInterrupt):
            catalog.train(steps=2, alpha=1.0, library=2)
    assert home_of(catalog) == []
    assert catalog.encoder.list() == rows


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_what_gains_nothing_is_not_written(catalog: Catalog):
    with pytest.raises(NothingLearntError, match="no encoder was written"):
        catalog.train(steps=2, rate=1e-9, most_loss=0, library=2)
    assert home_of(catalog) == []
    assert len(catalog.encoder.list()) == 1


def test_pictures_that_are_lost_are_left_out_and_named(catalog: Catalog):
    Path(catalog.show("9.png")["clips"][0]["frame"]["picture"]).unlink()
    with pytest.raises(InvalidInputError, match="9 pictures of 9 assets have captions"):
        catalog.train(steps=1, library=2)
    catalog.edit(["10.png", "11.png"], description="A brown or cyan wall")
    taught = catalog.train(steps=4, rate=1e-2, library=9, most_loss=1)
    assert [each.picture.partition(" ")[0] for each in taught.missing] == ["9.png"]
    assert catalog.audit(action="train")["entries"][0]["details"] == {"encoder": taught.name}
    assert taught.amounts.pictures == 11
    assert taught.amounts.library == 0
    assert any("no other pictures" in note for note in taught.notes)


def test_a_caption_file_teaches_as_well_and_another_says_what_to_keep(
    catalog: Catalog, tmp_path: Path
):
    rows = "".join(f"{at}.png,de,Eine Wand in {c}\n" for at, c in enumerate(COLOURS))
    (tmp_path / "media" / "mine.csv").write_text("file,language,caption\n" + rows)
    taught = catalog.train(
        tmp_path / "media" / "mine.csv",
        name="walls",
        method="full",
        steps=6,
        rate=1e-4,
        library=2,
        keep=tmp_path / "media" / "mine.csv",
        most_loss=1,
    )
    assert taught.amounts.languages == ("de",)
    assert (taught.method, taught.why) == ("full", "as asked for")
    assert taught.remembered is not None
    assert [each.label for each in taught.remembered.encoders] == ["demo", "walls"]
    with pytest.raises(InvalidInputError, match="Tags and spoken words"):
        catalog.train(tmp_path / "media" / "mine.csv", tags=["x"])
