"""Single frames of film: what DPX and OpenEXR headers say, and pictures as people see them."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from film_frames import attribute, dpx, exr
from PIL import Image

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.errors import MediaError, UndecodableError
from catalog.media.analyse import analyse
from catalog.media.files import looks_like_media
from catalog.media.gamuts import GAMUTS, to_bt709
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe

PATCH = 32


def srgb(light: float) -> float:
    return 255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


def shown(path: Path) -> np.ndarray:
    return next(iter(PictureReader(path, probe(path), SamplingPolicy()))).render()


def patches(*values: float) -> np.ndarray:
    """Grey patches side by side."""
    return np.repeat(np.array([values], np.float64), PATCH, 0).repeat(PATCH, 1)


def middles(picture: np.ndarray, count: int) -> list[np.ndarray]:
    return [picture[PATCH // 2, PATCH * at + PATCH // 2].astype(int) for at in range(count)]


def grey_exr(path: Path, *values: float, further: tuple[bytes, ...] = ()) -> Path:
    plane = patches(*values)
    return exr(path, dict.fromkeys("RGB", plane), *further)


def test_light_is_shown_as_light(tmp_path):
    light = [0.0, 0.02, 0.18, 1.0, 4.0, 60000.0]
    picture = shown(grey_exr(tmp_path / "a.exr", *light))
    seen = [each[1] for each in middles(picture, len(light))]
    # What is darker than the shoulder is just sRGB's curve; what is brighter keeps its order.
    assert [abs(a - srgb(b)) < 2 for a, b in zip(seen[:3], light, strict=False)] == [True] * 3
    assert seen[2] < 180 < seen[3] < seen[4] <= seen[5] == 255
    assert all(np.ptp(each) <= 1 for each in middles(picture, len(light)))


def test_numbers_that_are_none_do_not_spread(tmp_path):
    plane = patches(0.18, 0.18)
    plane[3, 3], plane[5, 5], plane[7, 7] = np.nan, np.inf, -np.inf
    picture = shown(exr(tmp_path / "a.exr", dict.fromkeys("RGB", plane)))
    assert abs(int(picture[16, 40, 0]) - srgb(0.18)) < 2


def test_a_layer_is_shown_where_the_picture_has_none(tmp_path):
    plane = patches(0.18, 0.5)
    red = {"diffuse.R": plane, "diffuse.G": plane * 0, "diffuse.B": plane * 0}
    path = exr(tmp_path / "a.exr", {**red, "depth.Z": plane * 100})
    assert probe(path).metadata["exr"]["channels"][0] == "depth.Z float"
    first, second = middles(shown(path), 2)
    assert first[0] > 100
    assert second[0] > first[0]
    assert first[1] == first[2] == 0


def test_primaries_are_brought_to_the_displays(tmp_path):
    """A red that BT.709 has, in the numbers of ACES' own primaries (SMPTE ST 2065-1)."""
    ap0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    coded = np.linalg.inv(to_bt709(ap0)) @ np.array([0.4, 0.05, 0.05])
    planes = {name: patches(1.0) * value for name, value in zip("RGB", coded, strict=True)}
    told = attribute("chromaticities", "chromaticities", struct.pack("<8f", *ap0))
    seen = middles(shown(exr(tmp_path / "a.exr", planes, told)), 1)[0]
    assert np.abs(seen - [srgb(0.4), srgb(0.05), srgb(0.05)]).max() < 3
    plain = middles(shown(exr(tmp_path / "b.exr", planes)), 1)[0]
    assert np.abs(plain - seen).max() > 20


@pytest.mark.parametrize("gamut", GAMUTS)
def test_every_gamut_keeps_grey_grey(gamut):
    assert np.allclose(to_bt709(GAMUTS[gamut]) @ np.ones(3), 1, atol=1e-3)


@pytest.mark.parametrize("wrong", [(0.0,) * 8, (np.nan,) * 8, (0.3, 0.3) * 4, (1e30,) * 8])
def test_chromaticities_that_are_none_are_passed_over(tmp_path, wrong):
    told = attribute("chromaticities", "chromaticities", struct.pack("<8f", *wrong))
    path = grey_exr(tmp_path / "a.exr", 0.18, further=(told,))
    assert "chromaticities" not in probe(path).metadata["exr"]
    assert abs(int(shown(path)[16, 16, 0]) - srgb(0.18)) < 2


def bcd(hours: int, minutes: int, seconds: int, frames: int, *, drop: bool = False) -> int:
    parts = (hours, minutes, seconds, frames)
    word = 0
    for part in parts:
        word = word << 8 | part // 10 << 4 | part % 10
    return word | drop << 6


