"""What the bars of long work say of totals that are not known yet."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from catalog.cli.progress import Shown, bars_on


def lines(shown: Shown) -> dict[str, str]:
    """Each bar's line, by its stage."""
    console = Console(file=StringIO(), width=120)
    console.print(shown.bars.get_renderable())
    drawn = console.file.getvalue().splitlines()
    return {line.split()[1]: line for line in drawn if line.strip()}


def test_a_total_that_still_grows_says_so_and_promises_no_end():
    shown = Shown(bars_on(Console(file=StringIO(), width=120)))
    shown.begin("register", 500, "files")
    shown.advance("register", 100)
    shown.begin("analyse", 100, "assets")
    shown.advance("analyse", 40)
    told = lines(shown)
    assert "100/500 " in told["register"]
    assert "40/100+" in told["analyse"]
    assert "-:--:--" in told["analyse"]
    shown.begin("analyse", 400, "assets")
    shown.advance("register", 400)
    shown.end("register")
    shown.begin("encode", 30, "frames")
    told = lines(shown)
    assert "40/500 " in told["analyse"]
    assert "0/30+" in told["encode"]
    shown.end("analyse")
    assert "0/30 " in lines(shown)["encode"]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_bar_is_one_line_however_long_the_name_at_hand(width):
    shown = Shown(bars_on(Console(file=StringIO(), width=width)))
    for stage, unit in (("register", "files"), ("analyse", "assets"), ("encode", "frames")):
        shown.begin(stage, 1000, unit)
        shown.advance(stage, 200, "a name much longer than what a terminal has room for.mxf")
        shown.bars.tasks[-1].finished_speed = 175.1
    console = Console(file=StringIO(), width=width)
    console.print(shown.bars.get_renderable())
    drawn = console.file.getvalue().rstrip("\n").splitlines()
    assert len(drawn) == 3, drawn
    assert all(
        "a name much longer" in line and f"175.1 {unit}/s" in line
        for line, unit in zip(drawn, ("files", "assets", "frames"), strict=True)
    ), drawn
