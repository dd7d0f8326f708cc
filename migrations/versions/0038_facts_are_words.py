"""What columns say of a file is found by keywords: codec, camera, lens, reel, scene, credits.

Keyword text held names, tags, descriptions, paths and ``metadata``, but of the columns that people
filter by none: ``catalog search prores`` found nothing, ``aac``, which stands in ``metadata``, did.
Names of profiles stay out: *Main* and *High* are words of the language. So do timecodes, which would
make every number a hit.

They are appended to the words of each asset, which takes half of what making these anew would.

Revision ID: 0038
Revises: 0037
"""

from types import ModuleType

from alembic import context, op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_COLUMNS = (
    "codec",
    "camera_make",
    "camera_model",
    "camera_serial",
    "lens",
    "reel",
    "scene",
    "take",
    "creator",
    "credit",
    "rights",
)
_FACTS = f"""
CREATE FUNCTION catalog.asset_facts(a catalog.asset) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN left(concat_ws(' ', {", ".join(f"a.{column}" for column in _COLUMNS)},
    array_to_string(a.hdr, ' ')), 4000)
"""
_ADDED = "\n        || setweight(catalog.words_of(left(catalog.asset_facts(a), (4000 * share)::int), langs), 'D')"
# A tsvector holds at most 1 MiB: what has no room for more is made anew, and cut.
_APPENDING = """
CREATE FUNCTION pg_temp.with_facts(a catalog.asset) RETURNS tsvector LANGUAGE plpgsql AS $$
BEGIN
    RETURN a.words || setweight(catalog.words_of(
        catalog.asset_facts(a), catalog.text_languages(ARRAY[a.language],
        catalog.split_name(a.name) || ' ' || coalesce(a.title, '') || ' ' || left(coalesce(a.description, ''), 30000))), 'D');
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN catalog.asset_words(a);
END $$
"""
_APPENDED = """
UPDATE catalog.asset a SET words = pg_temp.with_facts(a) WHERE catalog.asset_facts(a) <> ''
"""
_WATCHED = "name, kind, title, description, collection, language, metadata"


def _asset_words(*, facts: bool) -> str:
    """The function as revision 0037 left it, and as it is from here on."""
    words, joined = (context.script.get_revision(each).module for each in ("0006", "0037"))
    before: str = words.ASSET_WORDS.replace("CREATE", "CREATE OR REPLACE")
    named = "catalog.words_of(named, langs), 'A')"
    before = before.replace(named, named + joined._PAIRS)
    return before.replace("langs), 'D');\nEND", f"langs), 'D'){_ADDED if facts else ''};\nEND")


def _watch(words: ModuleType, columns: str) -> None:
    """Have the trigger fire where one of the columns is written."""
    # Replaced, not dropped: readers go on.
    replaced = words.ASSET_TRIGGER.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER")
    words.execute(replaced.replace(_WATCHED, columns))


def _say(last: str) -> None:
    op.execute(
        "COMMENT ON FUNCTION catalog.asset_words(catalog.asset) IS 'keyword text of an asset: name "
        f"and title A, tags and collection B, description and what is said in a sound C, {last}'"
    )


def upgrade() -> None:
    words = context.script.get_revision("0006").module
    words.execute(_FACTS)
    op.execute(
        "COMMENT ON FUNCTION catalog.asset_facts(catalog.asset) IS "
        "'what columns say of an asset and its keyword text holds: codec, camera, lens, reel, slate, credits'"
    )
    words.execute(_asset_words(facts=True))
    _say("paths, metadata and what columns say D")
    _watch(words, ", ".join((_WATCHED, *_COLUMNS, "hdr")))
    words.execute(_APPENDING)
    words.execute(_APPENDED)
    op.execute("DROP FUNCTION pg_temp.with_facts(catalog.asset)")


def downgrade() -> None:
    words = context.script.get_revision("0006").module
    words.execute(_asset_words(facts=False))
    _say("paths and metadata D")
    _watch(words, _WATCHED)
    op.execute("DROP FUNCTION catalog.asset_facts(catalog.asset)")
    words.execute("UPDATE catalog.asset SET name = name")
