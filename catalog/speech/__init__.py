"""What listens: speech activity by Silero VAD, and recognition by faster-whisper.

Both come with the extra ``speech``. Without it everything else goes on; `missing_extra` says
what is not there. `onnxruntime`, `ctranslate2` and `faster_whisper` are imported here alone, and
only when there is something to listen to.
"""

import os

# onnxruntime 1.32 has telemetry for its maker, on by default, and leaves a session's number among
# the temporary files. It looks when it is imported, here or by faster-whisper; who wants it to
# tell sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from catalog.speech.activity import SpeechActivity, Voice
from catalog.speech.silero import load_voice, missing_extra
from catalog.speech.whisper import OFF, Recognisers

__all__ = ["OFF", "Recognisers", "SpeechActivity", "Voice", "load_voice", "missing_extra"]
