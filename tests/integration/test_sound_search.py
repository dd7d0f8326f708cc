"""Sound by meaning: heard while it is ingested, found by what it sounds like."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from own_databases import copied_catalog
from small_footage import video
from sqlalchemy import text

from catalog import Catalog
from catalog.cli.encoder_text import sound_encoder_list
from catalog.domain.actor import Actor
from catalog.encoders.sound.null import BANDS, NullSoundEncoder
from catalog.errors import (
    EncoderUnavailableError,
    InvalidInputError,
    InvalidQueryError,
    UnknownEncoderError,
)
from catalog.settings import Settings
from catalog.web.pages.cards import cards_of

RATE = 16_000


def noises(*parts: tuple[str, float]) -> np.ndarray:
    """Bands of pitch, or silence, one after another: (word, seconds)."""
    made = []
    for word, seconds in parts:
        times = np.arange(round(seconds * RATE)) / RATE
        pitch = sum(BANDS[word]) / 2 if word in BANDS else 0
        made.append(0.4 * np.sin(2 * np.pi * pitch * times))
    return np.concatenate(made)


def wav(path: Path, *parts: tuple[str, float]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((noises(*parts) * 32767).astype("<i2").tobytes())
    return path


def film(path: Path, *parts: tuple[str, float]) -> Path:
    """Shots of red and green of four seconds each, and this sound."""
    pictures = video(
        path.with_name("pictures.mp4"), ["red", "green"], frames=100, timecode="01:00:00:00"
    )
    with av.open(str(pictures)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        target.metadata["timecode"] = "01:00:00:00"
        heard = target.add_stream("pcm_s16le", rate=RATE, layout="mono")
        packets = []
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                packets.append(packet)
        samples = (noises(*parts) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for packet in [*packets, *heard.encode(frame), *heard.encode(None)]:
            target.mux(packet)
    pictures.unlink()
    return path


@pytest.fixture
def hearing(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(replace(settings, sound_encoder="null")) as opened:
        yield opened


@pytest.fixture(scope="module")
def media(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What sounds and what does not, ingested once, into a catalogue that nobody has open."""
    folder = tmp_path_factory.mktemp("sounds")
    wav(folder / "storm.wav", ("rumble", 12), ("hiss", 8), ("silence", 10), ("rumble", 6))
    wav(folder / "kettle.wav", ("whistle", 5))
    wav(folder / "mute.wav", ("silence", 5))
    film(folder / "train.mov", ("hum", 4), ("whistle", 4))
    video(folder / "silent.mp4")
    with Catalog.open(replace(shared_settings, sound_encoder="null")) as opened:
        report = opened.ingest(folder, collection="Field")
    assert (report.ready, report.failed, report.warnings) == (5, 0, [])
    return folder


@pytest.fixture
def filled(
    postgres_url: str, shared_settings: Settings, media: Path, tmp_path: Path
) -> Iterator[Catalog]:
    """A catalogue of the test's own that has heard the media."""
    with copied_catalog(
        postgres_url, shared_settings, tmp_path / "home", sound_encoder="null"
    ) as opened:
        yield opened


def ranges(catalog: Catalog, sound: str, query: str = "", **options: object) -> list:
    found = catalog.search(query, sound=sound, **options)
    return [
        (h.asset["name"], h.sound["start"], h.sound["end"]) for h in found.hits if h.cosine > 0.9
    ]


def test_moments_are_found_by_what_they_sound_like(filled: Catalog):
    assert ranges(filled, "a whistle") == [("kettle.wav", 0, 4), ("train.mov", 4, 8)]
    # Overlapping windows of one noise are one moment; what lies apart is another.
    names = [(name, end) for name, _, end in ranges(filled, "rumble")]
    assert names == [("storm.wav", 4), ("storm.wav", 34)]
    (hit,) = [h for h in filled.search(sound="whistle", query="kind:video").hits if h.cosine > 0.9]
    assert (hit.sound["timecode_in"], hit.sound["timecode_out"]) == ("01:00:04:00", "01:00:08:00")
    assert hit.clip["start"] == pytest.approx(4, abs=0.05)
    assert hit.frame is not None
    body = hit.as_json()
    assert body["sound"] == dict(hit.sound)
    assert body["score"] == body["cosine"] == pytest.approx(1, abs=0.01)


