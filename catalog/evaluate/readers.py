"""Captioned pictures as they are published, read into a dataset.

==================  ========================================================================
Crossmodal-3600     ``captions.jsonl`` (a line per picture: ``image/key`` and, by language,
                    ``caption``), pictures ``images/KEY.jpg``
XTD10               ``test_image_names.txt`` and ``test_1kcaptions_LANGUAGE.txt``, line by line,
                    also in folders ``XTD10``, ``MIC``, ``STAIR``; COCO's pictures
Multi30k            ``image_splits/SPLIT.txt`` and ``raw/SPLIT.LANGUAGE`` (or ``.gz``), line by
                    line, also below ``data/task1``; Flickr30k's pictures
COCO                ``captions*.json`` with ``images`` and ``annotations``; an annotation may
                    name its ``language``
CSV                 columns ``file``, ``language``, ``caption``
==================  ========================================================================
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog.domain.evaluating import SPLIT
from catalog.domain.languages import language_tag
from catalog.errors import InvalidInputError, PathNotFoundError
from catalog.evaluate.dataset import UNKNOWN_LANGUAGE, Caption, Dataset, Picture
from catalog.evaluate.files import Folder, opener
from catalog.media.isolated import DecoderPool

Said = Iterator[tuple[str, str, str]]
"""A picture's name, a language, a caption."""

CROSSMODAL, XTD, MULTI30K, COCO, CSV = "crossmodal-3600", "xtd10", "multi30k", "coco", "csv"
_XTD_NAMES = "test_image_names.txt"
_XTD_CAPTIONS = "test_1kcaptions_"
_TASK1 = Path("data/task1")
# XTD10 writes the country where the language is meant.
_MISNAMED = {"jp": "ja"}


def read_dataset(
    path: Path, decoders: DecoderPool, *, images: Path | None = None, split: str = SPLIT
) -> Dataset:
    """Read captions; pictures are read when they are wanted.

    Parameters
    ----------
    path
        A dataset's folder, or its caption file.
    decoders
        What decodes the pictures.
    images
        The folder of the pictures, where they are not with the captions.
    split
        Which of Multi30k's.

    Raises
    ------
    PathNotFoundError
        If there is nothing, or no folder of pictures.
    InvalidInputError
        If it is in no layout that is known, or breaks its own.
    """
    if not path.exists():
        raise PathNotFoundError(
            f"There is no dataset {str(path)!r}; expected a folder or a caption file.",
            remedy="Name one, or `catalog` (what was logged here) or `demo` (drawn pictures).",
        )
    kind, file = _layout(path, split)
    folder = path if path.is_dir() else path.parent
    read: Mapping[str, Callable[[Path], Said]] = {
        CROSSMODAL: _crossmodal,
        XTD: _xtd,
        MULTI30K: lambda at: _multi30k(at, split),
        COCO: _coco,
        CSV: _csv,
    }
    try:
        pictures, captions = _collected(read[kind](file), Folder(folder, images))
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise _broken(file, f"it cannot be read: {error}") from error
    if not captions:
        raise _broken(file, "it has no captions")
    name = path.name or str(path)
    return Dataset(name, kind, pictures, captions, opener(decoders))


def _layout(path: Path, split: str) -> tuple[str, Path]:
    if path.is_file():
        kinds = {".jsonl": CROSSMODAL, ".json": COCO, ".csv": CSV}
        if path.name == _XTD_NAMES:
            return XTD, path
        if path.suffix.lower() in kinds:
            return kinds[path.suffix.lower()], path
    patterns = (
        (CROSSMODAL, ("captions.jsonl", "*.jsonl")),
        (XTD, (_XTD_NAMES, f"*/{_XTD_NAMES}")),
        (MULTI30K, (f"image_splits/{split}.txt", f"{_TASK1}/image_splits/{split}.txt")),
        (COCO, ("captions*.json", "annotations/captions*.json")),
        (CSV, ("captions.csv", "*.csv")),
    )
    for kind, several in patterns:
        for pattern in several:
            found = sorted(path.glob(pattern)) if path.is_dir() else []
            if found:
                return kind, found[0]
    raise InvalidInputError(
        f"{str(path)!r} is in no layout that is known; expected Crossmodal-3600 "
        "(captions.jsonl), XTD10 (test_image_names.txt), Multi30k (image_splits, raw), COCO "
        "(captions*.json) or CSV (file,language,caption).",
        remedy="See docs/evaluation.md; the simplest is a CSV file.",
    )


