"""Why a hit is one."""

from __future__ import annotations

import pytest

from catalog.domain.plan import Plan
from catalog.domain.results import Hit, SearchResult
from catalog.web.pages.cards import cards_of

STILL = {"id": 1, "name": "coffee.png", "kind": "still"}


def found(cosine, keyword_rank, *, said=None, cutoff=0.3):
    hit = Hit(1, 0.02, cosine, keyword_rank, 0.01, STILL, None, None, said=said)
    end = None if cutoff is None else {"cosine": cutoff}
    return SearchResult("coffee", "e", Plan("exact", "few"), 1.0, 1, (hit,), cutoff=end)


@pytest.mark.parametrize(
    ("result", "by", "sure"),
    [
        (found(0.5, 1), "meaning and words", 1),
        (found(0.5, None), "meaning", 1),
        (found(0.1, 1), "words", None),
        (found(None, 1), "words", None),
        (found(0.1, 1, cutoff=None), "meaning and words", 1),
        (
            found(0.1, 1, said={"cosine": 0.8, "text": "a", "timecode_in": None}),
            "meaning and words",
            1,
        ),
    ],
)
def test_a_picture_below_the_cutoff_is_no_reason(result, by, sure):
    """Its bar would say how unlike the picture is of a hit that is called so."""
    [card] = cards_of(result, {}, grouped=False)
    assert (card.by, card.sure) == (by, sure)
    assert result.by_words_alone(result.hits[0]) is (by == "words")