def test_filters_words_and_visibility_choose_among_which(filled: Catalog):
    assert ranges(filled, "whistle", "kind:audio") == [("kettle.wav", 0, 4)]
    assert ranges(filled, "whistle", "train") == [("train.mov", 4, 8)]
    assert ranges(filled, "whistle", "nobody") == []
    assert ranges(filled, "whistle", "-collection:field") == []
    assert ranges(filled, "whistle", "duration:>7s") == [("train.mov", 4, 8)]
    filled.collection(["kettle.wav"], "Other")
    theirs = filled.seen_by(Actor("guest", collections=frozenset({"Field"})))
    assert ranges(theirs, "whistle") == [("train.mov", 4, 8)]


def test_pages_follow_each_other(filled: Catalog):
    whole = [(h.asset["name"], h.sound["start"]) for h in filled.search(sound="hiss").hits]
    assert len(whole) > 3
    paged, after = [], None
    while True:
        page = filled.search(sound="hiss", limit=2, after=after)
        paged += [(h.asset["name"], h.sound["start"]) for h in page.hits]
        after = page.next
        if after is None:
            break
    assert paged == whole
    assert filled.search(sound="hiss").total_candidates >= len(whole)
    with pytest.raises(InvalidInputError, match="cursor"):
        filled.search(sound="hum", after=filled.search(sound="hiss", limit=2).next)


def test_who_asks_for_a_sound_again_loads_no_encoder(filled: Catalog, tmp_path: Path):
    asked = ranges(filled, "a  whistle"), ranges(filled, "hum")
    assert asked[0]
    # Its weights are gone since.
    name = f"local-dir:{tmp_path / 'clap'}"
    with filled.database.session() as session:
        session.execute(text("UPDATE sound_encoder SET name = :name"), {"name": name})
    program = (
        "import json, sys\nfrom pathlib import Path\nfrom catalog import Catalog\n"
        "from catalog.settings import Settings\n"
        "home, url, name = sys.argv[1:]\n"
        "settings = Settings(\n"
        "    home=Path(home), database_url=url, encoder='null', sound_encoder=name)\n"
        "with Catalog.open(settings) as catalog:\n"
        "    found = [catalog.search('sound:\"a whistle\"'), catalog.search(sound='hum')]\n"
        "    hits = [[hit for hit in each.hits if hit.cosine > 0.9] for each in found]\n"
        "    told = [[(h.asset['name'], h.sound['start'], h.sound['end']) for h in each]\n"
        "            for each in hits]\n"
        "assert not {'torch', 'open_clip', 'transformers'} & set(sys.modules)\n"
        "print(json.dumps(told))\n"
    )
    url = filled.database.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", program, str(filled.settings.home), url, name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [[tuple(each) for each in hits] for hits in told] == list(asked)
    with (
        Catalog.open(replace(filled.settings, sound_encoder=name)) as other,
        pytest.raises(EncoderUnavailableError, match="cannot be loaded"),
    ):
        other.search(sound="hiss")


def test_words_are_encoded_once_whatever_the_page(filled: Catalog, monkeypatch):
    encoded: list[str] = []
    real = NullSoundEncoder.encode_texts
    monkeypatch.setattr(
        NullSoundEncoder,
        "encode_texts",
        lambda self, texts: encoded.extend(texts) or real(self, texts),
    )
    long = "hiss " * 500  # no index entry takes it
    for sound in ("hiss", " hiss ", long, long):
        first = filled.search(sound=sound, limit=2)
        filled.search(sound=sound, limit=2, after=first.next)
    assert encoded == ["hiss", long.strip()]
    with Catalog.open(filled.settings) as other:
        other.search(sound="hiss")
        other.search(sound=long)
    assert encoded == ["hiss", long.strip(), long.strip()]


