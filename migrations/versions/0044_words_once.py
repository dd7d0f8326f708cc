"""A new asset's keyword text is made once where its file is entered with it, not twice.

Revision ID: 0044
Revises: 0043
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_COLUMNS = """name, kind, title, description, collection, language, metadata, codec, camera_make,
camera_model, camera_serial, lens, reel, scene, take, creator, credit, rights, hdr"""
_DONE = "FOR EACH ROW EXECUTE FUNCTION catalog.asset_set_words()"


def upgrade() -> None:
    op.execute("DROP TRIGGER asset_words ON catalog.asset")
    op.execute(f"CREATE TRIGGER asset_words BEFORE UPDATE OF {_COLUMNS} ON catalog.asset {_DONE}")
    # Who gives some will have them made as soon as he has entered where its file lies.
    op.execute(
        "CREATE TRIGGER asset_words_insert BEFORE INSERT ON catalog.asset FOR EACH ROW"
        " WHEN (NEW.words = ''::tsvector) EXECUTE FUNCTION catalog.asset_set_words()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER asset_words_insert ON catalog.asset")
    op.execute("DROP TRIGGER asset_words ON catalog.asset")
    op.execute(
        f"CREATE TRIGGER asset_words BEFORE INSERT OR UPDATE OF {_COLUMNS} ON catalog.asset {_DONE}"
    )
