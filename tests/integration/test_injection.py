"""Whatever people type is data: the query box, filters, names, metadata, and SQL as the reader."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.db.reader import READER_ROLE
from catalog.errors import CatalogError, InvalidInputError, ReadOnlySqlError
from catalog.settings import Settings
from tests.integration.small_footage import still

HOSTILE = (
    "'; DROP TABLE catalog.asset; --",
    "%s %(x)s :name $1 {0}",
    "\\'; SELECT pg_sleep(9) --",
    "$$ || (SELECT secret) || $$",
    "*/ UNION SELECT /*",
    "E'\\x27",
    "collection:x' OR '1'='1",
)
NAMES = ("'; DROP TABLE asset; --.png", "%(x)s $1.png", "$$;.png", "</script><b>.png")
TYPED = st.lists(
    st.one_of(
        st.sampled_from([*HOSTILE, "red", "OR", "-", "(", ")", '"', "tag:", "name:", "meta.a:",
                         "id:", "path:", "recorded:>", "*", ":", ","]),
        st.text(max_size=12),
    ),
    max_size=6,
).map(" ".join)  # fmt: skip
FUZZ = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory):
    media: Path = tmp_path_factory.mktemp("media")
    for at, name in enumerate(NAMES):
        still(media / name.replace("/", "∕"), mark=at)
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media, collection="'; --", tags=["%s", "a'b"], metadata={"k'": "v' OR 1=1"})
        yield catalog


def state(catalog: Catalog) -> list:
    """All that must stay as it is; phrases are a cache."""
    return catalog.sql(
        "SELECT (SELECT count(*) FROM asset), (SELECT count(*) FROM clip), "
        "(SELECT md5(string_agg(name || collection || metadata::text, ',' ORDER BY id)) "
        " FROM asset), "
        "(SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class "
        " WHERE relnamespace = 'catalog'::regnamespace)"
    ).rows


@FUZZ
@given(query=TYPED, then=st.none() | TYPED, unlike=st.none() | st.text(max_size=20))
def test_what_is_typed_is_data(filled: Catalog, query: str, then: str | None, unlike: str | None):
    try:
        filled.search(query, then=then, not_=unlike, limit=3)
        filled.assets(query, limit=3)
    except InvalidInputError:
        pass  # refused with a reason; anything else would be a fault of ours


@FUZZ
@given(after=st.text(max_size=60), like=st.text(max_size=20))
def test_cursors_and_references_are_data(filled: Catalog, after: str, like: str):
    with pytest.raises(CatalogError):
        filled.search("red", after=after)
    with pytest.raises(CatalogError):
        filled.search(like=f"x{like}")


@FUZZ
@given(phrase=st.text(max_size=40) | st.sampled_from(HOSTILE))
def test_phrases_in_sql_are_data(filled: Catalog, phrase: str):
    quoted = phrase.replace("'", "''")
    statement = f"SELECT count(*) FROM catalog.search('{quoted}', collection => '{quoted}')"
    if "\0" in phrase or any("\ud800" <= char <= "\udfff" for char in phrase):
        with pytest.raises(ReadOnlySqlError):
            filled.sql(statement)
        return
    assert filled.sql(f"SELECT '{quoted}'").rows == [(phrase,)]
    assert len(filled.sql(statement).rows) == 1


def test_nothing_was_changed(filled: Catalog):
    before = state(filled)
    for hostile in HOSTILE:
        for query in (hostile, f'name:"{hostile}"', f'tag:"{hostile}"', f'meta.x:"{hostile}"'):
            try:
                filled.search(query.replace('""', '"'))
            except InvalidInputError:
                continue
    assert state(filled) == before
    assert {hit.asset["name"] for hit in filled.search('tag:"a\'b"').hits} == {
        name.replace("/", "∕") for name in NAMES
    }


REFUSED = [
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_catalog.pg_user_mapping",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT * FROM pg_catalog.pg_largeobject",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM pg_file_settings",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_current_logfile()",
    "SELECT * FROM pg_ls_logdir()",
    "SELECT * FROM pg_ls_waldir()",
    "COPY catalog.asset TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT dblink('dbname=catalog', 'SELECT 1')",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION file_fdw",
    "DO $$ BEGIN PERFORM pg_sleep(0); EXECUTE 'DELETE FROM catalog.asset'; END $$",
    "DO $$ BEGIN EXECUTE 'SET ROLE postgres'; END $$",
    "CALL catalog.encode_phrase('not from a transaction')",
    "CREATE TEMP TABLE t AS SELECT 1",
    "SELECT * INTO TEMP t FROM catalog.asset",
    "SELECT nextval('catalog.asset_id_seq')",
    "SELECT setval('catalog.asset_id_seq', 1)",
    "SELECT catalog.spread_words(1)",
    "SELECT pg_notify('catalog_phrase', 'x'), 1 / 0",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename <> session_user",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_stat_reset()",
    "SELECT pg_sleep(60)",
    "SELECT pg_sleep(1) FROM generate_series(1, 60)",
    "SELECT set_config('statement_timeout', '0', true), pg_sleep(60)",
    "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    "LOCK TABLE catalog.asset IN ACCESS EXCLUSIVE MODE",
    "LISTEN catalog_phrase",
    "PREPARE p AS SELECT 1",
    "VACUUM",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_reader_may_not(filled: Catalog, statement: str):
    with pytest.raises(ReadOnlySqlError):
        filled.sql(statement, timeout=0.3)
    assert filled.sql("SELECT current_user").rows == [(READER_ROLE,)]


def test_locks_that_the_reader_takes_end_with_its_statement(filled: Catalog):
    filled.sql("SELECT pg_advisory_lock(k) FROM generate_series(1, 50) k")
    # Of this database: other tests have theirs on the same server.
    held = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    until = time.monotonic() + 240  # the server may take a moment to see the connection gone
    while filled.sql(held).rows != [(0,)]:
        assert time.monotonic() < until, "the locks are still held"
