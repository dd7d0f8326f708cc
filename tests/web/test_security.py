"""Logins, sessions, forged writes, and what must never get in or out."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient
from web_media import HOSTILE
from web_stock import HERE, Stock, calling, serving

from catalog.web.identity import COOKIE, Sessions
from catalog.web.login import MOST_FAILURES, Failures

V1 = "/api/v1"


@pytest.fixture
def browser(guarded: FastAPI) -> TestClient:
    """A browser: it keeps cookies, and bears no token."""
    guarded.state.failures = Failures()
    return TestClient(guarded, base_url=HERE, follow_redirects=False)


def keep(browser: TestClient, cookie: str) -> None:
    """Have the browser send this cookie, and no other."""
    browser.cookies.clear()
    browser.cookies.set(COOKIE, cookie)


def log_in(browser: TestClient, token: str, **fields: str) -> object:
    answer = browser.post("/login", data={"token": token, **fields})
    assert answer.status_code == 303, answer.text
    return answer


def csrf_of(browser: TestClient) -> dict[str, str]:
    found = re.search(r'<meta name="csrf" content="([^"]+)"', browser.get("/").text)
    assert found
    return {"X-CSRF-Token": found[1]}


# --- tokens ---------------------------------------------------------------------------------


def test_tokens_hold_until_they_expire_or_are_revoked(stock: Stock, guarded: FastAPI):
    made = stock.catalog.token.create("for a while", "viewer", days=1)
    client = TestClient(
        guarded, base_url=HERE, headers={"Authorization": f"Bearer {made['token']}"}
    )
    assert client.get(f"{V1}/me").json()["name"] == "for a while"
    row = next(t for t in stock.catalog.token.list() if t["id"] == made["id"])
    assert row["used_at"] is not None
    with stock.catalog.database.session() as session:
        session.execute(text("UPDATE catalog.token SET expires_at = now() WHERE id = :i"),
                        {"i": made["id"]})  # fmt: skip
    assert client.get(f"{V1}/me").status_code == 401
    other = stock.catalog.token.create("revoked", "viewer")
    client.headers["Authorization"] = f"bearer {other['token']}"
    assert client.get(f"{V1}/me").status_code == 200
    stock.catalog.token.revoke(other["id"])
    answer = client.get(f"{V1}/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer cat_x", "Basic eDp5", "Bearer \N{SNOWMAN}", "cat_x"]
)
def test_what_is_no_token_lets_nobody_in(guarded: FastAPI, header: str):
    client = TestClient(guarded, base_url=HERE)
    answer = client.get(f"{V1}/me", headers=[(b"Authorization", header.encode())])
    assert answer.status_code == 401
    assert "cat_x" not in answer.text


def test_secrets_are_kept_as_digests_alone(stock: Stock):
    with stock.catalog.database.session() as session:
        kept = str(session.execute(text("SELECT * FROM catalog.token")).all())
        kept += str(session.execute(text("SELECT * FROM catalog.audit")).all())
    assert not any(token in kept for token in stock.tokens.values())
    assert not any(token in str(stock.catalog.token.list()) for token in stock.tokens.values())


def test_a_new_token_s_secret_is_kept_nowhere(as_role: dict[str, TestClient], stock: Stock):
    body, key = {"name": "kept nowhere"}, {"Idempotency-Key": "a token's"}
    made = as_role["admin"].post(f"{V1}/tokens", json=body, headers=key).json()
    with stock.catalog.database.session() as session:
        tables = ("token", "audit", "idempotency", "web_session")
        kept = [str(session.execute(text(f"SELECT * FROM catalog.{t}")).all()) for t in tables]
    assert made["token"] not in "".join(kept)
    stock.catalog.token.revoke(made["id"])


def test_sql_cannot_read_who_may_ask(stock: Stock):
    from catalog.errors import ReadOnlySqlError

    for table in ("token", "web_session", "idempotency", "audit"):
        with pytest.raises(ReadOnlySqlError, match="permission denied"):
            stock.catalog.sql(f"SELECT * FROM catalog.{table}")


def test_no_secret_is_in_a_log_or_an_answer(
    stock: Stock, guarded: FastAPI, browser: TestClient, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    token = stock.tokens["editor"]
    said = [log_in(browser, token).text]  # type: ignore[attr-defined]
    cookie = browser.cookies[COOKIE]
    bearer = {"Authorization": f"Bearer {token}"}
    with calling(guarded, token, raise_server_exceptions=False) as client:
        said += [client.get(f"{V1}/{path}").text for path in ("me", "bins", "bins/x", "nothing")]
        said.append(client.get(f"{V1}/me", headers={"Authorization": f"Bearer {token}x"}).text)
        said.append(client.post(f"{V1}/bins", content=b"{", headers=bearer).text)
    said.append(browser.post("/login", data={"token": token + "wrong"}).text)
    log = "\n".join(str(vars(record)) for record in caplog.records)
    assert "/api/v1/me" in log
    for secret in (token, cookie, cookie.partition(".")[0]):
        assert secret not in log
        assert secret not in "".join(said)


# --- browsers -------------------------------------------------------------------------------


def test_a_browser_is_let_in_by_its_token_and_out_again(browser: TestClient, stock: Stock):
    away = browser.get("/")
    assert (away.status_code, away.headers["location"]) == (303, "/login")
    assert browser.get(f"{V1}/me").status_code == 401
    linked = browser.get("/assets/1?a=b%26c").headers["location"]
    assert linked == "/login?next=%2Fassets%2F1%3Fa%3Db%2526c"
    assert 'name="next" value="/assets/1?a=b%26c"' in browser.get(linked).text
    # Not what is longer than the form may send back.
    longest = browser.get(browser.get(f"/?q={'a' * 1996}").headers["location"]).text
    assert f'name="next" value="/?q={"a" * 1996}"' in longest
    assert 'name="next" value="/"' in browser.get(f"/login?next=/?q={'a' * 1997}").text
    answer = log_in(browser, stock.tokens["viewer"], next="/assets/1")
    assert answer.headers["location"] == "/assets/1"  # type: ignore[attr-defined]
    cookie = answer.headers["set-cookie"].lower()  # type: ignore[attr-defined]
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert browser.get(f"{V1}/me").json()["name"] == "viewer"
    kept = browser.cookies[COOKIE]
    assert browser.post("/logout", headers=csrf_of(browser)).status_code == 303
    keep(browser, kept)
    assert browser.get(f"{V1}/me").status_code == 401, "the server has ended it as well"


def test_a_session_ends_with_its_token(browser: TestClient, stock: Stock):
    made = stock.catalog.token.create("short", "viewer")
    log_in(browser, made["token"])
    assert browser.get(f"{V1}/me").status_code == 200
    stock.catalog.token.revoke(made["id"])
    assert browser.get(f"{V1}/me").status_code == 401
    assert browser.get("/").headers["location"] == "/login"


def test_a_session_ends_in_time(browser: TestClient, stock: Stock):
    log_in(browser, stock.tokens["viewer"])
    with stock.catalog.database.session() as session:
        session.execute(text("UPDATE catalog.web_session SET expires_at = now()"))
    assert browser.get(f"{V1}/me").status_code == 401


def test_nobody_can_choose_a_session_for_others(browser: TestClient, stock: Stock):
    # An attacker's own valid session, planted in the victim's browser, is not the one that
    # the victim's login makes; and it ends there.
    log_in(browser, stock.tokens["viewer"])
    planted = browser.cookies[COOKIE]
    log_in(browser, stock.tokens["editor"])
    own = browser.cookies[COOKIE]
    assert own != planted
    assert browser.get(f"{V1}/me").json()["name"] == "editor"
    keep(browser, planted)
    assert browser.get(f"{V1}/me").status_code == 401
    browser.cookies.clear()
    sent = {"token": stock.tokens["viewer"]}
    chosen = browser.post("/login", data=sent, headers={"Cookie": f"{COOKIE}=made-up"})
    assert "made-up" not in chosen.headers["set-cookie"]


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "a" * 9000, "é.é"])
def test_cookies_that_are_not_ours_are_nobody(guarded: FastAPI, cookie: str):
    client = TestClient(guarded, base_url=HERE)
    sent = [(b"Cookie", f"{COOKIE}={cookie}".encode())]
    assert client.get(f"{V1}/me", headers=sent).status_code == 401


def test_a_cookie_signed_by_another_server_is_nobody(guarded: FastAPI, browser, stock: Stock):
    log_in(browser, stock.tokens["viewer"])
    secret = guarded.state.sessions.secret(browser.cookies[COOKIE])
    keep(browser, Sessions(b"another key").cookie(secret))
    assert browser.get(f"{V1}/me").status_code == 401


def test_writes_by_cookie_need_the_page_s_token(browser: TestClient, stock: Stock):
    log_in(browser, stock.tokens["editor"])
    body = {"name": "forged"}
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "wrong"}):
        assert browser.post(f"{V1}/bins", json=body, headers=headers).status_code == 403
    right = csrf_of(browser)
    cross = {**right, "Origin": "https://evil.example"}
    assert browser.post(f"{V1}/bins", json=body, headers=cross).status_code == 403
    made = browser.post(f"{V1}/bins", json=body, headers=right)
    assert made.status_code == 201
    assert browser.post("/logout", data={"csrf": "wrong"}).status_code == 403
    other = TestClient(browser.app, base_url=HERE, follow_redirects=False)
    log_in(other, stock.tokens["editor"])
    assert other.post(f"{V1}/bins", json=body, headers=right).status_code == 403
    assert browser.delete(f"{V1}/bins/{made.json()['id']}", headers=right).status_code == 200
    assert browser.post("/logout", data={"csrf": right["X-CSRF-Token"]}).status_code == 303


def test_who_guesses_has_to_wait(browser: TestClient, stock: Stock):
    for _ in range(MOST_FAILURES):
        assert browser.post("/login", data={"token": "cat_guess"}).status_code == 401
    answer = browser.post("/login", data={"token": stock.tokens["viewer"]})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert browser.get("/login").status_code == 200


@pytest.mark.parametrize(
    "where",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)",
     "/\r\nSet-Cookie: x=y", "", "/login"],
)  # fmt: skip
def test_a_login_leads_nowhere_else(browser: TestClient, stock: Stock, where: str):
    answer = log_in(browser, stock.tokens["viewer"], next=where)
    assert answer.headers["location"] == "/"  # type: ignore[attr-defined]


def test_the_key_is_the_owner_s_alone(stock: Stock, guarded: FastAPI):
    key = stock.catalog.settings.home / "web.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert Sessions.of(stock.catalog.settings.home).cookie("x") == guarded.state.sessions.cookie(
        "x"
    )


def test_other_addresses_are_served_with_tokens_only(stock: Stock):
    # There is an admin's token, so others may come; and each is asked for theirs.
    with serving(stock.catalog, host="0.0.0.0") as url:
        here = url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{here}{V1}/me", timeout=240).status_code == 401
        bearer = {"Authorization": f"Bearer {stock.tokens['viewer']}"}
        assert httpx.get(f"{here}{V1}/me", headers=bearer, timeout=240).json()["name"] == "viewer"


# --- what must not get out ------------------------------------------------------------------


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%00",
    "/static/%2e%2e/%2e%2e/settings.py", "/static/x/..%2f..%2fapp.py", "/static/x//etc/passwd",
    f"{V1}/frames/..%2f..%2f..%2fetc%2fpasswd/picture", f"{V1}/frames/1%2f../picture",
    f"{V1}/assets/%2e%2e/original", f"{V1}/assets/1/..%2f..%2foriginal",
    f"{V1}/assets/1/strip.webp/../../../home/web.key", f"{V1}/frames/-1/picture",
    f"{V1}/frames/99999999999999999999/picture",
])  # fmt: skip
def test_no_path_leads_out(local: TestClient, path: str):
    answer = local.get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_links_lead_out_of_no_root(local: TestClient, stock: Stock, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "harbour.mp4"
    film = stock.folder / "news" / "harbour.mp4"
    film.rename(outside)
    film.symlink_to(outside)
    try:
        answer = local.get(f"{V1}/assets/{stock.news}/original")
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "outside_root"
    finally:
        film.unlink()
        outside.rename(film)
    assert local.get(f"{V1}/assets/{stock.news}/original").status_code == 200


@pytest.mark.parametrize(
    "source",
    ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "concat:/etc/passwd",
     "/etc/passwd", "/proc/self/environ", "relative.mp4", "../up.mp4", "~/.ssh/id_rsa",
     "{root}/../outside.mp4", "{root}/../../home/web.key", "subfile,,start,0,end,9,,:/etc/passwd",
     "\\\\server\\share\\x.mp4", "rtsp://localhost/x", "{root}\0.mp4", "/" + "x" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["register", "ingests"])
def test_only_what_lies_below_a_root_is_taken_in(
    local: TestClient, stock: Stock, source: str, verb: str
):
    path = source.replace("{root}", str(stock.folder))
    body = {"path": path} if verb == "register" else {"paths": [path]}
    answer = local.post(f"{V1}/{verb}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] in ("outside_root", "invalid_input")


def test_a_link_below_a_root_that_leads_out_is_not_taken_in(local: TestClient, stock: Stock):
    link = stock.folder / "leads-out.png"
    link.symlink_to("/etc/passwd")
    try:
        answer = local.post(f"{V1}/register", json={"path": str(link)})
        assert answer.json()["error"]["code"] == "outside_root"
    finally:
        link.unlink()


# --- what must not get in -------------------------------------------------------------------


def test_uploads_are_pictures_of_a_sane_size(local: TestClient):
    from catalog.web.api.search import MOST_PICTURE_BYTES
    from catalog.web.guard import MOST_BYTES

    def sent(content: bytes, kind: str) -> tuple[int, str]:
        answer = local.post(f"{V1}/search/image", files={"image": ("x", content, kind)})
        return answer.status_code, answer.json()["error"]["code"]

    assert sent(b"#!/bin/sh", "text/x-sh") == (415, "unsupported_type")
    assert sent(b"<svg onload=alert(1)>", "image/svg+xml") == (415, "unsupported_type")
    assert sent(b"not a picture", "image/png")[0] == 422
    assert sent(b"", "image/png")[0] == 422
    assert sent(b"x" * (MOST_PICTURE_BYTES + 1), "image/png") == (413, "too_large")
    assert sent(b"x" * (MOST_BYTES + 1), "image/png") == (413, "too_large")
    many = [("image", (f"{n}.png", b"x", "image/png")) for n in range(9)]
    assert local.post(f"{V1}/search/image", files=many).status_code == 413


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off(local: TestClient):
    from catalog.web.guard import MOST_BYTES

    def endless() -> Iterator[bytes]:
        for _ in range(MOST_BYTES // 1_000_000 + 2):
            yield b" " * 1_000_000

    answer = local.post(f"{V1}/search", content=endless())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_paths_of_the_server_are_no_pictures(local: TestClient, stock: Stock):
    fields = {"q": "", "image": str(stock.folder / "news" / HOSTILE)}
    assert local.post(f"{V1}/search/image", data=fields).status_code == 422
    assert local.post(f"{V1}/search", json=fields).status_code == 422
    body = {"q": "", "not": [str(stock.folder / "news" / HOSTILE)], "like": ["/etc/passwd"]}
    assert local.post(f"{V1}/search", json=body).status_code == 422


NASTY = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7*7 }}", "javascript:x",
    "'; DROP TABLE catalog.asset; --", "\N{RIGHT-TO-LEFT OVERRIDE}evil", "%3Cscript%3E",
]  # fmt: skip


@pytest.mark.parametrize("nasty", NASTY)
def test_what_people_write_is_data(local: TestClient, stock: Stock, nasty: str):
    url = f"{V1}/assets/{stock.hostile}"
    made = local.post(f"{V1}/bins", json={"name": nasty})
    if made.status_code == 201:
        answer = local.get(f"{V1}/bins/{made.json()['id']}")
        assert answer.json()["name"] == nasty
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        local.delete(f"{V1}/bins/{made.json()['id']}")
    assert local.patch(url, json={"description": nasty}).status_code == 200
    assert local.get(url).json()["description"] == nasty
    local.patch(url, json={"description": None})
    # On pages it is text, also in the page of an error, and in its address.
    for page in (local.get(f"/{nasty}"), local.get("/", params={"q": nasty})):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    login = local.get("/login", params={"next": nasty})
    assert login.status_code in (200, 303)
    assert os.sep not in login.headers.get("location", "/")[1:]


def test_a_hostile_name_is_shown_as_it_is_and_saved_under_it(local: TestClient, stock: Stock):
    shown = local.get(f"{V1}/assets/{stock.hostile}")
    assert shown.json()["name"] == HOSTILE
    original = local.get(f"{V1}/assets/{stock.hostile}/original")
    disposition = original.headers["content-disposition"]
    assert "<" not in disposition
    assert original.headers["content-type"] == "image/png"
    assert "sandbox" in original.headers["content-security-policy"]
