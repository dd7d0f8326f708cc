"""Identity at scale, and versions.

What is needed to know a file that was moved without reading it, what lay at a
place before, and how many errors decoding met.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As in 0001: a hosted server may have no such role.
READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.location_history TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""

COUNT_OF_METADATA = """
UPDATE catalog.asset SET metadata = metadata - 'decode_errors',
    file_keys = array_remove(file_keys, 'decode_errors'),
    decode_errors = CASE WHEN jsonb_typeof(metadata -> 'decode_errors') = 'number'
                         THEN greatest(0, (metadata ->> 'decode_errors')::numeric::bigint)
                         ELSE 1 END
WHERE damaged
"""

METADATA_OF_COUNT = """
UPDATE catalog.asset
SET metadata = metadata || jsonb_build_object('decode_errors', decode_errors)
WHERE decode_errors > 0
"""


def upgrade() -> None:
    _asset()
    _location()
    op.create_table(
        "location_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("root_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "path", sa.Text(), nullable=False, comment="below the root, as shown to people"
        ),
        sa.Column(
            "raw_path",
            sa.LargeBinary(),
            nullable=False,
            comment="the path's bytes, as the system spells them",
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="of the file then"),
        sa.Column(
            "modified_ns",
            sa.BigInteger(),
            nullable=False,
            comment="mtime in nanoseconds since the epoch",
        ),
        sa.Column(
            "held_since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="since when the file was of this asset",
        ),
        sa.Column(
            "held_until",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when it was found to be so no more",
        ),
        sa.Column(
            "why",
            sa.Text(),
            nullable=False,
            comment="changed: other content; moved: lies elsewhere; mistaken: it never was",
        ),
        sa.CheckConstraint(
            "why IN ('changed', 'moved', 'mistaken')", name=op.f("ck_location_history_why")
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_location_history_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["root_id"],
            ["catalog.root.id"],
            name=op.f("fk_location_history_root_id_root"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_history")),
        comment="What lay at a place before: an asset's file that changed, was moved, or was mistaken",
        schema="catalog",
    )
    for columns in (["asset_id"], ["root_id", "raw_path"]):
        name = op.f(f"ix_location_history_{'_'.join(columns)}")
        op.create_index(name, "location_history", columns, schema="catalog")
    op.execute(COUNT_OF_METADATA)
    op.execute(READER)


def _asset() -> None:
    for column in (
        sa.Column(
            "sample",
            sa.Text(),
            nullable=True,
            comment="digest of the size and of places in the content: the same means probably the same",
        ),
        sa.Column(
            "decode_errors",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="broken packets, failed reads and ends that are missing",
        ),
        sa.Column(
            "superseded_by",
            sa.BigInteger(),
            nullable=True,
            comment="what lies where its last file was: its next version",
        ),
    ):
        op.add_column("asset", column, schema="catalog")
    op.create_foreign_key(
        op.f("fk_asset_superseded_by_asset"),
        "asset",
        "asset",
        ["superseded_by"],
        ["id"],
        source_schema="catalog",
        referent_schema="catalog",
        ondelete="SET NULL",
    )
    for name, condition in (
        ("decode_errors", "decode_errors >= 0"),
        ("superseded_by", "superseded_by <> id"),
    ):
        op.create_check_constraint(op.f(f"ck_asset_{name}"), "asset", condition, schema="catalog")
    op.create_index(
        op.f("ix_asset_superseded_by"),
        "asset",
        ["superseded_by"],
        schema="catalog",
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_asset_size_bytes_sample"), "asset", ["size_bytes", "sample"], schema="catalog"
    )


def _location() -> None:
    for column in (
        sa.Column(
            "changed_ns",
            sa.BigInteger(),
            nullable=True,
            comment="ctime in nanoseconds since the epoch, which no program can set",
        ),
        sa.Column(
            "device",
            sa.BigInteger(),
            nullable=True,
            comment="of the file system, when last seen",
        ),
        sa.Column("inode", sa.BigInteger(), nullable=True, comment="which file it is there"),
        sa.Column(
            "verified",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="whether the whole file was read; else it is the asset's in all likelihood",
        ),
        sa.Column(
            "held_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="since when the file is of this asset",
        ),
    ):
        op.add_column("location", column, schema="catalog")
    # The best that is known of those that were there before.
    op.execute("UPDATE catalog.location SET held_since = seen_at")
    op.create_index(
        op.f("ix_location_inode_device"), "location", ["inode", "device"], schema="catalog"
    )
    op.create_index(
        "ix_location_unverified",
        "location",
        ["id"],
        schema="catalog",
        postgresql_where=sa.text("NOT verified"),
    )


def downgrade() -> None:
    op.execute(METADATA_OF_COUNT)
    op.drop_table("location_history", schema="catalog")
    op.drop_index("ix_location_unverified", "location", schema="catalog")
    op.drop_index(op.f("ix_location_inode_device"), "location", schema="catalog")
    for column in ("held_since", "verified", "inode", "device", "changed_ns"):
        op.drop_column("location", column, schema="catalog")
    for column in ("superseded_by", "decode_errors", "sample"):
        op.drop_column("asset", column, schema="catalog")