def _collected(said: Said, folder: Folder) -> tuple[tuple[Picture, ...], tuple[Caption, ...]]:
    place: dict[str, int] = {}
    captions = []
    for name, language, text in said:
        at = place.setdefault(name, len(place))
        if text.strip():
            captions.append(Caption(at, _language(language), text.strip()))
    return tuple(folder.picture(name) for name in place), tuple(captions)


def _language(spelt: str) -> str:
    spelt = spelt.strip()
    return language_tag(_MISNAMED.get(spelt, spelt)) or UNKNOWN_LANGUAGE


def _crossmodal(file: Path) -> Said:
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        row = _json(file, line, f"line {number}")
        key = row.get("image/key") if isinstance(row, dict) else None
        if not isinstance(key, str):
            raise _broken(file, f"line {number} has no image/key")
        for language, told in row.items():
            texts = told.get("caption") if isinstance(told, dict) else None
            for text in texts if isinstance(texts, list) else ():
                yield f"{key}.jpg", language, str(text)


def _xtd(names_file: Path) -> Said:
    names = [line.strip() for line in _lines(names_file)]
    beside = [names_file.parent, *sorted(names_file.parent.parent.glob("*"))]
    files = [f for folder in beside for f in sorted(folder.glob(f"{_XTD_CAPTIONS}*.txt"))]
    for file in dict.fromkeys(files):
        language = file.stem.removeprefix(_XTD_CAPTIONS)
        yield from _side_by_side(names_file, names, file, language)


def _multi30k(split_file: Path, split: str) -> Said:
    names = [line.strip().partition("#")[0] for line in _lines(split_file)]
    raw = split_file.parent.parent / "raw"
    for file in sorted(raw.glob(f"{split}.*")):
        language = file.name.removeprefix(f"{split}.").removesuffix(".gz")
        yield from _side_by_side(split_file, names, file, language)


def _side_by_side(names_file: Path, names: list[str], file: Path, language: str) -> Said:
    texts = list(_lines(file))
    if len(texts) != len(names):
        raise _broken(
            file, f"it has {len(texts)} lines, and {names_file.name} has {len(names)} pictures"
        )
    for name, text in zip(names, texts, strict=True):
        yield name, language, text


def _coco(file: Path) -> Said:
    body = _json(file, file.read_text(encoding="utf-8-sig"), "it")
    try:
        names = {image["id"]: str(image["file_name"]) for image in body["images"]}
        for told in body["annotations"]:
            language = str(told.get("language", "en"))
            yield names[told["image_id"]], language, str(told["caption"])
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(file, f"an entry of images or annotations lacks {error}") from error


def _csv(file: Path) -> Said:
    with file.open(encoding="utf-8-sig", newline="") as rows:
        reader = csv.DictReader(rows)
        missing = {"file", "caption"} - set(reader.fieldnames or ())
        if missing:
            raise _broken(file, f"its first line lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            if row["file"] and row["caption"]:
                yield row["file"].strip(), row.get("language") or "", row["caption"]


def _lines(file: Path) -> Iterable[str]:
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    # A last line without an end is one, an end without a line behind it is none. Not by
    # splitlines(): captions hold Unicode's other line separators.
    return content.decode("utf-8-sig").removesuffix("\n").split("\n")


def _json(file: Path, text: str, where: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError as error:
        raise _broken(file, f"{where} is not JSON: {error}") from error


def _broken(file: Path, how: str) -> InvalidInputError:
    return InvalidInputError(
        f"The dataset's {file.name} cannot be used: {how}.",
        remedy="See docs/evaluation.md for the layouts.",
    )
