"""Calibrations are curves, with where they are from; of phrases, how much was read.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.Double()
    # Nothing of the program wrote any; what somebody wrote by hand has no curve.
    op.execute("DELETE FROM catalog.calibration")
    for column in (
        sa.Column(
            "slope",
            number,
            nullable=False,
            comment="confidence is 1 / (1 + exp(-(slope x height + intercept))), where height is "
            "how many spreads a cosine is above the median of its query's cosines",
        ),
        sa.Column("intercept", number, nullable=False, comment="see slope"),
        sa.Column(
            "error",
            number,
            comment="expected calibration error on pictures that were not fitted on",
        ),
        sa.Column(
            "source",
            sa.Text(),
            server_default=sa.text("''"),
            nullable=False,
            comment="the dataset it was measured on",
        ),
    ):
        op.add_column("calibration", column, schema="catalog")
    op.alter_column("calibration", "samples", comment="queries measured", schema="catalog")
    op.create_check_constraint(
        op.f("ck_calibration_slope"), "calibration", "slope > 0", schema="catalog"
    )
    op.add_column(
        "phrase",
        sa.Column(
            "characters_read",
            sa.Integer(),
            comment="how much of the text shaped the vector; null: all, as far as is known",
        ),
        schema="catalog",
    )


def downgrade() -> None:
    op.drop_column("phrase", "characters_read", schema="catalog")
    op.alter_column("calibration", "samples", comment="pairs measured", schema="catalog")
    for name in ("source", "error", "intercept", "slope"):
        op.drop_column("calibration", name, schema="catalog")
