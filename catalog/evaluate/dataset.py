"""What an evaluation is made on: pictures, and captions that say what they show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from catalog.domain.evaluating import Protocol
from catalog.errors import InvalidInputError

if TYPE_CHECKING:
    from PIL import Image

ENGLISH = "en"
UNKNOWN_LANGUAGE = "und"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by the name people know it under; ``read`` gives its file's content.

    ``read`` raises `CatalogError` or `OSError` where there is none. ``group`` is what must
    not be torn apart where data are split (an asset's id); by default the picture itself.
    """

    name: str
    read: Callable[[], bytes]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Caption:
    """What one picture (by its place in the dataset) shows, in one language (BCP 47)."""

    picture: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures and captions; ``open`` makes a picture of a file's content.

    ``open`` raises `CatalogError` where the content cannot be decoded. ``kind`` is the
    layout it was read from, ``notes`` what a reader should know of it.
    """

    name: str
    kind: str
    pictures: tuple[Picture, ...]
    captions: tuple[Caption, ...]
    open: Callable[[bytes], Image.Image]
    notes: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The captions' languages: English first, then by name."""
        found = {caption.language for caption in self.captions}
        return tuple(sorted(found, key=lambda code: (code != ENGLISH, code)))

    def asking(self, protocol: Protocol) -> Dataset:
        """With those captions alone that ask under the protocol."""
        if protocol is Protocol.EVERY:
            return self
        firsts: dict[tuple[int, str], Caption] = {}
        for caption in self.captions:
            firsts.setdefault((caption.picture, caption.language), caption)
        return replace(self, captions=tuple(firsts.values()))

    def without(self, pictures: Collection[int]) -> Dataset:
        """Without these pictures and their captions."""
        kept = [at for at in range(len(self.pictures)) if at not in pictures]
        return self._with(kept)

    def chosen(self, languages: Sequence[str] = (), limit: int | None = None) -> Dataset:
        """With the captions of these languages alone (none: all), and the first pictures.

        Raises
        ------
        InvalidInputError
            If a language has no captions, or the limit is below 2.
        """
        if limit is not None and limit < 2:
            raise InvalidInputError(
                f"A limit of {limit} pictures leaves nothing to confuse; expected 2 or more.",
                remedy="Leave --limit out for all pictures.",
            )
        absent = [code for code in languages if code not in self.languages]
        if absent:
            raise InvalidInputError(
                f"{self.name} has no captions in {', '.join(absent)}; there are: "
                f"{', '.join(self.languages)}.",
                remedy="Name languages by their BCP 47 tags: --language de.",
            )
        spoken = tuple(c for c in self.captions if not languages or c.language in languages)
        return replace(self, captions=spoken)._captioned(limit)

    def _captioned(self, limit: int | None) -> Dataset:
        """With pictures that have captions alone, the first ``limit`` of them."""
        counted = Counter(caption.picture for caption in self.captions)
        return self._with([at for at in range(len(self.pictures)) if counted[at]][:limit])

    def _with(self, kept: Sequence[int]) -> Dataset:
        place = {old: new for new, old in enumerate(kept)}
        return replace(
            self,
            pictures=tuple(self.pictures[at] for at in kept),
            captions=tuple(
                replace(caption, picture=place[caption.picture])
                for caption in self.captions
                if caption.picture in place
            ),
        )
