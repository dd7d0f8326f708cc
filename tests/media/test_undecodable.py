"""What is of a codec that nothing here decodes is told, by its name, and never passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unknown_codecs import film

from catalog.domain.media import SamplingPolicy
from catalog.errors import MediaError, UndecodableError
from catalog.media import sample_entries
from catalog.media.analyse import analyse
from catalog.media.container import open_container
from catalog.media.probe import probe
from catalog.media.sample_entries import (
    undecodable_codecs,
    undecodable_pictures,
    undecodable_sounds,
)
from catalog.store.descriptions import file_says


def test_a_film_whose_pictures_nobody_decodes_is_sound_and_says_so(tmp_path: Path):
    found = probe(film(tmp_path / "a.braw", picture=b"brxq"))
    assert (found.kind, found.audio[0].codec) == ("audio", "pcm_s16le")
    assert found.metadata["undecodable_video"] == [
        {"index": 0, "codec": "brxq", "width": 64, "height": 48}
    ]
    assert "undecodable_video" not in probe(film(tmp_path / "b.mov")).metadata


@pytest.mark.parametrize(
    ("picture", "sound", "said"),
    [(b"", b"zzzz", r"its sound .*\(zzzz\)"), (b"brxq", b"mha1", r"its video .*\(brxq\)")],
)
def test_what_is_wholly_of_unknown_codecs_names_them(tmp_path, picture, sound, said):
    with pytest.raises(UndecodableError, match=said):
        probe(film(tmp_path / "a.mov", picture=picture, sound=sound))


def test_sound_of_an_unknown_codec_is_a_track(tmp_path: Path):
    path = film(tmp_path / "a.mov", sound=b"ac-4")
    found = probe(path)
    [track] = found.audio
    assert (track.codec, track.channels, track.sample_rate) == ("ac-4", 2, 48000)
    assert not track.decodable
    assert found.metadata["audio"][0]["decodable"] is False
    analysis = analyse(path, found, SamplingPolicy(), lambda pts, _jpeg: str(pts))
    assert len(list(analysis)) > 0
    assert (analysis.loudness(), analysis.decode_errors) == (None, 0)


def test_the_first_track_that_decodes_stands_for_the_sound(tmp_path: Path):
    found = probe(film(tmp_path / "a.mov", sound=b"ac-4", second_sound="pcm_alaw"))
    assert [track.codec for track in found.audio] == ["ac-4", "pcm_alaw"]
    assert found.main_sound is found.audio[1]
    assert file_says(found)["language"] == found.audio[1].language == "en"
    [unknown] = (only := probe(film(tmp_path / "b.mov", sound=b"ac-4"))).audio
    assert only.main_sound is unknown


def test_an_index_that_lies_names_nothing(tmp_path: Path):
    """Any byte changed: names or none, and no error of Python's."""
    whole = film(tmp_path / "a.mov", picture=b"brxq").read_bytes()
    at, rng = whole.rindex(b"moov"), np.random.default_rng(5)
    for number in range(40):
        content = bytearray(whole)
        content[rng.integers(at, len(content))] = rng.integers(0, 256)
        path = tmp_path / f"{number}.mov"
        path.write_bytes(content)
        try:
            with open_container(path) as container:
                undecodable_pictures(path, container)
        except MediaError:
            continue


def test_what_is_said_of_such_a_sound_is_kept(tmp_path: Path):
    said = {"language": "ger", "handler_name": "Director's remarks"}
    [track] = probe(film(tmp_path / "a.mov", sound=b"ac-4", said_of_sound=said)).audio
    assert (track.decodable, track.language, track.title) == (False, "de", "Director's remarks")


def test_an_index_is_read_once_and_so_far(tmp_path: Path, monkeypatch):
    """However its boxes lie within each other."""
    whole = film(tmp_path / "a.mov", picture=b"brxq", sound=b"ac-4")
    tracks, entry = [], sample_entries._entry
    monkeypatch.setattr(sample_entries, "_entry", lambda of: tracks.append(of) or entry(of))
    with open_container(whole) as container:
        assert undecodable_pictures(whole, container)[0]["codec"] == "brxq"
        assert undecodable_sounds(whole, container)[0].codec == "ac-4"
        assert undecodable_codecs(whole, container, container.streams) == " (brxq, ac-4)"
    assert len(tracks) == 2
    deep = film(tmp_path / "b.mov", picture=b"brxq")
    monkeypatch.setattr(sample_entries, "_MOST_BOXES", 12)  # no more lie in any one of them
    with open_container(deep) as container:
        assert undecodable_pictures(deep, container) == [{"index": 0}]
