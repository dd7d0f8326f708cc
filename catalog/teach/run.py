"""One teaching: from captions to a folder with an encoder, measured beside its parent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.db.engine import Database
from catalog.domain.progress import Progress, Silent
from catalog.encoders import Encoder, EncoderSpec, parse_spec
from catalog.encoders.lessons import Course, Learnt
from catalog.encoders.registry import located
from catalog.encoders.spec import Kind
from catalog.errors import CatalogError, InvalidInputError
from catalog.evaluate import (
    Contender,
    Dataset,
    Evaluation,
    Picture,
    Protocol,
    Shelves,
    evaluate,
)
from catalog.evaluate import Options as Measuring
from catalog.evaluate.logged import telling
from catalog.evaluate.results import Missing
from catalog.media.frame_store import FrameStore
from catalog.teach import place
from catalog.teach.blending import Blend, choose
from catalog.teach.learning import Learning, alphas
from catalog.teach.material import Material, around
from catalog.teach.options import Options
from catalog.teach.report import write_all
from catalog.teach.results import Amounts, Taught
from catalog.teach.split import Split, part, split

USUAL = Options()


@dataclass(frozen=True, slots=True)
class School:
    """Where teaching goes on: the catalogue, its encoders, and where taught ones are put.

    ``load`` loads an encoder by name, as searches do. ``device`` is what is taught on;
    ``shelves`` keep vectors of evaluations; ``program`` is the version that reports name.
    """

    database: Database
    frames: FrameStore
    load: Callable[[str], Encoder]
    device: str
    folder: Path
    shelves: Shelves
    program: str


def teach(
    captioned: Dataset,
    school: School,
    *,
    parent: str,
    name: str | None = None,
    options: Options = USUAL,
    keep: Dataset | None = None,
    progress: Progress | None = None,
) -> Taught:
    """Fine-tune ``parent`` on captioned pictures and write what comes of it as a new encoder.

    Whatever breaks it off leaves nothing behind. No encoder is entered or activated.

    Parameters
    ----------
    captioned
        What is learned from, shared out by ``Picture.group`` (`split`).
    name
        Of the folder; None: the parent's, with a number.
    keep
        Captioned pictures on which the parent's Recall@1 is to be kept. Without them, what the
        parent answers about the library is.

    Raises
    ------
    InvalidInputError
        If there are too few captions, or the parent is no model that could learn.
    NothingLearntError
        If nothing was gained, or not without losing more than ``options.most_loss``.
    ConflictError
        If there is an encoder of that name.
    UnknownEncoderError, EncoderUnavailableError
        If the parent cannot be loaded.
    """
    began, told = time.monotonic(), progress or Silent()
    spec = _teachable(parent)
    target = place.target(school.folder, name, spec.name)
    lost = _lost(captioned, captioned.pictures, told)
    readable = captioned.without(lost)
    shares = split(readable, options.seed)
    material = around(
        captioned,
        school.database,
        school.frames,
        parent=spec.name,
        library=options.library,
        seed=options.seed,
    )
    gone = _lost(captioned, material.library, told)
    library = tuple(p for at, p in enumerate(material.library) if at not in gone)
    material = replace(material, captioned=readable, library=library)
    teaching = _Teaching(
        school, material, shares, spec=spec, options=options, keep=keep, progress=told
    )
    with place.draft(target) as folder:
        taught = teaching.taught(folder, target)
        taught = replace(taught, missing=list(lost.values()), seconds=time.monotonic() - began)
        write_all(taught, folder, program=school.program)
    return taught


def _teachable(parent: str) -> EncoderSpec:
    spec = parse_spec(parent)
    if spec.kind in {Kind.NULL, Kind.SENTENCE}:
        raise InvalidInputError(
            f"{spec.name} is no model of pictures and words and cannot learn; expected one of "
            "open_clip.",
            remedy="Name the encoder to start from: --encoder NAME.",
        )
    return spec


def _lost(dataset: Dataset, pictures: Sequence[Picture], progress: Progress) -> dict[int, Missing]:
    """Pictures that cannot be read, by place; each is opened once, before hours of work."""
    lost: dict[int, Missing] = {}
    progress.begin("look over", len(pictures), "pictures")
    for at, picture in enumerate(pictures):
        try:
            dataset.open(picture.read()).load()
        except (CatalogError, OSError, ValueError, SyntaxError) as error:
            code = error.code if isinstance(error, CatalogError) else "unreadable"
            reason = error.message if isinstance(error, CatalogError) else str(error)
            lost[at] = Missing(picture.name, code, reason)
        progress.advance("look over", 1, picture.name)
    progress.end("look over")
    return lost


class _Teaching:
    """From what there is to teach from to what came of it."""

    def __init__(
        self,
        school: School,
        material: Material,
        shares: Split,
        *,
        spec: EncoderSpec,
        options: Options,
        keep: Dataset | None,
        progress: Progress,
    ) -> None:
        self._school, self._material, self._shares = school, material, shares
        self._spec, self._options, self._keep = spec, options, keep
        self._progress = progress

    def taught(self, folder: Path, target: Path) -> Taught:
        """Teach, write the model into ``folder``, and measure it as it will be at ``target``."""
        course, why = self._options.course(len(self._shares.learn))
        learnt, blends, chosen = self._learned(course, folder)
        parent = self._school.load(self._spec.name)
        child = self._school.load(f"local-dir:{folder}")
        pair = (
            Contender(self._spec.name, lambda: parent),
            Contender(target.name, lambda: child),
        )
        return Taught(
            name=f"local-dir:{target}",
            folder=str(target),
            parent=self._spec.name,
            parent_weights=parent.weights_digest,
            weights=child.weights_digest,
            checksum=place.checksum(folder / place.WEIGHTS),
            method=course.method.value,
            why=why,
            course=course,
            learnt=learnt,
            blends=blends,
            chosen=chosen,
            amounts=self._amounts(),
            evaluation=self._judged(pair),
            remembered=None if self._keep is None else self._measured(self._keep, pair),
            notes=self._notes(),
        )

    def _learned(self, course: Course, folder: Path) -> tuple[Learnt, list[Blend], Blend]:
        from catalog.encoders.teaching import Pupil  # noqa: PLC0415  # this imports torch

        where = located(self._spec)
        pupil = Pupil(where, name=self._spec.name, device=self._school.device)
        learning = Learning(pupil, self._material, self._shares, self._progress)
        learnt = learning.learn(course)
        blends = learning.blends(alphas(self._options.alpha), self._keep)
        chosen = choose(blends, self._options.most_loss, self._options.alpha)
        pupil.blend(chosen.alpha)
        pupil.save(folder)
        # The pupil's memory is free for the two that are compared.
        return learnt, blends, chosen

    def _judged(self, pair: Sequence[Contender]) -> Evaluation | None:
        """Both on captions that were not learned from, among pictures nobody captioned."""
        places = self._shares.judged or self._shares.held
        judged = telling(part(self._material.captioned, places))
        if len(judged.pictures) < 2:
            return None
        among = replace(judged, pictures=(*judged.pictures, *self._material.library))
        return self._measured(replace(among, name=f"{judged.name}, not learned from"), pair)

    def _measured(self, dataset: Dataset, pair: Sequence[Contender]) -> Evaluation:
        return evaluate(
            dataset,
            pair,
            options=Measuring(Protocol.EVERY, speed=False, seed=self._options.seed),
            shelves=self._school.shelves,
            progress=self._progress,
        )

    def _amounts(self) -> Amounts:
        captioned, shares = self._material.captioned, self._shares
        return Amounts(
            learn=len(shares.learn),
            held=len(shares.held),
            judged=len(shares.judged),
            pictures=len({caption.picture for caption in captioned.captions}),
            assets=len({picture.group for picture in captioned.pictures}),
            languages=captioned.languages,
            library=len(self._material.library),
            anchors=len(self._material.anchors),
        )

    def _notes(self) -> list[str]:
        notes = []
        if not self._shares.judged:
            notes.append(
                "There are too few assets to keep some apart that chose nothing: the captions it "
                "is judged by also said when to stop and how much to take, so its figures are "
                "rather too good."
            )
        if not self._material.library:
            notes.append(
                "The catalogue has no other pictures: nothing tells what the captioned ones are "
                "not, and what is kept was looked at on words alone."
            )
        return notes
