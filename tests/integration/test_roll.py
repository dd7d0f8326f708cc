"""A-roll and B-roll: told from speech and pictures, put right by people, and counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_footage import still, video
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.roll import CUES, VERSION, chance_of_a, evidence
from catalog.encoders import load_encoder
from catalog.errors import BrokerUnavailableError, InvalidInputError, NotFoundError
from catalog.ingest.rolls import tell_untold
from catalog.store import rolls, vectors

CUE = "{}\n00:00:0{}.{:03} --> 00:00:0{}.{:03}\n{}\n"


def subtitles(film: Path, *cues: tuple[float, float, str]) -> Path:
    """Write what is said beside a film: from, to, words."""
    lines = []
    for number, (start, end, words) in enumerate(cues, 1):
        whole = [(int(at), round(at % 1 * 1000)) for at in (start, end)]
        lines.append(CUE.format(number, *whole[0], *whole[1], words).replace(".", ","))
    path = film.with_suffix(".en.srt")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def shots(catalog: Catalog, name: str) -> list[dict]:
    return [clip for clip in catalog.show(name)["clips"] if clip["kind"] == "shot"]


def told(catalog: Catalog, name: str) -> str:
    return "".join(shot["roll"] or "-" for shot in shots(catalog, name))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four shots of two seconds; somebody speaks over the first, and just into the second."""
    path = video(tmp_path / "media" / "talk.mp4", ("red", "green", "black", "blue"), frames=50)
    subtitles(path, (0.2, 2.3, "Good evening from the harbour"), (6.5, 6.9, "[wind]"))
    return path


def heard(catalog: Catalog) -> None:
    """As if the films had sound that nobody has measured."""
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.asset SET audio_codec = 'aac', speaking = NULL"))


def sees_colours(catalog: Catalog, noise: float = 0.05) -> None:
    """Let the encoder know the words: pictures of red show somebody who speaks, of blue none."""
    encoder = load_encoder("null")
    red, blue = encoder.encode_texts(["red", "blue"])
    random = np.random.default_rng(1)
    rows = []
    for cue in CUES:
        middle = red if cue.side == "A" else blue
        rows += [middle + noise * random.standard_normal(len(red)) for _ in cue.wordings]
    made = np.stack(rows)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    with catalog.database.session() as session:
        active = vectors.active_encoder(session)
        assert active is not None
        rolls.save_cues(session, active.id, made)


def test_speech_over_a_shot_makes_it_a_roll_and_flags_make_it_neither(catalog: Catalog, film: Path):
    catalog.ingest(film)
    assert [shot["flag"] for shot in shots(catalog, "talk.mp4")] == [None, None, "black", None]
    assert told(catalog, "talk.mp4") == "AB-B"
    first, second, black, last = shots(catalog, "talk.mp4")
    assert first["roll_confidence"] == pytest.approx(
        chance_of_a(share=0.9, picture=None, seconds=2), abs=1e-4
    ), "the statement counts as the function does"
    assert second["roll_confidence"] == pytest.approx(
        1 - chance_of_a(share=0.15, picture=None, seconds=2), abs=1e-4
    )
    assert last["roll_confidence"] > second["roll_confidence"], "[wind] is no speech"
    assert black["roll_confidence"] is None
    [hit] = catalog.search("roll:a").hits
    assert hit.clip is not None
    assert (hit.clip["id"], hit.clip["roll"]) == (first["id"], "A")
    assert hit.clip["roll_confidence"] == first["roll_confidence"]
    assert catalog.search("roll:b").total_candidates == 2
    body = catalog.clip(first["id"])
    assert (body["roll_by_person"], body["roll_confidence"]) == (False, first["roll_confidence"])


def test_rolls_follow_what_is_said_without_another_analysis(catalog: Catalog, film: Path):
    catalog.ingest(film)
    moved = film.with_suffix(".en.srt")
    moved.unlink()
    subtitles(film, (6.1, 8.0, "And that was the weather for tomorrow"))
    catalog.ingest(film)
    assert told(catalog, "talk.mp4") == "BB-A"


