r"""Words are found however they are joined: ``e-mail``, ``email`` and ``e mail``.

What hyphen, apostrophe, ``&``, the dots of an acronym or a change of case take apart was kept as a
whole only for a change of case; now every run of such parts stands joined beside them. Names and
titles also have each word joined to the next. Numbers are found with and without leading zeros. And
a word of capitals with an umlaut is one: MÜLLER was cut in two as *mue* and *ller*. Turkish stems are
folded as words are: *ağaç* and *ağaçlar* had ç and c at their ends.

In a tsquery an alternative of several words can only stand last: PostgreSQL counts the others as
wide as the widest. So alternatives are written out, each as a chain of its own.

Assets are made anew, some 120 to 400 a second, and those clips whose text has anything of the kind.

Revision ID: 0037
Revises: 0036
"""

from types import ModuleType

import sqlalchemy as sa
from alembic import context, op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

# Letters that are no words by themselves where Latin letters are written, but for the Italian e:
# they begin e mail, b roll, x ray, t shirt.
_PREFIX_LETTERS = "b-hj-np-vx"
_APOSTROPHES = r"''\u2018\u2019\u02bb\u02bc\uff07"
_JOINERS = rf"{_APOSTROPHES}&\u05be\u2010\u2011-"
_LETTER = r"a-z\u03b1-\u03c9\u0430-\u044f"

# Letters of scripts whose words stand apart; a class of few ranges, since PostgreSQL keeps but few
# regular expressions compiled.
_LETTERS = (
    r"a-z\u00df-\u024f\u0370-\u03ff\u0400-\u0556\u0561-\u0587\u05d0-\u05ea\u0620-\u064a\u0900-\u0dff"
)
# More words are a passage that somebody pasted: stems of its own language are enough then, and of
# still more only the first are asked for. `ts_rank_cd` takes memory by forms times places.
_MANY_WORDS = 24
_MOST_WORDS = 200

# What marks a text whose words come out otherwise than before, in any case of letters. The zeros and
# full-width signs are what folds to ours.
_ZEROS = r"0\u0660\u06f0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0e50\u0ed0\u0f20\u1040\u17e0\uff10"
_CHANGED = (
    rf"[^[:space:]][\u00b4`\uff06\uff0d\uff0e.{_JOINERS}][^[:space:]]|[[:lower:]][\u0300-\u036f]*[[:upper:]]|[{_ZEROS}][^[:space:]]"
    rf"|[[:upper:]][ÄÖÜØÅ]|[ÄÖÜØÅ][[:upper:]]|[[:upper:]][[:upper:]][[:lower:]]"
    rf"|(^|[^a-zA-Z0-9])([^[:space:]aioywzAIOYWZ0-9][\u0300-\u036f]* |[^[:space:]0-9][\u0300-\u036f]*_)[^[:space:]]"
)