def test_an_encoder_may_go_while_its_words_are_encoded(hearing: Catalog, monkeypatch):
    real = NullSoundEncoder.encode_texts

    def going(self, texts):
        with hearing.database.session() as session:
            session.execute(text("DELETE FROM sound_encoder"))
        return real(self, texts)

    monkeypatch.setattr(NullSoundEncoder, "encode_texts", going)
    assert hearing.search(sound="hiss").hits == ()
    assert hearing.sql("SELECT count(*) FROM sound_phrase").rows == [(0,)]


def test_the_query_itself_says_it(filled: Catalog):
    asked = [(h.asset["name"], h.sound) for h in filled.search(sound="a whistle").hits]
    found = filled.search('sound:"a  whistle"')
    assert [(h.asset["name"], h.sound) for h in found.hits] == asked
    found = filled.search("kind:video SOUND:whistle")
    assert {h.asset["name"] for h in found.hits} == {"train.mov"}
    [first, *_] = cards_of(found, filled.passages(found), grouped=False)
    assert first.why == "sounds so: 01:00:04:00 – 01:00:08:00"
    assert filled.facets("kind:video sound:whistle", fields=["kind"]).values["kind"][0].assets == 2
    assert filled.scores("sound:whistle", first.asset["id"]) == {}
    assert filled.search("sound:whistle", sound="whistle").hits
    with pytest.raises(InvalidInputError, match="expected one of them"):
        filled.search("sound:whistle", sound="hum")
    for refused in (filled.assets, filled.duplicates):
        with pytest.raises(InvalidQueryError, match="hits of a search alone"):
            refused("sound:whistle")


def test_what_is_heard_is_listed(filled: Catalog, capsys):
    (row,) = filled.sound_figures()
    assert (row["name"], row["set"], row["assets"], row["missing"]) == ("null", True, 4, 0)
    assert row["windows"] > 10
    sound_encoder_list([row])
    shown = capsys.readouterr().out.split()
    assert shown[-6:] == ["*", "null", str(row["dimension"]), "4", "0", str(row["windows"])]


def test_the_statement_is_one_and_shown(filled: Catalog):
    found = filled.search(sound="hiss", explain=True)
    assert "sound_window" in found.explanation["sql"]
    assert found.encoder == "null"
    assert found.plan.as_json()["kind"] == "exact"
    assert found.plan.as_json()["settings"]["jit"] == "off"
    assert "work_mem = '64MB'" in str(found.explanation["plan"])


def test_what_cannot_be_asked(filled: Catalog):
    for options in ({"then": "red"}, {"like": "1"}, {"sort": "date"}, {"not_": "red"}):
        with pytest.raises(InvalidInputError, match="filters and words alone"):
            filled.search(sound="hiss", **options)
    with pytest.raises(InvalidInputError, match="is empty"):
        filled.search(sound="  ")
    with pytest.raises(InvalidQueryError):
        filled.search("(", sound="hiss")
    with pytest.raises(InvalidInputError, match="order"):
        filled.search("sort:date", sound="hiss")


def test_hearing_again_changes_nothing_and_a_copy_is_not_heard(
    filled: Catalog, media: Path, tmp_path: Path
):
    def stages() -> list:
        return [s for s in filled.show("storm.wav")["stages"] if s["name"] == "sound"]

    assert [s["state"] for s in stages()] == ["done"]
    before = ranges(filled, "rumble")
    assert filled.listen() == {"assets": [], "made": 0, "windows": 0, "failures": []}
    again = filled.listen(["storm.wav"], again=True)
    assert (again["made"], again["windows"]) == (1, stages() and again["windows"])
    assert again["windows"] > 10
    assert ranges(filled, "rumble") == before
    shutil.copy(media / "kettle.wav", tmp_path / "copy.wav")
    filled.ingest(tmp_path / "copy.wav")
    assert len(ranges(filled, "whistle", "kind:audio")) == 1
    filled.remove(["kettle.wav"])
    assert ranges(filled, "whistle", "kind:audio") == []


