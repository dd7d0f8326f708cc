r"""Keywords in all languages.

Text is cut, folded and stemmed by functions of the catalogue's own, the same for
what is stored and for what is asked: no extension is needed, and nothing hangs on
the locale that the server was made with. See docs/decisions/0008-keywords.md.

All assets and clips are rebuilt, each in one UPDATE: some 500 assets a second.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What separates words: punctuation, symbols and blanks of Unicode, spelt out because
# [[:punct:]] depends on the locale. All else is part of a word, also the vowel signs of
# Indic scripts, which are marks. U+0001 is ours: a border within a word.
SEPARATORS = (
    r"\u0002-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02b0-\u02ff\u037e\u0387"
    r"\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b-\u061f"
    r"\u066a-\u066d\u06d4\u06dd\u06de\u06e9\u0700-\u070d\u0964\u0965\u0970\u0df4\u0e3f\u0e4f"
    r"\u0e5a\u0e5b\u0f04-\u0f14\u0f3a-\u0f3d\u104a-\u104f\u10fb\u1360-\u1368\u1400\u166d\u166e"
    r"\u1680\u169b\u169c\u16eb-\u16ed\u17d4-\u17d6\u17d8-\u17db\u1800-\u180a\u2000-\u2bff"
    r"\u2cf9-\u2cff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb"
    r"\ua4fe\ua4ff\ua60d-\ua60f\ua8ce\ua8cf\ua92e\ua92f\uaa5c-\uaa5f\uaade\uaadf\uabeb"
    r"\ufd3e\ufd3f\ufe10-\ufe1f\ufe30-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\ufff9-\uffff"
)

# Scripts written without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han with its
# supplementary planes. In Korean, particles hang on the word, which comes to the same.
UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3031-\u3035\u3041-\u309f\u30a1-\u30fa"
    r"\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff"
    r"\uaa60-\uaa7f\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
HANGUL = r"\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
RUN = UNSPACED + HANGUL

# Marks that readers leave out: accents, Hebrew points, Arabic vowels and the tatweel, Indic
# nuktas, soft hyphens, joiners and what turns the direction. Not U+0306 and U+0308: see FOLD.
MARKS = (
    r"\u00ad\u0300-\u0305\u0307\u0309-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4"
    r"\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    r"\u06ea-\u06ed\u093c\u09bc\u0a3c\u0abc\u0b3c\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u2064\u2066-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff"
    r"\U000e0000-\U000e0fff"
)

# Letters that no decomposition takes apart, variants of one letter, and digits.
_LETTERS = {
    "łøđðıħŧŋ": "loddihtn",
    "ςґ": "σг",
    "ىیةہھٱک": "ييهههاك",
    "ँ": "ं",
}
_ZEROS = (
    0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0,
    0xF20, 0x1040, 0x17E0,
)
LETTERS_FROM = "".join(_LETTERS) + "".join(chr(zero + n) for zero in _ZEROS for n in range(10))
LETTERS_TO = "".join(_LETTERS.values()) + "0123456789" * len(_ZEROS)

# Kana's voicing marks and Hangul's letters are put together again by NFC at the end, and so
# are й, ї and ў, which are letters of their own; ё is е to most who write.
FOLD = rf"""
CREATE FUNCTION catalog.fold(txt text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    x text;
BEGIN
    IF octet_length(txt) = char_length(txt) THEN
        RETURN lower(txt);
    END IF;
    x := regexp_replace(lower(normalize(txt, NFKD)), '[{MARKS}]+', '', 'g');
    x := regexp_replace(x, '(?<![иу])\u0306|(?<!і)\u0308', '', 'g');
    x := translate(x, '{LETTERS_FROM}', '{LETTERS_TO}');
    x := replace(replace(replace(replace(x, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    RETURN normalize(x, NFC);
END $$
"""

# RedCar_take2 is two tokens, red|car and take|2, with U+0001 for the border. An apostrophe
# within a Cyrillic word and a gershayim within a Hebrew one belong to it.
TOKENS = rf"""
CREATE FUNCTION catalog.tokens(txt text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    x text := replace(txt, chr(1), ' ');
BEGIN
    x := regexp_replace(normalize(x, NFC), '([[:lower:]])(?=[[:upper:]])', '\1' || chr(1), 'g');
    x := regexp_replace(x, '([[:upper:]])(?=[[:upper:]][[:lower:]][[:lower:]])', '\1' || chr(1), 'g');
    x := catalog.fold(x);
    IF octet_length(x) > char_length(x) THEN
        x := regexp_replace(x, '([\u0400-\u04ff])[''`\u02b9\u02bc\u2018\u2019](?=[\u0400-\u04ff])', '\1', 'g');
        x := regexp_replace(x, '([\u05d0-\u05ea])["''\u05f3\u05f4\u2019\u201d](?=[\u05d0-\u05ea])', '\1', 'g');
        x := regexp_replace(x, '([{UNSPACED}])[\u0009-\u000d\u0020\u00a0\u3000]+(?=[{UNSPACED}])', '\1', 'g');
        x := regexp_replace(x, '[{SEPARATORS}]+', ' ', 'g');
        x := regexp_replace(x, '([{RUN}]+)', ' \1 ', 'g');
    ELSE
        x := regexp_replace(x, '[\u0002-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]+', ' ', 'g');
    END IF;
    x := regexp_replace(x, '([^0-9 \u0001])(?=[0-9])|([0-9])(?=[^0-9 \u0001])', '\1\2' || chr(1), 'g');
    RETURN ARRAY(
        SELECT left(btrim(t, chr(1)), 200) FROM string_to_table(x, ' ') t WHERE btrim(t, chr(1)) <> '');
END $$
"""

# As typists without the letter write it.
SPELL_OUT = """
CREATE FUNCTION catalog.spell_out(txt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN replace(replace(replace(replace(replace(
       replace(replace(replace(replace(replace(normalize(txt, NFC),
       'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ø', 'oe'), 'å', 'aa'),
       'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue'), 'Ø', 'Oe'), 'Å', 'Aa')
"""

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}
LATIN = "[a-z]"
_SCRIPTS = {
    "ar": r"[\u0620-\u064a]", "el": r"[\u03b1-\u03c9]", "hi": r"[\u0904-\u0939]",
    "hy": r"[\u0561-\u0587]", "ne": r"[\u0904-\u0939]", "ru": r"[\u0430-\u044f]",
    "sr": r"[a-z\u0430-\u045f]", "ta": r"[\u0b85-\u0bb9]", "yi": r"[\u05d0-\u05ea]",
    "uk": r"[\u0430-\u0457]",
}
# PostgreSQL has no stemmer for Ukrainian. The endings of nouns, adjectives and the commonest
# verb forms, longest first; what changes within the stem (ніч, ночі) stays apart.
UKRAINIAN = (
    r"^(.{3,}?)(іями|ією|іям|іях|ія|ію|ями|ами|ові|еві|єві|ого|ому|ими|іми|ої|ії|ій|ою|ею|єю|ям|ях|ах|ам|ів|їв|ом|ем|єм"
    r"|их|їх|ий|ти|ть|ла|ло|ли|а|я|о|е|є|и|і|ї|у|ю|ь|й)$"
)


def stem_functions(dictionaries: set[str]) -> list[str]:
    """``stem`` and ``stems``, of the languages this server has a stemmer for."""
    known = {
        lang: f"(ts_lexize('pg_catalog.{name}_stem', word))[1]"
        for lang, name in _STEMMERS.items()
        if f"{name}_stem" in dictionaries
    }
    # Latin letters come out of Cyrillic ones, so that either finds the other.
    known["sr"] = f"catalog.fold({known['sr']})"
    # Folded, a final ة is a ه; the stemmer takes off the one, and seldom the other.
    known["ar"] = known["ar"].replace("word", "regexp_replace(word, 'ه$', 'ة')")
    known["uk"] = rf"regexp_replace(word, '{UKRAINIAN}', '\1')"
    cases = "\n".join(f"    WHEN '{lang}' THEN {stem}" for lang, stem in known.items())
    scripts: dict[str, list[str]] = {}
    for lang in sorted(known):
        scripts.setdefault(_SCRIPTS.get(lang, LATIN), []).append(f"'{lang}/' || {known[lang]}")
    branches = "\n || ".join(
        f"CASE WHEN word ~ '{script}' THEN ARRAY[{', '.join(stems)}] ELSE '{{}}' END"
        for script, stems in scripts.items()
    )
    return [
        rf"""
        CREATE FUNCTION catalog.stem(lang text, word text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE lang
        {cases}
        END
        """,
        rf"""
        CREATE FUNCTION catalog.stems(word text) RETURNS text[]
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
        BEGIN
            RETURN array_remove({branches}, NULL);
        END $$
        """,
    ]


# Stop words as PostgreSQL's own dictionaries have them, and letters that speak for a language.
# Some have no stemmer here: they are known so that their words are not taken for English.
LANGUAGES_OF = rf"""
CREATE FUNCTION catalog.languages_of(txt text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    x text := lower(normalize(left(txt, 2000), NFC));
    found text[] := '{{}}';
BEGIN
    IF x ~ '[a-z\u00df-\u024f]' THEN
        WITH word AS MATERIALIZED (
            SELECT DISTINCT w FROM regexp_split_to_table(x, '[{SEPARATORS}0-9]+') w
            WHERE char_length(w) BETWEEN 1 AND 8 LIMIT 60
        ), vote AS (
            SELECT v.lang, (x ~ v.letters)::int + 3 * (x ~ v.telling)::int
                + (SELECT count(*) FROM word WHERE ts_lexize(v.dictionary, w) = '{{}}') AS votes
            FROM (VALUES
                ('en', 'pg_catalog.english_stem'::regdictionary, '^$', '^$'),
                ('de', 'pg_catalog.german_stem', '[äöü]', 'ß'),
                ('fr', 'pg_catalog.french_stem', '[çèêëâîôû]', 'œ'),
                ('es', 'pg_catalog.spanish_stem', '^$', '[ñ¿¡]'),
                ('it', 'pg_catalog.italian_stem', '[àèìòù]', '^$'),
                ('pt', 'pg_catalog.portuguese_stem', '[çâêô]', '[ãõ]'),
                ('nl', 'pg_catalog.dutch_stem', 'ij', '^$'),
                ('sv', 'pg_catalog.swedish_stem', '[åäö]', '^$'),
                ('da', 'pg_catalog.danish_stem', '[åæø]', '^$'),
                ('no', 'pg_catalog.norwegian_stem', '[åæø]', '^$'),
                ('fi', 'pg_catalog.finnish_stem', '[äö]', '(ää|öö|yö)'),
                ('hu', 'pg_catalog.hungarian_stem', '[öü]', '[őű]'),
                ('tr', 'pg_catalog.turkish_stem', '[öüç]', '[ğış]'),
                ('ro', NULL, '[âî]', '[ășțţ]'), ('pl', NULL, '[óń]', '[łąęśźż]'),
                ('cs', NULL, '[áíýšžč]', '[řěů]'), ('vi', NULL, '[đăâêô]', '[ơư\u1ea0-\u1ef9]')
            ) v(lang, dictionary, letters, telling)
        )
        SELECT coalesce(array_agg(lang ORDER BY lang), '{{}}') INTO found FROM vote
        WHERE votes > 0 AND votes = (SELECT max(votes) FROM vote);
        IF cardinality(found) NOT BETWEEN 1 AND 3 THEN
            found := '{{en}}';
        END IF;
    END IF;
    IF x ~ '[\u0400-\u04ff]' THEN
        found := found || CASE
            WHEN x ~ '[ђљњћџј]' THEN '{{sr}}'::text[]
            WHEN x ~ '[іїєґ]' THEN '{{uk}}'
            WHEN x ~ '[ыэъё]' THEN '{{ru}}' ELSE '{{ru,uk}}' END;
    END IF;
    IF x ~ '[\u0590-\u0dff\u0370-\u03ff\u0530-\u058f]' THEN
        found := found || ARRAY(
            SELECT s.lang FROM (VALUES
                ('ar', '[\u0620-\u064a]', '[پچژگٹڈں]'), ('el', '[α-ω]', '^$'),
                ('hi', '[\u0904-\u0939]', '^$'), ('ta', '[\u0b85-\u0bb9]', '^$'),
                ('hy', '[\u0561-\u0587]', '^$'), ('yi', '[ײװױ]', '^$')
            ) s(lang, letters, others) WHERE x ~ s.letters AND x !~ s.others);
    END IF;
    RETURN found;
END $$
"""

# Declared and detected, at most four of them.
TEXT_LANGUAGES = """
CREATE FUNCTION catalog.text_languages(declared text[], txt text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT (array_agg(lang ORDER BY n))[1:4] FROM (
        SELECT lang, min(n) AS n FROM (
            SELECT CASE primary_tag WHEN 'nb' THEN 'no' WHEN 'nn' THEN 'no' ELSE primary_tag END, n
            FROM unnest(declared) WITH ORDINALITY d(tag, n),
                 LATERAL split_part(lower(d.tag), '-', 1) primary_tag
            WHERE d.tag IS NOT NULL
            UNION ALL
            SELECT lang, 100 + n
            FROM unnest(catalog.languages_of(coalesce(txt, ''))) WITH ORDINALITY f(lang, n)
        ) each_one(lang, n) GROUP BY lang
    ) distinct_ones)
"""

# Words as they are written, at their places; beside them their stems, as en/laptop, where no
# word as written can be taken for one. A position counts up to 16383: what lies behind is
# found, but not as part of a phrase.
WORDS_OF = rf"""
CREATE FUNCTION catalog.words_of(txt text, langs text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    plain text[] := catalog.tokens(coalesce(txt, ''));
    spelt text[];
BEGIN
    IF txt ~ '[äöüøåÄÖÜØÅ]|[aouAOU][\u0308\u030a]' THEN
        spelt := catalog.tokens(catalog.spell_out(txt));
        IF cardinality(spelt) <> cardinality(plain) THEN
            spelt := NULL;
        END IF;
    END IF;
    RETURN coalesce((
        WITH token AS (
            SELECT t, CASE WHEN s <> t THEN s END AS s, n, t ~ '^[{RUN}]' AS run,
                   CASE WHEN t ~ '^[{RUN}]' THEN char_length(t)
                   ELSE 1 + char_length(t) - char_length(replace(t, chr(1), '')) END AS width
            FROM unnest(plain, spelt) WITH ORDINALITY u(t, s, n)
        ), placed AS (
            SELECT t, s, run, width, 1 + coalesce(sum(width) OVER (
                ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS at
            FROM token
        ), word AS (
            SELECT part AS lexeme, at + i - 1 AS at
            FROM placed, string_to_table(t, chr(1)) WITH ORDINALITY p(part, i) WHERE NOT run
            UNION ALL
            SELECT part, at + i - 1
            FROM placed, string_to_table(s, chr(1)) WITH ORDINALITY p(part, i)
            WHERE NOT run AND s IS NOT NULL
            UNION ALL
            SELECT replace(whole, chr(1), ''), at + i
            FROM placed, unnest(ARRAY[t, s]) whole, unnest(ARRAY[0, width - 1]) i
            WHERE NOT run AND width > 1 AND whole IS NOT NULL
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
"""

# --- what is asked -------------------------------------------------------------------

# One token: as written, or as typists without the letter write it; with `stemmed`, in any
# form of the word. The last one may be the beginning of a word.
TOKEN_QUERY = rf"""
CREATE FUNCTION catalog.token_query(token text, spelt text, stemmed boolean, prefix boolean)
RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    ending text := CASE WHEN prefix THEN ''':*' ELSE '''' END;
    forms text[];
BEGIN
    IF token ~ '^[{RUN}]' THEN
        IF char_length(token) = 1 THEN
            RETURN '''' || token || ''':*';
        END IF;
        RETURN (SELECT string_agg('''' || substr(token, i, 2) || '''', ' <-> ' ORDER BY i)
                FROM generate_series(1, char_length(token) - 1) i);
    END IF;
    forms := ARRAY(SELECT DISTINCT '''' || replace(f, chr(1), '') || ending
                   FROM unnest(ARRAY[token, spelt]) f WHERE f IS NOT NULL);
    IF strpos(token, chr(1)) > 0 THEN
        forms := forms || ('(''' || replace(token, chr(1), ''' <-> ''') || ending || ')');
    ELSIF stemmed AND NOT prefix THEN
        forms := forms || ARRAY(
            SELECT DISTINCT '''' || s || ''''
            FROM unnest(ARRAY[token, spelt]) f, unnest(catalog.stems(f)) s);
    END IF;
    RETURN CASE WHEN cardinality(forms) = 1 THEN forms[1]
           ELSE '(' || array_to_string(forms, ' | ') || ')' END;
END $$
"""

ADJACENT_QUERY = rf"""
CREATE FUNCTION catalog.adjacent_query(txt text, stemmed boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    prefix boolean := stemmed AND txt ~ '[^{SEPARATORS}]\*$';
    plain text[] := catalog.tokens(txt);
    spelt text[] := CASE WHEN catalog.spell_out(txt) <> normalize(txt, NFC)
        THEN catalog.tokens(catalog.spell_out(txt)) END;
    result text := '';
    run_before boolean := false;
BEGIN
    FOR i IN 1 .. cardinality(plain) LOOP
        -- A chain of bigrams ends one character before its run does.
        result := result || CASE WHEN i = 1 THEN '' WHEN run_before THEN ' <2> ' ELSE ' <-> ' END
            || catalog.token_query(
                plain[i],
                CASE WHEN cardinality(spelt) = cardinality(plain) THEN spelt[i] END,
                stemmed, prefix AND i = cardinality(plain));
        run_before := plain[i] ~ '^[{RUN}]{{2}}';
    END LOOP;
    RETURN nullif(result, '');
END $$
"""

PHRASE_QUERY = """
CREATE FUNCTION catalog.phrase_query(txt text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN coalesce(catalog.adjacent_query(txt, false), '')::tsquery
"""

# Words that only hold a sentence together are left out where any other is there.
WORDS_QUERY = """
CREATE FUNCTION catalog.words_query(txt text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    lang text := (catalog.languages_of(txt))[1];
    words text[] := ARRAY(
        SELECT w FROM regexp_split_to_table(txt, '[\\u0009-\\u000d\\u0020\\u00a0\\u3000]+') w);
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

# Generic plans everywhere: in a plan made for one call, immutable functions of its arguments
# are run while planning, and the planner, finding that cheap, plans each call anew.

# --- what is stored ------------------------------------------------------------------

# A tsvector holds at most 1 MiB and metadata is whatever a file says, so each part is cut; a
# text of nothing but short distinct words may still be too much, and is then cut shorter.
ASSET_WORDS = """
CREATE FUNCTION catalog.asset_words(a catalog.asset, share real) RETURNS tsvector
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    named text := left(a.name || ' ' || coalesce(a.title, ''), (6000 * share)::int);
    described text := left(coalesce(a.description, ''), (30000 * share)::int);
    spoken text := CASE WHEN a.kind = 'audio' THEN left((
        SELECT string_agg(c.text, ' ' ORDER BY c.start_pts, c.id)
        FROM catalog.clip c WHERE c.asset_id = a.id), (60000 * share)::int) END;
    langs text[] := catalog.text_languages(
        ARRAY[a.language], catalog.split_name(a.name) || ' ' || coalesce(a.title, '') || ' ' || described);
BEGIN
    RETURN setweight(catalog.words_of(named, langs), 'A')
        || setweight(catalog.words_of(left(coalesce(a.collection, '') || ' ' || coalesce((
            SELECT string_agg(t.name, ' ' ORDER BY t.id)
            FROM catalog.asset_tag x JOIN catalog.tag t ON t.id = x.tag_id
            WHERE x.asset_id = a.id), ''), (8000 * share)::int), langs), 'B')
        || setweight(catalog.words_of(described, langs), 'C')
        || CASE WHEN spoken IS NULL THEN ''::tsvector ELSE setweight(catalog.words_of(
            spoken, catalog.text_languages(ARRAY[a.language], spoken)), 'C') END
        || setweight(catalog.words_of(left(coalesce((
            SELECT string_agg(l.path, ' ' ORDER BY l.id)
            FROM catalog.location l WHERE l.asset_id = a.id), ''), (10000 * share)::int), langs), 'D')
        || setweight(catalog.words_of(left(coalesce((
            SELECT string_agg(v #>> '{}', ' ') FROM jsonb_path_query(
                a.metadata, 'strict $.** ? (@.type() == "string" || @.type() == "number")') v
            ), ''), (30000 * share)::int), langs), 'D');
END $$
"""

ASSET_WORDS_ALL = """
CREATE FUNCTION catalog.asset_words(a catalog.asset) RETURNS tsvector LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN catalog.asset_words(a, 1);
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN catalog.asset_words(a, 0.1);
END $$
"""

CLIP_WORDS = """
CREATE FUNCTION catalog.clip_words(c catalog.clip) RETURNS tsvector LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    txt text := c.text;
    spoken text[] := ARRAY[c.language];
    langs text[];
BEGIN
    -- A shot's text is all that overlaps it, in order: a phrase may go on from one
    -- subtitle to the next.
    IF c.kind = 'shot' THEN
        SELECT string_agg(o.text, ' ' ORDER BY o.start_pts, o.id),
               array_agg(DISTINCT o.language) FILTER (WHERE o.language IS NOT NULL)
        INTO txt, spoken
        FROM catalog.clip o
        WHERE o.asset_id = c.asset_id AND o.kind IN ('speech', 'subclip')
          AND o.start_pts < c.end_pts AND o.end_pts > c.start_pts;
    END IF;
    IF coalesce(txt, '') = '' THEN
        RETURN ''::tsvector;
    END IF;
    txt := left(txt, 60000);
    langs := catalog.text_languages(spoken, txt);
    RETURN setweight(catalog.words_of(txt, langs), 'C');
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN setweight(catalog.words_of(left(txt, 6000), langs), 'C');
END $$
"""

# --- slips of the pen --------------------------------------------------------------------

# Two words that share a key differ by one letter more, less, changed or swapped with its
# neighbour (now and then by two): symmetric deletes, after Garbe's SymSpell.
SPELLING_KEYS = """
CREATE FUNCTION catalog.spelling_keys(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN char_length(word) BETWEEN 4 AND 24 THEN ARRAY(
    SELECT DISTINCT overlay(word PLACING '' FROM i FOR 1) FROM generate_series(1, char_length(word)) i
    UNION SELECT word) ELSE '{}' END
"""

NAME_SPELLINGS = rf"""
CREATE FUNCTION catalog.name_spellings(words tsvector) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY(
    SELECT DISTINCT k FROM (
        SELECT lexeme FROM unnest(ts_filter(words, '{{a,b}}'))
        WHERE lexeme !~ '[/0-9{RUN}]' AND char_length(lexeme) BETWEEN 4 AND 24 LIMIT 200
    ) named, unnest(catalog.spelling_keys(lexeme)) k)
"""

SIMILAR_WORDS = rf"""
CREATE FUNCTION catalog.similar_words(wanted text) RETURNS TABLE (word text, assets bigint)
LANGUAGE sql STABLE PARALLEL SAFE STRICT ROWS 10
BEGIN ATOMIC
    SELECT w.lexeme, count(*) FROM (
        SELECT a.words FROM catalog.asset a
        WHERE a.spellings && catalog.spelling_keys(catalog.fold(wanted)) LIMIT 500
    ) near, unnest(ts_filter(near.words, '{{a,b}}')) w
    WHERE w.lexeme !~ '[/0-9{RUN}]'
      AND catalog.spelling_keys(w.lexeme) && catalog.spelling_keys(catalog.fold(wanted))
    GROUP BY w.lexeme;
END
"""

SET_WORDS = """
CREATE OR REPLACE FUNCTION catalog.asset_set_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := catalog.asset_words(NEW);
    NEW.spellings := catalog.name_spellings(NEW.words);
    RETURN NEW;
END $$
"""

ASSET_TRIGGER = """
CREATE TRIGGER asset_words BEFORE INSERT
    OR UPDATE OF name, kind, title, description, collection, language, metadata ON catalog.asset
FOR EACH ROW EXECUTE FUNCTION catalog.asset_set_words()
"""

CLIP_TRIGGERS = (
    """
    CREATE TRIGGER clip_words BEFORE INSERT
        OR UPDATE OF asset_id, kind, text, language, start_pts, end_pts ON catalog.clip
    FOR EACH ROW EXECUTE FUNCTION catalog.clip_set_words()
    """,
    """
    CREATE TRIGGER clip_words_update
    AFTER UPDATE OF asset_id, kind, text, language, start_pts, end_pts ON catalog.clip
    FOR EACH ROW WHEN (OLD.kind <> 'shot' OR NEW.kind <> 'shot')
    EXECUTE FUNCTION catalog.clip_touch_words()
    """,
)

NEW_FUNCTIONS = (
    FOLD, TOKENS, SPELL_OUT, LANGUAGES_OF, TEXT_LANGUAGES, WORDS_OF, TOKEN_QUERY, ADJACENT_QUERY,
    PHRASE_QUERY, WORDS_QUERY, ASSET_WORDS, ASSET_WORDS_ALL, CLIP_WORDS, SPELLING_KEYS,
    NAME_SPELLINGS,
)

COMMENTS = {
    "FUNCTION catalog.fold(text)": "text as words are compared: no case, accents, points or width; ß as ss",
    "FUNCTION catalog.tokens(text)": "the folded words of a text in order; U+0001 marks a border within one, as in RedCar2",
    "FUNCTION catalog.spell_out(text)": "a text as typists without umlauts write it: ä ae, ö oe, ü ue, ø oe, å aa",
    "FUNCTION catalog.stem(text, text)": "the stem of a folded word in a language (primary tag); null: a stop word, or no stemmer",
    "FUNCTION catalog.stems(text)": "the stems of a folded word in every language of its script, as en/laptop",
    "FUNCTION catalog.languages_of(text)": "the languages a text may be in, by script, stop words and letters",
    "FUNCTION catalog.text_languages(text[], text)": "languages to stem a text by: those declared and those it seems to be in, at most 4",
    "FUNCTION catalog.words_of(text, text[])": "keyword text: words as written, their stems in these languages, bigrams of scripts without spaces",
    "FUNCTION catalog.token_query(text, text, boolean, boolean)": "one token of a query, as text of a tsquery",
    "FUNCTION catalog.adjacent_query(text, boolean)": "tokens that must stand together, as text of a tsquery",
    "FUNCTION catalog.phrase_query(text)": "tsquery of an exact phrase",
    "FUNCTION catalog.words_query(text)": "tsquery of all words in any of their forms; a word* is the beginning of one",
    "FUNCTION catalog.asset_words(catalog.asset)": "keyword text of an asset: name and title A, tags and collection B, description and what is said in a sound C, paths and metadata D",
    "FUNCTION catalog.asset_words(catalog.asset, real)": "the same of a share of each text's greatest length",
    "FUNCTION catalog.clip_words(catalog.clip)": "keyword text of a clip: its own; of a shot, what is said and logged over it",
    "FUNCTION catalog.spelling_keys(text)": "a word and all that is left of it without one of its letters",
    "FUNCTION catalog.name_spellings(tsvector)": "spelling keys of the words with weight A or B",
    "FUNCTION catalog.similar_words(text)": "words of names, titles, tags and collections one slip away, with the number of assets",
    "FUNCTION catalog.asset_set_words()": "keeps asset.words and asset.spellings when the asset changes",
}

# A statement each. The clips' triggers stay out of it: they fire when text changes.
REBUILD = (
    "UPDATE catalog.clip c SET words = catalog.clip_words(c)",
    "UPDATE catalog.asset SET name = name",
)

# --- the way back --------------------------------------------------------------------

CLIP_WORDS_BEFORE = """
CREATE FUNCTION catalog.clip_words(c catalog.clip) RETURNS tsvector
LANGUAGE sql STABLE
RETURN setweight(to_tsvector('simple', left(coalesce(catalog.split_name(
    CASE WHEN c.kind <> 'shot' THEN c.text
    ELSE (SELECT string_agg(o.text, ' ' ORDER BY o.start_pts, o.id) FROM catalog.clip o
          WHERE o.asset_id = c.asset_id AND o.kind IN ('speech', 'subclip')
            AND o.start_pts < c.end_pts AND o.end_pts > c.start_pts)
    END), ''), 100000)), 'C')
"""

ASSET_WORDS_BEFORE = """
CREATE FUNCTION catalog.asset_words(a catalog.asset) RETURNS tsvector
LANGUAGE sql STABLE
RETURN
    setweight(to_tsvector('simple', left(
        a.name || ' ' || catalog.split_name(a.name) || ' ' || coalesce(a.title, ''), 10000)), 'A')
    || setweight(to_tsvector('simple', left(coalesce(
        (SELECT string_agg(t.name || ' ' || catalog.split_name(t.name), ' ' ORDER BY t.id)
         FROM catalog.asset_tag x JOIN catalog.tag t ON t.id = x.tag_id
         WHERE x.asset_id = a.id), ''), 10000)), 'B')
    || setweight(to_tsvector('simple', left(
        coalesce(a.description, '') || ' ' || coalesce(a.collection, ''), 50000)), 'C')
    || setweight(to_tsvector('simple', left(coalesce(
        (SELECT string_agg(catalog.split_name(l.path), ' ' ORDER BY l.id)
         FROM catalog.location l WHERE l.asset_id = a.id), ''), 20000)), 'D')
    || setweight(to_tsvector('simple', left(coalesce(
        (SELECT string_agg(v #>> '{}', ' ')
         FROM jsonb_path_query(
             a.metadata, 'strict $.** ? (@.type() == "string" || @.type() == "number")') v
        ), ''), 50000)), 'D')    || CASE WHEN a.kind = 'audio' THEN
        setweight(to_tsvector('simple', left(coalesce(catalog.split_name(
            (SELECT string_agg(c.text, ' ' ORDER BY c.start_pts, c.id)
             FROM catalog.clip c WHERE c.asset_id = a.id)), ''), 100000)), 'C')
       ELSE ''::tsvector END
"""

SET_WORDS_BEFORE = """
CREATE OR REPLACE FUNCTION catalog.asset_set_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := catalog.asset_words(NEW);
    RETURN NEW;
END $$
"""

COMMENTS_BEFORE = {
    "FUNCTION catalog.clip_words(catalog.clip)": "keyword text of a clip: its own; of a shot, what is said and logged over it",
    "FUNCTION catalog.asset_words(catalog.asset)": "keyword text of an asset: names A, tags B, description, collection and what is said in a sound C, paths and metadata D",
    "FUNCTION catalog.asset_set_words()": "keeps asset.words when the asset changes",
}


def upgrade() -> None:
    op.add_column(
        "asset",
        sa.Column(
            "spellings",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
            comment="keys by which misspelt names find it, kept by a trigger",
        ),
        schema="catalog",
    )
    op.execute(
        "DROP TRIGGER asset_words ON catalog.asset; DROP TRIGGER clip_words ON catalog.clip; "
        "DROP TRIGGER clip_words_update ON catalog.clip; "
        "DROP FUNCTION catalog.asset_words(catalog.asset), catalog.clip_words(catalog.clip)"
    )
    dictionaries = op.get_bind().execute(sa.text("SELECT dictname FROM pg_ts_dict")).scalars()
    stemming = stem_functions(set(dictionaries))
    for statement in (FOLD, *stemming, *NEW_FUNCTIONS[1:], SIMILAR_WORDS, SET_WORDS):
        execute(statement)
    for statement in (ASSET_TRIGGER, *CLIP_TRIGGERS):
        execute(statement)
    for named, comment in COMMENTS.items():
        quoted = comment.replace("'", "''")
        execute(f"COMMENT ON {named} IS '{quoted}'")
    op.create_index(
        op.f("ix_asset_spellings"),
        "asset",
        ["spellings"],
        schema="catalog",
        postgresql_using="gin",
    )
    for statement in REBUILD:
        execute(statement)


def downgrade() -> None:
    op.execute(
        "DROP TRIGGER asset_words ON catalog.asset; DROP TRIGGER clip_words ON catalog.clip; "
        "DROP TRIGGER clip_words_update ON catalog.clip"
    )
    for function in (
        "asset_words(catalog.asset)", "asset_words(catalog.asset, real)",
        "clip_words(catalog.clip)", "similar_words", "name_spellings", "spelling_keys",
        "words_query", "phrase_query", "adjacent_query", "token_query", "words_of",
        "text_languages", "languages_of", "stems", "stem", "spell_out", "tokens", "fold",
    ):
        op.execute(f"DROP FUNCTION catalog.{function}")
    op.drop_column("asset", "spellings", schema="catalog")
    for statement in (CLIP_WORDS_BEFORE, ASSET_WORDS_BEFORE, SET_WORDS_BEFORE):
        execute(statement)
    for statement in (ASSET_TRIGGER, *CLIP_TRIGGERS):
        execute(statement.replace(" language,", ""))
    for named, comment in COMMENTS_BEFORE.items():
        quoted = comment.replace("'", "''")
        execute(f"COMMENT ON {named} IS '{quoted}'")
    for statement in REBUILD:
        execute(statement)


def execute(statement: str) -> None:
    """One statement, its colons and percent signs as they are."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
