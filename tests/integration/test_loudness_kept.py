"""Loudness is kept with the asset, filtered by, and measured again on demand."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from small_footage import video

from catalog import Catalog
from catalog.errors import InvalidQueryError


def tone(path: Path, level: float, seconds: float = 4) -> Path:
    """A stereo sine of so many dBFS, which is as many LUFS."""
    times = np.arange(int(48_000 * seconds)) / 48_000
    one = np.sin(2 * np.pi * 1000 * times) * 10 ** (level / 20) * 32767
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(np.repeat(np.round(one), 2).astype("<i2").tobytes())
    return path


@pytest.fixture
def filled(catalog: Catalog, tmp_path: Path) -> Catalog:
    for level in (-18, -23, -31):
        tone(tmp_path / f"{-level}.wav", level)
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(96_000))
    video(tmp_path / "mute.mp4")
    report = catalog.ingest(tmp_path)
    assert (report.ready, report.failed) == (5, 0)
    return catalog


def names(catalog: Catalog, query: str) -> list[str]:
    return sorted(asset["name"] for asset in catalog.assets(query)["assets"])


def test_it_is_shown_and_filtered_by(filled: Catalog):
    shown = filled.show("23.wav")
    assert shown["loudness"] == pytest.approx(-23, abs=0.1)
    assert shown["true_peak"] == pytest.approx(-23, abs=0.1)
    assert shown["loudness_range"] == pytest.approx(0, abs=0.1)
    mute = filled.show("mute.mp4")
    assert (mute["loudness"], mute["loudness_range"], mute["true_peak"]) == (None, None, None)
    silence = filled.show("silence.wav")
    assert (silence["loudness"], silence["true_peak"]) == (None, -120)
    for query, expected in {
        "loudness:-23": ["23.wav"],
        "loudness:<-24": ["31.wav"],
        "loudness:-24..-17": ["18.wav", "23.wav"],
        "-loudness:>=-30": ["31.wav", "mute.mp4", "silence.wav"],
        "truepeak:<-60": ["silence.wav"],
        "lra:<1": ["18.wav", "23.wav", "31.wav"],
        "kind:audio -loudness:-100..0": ["silence.wav"],
    }.items():
        assert names(filled, query) == expected, query
    assert [hit.asset["name"] for hit in filled.search("loudness:>-20").hits] == ["18.wav"]
    with pytest.raises(InvalidQueryError, match="a level such as -23"):
        filled.assets("loudness:loud")


def test_a_facet_counts_whole_units(filled: Catalog):
    found = filled.facets("", fields=["loudness"]).values["loudness"]
    assert {value.value: value.assets for value in found} == {"-18": 1, "-23": 1, "-31": 1}
    for value in found:
        assert len(names(filled, value.filter)) == 1


def test_what_was_catalogued_before_is_measured_with_its_waveform(filled: Catalog):
    from sqlalchemy import update

    from catalog.db.models import Asset

    with filled.database.session() as session:
        session.execute(update(Asset).values(loudness=None, loudness_range=None, true_peak=None))
    assert filled.waveform(["31.wav", "mute.mp4"])["made"] == 1
    assert filled.show("31.wav")["loudness"] == pytest.approx(-31, abs=0.1)
    assert filled.show("mute.mp4")["loudness"] is None
