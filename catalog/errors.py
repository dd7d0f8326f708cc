"""The one family of errors the catalogue raises.

Each class carries a stable ``code`` (for programs), the HTTP status a server
answers with, the exit code the command line ends with, and whether trying
again can help. The message names the offending value, what was expected and
the remedy, in that order.
"""

from __future__ import annotations

from typing import Any, ClassVar


class CatalogError(Exception):
    """Base of every error this project raises on purpose.

    Parameters
    ----------
    message:
        What was wrong, naming the value and what was expected.
    remedy:
        What the reader can do about it; one sentence.
    details:
        JSON-ready facts for programs (a path, a position, a limit).
    """

    code: ClassVar[str] = "catalog_error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "", **details: Any) -> None:  # noqa: ANN401  # JSON-ready facts of any kind
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def as_json(self) -> dict[str, Any]:
        """The one JSON shape of an error."""
        body: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "retryable": self.retryable,
        }
        if self.details:
            body["details"] = self.details
        return {"error": body}


# --- what the caller asked for is wrong -----------------------------------


class InvalidInputError(CatalogError):
    """A value the caller gave cannot be used."""

    code = "invalid_input"
    http_status = 422
    exit_code = 2


class InvalidQueryError(InvalidInputError):
    """A search query does not parse; ``details["position"]`` counts characters from 0."""

    code = "invalid_query"


class InvalidSettingError(InvalidInputError):
    """An environment variable or a line of ``catalog.toml`` cannot be used."""

    code = "invalid_setting"


class AlreadyRunningError(CatalogError):
    """What was to be started runs already; ``details["pid"]`` is its process."""

    code = "already_running"
    http_status = 409
    exit_code = 2


class UnauthenticatedError(CatalogError):
    """Nobody that is known asks: no token, or one that holds no longer."""

    code = "unauthenticated"
    http_status = 401
    exit_code = 2


class ForbiddenError(CatalogError):
    """Whoever asks is known, and may not do this."""

    code = "forbidden"
    http_status = 403
    exit_code = 2


class ConflictError(CatalogError):
    """What was asked contradicts what is there already."""

    code = "conflict"
    http_status = 409
    exit_code = 2


class BeingDoneError(ConflictError):
    """The same is being done at this moment; ask again for the answer."""

    code = "being_done"
    retryable = True


class RangeError(InvalidInputError):
    """None of the bytes that were asked for is in the file."""

    code = "range_not_satisfiable"
    http_status = 416


class TooLargeError(InvalidInputError):
    """What was sent is larger than is taken."""

    code = "too_large"
    http_status = 413


class UnsupportedTypeError(InvalidInputError):
    """What was sent is of a type that is not taken."""

    code = "unsupported_type"
    http_status = 415


class TooManyRequestsError(CatalogError):
    """Asked too often; ``details["retry_after_s"]`` says when to ask again."""

    code = "too_many_requests"
    http_status = 429
    retryable = True


class NothingLearntError(CatalogError):
    """Teaching gained nothing, or nothing without losing more than was allowed."""

    code = "nothing_learnt"
    http_status = 422


class AddressInUseError(CatalogError):
    """Pages cannot be served at that address and port."""

    code = "address_in_use"
    exit_code = 3


class NotFoundError(CatalogError):
    """What was named does not exist."""

    code = "not_found"
    http_status = 404
    exit_code = 2


class PathNotFoundError(NotFoundError):
    """A path given to the catalogue does not exist."""

    code = "path_not_found"


class NoMediaError(InvalidInputError):
    """A folder was given in which nothing is media."""

    code = "no_media"


class ReadOnlySqlError(InvalidInputError):
    """``catalog sql`` was given a statement that fails or would write."""

    code = "sql_refused"


# --- one item of media cannot be used -------------------------------------


class MediaError(CatalogError):
    """A file cannot be catalogued. Only the file is at fault: the rest goes on."""

    code = "media_error"
    http_status = 422


class UnreadableFileError(MediaError):
    """The operating system does not let us read the file."""

    code = "unreadable"
    retryable = True


class EmptyFileError(MediaError):
    """The file has no bytes."""

    code = "empty_file"


