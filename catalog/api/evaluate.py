"""The verb that measures encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import __version__
from catalog import encoders as models
from catalog.api.base import OpenCatalog, StrPath
from catalog.domain.evaluating import LOGGED, RESAMPLES, SPLIT, Protocol
from catalog.domain.progress import Progress, Silent
from catalog.encoders import Encoder, parse_spec
from catalog.errors import InvalidInputError, NotFoundError
from catalog.settings import DEMO_ENCODER
from catalog.store import audit, vectors
from catalog.store.calibrations import forget_calibrations, list_calibrations

if TYPE_CHECKING:
    from catalog.evaluate import Dataset, Evaluation
    from catalog.evaluate.kept import KeptEvaluations

_FOLDER = "evaluations"


class EvaluateVerbs(OpenCatalog):
    """The verb of an open catalogue."""

    def evaluate(
        self,
        dataset: StrPath | Dataset,
        *,
        encoders: Sequence[str] = (),
        images: StrPath | None = None,
        split: str = SPLIT,
        languages: Sequence[str] = (),
        protocol: str = Protocol.FIRST.value,
        templates: Sequence[str] = (),
        devices: Sequence[str] = (),
        precisions: Sequence[str] = (),
        limit: int | None = None,
        report: StrPath | None = None,
        calibrate: bool = False,
        resamples: int = RESAMPLES,
        seed: int = 0,
        speed: bool = True,
        progress: Progress | None = None,
    ) -> Evaluation:
        """Measure encoders side by side on captioned pictures; see docs/evaluation.md.

        What is finished is kept with its report, see `evaluations`.

        Vectors are kept under the home by the encoder's digest and the content of what was
        encoded: what was broken off goes on, and nothing is encoded twice.

        Parameters
        ----------
        dataset:
            A folder or caption file of a known layout, ``"catalog"`` (what people logged
            here), ``"demo"`` (drawn pictures), a `Dataset`; or ``"published"``: nothing is
            measured, but figures of others come in the same form.
        encoders:
            By name; none: the one that answers searches.
        images:
            The folder of the pictures, where they are not with the captions.
        split:
            Which of Multi30k's.
        languages:
            BCP 47 tags; none: all there are.
        protocol:
            ``first`` or ``every``: whose caption asks.
        templates:
            Prompts, ``"a photo of {}"`` or ``"de=ein Foto von {}"``: each encoder is
            measured with and without.
        devices, precisions:
            As in the settings, several of each; none: the settings' own.
        limit:
            The first so many captioned pictures; of ``demo``, how many are drawn.
        report:
            Where to write the report, one HTML file.
        calibrate:
            Let searches read confidences by what was found, where the encoder is one of
            this catalogue's; replaces what was kept before.
        resamples, seed:
            Of the confidence intervals; 0 resamples: none.
        speed:
            Whether to time the encoders too.

        Raises
        ------
        InvalidInputError
            If dataset, protocol, template, language or limit cannot be used.
        PathNotFoundError
            If the dataset is not there.
        UnknownEncoderError, EncoderUnavailableError
            If an encoder cannot be loaded.
        """
        from catalog.evaluate import Options, Shelves, evaluate
        from catalog.evaluate.contenders import contenders_of, templates_of
        from catalog.evaluate.keeping import keep_calibrations
        from catalog.evaluate.published import NAME as PUBLISHED
        from catalog.evaluate.published import published_evaluation
        from catalog.evaluate.report import report_path

        target = None if report is None else report_path(Path(report))
        if dataset == PUBLISHED:
            return self._finished(published_evaluation(_protocol(protocol), encoders), target)
        told = progress or Silent()
        options = Options(_protocol(protocol), seed, _resamples(resamples), speed)
        contenders = contenders_of(
            encoders or [self._answering()],
            self._load_for,
            devices=devices or [self.settings.device],
            precisions=precisions or [self.settings.precision],
            templates=templates_of(templates),
        )
        chosen = self._dataset(dataset, images, split, limit, told).chosen(languages, limit)
        shelves = Shelves(self.settings.home / _FOLDER / "vectors")
        found = evaluate(chosen, contenders, options=options, shelves=shelves, progress=told)
        if calibrate:
            found = keep_calibrations(self.database, found)
        return self._finished(found, target)

    def _finished(self, found: Evaluation, target: Path | None) -> Evaluation:
        from catalog.evaluate.report import write_report

        if target is not None:
            write_report(found, target, program=__version__)
        kept = self._kept.keep(found, by=self.database.actor.name, program=__version__)
        with self.database.session() as session:
            audit.note(session, "evaluate", evaluation=kept, dataset=found.dataset)
        return replace(found, kept=kept)

    @property
    def _kept(self) -> KeptEvaluations:
        from catalog.evaluate.kept import KeptEvaluations

        return KeptEvaluations(self.settings.home / _FOLDER / "reports")

    def evaluations(self) -> list[dict[str, Any]]:
        """The evaluations that are kept, the latest first.

        Each with ``id``, ``at``, ``by``, ``dataset``, ``kind``, ``protocol``, ``pictures``,
        ``captions``, ``languages``, ``wall_s``, ``missing`` (how many pictures) and
        ``encoders``: their ``label`` and ``r1``, Recall@1 from text with its interval.
        """
        return list(self._kept.list())

    def evaluation(self, key: str) -> dict[str, Any]:
        """All figures of one that is kept, as ``catalog evaluate --json`` prints them.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        return self._kept.figures(key)

    def evaluation_report(self, key: str) -> Path:
        """The report of one that is kept: an HTML file that needs nothing else.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        return self._kept.report(key)

    def forget_evaluation(self, key: str) -> None:
        """Take an evaluation and its report away; calibrations stay.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        self._kept.forget(key)
        with self.database.session() as session:
            audit.note(session, "evaluation.forget", evaluation=key)

    def calibrations(self, *, forget: str | None = None) -> list[dict[str, Any]]:
        """What searches read confidences by, per encoder and language; empty: all languages.

        With ``forget``, those of the encoder of that name are taken away first.

        Raises
        ------
        NotFoundError
            If the catalogue has no such encoder.
        """
        with self.database.session() as session:
            if forget is not None:
                encoder = vectors.find_encoder(session, parse_spec(forget).name)
                if encoder is None:
                    raise NotFoundError(
                        f"The catalogue has no encoder {forget!r}.",
                        remedy="`catalog encoder list` names those it has.",
                    )
                forget_calibrations(session, encoder.id)
            return list_calibrations(session)

    def _answering(self) -> str:
        """The encoder that answers searches, or would if there were anything to search."""
        with self.database.session() as session:
            row = vectors.active_encoder(session)
        return self.settings.encoder if row is None else row.name

    def _load_for(self, name: str, device: str, precision: str) -> Encoder:
        return models.load_encoder(name, device=device, precision=precision)

    def _dataset(
        self,
        dataset: StrPath | Dataset,
        images: StrPath | None,
        split: str,
        limit: int | None,
        progress: Progress,
    ) -> Dataset:
        from catalog.evaluate import Dataset, read_dataset
        from catalog.evaluate.logged import logged_dataset

        if isinstance(dataset, Dataset):
            return dataset
        if dataset == LOGGED:
            return logged_dataset(self.database, self.store)
        path = Path(dataset)
        if dataset == DEMO_ENCODER:
            from catalog.demo.dataset import COUNT, write_dataset

            count = COUNT if limit is None else limit
            folder = self.settings.home / _FOLDER / f"demo-{count}"
            path = write_dataset(folder, count=count, progress=progress)
        elsewhere = None if images is None else Path(images)
        return read_dataset(path, self.decoders, images=elsewhere, split=split)


def _protocol(name: str) -> Protocol:
    try:
        return Protocol(name)
    except ValueError as error:
        raise InvalidInputError(
            f"The protocol {name!r} is not known; expected first or every.",
            remedy="first: a picture's first caption asks; every: each of them does.",
        ) from error


def _resamples(count: int) -> int:
    if not 0 <= count <= 100_000:
        raise InvalidInputError(
            f"{count} resamples were asked for; expected 0 to 100000.",
            remedy="1000 are enough for intervals to two digits; 0 leaves them out.",
        )
    return count
