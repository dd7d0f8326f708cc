"""What sounds are asked for is kept as a vector: asked again, no sound encoder is loaded.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

from catalog.db.vectors import HALFVEC

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# As in 0005: on a server that is not ours there may be no such role.
_READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.sound_phrase TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "sound_phrase",
        sa.Column(
            "encoder_id",
            sa.Integer(),
            sa.ForeignKey(
                "catalog.sound_encoder.id",
                name=op.f("fk_sound_phrase_encoder_id_sound_encoder"),
                ondelete="CASCADE",
            ),
            nullable=False,
        ),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="as catalog.normal_phrase() leaves it"
        ),
        sa.Column(
            "vector", HALFVEC(), nullable=False, comment="of unit length, in half precision"
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("encoder_id", "text", name=op.f("pk_sound_phrase")),
        schema="catalog",
        comment="What a sound should be like, and its vector under one sound encoder",
    )
    op.execute(_READER)


def downgrade() -> None:
    op.drop_table("sound_phrase", schema="catalog")