def _functions(before: ModuleType, without_article: str) -> tuple[str, ...]:
    """All that cuts and asks; ``before`` has the classes of characters."""
    separators, unspaced, run = before.SEPARATORS, before.UNSPACED, before.RUN
    return (
        # Border by border: U+0001 stands between the parts of a word.
        rf"""
CREATE FUNCTION catalog.tokens(txt text, spelt boolean DEFAULT false) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    x text := translate(txt, chr(1) || '´`', ' ''''');
BEGIN
    x := regexp_replace(normalize(x, NFC), '([[:lower:]])(?=[[:upper:]])', '\1' || chr(1), 'g');
    x := regexp_replace(x, '([[:upper:]])(?=[[:upper:]][[:lower:]][[:lower:]])', '\1' || chr(1), 'g');
    x := catalog.fold(CASE WHEN spelt THEN catalog.spell_out(x) ELSE x END);
    IF octet_length(x) > char_length(x) THEN
        x := regexp_replace(x, '([\u0400-\u04ff])[''`\u02b9\u02bc\u2018\u2019](?=[\u0400-\u04ff])', '\1', 'g');
        x := regexp_replace(x, '([\u05d0-\u05ea])["''\u05f3\u05f4\u2019\u201d](?=[\u05d0-\u05ea])', '\1', 'g');
        x := regexp_replace(x, '([{unspaced}])[\u0009-\u000d\u0020\u00a0\u3000]+(?=[{unspaced}])', '\1', 'g');
    END IF;
    x := regexp_replace(x, '(?<![{_JOINERS}])[{_JOINERS}](?![{_JOINERS}])', chr(1), 'g');
    x := regexp_replace(x, '(?<![{_LETTER}0-9])([{_LETTER}])\.(?=[{_LETTER}](?![{_LETTER}0-9]))', '\1' || chr(1), 'g');
    x := regexp_replace(x, '(?<![{_LETTER}0-9\u0001])(?:([{_PREFIX_LETTERS}]) |([a-z])_)(?=[a-z])', '\1\2' || chr(1), 'g');
    IF octet_length(x) > char_length(x) THEN
        x := regexp_replace(x, '[{separators}]+', ' ', 'g');
        x := regexp_replace(x, '([{run}]+)', ' \1 ', 'g');
    ELSE
        x := regexp_replace(x, '[\u0002-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]+', ' ', 'g');
    END IF;
    x := regexp_replace(x, '([^0-9 \u0001])(?=[0-9])|([0-9])(?=[^0-9 \u0001])', '\1\2' || chr(1), 'g');
    RETURN ARRAY(
        SELECT btrim(left(btrim(t, chr(1)), 200), chr(1)) FROM string_to_table(x, ' ') t
        WHERE btrim(t, chr(1)) <> '');
END $$
""",
        # Parts at their places; beside them, at the first and the last place, what they join to:
        # two and three, all of a run of letters or of digits, and the whole. Stems of all.
        rf"""
CREATE OR REPLACE FUNCTION catalog.words_of(txt text, langs text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    plain text[] := catalog.tokens(coalesce(txt, ''));
    spelt text[] := CASE WHEN txt ~ '[äöüøåÄÖÜØÅ]|[aouAOU][\u0308\u030a]' THEN catalog.tokens(txt, true) END;
BEGIN
    RETURN coalesce((
        WITH token AS (
            SELECT t, CASE WHEN s <> t THEN s END AS s, n, t ~ '^[{run}]' AS run,
                   CASE WHEN t ~ '^[{run}]' THEN char_length(t)
                   ELSE 1 + char_length(t) - char_length(replace(t, chr(1), '')) END AS width
            FROM unnest(plain, spelt) WITH ORDINALITY u(t, s, n)
        ), placed AS (
            SELECT t, s, n, run, width, 1 + coalesce(sum(width) OVER (
                ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS at
            FROM token
        ), part AS (
            SELECT part, n, spelling, i, at, width,
                   CASE WHEN width > 1 THEN part ~ '^[0-9]' END AS digits
            FROM placed, unnest(ARRAY[t, s]) WITH ORDINALITY w(whole, spelling),
                string_to_table(whole, chr(1)) WITH ORDINALITY p(part, i)
            WHERE NOT run AND whole IS NOT NULL
        ), border AS (
            SELECT *, coalesce(digits <> lag(digits) OVER one, false)::int AS hard
            FROM part WHERE width > 1 WINDOW one AS (PARTITION BY n, spelling ORDER BY i)
        ), stretch AS (
            SELECT *, sum(hard) OVER (PARTITION BY n, spelling ORDER BY i) AS stretch FROM border
        ), joined AS (
            SELECT part || lead(part) OVER one AS two,
                   part || lead(part) OVER one || lead(part, 2) OVER one AS three,
                   CASE WHEN i = min(i) OVER every AND count(*) OVER every > 3
                   THEN string_agg(part, '') OVER every END AS more,
                   count(*) OVER every AS parts, at + i - 1 AS at
            FROM stretch
            WINDOW one AS (PARTITION BY n, spelling, stretch ORDER BY i),
                every AS (one RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ), word AS (
            SELECT part AS lexeme, at + i - 1 AS at FROM part
            UNION ALL
            SELECT ltrim(part, '0'), at + i - 1 FROM part WHERE part ~ '^0+[1-9]'
            UNION ALL
            SELECT lexeme, at + further FROM joined,
                LATERAL (VALUES (two, 1), (three, 2), (more, parts - 1)) j(lexeme, last),
                unnest(ARRAY[0, last]) further
            WHERE lexeme IS NOT NULL
            UNION ALL
            SELECT replace(whole, chr(1), ''), at + i
            FROM placed, unnest(ARRAY[t, s]) whole, unnest(ARRAY[0, width - 1]) i
            WHERE NOT run AND width > 1 AND whole ~ '[0-9]'
        ), lexeme AS (
            SELECT lexeme, at FROM word
            UNION ALL
            SELECT lang || '/' || stem, at FROM word, unnest(langs) lang,
                LATERAL (SELECT catalog.stem(lang, lexeme) OFFSET 0) s(stem)
            WHERE stem <> '' AND lexeme ~ CASE
                WHEN lang IN ('ar', 'el', 'hi', 'hy', 'ne', 'ru', 'ta', 'uk', 'yi')
                THEN '[^\u0001-\u007f]' WHEN lang = 'sr' THEN '[^0-9]' ELSE '[a-z]' END
            UNION ALL
            SELECT substr(t, i, 2), at + i - 1 FROM placed, generate_series(1, width) i WHERE run
        )
        SELECT string_agg('''' || lexeme || ''':' || least(at, 16383), ' ') FROM lexeme
    ), '')::tsvector;
END $$
""",
        # Of a name: each word joined to the next.
        rf"""
CREATE FUNCTION catalog.pairs_of(txt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (
    SELECT string_agg(pair, ' ' ORDER BY n) FROM (
        SELECT n, replace(t || lead(t) OVER (ORDER BY n), chr(1), '') AS pair
        FROM unnest(catalog.tokens(txt)) WITH ORDINALITY u(t, n)
    ) each_one WHERE pair !~ '[0-9{run}]' AND char_length(pair) <= 40)
""",
        # One word that stands at one place, in all its forms.
        r"""
CREATE FUNCTION catalog.lexeme_query(word text, spelt text, stemmed boolean, prefix boolean)
RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    ending text := CASE WHEN prefix THEN ''':*' ELSE '''' END;
    forms text[] := ARRAY(
        SELECT DISTINCT '''' || f || ending
        FROM unnest(ARRAY[word, spelt, CASE WHEN word ~ '^0+[1-9]' AND NOT prefix THEN ltrim(word, '0') END]) f
        WHERE f IS NOT NULL);
BEGIN
    IF stemmed AND NOT prefix AND word !~ '[0-9]' THEN
        forms := forms || ARRAY(
            SELECT DISTINCT '''' || s || ''''
            FROM unnest(ARRAY[word, spelt]) f, unnest(catalog.stems(f)) s);
    END IF;
    RETURN CASE WHEN cardinality(forms) = 1 THEN forms[1]
           ELSE '(' || array_to_string(forms, ' | ') || ')' END;
END $$
""",
        # A token in every way its parts can be joined, the first with none; each a chain.
        rf"""
CREATE FUNCTION catalog.token_forms(token text, spelt text, stemmed boolean, prefix boolean, last boolean)
RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    parts text[] := string_to_array(token, chr(1));
    spelt_parts text[] := string_to_array(spelt, chr(1));
    n integer := cardinality(parts);
    soft integer[] := '{{}}';
    every integer;
    ways integer[];
    joins integer;
    word text;
    spelt_word text;
    chain text;
    forms text[] := '{{}}';
BEGIN
    IF token ~ '^[{run}]' THEN
        IF char_length(token) = 1 THEN
            RETURN ARRAY['''' || token || ''':*'];
        END IF;
        RETURN ARRAY[(SELECT string_agg('''' || substr(token, i, 2) || '''', ' <-> ' ORDER BY i)
                      FROM generate_series(1, char_length(token) - 1) i)];
    END IF;
    FOR i IN 2 .. n LOOP
        IF (parts[i - 1] ~ '^[0-9]') = (parts[i] ~ '^[0-9]') THEN
            soft := soft || i;
        END IF;
    END LOOP;
    -- Each bit of a way is a border that is left out; of more than three, none or all.
    every := CASE WHEN cardinality(soft) > 3 THEN -1 ELSE (1 << cardinality(soft)) - 1 END;
    ways := CASE WHEN every < 0 THEN ARRAY[0, every] ELSE ARRAY(SELECT generate_series(0, every)) END;
    FOREACH joins IN ARRAY ways LOOP
        chain := NULL;
        word := parts[1];
        spelt_word := spelt_parts[1];
        FOR i IN 2 .. n + 1 LOOP
            IF i = ANY(soft) AND (joins < 0 OR joins & (1 << (array_position(soft, i) - 1)) > 0) THEN
                word := word || parts[i];
                spelt_word := spelt_word || spelt_parts[i];
            ELSE
                chain := concat_ws(' <-> ', chain, catalog.lexeme_query(
                    word, spelt_word, stemmed AND joins IN (0, every), prefix AND i > n));
                word := parts[i];
                spelt_word := spelt_parts[i];
            END IF;
        END LOOP;
        forms := forms || chain;
    END LOOP;
    IF last AND cardinality(soft) < n - 1 THEN
        forms := forms || catalog.lexeme_query(replace(token, chr(1), ''), replace(spelt, chr(1), ''), false, prefix);
    END IF;
    RETURN forms;
END $$
""",
        # In a phrase a word may stand in the text as two or three parts that it joins: then it has the
        # places of the first and of the last.
        rf"""
CREATE OR REPLACE FUNCTION catalog.adjacent_query(txt text, stemmed boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    prefix boolean := stemmed AND txt ~ '[^{separators}]\*$';
    plain text[] := (catalog.tokens(txt))[1:{_MOST_WORDS}];
    -- Forms of so many parts would be more than a tsquery holds.
    bent boolean := stemmed AND char_length(translate(array_to_string(plain, chr(1)), translate(
        array_to_string(plain, ''), chr(1), ''), '')) < {_MANY_WORDS};
    spelt text[] := CASE WHEN catalog.spell_out(txt) <> normalize(txt, NFC) THEN catalog.tokens(txt, true) END;
    n integer := cardinality(plain);
    chains text[] := '{{""}}';
    forms text[];
    apart text := '';
BEGIN
    FOR i IN 1 .. n LOOP
        forms := catalog.token_forms(plain[i], spelt[i], bent, prefix AND i = n, i = n);
        IF i > 1 AND i < n AND n <= {_MANY_WORDS} AND plain[i] !~ '[\u0001{run}]' THEN
            forms := forms || (forms[1] || ' <-> ' || forms[1]) || (forms[1] || ' <2> ' || forms[1]);
        END IF;
        IF cardinality(chains) * cardinality(forms) <= 16 THEN
            chains := ARRAY(SELECT c || apart || f FROM unnest(chains) WITH ORDINALITY a(c, m),
                            unnest(forms) WITH ORDINALITY b(f, o) ORDER BY m, o);
        ELSE
            chains := ARRAY(SELECT c || apart || forms[1] FROM unnest(chains) c)
                || CASE WHEN cardinality(chains) + cardinality(forms) <= 17
                   THEN ARRAY(SELECT chains[1] || apart || f FROM unnest(forms[2:]) f) ELSE '{{}}' END;
        END IF;
        -- A chain of bigrams ends one character before its run does.
        apart := CASE WHEN plain[i] ~ '^[{run}]{{2}}' THEN ' <2> ' ELSE ' <-> ' END;
    END LOOP;
    RETURN CASE WHEN n = 0 THEN NULL ELSE array_to_string(chains, ' | ') END;
END $$
""",
        # Each word counts once. What stands as two words may be one in the text.
        rf"""
CREATE OR REPLACE FUNCTION catalog.words_query(txt text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    lang text := (catalog.languages_of(txt))[1];
BEGIN
    RETURN coalesce((
        WITH typed AS (
            SELECT w AS whole, {without_article} AS w, min(n) AS n
            FROM regexp_split_to_table(txt, '[\u0009-\u000d\u0020\u00a0\u3000]+') WITH ORDINALITY r(w, n)
            GROUP BY whole ORDER BY n LIMIT {_MOST_WORDS}
        ), judged AS (
            SELECT whole, w, n, lang IS NULL OR catalog.stem(lang, lower(w)) IS NOT NULL AS telling,
                   substring(catalog.fold(w) FROM '^[{_LETTERS}]{{1,30}}(?=\*?$)') AS bare,
                   w ~ '\*$' AS prefix, count(*) OVER () <= {_MANY_WORDS} AS few
            FROM typed
        ), neighbours AS (
            SELECT *, CASE WHEN (telling OR char_length(bare) = 1)
                AND lead(telling OR char_length(bare) = 1) OVER one AND lead(n) OVER one = n + 1
                AND NOT prefix AND bare !~ '^[^{_PREFIX_LETTERS}]$'
                THEN bare || lead(bare) OVER one END AS pair, lead(prefix) OVER one AS open
            FROM judged WINDOW one AS (ORDER BY n)
        ), joined AS (
            SELECT whole, w, n, telling, few OR prefix AS stemmed,
                CASE WHEN NOT (few OR prefix) THEN '''' || lang || '/' || nullif(catalog.stem(lang, bare), '') || '''' END AS stem,
                '''' || pair || CASE WHEN open THEN ''':*' ELSE '''' END
                || coalesce(' | ''' || lang || '/' || nullif(catalog.stem(lang, pair), '') || '''', '') AS pair
            FROM neighbours
        ), asked AS (
            SELECT n, telling, concat_ws(' | ', q, stem, CASE WHEN whole <> w THEN catalog.adjacent_query(whole, false) END,
                pair, lag(pair) OVER (ORDER BY n)) AS q
            FROM joined, LATERAL catalog.adjacent_query(w, stemmed) q WHERE q IS NOT NULL
        )
        SELECT string_agg('(' || q || ')', ' & ' ORDER BY n) FROM asked
        WHERE telling OR NOT EXISTS (SELECT FROM asked WHERE telling)
    ), '')::tsquery;
END $$
""",
    )


