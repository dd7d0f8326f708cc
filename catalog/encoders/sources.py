"""From an encoder's spec to the local files and settings its model is built from."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import open_clip
from open_clip.factory import get_model_config
from open_clip.pretrained import get_pretrained_cfg

from catalog.encoders import hub
from catalog.encoders.spec import CONFIG_FILE, WAYS_TO_NAME, EncoderSpec, Kind
from catalog.errors import EncoderUnavailableError, UnknownEncoderError

WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
# What open_clip looks for in a folder.
_WEIGHT_SUFFIXES = {".safetensors", ".bin", ".pth"}
_TOKENIZER_MARKS = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.json",
                    "vocab.txt", "tokenizer.model")  # fmt: skip
TOKENIZER_FILES = (*_TOKENIZER_MARKS, "tokenizer_config.json", "special_tokens_map.json",
                    "added_tokens.json", "merges.txt", "config.json")  # fmt: skip
_PREPROCESSING = ("mean", "std", "interpolation", "resize_mode")


@dataclass(frozen=True, slots=True)
class Sources:
    """All that building a model needs; every path is local.

    ``architecture`` is what open_clip calls the model, or ``local-dir:`` and a
    folder. ``checkpoint`` is None for random weights and for a folder, where
    open_clip picks the file. ``tokenizer`` is a folder of Hugging Face tokenizer
    files; None means open_clip's own tokenizer, which needs none.
    """

    name: str
    architecture: str
    config: Mapping[str, Any]
    checkpoint: Path | None = None
    random: bool = False
    quick_gelu: bool = False
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    tokenizer: Path | None = None
    text_tower: Path | None = None


def find_sources(spec: EncoderSpec, name: str) -> Sources:
    """Find, and where needed download, what ``spec`` is made of.

    Raises
    ------
    UnknownEncoderError
        No such architecture, tag or repository.
    EncoderUnavailableError
        A file is missing and cannot be downloaded, or a folder is incomplete.
    """
    match spec.kind:
        case Kind.FOLDER:
            return _from_folder(Path(spec.source), name)
        case Kind.HUB:
            return _from_hub(spec.model, name)
        case _:
            return _from_architecture(spec, name)


# --- architectures open_clip knows ------------------------------------------


def _from_architecture(spec: EncoderSpec, name: str) -> Sources:
    config = get_model_config(spec.model)
    if config is None:
        raise _unknown(spec)
    found = Sources(name, spec.model, config)
    if spec.kind is Kind.RANDOM:
        return replace(found, random=True, text_tower=_text_tower(config, None, name))
    if spec.kind is Kind.CHECKPOINT:
        checkpoint = Path(spec.source)
        if not checkpoint.is_file():
            raise EncoderUnavailableError(
                f"The encoder {name} cannot be loaded: there is no file {checkpoint}.",
                remedy="Correct the path in CATALOG_ENCODER=MODEL@/path/to/weights; for the "
                "rendered demonstration alone, CATALOG_ENCODER=demo.",
                encoder=name,
                path=str(checkpoint),
            )
        # The file does not say how its pictures were prepared; its siblings' way is the best guess.
        tags = open_clip.list_pretrained_tags_by_model(spec.model)
        published = get_pretrained_cfg(spec.model, tags[0]) if tags else {}
        found = replace(found, checkpoint=checkpoint, preprocessing=_preprocessing(published))
        return _with_text(found, checkpoint.parent)
    tag = tag_of(spec)
    published = get_pretrained_cfg(spec.model, tag)
    found = replace(
        found,
        name=f"{spec.model}/{tag}",
        # open_clip only warns when a tag's weights were trained with the other activation.
        quick_gelu=bool(published.get("quick_gelu")),
        preprocessing=_preprocessing(published),
    )
    repository, _, file = published["hf_hub"].rpartition("/")
    names = WEIGHTS if not file else (str(Path(file).with_suffix(".safetensors")), file)
    checkpoint = hub.fetch(repository, names, encoder=found.name, what="weights")
    return _with_text(replace(found, checkpoint=checkpoint), None)


def _preprocessing(published: Mapping[str, Any]) -> dict[str, Any]:
    return {key: published[key] for key in _PREPROCESSING if published.get(key)}


def tag_of(spec: EncoderSpec) -> str:
    """The spelling under which open_clip knows the tag; the only tag when none is given."""
    tags = open_clip.list_pretrained_tags_by_model(spec.model)
    wanted = spec.source.lower().replace("-", "_")
    if wanted in tags:
        return wanted
    if not wanted and len(tags) == 1:
        return str(tags[0])
    raise _unknown(spec)


def _unknown(spec: EncoderSpec) -> UnknownEncoderError:
    """Say which part of MODEL/TAG is wrong, and what comes near it."""
    models = {model.lower(): model for model in open_clip.list_models()}
    if spec.model not in models.values():
        near = difflib.get_close_matches(spec.model.lower(), models, n=5, cutoff=0.5)
        matches = [_nearest(models[model], spec.source) for model in near]
        message = f"No encoder is called {spec.name!r}: open_clip has no model {spec.model!r}."
    else:
        tags = open_clip.list_pretrained_tags_by_model(spec.model)
        near = difflib.get_close_matches(spec.source.lower(), tags, n=5, cutoff=0.5) or tags[:8]
        matches = [f"{spec.model}/{tag}" for tag in near]
        wrong = f"has no weights {spec.source!r}" if spec.source else "needs its weights named"
        message = f"No encoder is called {spec.name!r}: the model {spec.model} {wrong}."
    if matches:
        message += f" Near it: {', '.join(matches)}."
    return UnknownEncoderError(
        message, remedy=WAYS_TO_NAME, encoder=spec.name, near_matches=matches
    )


def _nearest(model: str, tag: str) -> str:
    """``model`` with its weights nearest to ``tag``, or alone if none is near."""
    tags = open_clip.list_pretrained_tags_by_model(model)
    near = difflib.get_close_matches(tag.lower(), tags, n=1, cutoff=0.5)
    return f"{model}/{near[0]}" if near else str(model)


# --- folders and repositories -------------------------------------------------


def _from_folder(folder: Path, name: str) -> Sources:
    config = _read_config(folder, name)
    weights = [file for file in folder.iterdir() if file.suffix in _WEIGHT_SUFFIXES]
    if not weights:
        endings = ", ".join(sorted(_WEIGHT_SUFFIXES))
        raise _incomplete(name, f"no file in it holds weights ({endings})", folder)
    return _with_text(Sources(name, f"local-dir:{folder}", config), folder)


def _from_hub(repository: str, name: str) -> Sources:
    file = hub.fetch(repository, [CONFIG_FILE], encoder=name, what="configuration files")
    revision = file.parent.name
    hub.fetch(repository, WEIGHTS, encoder=name, what="weights", revision=revision)
    # The cache keeps the files of one revision side by side, so this is a folder like any other,
    # but for the tokenizer: its name in the configuration is a repository, often another one.
    config = _read_config(file.parent, name)
    return _with_text(Sources(name, f"local-dir:{file.parent}", config), None)


def _read_config(folder: Path, name: str) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    try:
        config = json.loads(path.read_text(encoding="utf-8"))["model_cfg"]
        config["vision_cfg"], config["text_cfg"], config["embed_dim"]
    except FileNotFoundError as error:
        what = f"has no {CONFIG_FILE}" if folder.is_dir() else "is not there"
        raise _incomplete(name, f"it {what}", folder) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{CONFIG_FILE} cannot be used ({type(error).__name__}: {error})"
        raise _incomplete(name, reason, folder) from error
    return dict(config)


def _incomplete(name: str, reason: str, folder: Path) -> EncoderUnavailableError:
    return EncoderUnavailableError(
        f"The encoder {name} cannot be loaded from {folder}: {reason}.",
        remedy=f"A folder needs {CONFIG_FILE} and the weights, as open_clip saves them; for the "
        "rendered demonstration alone, CATALOG_ENCODER=demo.",
        encoder=name,
        path=str(folder),
    )


# --- text towers and tokenizers of Hugging Face --------------------------------


def _with_text(found: Sources, folder: Path | None) -> Sources:
    """Add the tokenizer and, for a text tower of Hugging Face's, its configuration."""
    tower = _text_tower(found.config, folder, found.name)
    repository = found.config["text_cfg"].get("hf_tokenizer_name")
    if not repository:
        return replace(found, text_tower=tower)
    if folder and any((folder / mark).is_file() for mark in _TOKENIZER_MARKS):
        return replace(found, text_tower=tower, tokenizer=folder)
    if Path(repository).is_absolute() and Path(repository).is_dir():
        return replace(found, text_tower=tower, tokenizer=Path(repository))
    files = hub.fetch_folder(
        repository, TOKENIZER_FILES, _TOKENIZER_MARKS, encoder=found.name, what="tokenizer files"
    )
    return replace(found, text_tower=tower, tokenizer=files)


def _text_tower(config: Mapping[str, Any], folder: Path | None, name: str) -> Path | None:
    """Folder of the text tower's ``config.json``, or None for a tower of open_clip's own.

    Beside the weights, then among the well-known ones this package carries
    (they are constants, and without them local weights would need a network),
    then on the Hub.
    """
    tower = config["text_cfg"].get("hf_model_name")
    if not tower:
        return None
    carried = Path(str(resources.files("catalog.encoders"))) / "text_towers"
    # Path() / absolute is the absolute one, so a folder named in the configuration works too.
    for place in [folder, carried]:
        if place and (place / str(tower) / "config.json").is_file():
            return place / str(tower)
    return hub.fetch(tower, ["config.json"], encoder=name, what="configuration files").parent
