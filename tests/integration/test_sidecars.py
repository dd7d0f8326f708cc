"""Sidecars the whole way: what they say is shown, searched, replaced and taken back."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from small_footage import sound, still, video

from catalog import Catalog

NLE = Path(__file__).resolve().parents[2].parent / "shared" / "nle"

SUBTITLES = """1
00:00:01,100 --> 00:00:01,500
Welcome to the <i>press</i>

2
00:00:01,500 --> 00:00:01,900
conference of the minister
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Three shots of a second each, from ten o'clock."""
    return video(tmp_path / "media" / "clip.mov", ["red", "green", "blue"], timecode="10:00:00:00")


def clips(catalog: Catalog, name: str, kind: str) -> list[tuple[float, float, str]]:
    shown = catalog.show(name)["clips"]
    return [(c["start"], c["end"], c["text"]) for c in shown if c["kind"] == kind]


def rewrite(path: Path, text: str) -> None:
    """Write a file again, later by the clock of its folder than before."""
    before = path.stat().st_mtime_ns
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 1_000_000_000,) * 2)


def test_subtitles_become_speech_and_find_the_shot_below_them(catalog: Catalog, film: Path):
    film.with_suffix(".en.srt").write_text(SUBTITLES, encoding="utf-8")
    report = catalog.ingest(film.parent)
    assert (report.ready, report.failures, report.warnings) == (1, [], [])
    assert clips(catalog, "clip.mov", "speech") == [
        (1.1, 1.5, "Welcome to the press"),
        (1.5, 1.9, "conference of the minister"),
    ]
    # The phrase goes on from one subtitle to the next: it is the shot that is heard.
    [hit] = catalog.search('"press conference"').hits
    assert (hit.clip["kind"], hit.clip["start"], hit.keyword_rank) == ("shot", 1.0, 1)
    # Free words rank and exclude nothing; only the shot that is spoken over has a place.
    hits = catalog.search("press conference").hits
    assert [h.clip["start"] for h in hits if h.keyword_rank == 1] == [1.0]
    assert catalog.search("-minister").total_candidates == 2
    assert catalog.search("lang:en has:speech").total_candidates == 3
    assert catalog.assets('"press conference"')["assets"][0]["name"] == "clip.mov"


def test_a_shot_spoken_over_comes_before_the_others_of_its_asset(catalog: Catalog, film: Path):
    film.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    catalog.ingest(film.parent, metadata={"event": "the minister in town"})
    hits = catalog.search("minister kind:video").hits
    ranks = {hit.clip["start"]: hit.keyword_rank for hit in hits}
    assert ranks == {0.0: 2, 1.0: 1, 2.0: 2}
    # Half by the asset's words, half by what is said.
    [hit] = [h for h in catalog.search("town conference").hits if h.keyword_rank]
    assert hit.clip["start"] == 1.0


def test_a_changed_sidecar_takes_back_what_it_said_and_a_removed_one_too(
    catalog: Catalog, film: Path
):
    srt, note = film.with_suffix(".srt"), film.with_suffix(".json")
    srt.write_text(SUBTITLES, encoding="utf-8")
    note.write_text('{"title": "First", "keywords": ["red", "one"], "crew": "Ada"}')
    catalog.ingest(film.parent)
    kept = {c["id"] for c in catalog.show("clip.mov")["clips"]}
    catalog.tag(["clip.mov"], ["One", "mine"])  # a person says "one" too
    rewrite(srt, SUBTITLES.replace("conference", "briefing"))
    rewrite(note, '{"title": "Second", "keywords": ["two"]}')
    report = catalog.ingest(film.parent)
    assert (report.frames, report.registered) == (0, 0)
    shown = catalog.show("clip.mov")
    assert (shown["title"], set(shown["tags"])) == ("Second", {"mine", "one", "two"})
    assert shown["metadata"]["sidecar"]["json"] == {"title": "Second", "keywords": ["two"]}
    assert [text for *_, text in clips(catalog, "clip.mov", "speech")] == [
        "Welcome to the press",
        "briefing of the minister",
    ]
    assert len(kept & {c["id"] for c in shown["clips"]}) == len(kept) - 1
    assert catalog.search('"press conference"').hits == ()
    srt.unlink()
    note.unlink()
    catalog.ingest(film.parent)
    shown = catalog.show("clip.mov")
    assert (shown["title"], set(shown["tags"])) == (None, {"mine", "one"})
    assert "sidecar" not in shown["metadata"]
    assert clips(catalog, "clip.mov", "speech") == []
    assert catalog.search("briefing").hits[0].keyword_rank is None


