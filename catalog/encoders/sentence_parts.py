"""What a sentence encoder is made of, read from its folder as sentence-transformers saves it.

``modules.json`` lists the parts: a transformer, a pooling of its tokens to one vector, perhaps
a dense layer, perhaps a normalisation. A folder without it is a transformer whose tokens are
averaged, as sentence-transformers itself takes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.encoders import hub
from catalog.encoders.spec import EncoderSpec
from catalog.errors import EncoderUnavailableError

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# What pooling is called in its configuration, and here.
_POOLINGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
}
_FILES = ("*.json", "*.txt", "*.model", "model.safetensors", "pytorch_model.bin",
          "*/config.json", "*/model.safetensors", "*/pytorch_model.bin")  # fmt: skip
REMEDY = (
    "Copy the model's folder here from a machine that has a network and set "
    "CATALOG_SPEECH_ENCODER=sentence:/path/to/it; or leave it unset: the active encoder's own "
    "text tower answers for speech then."
)
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Dense:
    """A layer behind the pooling: its folder, and what is done to its output."""

    folder: Path
    inputs: int
    outputs: int
    bias: bool
    activation: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a sentence encoder; every path is local."""

    transformer: Path
    pooling: str
    dense: tuple[Dense, ...] = ()
    context: int = _LONGEST
    lower: bool = False
    prompt: str = ""
    """What stands before every text."""
    settings: dict[str, Any] = field(default_factory=dict)
    """All that shapes a vector beside weights and tokens, for the fingerprint."""


def find_parts(spec: EncoderSpec) -> Parts:
    """Find, and where needed download, what the encoder is made of.

    Raises
    ------
    EncoderUnavailableError
        If its files are not to be had, or it has a part that is not known here.
    UnknownEncoderError
        If there is no such repository.
    """
    folder = Path(spec.source) if spec.source else _from_hub(spec)
    if not folder.is_dir():
        raise unusable(spec.name, f"there is no folder {folder}")
    modules = _json(folder / "modules.json", spec.name) or []
    kinds = {str(each.get("type", "")).rpartition(".")[2]: each for each in modules}
    unknown = sorted(set(kinds) - {"Transformer", "Pooling", "Dense", "Normalize"})
    if unknown:
        raise unusable(spec.name, f"it has parts that are not known here: {', '.join(unknown)}")
    transformer = folder / str(kinds.get("Transformer", {}).get("path", ""))
    if not any((transformer / name).is_file() for name in WEIGHTS):
        raise unusable(spec.name, f"no file in {transformer} holds weights ({', '.join(WEIGHTS)})")
    config = _json(transformer / "sentence_bert_config.json", spec.name) or {}
    told = _json(folder / "config_sentence_transformers.json", spec.name) or {}
    prompt = (told.get("prompts") or {}).get(told.get("default_prompt_name") or "", "")
    dense = tuple(_dense(folder / str(each["path"]), spec.name)
                  for each in modules if str(each.get("type", "")).endswith("Dense"))  # fmt: skip
    pooling = "mean"
    if "Pooling" in kinds:
        pooling = _pooling(folder / str(kinds["Pooling"]["path"]), spec.name)
    context = min(int(config.get("max_seq_length") or _LONGEST), _LONGEST)
    lower = bool(config.get("do_lower_case"))
    shaping = [(each.activation, each.outputs) for each in dense]
    settings = {"pooling": pooling, "context": context, "lower": lower, "prompt": prompt}
    return Parts(transformer, pooling, dense, context, lower, prompt, settings | {"dense": shaping})


def _from_hub(spec: EncoderSpec) -> Path:
    try:
        weights = hub.fetch(spec.model, WEIGHTS, encoder=spec.name, what="weights")
        hub.fetch_folder(
            spec.model, _FILES, ("tokenizer.json", "vocab.txt", "sentencepiece.bpe.model"),
            encoder=spec.name, what="files",
        )  # fmt: skip
    except EncoderUnavailableError as error:
        raise EncoderUnavailableError(error.message, remedy=REMEDY, **error.details) from error
    return weights.parent


def _pooling(folder: Path, name: str) -> str:
    config = _json(folder / "config.json", name) or {}
    asked = [key for key, value in config.items() if key.startswith("pooling_mode_") and value]
    known = [_POOLINGS[key] for key in asked if key in _POOLINGS]
    if len(asked) != 1 or not known:
        modes = ", ".join(asked) or "none"
        raise unusable(name, f"its pooling ({modes}) is none of {', '.join(_POOLINGS.values())}")
    return known[0]


def _dense(folder: Path, name: str) -> Dense:
    config = _json(folder / "config.json", name) or {}
    try:
        return Dense(
            folder,
            int(config["in_features"]),
            int(config["out_features"]),
            bool(config.get("bias", True)),
            str(config.get("activation_function", "torch.nn.modules.activation.Tanh")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise unusable(name, f"{folder / 'config.json'} describes no dense layer") from error


def _json(path: Path, name: str) -> Any:  # noqa: ANN401  # whatever it holds
    """What a file holds; None where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise unusable(name, f"{path} cannot be read ({error})") from error


def unusable(name: str, reason: str) -> EncoderUnavailableError:
    """The error of a sentence encoder that cannot be loaded."""
    return EncoderUnavailableError(
        f"The sentence encoder {name} cannot be loaded: {reason}.", remedy=REMEDY, encoder=name
    )
