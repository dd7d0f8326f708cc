"""The catalogue's tables, in schema ``catalog``.

Time is integer pts in ``asset.time_base`` counted from the asset's first
picture; seconds appear only in generated columns and views. Every constraint
and index has a name, so that a migration can speak of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from catalog.db.vectors import HALFVEC

SCHEMA = "catalog"

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base: one schema, named constraints, plain text and jsonb."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012  # read once by SQLAlchemy, never shared
        str: Text(),
        int: BigInteger(),
        float: Double(),
        bool: Boolean(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


def _identity() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


def _now(**options: Any) -> Mapped[datetime]:  # noqa: ANN401  # as mapped_column
    return mapped_column(server_default=func.now(), **options)


def _cascade(target: str, **options: Any) -> Mapped[int]:  # noqa: ANN401  # as mapped_column
    return mapped_column(ForeignKey(f"{SCHEMA}.{target}", ondelete="CASCADE"), **options)


class Root(Base):
    """A folder tree the catalogue may read."""

    __tablename__ = "root"

    id: Mapped[int] = _identity()
    path: Mapped[str] = mapped_column(comment="absolute path, as shown to people")
    raw_path: Mapped[bytes] = mapped_column(comment="the path's bytes, as the system spells them")
    watched: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="whether new files in it are taken in by themselves"
    )
    created_at: Mapped[datetime] = _now()

    __table_args__ = (UniqueConstraint("raw_path"),)


class Asset(Base):
    """One piece of media, identified by its content."""

    __tablename__ = "asset"

    id: Mapped[int] = _identity()
    fingerprint: Mapped[str] = mapped_column(comment="digest of the whole content")
    size_bytes: Mapped[int] = mapped_column(comment="of the whole file")
    name: Mapped[str] = mapped_column(comment="file name the asset was first seen under")
    kind: Mapped[str | None] = mapped_column(comment="video, still or audio; null until analysed")
    title: Mapped[str | None] = mapped_column(
        comment="from the file, unless a person wrote another"
    )
    description: Mapped[str | None] = mapped_column(comment="free text")
    collection: Mapped[str | None] = mapped_column(comment="the one collection it belongs to")
    language: Mapped[str | None] = mapped_column(comment="BCP 47 tag of the main language")
    recorded: Mapped[datetime | None] = mapped_column(comment="when the essence was recorded")

    container: Mapped[str | None] = mapped_column(comment="file format, as FFmpeg names it")
    codec: Mapped[str | None] = mapped_column(comment="of the catalogued video track or still")
    profile: Mapped[str | None] = mapped_column(comment="of the codec")
    width: Mapped[int | None] = mapped_column(Integer, comment="display pixels")
    height: Mapped[int | None] = mapped_column(Integer, comment="display pixels")
    coded_width: Mapped[int | None] = mapped_column(
        Integer, comment="stored pixels, before aspect ratio and rotation"
    )
    coded_height: Mapped[int | None] = mapped_column(
        Integer, comment="stored pixels, before aspect ratio and rotation"
    )
    rotation: Mapped[int | None] = mapped_column(SmallInteger, comment="clockwise degrees")
    sar_num: Mapped[int | None] = mapped_column(Integer, comment="sample aspect ratio, numerator")
    sar_den: Mapped[int | None] = mapped_column(Integer, comment="sample aspect ratio, denominator")
    pixel_format: Mapped[str | None] = mapped_column(comment="as FFmpeg names it (yuv420p)")
    bit_depth: Mapped[int | None] = mapped_column(SmallInteger, comment="bits per colour sample")
    color_primaries: Mapped[str | None] = mapped_column(comment="as FFmpeg names them (bt709)")
    color_transfer: Mapped[str | None] = mapped_column(comment="as FFmpeg names it (bt709)")
    color_space: Mapped[str | None] = mapped_column(
        comment="matrix coefficients, as FFmpeg names them (bt709)"
    )
    color_range: Mapped[str | None] = mapped_column(
        comment="as FFmpeg names it (tv: limited; pc: full)"
    )
    field_order: Mapped[str | None] = mapped_column(
        comment="progressive, or which field comes first"
    )
    frame_rate_num: Mapped[int | None] = mapped_column(comment="pictures per second, numerator")
    frame_rate_den: Mapped[int | None] = mapped_column(comment="pictures per second, denominator")
    variable_frame_rate: Mapped[bool | None] = mapped_column(
        comment="whether pictures are unevenly spaced"
    )
    audio_codec: Mapped[str | None] = mapped_column(comment="of the first audio track")
    audio_channels: Mapped[int | None] = mapped_column(
        SmallInteger, comment="of the first audio track"
    )
    audio_sample_rate: Mapped[int | None] = mapped_column(Integer, comment="hertz")
    audio_layout: Mapped[str | None] = mapped_column(
        comment="of the first audio track (stereo, 5.1)"
    )

    time_base_num: Mapped[int | None] = mapped_column(comment="seconds per pts, numerator")
    time_base_den: Mapped[int | None] = mapped_column(comment="seconds per pts, denominator")
    duration_pts: Mapped[int | None] = mapped_column(comment="length in pts; null for stills")
    duration: Mapped[float | None] = mapped_column(
        Computed("duration_pts::float8 * time_base_num / time_base_den", persisted=True),
        comment="seconds",
    )
    start_timecode: Mapped[str | None] = mapped_column(comment="SMPTE, from the essence")
    damaged: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="decoded only in part"
    )
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=sql("'{}'::jsonb"), comment="what no column holds"
    )
    sidecars: Mapped[dict[str, Any] | None] = mapped_column(
        comment="seen: what lay beside its files when last read; own: what the file itself said"
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR, server_default=sql("''::tsvector"), comment="keyword text, kept by a trigger"
    )
    created_at: Mapped[datetime] = _now()

    __table_args__ = (
        UniqueConstraint("fingerprint"),
        CheckConstraint("kind IN ('video', 'still', 'audio')", name="kind"),
        CheckConstraint("size_bytes > 0", name="size_positive"),
        CheckConstraint("rotation IN (0, 90, 180, 270)", name="rotation"),
        CheckConstraint("time_base_num > 0 AND time_base_den > 0", name="time_base"),
        CheckConstraint("duration_pts >= 0", name="duration"),
        Index(None, "kind"),
        Index(None, "collection"),
        Index(None, "codec"),
        Index(None, "recorded"),
        Index(None, "duration"),
        Index("ix_asset_name_lower", sql("lower(name)")),
        Index(None, "words", postgresql_using="gin"),
        Index(
            None,
            "metadata",
            postgresql_using="gin",
            postgresql_ops={"metadata": "jsonb_path_ops"},
        ),
    )


class Location(Base):
    """One file: a root and a path below it. Without an asset when it could not be identified."""

    __tablename__ = "location"

    id: Mapped[int] = _identity()
    root_id: Mapped[int] = _cascade("root.id")
    asset_id: Mapped[int | None] = _cascade("asset.id", nullable=True)
    path: Mapped[str] = mapped_column(comment="below the root, as shown to people")
    raw_path: Mapped[bytes] = mapped_column(comment="the path's bytes, as the system spells them")
    size_bytes: Mapped[int] = mapped_column(comment="when last read")
    modified_ns: Mapped[int] = mapped_column(comment="mtime in nanoseconds since the epoch")
    online: Mapped[bool] = mapped_column(
        server_default=sql("true"), comment="whether the file was there when last looked for"
    )
    error_code: Mapped[str | None] = mapped_column(comment="why the file has no asset")
    error_message: Mapped[str | None] = mapped_column(comment="the same in words")
    seen_at: Mapped[datetime] = _now(comment="when the file was last found")

    __table_args__ = (
        UniqueConstraint("root_id", "raw_path"),
        CheckConstraint("(asset_id IS NULL) = (error_code IS NOT NULL)", name="asset_or_error"),
        Index(None, "asset_id"),
    )


class Sidecar(Base):
    """A file beside an asset's, or the texts within it, and what it says of the asset."""

    __tablename__ = "sidecar"

    id: Mapped[int] = _identity()
    asset_id: Mapped[int] = _cascade("asset.id")
    path: Mapped[str] = mapped_column(
        comment="absolute, as shown to people; of embedded texts, the file"
    )
    raw_path: Mapped[bytes] = mapped_column(comment="the path's bytes; empty: embedded texts")
    kind: Mapped[str] = mapped_column(comment="xmp, json, csv, ale, edl, subtitles or embedded")
    size_bytes: Mapped[int] = mapped_column(comment="when last read")
    modified_ns: Mapped[int] = mapped_column(comment="mtime in nanoseconds since the epoch")
    said: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"),
        comment="columns, tags and metadata it names; its clips refer to it",
    )
    error_code: Mapped[str | None] = mapped_column(comment="why it could not be read")
    error_message: Mapped[str | None] = mapped_column(comment="the same in words")
    read_at: Mapped[datetime] = _now(comment="when it was last read")

    __table_args__ = (
        UniqueConstraint("asset_id", "raw_path"),
        CheckConstraint(
            "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'subtitles', 'embedded')", name="kind"
        ),
    )


