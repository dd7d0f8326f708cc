"""The verb that teaches an encoder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import __version__
from catalog.api.base import StrPath
from catalog.api.evaluate import EvaluateVerbs
from catalog.domain.evaluating import LOGGED, SPLIT
from catalog.domain.progress import Progress, Silent
from catalog.errors import InvalidInputError
from catalog.store import audit

if TYPE_CHECKING:
    from catalog.evaluate import Dataset
    from catalog.teach import Taught

_FOLDER = "encoders"


class TrainVerbs(EvaluateVerbs):
    """The verb of an open catalogue."""

    def train(
        self,
        dataset: StrPath | Dataset = LOGGED,
        *,
        encoder: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        speech: Sequence[str] = (),
        keep: StrPath | Dataset | None = None,
        progress: Progress | None = None,
        **options: Any,  # noqa: ANN401  # as `catalog.teach.Options` has them
    ) -> Taught:
        """Fine-tune an encoder on captions; see docs/training.md.

        What comes of it is a folder under the home (``encoders/NAME``) and a new encoder of this
        catalogue, which has no vectors yet: `encoder.add` has it filled, and only
        `encoder.activate` lets it answer. Broken off, it leaves nothing behind.

        Parameters
        ----------
        dataset:
            ``"catalog"`` (descriptions of stills and single shots, texts of subclips), or what
            `evaluate` reads: a folder or caption file, or a `Dataset`.
        encoder:
            The one to start from; None: the one that answers searches.
        name:
            Of the folder; None: the parent's, with a number.
        tags:
            Tags that say what is seen; each is a caption of every still or single shot that has it.
        speech:
            Words: whatever is spoken with one of them in it is a caption of what is seen meanwhile.
        keep:
            Captioned pictures on which the parent's Recall@1 is to be kept; None: what it
            answers about this library is.
        options:
            ``method`` (``auto``, ``head``, ``lora``, ``full``), ``steps``, ``batch``, ``rate``,
            ``rank``, ``alpha``, ``most_loss``, ``library``, ``seed``, ``precision``; see
            `catalog.teach.Options`.

        Raises
        ------
        InvalidInputError
            If there are too few captions, or a value cannot be used.
        NothingLearntError
            If nothing was gained, or not without forgetting more than ``most_loss``.
        ConflictError
            If there is an encoder of that name.
        UnknownEncoderError, EncoderUnavailableError
            If the parent cannot be loaded.
        """
        from catalog.evaluate import Shelves
        from catalog.teach import Options, teach
        from catalog.teach.run import School

        chosen = Options(**options)
        told = progress or Silent()
        home = self.settings.home
        school = School(
            self.database,
            self.store,
            lambda name: self._load_for(name, self.settings.device, self.settings.precision),
            self.settings.device,
            self._taught,
            Shelves(home / "evaluations" / "vectors"),
            __version__,
        )
        taught = teach(
            self._captioned(dataset, tags, speech, told),
            school,
            parent=encoder or self._answering(),
            name=name,
            options=chosen,
            keep=None if keep is None else self._dataset(keep, None, SPLIT, None, told),
            progress=told,
        )
        try:
            self._encoders.enter(taught.name)
        except BaseException:
            # A folder that the catalogue does not know would be half of an encoder.
            shutil.rmtree(taught.folder, ignore_errors=True)
            raise
        with self.database.session() as session:
            audit.note(session, "train", encoder=taught.name)
        return taught

    def trainings(self) -> list[dict[str, Any]]:
        """The encoders that were taught here and still have their folders, the latest first.

        Each with ``id``, ``at``, ``encoder``, ``parent``, ``method``, ``captions``, ``kept``,
        ``r1`` (Recall@1 from text, ``before`` and ``after``, on captions not learned from;
        or null) and ``pages``, its reports.
        """
        from catalog.teach import kept

        return list(kept.list_taught(self._taught))

    def training(self, key: str) -> dict[str, Any]:
        """All figures of one, as ``catalog train --json`` prints them.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        from catalog.teach import kept

        return kept.record_of(self._taught, key)

    def training_report(self, key: str, page: str = "training.html") -> Path:
        """A report of one: an HTML file that needs nothing else.

        Raises
        ------
        NotFoundError
            If there is none of that id, or it has no such page.
        """
        from catalog.teach import kept

        return kept.report_of(self._taught, key, page)

    @property
    def _taught(self) -> Path:
        return self.settings.home / _FOLDER

    def _captioned(
        self,
        dataset: StrPath | Dataset,
        tags: Sequence[str],
        speech: Sequence[str],
        progress: Progress,
    ) -> Dataset:
        from catalog.teach.material import logged_material

        if dataset == LOGGED:
            return logged_material(self.database, self.store, tags=tags, spoken=speech)
        if tags or speech:
            raise InvalidInputError(
                "Tags and spoken words were named, and a dataset that is not this catalogue.",
                remedy="Leave the dataset out, or --tag and --speech.",
            )
        return self._dataset(dataset, None, SPLIT, None, progress)
