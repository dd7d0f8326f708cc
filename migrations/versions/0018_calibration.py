"""Calibrations are curves, with where they are from; of phrases, how much was read.

A calibration that is there already keeps the curve it stood for: 0.5 half way from misses'
to matches' median, 0.95 at matches' median.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.Double()
    for column in (
        sa.Column(
            "slope",
            number,
            comment="confidence is 1 / (1 + exp(-(slope x lift + intercept))), where lift is the "
            "cosine above the median of the query's cosines",
        ),
        sa.Column("intercept", number, comment="see slope"),
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
    op.execute(
        "UPDATE catalog.calibration SET slope = 2 * ln(19) / (match_median - miss_median), "
        "intercept = -ln(19)"
    )
    for name in ("slope", "intercept"):
        op.alter_column("calibration", name, nullable=False, schema="catalog")
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