class Clip(Base):
    """A half-open time range of one asset: a shot, a spoken segment or a logged subclip."""

    __tablename__ = "clip"

    id: Mapped[int] = _identity()
    asset_id: Mapped[int] = _cascade("asset.id")
    kind: Mapped[str] = mapped_column(comment="shot, speech or subclip")
    start_pts: Mapped[int] = mapped_column(comment="first moment, in the asset's time base")
    end_pts: Mapped[int] = mapped_column(comment="end, exclusive, in the asset's time base")
    roll: Mapped[str | None] = mapped_column(comment="A: somebody speaks; B: cutaway")
    flag: Mapped[str | None] = mapped_column(
        comment="why the shot is left out of searches: black, bars; null: it is not"
    )
    text: Mapped[str | None] = mapped_column(comment="spoken words, or a subclip's name")
    language: Mapped[str | None] = mapped_column(comment="BCP 47 tag of the text")
    sidecar_id: Mapped[int | None] = _cascade(
        "sidecar.id", nullable=True, comment="what said so; null: a person, or the cut detector"
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        server_default=sql("''::tsvector"),
        comment="keyword text: its own; of a shot, what is said and logged over it",
    )
    created_at: Mapped[datetime] = _now()

    __table_args__ = (
        CheckConstraint("kind IN ('shot', 'speech', 'subclip')", name="kind"),
        CheckConstraint("roll IN ('A', 'B')", name="roll"),
        CheckConstraint("flag IN ('black', 'bars')", name="flag"),
        CheckConstraint("start_pts >= 0 AND end_pts >= start_pts", name="range"),
        Index("ix_clip_asset_id_kind_start_pts", "asset_id", "kind", "start_pts"),
        Index(None, "sidecar_id", postgresql_where=sql("sidecar_id IS NOT NULL")),
        Index(None, "words", postgresql_using="gin"),
        Index(
            "uq_clip_shot_start",
            "asset_id",
            "start_pts",
            unique=True,
            postgresql_where=sql("kind = 'shot'"),
        ),
    )


