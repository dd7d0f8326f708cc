"""Technical metadata agree with ffprobe's on every real file, where ffprobe is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from media_essence import PAL, REAL_MEDIA, take

from catalog.domain.languages import language_tag
from catalog.domain.media import AssetKind, Probe
from catalog.errors import MediaError
from catalog.media.files import find_media
from catalog.media.probe import probe
from catalog.media.writer import write_video

FFPROBE = shutil.which("ffprobe")
FILES = sorted(find_media(REAL_MEDIA)) if REAL_MEDIA.is_dir() else []
pytestmark = pytest.mark.skipif(
    FFPROBE is None, reason="SKIPPED: ffprobe is not installed; nothing was compared with it"
)


def ffprobe(path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [
            FFPROBE,
            "-v",
            "quiet",
            "-show_format",
            "-show_streams",
            "-show_chapters",
            "-of",
            "json",
            str(path),
        ],
        capture_output=True,
        check=False,
    )
    return json.loads(done.stdout or b"{}")


def rates(stream: dict[str, Any]) -> list[Fraction]:
    found = []
    for name in ("r_frame_rate", "avg_frame_rate"):
        numerator, _, denominator = stream[name].partition("/")
        if int(denominator or 1) and int(numerator):
            found.append(Fraction(int(numerator), int(denominator or 1)))
    return found


def rotation(stream: dict[str, Any]) -> int:
    sides = [side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side]
    return int(-sides[0]) % 360 if sides else 0


def known(value: Any) -> bool:
    return value not in (None, "unknown", "N/A", "0:1") and not str(value).isdigit()


def compare_picture(found: Probe, stream: dict[str, Any]) -> None:
    video = found.video
    if not known(stream.get("codec_name")):
        pytest.skip("SKIPPED: this ffprobe does not know the codec")
    assert video.codec == stream["codec_name"]
    if stream["width"]:  # 0: this ffprobe could not decode it
        assert (video.width, video.height) == (stream["width"], stream["height"])
    if known(stream.get("pix_fmt")) and video.pixel_format:
        assert video.pixel_format == stream["pix_fmt"]
    if known(stream.get("profile")):
        assert video.profile == stream["profile"]
    if known(stream.get("sample_aspect_ratio")) and found.kind is AssetKind.VIDEO:
        assert video.sample_aspect_ratio == Fraction(
            stream["sample_aspect_ratio"].replace(":", "/")
        )
    if found.kind is AssetKind.VIDEO:
        assert video.rotation == rotation(stream)
    for field in ("color_primaries", "color_transfer", "color_space", "color_range"):
        if known(stream.get(field)) and stream[field] != "reserved":
            assert getattr(video, field) == stream[field], field


LEVELS = {"mpeg2video": {10: "low", 8: "main", 6: "high 1440", 4: "high"}}
TENTHS = {"h264": 10, "hevc": 30}


def compare_coding(found: Probe, stream: dict[str, Any]) -> None:
    """Level, chroma, bit depth, fields and dynamic range, from what ffprobe says in its words."""
    video, pixels = found.video, stream.get("pix_fmt", "")
    number, codec = int(stream.get("level", -99)), stream.get("codec_name")
    if codec in TENTHS and number > 0:
        assert float(video.level) == pytest.approx(number / TENTHS[codec], abs=0.051)
    elif codec in LEVELS:
        assert video.level == LEVELS[codec][number]
    elif codec == "av1" and number >= 0:
        major, minor = divmod(number, 4)
        assert video.level == f"{2 + major}.{minor}"
    elif codec in {"mpeg4", "vp9"} and number > 0:
        assert video.level == str(number)
    elif number <= 0:
        assert video.level is None
    if video.pixel_format == pixels and (sampled := re.search(r"yuvj?a?(4\d\d)p(\d*)", pixels)):
        assert video.chroma == ":".join(sampled[1])
        assert video.bit_depth == int(sampled[2] or 8)
    elif raw := int(stream.get("bits_per_raw_sample") or 0):
        assert video.bit_depth == raw
    order = stream.get("field_order")
    assert video.field_order == (order if known(order) else None)
    transfer = stream.get("color_transfer")
    assert ("hlg" in video.hdr) == (transfer == "arib-std-b67")
    assert ("pq" in video.hdr) == (transfer == "smpte2084")
    sides = [side["side_data_type"] for side in stream.get("side_data_list", [])]
    if found.container != "mxf":  # whose XML on Dolby Vision FFmpeg passes over
        assert ("dolbyvision" in video.hdr) == ("DOVI configuration record" in sides)


def compare_tags(found: Probe, answer: dict[str, Any]) -> None:
    """Place, camera, creator and bit rate, as ffprobe's own tags have them."""
    tags = {k.lower(): v for k, v in answer["format"].get("tags", {}).items()}
    for name, value in tags.items():
        if name.endswith(("location", "iso6709")):
            north, east = re.findall(r"[+-][0-9.]+", value)[:2]
            assert (found.facts.latitude, found.facts.longitude) == (float(north), float(east))
        if name.endswith(("quicktime.make", "quicktime.model")):
            assert value == getattr(found.facts, "camera_" + name.rpartition(".")[2])
        height = re.findall(r"[+-][0-9.]+", value)[2:3] if name.endswith("iso6709") else []
        assert [pytest.approx(found.facts.altitude, abs=0.01)] == [
            *map(float, height)
        ] or not height
        if name in {"artist", "copyright"}:
            assert value in {found.facts.creator, found.facts.rights}
    compare_moment(found, tags)
    if "title" in tags:
        assert found.title == tags["title"]
    package = tags.get("material_package_name", "Material Package")
    reels = [s["tags"]["reel_name"] for s in answer["streams"] if "reel_name" in s.get("tags", {})]
    if reels or package != "Material Package":
        assert found.facts.reel == (reels[0] if reels else package)
    theirs = answer["format"]
    length = float(theirs.get("duration") or 0)
    # The container's length may be another than that of what is catalogued.
    if found.duration and abs(length / float(found.duration) - 1) < 0.01:
        assert found.bit_rate == pytest.approx(int(theirs["bit_rate"]), rel=0.02)


