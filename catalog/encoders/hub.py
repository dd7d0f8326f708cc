"""Files of the Hugging Face Hub: from the cache, or downloaded, or a clear no within seconds.

The Hub's own client asks the server even for what it has, and without a network
repeats every question five times (46 s for one encoder, measured). Here the cache
is asked first, and a missing file is asked for once, with a deadline, before the
client may download it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import huggingface_hub as hf
from huggingface_hub import constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from catalog.errors import EncoderUnavailableError, UnknownEncoderError

WAYS_OUT = (
    "Use a local checkpoint (CATALOG_ENCODER=local-dir:/path/to/folder with open_clip_config.json "
    "and weights, or CATALOG_ENCODER=MODEL@/path/to/weights). CATALOG_ENCODER=demo needs none, but "
    "knows the rendered demonstration alone."
)
# An answer takes far less than a second; name servers that are cut off take tens of them.
ANSWER_S = 5.0
DEADLINE_S = 8.0


def fetch(
    repository: str, names: Sequence[str], *, encoder: str, what: str, revision: str = "main"
) -> Path:
    """The first of ``names`` that ``repository`` has at ``revision``, as a local path.

    Raises
    ------
    EncoderUnavailableError
        It is neither cached nor to be had; says so for ``what`` of ``encoder``.
    UnknownEncoderError
        The repository, or every one of the files, does not exist.
    """
    for name in names:
        cached = hf.try_to_load_from_cache(repository, name, revision=revision)
        if isinstance(cached, str):
            return Path(cached)
    wanted = _Wanted(encoder, what, f"{' or '.join(names)} of {repository}")
    for name in names:
        if _exists(hf.hf_hub_url(repository, name, revision=revision), wanted):
            download = functools.partial(hf.hf_hub_download, repository, name, revision=revision)
            return Path(_client(download, wanted))
    raise UnknownEncoderError(
        f"The repository {repository} on {constants.ENDPOINT} holds none of {', '.join(names)}, "
        f"so the {what} of {encoder} cannot be had.",
        remedy="Name a repository made by open_clip, or keep the model in a local folder "
        "(CATALOG_ENCODER=local-dir:/path/to/folder).",
        encoder=encoder,
    )


def fetch_folder(
    repository: str, patterns: Sequence[str], marks: Sequence[str], *, encoder: str, what: str
) -> Path:
    """A local folder with the files of ``repository`` that match ``patterns``.

    It counts as cached once one of ``marks`` is in it. Raises as :func:`fetch` does.
    """
    allowed = list(patterns)
    try:
        folder = Path(
            hf.snapshot_download(repository, allow_patterns=allowed, local_files_only=True)
        )
        if any((folder / mark).is_file() for mark in marks):
            return folder
    except LocalEntryNotFoundError:
        pass
    wanted = _Wanted(encoder, what, f"one of {', '.join(marks)} of {repository}")
    _exists(hf.hf_hub_url(repository, "config.json"), wanted)
    download = functools.partial(hf.snapshot_download, repository, allow_patterns=allowed)
    return Path(_client(download, wanted))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for, for messages: which files of which repository, and what for."""

    encoder: str
    what: str
    files: str


def _exists(url: str, wanted: _Wanted) -> bool:
    if constants.HF_HUB_OFFLINE:
        _unavailable(wanted, "HF_HUB_OFFLINE is set")
    try:
        _within(DEADLINE_S, lambda: hf.get_hf_file_metadata(url, timeout=ANSWER_S))
    except EntryNotFoundError:  # the repository is there, the file is not
        return False
    except (RepositoryNotFoundError, GatedRepoError) as error:
        raise UnknownEncoderError(
            f"The repository with the {wanted.what} of {wanted.encoder} does not exist or is not "
            f"open to all ({url}).",
            remedy="Correct the name, or set HF_TOKEN to a token that may read it.",
            encoder=wanted.encoder,
        ) from error
    except Exception as error:  # noqa: BLE001  # each version of the client has its own network errors
        _unavailable(wanted, _reason(error), error)
    return True


def _client(download: Callable[[], str], wanted: _Wanted) -> str:
    try:
        return download()
    except Exception as error:  # noqa: BLE001  # as above
        _unavailable(wanted, _reason(error), error)


def _within(seconds: float, call: Callable[[], object]) -> None:
    """Run ``call`` and re-raise its error; TimeoutError when it takes longer.

    A look-up of a host name obeys no HTTP timeout, so it waits in a thread of
    its own, which is left behind when it hangs.
    """
    raised: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # handed to the caller below
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True, name="hub-probe")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:g} s")
    if raised:
        raise raised[0]


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _unavailable(wanted: _Wanted, reason: str, cause: BaseException | None = None) -> NoReturn:
    raise EncoderUnavailableError(
        f"The {wanted.what} of {wanted.encoder} are neither in the cache "
        f"({constants.HF_HUB_CACHE}) nor downloadable from {constants.ENDPOINT} ({reason}). "
        f"Wanted: {wanted.files}.",
        remedy=WAYS_OUT,
        encoder=wanted.encoder,
        missing=wanted.what,
        files=wanted.files,
    ) from cause