class NotMediaError(MediaError):
    """No demuxer or picture reader recognises the file."""

    code = "not_media"


class UndecodableError(MediaError):
    """The file is media, but nothing in it can be decoded."""

    code = "undecodable"


class FileChangedError(MediaError):
    """The file changed while it was being read."""

    code = "file_changed"
    retryable = True


class OutsideRootError(MediaError):
    """A link leads out of every folder the catalogue may read."""

    code = "outside_root"


class ContentAlteredError(MediaError):
    """A file's content is another one, and nothing in the file system tells that it was written."""

    code = "content_altered"


class WorkersLostError(MediaError):
    """Every process that worked on the file died of it, or was killed."""

    code = "workers_lost"
    # An administrator may have killed them. What really kills is given up after a few.
    retryable = True


class MediaTooLargeError(MediaError):
    """The picture's dimensions or the file's tracks are beyond the limits."""

    code = "media_too_large"


class SidecarError(MediaError):
    """A file beside a media file cannot be read. A warning: the media file itself is catalogued."""

    code = "sidecar_unreadable"


class DecoderCrashedError(MediaError):
    """The decoder's process ended over the file: a crash, or the system killed it."""

    code = "decoder_crashed"


class DecoderKilledError(DecoderCrashedError):
    """The decoder's process was killed, twice: by the system, for memory, or by somebody."""

    code = "decoder_killed"
    # The file need not be to blame. One that is, is given up after a few.
    retryable = True


class DecoderStalledError(MediaError):
    """The decoder gave no sign of life for too long. Storage that hangs does the same."""

    code = "decoder_stalled"
    retryable = True


class DecoderOverrunError(MediaError):
    """Decoding took more processor time than any sane file of that length."""

    code = "decoder_overrun"


class DecoderMemoryError(MediaError):
    """Decoding wanted more memory than one file may have."""

    code = "decoder_out_of_memory"


class RecognitionOverrunError(MediaError):
    """Recognising what is said took longer than any sane machine and model."""

    code = "recognition_overrun"


class AssetBusyError(CatalogError):
    """Another process is at work on the asset."""

    code = "asset_busy"
    http_status = 409
    retryable = True


class UnexpectedFaultError(MediaError):
    """The catalogue itself went wrong over a file; the reason names the fault."""

    code = "unexpected_fault"


# --- a service or a part is missing ---------------------------------------


class ServiceError(CatalogError):
    """A service the command needs is not there."""

    code = "service_unavailable"
    http_status = 503
    exit_code = 3
    retryable = True


class DatabaseUnavailableError(ServiceError):
    """PostgreSQL cannot be reached."""

    code = "database_unavailable"


class DatabaseConflictError(ServiceError):
    """Two transactions stood in each other's way; done again, the work succeeds."""

    code = "database_conflict"


class BrokerUnavailableError(ServiceError):
    """The broker that wakes the workers cannot be reached, or none is configured."""

    code = "broker_unavailable"


class DatabaseUnsuitableError(ServiceError):
    """PostgreSQL is too old, or pgvector is missing or too old."""

    code = "database_unsuitable"
    retryable = False


class SchemaMismatchError(ServiceError):
    """The database's schema is not the one this program was written for."""

    code = "schema_mismatch"
    retryable = False


class EncoderUnavailableError(ServiceError):
    """An encoder's weights are neither here nor to be had, or its name is unknown."""

    code = "encoder_unavailable"
    retryable = False


class SpeechUnavailableError(ServiceError):
    """Nobody can listen here: the extra ``speech``, or a recogniser's weights, are not there."""

    code = "speech_unavailable"
    retryable = False


class EncoderRemovedError(ServiceError):
    """The encoder was removed while it was being asked; another one answers now."""

    code = "encoder_removed"


class UnknownEncoderError(EncoderUnavailableError):
    """No encoder of that name exists."""

    code = "unknown_encoder"
    http_status = 404
    exit_code = 2


class DecodersUnavailableError(ServiceError):
    """The processes that decode cannot be started, or were ended from outside."""

    code = "decoders_unavailable"


class FrameStoreError(ServiceError):
    """The frame store cannot be read or written."""

    code = "frame_store_unavailable"
