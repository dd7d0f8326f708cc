r"""Free words find forms that no stemmer knows: *children*, והעיר, والمدينة, हिन्दी, コンピュータ.

English plurals and pasts that are not made by an ending (child, man, run); what Hebrew and Arabic
write before a word, the article, *and*, *in*, *to*; Hindi nasals written as a letter or as a point;
the long vowel that Japanese may leave out at a word's end; Korean particles that a query has and the
text has not, or has others. Queries alone ask for them, in phrases not: no text is made anew.

Revision ID: 0039
Revises: 0038
"""

from __future__ import annotations

from alembic import context, op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Words that mean something else as well are left out: left, saw, found, shot, rose, drunk, ground.
# So are words that tell nothing of a picture: say, go, come, take, make, think.
# What endings leave of flies and freezing stands among them: fli, freez.
_ENGLISH = """
child children | person people | foot feet | tooth teeth | goose geese | mouse mice | ox oxen
| knife knives | wolf wolves | leaf leaves | wife wives | half halves | calf calves | loaf loaves
| shelf shelves | thief thieves | scarf scarves | hoof hooves | life lives | cactus cacti
| run ran | swim swam swum | sing sang sung | drink drank | eat ate eaten | drive drove driven
| ride rode ridden | write wrote written | throw threw thrown | catch caught | fight fought
| build built | teach taught | buy bought | sell sold | sit sat | stand stood | fall fell fallen
| break broke broken | blow blew blown | grow grew grown | fly flew flown fli | freeze froze frozen freez
| steal stole stolen | shake shook shaken | speak spoke spoken | draw drew drawn | kneel knelt
| sleep slept | sweep swept | weep wept | hold held | hang hung | win won | meet met | begin began begun | wear wore worn
| tear tore torn | swing swung | spin spun | sink sank sunk | strike struck | dig dug | feed fed
| flee fled | fling flung | creep crept
| bow bowed | shine shone | rise risen | hide hid hidden | choose chose chosen choos | wake woke woken
""".split("|")
_SETS = "".join(f"; {' '.join(each.split())} " for each in _ENGLISH)

# A nasal before a consonant of its own class, as a letter with virama; U+0902 is the point.
_NASALS = (
    (r"\u0919", r"\u0915-\u0918"),
    (r"\u091e", r"\u091a-\u091d"),
    (r"\u0923", r"\u091f-\u0922"),
    (r"\u0928", r"\u0924-\u0927"),
    (r"\u092e", r"\u092a-\u092d"),
)
_POINTED = "word"
_SPELT = "word"
for _letter, _class in _NASALS:
    _POINTED = rf"regexp_replace({_POINTED}, '{_letter}\u094d(?=[{_class}])', U&'\0902', 'g')"
    _SPELT = (
        rf"regexp_replace({_SPELT}, '\u0902(?=[{_class}])', "
        rf"U&'{_letter.replace(chr(92) + 'u', chr(92))}\094d', 'g')"
    )

