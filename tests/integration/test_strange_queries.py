"""What people type that is no query, or more of one than anybody expects."""

from __future__ import annotations

import numpy as np
import pytest
from test_search import filled

from catalog import Catalog
from catalog.errors import InvalidQueryError

__all__ = ["filled"]


@pytest.mark.parametrize(
    "query",
    ["", "  ", "codec:", "recorded:yesterdayish", "colection:x", '"open', "(a", "a OR", "\udcff",
     "nul\0", "x" * 2001, "duration:long", "kind:song", "timecode:soon", "recorded:2024-13"],
)  # fmt: skip
def test_nonsense_is_refused_with_a_reason(filled: Catalog, query: str):
    with pytest.raises(InvalidQueryError) as caught:
        filled.search(query)
    assert caught.value.exit_code == 2
    assert len(caught.value.message) > 20
    caught.value.message.encode()


@pytest.mark.parametrize(
    "query",
    ["'; DROP TABLE catalog.asset; --", "%s %(x)s {} $1 :name", "\\ \\\\ '", "猫 кіт 🐈 قطة",
     "x" * 2000, "猫" * 2000, '"!!!"', "-zzz", "- -", "a" + " OR a" * 399, '"' + "q " * 100 + '"',
     "& | ! <-> :*", "12:30:", "http://x/y?z=%20", "🐈" * 500, "tag:%", "tag:_", "name:\\",
     # As joins, these would be planned for many minutes.
     " ".join(f"tag:{n}" for n in range(250)), " ".join(f"path:{n}" for n in range(200)),
     " ".join(f'"w{n}"' for n in range(200))],
)  # fmt: skip
def test_strange_queries_are_only_text(filled: Catalog, query: str):
    for _ in range(2):
        filled.search(query)
    assert filled.stats()["assets"] == 16, "the catalogue is as it was"
    filled.assets(query)


def test_of_many_tags_all_must_be_there(filled: Catalog):
    def listed(query: str) -> list[int]:
        return [asset["id"] for asset in filled.assets(query)["assets"]]

    named = [f"many-{n}" for n in range(9)]
    one, other = sorted(listed("kind:video"))[:2]
    try:
        filled.tag([one], named)
        filled.tag([other], named[:-1])
        for asked in (" ".join(f"tag:{name}" for name in each) for each in (named, named[::-1])):
            assert listed(asked) == [one]
            assert {hit.asset["id"] for hit in filled.search(asked, limit=50).hits} == {one}
        asked = " ".join(f"tag:{name}" for name in named[:-1])
        assert sorted(listed(asked)) == [one, other]
        assert listed(f"{asked} -tag:many-8") == [other]
    finally:
        filled.tag([one, other], named, remove=True)


def test_long_words_that_do_not_compress_are_searched(filled: Catalog):
    rng = np.random.default_rng(1)
    words = "".join(chr(int(c)) for c in rng.integers(0x4E00, 0x9FA0, 1900))
    first, second = filled.search(words), filled.search(words)
    assert [hit.cosine for hit in first.hits] == [hit.cosine for hit in second.hits]
