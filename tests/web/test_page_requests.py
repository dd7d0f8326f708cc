"""What pages answer to requests that no page of ours would send."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import escape

import pytest
from sqlalchemy import delete, select
from web_media import film
from web_stock import calling

from catalog.db.models import Asset, Stage
from catalog.domain.query.completion import Begun
from catalog.web import create_app
from catalog.web.pages import formats
from catalog.web.pages.asked import Asked, asked_by
from catalog.web.pages.strings import STRINGS

PICTURE = "0" * 64


MISSING = [
    f"/pictures/{PICTURE}",
    "/pictures/..%2f..%2fetc%2fpasswd",
    "/pictures/x.jpg",
    "/bins/1",
    "/assets/1",
    "/?q=x&shot=1",
]


def test_what_is_not_there_is_not_found(client):
    assert {path: client.get(path).status_code for path in MISSING} == dict.fromkeys(MISSING, 404)


def test_people_are_shown_no_description_of_an_api(client):
    page, told = client.get("/nope"), client.get("/api/v1/nope")
    assert (page.status_code, told.status_code) == (404, 404)
    assert "Nothing is at this address." in page.text
    assert "<h1>Not found</h1>" in page.text
    assert "openapi" not in page.text
    assert "openapi" in told.json()["error"]["remedy"]
    assert "openapi" not in client.get("/compare").text


def test_commands_in_sentences_are_set_as_such():
    assert formats.commands("See `a <b>`, `c`.") == "See <code>a &lt;b&gt;</code>, <code>c</code>."
    assert formats.commands("a ` b") == "a ` b"


def test_examples_to_be_like_and_unlike_stand_in_the_address():
    state = Asked(q="sea", like=("clip:7", "clip:8"), not_=("clip:9",), after="x", shot="7")
    assert state.unlike(7).url() == "/?q=sea&like=clip%3A8&not=clip%3A9&not=clip%3A7"
    assert state.unlike(9).not_ == ("clip:9",)
    assert state.unlike(7).alike(7) == Asked(q="sea", like=("clip:7",), not_=("clip:9",))
    # What a dropped picture takes along of the state that it was dropped on.
    assert asked_by(state.unlike(7).url().partition("?")[2]).not_ == ("clip:9", "clip:7")
    many = Asked(not_=tuple(f"clip:{n}" for n in range(10))).unlike(11)
    assert (len(many.not_), many.not_[-1]) == (10, "clip:11")


def test_a_script_is_given_the_counts_apart_and_a_browser_all_at_once(local):
    whole = local.get("/?q=collection:News").text
    results = local.get("/?q=collection:News&part=page").text
    counts = local.get("/?q=collection:News&part=facets").text
    assert 'class="facet"' in whole
    assert 'class="facet"' in counts
    assert "<html" not in counts
    assert 'class="facet"' not in results
    assert 'id="shots"' in results
    assert local.get("/?q=%22open&part=facets").status_code == 200


REFUSED = [
    "/?q=%22open",
    "/?q=x&after=nonsense",
    "/?q=sound:rain",
    "/?q=x&like=clip:7",
    "/?like=7;drop",
    f"/?image={PICTURE}",
    "/?sort=nonsense&group=nonsense&density=nonsense",
]


def test_a_search_that_cannot_be_made_is_still_a_page(client):
    for path in REFUSED:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert 'id="q"' in answer.text
    # How sounds come to be heard is told where somebody asks for one.
    assert "CATALOG_SOUND_ENCODER" in client.get("/?q=sound:rain").text


def test_what_is_no_picture_is_refused(client):
    answer = client.post("/", files={"picture": ("x.png", b"<svg onload=alert(1)>")})
    assert answer.status_code == 422
    assert "<svg onload" not in answer.text


CAME_AND_GO = [
    ("http://127.0.0.1/bins?x=1", "/bins?x=1"),
    ("http://evil.example//evil.example/x", "/evil.example/x"),
    ("http://evil.example/\\evil.example", "/evil.example"),
    ("", "/"),
]


def test_choosing_a_theme_leads_nowhere_else(client):
    for came, goes in CAME_AND_GO:
        answer = client.post("/theme", data={"theme": "light"}, headers={"Referer": came})
        assert (answer.status_code, answer.headers["location"]) == (303, goes)
        assert "theme=light" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("query", "head", "word", "field"),
    [
        ("red col", "", "col", None),
        ("-tag:ni", "-tag:", "ni", "tag"),
        ("codec:h264,pro", "codec:h264,", "pro", "codec"),
        ('(collection:"Late Ne', "collection:", "Late Ne", "collection"),
        ('"a phrase" re', "", "re", None),
        ("sort:da", "sort:", "da", "sort"),
        ("note:x", "", "note:x", None),
    ],
)
def test_what_is_being_typed(query, head, word, field):
    begun = Begun.at(query, len(query))
    assert (begun.head, begun.word) == (head, word)
    assert (begun.field and begun.field.name) == field
    assert query[begun.start : begun.end] == query[begun.start :]


ROLLS = [
    ("", "a", "/?q=roll%3Aa"),
    ("sea roll:a", "b", "/?q=sea+roll%3Ab"),
    ("sea ROLL:A", "", "/?q=sea"),
    ('"roll of film"', "a", "/?q=%22roll+of+film%22+roll%3Aa"),
]


@pytest.mark.parametrize(("q", "roll", "url"), ROLLS)
def test_the_tabs_of_rolls_change_one_word_of_the_query(q, roll, url):
    state = Asked(q=q, shot="7", after="x").rolled(roll)
    assert (state.url(), state.roll) == (url, roll)


FILTERED = [
    ("sea", "tag:fog", "sea tag:fog"),
    ("sea tag:fog", "tag:fog", "sea"),
    # What is quoted is one filter, blanks and all.
    ('collection:"Late News" sea', 'collection:"Late News"', "sea"),
    ('sea collection:"Late News"', "tag:fog", 'sea collection:"Late News" tag:fog'),
    ('"two  blanks" tag:fog', "tag:fog", '"two  blanks"'),
    ('"about tag:fog today"', "tag:fog", '"about tag:fog today" tag:fog'),
    ("-tag:fog", "tag:fog", "-tag:fog tag:fog"),
    # A filter of its own holds for all alternatives, and none of them is taken out.
    ("sea OR land", "tag:fog", "(sea OR land) tag:fog"),
    ("tag:fog OR sea", "tag:fog", "(tag:fog OR sea) tag:fog"),
    ("(sea OR land) tag:fog sort:date", "tag:fog", "(sea OR land) sort:date"),
    ("sea (", "tag:fog", "sea ( tag:fog"),
]


@pytest.mark.parametrize(("q", "by", "then"), FILTERED)
def test_a_filter_is_put_into_a_query_or_taken_out_whole(q, by, then):
    state = Asked(q=q, shot="7", after="x")
    assert state.filtered(by) == Asked(q=then)
    assert state.has(by) == (len(then) < len(q))


def test_an_empty_list_leads_to_what_each_filter_keeps_away(local):
    page = local.get("/", params={"q": 'sea collection:"No Such News" -tag:"a b" "c:d"'}).text
    without = {'sea -tag:"a b" "c:d"', 'sea collection:"No Such News" "c:d"'}
    assert all(f'href="{escape(Asked(q=q).url())}"' in page for q in without)
    assert page.count("Without ") == len(without)


def test_an_administrator_sees_work_of_every_stage(little):
    """Also what only waits, as recognition does whose weights are not here."""
    [check] = [each for each in Stage.__table__.constraints if each.name == "ck_stage_name"]
    names = re.findall(r"'(\w+)'", str(check.sqltext))
    with little.database.session() as session:
        [asset] = session.scalars(select(Asset.id))
        session.execute(delete(Stage))
        why = {"state": "waiting", "error_code": "weights", "error_message": "They are not here."}
        why["retry_at"] = datetime.now(UTC) + timedelta(hours=1)  # else the server tries one
        session.add_all(Stage(asset_id=asset, name=name, **why) for name in names)
    with calling(create_app(little)) as client:
        page = client.get("/admin")
    assert page.status_code == 200
    assert [STRINGS[f"stage_{name}"] in page.text for name in names] == [True] * 5
    assert page.text.count("1 waiting") == 5


def test_what_is_not_read_yet_or_cannot_be_has_a_page(little, tmp_path):
    broken, waiting = (film(tmp_path / name, ["red"], mark=7) for name in ("b.mp4", "w.mp4"))
    broken.write_bytes(broken.read_bytes()[:400])
    [failed] = little.ingest(broken).failures
    little.register(waiting)
    with calling(create_app(little)) as client:
        shown = client.get(f"/assets/{little.show('b.mp4')['id']}")
        waits = client.get(f"/assets/{little.show('w.mp4')['id']}")
        listed = client.get("/?group=asset")
    assert (shown.status_code, waits.status_code, listed.status_code) == (200, 200, 200)
    assert escape(failed.reason) in shown.text
    assert STRINGS["kind_unknown"] in shown.text
    assert STRINGS["kind_unknown"] in waits.text


def test_an_administrator_takes_a_folder_in_by_the_page(little, tmp_path):
    """Also where neither a watcher nor a worker runs."""
    film(tmp_path / "new" / "taken.mp4", ["green"], mark=8)
    with calling(create_app(little)) as client:
        for folder, code in ((tmp_path / "new", 303), (tmp_path / "none", 404), ("~\0", 404)):
            sent = {"act": "ingest", "path": str(folder)}
            assert client.post("/admin/roots", data=sent).status_code == code
        client.app.state.runs._thread.submit(int).result(240)  # ingests are done in one thread
        page = client.get("/admin/roots?part=live").text
    assert STRINGS["n_ready"].format(1) in page
    assert str(tmp_path / "new") in page
    assert little.show("taken.mp4")["clips"]


def test_a_folder_within_a_root_is_taken_in_as_a_part_of_it(little, tmp_path, monkeypatch):
    film(tmp_path / "rushes" / "day3" / "third.mp4", ["green"], mark=9)
    monkeypatch.setenv("HOME", str(tmp_path))
    little.root.watch(tmp_path / "rushes")
    before = little.root.list()
    with calling(create_app(little)) as client:
        sent = {"act": "ingest", "path": "~/rushes/day3"}
        assert client.post("/admin/roots", data=sent).status_code == 303
        client.app.state.runs._thread.submit(int).result(240)
        live = client.get("/admin/roots?part=live").text
    assert [each["path"] for each in little.root.list()] == [each["path"] for each in before]
    assert [e["action"] for e in little.audit(limit=50)["entries"] if "day3" in str(e)] == [
        "ingest"
    ]
    assert little.show("third.mp4")["clips"]
    assert str(tmp_path / "rushes" / "day3") in live
    assert "<table" not in live


def test_a_still_has_no_time_to_mark(local, stock):
    [still] = stock.catalog.search("kind:still", limit=1).hits
    [moving] = stock.catalog.search("kind:video", limit=1).hits
    pages = [local.get(f"/?shot={hit.clip['id']}").text for hit in (still, moving)]
    assert [page.count('id="marks" hidden') for page in pages] == [1, 0]


def test_a_state_comes_back_from_its_address():
    state = Asked(q="sea", like=("clip:7",), not_=("fog",), image=PICTURE, all_=True, shot="9")
    assert asked_by(state.url().partition("?")[2]) == state
    assert asked_by("shot=1%3Cb%3E&image=../../x&all=2") == Asked()
