"""Recognition by faster-whisper: Whisper's models, run by CTranslate2.

Weights are never fetched on the way: they have gigabytes, and a worker in the middle of the night
is not who decides on that. `fetch` is asked for by a person; until then `find_weights` says
what is missing.
"""

from __future__ import annotations

import functools
import os
import threading
from pathlib import Path
from typing import Any

from catalog.domain.languages import language_tag
from catalog.domain.speech import RATE, SURE, Heard, Line, Recognised, Recogniser, Word
from catalog.errors import InvalidSettingError, SpeechUnavailableError
from catalog.speech.silero import INSTALL, check_extra

OFF = "none"
_WEIGHTS, _TOKENIZER = "model.bin", "tokenizer.json"
_CPU_TYPE = "int8"  # half the time of float32 on a CPU, and the same words


class Recognisers:
    """The one recogniser of a process: loaded when there is something to recognise, then kept.

    Parameters
    ----------
    model:
        A name of faster-whisper's (``small``), a repository (``owner/name``), a folder with a
        CTranslate2 model, or ``none``.
    device:
        ``auto``, ``cpu`` or ``cuda``.
    compute:
        What CTranslate2 computes in (``int8``, ``float16``, …), or ``auto``.
    """

    def __init__(self, model: str, device: str = "auto", compute: str = "auto") -> None:
        self.model = model
        self._device = device
        self._compute = compute
        self._lock = threading.Lock()
        self._loaded: Recogniser | None = None

    def missing(self) -> SpeechUnavailableError | None:
        """What is not there that recognising needs; None if all is. Loads nothing."""
        try:
            find_weights(self.model)
        except SpeechUnavailableError as error:
            return error
        return None

    def load(self) -> Recogniser:
        """The recogniser.

        Raises
        ------
        SpeechUnavailableError
            If the extra or the weights are not there, or cannot be used.
        InvalidSettingError
            If no model is called that.
        """
        with self._lock:
            if self._loaded is None:
                folder = find_weights(self.model)
                self._loaded = FasterWhisper(self.model, folder, self._device, self._compute)
            return self._loaded

    def fetch(self) -> Path:
        """Download the weights, which may be gigabytes; where they lie.

        Raises
        ------
        SpeechUnavailableError
            If the extra is not installed, or they cannot be had.
        InvalidSettingError
            If no model is called that.
        """
        if (missing := self.missing()) is None:
            return find_weights(self.model)
        if self.model == OFF or _is_folder(self.model):
            raise missing
        check_extra()
        from faster_whisper.utils import download_model  # noqa: PLC0415  of an extra

        try:
            return Path(download_model(self.model))
        except Exception as error:  # each version of the Hub's client has its own network errors
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise SpeechUnavailableError(
                f"The weights of {self.model!r} cannot be downloaded: {reason}.",
                remedy="Fetch them where there is a network, and set CATALOG_SPEECH_MODEL to the "
                "folder they lie in.",
                model=self.model,
            ) from error


def find_weights(model: str) -> Path:
    """The folder with a model's weights, on this machine.

    Raises
    ------
    SpeechUnavailableError
        If the extra is not installed, the weights are not here, or nobody wants them.
    InvalidSettingError
        If no model is called that.
    """
    if model == OFF:
        raise SpeechUnavailableError(
            "Recognition is switched off (CATALOG_SPEECH_MODEL=none).",
            remedy="Name a model to have speech recognised: CATALOG_SPEECH_MODEL=small.",
        )
    check_extra()
    if _is_folder(model):
        return _checked(Path(model).expanduser(), model)
    folder = _cached(model)
    if folder is None:
        raise SpeechUnavailableError(
            f"The weights of the recogniser {model!r} are not on this machine.",
            remedy="Fetch them once, over the network: `catalog recognise --fetch`. Or set "
            "CATALOG_SPEECH_MODEL to a folder with a CTranslate2 model, or to none.",
            model=model,
        )
    return _checked(folder, model)


def _is_folder(model: str) -> bool:
    """Whether the model is named by its place: such a name begins where places do, or exists."""
    return model.startswith((os.sep, "~", f".{os.sep}", "..")) or Path(model).is_dir()


