"""Scripts in five languages over rendered footage: the right shot, and the right sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.recommend_footage import LANGUAGES, make, measured, scripts
from catalog import Catalog
from catalog.settings import DEMO_ENCODER, Settings


@pytest.mark.timeout(1200)
def test_lines_get_the_shot_that_shows_them_and_the_sentence_that_says_them(
    tmp_path: Path, database_url: str
) -> None:
    footage, said = make(tmp_path / "footage", scenes=30, width=320, a_talk=6)
    assert {each.language for each in said} == set(LANGUAGES)
    settings = Settings(home=tmp_path / "home", database_url=database_url, encoder=DEMO_ENCODER)
    with Catalog.open(settings) as catalog:
        assert catalog.ingest(tmp_path / "footage").failures == []
        found = measured(catalog, scripts(footage, said, number=15, lines=4))
    assert found["all"].lines == 60
    shown = {code: found[code].shown / found[code].lines for code in LANGUAGES}
    assert {code: share for code, share in shown.items() if share < 0.9} == {}
    # Whoever says it, in the script's own language or in another.
    for share in (found["same"], found["all"]):
        assert share.lines >= 10
        assert share.said / share.lines >= 0.9
