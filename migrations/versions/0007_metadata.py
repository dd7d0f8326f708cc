"""What the file knows: camera, place, reel, rights, and more of pictures and sound.

Assets that are there already get these columns with their next analysis
(``catalog analyse ASSET``).

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXTS = postgresql.ARRAY(sa.Text())
COLUMNS = (
    ("level", sa.Text(), "of the codec, as its standard spells it"),
    ("chroma", sa.Text(), "how colour is sampled: 4:2:0, 4:2:2, 4:4:4, 4:0:0 (grey), rgb"),
    ("hdr", TEXTS, "kinds of high dynamic range: pq, hlg, hdr10, hdr10plus, dolbyvision"),
    ("bit_rate", sa.BigInteger(), "of the whole file, bits per second"),
    ("audio_bit_depth", sa.SmallInteger(), "bits per sample of the first audio track; null if lossy"),
    ("audio_tracks", sa.SmallInteger(), "how many there are"),
    ("audio_languages", TEXTS, "BCP 47 tags of all audio tracks"),
    ("camera_make", sa.Text(), "who built the camera or recorder"),
    ("camera_model", sa.Text(), "as the maker names it"),
    ("camera_serial", sa.Text(), "number of the camera's body"),
    ("lens", sa.Text(), "model of the lens"),
    ("latitude", sa.Double(), "degrees, north positive (WGS 84)"),
    ("longitude", sa.Double(), "degrees, east positive (WGS 84)"),
    ("altitude", sa.Double(), "metres above the sea"),
    ("reel", sa.Text(), "reel, tape or card it was recorded on"),
    ("scene", sa.Text(), "as slated"),
    ("take", sa.Text(), "as slated"),
    ("rights", sa.Text(), "copyright notice and terms of use"),
    ("creator", sa.Text(), "who made it: photographer, artist, author"),
    ("credit", sa.Text(), "whom to credit, and the source"),
)
FILE_KEYS = "keys of metadata that the file said; a new analysis says them anew"
# What analyses before this one wrote into metadata.
WRITTEN = (
    "tags", "stream_tags", "chapters", "subtitles", "further_streams", "exif", "gps", "iptc",
    "recorded_note", "pictures", "decode_errors",
)  # fmt: skip


def upgrade() -> None:
    for name, kind, comment in COLUMNS:
        op.add_column("asset", sa.Column(name, kind, nullable=True, comment=comment), schema="catalog")
    op.add_column(
        "asset",
        sa.Column(
            "file_keys", TEXTS, server_default=sa.text("'{}'::text[]"), nullable=False, comment=FILE_KEYS
        ),
        schema="catalog",
    )
    names = ", ".join(f"'{name}'" for name in WRITTEN)
    op.execute(
        "UPDATE catalog.asset SET file_keys = ARRAY(SELECT k FROM jsonb_object_keys(metadata) k "
        f"WHERE k IN ({names}) ORDER BY k) WHERE metadata ?| ARRAY[{names}]"
    )
    op.create_check_constraint(
        op.f("ck_asset_position"),
        "asset",
        "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180",
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_asset_position_whole"),
        "asset",
        "(latitude IS NULL) = (longitude IS NULL)",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_asset_latitude_longitude"), "asset", ["latitude", "longitude"], schema="catalog"
    )
    op.create_index("ix_asset_reel_lower", "asset", [sa.text("lower(reel)")], schema="catalog")


def downgrade() -> None:
    op.drop_index("ix_asset_reel_lower", table_name="asset", schema="catalog")
    op.drop_index(op.f("ix_asset_latitude_longitude"), table_name="asset", schema="catalog")
    op.drop_constraint(op.f("ck_asset_position_whole"), "asset", schema="catalog", type_="check")
    op.drop_constraint(op.f("ck_asset_position"), "asset", schema="catalog", type_="check")
    op.drop_column("asset", "file_keys", schema="catalog")
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("asset", name, schema="catalog")