def test_what_a_person_wrote_stays(catalog: Catalog, film: Path):
    note = film.with_suffix(".json")
    note.write_text('{"title": "Theirs", "description": "A sidecar\'s", "tags": "a, b"}')
    catalog.ingest(film.parent)
    with catalog.database.session() as session:
        from sqlalchemy import text

        session.execute(text("UPDATE catalog.asset SET title = 'Mine'"))
        session.execute(
            text(
                "INSERT INTO catalog.clip (asset_id, kind, start_pts, end_pts, text) "
                "SELECT id, 'subclip', 0, 10, 'by hand' FROM catalog.asset"
            )
        )
    rewrite(note, '{"title": "Theirs again", "description": "Other", "tags": "b"}')
    catalog.ingest(film.parent)
    shown = catalog.show("clip.mov")
    assert (shown["title"], shown["description"], shown["tags"]) == ("Mine", "Other", ["b"])
    assert [c["text"] for c in shown["clips"] if c["kind"] == "subclip"] == ["by hand"]
    note.unlink()
    catalog.ingest(film.parent)
    shown = catalog.show("clip.mov")
    assert (shown["title"], shown["description"], shown["tags"]) == ("Mine", "mark 0", [])


def test_the_files_own_title_comes_back_with_the_sidecar_gone(catalog: Catalog, tmp_path: Path):
    film = video(tmp_path / "m" / "own.mp4", metadata={"title": "From the file"})
    (film.parent / "own.mp4.xmp").write_text(XMP, encoding="utf-8")
    catalog.ingest(film.parent)
    shown = catalog.show("own.mp4")
    assert (shown["title"], shown["language"]) == ("Міст уночі", "uk")
    assert shown["recorded"] == "2024-05-01T09:30:00+00:00"
    assert set(shown["tags"]) == {"bridge", "night"}
    assert shown["metadata"]["sidecar"]["xmp"]["photoshop"]["city"] == "Київ"
    assert catalog.search('tag:night lang:uk recorded:2024-05 "Київ"').total_candidates == 1
    assert catalog.search("meta.sidecar.xmp.photoshop.city:Київ").total_candidates == 1
    (film.parent / "own.mp4.xmp").unlink()
    catalog.ingest(film.parent)
    shown = catalog.show("own.mp4")
    assert (shown["title"], shown["language"]) == ("From the file", None)


XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/">
<rdf:Description rdf:about="" photoshop:City="Київ" xmpDM:shotDate="2024-05-01T12:30:00+03:00">
<dc:title><rdf:Alt><rdf:li xml:lang="en">Bridge</rdf:li>
<rdf:li xml:lang="x-default">Міст уночі</rdf:li></rdf:Alt></dc:title>
<dc:subject><rdf:Bag><rdf:li>bridge</rdf:li><rdf:li>night</rdf:li></rdf:Bag></dc:subject>
<dc:language><rdf:Bag><rdf:li>ukr</rdf:li></rdf:Bag></dc:language>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def test_logs_of_a_folder_describe_each_clip_by_file_and_by_reel(catalog: Catalog, film: Path):
    second = video(film.parent / "B002.mov", ["white"], timecode="11:00:00:00", mark=1)
    (film.parent / "day1.ale").write_text(
        "Heading\nFIELD_DELIM\tTABS\nVIDEO_FORMAT\t1080\nFPS\t25\n\nColumn\n"
        "Name\tTape\tStart\tEnd\tScene\tComments\n\nData\n"
        "clip\tA001\t10:00:00:10\t10:00:01:10\t12A\tWide of the harbour\n"
        "clip\tA001\t10:00:02:00\t10:00:02:20\t12B\tClose on hands\n"
        "other\tA001\t14:00:00:00\t14:00:10:00\t13\tElsewhere\n",
        encoding="utf-8",
    )
    (film.parent / "cut.edl").write_text(
        "TITLE: CUT\nFCM: NON-DROP FRAME\n"
        "001  B002     V     C        11:00:00:05 11:00:00:15 01:00:00:00 01:00:00:10\n"
        "* FROM CLIP NAME: WAVING CROWD\n"
        "002  B002     V     C        12:00:00:05 12:00:00:15 01:00:00:10 01:00:00:20\n"
        "* FROM CLIP NAME: NOT HERE\n"
    )
    (film.parent / "list.csv").write_text(
        "File name;Title;Keywords;Language\nB002.mov;Второй;crowd|street;rus\n", encoding="cp1251"
    )
    report = catalog.ingest(film.parent)
    assert (report.ready, report.warnings) == (2, [])
    assert clips(catalog, "clip.mov", "subclip") == [
        (0.4, 1.4, "clip\nWide of the harbour"),
        (2.0, 2.8, "clip\nClose on hands"),
    ]
    assert clips(catalog, second.name, "subclip") == [(0.2, 0.6, "WAVING CROWD")]
    shown = catalog.show("clip.mov")
    assert shown["metadata"]["sidecar"]["ale"]["scene"] == ["12A", "12B"]
    assert "sidecar" in catalog.show(second.name)["metadata"]
    assert set(catalog.show(second.name)["tags"]) == {"crowd", "street"}
    assert catalog.show(second.name)["language"] == "ru"
    # The columns are the asset's words too, so all its shots are found; the shot below comes first.
    best = catalog.search('"close on hands"').hits[0]
    assert (best.clip["start"], best.keyword_rank) == (2.0, 1)
    hits = catalog.search('"harbour"').hits
    assert {h.clip["start"] for h in hits if h.keyword_rank == 1} == {0.0, 1.0}


