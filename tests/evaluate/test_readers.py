"""Each published layout is read as it is published; what breaks it is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from catalog.errors import (
    InvalidInputError,
    MediaError,
    OutsideRootError,
    PathNotFoundError,
)
from catalog.evaluate import Caption, Dataset, Protocol, read_dataset
from catalog.media.isolated import DecoderPool


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool()
    yield pool
    pool.close()


def picture(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 16), colour).save(path)
    return path


def told(dataset: Dataset) -> set[tuple[str, str, str]]:
    return {(dataset.pictures[c.picture].name, c.language, c.text) for c in dataset.captions}


def line(key: str, **captions: list[str]) -> str:
    body = {"image/key": key, "image/locale": "cs"}
    spoken = {code: {"caption": said, "caption/tokenized": said} for code, said in captions.items()}
    return json.dumps({**body, **spoken}, ensure_ascii=False) + "\n"


def test_crossmodal_3600(pool: DecoderPool, tmp_path: Path):
    """captions.jsonl beside images/, two or more captions for each picture and language."""
    (tmp_path / "captions.jsonl").write_text(
        line("0a", en=["a car", "a red car"], quz=["huk karru"], zh=["一辆车", "红车\u2028夜"])
        + line("0b", en=["a house", ""], zh=["房子"]),
        encoding="utf-8",
    )
    picture(tmp_path / "images" / "0a.jpg")
    dataset = read_dataset(tmp_path, pool)
    assert (dataset.kind, dataset.languages) == ("crossmodal-3600", ("en", "quz", "zh"))
    assert told(dataset) == {
        ("0a.jpg", "en", "a car"), ("0a.jpg", "en", "a red car"), ("0a.jpg", "quz", "huk karru"),
        ("0a.jpg", "zh", "一辆车"), ("0a.jpg", "zh", "红车\u2028夜"), ("0b.jpg", "en", "a house"),
        ("0b.jpg", "zh", "房子"),
    }  # fmt: skip
    firsts = dataset.asking(Protocol.FIRST)
    assert [c.text for c in firsts.captions if c.language == "zh"] == ["一辆车", "房子"]
    assert dataset.asking(Protocol.EVERY) == dataset
    assert dataset.open(dataset.pictures[0].read()).size == (24, 16)
    with pytest.raises(PathNotFoundError, match=r"0b\.jpg"):
        dataset.pictures[1].read()


def test_crossmodal_3600_with_pictures_elsewhere(pool: DecoderPool, tmp_path: Path):
    (tmp_path / "a").mkdir()
    file = tmp_path / "a" / "captions.jsonl"
    file.write_text(line("0a", en=["a car"]), encoding="utf-8")
    picture(tmp_path / "b" / "0a.jpg")
    dataset = read_dataset(file, pool, images=tmp_path / "b")
    assert dataset.pictures[0].read().startswith(b"\xff\xd8")
    with pytest.raises(PathNotFoundError, match="no folder"):
        read_dataset(file, pool, images=tmp_path / "c")


def test_xtd10(pool: DecoderPool, tmp_path: Path):
    """Names in one file, captions line by line in one per language, in three folders."""
    names = ["COCO_val2014_000000000042.jpg", "COCO_train2014_000000000007.jpg"]
    for folder, language, said in (
        ("XTD10", "it", "una macchina\nuna casa"),
        ("MIC", "de", "ein Auto\nein Haus\n"),
        ("STAIR", "jp", "車\n家\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"test_1kcaptions_{language}.txt").write_text(said, encoding="utf-8")
    (tmp_path / "XTD10" / "test_image_names.txt").write_text("\n".join(names) + "\n")
    picture(tmp_path / "val2014" / names[0])
    picture(tmp_path / "train2014" / names[1])
    dataset = read_dataset(tmp_path, pool)
    assert (dataset.kind, dataset.languages) == ("xtd10", ("de", "it", "ja"))
    assert (names[1], "ja", "家") in told(dataset)
    assert (names[0], "it", "una macchina") in told(dataset)
    assert all(each.read() for each in dataset.pictures)
    (tmp_path / "MIC" / "test_1kcaptions_de.txt").write_text("ein Auto\n")
    with pytest.raises(InvalidInputError, match=r"has 1 lines, and .* has 2 pictures"):
        read_dataset(tmp_path, pool)


def test_multi30k(pool: DecoderPool, tmp_path: Path):
    """image_splits and raw below data/task1; captions plain or compressed."""
    task = tmp_path / "data" / "task1"
    (task / "image_splits").mkdir(parents=True)
    (task / "raw").mkdir()
    (task / "image_splits" / "test_2016_flickr.txt").write_text("1.jpg\n2.jpg\n")
    (task / "image_splits" / "val.txt").write_text("3.jpg\n")
    (task / "raw" / "test_2016_flickr.en").write_text("a car\na house\n")
    packed = gzip.compress("ein Auto\nein Häuschen\n".encode())
    (task / "raw" / "test_2016_flickr.de.gz").write_bytes(packed)
    (task / "raw" / "val.en").write_text("a tree\n")
    picture(tmp_path / "flickr30k-images" / "1.jpg")
    dataset = read_dataset(tmp_path, pool)
    assert told(dataset) == {
        ("1.jpg", "en", "a car"), ("1.jpg", "de", "ein Auto"),
        ("2.jpg", "en", "a house"), ("2.jpg", "de", "ein Häuschen"),
    }  # fmt: skip
    assert dataset.pictures[0].read()
    assert told(read_dataset(tmp_path, pool, split="val")) == {("3.jpg", "en", "a tree")}
    (task / "raw" / "test_2016_flickr.de.gz").write_bytes(packed[:-9])
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_dataset(tmp_path, pool)


def test_coco(pool: DecoderPool, tmp_path: Path):
    body = {
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 9, "file_name": "b.jpg"}],
        "annotations": [
            {"image_id": 7, "id": 1, "caption": "a car"},
            {"image_id": 7, "id": 2, "caption": "another car"},
            {"image_id": 9, "id": 3, "caption": "будинок", "language": "uk"},
        ],
    }
    (tmp_path / "annotations").mkdir()
    file = tmp_path / "annotations" / "captions_val2017.json"
    file.write_text(json.dumps(body))
    picture(tmp_path / "val2017" / "a.jpg")
    dataset = read_dataset(tmp_path, pool)
    assert told(dataset) == {
        ("a.jpg", "en", "a car"), ("a.jpg", "en", "another car"), ("b.jpg", "uk", "будинок"),
    }  # fmt: skip
    assert dataset.pictures[0].read()
    body["annotations"].append({"image_id": 8, "caption": "nothing"})
    file.write_text(json.dumps(body))
    with pytest.raises(InvalidInputError, match="lacks 8"):
        read_dataset(tmp_path, pool)


def test_csv(pool: DecoderPool, tmp_path: Path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "\ufefffile,language,caption,who\n"
        'deep/a.png,en,"a car, red",me\ndeep/a.png,pt_BR,um carro,me\nb.png,,no language,me\n'
        "c.png,en,,me\n",
        encoding="utf-8",
    )
    picture(tmp_path / "deep" / "a.png")
    dataset = read_dataset(file, pool)
    assert told(dataset) == {
        ("deep/a.png", "en", "a car, red"), ("deep/a.png", "pt-BR", "um carro"),
        ("b.png", "und", "no language"),
    }  # fmt: skip
    assert len(dataset.pictures) == 2
    assert told(read_dataset(tmp_path, pool)) == told(dataset), "a folder with one such file"
    file.write_text("path,text\na.png,a car\n")
    with pytest.raises(InvalidInputError, match="lacks the columns caption, file"):
        read_dataset(file, pool)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("captions.jsonl", "{}\n"),
        ("captions.jsonl", "not json\n"),
        ("captions.jsonl", '["a list"]\n'),
        ("captions.jsonl", '{"image/key": "a"}\n'),
        ("captions.jsonl", '{"image/key": "a", "en": {"caption": "no list"}}\n'),
        ("captions.json", '{"images": []}'),
        ("captions.json", "[1]"),
        ("captions.csv", ""),
        ("captions.csv", "file,language,caption\n"),
        ("captions.csv", b"file,language,caption\na.png,en,\xff\xfe\n"),
        ("readme.txt", "nothing"),
    ],
)
def test_what_breaks_its_layout_is_refused(
    pool: DecoderPool, tmp_path: Path, name: str, content: str | bytes
):
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InvalidInputError) as caught:
        read_dataset(tmp_path, pool)
    assert caught.value.remedy


def test_there_is_nothing(pool: DecoderPool, tmp_path: Path):
    with pytest.raises(PathNotFoundError, match="no dataset"):
        read_dataset(tmp_path / "nowhere", pool)


def test_no_name_leads_out_of_the_folder(pool: DecoderPool, tmp_path: Path):
    secret = picture(tmp_path / "secret.png")
    inside = tmp_path / "set"
    inside.mkdir()
    (inside / "link.png").symlink_to(secret)
    names = ["../secret.png", str(secret), "link.png", "a/../../secret.png", "..\\secret.png"]
    rows = "".join(f'"{name}",en,words\n' for name in names)
    (inside / "captions.csv").write_text("file,language,caption\n" + rows)
    dataset = read_dataset(inside, pool)
    assert [each.name for each in dataset.pictures] == names
    for each in dataset.pictures:
        with pytest.raises(OutsideRootError):
            each.read()


def test_strangers_pictures_are_decoded_elsewhere(pool: DecoderPool, tmp_path: Path):
    (tmp_path / "captions.csv").write_text("file,language,caption\na.jpg,en,a\nb.jpg,en,b\n")
    picture(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    dataset = read_dataset(tmp_path, pool)
    assert dataset.open(dataset.pictures[0].read()).getpixel((3, 3))[0] > 200
    with pytest.raises(MediaError):
        dataset.open(dataset.pictures[1].read())
    assert pool.processes(), "it was not this process"


def test_choosing_keeps_captions_with_their_pictures():
    said = [(at, code) for at in (0, 2) for code in ("de", "en")] + [(3, "uk")]
    captions = tuple(Caption(at, code, f"{code} {at}") for at, code in said)
    pictures = tuple(f"p{at}" for at in range(4))
    whole = Dataset("x", "csv", pictures, captions, lambda _: None)
    assert whole.languages == ("en", "de", "uk")
    german = whole.chosen(["de"])
    assert german.pictures == ("p0", "p2")
    assert [(c.picture, c.text) for c in german.captions] == [(0, "de 0"), (1, "de 2")]
    assert whole.chosen(limit=2).pictures == ("p0", "p2")
    assert whole.without({0}).pictures == ("p1", "p2", "p3")
    with pytest.raises(InvalidInputError, match="no captions in fr"):
        whole.chosen(["fr"])
    with pytest.raises(InvalidInputError, match="2 or more"):
        whole.chosen(limit=1)
