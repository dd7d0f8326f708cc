"""The whole evaluation on the drawn world: two encoders, fourteen languages, the report."""

from __future__ import annotations

from pathlib import Path

from catalog import Catalog
from catalog.settings import DEMO_ENCODER, Settings


def test_the_drawn_world_gives_the_full_report(settings: Settings, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    with Catalog.open(settings) as catalog:
        found = catalog.evaluate(
            DEMO_ENCODER,
            encoders=[DEMO_ENCODER, "null"],
            limit=48,
            protocol="every",
            report=report,
        )
        # Drawn and encoded once; and the same figures come out again.
        drawn = settings.home / "evaluations" / "demo-48"
        times = {path.name: path.stat().st_mtime_ns for path in (drawn / "images").iterdir()}
        again = catalog.evaluate(DEMO_ENCODER, encoders=[DEMO_ENCODER], limit=48, speed=False)
        after = {path.name: path.stat().st_mtime_ns for path in (drawn / "images").iterdir()}
    demo, null = found.encoders
    assert (found.pictures, len(found.languages), found.captions) == (48, 14, 48 * 14 * 2)
    assert found.missing == ()
    for code, figures in demo.languages.items():
        assert figures.text_to_image[0].value >= 0.95, code
        assert figures.image_to_text[0].value >= 0.95, code
        assert figures.cosines is not None
        assert figures.cosines.delta > 0.4, code
        assert figures.calibrated is not None
        assert demo.parity(code) > 0.95
    assert max(figures.text_to_image[0].value for figures in null.languages.values()) < 0.2
    [over_all] = [each for each in found.paired if not each.language]
    assert over_all.certain
    assert over_all.difference.value < -0.8
    assert demo.calibrated is not None
    assert demo.calibrated.before is not None
    assert demo.calibrated.after.error < demo.calibrated.before.error
    assert demo.speed is not None
    assert demo.speed.images_per_s > 1
    page = report.read_text(encoding="utf-8")
    for name in ("Matches and misses", "How far apart they lie", "Confidence", "Right and wrong",
                 "Speed and memory"):  # fmt: skip
        assert f"<h2>{name}</h2>" in page
    assert page.count("data:image/jpeg;base64") >= 12
    assert times == after
    assert again.encoders[0].languages["uk"].queries == 48
