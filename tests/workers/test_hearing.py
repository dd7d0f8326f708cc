"""Sounds and spoken lines get the vectors of their own encoders from workers as well."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import Service, eventually
from tiny_sentence import save_sentence_encoder

from catalog import Catalog
from catalog.encoders.sound.null import BANDS

LINE = "the minister resigned"
RATE = 16_000


def whistle(path: Path) -> Path:
    """Five seconds of one pitch, over which somebody is said to speak."""
    times = np.arange(5 * RATE) / RATE
    samples = 0.4 * np.sin(np.pi * sum(BANDS["whistle"]) * times)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    path.with_suffix(".en.srt").write_text(f"1\n00:00:01,000 --> 00:00:03,000\n{LINE}\n")
    return path


def test_workers_hear_sounds_and_give_lines_their_vectors(service: Service) -> None:
    encoder = f"sentence:{save_sentence_encoder(service.folder / 'sentence')}"
    named = replace(service.settings, sound_encoder="null", speech_encoder=encoder)
    with Catalog.open(named) as catalog:
        heard = replace(service, catalog=catalog, settings=named)
        path = whistle(service.folder / "kettle.wav")
        asset = catalog.register(path, dispatch=True).asset_id

        def speaks() -> object:
            return [row for row in catalog.encoder.list() if row["state"] == "speech"]

        with heard.worker() as worker:
            eventually(lambda: heard.stages(asset).get("sound", ("",))[0] == "done", "it is heard")
            eventually(speaks, "the sentence encoder answers for speech")
            eventually(heard.no_messages, "every message is acknowledged")
        assert "Task catalog.sound" in worker.log
        assert "raised" not in worker.log
        [row] = [row for row in catalog.encoder.list() if row["state"] == "speech"]
        assert (row["name"], row["speech"]) == (encoder, {"vectors": 1, "missing": 0})
        [figure] = catalog.sound_figures()
        assert (figure["assets"], figure["missing"]) == (1, 0)
        first = catalog.search("sound:whistle").hits[0]
        assert (first.asset["id"], first.sound["start"]) == (asset, 0)
        [hit] = catalog.search(LINE).hits
        assert hit.said is not None
        assert (hit.said["text"], hit.said["rank"]) == (LINE, 1)
