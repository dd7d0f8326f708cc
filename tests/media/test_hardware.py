"""Decoding by a card where there is one, in software where there is none."""

from __future__ import annotations

import av.codec.hwaccel
import av.error
import pytest
from media_essence import PAL, take

from catalog.domain.media import SamplingPolicy
from catalog.errors import InvalidSettingError
from catalog.media import hardware
from catalog.media.hardware import accelerator, check_hwaccel, why_not
from catalog.media.isolated import DecoderPool
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe
from catalog.media.writer import write_video


@pytest.fixture
def _ask_again():
    why_not.cache_clear()
    yield
    why_not.cache_clear()


@pytest.mark.usefixtures("_ask_again")
def test_without_a_driver_software_decodes_and_the_reason_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "_DOORS", (tmp_path / "no-such-device",))
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 10), frame_rate=PAL)
    assert "no NVIDIA driver" in why_not()
    reader = PictureReader(path, probe(path), SamplingPolicy(), hwaccel="cuda", threads=1)
    assert len(list(reader)) == 10


@pytest.mark.usefixtures("_ask_again")
def test_a_driver_without_a_card_is_a_reason_too(tmp_path, monkeypatch):
    door = tmp_path / "device"
    door.touch()
    monkeypatch.setattr(hardware, "_DOORS", (door,))

    def refuse(*_: object, **__: object) -> None:
        raise av.error.ExternalError(1, "no device")

    monkeypatch.setattr("av.CodecContext.create", refuse)
    assert "refuses" in why_not()
    assert accelerator("auto") is None


def test_none_means_none_and_nonsense_is_refused():
    assert accelerator("none") is None
    with pytest.raises(InvalidSettingError, match="nvidia"):
        check_hwaccel("nvidia")
    with pytest.raises(InvalidSettingError):
        DecoderPool(hwaccel="gpu")