_COMMENTS = {
    "tokens(text, boolean)": "the folded words of a text in order, or spelt out; U+0001 marks a border within one, as in RedCar2 and e-mail",
    "pairs_of(text)": "the words of a name, each joined to the next",
    "lexeme_query(text, text, boolean, boolean)": "one word of a query at one place, as text of a tsquery",
    "token_forms(text, text, boolean, boolean, boolean)": "one token of a query, its parts joined in every way, as texts of tsqueries",
}
_PAIRS = """
        || setweight(catalog.words_of(catalog.pairs_of(left(
            regexp_replace(a.name, '[.][^.]*$', '') || ' . ' || coalesce(a.title, ''), 1000)), langs), 'D')"""
_REFILL = (
    f"""
    WITH spoken AS MATERIALIZED (
        SELECT id, asset_id FROM catalog.clip
        WHERE text ~ $re${_CHANGED}$re$ OR words::text ~ $re$'tr/[^']*ç'$re$
    )
    UPDATE catalog.clip c SET words = catalog.clip_words(c)
    WHERE c.words <> '' AND (c.id IN (SELECT id FROM spoken)
       OR c.kind = 'shot' AND c.asset_id IN (SELECT asset_id FROM spoken))
    """,
    "UPDATE catalog.asset SET name = name",
)


