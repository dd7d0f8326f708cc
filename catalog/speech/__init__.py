"""What listens: speech activity by Silero VAD, and recognition by faster-whisper.

Both come with the extra ``speech``. Without it everything else goes on; `missing_extra` says
what is not there. `onnxruntime`, `ctranslate2` and `faster_whisper` are imported here alone, and
only when there is something to listen to.
"""

from catalog.speech.activity import SpeechActivity, Voice
from catalog.speech.silero import load_voice, missing_extra
from catalog.speech.whisper import OFF, Recognisers

__all__ = ["OFF", "Recognisers", "SpeechActivity", "Voice", "load_voice", "missing_extra"]