@pytest.mark.skipif(not NLE.is_dir(), reason=f"SKIPPED: no sample logs in {NLE}")
def test_real_logs_describe_clips(catalog: Catalog, tmp_path: Path):
    folder = tmp_path / "media"
    video(folder / "A118_C029_1102JR.mov", ["red"], rate=Fraction(24000, 1001), frames=48,
          timecode="14:40:02:11")  # fmt: skip
    video(folder / "ZZ100_503A.mov", ["blue"], rate=Fraction(24), frames=96,
          timecode="01:00:06:00", mark=3)  # fmt: skip
    for name in ("otio_sampleUHD.ale", "otio_screening_example.edl", "otio_speed_effects.edl"):
        (folder / name).write_bytes((NLE / name).read_bytes())
    report = catalog.ingest(folder)
    assert (report.ready, report.warnings) == (2, [])
    shown = catalog.show("A118_C029_1102JR.mov")
    assert shown["metadata"]["sidecar"]["ale"]["image_size"] == "4096 x 2304"
    assert [c["text"] for c in shown["clips"] if c["kind"] == "subclip"] == ["A118_C029_1102JR"]
    # Reel ZZ100_50, by its source timecode.
    places = clips(catalog, "ZZ100_503A.mov", "subclip")
    assert (2.375, 3.541667, "ZZ100_503A (LAY1)") in [
        (round(start, 6), round(end, 6), text.split("\n")[0]) for start, end, text in places
    ]


def test_a_second_run_reads_nothing_and_writes_nothing(
    catalog: Catalog, film: Path, monkeypatch, statements
):
    film.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    film.with_suffix(".json").write_text("{broken")
    sound(film.parent / "plain.wav")
    first = catalog.ingest(film.parent)

    def refuse(*_: object) -> None:
        pytest.fail("a sidecar was read again")

    monkeypatch.setattr("catalog.ingest.sidecars.read_sidecar", refuse)
    monkeypatch.setattr("catalog.ingest.sidecars.texts_of", refuse)
    with statements.of(catalog):
        second = catalog.ingest(film.parent)
    assert second.warnings == first.warnings
    assert len(second.warnings) == 1
    assert [s for s in statements if "catalog.clip" in s and not s.startswith("SELECT")] == []


def test_a_sidecar_that_cannot_be_read_is_a_warning(catalog: Catalog, film: Path):
    film.with_suffix(".xmp").write_bytes(b"\0\1\2" * 100)
    film.with_suffix(".srt").write_text("Dear diary")
    film.with_suffix(".vtt").mkdir()
    os.mkfifo(film.with_suffix(".csv"))
    report = catalog.ingest(film.parent)
    assert (report.ready, report.failures) == (1, [])
    assert {(Path(w.path).suffix, w.code) for w in report.warnings} == {
        (suffix, "sidecar_unreadable") for suffix in (".xmp", ".srt", ".vtt", ".csv")
    }
    assert report.as_json()["warnings"][0].keys() == {"path", "code", "reason"}
    told = catalog.show("clip.mov")["metadata"]["sidecar"]["warnings"]
    assert {entry["file"] for entry in told} == {"clip.xmp", "clip.srt", "clip.vtt", "clip.csv"}
    film.with_suffix(".xmp").write_text(XMP, encoding="utf-8")
    assert len(catalog.ingest(film.parent).warnings) == 3
    assert catalog.show("clip.mov")["title"] == "Міст уночі"


