"""Search: what is found, in what order, page by page, with which figures."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from small_footage import sound, still, video

from catalog import Catalog
from catalog.domain.results import SearchResult
from catalog.encoders import load_encoder
from catalog.errors import InvalidInputError
from catalog.search.packing import ROOM
from catalog.settings import Settings
from catalog.store.search.passed import MOST

COLOURS = ("red", "green", "blue", "yellow", "white", "black")


def fill(catalog: Catalog, media: Path) -> None:
    """Three films of two shots, twelve stills of a colour between two, and a sound."""
    for at, pair in enumerate((("red", "blue"), ("green", "red"), ("white", "yellow"))):
        video(media / f"Film_{pair[0]}{pair[1].title()}.mp4", pair, mark=at)
    rng = np.random.default_rng(4)
    for at in range(12):
        still(media / f"still-{at:02}.png", tuple(int(x) for x in rng.integers(0, 256, 3)), mark=at)
    sound(media / "Red Interview.wav")
    catalog.ingest(media)


@pytest.fixture(scope="module")
def filled(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        fill(opened, tmp_path_factory.mktemp("media"))
        yield opened


def by_hand(catalog: Catalog, words: str) -> list[tuple[int, float]]:
    """Clips by the cosine of their best frame, in numpy."""
    query = load_encoder("null").encode_texts([words])[0].astype(np.float16).astype(np.float32)
    best: dict[int, float] = {}
    for clip, vector in catalog.sql("SELECT clip_id, vector FROM catalog.embedding").rows:
        frame = vector.astype(np.float32)
        cosine = float(frame @ query / np.linalg.norm(frame) / np.linalg.norm(query))
        best[clip] = max(best.get(clip, -1.0), cosine)
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))


@pytest.mark.parametrize("words", ["red", "a green meadow", "blue yellow", "nothing known"])
def test_the_order_is_that_of_brute_force(filled: Catalog, words: str):
    # A query whose words stand in no name: meaning alone decides.
    result = filled.search(f"{words} zzz", limit=100)
    expected = by_hand(filled, f"{words} zzz")
    found = [(hit.clip["id"], hit.cosine) for hit in result.hits]
    assert len(found) == len(expected) == 18
    assert [cosine for _, cosine in found] == pytest.approx([c for _, c in expected], abs=2e-6)
    for (clip, cosine), (_, wanted) in zip(found, expected, strict=True):
        assert dict(expected)[clip] == pytest.approx(cosine, abs=2e-6)
        assert cosine == pytest.approx(wanted, abs=2e-6)
    assert [hit.rank for hit in result.hits] == list(range(1, 19))
    assert str(result.plan) == "exact+keywords"
    assert result.encoder == "null:64"


def test_each_hit_shows_its_nearest_frame(catalog: Catalog, tmp_path: Path):
    """One shot that drifts from red to blue without a cut has a frame for either."""
    from catalog.media.writer import write_video

    def picture(part: float) -> np.ndarray:
        colour = np.array([255 * (1 - part), 0, 255 * part])
        return np.broadcast_to(colour, (48, 64, 3)).astype(np.uint8)

    write_video(tmp_path / "m.mp4", (picture(i / 249) for i in range(250)), frame_rate=Fraction(25))
    catalog.ingest(tmp_path / "m.mp4")
    [clip] = catalog.show("m.mp4")["clips"]
    assert clip["frames"] > 3
    red, blue = catalog.search("red").hits[0], catalog.search("blue").hits[0]
    assert red.clip == blue.clip
    assert red.frame["at"] < 2
    assert blue.frame["at"] > 7
    assert Path(red.frame["picture"]).is_file()


def test_candidates_are_counted_whatever_the_page_holds(filled: Catalog):
    assert filled.search("red", limit=1).total_candidates == 19
    assert filled.search("red kind:still", limit=3).total_candidates == 12
    assert filled.search("kind:video", limit=2).total_candidates == 6
    assert filled.search("zzz kind:audio").total_candidates == 1
    assert filled.search("zzz kind:audio").hits == ()
    assert filled.search("kind:video kind:still").total_candidates == 0
    assert filled.search("zzz kind:still -name:*").hits == ()
    last = pages(filled, "red", 5)[-1]
    assert last.total_candidates == 19


def pages(catalog: Catalog, query: str, limit: int) -> list[SearchResult]:
    found, after = [], None
    while True:
        found.append(catalog.search(query, limit=limit, after=after))
        after = found[-1].next
        if after is None:
            return found


@pytest.mark.parametrize(
    "query", ["red", "kind:still", "is:online", "zzz", '"film"', "red OR film"]
)
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_give_every_hit_once_and_in_order(filled: Catalog, query: str, limit: int):
    whole = filled.search(query, limit=1000).hits
    found = [hit for page in pages(filled, query, limit) for hit in page.hits]
    assert [hit.as_json() for hit in found] == [hit.as_json() for hit in whole]
    assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
    ids = [(hit.asset["id"], hit.clip and hit.clip["id"]) for hit in found]
    assert len(set(ids)) == len(ids) > 0


def test_a_list_by_filters_goes_by_name_and_time(filled: Catalog):
    hits = filled.search("is:online", limit=100).hits
    names = [hit.asset["name"] for hit in hits]
    assert names == sorted(names, key=str.lower)
    assert [hit.clip["start"] for hit in hits[:2]] == [0.0, 1.0]
    assert all((h.score, h.cosine, h.keyword_rank, h.confidence) == (0, None, None, None)
               for h in hits)  # fmt: skip


WRONG = [
    "",
    "x",
    "!!!!",
    "bnVsbA",
    "W10",
    "WzEsMiwzLDQsNV0",
    "\udcff",
    "é",
    "W1tbW1tbW1tbW1tb" * 2000,
]


@pytest.mark.parametrize("cursor", WRONG)
def test_wrong_cursors_are_refused(filled: Catalog, cursor: str):
    with pytest.raises(InvalidInputError, match="no cursor"):
        filled.search("red", after=cursor)


def told(cursor: str) -> list:
    """What a cursor says, and last the bytes of what was shown."""
    head, _, shown = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).partition(b"\0")
    return [*json.loads(head), shown]


def forged(cursor: str, change: Callable[[list], object]) -> str:
    """The cursor with something else in it."""
    body = told(cursor)
    change(body)
    *head, shown = body
    written = json.dumps(head).encode() + b"\0" + shown
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def put(*at: int, value: object) -> Callable[[list], object]:
    """Changes what lies at this place of the list, and of the lists within."""

    def change(body: list) -> None:
        for each in at[:-1]:
            body = body[each]
        body[at[-1]] = value

    return change


FORGED = [
    *(put(0, value=value) for value in (1, 2, "3", None)),
    *(put(2, value=value) for value in (-1, True, 1.5, 10**30)),
    *(put(3, value=value) for value in (0.5, "name", 1)),
    *(put(at, value=value) for at in (4, 5) for value in (-1, None, "1", 1.5, 10**30)),
    put(6, value=1),
    *(put(8, value=value) for value in (1, "1", True, math.inf, math.nan, [])),
    # Of what was shown: nothing, one that ends early, a value too many, of no kind, infinite, a
    # number of more than 63 bits, more hits than are ever told, and longer ones.
    *(
        put(9, value=value)
        for value in (
            *(b"", b"\0", b"\0\1", b"\1\0\0\0", b"\1\0\0\0\0", b"\2" + b"\0" * 7),
            *(b"\x40\0\0\0\0\1\1", b"\3\1\1", b"\1" + struct.pack("<f", math.inf) + b"\1\1"),
            *(b"\0\1" + b"\xff" * 9 + b"\0", b"\0" + b"\xff" * 9, b"\0\1\1" * (MOST + 1)),
            (b"\0" + b"\xff" * 8 + b"\1" + b"\xff" * 8 + b"\1") * (1 + ROOM // 19),
        )
    ),
    lambda body: body.insert(1, 1),
    lambda body: body.pop(0),
]


@pytest.mark.parametrize("change", FORGED)
def test_forged_cursors_are_refused(filled: Catalog, change: Callable[[list], object]):
    whole = filled.search("red", limit=1).next
    assert filled.search("red", after=forged(whole, lambda _: None)).hits
    with pytest.raises(InvalidInputError, match="no cursor"):
        filled.search("red", after=forged(whole, change))


@pytest.mark.parametrize("key", [1.5, None, "a\0b", "\ud800"])
def test_forged_cursors_of_lists_are_refused(filled: Catalog, key: object):
    whole = filled.search("kind:still", limit=1).next
    assert filled.search("kind:still", after=forged(whole, put(3, value="a"))).hits
    with pytest.raises(InvalidInputError, match="no cursor"):
        filled.search("kind:still", after=forged(whole, put(3, value=key)))
    for shown in (b"\0\1\1", b"\1" + struct.pack("<f", 0.5) + b"\1\1"):
        with pytest.raises(InvalidInputError, match="no cursor"):
            filled.search("kind:still", after=forged(whole, put(9, value=shown)))


def test_a_number_that_no_date_has_is_no_cursor(filled: Catalog):
    whole = filled.search("kind:still", sort="duration", limit=1).next
    for key in (float("nan"), float("inf"), "1", None, 1):
        with pytest.raises(InvalidInputError, match="no cursor"):
            filled.search("kind:still", sort="duration", after=forged(whole, put(3, value=key)))


def test_a_cursor_of_a_former_version_is_refused(filled: Catalog):
    _, mark, rank, _, asset, clip, wide, _, _, _ = told(filled.search("red", limit=1).next)
    body = [2, mark, rank, None, asset, clip, wide, [[0.5, None, None, asset, clip]]]
    former = base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
    with pytest.raises(InvalidInputError, match="no cursor") as refused:
        filled.search("red", after=former)
    assert refused.value.remedy == "Start again without a cursor."


def test_a_cursor_fits_its_own_query_only(filled: Catalog):
    cursor = filled.search("red", limit=1).next
    with pytest.raises(InvalidInputError, match="no cursor"):
        filled.search("blue", after=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_limits_are_checked(filled: Catalog, limit: int):
    with pytest.raises(InvalidInputError, match=str(limit)):
        filled.search("red", limit=limit)


def test_audio_is_found_by_words_and_has_no_clip(filled: Catalog):
    hits = {hit.asset["name"]: hit for hit in filled.search("interview", limit=100).hits}
    hit = hits["Red Interview.wav"]
    assert (hit.clip, hit.frame, hit.cosine, hit.confidence) == (None, None, None, None)
    assert hit.keyword_rank == 1
    assert hit.as_json()["asset"]["kind"] == "audio"


def test_meaning_and_keywords_are_fused_by_rank(filled: Catalog):
    result = filled.search("red", limit=100)
    scores = {}
    for hit in result.hits:
        cosine_rank = sum(
            1 for other in result.hits
            if other.cosine is not None and hit.cosine is not None
            and (other.cosine, -other.clip["id"]) > (hit.cosine, -hit.clip["id"])
        ) + 1  # fmt: skip
        expected = 0.0 if hit.cosine is None else 1 / (60 + cosine_rank)
        expected += 0.0 if hit.keyword_rank is None else 1 / (60 + hit.keyword_rank)
        scores[hit.rank] = (hit.score, expected)
    for got, expected in scores.values():
        assert got == pytest.approx(expected, abs=2e-4)
    best = result.hits[0]
    assert best.asset["name"].startswith("Film_")
    assert best.keyword_rank is not None
    assert [hit.score for hit in result.hits] == sorted(
        (h.score for h in result.hits), reverse=True
    )


def test_keyword_ranks_begin_at_one_among_what_the_filters_keep(filled: Catalog):
    all_of_them = filled.search("red OR film", limit=100).hits
    assert {hit.keyword_rank for hit in all_of_them if hit.keyword_rank} >= {1, 2}
    only = filled.search("red kind:audio").hits
    assert [hit.keyword_rank for hit in only] == [1]


def test_confidence_is_a_share_and_stands_out(catalog: Catalog, tmp_path: Path):
    fill(catalog, tmp_path / "media")
    assert all(hit.confidence is None for hit in catalog.search("red").hits), "too few to judge"
    for at in range(30):
        still(tmp_path / "more" / f"{at}.png", (100 + at, 110, 120 - at), mark=at + 1)
    catalog.ingest(tmp_path / "more")
    hits = catalog.search("red", limit=100, all_=True).hits
    found = [hit.confidence for hit in hits if hit.confidence is not None]
    assert len(found) == 48
    assert all(0 <= value <= 1 for value in found)
    ranked = sorted(hits, key=lambda hit: -(hit.cosine if hit.cosine is not None else -2))
    assert ranked[0].confidence == max(found)
    # Alike in all: nothing stands out, nothing breaks.
    assert all(hit.confidence is None or math.isfinite(hit.confidence) for hit in hits)


def test_without_any_vector_words_still_find(catalog: Catalog, tmp_path: Path):
    sound(tmp_path / "harbour_bell.wav")
    catalog.ingest(tmp_path / "harbour_bell.wav")
    result = catalog.search("bell")
    assert [hit.asset["name"] for hit in result.hits] == ["harbour_bell.wav"]
    empty = catalog.search("nothing")
    assert (empty.hits, empty.total_candidates) == ((), 1)


def test_an_empty_catalogue_answers(catalog: Catalog):
    for query in ("red", "kind:video", '"x"'):
        result = catalog.search(query)
        assert (result.hits, result.total_candidates, result.next) == ((), 0, None)
    assert catalog.assets()["assets"] == []
    assert catalog.stats()["assets"] == 0


def test_a_second_search_needs_no_encoder(filled: Catalog, monkeypatch):
    first = filled.search("a red balloon")
    with Catalog.open(filled.settings) as other:
        monkeypatch.setattr(other, "_load_encoder", lambda name: pytest.fail("encoder was loaded"))
        for way in ("_load_spec", "_load_untried"):
            monkeypatch.setattr(other._encoders, way, lambda name: pytest.fail("was loaded"))
        again = other.search(" a  red\nballoon ")
        assert [h.as_json() for h in again.hits] == [h.as_json() for h in first.hits]
        other.search("kind:still")
        assert len(other.sql("SELECT catalog.phrase('a red  balloon')").rows) == 1


def test_explain_shows_one_statement_and_its_plan(filled: Catalog, statements):
    filled.search("red")
    with statements.of(filled):
        filled.search("red kind:video")
    assert sum("candidate" in s for s in statements) == 1
    # The active encoder, how large the library is, the settings, the search, slips in words.
    assert len(statements) <= 6
    shown = filled.search("red kind:video", explain=True).as_json()["explanation"]
    assert shown["sql"].count("WITH") >= 1
    assert "Aggregate" in shown["plan"]
    assert "red" in shown["parameters"].values()


def test_lists_send_as_many_statements_for_many_as_for_few(filled: Catalog, statements):
    counts = []
    filled.search("red")  # its vector is known from here on
    for limit in (1, 18):
        for call in (
            lambda n: filled.search("red", limit=n),
            lambda n: filled.search("is:online", limit=n),
            lambda n: filled.assets(limit=n),
        ):
            with statements.of(filled):
                call(limit)
            counts.append(len(statements))
            statements.clear()
    assert counts[:3] == counts[3:]
    assert max(counts) <= 6


def test_assets_page_by_name(catalog: Catalog, tmp_path: Path):
    for at, name in enumerate(["ΑΣ.png", "İstanbul.png", "ẞ.png", "éa.png", "Z.png"]):
        still(tmp_path / "names" / name, mark=at + 50)
    catalog.ingest(tmp_path / "names")
    whole = [row["id"] for row in catalog.assets()["assets"]]
    found, after = [], None
    while True:
        page = catalog.assets(limit=2, after=after)
        found += [row["id"] for row in page["assets"]]
        if (after := page["next"]) is None:
            break
    assert found == whole
    assert len(whole) == 5
    for wrong in ("", "x", "1", ":a", "9" * 30 + ":a", "1:\0", "١:a", "1:\udcff"):
        with pytest.raises(InvalidInputError, match="no cursor"):
            catalog.assets(after=wrong)
    for limit in (0, -5, 10**9):
        with pytest.raises(InvalidInputError):
            catalog.assets(limit=limit)


def test_assets_are_chosen_by_words_and_filters(filled: Catalog):
    def names(query: str) -> list[str]:
        return [row["name"] for row in filled.assets(query)["assets"]]

    assert names("interview") == ["Red Interview.wav"]
    assert names("interview OR kind:video")[-1] == "Red Interview.wav"
    assert len(names("interview OR kind:video")) == 4
    assert names("film -red") == ["Film_whiteYellow.mp4"]
    assert len(names("kind:video -(red OR interview)")) == 1