def compare_moment(found: Probe, tags: dict[str, str]) -> None:
    """When it was recorded; QuickTime's date of the place comes before the file's own."""
    said = tags.get("com.apple.quicktime.creationdate") or tags.get("creation_time")
    said = said or tags.get("modification_date")
    if said is None:
        return
    moment = datetime.fromisoformat(said)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.year > 1970:  # nobody had set the clock
        assert found.recorded == moment


def compare_rate(path: Path, found: Probe, stream: dict[str, Any]) -> None:
    if found.kind is not AssetKind.VIDEO:
        return
    claimed = rates(stream)
    rate = found.video.frame_rate
    if min((abs(rate / claim - 1) for claim in claimed), default=0) < Fraction(1, 100):
        return
    # ffprobe guesses from few packets; where it is wrong, the decoded pictures' times decide.
    done = subprocess.run(
        [
            *(FFPROBE, "-v", "quiet", "-select_streams", str(found.video.index)),
            *("-show_entries", "frame=pts_time", "-of", "csv=p=0", str(path)),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    times = sorted(
        float(line.strip(",")) for line in done.stdout.split() if line.strip(",") != "N/A"
    )
    assert float(rate) == pytest.approx((len(times) - 1) / (times[-1] - times[0]), rel=0.02)


def compare_duration(
    found: Probe, streams: list[dict[str, Any]], container: dict[str, Any]
) -> None:
    if found.duration is None:
        return
    index = found.video.index if found.video else found.audio[0].index
    said = next((s.get("duration") for s in streams if s["index"] == index), None)
    said = said or container.get("duration")
    if said is None:
        return
    if float(said) > 1000 * float(found.duration):
        return  # Debian 12's ffprobe misreads a fragmented MP4 as 40 hours; it lasts a second
    # FFmpeg 7 and later leave an MP3's padding out of its duration; Debian 12's does not.
    slack = 0.25 if found.container == "mp3" else 0.002
    assert float(found.duration) == pytest.approx(float(said), abs=slack)


def compare_sound(found: Probe, streams: list[dict[str, Any]]) -> None:
    theirs = {
        s["index"]: (s["codec_name"], int(s["sample_rate"]), s["channels"], sample_bits(s))
        for s in streams
        if s["codec_type"] == "audio" and known(s.get("codec_name"))
    }
    ours = {t.index: (t.codec, t.sample_rate, t.channels, t.bit_depth) for t in found.audio}
    assert ours == theirs
    formats = {s["index"]: s.get("sample_fmt") for s in streams if s["codec_type"] == "audio"}
    layouts = {s["index"]: s.get("channel_layout") for s in streams if s["codec_type"] == "audio"}
    for track in found.audio:
        assert track.sample_format == formats[track.index]
        # Of which nothing is said, one is mono and two are stereo.
        unsaid = {1: "mono", 2: "stereo"}.get(track.channels)
        said = layouts[track.index]
        assert track.layout == (said if known(said) else unsaid)


def sample_bits(stream: dict[str, Any]) -> int | None:
    if stream["codec_name"].startswith("adpcm"):
        return None  # differences are no samples
    raw = stream.get("bits_per_raw_sample") if stream["codec_name"] in {"flac", "alac"} else None
    return int(raw or stream.get("bits_per_sample") or 0) or None


def compare_languages(found: Probe, streams: list[dict[str, Any]]) -> None:
    for track in found.audio:
        said = next(s for s in streams if s["index"] == track.index).get("tags", {})
        assert track.language == language_tag(said.get("language", ""))
        assert track.profile in {
            None,
            next(s for s in streams if s["index"] == track.index).get("profile"),
        }


def compare_chapters(found: Probe, answer: dict[str, Any]) -> None:
    theirs = [(float(c["start_time"]), c.get("tags", {}).get("title")) for c in answer["chapters"]]
    ours = [(c["start"], c["title"]) for c in found.metadata.get("chapters", [])]
    assert [title for _, title in ours] == [title for _, title in theirs]
    for (start, _), (their_start, _) in zip(ours, theirs, strict=True):
        assert start == pytest.approx(their_start, abs=0.001)


def compare_timecode(found: Probe, answer: dict[str, Any]) -> None:
    theirs = [s["tags"]["timecode"] for s in answer["streams"] if "timecode" in s.get("tags", {})]
    if "timecode" in answer["format"].get("tags", {}):
        theirs.append(answer["format"]["tags"]["timecode"])
    assert found.timecode == (theirs[0] if theirs else None)


@pytest.mark.skipif(not FILES, reason=f"SKIPPED: the real footage is not at {REAL_MEDIA}")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REAL_MEDIA)))
def test_agrees_with_ffprobe(path):
    answer = ffprobe(path)
    try:
        found = probe(path)
    except MediaError:
        # What we refuse, ffprobe cannot open, or finds no picture's size in.
        assert not any(stream.get("width") for stream in answer.get("streams", []))
        return
    if not answer.get("streams"):
        pytest.skip("SKIPPED: this ffprobe cannot open the file")
    compare(path, found, answer)


