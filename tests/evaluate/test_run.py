"""Encoders side by side: what is encoded, kept, left out and compared."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.encoders import Encoder, load_encoder
from catalog.encoders.null import COLOURS as RGB
from catalog.errors import InvalidInputError, PathNotFoundError
from catalog.evaluate import (
    Caption,
    Contender,
    Dataset,
    Options,
    Picture,
    Protocol,
    Shelves,
    evaluate,
)
from catalog.evaluate.contenders import contenders_of, templates_of

COLOURS = {"red": "rot", "green": "grün", "blue": "blau", "yellow": "gelb", "white": "weiß",
           "black": "schwarz"}  # fmt: skip
QUICK = Options(resamples=50, speed=False)


def painted(colour: str | tuple[int, int, int], size: int = 16) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(content, "PNG")
    return content.getvalue()


def dataset(**contents: bytes) -> Dataset:
    """A picture of each colour, captioned in English, and in German, which null cannot read."""
    held = {**{name: painted(RGB[name]) for name in COLOURS}, **contents}
    pictures = tuple(Picture(name, partial(held.__getitem__, name)) for name in COLOURS)
    captions = [Caption(at, "en", name) for at, name in enumerate(COLOURS)]
    captions += [Caption(at, "en", f"a {name} thing") for at, name in enumerate(COLOURS)]
    captions += [Caption(at, "de", text) for at, text in enumerate(COLOURS.values())]
    return Dataset(
        "colours", "test", pictures, tuple(captions), lambda body: Image.open(io.BytesIO(body))
    )


class Counting:
    """An encoder that notes what it is asked for, and may be broken off."""

    def __init__(self, *, after: int | None = None) -> None:
        self._inner = load_encoder("null")
        self._left = after
        self.pictures, self.texts = 0, list[str]()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def encode_images(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        if self._left is not None:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
        self.pictures += len(pictures)
        return self._inner.encode_images(pictures)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        return self._inner.encode_texts(texts)

    def characters_read(self, texts: Sequence[str]) -> list[int]:
        return [8 if len(text) > 8 else -1 for text in texts]


def contender(encoder: object, label: str = "null", **templates: str) -> Contender:
    return Contender(label, lambda: encoder, templates)


def test_english_is_found_and_german_is_not():
    found = evaluate(dataset(), [contender(load_encoder("null"))], options=QUICK)
    [null] = found.encoders
    assert (found.pictures, found.captions, found.languages) == (6, 12, ("en", "de"))
    english, german = null.languages["en"], null.languages["de"]
    assert [recall.value for recall in english.text_to_image] == [1, 1, 1]
    assert [recall.value for recall in english.image_to_text] == [1, 1, 1]
    assert english.cosines.match_median > 0.99 > english.cosines.miss_median
    assert (null.parity("en"), null.parity("de")) == (1, german.text_to_image[0].value)
    assert german.text_to_image[0].value < 0.6
    assert null.text_to_image[0].value == pytest.approx((1 + german.text_to_image[0].value) / 2)
    assert {example.margin > 0 for example in english.examples} == {True}
    assert min(example.margin for example in german.examples) < 0
    assert null.matrix.texts == tuple(COLOURS)
    assert np.diag(null.matrix.cosines) == pytest.approx(1, abs=0.02)
    body = found.as_json()
    assert body["encoders"][0]["languages"]["en"]["text_to_image"]["r1"]["value"] == 1
    assert body["encoders"][0]["languages"]["de"]["examples"][0]["wanted"] in COLOURS


def test_every_caption_asks_where_that_is_the_protocol():
    counting = Counting()
    options = replace(QUICK, protocol=Protocol.EVERY)
    found = evaluate(dataset(), [contender(counting)], options=options)
    assert found.captions == 18
    assert found.encoders[0].languages["en"].queries == 12
    assert found.encoders[0].cut == 6, "“a yellow thing” and its like are longer than is read"
    assert found.encoders[0].languages["en"].image_to_text[0].value == 1


def test_nothing_is_encoded_twice(tmp_path: Path):
    first, second = Counting(), Counting()
    one = evaluate(dataset(), [contender(first)], options=QUICK, shelves=Shelves(tmp_path))
    assert (first.pictures, len(first.texts)) == (6, 12)
    other = evaluate(dataset(), [contender(second)], options=QUICK, shelves=Shelves(tmp_path))
    assert (second.pictures, second.texts) == (0, [])
    assert replace(one, wall_s=0) == replace(other, wall_s=0)
    # Another content under an old name is another picture.
    third = Counting()
    evaluate(dataset(red=painted("#d00")), [contender(third)], options=QUICK,
             shelves=Shelves(tmp_path))  # fmt: skip
    assert (third.pictures, third.texts) == (1, [])


def test_it_goes_on_where_it_was_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("catalog.evaluate.encoding._PICTURES", 2)
    broken = Counting(after=2)
    with pytest.raises(KeyboardInterrupt):
        evaluate(dataset(), [contender(broken)], options=QUICK, shelves=Shelves(tmp_path))
    assert broken.pictures == 4
    kept = list(tmp_path.rglob("*.npz"))
    assert len(kept) == 2
    # One of the files was not whole when the power went.
    kept[0].write_bytes(kept[0].read_bytes()[:-40])
    again = Counting()
    found = evaluate(dataset(), [contender(again)], options=QUICK, shelves=Shelves(tmp_path))
    assert again.pictures == 4
    assert found.encoders[0].languages["en"].text_to_image[0].value == 1


def test_missing_pictures_are_named_and_the_rest_goes_on(tmp_path: Path):
    def gone() -> bytes:
        raise PathNotFoundError("There is no picture 'green'.", remedy="")

    whole = dataset(blue=b"no picture at all")
    pictures = tuple(
        replace(each, read=gone) if each.name == "green" else each for each in whole.pictures
    )
    shelves = Shelves(tmp_path)
    found = evaluate(
        replace(whole, pictures=pictures),
        [contender(load_encoder("null")), contender(load_encoder("null:32"), "other")],
        options=QUICK,
        shelves=shelves,
    )
    assert [(each.picture, each.code) for each in found.missing] == [
        ("green", "path_not_found"),
        ("blue", "unreadable"),
    ]
    assert (found.pictures, found.captions) == (4, 8)
    for each in found.encoders:
        assert each.languages["en"].text_to_image[0].value == 1
        assert each.matrix.texts == ("red", "yellow", "white", "black")
    with pytest.raises(InvalidInputError, match="has 0 pictures"):
        evaluate(
            replace(whole, pictures=tuple(replace(each, read=gone) for each in pictures)),
            [contender(load_encoder("null"))],
        )


def test_prompts_are_measured_beside_plain_captions():
    counting = Counting()
    made = contenders_of(
        ["null"],
        lambda *_: counting,
        devices=["cpu"],
        precisions=["fp32"],
        templates=templates_of(["a {} thing", "de=ein Ding in {}"]),
    )
    found = evaluate(dataset(), made, options=QUICK)
    assert [each.label for each in found.encoders] == ["null:64", "null:64 + prompt"]
    assert {"a red thing", "ein Ding in rot", "red", "rot"} <= set(counting.texts)
    assert found.encoders[1].templates == {"": "a {} thing", "de": "ein Ding in {}"}
    over_all = [each for each in found.paired if not each.language]
    assert [(each.label, each.against) for each in over_all] == [("null:64 + prompt", "null:64")]
    assert len(found.paired) == 3


@pytest.mark.parametrize("wrong", ["no slot", "{} and {}", "de=nothing", ""])
def test_what_is_no_template(wrong: str):
    with pytest.raises(InvalidInputError, match="prompt template"):
        templates_of([wrong])


def test_braces_and_odd_texts_are_text():
    odd = [
        "{0}",
        "{}",
        "%s",
        "🎬🐈‍⬛",
        "夜の car ночью سيارة",
        "word " * 3000,
        "half \ud83d",
        "\x00",
    ]
    pictures = tuple(Picture(str(at), partial(painted, f"#{at:02x}4444")) for at in range(len(odd)))
    captions = tuple(Caption(at, "und", text) for at, text in enumerate(odd))
    opened = dataset().open
    strange = Dataset("odd", "test", pictures, captions, opened)
    made = [contender(load_encoder("null"), "odd", **{"": "a {} of {x}"})]
    found = evaluate(strange, made, options=QUICK)
    assert found.captions == len(odd)
    assert found.as_json()["encoders"][0]["languages"]["und"]["queries"] == len(odd)


def test_one_encoder_twice_is_a_mistake():
    with pytest.raises(InvalidInputError, match="each once"):
        evaluate(dataset(), [contender(load_encoder("null")), contender(load_encoder("null"))])


def test_speed_is_measured_where_it_is_asked_for():
    found = evaluate(dataset(), [contender(load_encoder("null"))], options=Options(resamples=0))
    speed = found.encoders[0].speed
    assert speed.images_per_s > 0 < speed.texts_per_s
    assert speed.query_ms > 0
    assert speed.device_mb is None
    assert found.encoders[0].text_to_image[0].low is None


def test_the_protocol_of_encoders_is_kept():
    assert isinstance(Counting(), Encoder)