class Frame(Base):
    """One sampled picture of a shot, standing for a time range."""

    __tablename__ = "frame"

    id: Mapped[int] = _identity()
    asset_id: Mapped[int] = _cascade("asset.id")
    clip_id: Mapped[int] = _cascade("clip.id")
    pts: Mapped[int] = mapped_column(comment="time of the picture itself")
    start_pts: Mapped[int] = mapped_column(comment="range the picture stands for")
    end_pts: Mapped[int] = mapped_column(comment="end of that range, exclusive")
    picture: Mapped[str] = mapped_column(comment="key in the frame store")
    width: Mapped[int] = mapped_column(Integer, comment="pixels of the kept picture")
    height: Mapped[int] = mapped_column(Integer, comment="pixels of the kept picture")
    collapsed: Mapped[int] = mapped_column(
        Integer,
        server_default=sql("0"),
        comment="near-identical pictures this one stands for, beside itself",
    )

    __table_args__ = (
        UniqueConstraint("clip_id", "pts"),
        CheckConstraint("start_pts <= end_pts AND pts >= 0", name="range"),
        Index(None, "asset_id"),
    )


class Encoder(Base):
    """An image-text model with its weights, preprocessing and precision."""

    __tablename__ = "encoder"

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(comment="model and weights, as in CATALOG_ENCODER")
    dimension: Mapped[int] = mapped_column(Integer, comment="numbers per vector")
    precision: Mapped[str] = mapped_column(
        comment="the vectors were first made with (fp32, bf16, fp16)"
    )
    weights_digest: Mapped[str] = mapped_column(comment="tells other weights of the same name")
    active: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="answers searches; one at most"
    )
    created_at: Mapped[datetime] = _now()

    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("dimension BETWEEN 1 AND 4000", name="dimension"),
        Index("uq_encoder_active", "active", unique=True, postgresql_where=sql("active")),
    )


class Embedding(Base):
    """One encoder's unit vector of one frame; one partition per encoder.

    ``clip_id`` and ``asset_id`` repeat the frame's, so that a filter meets the
    vector without a join in between.
    """

    __tablename__ = "embedding"

    encoder_id: Mapped[int] = mapped_column(
        Integer, ForeignKey(f"{SCHEMA}.encoder.id", ondelete="RESTRICT"), primary_key=True
    )
    frame_id: Mapped[int] = _cascade("frame.id", primary_key=True)
    clip_id: Mapped[int] = mapped_column(comment="the frame's, repeated for filters")
    asset_id: Mapped[int] = mapped_column(comment="the frame's, repeated for filters")
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")

    __table_args__ = (
        Index(None, "frame_id"),
        Index(None, "asset_id"),
        {"postgresql_partition_by": "LIST (encoder_id)"},
    )