def compare(path: Path, found: Probe, answer: dict[str, Any]) -> None:
    if found.video is not None:
        stream = answer["streams"][found.video.index]
        compare_picture(found, stream)
        compare_rate(path, found, stream)
        if found.kind is AssetKind.VIDEO:
            compare_coding(found, stream)
    compare_duration(found, answer["streams"], answer["format"])
    compare_sound(found, answer["streams"])
    compare_timecode(found, answer)
    if found.kind is not AssetKind.STILL:
        compare_tags(found, answer)
        compare_languages(found, answer["streams"])
        compare_chapters(found, answer)


PICTURES, TONE = "testsrc2=s=64x48:r=25:d=0.4", "sine=d=0.4:sample_rate=48000"
ODD = {
    "listed_channels.mov": (
        *("-f", "lavfi", "-i", "aevalsrc=0|0|0|0|0|0|0|0:c=7.1:s=48000:d=0.4"),
        *("-c:v", "mjpeg", "-c:a", "pcm_s24le"),
    ),
    "silent.wav": ("-f", "lavfi", "-i", TONE, "-map", "1", "-ac", "2"),
    "quad.wav": ("-f", "lavfi", "-i", TONE, "-map", "1", "-ac", "4"),
    "fields.mov": ("-c:v", "prores_ks", "-flags", "+ildct", "-top", "1"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime"),
    "dated.mov": (
        *("-c:v", "mpeg4", "-level", "3", "-metadata", "creation_time=2024-05-01T10:00:00Z"),
        *("-metadata", "title=A title", "-metadata", "location=+50.45+030.52+179.0/"),
    ),
    "grey.jpg": ("-frames:v", "1", "-pix_fmt", "gray"),
    "still.jpg": ("-frames:v", "1"),
    "dropped.avi": ("-f", "lavfi", "-i", TONE, "-c:v", "msmpeg4", "-c:a", "libmp3lame"),
    "deep.mkv": ("-c:v", "ffv1", "-level", "3", "-pix_fmt", "yuv422p16le"),
    "alpha.mov": ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuv444p10le"),
    "drop.mov": ("-r", "60000/1001", "-c:v", "mjpeg", "-timecode", "00:09:59;58"),
    "wide.ts": ("-vf", "setsar=4/3", "-c:v", "mpeg2video"),
    "grey.mov": ("-c:v", "jpeg2000", "-pix_fmt", "gray"),
    "single.mp4": ("-c:v", "mpeg4", "-frames:v", "1"),
    "slow.mp4": ("-r", "5/2", "-c:v", "mpeg4"),
    "companded.wav": ("-f", "lavfi", "-i", TONE, "-map", "1", "-c:a", "pcm_alaw", "-ar", "8000"),
    "deep.png": ("-frames:v", "1", "-pix_fmt", "rgba64be"),
    "deep.tif": ("-frames:v", "1", "-pix_fmt", "rgb48le"),
}


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="SKIPPED: ffmpeg is not installed")
@pytest.mark.parametrize("name", ODD)
def test_agrees_with_ffprobe_about_legal_and_odd_files(tmp_path: Path, name: str):
    path = tmp_path / name
    make = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", PICTURES, *ODD[name]]
    subprocess.run([*make, str(path)], check=True)
    compare(path, probe(path), ffprobe(path))


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_what_we_write_ffprobe_reads(tmp_path, turned):
    path = tmp_path / "a.mov"
    write_video(
        path,
        take(1, 12),
        frame_rate=PAL,
        start_timecode="10:20:30:12",
        rotation=turned,
        sample_aspect_ratio=Fraction(16, 15),
        metadata={"title": "A title"},
    )
    answer = ffprobe(path)
    stream = answer["streams"][0]
    assert stream["tags"]["timecode"] == "10:20:30:12"
    assert answer["format"]["tags"]["title"] == "A title"
    assert rotation(stream) == turned
    assert stream["sample_aspect_ratio"] == "16:15"
    assert stream["r_frame_rate"] == "25/1"
