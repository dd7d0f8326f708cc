"""What is known of files and their content."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, TSVECTOR, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import SCHEMA, Base, cascade, identity, now


class Root(Base):
    """A folder tree the catalogue may read."""

    __tablename__ = "root"

    id: Mapped[int] = identity()
    path: Mapped[str] = mapped_column(comment="absolute path, as shown to people")
    raw_path: Mapped[bytes] = mapped_column(comment="the path's bytes, as the system spells them")
    watched: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="whether new files in it are taken in by themselves"
    )
    sampling: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"),
        comment="how its pictures are sampled, as far as it differs from the root above it",
    )
    proxy: Mapped[str | None] = mapped_column(
        comment="always or never: whether proxies are made unasked; null: as the root above it says"
    )
    watch: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"),
        comment="how it is watched, as far as it differs from the default",
    )
    device: Mapped[int | None] = mapped_column(
        comment="of the file system, when it was last known to be the right one"
    )
    inode: Mapped[int | None] = mapped_column(comment="which folder it was there")
    paused_at: Mapped[datetime | None] = mapped_column(
        comment="since when its storage is away; null: it is there, or nobody watches it"
    )
    paused_why: Mapped[str | None] = mapped_column(comment="how that shows, in words")
    created_at: Mapped[datetime] = now()

    __table_args__ = (
        UniqueConstraint("raw_path"),
        CheckConstraint("jsonb_typeof(sampling) = 'object'", name="sampling"),
        CheckConstraint("jsonb_typeof(watch) = 'object'", name="watch"),
        CheckConstraint("(paused_at IS NULL) = (paused_why IS NULL)", name="paused"),
        CheckConstraint("proxy IN ('always', 'never')", name="proxy"),
    )


class Asset(Base):
    """One piece of media, identified by its content."""

    __tablename__ = "asset"

    id: Mapped[int] = identity()
    fingerprint: Mapped[str] = mapped_column(comment="digest of the whole content")
    sample: Mapped[str | None] = mapped_column(
        comment="digest of the size and of places in the content: the same means probably the same"
    )
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
    level: Mapped[str | None] = mapped_column(comment="of the codec, as its standard spells it")
    chroma: Mapped[str | None] = mapped_column(
        comment="how colour is sampled: 4:2:0, 4:2:2, 4:4:4, 4:0:0 (grey), rgb"
    )
    hdr: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="kinds of high dynamic range: pq, hlg, hdr10, hdr10plus, dolbyvision"
    )
    bit_rate: Mapped[int | None] = mapped_column(comment="of the whole file, bits per second")
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
    audio_bit_depth: Mapped[int | None] = mapped_column(
        SmallInteger, comment="bits per sample of the first audio track; null if lossy"
    )
    audio_tracks: Mapped[int | None] = mapped_column(SmallInteger, comment="how many there are")
    audio_languages: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="BCP 47 tags of all audio tracks"
    )

    loudness: Mapped[float | None] = mapped_column(
        comment="integrated loudness in LUFS (EBU R 128); null: nothing to hear, or not measured"
    )
    loudness_range: Mapped[float | None] = mapped_column(
        comment="between its soft and its loud parts, in LU (EBU Tech 3342)"
    )
    true_peak: Mapped[float | None] = mapped_column(
        comment="of the highest channel in dBTP; -120 is digital silence; null: not measured"
    )

    camera_make: Mapped[str | None] = mapped_column(comment="who built the camera or recorder")
    camera_model: Mapped[str | None] = mapped_column(comment="as the maker names it")
    camera_serial: Mapped[str | None] = mapped_column(comment="number of the camera's body")
    lens: Mapped[str | None] = mapped_column(comment="model of the lens")
    latitude: Mapped[float | None] = mapped_column(comment="degrees, north positive (WGS 84)")
    longitude: Mapped[float | None] = mapped_column(comment="degrees, east positive (WGS 84)")
    altitude: Mapped[float | None] = mapped_column(comment="metres above the sea")
    reel: Mapped[str | None] = mapped_column(comment="reel, tape or card it was recorded on")
    scene: Mapped[str | None] = mapped_column(comment="as slated")
    take: Mapped[str | None] = mapped_column(comment="as slated")
    rights: Mapped[str | None] = mapped_column(comment="copyright notice and terms of use")
    creator: Mapped[str | None] = mapped_column(comment="who made it: photographer, artist, author")
    credit: Mapped[str | None] = mapped_column(comment="whom to credit, and the source")

    time_base_num: Mapped[int | None] = mapped_column(comment="seconds per pts, numerator")
    time_base_den: Mapped[int | None] = mapped_column(comment="seconds per pts, denominator")
    duration_pts: Mapped[int | None] = mapped_column(comment="length in pts; null for stills")
    duration: Mapped[float | None] = mapped_column(
        Computed("duration_pts::float8 * time_base_num / time_base_den", persisted=True),
        comment="seconds",
    )
    start_timecode: Mapped[str | None] = mapped_column(comment="SMPTE, from the essence")
    speaking: Mapped[list[Range[int]] | None] = mapped_column(
        INT8MULTIRANGE,
        comment="where somebody speaks, in the asset's time base;"
        " null: never measured; empty: nobody speaks",
    )
    damaged: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="decoded only in part"
    )
    decode_errors: Mapped[int] = mapped_column(
        server_default=sql("0"), comment="broken packets, failed reads and ends that are missing"
    )
    superseded_by: Mapped[int | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.asset.id", ondelete="SET NULL"),
        comment="what lies where its last file was: its next version",
    )
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=sql("'{}'::jsonb"), comment="what no column holds"
    )
    file_keys: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=sql("'{}'::text[]"),
        comment="keys of metadata that the file said; a new analysis says them anew",
    )
    sidecars: Mapped[dict[str, Any] | None] = mapped_column(
        comment="seen: what lay beside its files when last read; own: what the file itself said"
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR, server_default=sql("''::tsvector"), comment="keyword text, kept by a trigger"
    )
    spellings: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=sql("'{}'::text[]"),
        comment="keys by which misspelt names find it, kept by a trigger",
    )
    roll_basis: Mapped[str | None] = mapped_column(
        comment="what its shots' rolls were told from: the weights' version, the encoder whose "
        "pictures counted; null or another than now: they are told anew"
    )
    settled_at: Mapped[datetime | None] = mapped_column(
        comment="when a watcher found its first file settled; null: no watcher brought it"
    )
    created_at: Mapped[datetime] = now()

    __table_args__ = (
        UniqueConstraint("fingerprint"),
        CheckConstraint("kind IN ('video', 'still', 'audio')", name="kind"),
        CheckConstraint("size_bytes > 0", name="size_positive"),
        CheckConstraint("rotation IN (0, 90, 180, 270)", name="rotation"),
        CheckConstraint("time_base_num > 0 AND time_base_den > 0", name="time_base"),
        CheckConstraint("duration_pts >= 0", name="duration"),
        CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"
        ),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="position_whole"),
        CheckConstraint("decode_errors >= 0", name="decode_errors"),
        CheckConstraint("superseded_by <> id", name="superseded_by"),
        Index(None, "superseded_by", postgresql_where=sql("superseded_by IS NOT NULL")),
        Index(None, "size_bytes", "sample"),
        Index(None, "kind"),
        Index(None, "collection"),
        Index(None, "codec"),
        Index(None, "recorded"),
        Index(None, "duration"),
        Index(None, "loudness"),
        Index(None, "latitude", "longitude"),
        Index("ix_asset_reel_lower", sql("lower(reel)")),
        Index("ix_asset_name_lower", sql("lower(name)")),
        Index(None, "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index(None, "spellings", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
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

    id: Mapped[int] = identity()
    root_id: Mapped[int] = cascade("root.id")
    asset_id: Mapped[int | None] = cascade("asset.id", nullable=True)
    path: Mapped[str] = mapped_column(comment="below the root, as shown to people")
    raw_path: Mapped[bytes] = mapped_column(comment="the path's bytes, as the system spells them")
    size_bytes: Mapped[int] = mapped_column(comment="when last read")
    modified_ns: Mapped[int] = mapped_column(comment="mtime in nanoseconds since the epoch")
    changed_ns: Mapped[int | None] = mapped_column(
        comment="ctime in nanoseconds since the epoch, which no program can set"
    )
    device: Mapped[int | None] = mapped_column(comment="of the file system, when last seen")
    inode: Mapped[int | None] = mapped_column(comment="which file it is there")
    verified: Mapped[bool] = mapped_column(
        server_default=sql("true"),
        comment="whether the whole file was read; else it is the asset's in all likelihood",
    )
    online: Mapped[bool] = mapped_column(
        server_default=sql("true"), comment="whether the file was there when last looked for"
    )
    error_code: Mapped[str | None] = mapped_column(comment="why the file has no asset")
    error_message: Mapped[str | None] = mapped_column(comment="the same in words")
    verified_at: Mapped[datetime | None] = mapped_column(
        comment="when all of the file was last read"
    )
    verify_after: Mapped[datetime | None] = mapped_column(
        comment="not to be read through again before; null: any time"
    )
    verify_error: Mapped[str | None] = mapped_column(
        comment="what was wrong when it was last to be read through"
    )
    held_since: Mapped[datetime] = now(comment="since when the file is of this asset")
    seen_at: Mapped[datetime] = now(comment="when the file was last found")

    __table_args__ = (
        UniqueConstraint("root_id", "raw_path"),
        CheckConstraint("(asset_id IS NULL) = (error_code IS NOT NULL)", name="asset_or_error"),
        Index(None, "asset_id"),
        Index(None, "inode", "device"),
        Index("ix_location_unverified", "id", postgresql_where=sql("NOT verified")),
        Index(
            "ix_location_verified_at",
            "verified",
            sql("verified_at NULLS FIRST"),
            postgresql_where=sql("online AND asset_id IS NOT NULL"),
        ),
        Index("ix_location_verify_error", "id", postgresql_where=sql("verify_error IS NOT NULL")),
    )


class LocationHistory(Base):
    """What lay at a place before: an asset's file that changed, was moved, or was mistaken."""

    __tablename__ = "location_history"

    id: Mapped[int] = identity()
    root_id: Mapped[int] = cascade("root.id")
    asset_id: Mapped[int] = cascade("asset.id")
    path: Mapped[str] = mapped_column(comment="below the root, as shown to people")
    raw_path: Mapped[bytes] = mapped_column(comment="the path's bytes, as the system spells them")
    size_bytes: Mapped[int] = mapped_column(comment="of the file then")
    modified_ns: Mapped[int] = mapped_column(comment="mtime in nanoseconds since the epoch")
    held_since: Mapped[datetime] = mapped_column(comment="since when the file was of this asset")
    held_until: Mapped[datetime] = now(comment="when it was found to be so no more")
    why: Mapped[str] = mapped_column(
        comment="changed: other content; moved: lies elsewhere; mistaken: it never was"
    )

    __table_args__ = (
        CheckConstraint("why IN ('changed', 'moved', 'mistaken')", name="why"),
        Index(None, "asset_id"),
        Index(None, "root_id", "raw_path"),
    )


