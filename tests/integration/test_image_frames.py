"""Image sequences in a catalogue: one asset each, through ingest, moves, versions and watching."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_footage import still, video
from watched import eventually, online, places, rows, scan, watching

from catalog import Catalog
from catalog.domain.file_state import FileState
from catalog.errors import InvalidInputError, NotFoundError
from catalog.ingest.register import Registrar
from catalog.media.fingerprint import look
from catalog.watch.settling import PATIENCE, Settling


def dpx_frames(folder: Path, numbers: range, *, name: str = "shot.", mark: int = 0) -> Path:
    """Small DPX frames of one colour; their pattern."""
    import av

    folder.mkdir(parents=True, exist_ok=True)
    pattern = folder / f"{name}%04d.dpx"
    for number in numbers:
        pixels = np.full((24, 32, 3), (200, 30, 40), np.uint8)
        pixels[0, 0] = (mark, number % 256, number // 256)
        codec = av.CodecContext.create("dpx", "w")
        codec.width, codec.height, codec.pix_fmt = 32, 24, "rgb24"
        codec.framerate = 24
        codec.time_base = Fraction(1, 24)
        packets = codec.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24"))
        packets += codec.encode(None)
        (folder / f"{name}{number:04d}.dpx").write_bytes(b"".join(map(bytes, packets)))
    return pattern


def test_a_folder_of_frames_is_one_searchable_asset(catalog, tmp_path):
    folder = tmp_path / "scans"
    dpx_frames(folder, range(1001, 1041))
    (folder / "shot.1007.dpx").unlink()
    (folder / "shot.json").write_text('{"title": "The bridge", "tags": ["scan"]}')
    report = catalog.ingest(folder)
    assert (report.registered, report.ready, report.failures) == (1, 1, [])
    shown = catalog.show("shot.[1001-1040].dpx")
    assert (shown["kind"], shown["container"], shown["title"]) == ("video", "image2", "The bridge")
    assert shown["duration"] == pytest.approx(40 / 24)
    assert (shown["damaged"], shown["metadata"]["sequence"]["missing"]) == (True, ["1007"])
    assert [place["path"] for place in shown["locations"]] == ["shot.%04d.dpx"]
    assert shown["tags"] == ["scan"]
    hit = catalog.search("red", limit=1).hits[0]
    assert hit.asset["id"] == shown["id"]
    # Nothing is done again, whichever frame it is named by.
    again = catalog.ingest(folder, folder / "shot.1003.dpx", folder / "shot.%04d.dpx")
    assert (again.registered, again.known, again.frames) == (0, 1, 0)
    assert catalog.register(folder / "shot.1020.dpx").asset_id == shown["id"]
    assert catalog.verify(everything=True).confirmed == 1
    assert catalog.describe([shown["id"]]).described == [shown["id"]]
    assert catalog.show(shown["id"])["frame_rate_num"] == shown["frame_rate_num"] == 24
    with pytest.raises(NotFoundError, match="image sequence"):
        catalog.original(shown["id"])


def test_a_sequence_that_is_moved_is_the_same_and_one_that_changes_the_next_version(
    catalog, tmp_path
):
    folder = tmp_path / "in"
    dpx_frames(folder / "a", range(1, 11))
    catalog.ingest(folder)
    (asset,) = [number for number, _ in places(catalog).values()]
    (folder / "a").rename(folder / "b")
    assert catalog.ingest(folder).known == 1
    assert places(catalog) == {"b/shot.%04d.dpx": (asset, True)}
    for path in sorted((folder / "b").iterdir()):
        path.rename(path.with_name(path.name.replace("shot.", "bridge_")))
    assert catalog.ingest(folder).known == 1
    assert places(catalog) == {"b/bridge_%04d.dpx": (asset, True)}
    # Frames that are added make the next version, which supersedes the one before.
    dpx_frames(folder / "b", range(11, 16), name="bridge_")
    assert catalog.ingest(folder).registered == 1
    (newer, _), *_ = places(catalog).values()
    assert newer != asset
    assert [each["asset"] for each in catalog.versions(newer)][-1] == newer
    assert [each["id"] for each in catalog.assets("")["assets"]] == [newer]


def test_stills_that_were_assets_become_frames(catalog, tmp_path):
    folder = tmp_path / "in"
    dpx_frames(folder, range(1, 2))
    catalog.ingest(folder)
    assert catalog.show("shot.0001.dpx")["kind"] == "still"
    dpx_frames(folder, range(2, 6))
    catalog.ingest(folder)
    assert online(catalog) == set(places(catalog)) == {"shot.%04d.dpx"}
    listed = catalog.assets("")["assets"]
    assert [each["name"] for each in listed] == ["shot.[0001-0005].dpx"]
    superseded = catalog.show("shot.0001.dpx")
    assert superseded["superseded_by"] == listed[0]["id"]


def test_a_frame_and_its_sequence_that_come_at_once_are_one_asset(catalog, tmp_path):
    """A still that was registered while its sequence was, and entered after it."""
    folder = tmp_path / "in"
    pattern = dpx_frames(folder, range(1, 4))
    registrar = Registrar(catalog.database, [folder])
    whole = registrar.register(pattern)
    late = registrar.register(folder / "shot.0002.dpx")
    assert late.asset_id != whole.asset_id
    assert places(catalog) == {"shot.%04d.dpx": (whole.asset_id, True)}
    # Where each file is to be an asset of its own, no sequence is known that would take it in.
    off = tmp_path / "off"
    dpx_frames(off, range(1, 3), mark=5)
    catalog.root.add(off, sequences="off")
    assert catalog.ingest(off).registered == 2
    assert {path for path in online(catalog) if "shot.0" in path} == {
        "shot.0001.dpx",
        "shot.0002.dpx",
    }


def test_a_root_says_which_files_are_frames(catalog, tmp_path):
    renders, photos, single = (tmp_path / name for name in ("renders", "photos", "single"))
    for number in range(12):
        still(renders / f"r{number:03d}.png", mark=number)
        still(photos / f"IMG_{number:04d}.png", mark=100 + number)
    dpx_frames(single, range(1, 4))
    catalog.root.add(renders, sequences="all", sequence_rate=12)
    catalog.root.add(single, sequences="off")
    report = catalog.ingest(renders, photos, single)
    assert (report.registered, report.ready) == (1 + 12 + 3, 16)
    shown = catalog.show("r[000-011].png")
    assert (shown["duration"], shown["frame_rate_num"], shown["frame_rate_den"]) == (1.0, 12, 1)
    held = {row["path"]: row["sampling"] for row in catalog.root.list()}
    assert held[str(photos)]["sequences"] == "auto"
    with pytest.raises(InvalidInputError, match="sequences"):
        catalog.root.set(photos, sequences="some")
    with pytest.raises(InvalidInputError, match="sequence-rate"):
        catalog.root.set(photos, sequence_rate=0)


def test_a_link_out_of_the_roots_is_no_frame(catalog, tmp_path):
    secret = dpx_frames(tmp_path / "secret", range(1, 2), mark=9).parent / "shot.0001.dpx"
    folder = tmp_path / "in"
    dpx_frames(folder, range(1, 4))
    (folder / "shot.0004.dpx").symlink_to(folder / "shot.0003.dpx")
    assert catalog.ingest(folder).ready == 1
    (folder / "shot.0005.dpx").symlink_to(secret)
    report = catalog.ingest(folder)
    assert [failure.code for failure in report.failures] == ["outside_root"]


def test_a_proxy_has_every_frame_at_its_time(catalog, tmp_path):
    import av

    folder = tmp_path / "in"
    dpx_frames(folder, range(1, 25))
    (folder / "shot.0005.dpx").unlink()
    catalog.root.add(folder, sequence_rate=30)
    catalog.ingest(folder)
    (asset,) = {number for number, _ in places(catalog).values()}
    report = catalog.proxy([asset])
    assert report["failures"] == []
    with av.open(str(catalog.rendition(asset, "proxy").path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([at / 30 for at in range(24) if at != 4], abs=1e-3)


# --- watched ---------------------------------------------------------------------------


@pytest.fixture
def watched(catalog: Catalog, tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    catalog.root.watch(folder, settle=0)
    return folder


def test_a_watched_sequence_is_one_asset_and_followed(catalog, watched):
    dpx_frames(watched / "a", range(1, 9))
    video(watched / "film.mp4")
    assert scan(catalog).counts["registered"] == 2
    assert online(catalog) == {"a/shot.%04d.dpx", "film.mp4"}
    assert scan(catalog).counts.get("registered", 0) == 0
    asset = places(catalog)["a/shot.%04d.dpx"][0]
    (watched / "a").rename(watched / "b")
    scan(catalog)
    assert online(catalog) == {"b/shot.%04d.dpx", "film.mp4"}
    assert places(catalog)["b/shot.%04d.dpx"][0] == asset
    shutil.rmtree(watched / "b")
    assert scan(catalog).counts["missing"] == 1
    assert online(catalog) == {"film.mp4"}


def test_events_of_frames_lead_to_their_sequence(catalog, watched):
    from catalog.watch.frames import touched_frames

    dpx_frames(watched, range(1, 9))
    paths = [str(watched / f"shot.{number:04d}.dpx") for number in (3, 5)]
    other = str(watched / "film.mp4")
    found = touched_frames([*paths, other], "auto", lambda _: False)
    pattern = watched / "shot.%04d.dpx"
    assert (found.sequences, found.plain) == ([(str(pattern), look(pattern))], [other])
    # One that waits is looked at when it is due.
    waiting = touched_frames(paths, "auto", {str(pattern)}.__contains__)
    assert (waiting.sequences, waiting.plain, waiting.gone) == ([], [], [])
    for path in watched.iterdir():
        path.unlink()
    gone = touched_frames(paths, "auto", lambda _: False)
    assert gone.plain == paths
    assert str(pattern) in gone.gone
    assert touched_frames(paths, "off", lambda _: False).plain == paths


def settled_after(settling: Settling, clock: list[float], path: Path, most: int) -> int:
    """How many settle times a path rests before it is taken, ``most`` at most."""
    settling.observe(str(path), look(path))
    for rests in range(1, most + 1):
        clock[0] += settling.settle_s
        if settling.take_due().settled:
            return rests
    return most


def test_a_sequence_waits_for_the_frames_that_may_follow(tmp_path, monkeypatch):
    now = [0.0]
    settling = Settling(1000.0, clock=lambda: now[0])
    pattern = dpx_frames(tmp_path / "a", range(1, 6))
    assert settled_after(settling, now, pattern, 50) == PATIENCE + 1
    # So does a lone frame, which may be the first of many; what is no frame does not.
    alone = dpx_frames(tmp_path / "b", range(1, 2)).parent / "shot.0001.dpx"
    assert settled_after(settling, now, alone, 50) == PATIENCE + 1
    assert settled_after(settling, now, still(tmp_path / "c.0001.png"), 50) == 1
    # A renderer that takes an hour for a frame is waited for, for three.
    monkeypatch.setattr("catalog.media.sequences.changes_of", lambda _: [0, 3600 * 10**9])
    assert settled_after(settling, now, pattern, 50) == 3600 * 3 // 1000 + 1 + 1
    # What has rested for long when it is met need not prove it again.
    monkeypatch.setattr("catalog.watch.settling.rested_s", lambda _: 10_000_000.0)
    assert settled_after(settling, now, pattern, 50) == 1


def test_a_sequence_that_grows_is_not_taken_meanwhile(tmp_path):
    now = [0.0]
    settling = Settling(1000.0, clock=lambda: now[0])
    pattern = dpx_frames(tmp_path / "a", range(1, 3))
    settling.observe(str(pattern), look(pattern))
    for number in range(3, 30):
        dpx_frames(tmp_path / "a", range(number, number + 1))
        now[0] += 5000.0
        assert settling.take_due().waiting == [str(pattern)]
    assert isinstance(look(pattern), FileState)


def test_a_change_of_policy_is_heeded_by_the_next_walk(catalog, watched):
    for number in range(12):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(watched / f"f{number:02d}.png")
    scan(catalog)
    assert len(online(catalog)) == 12
    catalog.root.set(watched, sequences="all")
    scan(catalog)
    assert online(catalog) == set(places(catalog)) == {"f%02d.png"}


def test_a_running_watcher_follows_a_sequence(catalog, settings, watched):
    """Whatever was taken on the way, in the end all its frames are one asset."""

    def listed() -> list[str]:
        return [each["name"] for each in catalog.assets("")["assets"]]

    with watching(settings):
        dpx_frames(watched / "r", range(1, 5))
        eventually(lambda: listed() == ["shot.[0001-0004].dpx"], "the frames are one asset")
        dpx_frames(watched / "r", range(5, 8))
        eventually(lambda: listed() == ["shot.[0001-0007].dpx"], "those that came later as well")
        (watched / "r" / "shot.0003.dpx").unlink()
        hole = "SELECT metadata->'sequence'->'missing' FROM catalog.asset"
        eventually(lambda: (["3"],) in rows(catalog, hole), "the hole is seen")
        (watched / "r").rename(watched / "s")
        eventually(lambda: online(catalog) == {"s/shot.%04d.dpx"}, "it is followed")
        shutil.rmtree(watched / "s")
        eventually(lambda: not online(catalog), "it is missing")
