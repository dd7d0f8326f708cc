"""Downloading from a Hub: a small one on this machine, with as much of its API as is used."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from tiny_models import HF_TEXT, save_model

from catalog.encoders import load_encoder
from catalog.errors import EncoderUnavailableError, UnknownEncoderError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub(BaseHTTPRequestHandler):
    """Serves ``root/ORG/REPO/...``; counts what it is asked."""

    root: Path
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""

    def _answer(self, *, body: bool) -> None:
        self.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            return self._listing(path)
        repository, _, file = path.strip("/").partition("/resolve/main/")
        if not file:  # the client asks for a file by commit once it knows it
            repository, _, file = path.strip("/").partition(f"/resolve/{COMMIT}/")
        place = self.root / repository
        if not place.is_dir():
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        if not (place / file).is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        content = (place / file).read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        return self._send(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body=body)

    def _listing(self, path: str) -> None:
        parts = path.removeprefix("/api/models/").split("/")
        place = self.root / parts[0] / parts[1]
        if not place.is_dir():
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        files = [f for f in sorted(place.rglob("*")) if f.is_file()]
        names = [(str(f.relative_to(place)), f.stat().st_size) for f in files]
        if "tree" in parts:
            tree = [{"type": "file", "path": n, "size": s, "oid": "0" * 40} for n, s in names]
            return self._send(200, json.dumps(tree).encode(), {})
        info = {"id": "/".join(parts[:2]), "sha": COMMIT}
        info["siblings"] = [{"rfilename": name} for name, _ in names]
        return self._send(200, json.dumps(info).encode(), {})

    def _send(self, status: int, content: bytes, headers: dict, *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)


@pytest.fixture
def small_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    handler = type("Hub", (_Hub,), {"root": tmp_path / "served", "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        huggingface_hub.constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        endpoint + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_weights_are_downloaded_once(small_hub, tiny_folder, tmp_path):
    save_model(small_hub.root / "org" / "tiny")
    encoder = load_encoder("hf-hub:org/tiny")
    assert encoder.weights_digest == load_encoder(str(tiny_folder)).weights_digest
    assert any(asked.startswith("GET") and "safetensors" in asked for asked in small_hub.asked)
    small_hub.asked.clear()
    load_encoder("hf-hub:org/tiny")
    assert small_hub.asked == []


def test_older_repositories_have_pickled_weights(small_hub):
    save_model(small_hub.root / "org" / "old", suffix=".bin")
    assert load_encoder("hf-hub:org/old").dimension == 24


def test_files_of_one_model_are_of_one_revision(small_hub):
    """A download that broke off is continued at its revision, whatever was published since."""
    repository = save_model(small_hub.root / "org" / "tiny")
    weights = (repository / "open_clip_model.safetensors").rename(repository / "hidden")
    with pytest.raises(UnknownEncoderError):
        load_encoder("hf-hub:org/tiny")
    weights.rename(repository / "open_clip_model.safetensors")
    small_hub.asked.clear()
    load_encoder("hf-hub:org/tiny")
    assert all("/resolve/main/" not in asked for asked in small_hub.asked)


def test_a_tokenizer_of_another_repository_is_downloaded(small_hub, tiny_multilingual):
    tower = tiny_multilingual / "tiny-xlmr"
    model = small_hub.root / "org" / "model"
    shutil.copytree(tower, model / "org" / "tower")  # only for building the weights
    save_model(
        model, text=HF_TEXT | {"hf_model_name": "org/tower", "hf_tokenizer_name": "org/words"}
    )
    shutil.rmtree(model / "org")
    shutil.copytree(tower, small_hub.root / "org" / "tower")
    shutil.copytree(tiny_multilingual, small_hub.root / "org" / "words")
    vectors = load_encoder("hf-hub:org/model").encode_texts(["кіт"])
    folder = load_encoder(str(tiny_multilingual))
    np.testing.assert_allclose(vectors, folder.encode_texts(["кіт"]), atol=1e-6)
    assert not any("open_clip_model" in a and "org/words" in a for a in small_hub.asked)
    small_hub.asked.clear()
    load_encoder("hf-hub:org/model")
    assert small_hub.asked == []


def test_a_repository_that_does_not_exist_is_unknown_not_unavailable(small_hub):
    with pytest.raises(UnknownEncoderError, match=r"org/none.*does not exist"):
        load_encoder("hf-hub:org/none")


def test_a_repository_of_something_else_is_unknown(small_hub):
    (small_hub.root / "org" / "text").mkdir(parents=True)
    with pytest.raises(
        UnknownEncoderError, match=r"org/text .*holds none of open_clip_config\.json"
    ):
        load_encoder("hf-hub:org/text")


def test_a_hub_that_is_down_is_unavailable(small_hub, monkeypatch):
    monkeypatch.setattr(small_hub, "_answer", lambda self, body: self._send(503, b"", {}))
    with pytest.raises(EncoderUnavailableError, match="neither in the cache") as caught:
        load_encoder("hf-hub:org/tiny")
    assert not isinstance(caught.value, UnknownEncoderError)