# --- not offered --------------------------------------------------------------


def test_without_a_sound_encoder_it_is_not_offered(catalog: Catalog, tmp_path: Path):
    wav(tmp_path / "kettle.wav", ("whistle", 5))
    report = catalog.ingest(tmp_path)
    assert (report.ready, report.warnings) == (1, [])
    assert "sound" not in {stage["name"] for stage in catalog.show("kettle.wav")["stages"]}
    assert catalog.sound_figures() == []
    asked = (lambda: catalog.search(sound="rain"), lambda: catalog.search("sound:rain"))
    for ask in (*asked, catalog.listen):
        with pytest.raises(EncoderUnavailableError, match="no sound encoder is set") as caught:
            ask()
        assert "CATALOG_SOUND_ENCODER" in caught.value.remedy


def test_weights_that_are_missing_hold_nothing_else_up(settings: Settings, tmp_path: Path):
    folder = tmp_path / "no-weights"
    wav(tmp_path / "kettle.wav", ("whistle", 5))
    with Catalog.open(replace(settings, sound_encoder=f"local-dir:{folder}")) as catalog:
        report = catalog.ingest(tmp_path)
        assert (report.ready, report.failed) == (1, 0)
        (warning,) = report.warnings
        assert (warning.path, warning.code) == ("CATALOG_SOUND_ENCODER", "encoder_unavailable")
        assert "has no config.json" in warning.reason
        (stage,) = [s for s in catalog.show("kettle.wav")["stages"] if s["name"] == "sound"]
        assert (stage["state"], stage["error_code"]) == ("waiting", "encoder_unavailable")
        assert "has no config.json" in stage["error_message"]
        # As a worker finds it: it goes on waiting.
        catalog.retry(["kettle.wav"])
        asset = catalog.show("kettle.wav")["id"]
        assert not catalog.listen_due(asset)
        (stage,) = [s for s in catalog.show(asset)["stages"] if s["name"] == "sound"]
        assert stage["state"] == "waiting"
        with pytest.raises(EncoderUnavailableError):
            catalog.search(sound="rain")
        (check,) = [c for c in catalog.doctor().checks if c.name == "sound_encoder"]
        assert f"there is no {folder}" in check.found
    # They have come: what waited is done.
    with Catalog.open(replace(settings, sound_encoder="null")) as catalog:
        assert catalog.listen()["made"] == 1
        assert ranges(catalog, "whistle") == [("kettle.wav", 0, 4)]


def test_another_encoder_hears_everything_anew(settings: Settings, tmp_path: Path, monkeypatch):
    wav(tmp_path / "kettle.wav", ("whistle", 5))
    with Catalog.open(replace(settings, sound_encoder="null")) as catalog:
        catalog.ingest(tmp_path)
        (before,) = [s for s in catalog.show("kettle.wav")["stages"] if s["name"] == "sound"]
        catalog.ingest(tmp_path)
        (after,) = [s for s in catalog.show("kettle.wav")["stages"] if s["name"] == "sound"]
        assert after == before, "what it has heard is not heard again"
    monkeypatch.setattr(NullSoundEncoder, "weights_digest", "other")
    with (
        Catalog.open(replace(settings, sound_encoder="null")) as catalog,
        pytest.raises(EncoderUnavailableError, match="not those"),
    ):
        catalog.search(sound="whistle")
    monkeypatch.setattr(NullSoundEncoder, "name", "null:32")
    with Catalog.open(replace(settings, sound_encoder="null")) as catalog:
        assert catalog.search(sound="whistle").hits == ()
        assert catalog.listen()["made"] == 1
        assert len(catalog.search(sound="whistle").hits) > 0


def test_a_name_that_is_none(settings: Settings):
    with (
        Catalog.open(replace(settings, sound_encoder="ViT-B-32/openai")) as catalog,
        pytest.raises(UnknownEncoderError, match="does not name a sound encoder"),
    ):
        catalog.search(sound="rain")