_OTHER_FORMS = rf"""
CREATE FUNCTION catalog.other_forms(word text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    sets text := '{_SETS};';
    bare text := word;
    forms text[] := '{{}}';
BEGIN
    IF word ~ '^[a-z]+$' THEN
        IF position(' ' || word || ' ' IN sets) = 0 THEN
            bare := coalesce(nullif(catalog.stem('en', word), ''), word);
        END IF;
        IF position(' ' || bare || ' ' IN sets) > 0 THEN
            forms := string_to_array(trim(substring(sets FROM '; ([^;]*\m' || bare || '\M[^;]*);')), ' ');
        ELSIF word ~ 'm[ae]n$' AND word !~ '^(o|ra|ye|sta|hy|a|spec|abdo|reg|spe|rou?|tal|len?|sha|cai|cay|ger)m[ae]n$' THEN
            forms := ARRAY[regexp_replace(word, 'm[ae]n$', 'man'), regexp_replace(word, 'm[ae]n$', 'men')];
        END IF;
        RETURN ARRAY(SELECT f FROM unnest(forms) f UNION
                     SELECT 'en/' || catalog.stem('en', f) FROM unnest(forms) f WHERE f <> word);
    ELSIF word ~ '^[\u05d0-\u05ea]{{2,}}$' THEN
        -- What one typed may have such a letter before it as well.
        IF word ~ '^(\u05d4.{{3}}|[\u05d1\u05dc\u05de\u05e9\u05d5\u05db].{{5}})' THEN
            bare := substr(word, 2);
            forms := ARRAY[bare, U&'\05d4' || bare];
        END IF;
        RETURN forms || ARRAY(SELECT p || word FROM unnest(string_to_array(
            U&'\05d4 \05d1 \05dc \05de \05e9 \05d5 \05db \05d5\05d4 \05d5\05d1 \05d5\05dc \05d5\05de \05e9\05d4 \05de\05d4', ' ')) p);
    ELSIF word ~ '^[\u0620-\u064a]{{3,}}$' THEN
        IF word ~ '^[\u0648\u0628\u0643\u0641]\u0627\u0644.{{2}}' THEN
            forms := ARRAY[substr(word, 2), substr(word, 4)];
            bare := substr(word, 4);
        ELSIF word ~ '^\u0627\u0644.{{2}}' THEN
            bare := substr(word, 3);
        END IF;
        RETURN forms || ARRAY(SELECT p || bare FROM unnest(string_to_array(
            U&'\0627\0644 \0648\0627\0644 \0628\0627\0644 \0643\0627\0644 \0641\0627\0644 \0644\0644 \0648 \0628 \0644', ' ')) p);
    ELSIF word ~ '[\u0900-\u097f]' THEN
        RETURN array_remove(ARRAY[{_POINTED}, {_SPELT}], word);
    END IF;
    RETURN forms;
END $$
"""
_STEMS = "unnest(ARRAY[word, spelt]) f, unnest(catalog.stems(f)) s);"
_ASKED = "\n        forms := forms || ARRAY(SELECT '''' || f || '''' FROM unnest(catalog.other_forms(word)) f);"
_PARTICLES = "\\uc5d0\\uc11c|\\uc5d0\\uac8c|\\uc73c\\ub85c|\\uae4c\\uc9c0|\\ubd80\\ud130|\\uc5d0\\ub294|\\uc5d0\\ub3c4|[\\uc744\\ub97c\\uc740\\ub294\\uc758\\uc5d0]"
_WHOLE_RUN = """
        -- What follows in the same word is looked for at its place: that one stays whole.
        IF stemmed AND last AND NOT prefix THEN
            -- Servers are written with the long vowel at their end and without it.
            token := regexp_replace(token, '(?<=[\\u30a1-\\u30fa\\u30fc]{2}[\\u30a1-\\u30fa])\\u30fc$', '');
            bare := substring(token FROM '^(.*[\\uac00-\\ud7a3]{2})(?:PARTICLES)$');
        END IF;
        RETURN ARRAY(SELECT string_agg('''' || substr(t, i, 2) || '''', ' <-> ' ORDER BY i)
                     FROM unnest(array_remove(ARRAY[token, bare], NULL)) WITH ORDINALITY u(t, place),
                          generate_series(1, char_length(t) - 1) i GROUP BY place ORDER BY place);
""".replace("PARTICLES", _PARTICLES)
_RUN = """
        RETURN ARRAY[(SELECT string_agg('''' || substr(token, i, 2) || '''', ' <-> ' ORDER BY i)
                      FROM generate_series(1, char_length(token) - 1) i)];
"""


def _before(name: str) -> str:
    """A function as revision 0037 left it, to replace what there is."""
    words, elided, joined = (
        context.script.get_revision(each).module for each in ("0006", "0035", "0037")
    )
    functions = joined._functions(words, elided._WITHOUT_ARTICLE)
    [found] = (each for each in functions if f"FUNCTION catalog.{name}(" in each)
    return str(found).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _replaced(text: str, before: str, after: str) -> str:
    if text.count(before) != 1:
        raise RuntimeError(f"revision 0037 is another than this one was written for: {before}")
    return text.replace(before, after)


def upgrade() -> None:
    execute = context.script.get_revision("0006").module.execute
    execute(_OTHER_FORMS)
    op.execute(
        "COMMENT ON FUNCTION catalog.other_forms(text) IS "
        "'forms of a folded word that no stemmer knows, as lexemes: irregular ones, with articles and the like before it'"
    )
    execute(_replaced(_before("lexeme_query"), _STEMS, _STEMS + _ASKED))
    forms = _replaced(_before("token_forms"), _RUN, _WHOLE_RUN)
    execute(_replaced(forms, "    chain text;\n", "    chain text;\n    bare text;\n"))


def downgrade() -> None:
    execute = context.script.get_revision("0006").module.execute
    for name in ("lexeme_query", "token_forms"):
        execute(_before(name))
    op.execute("DROP FUNCTION catalog.other_forms(text)")
