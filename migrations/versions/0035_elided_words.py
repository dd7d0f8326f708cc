r"""Words of a query are asked for without the article that hangs on them.

``l'école`` and ``dell'acqua`` asked for *l* before *école*, and so missed every text that has the
word with another article or none. Phrases stay as they are typed.

Revision ID: 0035
Revises: 0034
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_BARE = "w"
# French and Italian elisions; the apostrophe in any of its forms.
_WITHOUT_ARTICLE = (
    r"regexp_replace(w, '^(?:[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|quoiqu|dell|nell|all|dall|sull)"
    r"[''\u2019\u02bc\uff07](?=[^[:space:][:punct:]0-9]{2})', '', 'i')"
)


def _write(word: str) -> None:
    op.get_bind().exec_driver_sql(
        rf"""
CREATE OR REPLACE FUNCTION catalog.words_query(txt text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    lang text := (catalog.languages_of(txt))[1];
    words text[] := ARRAY(
        SELECT {word} FROM regexp_split_to_table(txt, '[\u0009-\u000d\u0020\u00a0\u3000]+') w);
    telling text[] := ARRAY(
        SELECT w FROM unnest(words) w WHERE catalog.stem(lang, lower(w)) IS NOT NULL OR lang IS NULL);
BEGIN
    IF cardinality(telling) = 0 THEN
        telling := words;
    END IF;
    RETURN coalesce((
        SELECT string_agg('(' || q || ')', ' & ' ORDER BY n)
        FROM unnest(telling) WITH ORDINALITY t(w, n), LATERAL catalog.adjacent_query(w, true) q
        WHERE q IS NOT NULL
    ), '')::tsquery;
END $$
"""
    )


def upgrade() -> None:
    _write(_WITHOUT_ARTICLE)


def downgrade() -> None:
    _write(_BARE)
