"""What a walk passed over is counted and told, however many kinds of it there are."""

from __future__ import annotations

from catalog.cli.text import ingest_report
from catalog.domain.results import IngestReport
from catalog.ingest.strangers import Strangers


def test_the_report_names_the_first_suffixes(capsys):
    ingest_report(IngestReport(passed_over={".txt": 3, "": 2, ".xyz": 1}))
    assert "Passed over: 3 .txt, 2 without suffix, 1 .xyz.\n" in capsys.readouterr().out
    ingest_report(IngestReport(passed_over={f".{number}": 2 for number in range(20)}))
    assert capsys.readouterr().out.endswith("2 .11, 16 others.\n")


def test_names_of_a_stranger_are_few_short_and_printable():
    strangers = Strangers()
    for number in range(200):
        strangers.note(f"a.{number}")
    for name in ("a.\x1b[31m", "b." + "x" * 300, "GX01.LRV", "Thumbs.db", "a.srt", ".DS_Store"):
        strangers.note(name)
    counts = strangers.counts()
    assert len(counts) == 51
    assert sum(counts.values()) == 202
    assert all(suffix.isprintable() and len(suffix) <= 12 for suffix in counts)