class Phrase(Base):
    """A text and its vector, kept so that SQL can order by it."""

    __tablename__ = "phrase"

    encoder_id: Mapped[int] = _cascade("encoder.id", primary_key=True, type_=Integer)
    text: Mapped[str] = mapped_column(
        primary_key=True, comment="as catalog.normal_phrase() leaves it"
    )
    vector: Mapped[Any] = mapped_column(HALFVEC(), comment="of unit length, in half precision")
    created_at: Mapped[datetime] = _now()


class Stage(Base):
    """Where an asset stands in one stage of the work, and why it failed there."""

    __tablename__ = "stage"

    asset_id: Mapped[int] = _cascade("asset.id", primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True, comment="analyse or encode")
    state: Mapped[str] = mapped_column(
        server_default=sql("'due'"), comment="due, running, done or failed"
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default=sql("0"), comment="how often it was begun"
    )
    worker: Mapped[str | None] = mapped_column(comment="host:process that is or was at work")
    started_at: Mapped[datetime | None] = mapped_column(comment="of the last attempt")
    finished_at: Mapped[datetime | None] = mapped_column(comment="of the last attempt")
    error_code: Mapped[str | None] = mapped_column(comment="why it failed, for programs")
    error_message: Mapped[str | None] = mapped_column(comment="why it failed, in words")
    retryable: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="whether trying again can help"
    )

    __table_args__ = (
        CheckConstraint("name IN ('analyse', 'encode')", name="name"),
        CheckConstraint("state IN ('due', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="reason"),
        Index("ix_stage_open", "name", "state", postgresql_where=sql("state <> 'done'")),
    )


class Tag(Base):
    """A word people put on assets."""

    __tablename__ = "tag"

    id: Mapped[int] = _identity()
    name: Mapped[str] = mapped_column(comment="unique without regard to case")

    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        Index("uq_tag_name_lower", sql("lower(name)"), unique=True),
    )


class AssetTag(Base):
    """A tag on an asset."""

    __tablename__ = "asset_tag"

    asset_id: Mapped[int] = _cascade("asset.id", primary_key=True)
    tag_id: Mapped[int] = _cascade("tag.id", primary_key=True)
    from_sidecar: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="a sidecar said so, and no person"
    )

    __table_args__ = (Index(None, "tag_id"),)


class Bin(Base):
    """An editor's ordered selection of clips."""

    __tablename__ = "bin"

    id: Mapped[int] = _identity()
    name: Mapped[str] = mapped_column(comment="unique")
    created_at: Mapped[datetime] = _now()

    __table_args__ = (UniqueConstraint("name"),)


class BinItem(Base):
    """A clip in a bin, in its place."""

    __tablename__ = "bin_item"

    bin_id: Mapped[int] = _cascade("bin.id", primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, comment="order within the bin")
    clip_id: Mapped[int] = _cascade("clip.id")
    note: Mapped[str | None] = mapped_column(comment="what the editor remarked")

    __table_args__ = (Index(None, "clip_id"),)


class Token(Base):
    """An API token; only its digest is kept."""

    __tablename__ = "token"

    id: Mapped[int] = _identity()
    name: Mapped[str] = mapped_column(comment="whose it is, or what for")
    role: Mapped[str] = mapped_column(comment="viewer, editor or admin")
    digest: Mapped[str] = mapped_column(comment="of the secret, which is not kept")
    created_at: Mapped[datetime] = _now()
    expires_at: Mapped[datetime | None] = mapped_column(comment="null: never")
    used_at: Mapped[datetime | None] = mapped_column(comment="last use")
    revoked_at: Mapped[datetime | None] = mapped_column(comment="null: in force")

    __table_args__ = (
        UniqueConstraint("digest"),
        CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),
    )


class Calibration(Base):
    """How a cosine reads as a confidence, per encoder and query language."""

    __tablename__ = "calibration"

    encoder_id: Mapped[int] = _cascade("encoder.id", primary_key=True, type_=Integer)
    language: Mapped[str] = mapped_column(
        primary_key=True, server_default=sql("''"), comment="BCP 47; empty for any"
    )
    match_median: Mapped[float] = mapped_column(comment="cosine of texts with pictures that fit")
    miss_median: Mapped[float] = mapped_column(comment="cosine of texts with pictures that do not")
    miss_spread: Mapped[float] = mapped_column(
        comment="1.4826 x median absolute deviation of the misses"
    )
    samples: Mapped[int] = mapped_column(comment="pairs measured")
    measured_at: Mapped[datetime] = _now()

    __table_args__ = (CheckConstraint("match_median > miss_median", name="medians"),)


# People at psql read the same sentence as people in Python.
for _class in Base.__subclasses__():
    _sentence = str(_class.__doc__).partition("\n")[0].rstrip(".")
    Base.metadata.tables[f"{SCHEMA}.{_class.__tablename__}"].comment = _sentence