def test_attributes_are_read(tmp_path):
    said = (
        attribute("owner", "string", "© Ada's Films".encode()),
        attribute("comments", "string", b"comp of the bridge, v3"),
        attribute("capDate", "string", b"2024:05:01 14:30:00"),
        attribute("utcOffset", "float", struct.pack("<f", -7200)),
        attribute("framesPerSecond", "rational", struct.pack("<iI", 24000, 1001)),
        attribute("timeCode", "timecode", struct.pack("<II", bcd(1, 2, 3, 4), 0)),
        attribute("cameraModel", "string", b"ALEXA 35"),
        attribute("reelName", "string", b"A001"),
        attribute("latitude", "float", struct.pack("<f", 50.45)),
        attribute("longitude", "float", struct.pack("<f", 30.52)),
        attribute("isoSpeed", "float", struct.pack("<f", 800)),
    )
    found = probe(grey_exr(tmp_path / "a.exr", 0.18, further=said))
    assert (found.kind, found.container) == (AssetKind.STILL, "exr_pipe")
    assert found.timecode == "01:02:03:04"
    assert found.recorded == datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
    facts = found.facts
    assert (facts.rights, facts.description) == ("© Ada's Films", "comp of the bridge, v3")
    assert (facts.camera_model, facts.reel) == ("ALEXA 35", "A001")
    assert (facts.latitude, facts.longitude) == pytest.approx((50.45, 30.52), abs=1e-4)
    assert found.metadata["exr"]["iso_speed"] == 800
    assert found.metadata["exr"]["frames_per_second"] == pytest.approx(23.976, abs=1e-3)
    assert found.metadata["exr"]["compression"] == "none"


@pytest.mark.parametrize("order", "<>")
def test_a_scans_header_is_read(tmp_path, order):
    path = dpx(
        tmp_path / "scan.dpx",
        np.full((PATCH, PATCH, 3), 445),
        order=order,
        transfer=1,
        film_rate=23.976,
        timecode="10203012",
        input_device="ARRISCAN XT",
        input_serial="K1.234",
        copyright="© Archive",
        project="Bridge",
        source_created="1987:05:01:12:30:00",
        film_id="02",
        film_type="15",
        prefix="123456",
        count="7890",
        offset="03",
        slate="12A take 3",
    )
    found = probe(path)
    assert (found.kind, found.timecode) == (AssetKind.STILL, "10:20:30:12")
    assert found.recorded == datetime(1987, 5, 1, 12, 30, tzinfo=UTC)
    assert (found.facts.camera_model, found.facts.camera_serial) == ("ARRISCAN XT", "K1.234")
    assert found.facts.rights == "© Archive"
    said = found.metadata["dpx"]
    assert (said["edge_code"], said["slate"]) == ("02 15 123456 7890 03", "12A take 3")
    assert (said["project"], said["transfer"]) == ("Bridge", "printing density")
    assert said["frame_rate"] == pytest.approx(23.976, abs=1e-3)
    assert found.metadata["log"]["curve"] == "cineon"
    assert found.video is not None
    assert (found.video.bit_depth, found.video.width) == (10, PATCH)


def test_densities_are_shown_as_light(tmp_path):
    """Kodak's Cineon: black is 95, white 685 and a grey card about 470."""
    codes = np.repeat(patches(95, 470, 685, 1000)[:, :, None], 3, axis=2).astype(np.uint16)
    plain = [each[0] for each in middles(shown(dpx(tmp_path / "video.dpx", codes)), 4)]
    assert plain == pytest.approx([code * 255 / 1023 for code in (95, 470, 685, 1000)], abs=1)
    film = [each[0] for each in middles(shown(dpx(tmp_path / "f.dpx", codes, transfer=1)), 4)]
    assert film[0] <= 3
    assert abs(film[1] - srgb(0.18)) < 8
    assert 200 < film[2] < 240 < film[3]


@pytest.mark.parametrize("suffix", ["sgi", "pcx", "qoi", "ras", "jls"])
def test_stills_of_other_programs_are_shown(tmp_path, suffix):
    """What programs wrote before everybody wrote PNG, and JPEG-LS, which Pillow lacks."""
    codec = {"ras": "sunrast", "jls": "jpegls"}.get(suffix, suffix)
    pixels = np.full((24, 40, 3), (200, 30, 60), np.uint8)
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.time_base = 40, 24, Fraction(1, 25)
    context.pix_fmt = {"sunrast": "bgr24"}.get(codec, "rgb24")
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=context.pix_fmt)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"".join(map(bytes, [*context.encode(frame), *context.encode(None)])))
    assert looks_like_media(path)
    found = probe(path)
    assert (found.kind, found.video.width, found.video.height) == (AssetKind.STILL, 40, 24)
    shot = next(iter(analyse(path, found, SamplingPolicy(), lambda _pts, jpeg: keep(path, jpeg))))
    assert (shot.frames[0].width, shot.frames[0].height) == (40, 24)
    with Image.open(path.with_suffix(".jpg")) as kept:
        assert np.abs(np.asarray(kept).astype(int) - pixels).max() < 6


