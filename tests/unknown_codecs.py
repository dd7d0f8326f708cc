"""Films whose picture or sound is of a codec that nothing here decodes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

PICTURES, SOUND = b"jpeg", b"sowt"


def film(
    path: Path,
    *,
    picture: bytes = PICTURES,
    sound: bytes = SOUND,
    seconds: int = 1,
    said_of_sound: Mapping[str, str] = {},
    second_sound: str = "",
) -> Path:
    """A QuickTime film of small pictures and stereo PCM; four letters in place of the codecs'.

    ``second_sound`` is the codec of another track, which keeps its letters.
    """
    with av.open(str(path), "w", format="mov") as output:
        pictures = output.add_stream("mjpeg", rate=Fraction(25)) if picture else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuvj420p"
        heard = output.add_stream("pcm_s16le", rate=48000, layout="stereo") if sound else None
        second = (
            output.add_stream(second_sound, rate=48000, layout="stereo") if second_sound else None
        )
        for track in filter(None, (heard, second)):
            track.metadata.update({"language": "eng", **said_of_sound})
        for number in range(25 * seconds):
            if pictures is not None:
                plain = np.full((48, 64, 3), number * 9 % 256, np.uint8)
                output.mux(pictures.encode(av.VideoFrame.from_ndarray(plain, "rgb24")))
            for track in filter(None, (heard, second)):
                tone = (np.sin(np.arange(1920) / 20) * 9000).astype(np.int16).repeat(2)
                frame = av.AudioFrame.from_ndarray(tone[np.newaxis], "s16", "stereo")
                frame.sample_rate, frame.pts = 48000, number * 1920
                output.mux(track.encode(frame))
        for stream in filter(None, (pictures, heard, second)):
            output.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    for before, after in ((PICTURES, picture), (SOUND, sound)):
        at = content.find(b"stsd")
        while at >= 0:
            if content[at + 16 : at + 20] == before and after:
                content[at + 16 : at + 20] = after
            at = content.find(b"stsd", at + 4)
    path.write_bytes(content)
    return path
