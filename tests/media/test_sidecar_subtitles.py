"""Subtitles that are no plain cues: TTML with its clocks, captions as bytes, and small formats."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from catalog.domain.sidecars import Essence, Segment, Sidecar, said_of
from catalog.errors import SidecarError
from catalog.media.sidecars import Candidate, read_sidecar
from catalog.media.sidecars.beside import SUFFIXES

NTSC = Fraction(30000, 1001)


def segments(tmp_path: Path, name: str, text: str, language: str | None = None):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    kind = SUFFIXES[path.suffix]
    return read_sidecar(Candidate(path, kind, 0, 0, beside=True, language=language)).segments


def ttml(body: str, head: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
        ' xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="de" '
        f"{head}>\n  <head><metadata/></head>\n  {body}\n</tt>"
    )


@pytest.mark.parametrize(
    ("head", "begin", "end"),
    [
        ("", "00:00:01", "00:00:02.500"),
        ("", "1s", "2.5s"),
        ("", "1000ms", "2500ms"),
        ('ttp:tickRate="10000000"', "10000000t", "25000000t"),
        ('ttp:frameRate="24"', "00:00:01:00", "00:00:02:12"),
        ('ttp:frameRate="24"', "24f", "60f"),
        ('ttp:frameRate="24" ttp:timeBase="smpte"', "00:00:01:00", "00:00:02:12"),
    ],
)
def test_time_expressions_of_ttml(tmp_path: Path, head: str, begin: str, end: str):
    body = f'<body><div><p begin="{begin}" end="{end}">Grüße<br/>aus\n   Kyjiw</p></div></body>'
    [said] = segments(tmp_path, "a.ttml", ttml(body, head))
    assert said == Segment("speech", Fraction(1), Fraction(5, 2), "Grüße\naus Kyjiw", "de")


def test_ttml_counts_frames_as_its_rate_and_its_dropping_say(tmp_path: Path):
    rate = 'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:timeBase="smpte"'
    body = '<body><p begin="01:00:00:00" end="01:00:01:00">One</p></body>'
    [said] = segments(tmp_path, "a.itt", ttml(body, f'{rate} ttp:dropMode="nonDrop"'))
    assert said.start == Fraction(108_000) / NTSC
    [dropped] = segments(tmp_path, "a.itt", ttml(body, f'{rate} ttp:dropMode="dropNTSC"'))
    assert dropped.start == Fraction(107_892) / NTSC  # 108 numbers an hour are left out
    # What counts by the programme's timecode is set against the film's own start.
    film = Essence(frozenset(), duration=Fraction(60), rate=NTSC, start=dropped.start)
    [placed] = said_of(Sidecar(segments=(dropped,)), film, beside=True).segments
    assert (placed.start, placed.end) == (0, 30 / NTSC)


def test_times_of_ttml_lie_within_those_around_them(tmp_path: Path):
    body = (
        '<body begin="10s"><div begin="1s" end="6s"><p begin="1s" dur="2s">One</p>'
        '<p begin="4s" end="9s" xml:lang="fr">Deux</p></div>'
        '<div timeContainer="seq"><p dur="1s">a</p><p dur="2s" begin="1s">b</p></div>'
        '<div><p><span begin="20s" end="21s">c</span> <span begin="21s" end="22s">d</span></p>'
        "<p>never ends</p></div></body>"
    )
    assert [
        (said.start, said.end, said.text, said.language)
        for said in segments(tmp_path, "a.dfxp", ttml(body))
    ] == [
        (12, 14, "One", "de"),
        (15, 16, "Deux", "fr"),
        (10, 11, "a", "de"),
        (12, 14, "b", "de"),
        (30, 31, "c", "de"),
        (31, 32, "d", "de"),
    ]
    # The file's name knows better.
    assert {s.language for s in segments(tmp_path, "a.dfxp", ttml(body), "it")} == {"it"}


def test_kana_over_characters_is_not_said_twice(tmp_path: Path):
    body = (
        '<body><p begin="0s" end="1s"><span tts:ruby="container"><span tts:ruby="base">東京</span>'
        '<span tts:ruby="text">とうきょう</span></span>の<span>雨</span></p></body>'
    )
    [said] = segments(tmp_path, "a.ttml", ttml(body))
    assert said.text == "東京の雨"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<tt><body/></tt>", "no subtitle"),
        ("<html/>", "no TTML"),
        ("<tt", "no safe XML"),
        ('<!DOCTYPE tt [<!ENTITY a "b">]><tt/>', "no safe XML"),
        ('<tt><body><p begin="soon" end="1s">a</p></body></tt>', "'soon' is no time expression"),
        ('<tt frameRate="0"><body><p begin="1f" end="2f">a</p></body></tt>', None),
        ('<tt frameRate="x"><body/></tt>', "invalid literal"),
        ('<tt frameRate="1" frameRateMultiplier="0 1"><body/></tt>', "frame rate is 0"),
        ("<tt><body>" + "<div>" * 60 + "</div>" * 60 + "</body></tt>", "nested too deeply"),
    ],
)
def test_broken_ttml_says_what_is_wrong(tmp_path: Path, text: str, why: str | None):
    if why is None:
        assert segments(tmp_path, "a.ttml", text)
        return
    with pytest.raises(SidecarError, match=why):
        segments(tmp_path, "a.ttml", text)


def pairs(text: str) -> str:
    data = text.encode("ascii")
    data += b"\0" * (len(data) % 2)
    return " ".join(data[at : at + 2].hex() for at in range(0, len(data), 2))


def test_scenarist_captions(tmp_path: Path):
    text = (
        "Scenarist_SCC V1.0\n\n"
        f"01:00:01;00\t9420 9420 9470 9470 {pairs('Hello')} 942f 942f\n\n"
        "01:00:03;00\t942c 942c\n\n"
        f"01:00:04;00\t9420 9420 9470 9470 {pairs('Bye')} 942f 942f\n"
    )
    first, *_ = segments(tmp_path, "a.en.scc", text, "en")
    start = Fraction(107_892 + 30 + 7) / NTSC  # shown once its bytes have come, two to a frame
    end = Fraction(107_892 + 90) / NTSC
    assert first == Segment("speech", start, end, "Hello", "en")
    assert segments(tmp_path, "a.scc", text.replace(";", ":"))[0].start > start  # nothing dropped
    for wrong, why in (("Hello", "no Scenarist"), ("Scenarist_SCC V1.0\n", "no caption")):
        with pytest.raises(SidecarError, match=why):
            segments(tmp_path, "a.scc", wrong)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sbv", "0:00:01.000,0:00:02.500\nGrüße aus Kyjiw\n"),
        (
            "a.smi",
            "<SAMI><BODY><SYNC Start=1000><P Class=DECC>Grüße <b>aus</b> Kyjiw"
            "<SYNC Start=2500><P Class=DECC>&nbsp;</BODY></SAMI>",
        ),
        ("a.stl", "$FontName = Arial\n//\n00:00:01:00 , 00:00:02:12 , Grüße aus Kyjiw\n"),
        ("a.lrc", "[ti:Song]\n[00:01.00]Grüße aus Kyjiw\n[00:02.50]\n"),
    ],
)
def test_small_formats(tmp_path: Path, name: str, text: str):
    [said] = segments(tmp_path, name, text)
    assert said.text == "Grüße aus Kyjiw"
    assert float(said.start) == pytest.approx(1.0)
    assert float(said.end) == pytest.approx(2.5, abs=0.05)


def test_each_language_of_sami_is_kept(tmp_path: Path):
    head = (
        '<SAMI><HEAD><STYLE TYPE="text/css"><!-- P {font: a}\n.ENCC {Name: English; lang: en-US;}'
        "\n.KRCC {Name: Korean; lang: ko-KR;} --></STYLE></HEAD><BODY>\n"
    )
    body = (
        "<SYNC Start=1000><P Class=ENCC>Hello &amp;<br>you\n"
        "<SYNC Start=1000><P Class=KRCC>안녕\n<SYNC Start=2000><P Class=ENCC>&nbsp;\n"
        "<SYNC Start=2500><P Class=KRCC>&nbsp;\n"
        "<SYNC Start=3000><P Class=ENCC>Bye<P Class=KRCC>잘 가</BODY></SAMI>"
    )
    found = segments(tmp_path, "a.smi", head + body)
    assert [(float(s.start), float(s.end), s.text, s.language) for s in found] == [
        (1.0, 2.0, "Hello &\nyou", "en-US"),
        (3.0, 3.701, "Bye", "en-US"),
        (1.0, 2.5, "안녕", "ko-KR"),
        (3.0, 3.701, "잘 가", "ko-KR"),
    ]


@pytest.mark.parametrize(
    ("first", "film", "begins"),
    [
        ("", NTSC, Fraction(250) / NTSC),  # the film's own frames
        ("", None, Fraction(10)),
        ("{1}{1}23.976\n", NTSC, Fraction("10.427")),
        ("{0}{0}12,5\n", NTSC, Fraction(20)),
        ("{1}{1}Words\n", Fraction(25), Fraction(10)),
    ],
)
def test_frames_of_microdvd(tmp_path: Path, first: str, film: Fraction | None, begins: Fraction):
    path = tmp_path / "a.sub"
    path.write_text(f"{first}{{250}}{{300}}Hello|world\n")
    found = read_sidecar(Candidate(path, SUFFIXES[".sub"], 0, 0, beside=True))
    essence = Essence(frozenset(), duration=Fraction(60), rate=film)
    [said] = said_of(found, essence, beside=True).segments[-1:]
    assert said.text == "Hello\nworld"
    assert float(said.start) == pytest.approx(float(begins), abs=0.001)


def test_the_rate_of_microdvd_is_not_said(tmp_path: Path):
    [said] = segments(tmp_path, "a.sub", "{0}{1}23.976\n{250}{300}Hello\n")
    assert said.text == "Hello"


def test_what_only_looks_like_an_entity_is_said_as_it_is(tmp_path: Path):
    cue = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"
    [said] = segments(tmp_path, "a.srt", cue.format("go?a=1&copy=2 Q&region &amp; more"))
    assert said.text == "go?a=1&copy=2 Q&region & more"


def test_webvtt_tells_its_language_and_its_entities(tmp_path: Path):
    text = "WEBVTT\nLanguage: de\n\n00:01.000 --> 00:02.000\n<v Anna>Öl &amp;&nbsp;&lt;i&gt;\n"
    [said] = segments(tmp_path, "a.vtt", text)
    assert (said.text, said.language) == ("Öl & <i>", "de")
    [said] = segments(tmp_path, "a.vtt", text, "it")
    assert said.language == "it"


def test_captions_that_roll_up_are_said_once(tmp_path: Path):
    """As YouTube writes them: a line alone for a hundredth of a second, then over the next."""
    text = (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n \nhello<00:00:00.500><c> there</c>\n\n"
        "00:00:02.000 --> 00:00:02.010\nhello there\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nhello there\ngeneral<00:00:02.500><c> news</c>\n\n"
        "00:00:04.000 --> 00:00:04.010\ngeneral news\n \n\n"
    )
    assert [said.text for said in segments(tmp_path, "a.vtt", text)] == [
        "hello there",
        "general news",
    ]
    still = "WEBVTT\n\n00:01.000 --> 00:02.000\nNo.\n\n00:02.000 --> 00:03.000\nNo.\n"
    assert [said.text for said in segments(tmp_path, "b.vtt", still)] == ["No.", "No."]