def test_a_sidecar_that_leads_out_of_every_root_is_not_read(catalog: Catalog, film: Path):
    elsewhere = film.parents[1] / "secrets"
    elsewhere.mkdir()
    secret = elsewhere / "words.srt"
    secret.write_text(SUBTITLES, encoding="utf-8")
    inside = film.parent / "kept" / "words.json"
    inside.parent.mkdir()
    inside.write_text('{"title": "Read"}')
    film.with_suffix(".srt").symlink_to(secret)
    film.with_suffix(".json").symlink_to(inside)
    for _ in range(2):
        [warning] = catalog.ingest(film.parent).warnings
        assert (Path(warning.path).name, warning.code) == ("clip.srt", "outside_root")
        assert str(secret) in warning.reason
        assert clips(catalog, "clip.mov", "speech") == []
        assert catalog.show("clip.mov")["title"] == "Read"
    catalog.root.add(elsewhere)
    assert catalog.ingest(film.parent).warnings == []
    assert len(clips(catalog, "clip.mov", "speech")) == 2


def test_a_sound_is_found_by_its_subtitles(catalog: Catalog, tmp_path: Path):
    wav = sound(tmp_path / "m" / "talk.wav", seconds=4.0)
    wav.with_suffix(".uk.srt").write_text(SUBTITLES, encoding="utf-8")
    still(tmp_path / "m" / "x.png", "green")
    catalog.ingest(wav.parent)
    [hit] = catalog.search('"press conference"').hits
    assert (hit.asset["name"], hit.asset["kind"]) == ("talk.wav", "audio")
    assert (hit.clip["kind"], hit.clip["start"]) == ("speech", 1.1)
    assert catalog.search("lang:uk minister").hits[0].asset["name"] == "talk.wav"
    wav.with_suffix(".uk.srt").unlink()
    catalog.ingest(wav.parent)
    assert catalog.search('"press conference"').hits == ()


def test_copies_of_an_asset_say_it_once_and_a_move_loses_nothing(catalog: Catalog, film: Path):
    film.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    copy = film.parent / "copy"
    copy.mkdir()
    for source in (film, film.with_suffix(".srt")):
        (copy / source.name).write_bytes(source.read_bytes())
    catalog.ingest(film.parent)
    assert len(clips(catalog, "clip.mov", "speech")) == 2
    film.with_suffix(".srt").unlink()
    catalog.ingest(film.parent)
    assert len(clips(catalog, "clip.mov", "speech")) == 2
    moved = film.parent / "moved"
    copy.rename(moved)
    catalog.ingest(film.parent)
    assert len(clips(catalog, "clip.mov", "speech")) == 2


def test_subtitles_and_chapters_within_a_file(
    catalog: Catalog, tmp_path: Path, subtitled: Callable[[Path], Path]
):
    path = subtitled(tmp_path / "m" / "inside.mp4")
    report = catalog.ingest(path.parent)
    assert (report.ready, report.warnings) == (1, [])
    assert clips(catalog, "inside.mp4", "speech") == [
        (0.5, 1.0, "Hello press"),
        (1.0, 1.8, "two"),
    ]
    assert clips(catalog, "inside.mp4", "subclip") == [(0.0, 0.9, "Opening titles")]
    assert catalog.search('"hello press" lang:uk "opening titles"').total_candidates == 1


def test_an_analysis_done_again_is_described_again(catalog: Catalog, film: Path):
    film.with_suffix(".json").write_text('{"recorded": "2020-02-03", "title": "T"}')
    catalog.ingest(film.parent)
    with catalog.database.session() as session:
        from sqlalchemy import text

        session.execute(text("UPDATE catalog.stage SET state = 'due' WHERE name = 'analyse'"))
    catalog.ingest(film.parent)
    assert catalog.show("clip.mov")["recorded"] == "2020-02-03T00:00:00+00:00"
    film.with_suffix(".json").unlink()
    catalog.ingest(film.parent)
    shown = catalog.show("clip.mov")
    assert (shown["recorded"], shown["title"]) == (None, None)


def test_one_asset_analysed_by_a_worker_has_its_sidecars(catalog: Catalog, film: Path):
    film.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    found = catalog.register(film)
    catalog.analyse(found.asset_id)
    assert len(clips(catalog, "clip.mov", "speech")) == 2


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_embedded_text_is_read_as_far_as_the_time_reaches(
    tmp_path: Path, subtitled: Callable[[Path], Path], suffix: str
):
    from catalog.media.sidecars import read_embedded

    path = subtitled(tmp_path / f"a{suffix}")
    assert [s.text for s in read_embedded(path).segments][-2:] == ["Hello press", "two"]
    assert read_embedded(path).read_until is None
    cut = read_embedded(path, seconds=-1.0)
    assert len(cut.segments) < 3
    assert cut.read_until is not None
    assert 0 <= cut.read_until < 1