def test_a_still_and_a_mute_film_are_b_roll(catalog: Catalog, tmp_path: Path):
    still(tmp_path / "m" / "face.png", "red")
    video(tmp_path / "m" / "mute.mp4", ("red", "blue"), frames=50)
    catalog.ingest(tmp_path / "m")
    assert (told(catalog, "face.png"), told(catalog, "mute.mp4")) == ("B", "BB")
    sure = [shot["roll_confidence"] for shot in shots(catalog, "mute.mp4")]
    assert all(0.85 < each < 0.95 for each in sure), "that nothing is heard tells not all"
    assert shots(catalog, "face.png")[0]["roll_confidence"] > 0.99
    # Pictures of somebody speaking outvote that there is no sound.
    sees_colours(catalog)
    catalog.tell_rolls()
    assert told(catalog, "mute.mp4") == "AB"
    assert told(catalog, "face.png") == "B"


def test_where_nobody_measured_speech_pictures_decide_with_less_confidence(
    catalog: Catalog, tmp_path: Path
):
    video(tmp_path / "clip.mp4", ("red", "blue"), frames=50)
    catalog.ingest(tmp_path / "clip.mp4")
    heard(catalog)
    body = catalog.tell_rolls()
    assert (body["assets"], body["pictures"]) == (1, False)
    assert "does not tell the words for them apart" in body["reason"], "null knows no words"
    guesses = [shot["roll_confidence"] for shot in shots(catalog, "clip.mp4")]
    assert all(0.5 <= guess < 0.75 for guess in guesses), "nothing is known: these are guesses"

    sees_colours(catalog)
    assert catalog.tell_rolls()["pictures"] is True
    assert told(catalog, "clip.mp4") == "AB"
    red, blue = [shot["roll_confidence"] for shot in shots(catalog, "clip.mp4")]
    assert 0.6 < red < 0.99
    assert 0.6 < blue < 0.99


def test_the_statement_weighs_pictures_as_the_function_does(catalog: Catalog, tmp_path: Path):
    video(tmp_path / "clip.mp4", ("red", "yellow", "blue"), frames=50)
    catalog.ingest(tmp_path / "clip.mp4")
    sees_colours(catalog, noise=0.15)
    heard(catalog)
    assert catalog.tell_rolls()["pictures"] is True
    asset = catalog.show("clip.mp4")["id"]
    with catalog.database.session() as session:
        eye, known = rolls.eye_of(session), rolls.what_is_known(session, [asset])
        rows = session.execute(text("SELECT clip_id, vector FROM catalog.embedding")).all()
    seen: dict[int, list[np.ndarray]] = {}
    for clip, vector in rows:
        seen.setdefault(clip, []).append(np.asarray(vector, dtype=np.float32))
    told_as = {shot["id"]: shot for shot in shots(catalog, "clip.mp4")}
    assert set(seen) == set(known) == set(told_as)
    for clip, vectors_of in seen.items():
        near = np.mean([[vector @ cue for cue in eye.cues] for vector in vectors_of], axis=0)
        odds = evidence([(cue.side, float(x)) for cue, x in zip(CUES, near, strict=True)])
        assert known[clip].picture == pytest.approx(odds, abs=0.1), "in half precision, times 100"
        seconds = told_as[clip]["end"] - told_as[clip]["start"]
        chance = chance_of_a(share=None, picture=odds, seconds=seconds)
        assert told_as[clip]["roll_confidence"] == pytest.approx(max(chance, 1 - chance), abs=0.01)


def test_an_encoder_whose_words_are_noise_is_not_asked(catalog: Catalog):
    demo = load_encoder("demo")
    assert rolls.tells_apart(demo.encode_texts(rolls.WORDINGS)) < 0.7
    random = np.random.default_rng(2).standard_normal((len(rolls.WORDINGS), 64))
    assert rolls.tells_apart(random / np.linalg.norm(random, axis=1, keepdims=True)) < 0.8


