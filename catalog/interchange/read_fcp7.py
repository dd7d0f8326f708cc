"""Clips and markers of a Final Cut Pro 7 XML (``xmeml``), as Premiere writes them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from catalog.interchange.logged import MOST_FRAMES, Logged, distinct, lines
from catalog.interchange.xml_file import name_of, parsed


def read_fcp7(data: bytes) -> list[Logged]:
    """Every clip item that names a file, and every marker on one.

    Raises
    ------
    ValueError
        If it is no such document.
    """
    root = parsed(data)
    if root.tag != "xmeml":
        raise ValueError(f"it is no xmeml but {name_of(root)}")
    files: dict[str, Element] = {}
    for file in root.iter("file"):
        if len(file):
            files.setdefault(file.get("id", ""), file)
    found: list[Logged] = []
    for item in root.iter("clipitem"):
        named = item.find("file")
        if named is not None:
            found += _entries(item, files.get(named.get("id", ""), named))
    return distinct(found)


def _entries(item: Element, file: Element) -> Iterator[Logged]:
    rate = _rate(item) or _rate(file)
    start, end = _number(item, "in"), _number(item, "out")
    if rate is None or start is None or end is None or not 0 <= start < end:
        return
    code = file.find("timecode")
    code_rate = (None if code is None else _rate(code)) or _rate(file) or rate
    first = 0 if code is None else _number(code, "frame") or 0
    # The file's first address, counted in the rate of the clip.
    address = round(first * rate / code_rate)
    url = unquote(_text(file, "pathurl"))
    names = (url, _text(file, "name"), _text(item, "name"))
    reel = "" if code is None else _text(code, "reel/name")
    drop = code is not None and _text(code, "displayformat") == "DF"
    facts = {
        "clip_name": _text(item, "name"),
        "reel": reel,
        "scene": _text(item, "logginginfo/scene"),
        "take": _text(item, "logginginfo/shottake"),
        "log_note": _text(item, "logginginfo/lognote"),
        "description": _text(item, "logginginfo/description"),
    }

    def entry(begin: int, stop: int, text: str | None) -> Logged:
        return Logged(
            files=tuple(dict.fromkeys(name for name in names if name)),
            reels=(reel,) if reel else (),
            rate=rate,
            start=address + begin,
            frames=stop - begin,
            drop=drop,
            offset=begin / rate,
            text=text,
            facts={key: value for key, value in facts.items() if value},
        )

    remarks = []
    for marker in item.findall("marker"):
        begin, stop = _number(marker, "in"), _number(marker, "out")
        text = lines(_text(marker, "comment") or _text(marker, "name"))
        if begin is None or begin < 0 or text is None:
            continue
        stop = begin + 1 if stop is None or stop <= begin else stop
        if (begin, stop) == (start, end):
            remarks.append(text)
        else:
            yield entry(begin, stop, text)
    yield entry(start, end, lines(_text(item, "name"), *remarks))


def _rate(element: Element) -> Fraction | None:
    base = _number(element, "rate/timebase")
    if base is None or not 1 <= base <= 1000:
        return None
    ntsc = _text(element, "rate/ntsc").upper() == "TRUE"
    return Fraction(base * 1000, 1001) if ntsc else Fraction(base)


def _number(element: Element, path: str) -> int | None:
    text = _text(element, path)
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        return None
    value = int(text)
    return value if abs(value) <= MOST_FRAMES else None


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