_TURKISH = "(ts_lexize('pg_catalog.turkish_stem', word))[1]"


def _stemming(words: ModuleType) -> list[str]:
    """What stems, as it was."""
    dictionaries = op.get_bind().execute(sa.text("SELECT dictname FROM pg_ts_dict")).scalars()
    functions: list[str] = words.stem_functions(set(dictionaries))
    return [each.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") for each in functions]


def upgrade() -> None:
    words = context.script.get_revision("0006").module
    elided = context.script.get_revision("0035").module
    op.execute(
        "DROP FUNCTION catalog.tokens(text), catalog.token_query(text, text, boolean, boolean)"
    )
    asset_words = words.ASSET_WORDS.replace("CREATE", "CREATE OR REPLACE")
    first, _, rest = asset_words.partition("catalog.words_of(named, langs), 'A')")
    asset_words = f"{first}catalog.words_of(named, langs), 'A'){_PAIRS}{rest}"
    for statement in _stemming(words):
        words.execute(statement.replace(_TURKISH, f"catalog.fold({_TURKISH})"))
    for statement in (*_functions(words, elided._WITHOUT_ARTICLE), asset_words):
        words.execute(statement)
    for function, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON FUNCTION catalog.{function} IS '{comment}'")
    for statement in _REFILL:
        words.execute(statement)


def downgrade() -> None:
    words = context.script.get_revision("0006").module
    op.execute(
        "DROP FUNCTION catalog.token_forms(text, text, boolean, boolean, boolean), "
        "catalog.lexeme_query(text, text, boolean, boolean), catalog.pairs_of(text), "
        "catalog.tokens(text, boolean)"
    )
    changed = (
        words.TOKENS,
        words.WORDS_OF,
        words.TOKEN_QUERY,
        words.ADJACENT_QUERY,
        words.ASSET_WORDS,
    )
    for statement in _stemming(words):
        words.execute(statement)
    for statement in changed:
        words.execute(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    for named, comment in words.COMMENTS.items():
        if ".tokens(" in named or ".token_query(" in named:
            op.execute(f"COMMENT ON {named} IS '{comment}'")
    context.script.get_revision("0035").module.upgrade()
    for statement in _REFILL:
        words.execute(statement)
