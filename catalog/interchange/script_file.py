"""Files of scripts: plain text, Fountain, paragraphs of ``.docx``, cues of subtitles.

They come from strangers too. A ``.docx`` is a ZIP of XML: before python-docx sees it, it is
known how much it unpacks to, and its XML has no entities.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from catalog.domain.script import MOST_CHARACTERS, ScriptKind, guess_kind
from catalog.domain.script.parse import Cue

MOST_BYTES = 5_000_000
"""Of a file of a script. A feature film's screenplay is some 200 kB of text."""

_MOST_UNPACKED = 20_000_000
_MOST_PARTS = 2_000
_MOST_CUES = 20_000
_LONGEST_LINE = 10_000
_KINDS: dict[str, ScriptKind] = {
    ".txt": "text", ".text": "text", ".md": "text", ".fountain": "fountain", ".spmd": "fountain",
    ".docx": "docx", ".srt": "srt", ".vtt": "srt",
}  # fmt: skip
SUFFIXES = tuple(_KINDS)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
# What an archive that is damaged, has a password or an unknown compression raises.
UNPACKING = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError)
_MAIN_PART = "word/document.xml"
# So Word's own styles are called in the file, whatever language Word speaks.
_HEADING_STYLE = re.compile(r"(?i)(heading \d|title|subtitle|toc )")
# What the two columns of a script for television are called.
_SHOWN = frozenset(
    {"video", "visual", "visuals", "picture", "pictures", "image", "images", "shot", "b-roll"}
    | {
        "bild",
        "bilder",
        "vidéo",
        "imagen",
        "vídeo",
        "imagem",
        "відео",
        "видео",
        "зображення",
        "画面",
    }
)
_SAID = frozenset(
    {"audio", "sound", "narration", "narrator", "voice-over", "voiceover", "vo", "v/o", "dialogue"}
    | {"text", "script", "ton", "sprecher", "son", "texte", "sonido", "audio/vo", "звук", "текст"}
    | {"声音", "旁白", "解说"}
)


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """What a file holds: its text, and the cues of that where it is of subtitles."""

    kind: ScriptKind
    text: str = ""
    cues: tuple[Cue, ...] = ()


def read_script(data: bytes, suffix: str) -> ScriptFile:
    """A file's script.

    Parameters
    ----------
    suffix:
        Of its name, in lower case with the dot; without a known one the content tells.

    Raises
    ------
    ValueError
        If it is too large, or is not what its name says.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    kind = _KINDS.get(suffix)
    if kind == "docx" or (kind is None and data.startswith(b"PK\x03\x04")):
        return ScriptFile("docx", _docx(data))
    text = _decoded(data)
    if kind == "srt":
        return ScriptFile("srt", text, _cues(text, suffix))
    return ScriptFile(kind if kind == "fountain" else guess_kind(text), text)


def _decoded(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            break
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    if _BINARY.search(text):
        raise ValueError("it is no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cues(text: str, suffix: str) -> tuple[Cue, ...]:
    import pysubs2  # noqa: PLC0415  # only those who read subtitles pay for it

    if any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        raise ValueError(f"a line is longer than {_LONGEST_LINE} characters")
    kind = pysubs2.formats.get_format_identifier(suffix)
    try:
        found = pysubs2.SSAFile.from_string(text, format_=kind)
    except Exception as error:  # which error it is, its parser does not say
        raise ValueError(str(error)[:200] or type(error).__name__) from error
    cues: list[Cue] = []
    for event in sorted(found, key=lambda each: (each.start, each.end)):
        words = " ".join(_MARKUP.sub("", event.plaintext).split())
        if words and 0 <= event.start < event.end and len(cues) < _MOST_CUES:
            cues.append((event.start / 1000, event.end / 1000, words))
    return tuple(cues)


def _docx(data: bytes) -> str:
    """The paragraphs of the document's body, a line each, those of tables in their places.

    Headings are left out. What stands in a column for pictures (`_SHOWN`) is put in brackets.
    """
    from docx import Document  # noqa: PLC0415  # only those who read one pay for it
    from docx.table import Table  # noqa: PLC0415

    _check_package(data)
    try:
        document = Document(io.BytesIO(data))
        lines: list[str] = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                lines += _table(block)
            elif not _HEADING_STYLE.match(str(getattr(block.style, "name", ""))):
                lines.append(block.text)
            if sum(map(len, lines)) > MOST_CHARACTERS:
                break  # the script is refused for its length
    except Exception as error:  # python-docx and lxml raise what they please
        raise ValueError(f"it is no Word document that can be read ({error})"[:200]) from error
    return "\n".join(lines)


def _table(table: Any) -> Iterator[str]:  # noqa: ANN401  # of a library that is imported late
    """The texts of its cells, row by row, without the names of columns."""
    shown: set[int] = set()
    for at, row in enumerate(table.rows):
        cells = _cells(row)
        names = [text.strip(" :").casefold() for text in cells]
        if at == 0 and _SHOWN.intersection(names) and _SAID.intersection(names):
            shown = {place for place, name in enumerate(names) if name in _SHOWN}
            continue
        for place, text in enumerate(cells):
            for line in text.split("\n"):
                pictured = place in shown and line.strip() and not line.strip().startswith("[")
                yield f"[{line.strip()}]" if pictured else line


def _cells(row: Any) -> list[str]:  # noqa: ANN401  # as above
    """The texts of a row's cells; one that is as wide as several comes as several."""
    found: list[str] = []
    last = None
    for cell in row.cells:
        found.append("" if cell._tc is last else cell.text)
        last = cell._tc
    return found


def _check_package(data: bytes) -> None:
    """Whether the ZIP may be unpacked, and its parts are XML without entities.

    `zipfile` never gives more of a part than the directory says it has, so its sum is
    the most that there can be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED:
                raise ValueError(
                    f"it unpacks to {len(parts)} parts of {unpacked} bytes; expected "
                    f"{_MOST_PARTS} and {_MOST_UNPACKED} at most"
                )
            names = {part.filename for part in parts}
            if _MAIN_PART not in names:
                raise ValueError("it is no Word document (.docx)")
            for name in sorted(names):
                if name.endswith((".xml", ".rels")):
                    fromstring(package.read(name), forbid_dtd=True)
    except UNPACKING as error:
        raise ValueError(f"it is no .docx that can be unpacked ({error})"[:200]) from error
    except (ParseError, DefusedXmlException, LookupError, RecursionError) as error:
        raise ValueError(f"its XML cannot be read ({error})"[:200]) from error
