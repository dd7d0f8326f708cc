"""Silero VAD, as it comes inside the wheel of faster-whisper; nothing is downloaded."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from catalog.domain.speech import Heard
from catalog.errors import SpeechUnavailableError
from catalog.speech.activity import WINDOW

INSTALL = "Install it: pip install 'asset-catalog[speech]'; what waits goes on by itself then."
_MODEL = "silero_vad_v6.onnx"
_CONTEXT = 64  # samples before a window that the model wants to see with it
_UNITS = 128  # numbers of each of its two states
_PARTS = ("faster_whisper", "onnxruntime", "ctranslate2")


def missing_extra() -> str | None:
    """What of the extra ``speech`` is not installed, in words; None if all is there.

    Nothing is imported for it.
    """
    missing = [name for name in _PARTS if importlib.util.find_spec(name) is None]
    if missing:
        return f"the extra 'speech' is not installed (no {', '.join(missing)})"
    if not _model().is_file():
        return f"faster-whisper is installed without its {_MODEL}; 1.2 or newer has it"
    return None


def check_extra() -> None:
    """Refuse to go on without the extra.

    Raises
    ------
    SpeechUnavailableError
        If a part of it is not installed.
    """
    if (missing := missing_extra()) is not None:
        raise SpeechUnavailableError(f"Nobody can listen: {missing}.", remedy=INSTALL)


def _model() -> Path:
    found = importlib.util.find_spec("faster_whisper")
    places = (found.submodule_search_locations if found else None) or [""]
    return Path(places[0]) / "assets" / _MODEL


@functools.cache
def load_voice() -> Silero:
    """The model, loaded once per process; threads may share it.

    Raises
    ------
    SpeechUnavailableError
        If the extra is not installed, or its parts do not fit together.
    """
    check_extra()
    try:
        return Silero(_model())
    except Exception as error:  # whatever a broken installation of onnxruntime raises
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SpeechUnavailableError(
            f"Silero VAD cannot be loaded from {_model()}: {reason}.", remedy=INSTALL
        ) from error


class Silero:
    """The network: of each window of 32 ms how likely somebody speaks.

    Parameters
    ----------
    path:
        The model of version 6: ``input`` (windows, 576), states ``h`` and ``c`` (1, 1, 128).
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime  # noqa: PLC0415  slow to import, and of an extra

        options = onnxruntime.SessionOptions()
        # A window takes less time than handing it to another thread would.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def likelihoods(self, windows: Heard, state: Any) -> tuple[Heard, Any]:  # noqa: ANN401
        """See `catalog.speech.activity.Voice`."""
        if state is None:
            empty = np.zeros((1, 1, _UNITS), np.float32)
            state = (empty, empty, np.zeros(_CONTEXT, np.float32))
        if not len(windows):
            return np.zeros(0, np.float32), state
        h, c, before = state
        context = np.vstack([before, windows[:-1, WINDOW - _CONTEXT :]])
        given = np.hstack([context, windows]).astype(np.float32)
        found, h, c = self._session.run(None, {"input": given, "h": h, "c": c})
        likely: Heard = np.asarray(found, np.float32).reshape(len(windows))
        return likely, (h, c, windows[-1, WINDOW - _CONTEXT :].copy())
