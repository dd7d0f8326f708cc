"""From an encoder's name to an encoder."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.encoders.late_compiler import late_compiler
from catalog.encoders.spec import CONFIG_FILE, EncoderSpec, Kind, parse_spec
from catalog.errors import EncoderUnavailableError, UnknownEncoderError

if TYPE_CHECKING:
    from catalog.encoders.protocol import Encoder, TextEncoder


def load_text_encoder(
    spec: str, *, device: str = "auto", precision: str = "auto", tried: bool = True
) -> TextEncoder:
    """Load an encoder that makes vectors of texts: a sentence encoder, or as `load_encoder`.

    Without ``tried`` an image-text model is there in a fraction of the time, for few texts:
    ``auto`` is then fp32, and what it does to pictures is not tried out.

    Raises
    ------
    UnknownEncoderError, EncoderUnavailableError, InvalidSettingError
        As `load_encoder`.
    """
    parsed = parse_spec(spec)
    if parsed.kind is Kind.SENTENCE:
        from catalog.encoders.sentence import load_sentence  # noqa: PLC0415  # this imports torch

        return load_sentence(parsed, device=device, precision=precision)
    if tried or parsed.kind is Kind.NULL:
        return load_encoder(spec, device=device, precision=precision)
    where = located(parsed)
    with late_compiler():
        from catalog.encoders.open_clip_encoder import load_untried  # noqa: PLC0415  # and torch
    return load_untried(where, name=parsed.name, device=device, precision=precision)


def load_encoder(spec: str, *, device: str = "auto", precision: str = "auto") -> Encoder:
    """Load the encoder called ``spec`` (see :mod:`catalog.encoders.spec` for the spellings).

    Weights are looked for in the cache first and downloaded only if they are
    missing; without a network that fails within seconds.

    Parameters
    ----------
    spec:
        The encoder's name.
    device:
        ``auto`` (CUDA, else Apple's GPU, else the CPU) or what torch calls it.
    precision:
        ``fp32``, ``bf16``, ``fp16``, ``int8`` (CPU), each also with ``+compile`` behind it; or
        ``auto``: the fastest of them here whose vectors keep a cosine of 0.999 with fp32's.

    Raises
    ------
    UnknownEncoderError
        The name means nothing; near matches are in the message. Or it is a sentence encoder.
    EncoderUnavailableError
        The weights are missing, broken, or of another architecture.
    InvalidSettingError
        The device or precision cannot be used here.
    """
    parsed = parse_spec(spec)
    if parsed.kind is Kind.SENTENCE:
        raise UnknownEncoderError(
            f"{parsed.name} is a sentence encoder: it sees no pictures.",
            remedy="Name an image-text encoder here; sentence encoders are for speech "
            "(CATALOG_SPEECH_ENCODER).",
            encoder=parsed.name,
        )
    if parsed.kind is Kind.NULL:
        from catalog.encoders.null import NullEncoder  # noqa: PLC0415  # keeps numpy out of --help

        return NullEncoder(parsed.dimension)
    name = parsed.name
    parsed = located(parsed)
    with late_compiler():
        from catalog.encoders.open_clip_encoder import load  # noqa: PLC0415  # this imports torch
    return load(parsed, name=name, device=device, precision=precision)


def located(spec: EncoderSpec) -> EncoderSpec:
    """The spec with the demo encoder's folder in the place of its name.

    Raises
    ------
    EncoderUnavailableError
        If this installation does not carry the demo encoder.
    """
    if spec.kind is not Kind.DEMO:
        return spec
    return replace(spec, kind=Kind.FOLDER, source=str(demo_folder()))


def demo_folder() -> Path:
    """Folder of the demo encoder.

    Raises
    ------
    EncoderUnavailableError
        If this installation does not carry it.
    """
    folder = Path(str(resources.files("catalog.encoders"))) / "demo_model"
    if not (folder / CONFIG_FILE).is_file():
        raise EncoderUnavailableError(
            f"The demo encoder is not in this installation: {folder} has no {CONFIG_FILE}.",
            remedy="Train it with `python -m catalog.demo.train`, or install a release, "
            "which carries it.",
            encoder="demo",
        )
    return folder