class Sidecar(Base):
    """What says something of an asset: a file beside it, texts within it, who heard its speech."""

    __tablename__ = "sidecar"

    id: Mapped[int] = identity()
    asset_id: Mapped[int] = cascade("asset.id")
    path: Mapped[str] = mapped_column(
        comment="absolute, as shown to people; of what was in the file or was recognised there, the"
        " file"
    )
    raw_path: Mapped[bytes] = mapped_column(
        comment="the path's bytes; empty: embedded texts; of captions and recognised speech, its"
        " kind"
    )
    kind: Mapped[str] = mapped_column(
        comment="xmp, json, csv, ale, edl, aaf, fcpxml, fcp7xml, otio, xml, telemetry, subtitles,"
        " embedded, captions or recognised"
    )
    size_bytes: Mapped[int] = mapped_column(comment="when last read")
    modified_ns: Mapped[int] = mapped_column(comment="mtime in nanoseconds since the epoch")
    said: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"),
        comment="columns, tags and metadata it names; its clips refer to it",
    )
    error_code: Mapped[str | None] = mapped_column(comment="why it could not be read")
    error_message: Mapped[str | None] = mapped_column(comment="the same in words")
    read_at: Mapped[datetime] = now(comment="when it was last read")
    imported: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="a person imported it: it stays when the file goes"
    )

    __table_args__ = (
        UniqueConstraint("asset_id", "raw_path"),
        CheckConstraint(
            "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'aaf', 'fcpxml', 'fcp7xml', 'otio', "
            "'xml', 'telemetry', 'subtitles', 'embedded', 'captions', 'recognised')",
            name="kind",
        ),
    )


class Tag(Base):
    """A word people put on assets."""

    __tablename__ = "tag"

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="unique without regard to case")

    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        Index("uq_tag_name_lower", sql("lower(name)"), unique=True),
    )


class AssetTag(Base):
    """A tag on an asset."""

    __tablename__ = "asset_tag"

    asset_id: Mapped[int] = cascade("asset.id", primary_key=True)
    tag_id: Mapped[int] = cascade("tag.id", primary_key=True)
    from_sidecar: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="a sidecar said so, and no person"
    )

    __table_args__ = (Index(None, "tag_id"),)
