"""Facets: every number is what the facet's own filter finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalog import Catalog
from catalog.errors import InvalidInputError
from catalog.settings import Settings
from catalog.store.facets import countable

ROWS = """
INSERT INTO root (path, raw_path) VALUES ('/media/one', '\\x01'), ('/media/two', '\\x02');
INSERT INTO asset (fingerprint, size_bytes, name, kind, codec, container, collection, language,
    recorded, duration_pts, time_base_num, time_base_den, frame_rate_num, frame_rate_den, width,
    height, audio_codec, audio_channels, bit_rate, loudness, metadata)
SELECT 'f' || i, 10 ^ (3 + i % 8), 'n' || i,
    CASE i % 4 WHEN 0 THEN 'still' WHEN 1 THEN 'audio' ELSE 'video' END,
    (ARRAY['h264', 'prores', NULL, 'H264'])[1 + i % 4],
    (ARRAY['mov,mp4,m4a', 'matroska,webm', 'mxf'])[1 + i % 3],
    (ARRAY['News', 'news', 'Late "News", 2', NULL, 'a*b',
        U&'\\00e9t\\00e9', U&'e\\0301te\\0301'])[1 + i % 7],
    (ARRAY['pt', 'pt-BR', NULL, 'zh-Hant-TW'])[1 + i % 4],
    CASE WHEN i % 3 > 0 THEN timestamptz '2023-11-30 23:30+00' + i * interval '20 days' END,
    (i % 7) * (i % 7) * 15 * 25, 1, 25, (ARRAY[25, 24000, 50])[1 + i % 3],
    (ARRAY[1, 1001, 1])[1 + i % 3], 640 * (1 + i % 3), 360, (ARRAY['aac', NULL])[1 + i % 2], i % 3,
    50000000 + i * 123, -22.5 - i % 4 * 0.25,
    jsonb_build_object('camera', 'Cam ' || i % 3, 'odd', i,
        (ARRAY['Make', 'make'])[1 + i % 2], (ARRAY['x', '', NULL])[1 + i % 3], 'Encoded "by": x', 1)
FROM generate_series(1, 40) i;
INSERT INTO location (asset_id, root_id, path, raw_path, size_bytes, modified_ns, online)
SELECT a.id, r.id, a.name, decode(md5(a.name), 'hex'), 1, 1, a.id % 4 > 0
FROM asset a JOIN root r ON (a.id + r.id) % 3 > 0;
UPDATE asset SET superseded_by = id - 1 WHERE id IN (10, 20, 30);
INSERT INTO tag (name) VALUES ('night'), ('B-roll'), ('100% "sure", yes');
INSERT INTO asset_tag (asset_id, tag_id)
SELECT a.id, t.id FROM asset a, tag t WHERE (a.id * t.id) % 5 = 1;
INSERT INTO clip (asset_id, kind, roll, start_pts, end_pts)
SELECT a.id, 'shot', (ARRAY['A', 'B', NULL])[1 + (a.id + n) % 3], n * 100, n * 100 + 100
FROM asset a, generate_series(0, 2) n WHERE a.kind <> 'audio' AND n <= a.id % 3;
INSERT INTO clip (asset_id, kind, text, language, start_pts, end_pts)
SELECT id, 'speech', 'hello there', 'fr', 0, 50 FROM asset WHERE id % 4 = 2;
"""


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        with opened.database.session() as session:
            session.connection().connection.driver_connection.execute(ROWS)
        yield opened


@pytest.mark.parametrize(
    "query",
    [
        "",
        "kind:video",
        "-tag:night roll:b",
        '(codec:h264 OR "hello there") -collection:*',
        "is:superseded",
    ],
)
def test_every_count_is_that_of_its_filter(filled: Catalog, query: str, statements):
    names = [*(name for name in countable() if name != "name"), "meta.camera"]
    with statements.of(filled):
        counted = filled.facets(query, fields=names, limit=100)
    assert len([each for each in statements if "SELECT" in each]) == 1
    asked = f"({query})" if query else ""
    for name, values in counted.values.items():
        assert name not in counted.more
        for each in values:
            found = filled.search(f"{asked} {each.filter}".strip(), limit=1000)
            assert (name, each.value, each.shots) == (name, each.value, found.total_candidates)
            assert each.assets == len({hit.asset["id"] for hit in found.hits})
    if not query:
        told = {"kind", "tag", "codec", "container", "lang", "roll", "clip", "has", "is", "fps"}
        told |= {"duration", "size", "recorded", "year", "root", "path", "collection", "meta"}
        assert {name for name, values in counted.values.items() if values} >= told


def test_values_come_commonest_first_and_dates_newest_first(filled: Catalog):
    counted = filled.facets(fields=["codec", "recorded", "year", "duration", "collection"])
    codecs = [(value.value.lower(), value.shots) for value in counted.values["codec"]]
    assert [codec for codec, _ in codecs] == ["h264", "prores"]  # H264 and h264 are one
    months = [value.value for value in counted.values["recorded"]]
    assert months == sorted(months, reverse=True)
    assert [value.value for value in counted.values["year"]] == ["2026", "2025", "2024", "2023"]
    assert counted.values["duration"][0].value == "..5s"
    assert 'collection:"Late \\"News\\", 2"' in {v.filter for v in counted.values["collection"]}


def test_a_prefix_completes(filled: Catalog):
    def complete(field: str, prefix: str) -> list[str]:
        return [v.value for v in filled.facets(fields=[field], prefix=prefix).values[field]]

    assert complete("tag", "b-") == ["B-roll"]
    assert complete("tag", "100% ") == ['100% "sure", yes']
    assert complete("tag", "%") == []
    assert complete("meta.camera", "cam 1") == ["Cam 1"]
    assert complete("meta", "ca") == ["camera"]
    assert complete("name", "n39") == ["n39"]


def test_limits_and_names_are_checked(filled: Catalog):
    counted = filled.facets(fields=["meta.odd", "kind"], limit=3)
    assert len(counted.values["meta.odd"]) == 3
    assert counted.more == {"meta.odd"}
    assert counted.as_json()["facets"]["meta.odd"]["more"] is True
    for wrong in ("colour", "id", "timecode.x", "codec.x"):
        with pytest.raises(InvalidInputError) as caught:
            filled.facets(fields=[wrong])
        assert wrong in str(caught.value)
    with pytest.raises(InvalidInputError):
        filled.facets(limit=0)