def keep(path: Path, jpeg: bytes) -> str:
    path.with_suffix(".jpg").write_bytes(jpeg)
    return "key"


def test_a_radiance_picture_is_light(tmp_path):
    """Four bytes a pixel: mantissas, and an exponent they share (Ward, "Real Pixels")."""
    path = tmp_path / "a.hdr"
    grey = bytes((184, 184, 184, 126))  # 184 / 256 * 2 ** (126 - 128) = 0.18
    path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 24 +X 6\n" + grey * 24 * 6)
    assert looks_like_media(path)
    assert abs(int(shown(path)[12, 3, 1]) - srgb(0.18)) <= 2


@pytest.fixture(scope="module")
def pool():
    made = DecoderPool(DecodeLimits(stall_s=60, cpu_s=60))
    yield made
    made.close()


def ends(pool: DecoderPool, path: Path) -> str:
    """How a file ends in the process that decodes it: ``ready``, or the error's code."""
    try:
        with pool.analysis(path, SamplingPolicy(), lambda _pts, _jpeg: "key") as analysis:
            return "ready" if list(analysis) else "nothing"
    except MediaError as error:
        return error.code


def test_hostile_frames_end_with_a_reason(tmp_path, pool):
    good = dpx(tmp_path / "good.dpx", np.full((PATCH, PATCH, 3), 445), transfer=1).read_bytes()
    light = grey_exr(tmp_path / "good.exr", 0.18).read_bytes()
    assert ends(pool, tmp_path / "good.dpx") == ends(pool, tmp_path / "good.exr") == "ready"
    codes = {"undecodable", "media_too_large", "not_media", "decoder_out_of_memory", "ready"}
    made = {
        "short.dpx": good[:1000],
        "cut.dpx": good[:2100],
        "head.exr": light[:60],
        "cut.exr": light[:500],
    }
    wide = bytearray(good)
    struct.pack_into(">II", wide, 772, 100_000, 100_000)
    made["wide.dpx"] = bytes(wide)
    box = struct.pack("<4i", 0, 0, PATCH - 1, PATCH - 1)
    made["wide.exr"] = light.replace(box, struct.pack("<4i", 0, 0, 99_999, 99_999))
    made["upside.exr"] = light.replace(box, struct.pack("<4i", 2**31 - 1, 5, -(2**31), 0))
    made["long.exr"] = light[:8] + b"x" * 5000
    made["size.exr"] = light.replace(struct.pack("<i", 16) + box, struct.pack("<i", -1) + box)
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
        assert ends(pool, tmp_path / name) in codes, name
    for name in ("wide.dpx", "wide.exr", "short.dpx", "head.exr"):
        assert ends(pool, tmp_path / name) != "ready", name
    assert ends(pool, tmp_path / "good.dpx") == "ready"


def test_random_headers_say_nothing_wrong(tmp_path):
    """Whatever bytes a header is of, reading it ends, and gives JSON."""
    import json

    from catalog.media.film_header import read_film_header

    rng = np.random.default_rng(9)
    good = [
        dpx(tmp_path / "a.dpx", np.full((8, 8, 3), 445), transfer=1).read_bytes()[:2048],
        grey_exr(
            tmp_path / "a.exr", 0.18, further=(attribute("owner", "string", b"x"),)
        ).read_bytes()[:600],
    ]
    for number in range(300):
        head = bytearray(good[number % 2])
        for at in rng.integers(4, len(head), 30):
            head[at] = rng.integers(0, 256)
        path = tmp_path / "mutated"
        path.write_bytes(bytes(head))
        found = read_film_header(path)
        assert found is not None
        assert json.dumps(found.metadata, allow_nan=False)


@pytest.mark.parametrize("flags", [0x800, 0x1800])
def test_a_deep_file_is_refused_for_what_it_is(tmp_path: Path, flags: int):
    """It is not damaged, and copying it again would not help."""
    path = exr(tmp_path / "a.exr", {c: np.ones((8, 8), np.float16) for c in "BGR"}, flags=flags)
    with pytest.raises(UndecodableError, match="deep OpenEXR") as caught:
        probe(path)
    assert "flat" in caught.value.remedy
