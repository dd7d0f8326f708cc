"""What the service did lately is told without looking at all that it ever did."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, text

from catalog import Catalog
from catalog.store.service_figures import service_figures

LONG_DONE = """
    INSERT INTO stage (asset_id, name, state, started_at, finished_at)
    SELECT id, step, 'done', now() - interval '40 days 1 s', now() - interval '40 days'
    FROM asset, unnest(ARRAY['analyse', 'encode']) step
"""
LATELY = """
    UPDATE stage SET started_at = now() - interval '3 s', finished_at = now() - interval '1 s',
        worker = 'here:1'
    WHERE name = 'encode' AND asset_id = (SELECT min(id) FROM asset)
"""


def test_of_many_assets_those_of_today_are_found_by_an_index(catalog: Catalog) -> None:
    asked: list[tuple[str, Any]] = []
    with catalog.database.session() as session:
        # Their words, which nobody asks for, take two milliseconds each.
        session.execute(text("ALTER TABLE asset DISABLE TRIGGER USER"))
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name)"
                " SELECT 'asset-' || number, 1, 'a' FROM generate_series(1, 5000) number"
            )
        )
        session.execute(text(LONG_DONE))
        session.execute(text(LATELY))
        session.execute(text("ANALYZE stage"))
        connection = session.connection()
        event.listen(
            connection,
            "before_cursor_execute",
            lambda _c, _cursor, sql, values, *_: asked.append((sql, values)),
        )
        figures = service_figures(session)
        plans = {
            sql: "\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}", values).scalars())
            for sql, values in list(asked)
            if "finished_at" in sql
        }
    assert figures["rates"] == {"assets_last_hour": 1, "frames_last_hour": 0}
    assert figures["timings"] == {"encode": {"done": 1, "mean_s": 2.0, "p50_s": 2.0, "p95_s": 2.0}}
    assert [row["worker"] for row in figures["workers"]] == ["here:1"]
    assert plans
    for sql, plan in plans.items():
        assert "ix_stage_done_lately" in plan, (sql, plan)
