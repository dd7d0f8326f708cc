"""Whether an encoder's weights are on this machine, without loading or downloading them."""

from __future__ import annotations

from pathlib import Path

from catalog.encoders.registry import demo_folder
from catalog.encoders.spec import EncoderSpec, Kind, parse_spec
from catalog.errors import EncoderUnavailableError


def missing_weights(name: str) -> str | None:
    """What is missing of the encoder called ``name``, in words; None if it is all here.

    Raises
    ------
    UnknownEncoderError
        If the name means nothing.
    """
    spec = parse_spec(name)
    match spec.kind:
        case Kind.NULL | Kind.RANDOM:
            return None
        case Kind.DEMO:
            return _missing_demo()
        case Kind.SENTENCE if not spec.source:
            return _missing_sentence(spec)
        case Kind.FOLDER | Kind.CHECKPOINT | Kind.SENTENCE:
            return None if Path(spec.source).exists() else f"there is no {spec.source}"
        case _:
            return _missing_in_cache(spec)


def _missing_demo() -> str | None:
    try:
        demo_folder()
    except EncoderUnavailableError as error:
        return error.message
    return None


def _missing_sentence(spec: EncoderSpec) -> str | None:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  slow to import

    from catalog.encoders.sentence_parts import WEIGHTS  # noqa: PLC0415

    if any(isinstance(try_to_load_from_cache(spec.model, file), str) for file in WEIGHTS):
        return None
    return f"the weights of {spec.name} are not in the cache"


def _missing_in_cache(spec: EncoderSpec) -> str | None:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  slow to import
    from open_clip import get_pretrained_cfg  # noqa: PLC0415  this imports torch

    from catalog.encoders.sources import WEIGHTS, tag_of  # noqa: PLC0415

    repository, names = spec.model, tuple(WEIGHTS)
    if spec.kind is not Kind.HUB:
        published = get_pretrained_cfg(spec.model, tag_of(spec)) or {}
        repository, _, file = str(published.get("hf_hub") or "").rpartition("/")
        if file:
            names = (str(Path(file).with_suffix(".safetensors")), file)
    if repository and any(
        isinstance(try_to_load_from_cache(repository, file), str) for file in names
    ):
        return None
    return f"the weights of {spec.name} are not in the cache"