def _checked(folder: Path, model: str) -> Path:
    missing = [name for name in (_WEIGHTS, _TOKENIZER) if not (folder / name).is_file()]
    if not missing:
        return folder
    what = f"has no {', '.join(missing)}" if folder.is_dir() else "is not there"
    raise SpeechUnavailableError(
        f"The recogniser {model!r} cannot be loaded: {folder} {what}.",
        remedy="A folder needs model.bin, config.json and tokenizer.json, as "
        "ct2-transformers-converter writes them (--copy_files tokenizer.json "
        "preprocessor_config.json).",
        model=model,
        path=str(folder),
    )


def _cached(model: str) -> Path | None:
    """Where the Hub's cache has the model; nobody is asked over the network."""
    from faster_whisper.utils import available_models, download_model  # noqa: PLC0415  of an extra
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    if "/" not in model and model not in available_models():
        raise InvalidSettingError(
            f"speech_model is {model!r}; expected a folder, a repository (owner/name) or one of "
            f"{', '.join(available_models())}.",
            remedy="Set CATALOG_SPEECH_MODEL=small.",
        )
    try:
        return Path(download_model(model, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except ValueError as error:  # what the Hub's client calls no name of a repository
        raise InvalidSettingError(
            f"speech_model is {model!r}, which no repository is called: {error}.",
            remedy="Set CATALOG_SPEECH_MODEL=small.",
        ) from error


class FasterWhisper:
    """A Whisper model; see `catalog.domain.speech.Recogniser`.

    Raises
    ------
    SpeechUnavailableError
        If the weights cannot be loaded, or not onto this device.
    """

    def __init__(self, model: str, folder: Path, device: str, compute: str) -> None:
        from faster_whisper import WhisperModel  # noqa: PLC0415  slow to import, and of an extra

        place = _device(device)
        wanted = compute
        if compute == "auto":
            wanted = _CPU_TYPE if place == "cpu" else "default"
        try:
            self._model: Any = WhisperModel(
                str(folder), device=place, compute_type=wanted, local_files_only=True
            )
        except Exception as error:  # CTranslate2 says by RuntimeError and ValueError what is wrong
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise SpeechUnavailableError(
                f"The recogniser {model!r} cannot be loaded from {folder} onto {place} in"
                f" {wanted}: {reason}.",
                remedy="Check CATALOG_SPEECH_DEVICE and CATALOG_SPEECH_COMPUTE, and whether the "
                "weights are whole.",
                model=model,
                path=str(folder),
            ) from error
        self._name = f"faster-whisper {_version()}: {model}, {self._model.model.compute_type}"

    @property
    def name(self) -> str:
        """Program, model, and what it computes in."""
        return self._name

    def recognise(self, sound: Heard, language: str | None = None) -> Recognised:
        """The text of one piece of sound, with times in seconds from its beginning."""
        code, likely = self._language(sound, language)
        segments, _ = self._model.transcribe(
            sound,
            language=code,
            word_timestamps=True,
            # What was misheard once would be heard again; and each piece stands for itself.
            condition_on_previous_text=False,
        )
        lines = (_line(segment, len(sound) / RATE) for segment in segments)
        said = tuple(line for line in lines if line.text and line.start < line.end)
        return Recognised(language_tag(code) or code, likely, said)

    def _language(self, sound: Heard, before: str | None) -> tuple[str, float]:
        """What is spoken, as Whisper calls it, and how likely that is."""
        if not self._model.model.is_multilingual:
            return "en", 1.0
        code, likely, _ = self._model.detect_language(sound)
        known = (before or "").partition("-")[0]
        if likely < SURE and known in self._model.supported_languages:
            code = known
        return code, float(likely)


def _line(segment: Any, seconds: float) -> Line:  # noqa: ANN401  # faster-whisper's class
    """A segment within the sound: Whisper always hears thirty seconds, filled up with silence."""

    def within(at: float) -> float:
        return min(max(float(at), 0.0), seconds)

    words = tuple(
        Word(word.word.strip(), within(word.start), within(word.end), float(word.probability))
        for word in segment.words or ()
    )
    return Line(within(segment.start), within(segment.end), segment.text.strip(), words)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import ctranslate2  # noqa: PLC0415  of an extra

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


@functools.cache
def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return version("faster-whisper")


__all__ = ["INSTALL", "OFF", "FasterWhisper", "Recognisers", "find_weights"]