def test_a_persons_word_outlives_another_analysis_and_is_counted(catalog: Catalog, film: Path):
    catalog.ingest(film)
    first, second, black, last = [shot["id"] for shot in shots(catalog, "talk.mp4")]
    before = catalog.stats()["rolls"]
    assert (before["a"], before["b"], before["compared"], before["accuracy"]) == (1, 2, 0, None)
    assert catalog.roll([second], "A") == [second]
    assert catalog.roll([first], "a") == [first]
    assert catalog.roll([last], "B") == [last]
    with pytest.raises(InvalidInputError, match="is no roll; expected A"):
        catalog.roll([first], "C")
    with pytest.raises(NotFoundError, match="no shot's id"):
        catalog.roll([first, 10**9], "B")
    with pytest.raises(InvalidInputError, match="flagged black"):
        catalog.roll([first, black], "B")
    assert told(catalog, "talk.mp4") == "AA-B", "nothing of what was refused was done"

    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.stage SET state = 'due'"))
    catalog.ingest(film)
    assert told(catalog, "talk.mp4") == "AA-B"
    anew = shots(catalog, "talk.mp4")
    assert first not in {shot["id"] for shot in anew}
    assert [shot["roll_by_person"] for shot in anew] == [True, True, False, True]
    assert anew[1]["roll_confidence"] == 1.0
    catalog.tell_rolls()
    figures = catalog.stats()["rolls"]
    assert figures["confusion"] == {"a": {"a": 1, "b": 0}, "b": {"a": 1, "b": 1}}
    assert (figures["by_person"], figures["compared"], figures["right"]) == (3, 3, 2)
    assert figures["accuracy"] == pytest.approx(2 / 3, abs=1e-4)

    assert catalog.roll([anew[1]["id"]], None) == [anew[1]["id"]]
    assert told(catalog, "talk.mp4") == "AB-B"
    [entry] = [e for e in catalog.audit("talk.mp4")["entries"] if e["action"] == "roll"][:1]
    assert entry["details"]["now"] is None


def test_who_listened_knows_better_than_subtitles(catalog: Catalog, film: Path):
    catalog.ingest(film)
    heard(catalog)
    with catalog.database.session() as session:
        # From the fifth of a second in the last shot on, in the asset's time base.
        session.execute(
            text(
                "UPDATE catalog.asset SET speaking = int8multirange(int8range("
                "(6.2 * time_base_den / time_base_num)::bigint,"
                " (8.0 * time_base_den / time_base_num)::bigint))"
            )
        )
    catalog.tell_rolls()
    assert told(catalog, "talk.mp4") == "BB-A"
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.asset SET speaking = '{}'"))
    catalog.tell_rolls(["talk.mp4"])
    assert told(catalog, "talk.mp4") == "BB-B"
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.asset SET speaking = NULL"))
    catalog.tell_rolls()
    assert told(catalog, "talk.mp4") == "AB-B"


def test_a_flag_takes_the_roll_and_gives_it_back(catalog: Catalog, film: Path):
    catalog.ingest(film)
    first = shots(catalog, "talk.mp4")[0]["id"]
    catalog.roll([first], "B")
    catalog.flag([first], "slate")
    assert told(catalog, "talk.mp4") == "-B-B"
    catalog.flag([first], None)
    assert told(catalog, "talk.mp4") == "AB-B"
    assert not shots(catalog, "talk.mp4")[0]["roll_by_person"]


def test_another_encoder_or_other_weights_have_all_told_anew(catalog: Catalog, film: Path):
    catalog.ingest(film)
    [[basis]] = catalog.sql("SELECT roll_basis FROM catalog.asset").rows
    assert basis == f"{VERSION}:-"
    assert tell_untold(catalog.database) == 0, "nothing is told twice"
    sees_colours(catalog)
    with pytest.raises(BrokerUnavailableError):
        catalog.reconcile()  # which needs no broker for this part of a round
    [[basis]] = catalog.sql("SELECT roll_basis FROM catalog.asset").rows
    assert basis.startswith(f"{VERSION}:")
    assert basis != f"{VERSION}:-"
    assert tell_untold(catalog.database) == 0
    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.asset SET roll_basis = '0:-'"))
    assert tell_untold(catalog.database, within_s=0.0) == 0, "no batch is begun too late"
    assert tell_untold(catalog.database) == 1


def test_telling_again_writes_nothing(catalog: Catalog, film: Path):
    catalog.ingest(film)
    with catalog.database.session() as session:
        ids = list(session.execute(text("SELECT id FROM catalog.asset")).scalars())
        assert rolls.tell_rolls(session, ids) == 0
        assert rolls.tell_rolls(session, []) == 0
