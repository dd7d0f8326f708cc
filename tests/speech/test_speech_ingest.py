"""Speech on its way through an ingest: heard, waited for, recognised, superseded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from stand_in import Source, StandIn

from catalog import Catalog
from catalog.domain.speech import RATE, Heard
from catalog.errors import RecognitionOverrunError, SpeechUnavailableError
from catalog.ingest import listening
from catalog.ingest import speech as recognition
from catalog.media.isolated import DecoderPool

SUBTITLES = "1\n00:00:00,500 --> 00:00:02,000\nAnd so, my fellow Americans\n"


def stage(catalog: Catalog, asset: str) -> dict:
    found = {each["name"]: each for each in catalog.show(asset)["stages"]}
    return found.get("recognise", {"state": None})


def seconds(catalog: Catalog, asset: str) -> float:
    return sum(end - start for start, end in catalog.show(asset)["speaking"])


def lines(catalog: Catalog, asset: str) -> list[dict]:
    return [clip for clip in catalog.show(asset)["clips"] if clip["kind"] == "speech"]


def test_a_film_tells_where_somebody_speaks_by_its_own_clock(
    catalog: Catalog, film: Callable[..., Path], speech: Heard
) -> None:
    film("early.mov", speech)
    film("late.mov", speech, late=4.0)
    assert catalog.ingest(film("early.mov", speech).parent).failed == 0
    early, late = catalog.show("early.mov")["speaking"], catalog.show("late.mov")["speaking"]
    assert 7 < seconds(catalog, "early.mov") < 10
    assert np.allclose(np.array(late) - 4.0, np.array(early), atol=0.25)


def test_one_live_channel_among_silent_ones_is_understood(
    catalog: Catalog, film: Callable[..., Path], speech: Heard
) -> None:
    catalog.ingest(film("six.mov", speech, channels=6, live=4))
    assert seconds(catalog, "six.mov") > 7


def test_nobody_speaks_in_a_silent_film_and_nothing_is_known_of_a_still(
    catalog: Catalog, film: Callable[..., Path], tmp_path: Path
) -> None:
    from PIL import Image

    from catalog.encoders.null import COLOURS
    from catalog.media.writer import write_video

    folder = film("hush.mov", np.zeros(2 * RATE, np.float32)).parent
    mute = [np.full((48, 64, 3), COLOURS["red"], np.uint8)] * 10
    write_video(folder / "mute.mp4", mute, frame_rate=25)
    Image.new("RGB", (32, 24)).save(folder / "still.png")
    report = catalog.ingest(folder)
    assert (report.failed, report.speech_waits) == (0, None)
    assert catalog.show("hush.mov")["speaking"] == catalog.show("mute.mp4")["speaking"] == []
    assert catalog.show("still.png")["speaking"] is None
    assert [job for job in catalog.jobs() if job["stage"] == "recognise"] == []


def test_without_weights_the_stage_waits_and_everything_else_goes_on(
    catalog: Catalog, film: Callable[..., Path], speech: Heard
) -> None:
    report = catalog.ingest(film("speech.mov", speech))
    assert (report.ready, report.failed) == (1, 0)
    assert "The weights are away. Bring them." in report.speech_waits
    assert lines(catalog, "speech.mov") == [], "nobody claims to have recognised anything"
    waits = stage(catalog, "speech.mov")
    assert (waits["state"], waits["error_code"]) == ("waiting", "speech_unavailable")
    (job,) = catalog.jobs()
    assert (job["stage"], job["state"]) == ("recognise", "waiting")
    assert catalog.jobs(failed=True) == []
    assert catalog.assets()["assets"][0]["error_code"] is None

    asked = catalog.recognise()
    assert (asked["assets"], asked["recognised"]) == (0, 0)
    assert asked["waiting"].startswith("1 asset waits for speech to be recognised: The weights")

    catalog.recognisers = Source(StandIn())
    done = catalog.recognise()
    assert (done["recognised"], done["waiting"], done["failures"]) == (1, None, [])
    assert stage(catalog, "speech.mov")["state"] == "done"
    assert lines(catalog, "speech.mov")


def test_recognised_text_is_found_and_says_who_recognised_it(
    catalog: Catalog, recogniser: StandIn, film: Callable[..., Path], speech: Heard
) -> None:
    catalog.ingest(film("speech.mov", speech))
    shown = catalog.show("speech.mov")
    (source,) = shown["speech"]
    assert source["kind"] == "recognised"
    assert (source["by"], source["languages"]) == (recogniser.name, ["en"])
    (line,) = lines(catalog, "speech.mov")
    first, last = shown["speaking"][0], shown["speaking"][-1]
    assert line["start"] == pytest.approx(first[0], abs=0.05)
    assert line["end"] == pytest.approx(last[1], abs=0.05)
    assert [hit.asset["name"] for hit in catalog.search('"said something"').hits] == ["speech.mov"]
    with catalog.database.connect() as connection:
        words, start, end = connection.execute(
            text("SELECT word_times, start_pts, end_pts FROM clip WHERE kind = 'speech'")
        ).one()
    assert [word[0] for word in words] == ["somebody", "said", "something"]
    assert start == words[0][1] < words[0][2] == words[1][1] < words[2][2] == end


def test_a_sidecar_that_comes_later_supersedes_what_was_recognised(
    catalog: Catalog, recogniser: StandIn, film: Callable[..., Path], speech: Heard
) -> None:
    path = film("speech.mov", speech)
    catalog.ingest(path)
    assert catalog.show("speech.mov")["speech"][0]["kind"] == "recognised"
    path.with_suffix(".en.srt").write_text(SUBTITLES, encoding="utf-8")
    catalog.ingest(path)
    (source,) = catalog.show("speech.mov")["speech"]
    assert (source["kind"], source["lines"]) == ("subtitles", 1)
    assert lines(catalog, "speech.mov")[0]["text"] == "And so, my fellow Americans"
    assert len(recogniser.given) == 1

    path.with_suffix(".en.srt").unlink()
    catalog.ingest(path)
    assert [each["kind"] for each in catalog.show("speech.mov")["speech"]] == ["recognised"]
    assert len(recogniser.given) == 2, "it is recognised anew"


def test_what_subtitles_say_is_not_recognised(
    catalog: Catalog, recogniser: StandIn, film: Callable[..., Path], speech: Heard
) -> None:
    path = film("speech.mov", speech)
    path.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    catalog.ingest(path)
    assert recogniser.given == []
    assert seconds(catalog, "speech.mov") > 7, "it is listened to all the same"
    assert stage(catalog, "speech.mov")["state"] is None


def test_pictures_and_speech_come_from_one_read(
    catalog: Catalog,
    film: Callable[..., Path],
    speech: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    job = DecoderPool.job

    def noted(pool: DecoderPool, name: str, *given: Any, **more: Any) -> Any:
        asked.append(name)
        return job(pool, name, *given, **more)

    monkeypatch.setattr(DecoderPool, "job", noted)
    path = film("speech.mov", speech)
    path.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    catalog.ingest(path)
    assert seconds(catalog, "speech.mov") > 7
    assert asked.count("analyse") == 1
    assert "hear" not in asked


def test_without_the_extra_all_goes_on_and_listening_is_caught_up_on(
    catalog: Catalog,
    film: Callable[..., Path],
    speech: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        raise SpeechUnavailableError("The extra is not installed.", remedy="Install it.")

    path = film("speech.mov", speech)
    path.with_suffix(".srt").write_text(SUBTITLES, encoding="utf-8")
    with monkeypatch.context() as without:
        without.setattr(listening, "load_voice", away)
        report = catalog.ingest(path)
    assert (report.ready, report.failed) == (1, 0)
    assert "The extra is not installed. Install it." in report.speech_waits
    assert catalog.show("speech.mov")["speaking"] is None
    catalog.retry()
    catalog.ingest(path)
    assert seconds(catalog, "speech.mov") > 7
    assert stage(catalog, "speech.mov")["state"] == "done"
    assert [each["kind"] for each in catalog.show("speech.mov")["speech"]] == ["subtitles"]


def test_again_replaces_what_was_recognised_and_keeps_what_is_alike(
    catalog: Catalog, recogniser: StandIn, film: Callable[..., Path], speech: Heard
) -> None:
    catalog.ingest(film("speech.mov", speech))
    (before,) = lines(catalog, "speech.mov")
    assert catalog.recognise(["speech.mov"])["assets"] == 0, "it is done"
    assert catalog.recognise(["speech.mov"], again=True)["recognised"] == 1
    assert lines(catalog, "speech.mov")[0]["id"] == before["id"], "bins hold on to it"
    catalog.recognisers = Source(StandIn(language="de"))
    catalog.recognise(["speech.mov"], again=True)
    (after,) = lines(catalog, "speech.mov")
    assert after["id"] != before["id"]
    assert catalog.show("speech.mov")["speech"][0]["languages"] == ["de"]


def test_what_takes_too_long_is_given_up_and_what_is_broken_off_stays_due(
    catalog: Catalog,
    recogniser: StandIn,
    film: Callable[..., Path],
    speech: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = film("speech.mov", speech)
    with monkeypatch.context() as slow:
        slow.setattr(recognition, "_SECONDS", -1e9)
        report = catalog.ingest(path)
    assert (report.ready, report.failed) == (1, 0), "by its pictures it is found"
    assert [each.code for each in report.warnings] == [RecognitionOverrunError.code]
    assert stage(catalog, "speech.mov")["state"] == "failed"
    catalog.retry()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(recogniser, "recognise", interrupt)
        with pytest.raises(KeyboardInterrupt):
            catalog.recognise()
    assert stage(catalog, "speech.mov")["state"] == "due"
    assert catalog.recognise()["recognised"] == 1


def test_a_long_sound_is_recognised_piece_by_piece_in_each_pieces_language(
    catalog: Catalog, recogniser: StandIn, film: Callable[..., Path], speech: Heard
) -> None:
    hush = np.zeros(3 * RATE, np.float32)
    short = speech[int(5.3 * RATE) : int(7.8 * RATE)]
    catalog.ingest(film("long.mov", np.concatenate([speech, hush, short, hush, speech])))
    lengths = [samples / RATE for samples, _ in recogniser.given]
    assert len(lengths) == 3
    assert max(lengths) < 12
    assert [language for _, language in recogniser.given] == [None, "en", "en"]
    told = lines(catalog, "long.mov")
    assert [line["start"] for line in told] == sorted(line["start"] for line in told)
    spoken = catalog.show("long.mov")["speaking"]
    for line in told:
        assert any(start - 0.1 <= line["start"] <= end for start, end in spoken)


def test_captions_within_pictures_are_text_before_any_recognition(
    catalog: Catalog,
    recogniser: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What an analysis found as captions is kept, found, and renewed by the next analysis."""
    from catalog.domain.sidecars import Captioned, Segment
    from catalog.encoders.null import COLOURS
    from catalog.media.isolated import IsolatedAnalysis
    from catalog.media.writer import write_video

    path = tmp_path / "captioned.mp4"
    write_video(path, [np.full((48, 64, 3), COLOURS["red"], np.uint8)] * 75, frame_rate=25)
    told = [Segment("speech", 0, 2, "from the harbour")]
    plain = IsolatedAnalysis.__iter__

    def with_captions(self: IsolatedAnalysis):
        yield from plain(self)
        read = ("CC1",) if told else ()
        self.captions = Captioned(tuple(told), (*read, "service 1"), read)

    monkeypatch.setattr(IsolatedAnalysis, "__iter__", with_captions)
    catalog.ingest(path)
    (source,) = catalog.show("captioned.mp4")["speech"]
    assert (source["kind"], source["lines"]) == ("captions", 1)
    assert (source["read"], source["carried"]) == (["CC1"], ["CC1", "service 1"])
    assert catalog.search('"from the harbour"').hits[0].asset["name"] == "captioned.mp4"
    (before,) = lines(catalog, "captioned.mp4")

    def analysed_again() -> None:
        with catalog.database.session() as session:
            session.execute(text("UPDATE stage SET state = 'due' WHERE name = 'analyse'"))
        catalog.ingest(path)

    analysed_again()
    assert lines(catalog, "captioned.mp4")[0]["id"] == before["id"], "bins hold on to it"
    told.clear()
    analysed_again()
    assert catalog.show("captioned.mp4")["speech"] == []
    assert recogniser.given == []
