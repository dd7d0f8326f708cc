"""The client: a method for what programs ask a catalogue for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

import httpx2 as httpx

from catalog.client.calling import Calls
from catalog.domain import wire, wire_work

_KEEP: Any = object()
_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


class Client:
    """A catalogue's server. Use it as a context manager, or `close` it.

    Parameters
    ----------
    url:
        Where `catalog web` serves, without ``/api``.
    token:
        Not needed in local mode.
    timeout_s:
        How many seconds to wait for an answer.
    transport:
        Another way to the server, for tests.

    Every method raises `catalog.errors.CatalogError`, of the class that was raised in the
    server, and `catalog.client.calling.ServerUnavailableError` if it cannot be reached.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8600",
        token: str | None = None,
        *,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._calls = Calls(url, token, timeout_s, transport)

    def close(self) -> None:
        """Let go of the connections."""
        self._calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- finding ---------------------------------------------------------------------------

    def search(self, q: str = "", **options: Any) -> wire.SearchAnswer:  # noqa: ANN401  # JSON
        """A page of shots.

        Options are those of the API: ``like``, ``not``, ``then``, ``within``, ``weights``,
        ``sort``, ``limit``, ``after``, ``all``, ``explain``.
        """
        return cast("wire.SearchAnswer", self._json("POST", "/search", {"q": q, **options}))

    def hits(self, q: str = "", *, most: int = 1000, **options: Any) -> Iterator[wire.Hit]:  # noqa: ANN401
        """The hits of all pages, ``most`` of them, as they are needed."""
        after, left = None, most
        while left > 0:
            page = self.search(q, **{**options, "limit": min(left, 100), "after": after})
            yield from page["hits"]
            left -= len(page["hits"])
            after = page["next"]
            if after is None:
                return

    def search_by_image(
        self, *images: Path | str | bytes, q: str = "", limit: int = 20
    ) -> wire.SearchAnswer:
        """Shots that look like these pictures: paths, or contents of JPEG or PNG files."""
        files = [("image", _picture(each)) for each in images]
        data = {"q": q, "limit": str(limit)}
        found = self._calls.json("POST", "/search/image", files=files, data=data)
        return cast("wire.SearchAnswer", found)

    def facets(
        self, q: str = "", *, field: Sequence[str] = (), limit: int = 20
    ) -> wire.FacetsAnswer:
        """Values of fields among what a query lets through, with their numbers."""
        found = self._get("/facets", q=q, field=list(field), limit=limit)
        return cast("wire.FacetsAnswer", found)

    def recommend(self, text: str, **options: Any) -> wire.RecommendAnswer:  # noqa: ANN401  # JSON
        """Shots for each line of a script.

        Options are those of the API: ``kind``, ``words_per_minute``, ``filter``, ``bins_used``,
        ``take``, ``locks``, ``avoid``.
        """
        found = self._json("POST", "/recommend", {"text": text, **options})
        return cast("wire.RecommendAnswer", found)

    def recommend_bin(self, text: str, name: str, **options: Any) -> wire.Bin:  # noqa: ANN401  # JSON
        """The same as a bin of this name, of the first proposals."""
        made = self._json("POST", "/recommend/bin", {"text": text, "name": name, **options})
        return cast("wire.Bin", made)

    # --- assets ----------------------------------------------------------------------------

    def assets(
        self, q: str = "", *, limit: int = 100, after: str | None = None
    ) -> wire.AssetsAnswer:
        """A page of assets."""
        return cast("wire.AssetsAnswer", self._get("/assets", q=q, limit=limit, after=after))

    def all_assets(self, q: str = "") -> Iterator[wire.AssetEntry]:
        """The assets of all pages, as they are needed."""
        page = self.assets(q)
        yield from page["assets"]
        while page["next"] is not None:
            page = self.assets(q, after=page["next"])
            yield from page["assets"]

    def asset(self, asset: int) -> wire.Asset:
        """All that is known of an asset."""
        return cast("wire.Asset", self._get(f"/assets/{asset}"))

    def change(
        self,
        *assets: int,
        title: str | None = _KEEP,
        description: str | None = _KEEP,
        collection: str | None = _KEEP,
        tags_add: Sequence[str] = (),
        tags_remove: Sequence[str] = (),
    ) -> list[int]:
        """Change texts, collection or tags of assets; what is left out stays."""
        given = {"title": title, "description": description, "collection": collection}
        body: dict[str, Any] = {key: value for key, value in given.items() if value is not _KEEP}
        body |= {"tags_add": list(tags_add)} if tags_add else {}
        body |= {"tags_remove": list(tags_remove)} if tags_remove else {}
        return self._changed("PATCH", "/assets", {"assets": list(assets), **body})

    def forget(self, *assets: int) -> list[int]:
        """Forget assets; no file is touched."""
        return self._changed("POST", "/assets/forget", {"assets": list(assets)})

    def history(self, asset: int) -> wire.AuditAnswer:
        """Who changed what of an asset, the latest first."""
        return cast("wire.AuditAnswer", self._get(f"/assets/{asset}/history"))

    # --- clips, pictures, files ------------------------------------------------------------

    def clip(self, clip: int) -> wire.Clip:
        """A clip with its frames."""
        return cast("wire.Clip", self._get(f"/clips/{clip}"))

    def mark(
        self, asset: int, start: float | str, end: float | str, name: str | None = None
    ) -> wire.Clip:
        """Mark a subclip, in seconds or by timecode."""
        body = {"start": start, "end": end, "name": name}
        return cast("wire.Clip", self._json("POST", f"/assets/{asset}/clips", body))

    def unmark(self, clip: int) -> list[int]:
        """Forget a subclip that a person marked; its asset."""
        return self._changed("DELETE", f"/clips/{clip}")

    def set_roll(self, clips: Sequence[int], roll: str | None) -> list[int]:
        """Say that shots are ``A`` or ``B``, or (None) take back what was said; their ids."""
        return cast(
            "list[int]",
            self._json("PUT", "/clips/roll", {"clips": list(clips), "roll": roll})["clips"],
        )

    def download(self, address: str) -> bytes:
        """The file at an address that an answer gave: a picture, a proxy, an original."""
        return self._calls.content(address)

    # --- bins ------------------------------------------------------------------------------

    def bins(self) -> list[wire.BinEntry]:
        """Every bin, with how many items it has."""
        return cast("list[wire.BinEntry]", self._get("/bins")["bins"])

    def bin(self, bin_: int) -> wire.Bin:
        """A bin with its first thousand items."""
        return cast("wire.Bin", self._get(f"/bins/{bin_}"))

    def create_bin(
        self, name: str, clips: Sequence[int] = (), *, note: str | None = None
    ) -> wire.Bin:
        """Make a bin with these clips."""
        body = {"name": name, "note": note, "items": [{"clip": clip} for clip in clips]}
        return cast("wire.Bin", self._json("POST", "/bins", body))

    def add_to_bin(
        self, bin_: int, clips: Sequence[int], *, notes: Mapping[int, str] | None = None
    ) -> list[int]:
        """Put clips at a bin's end; the new items."""
        items = [{"clip": clip, "note": (notes or {}).get(clip)} for clip in clips]
        made = self._json("POST", f"/bins/{bin_}/items", {"items": items})
        return cast("list[int]", made["items"])

    def move_in_bin(
        self, bin_: int, items: Sequence[int], *, before: int | None = None
    ) -> wire.Bin:
        """Put items, in this order, before another one or at the end."""
        body = {"items": list(items), "before": before}
        return cast("wire.Bin", self._json("POST", f"/bins/{bin_}/items/move", body))

    def remove_from_bin(self, bin_: int, items: Sequence[int]) -> wire.Bin:
        """Take items out of a bin."""
        body = {"items": list(items)}
        return cast("wire.Bin", self._json("POST", f"/bins/{bin_}/items/remove", body))

    def trim_in_bin(
        self,
        bin_: int,
        item: int,
        start: float | str | None = None,
        end: float | str | None = None,
    ) -> wire.Bin:
        """Set in and out of an item, in seconds or by timecode; without both, the clip as it is."""
        body = {"start": start, "end": end}
        return cast("wire.Bin", self._json("PATCH", f"/bins/{bin_}/items/{item}", body))

    def delete_bin(self, bin_: int) -> None:
        """Forget a bin; its clips stay."""
        self._json("DELETE", f"/bins/{bin_}")

    # --- the service -----------------------------------------------------------------------

    def import_log(
        self, log: Path | str, content: bytes | None = None, *, replace: bool = False
    ) -> wire_work.LogReport:
        """Send a log: a file of this machine, or a name with its content; see docs/nle.md.

        ``replace`` has it take the place of another one that was sent under its name.
        """
        path = Path(log)
        data = path.read_bytes() if content is None else content
        sent = {"file": (path.name, data, "application/octet-stream")}
        form = {"replace": "true"} if replace else {}
        answer = self._calls.json("POST", "/logs", files=sent, data=form)
        return cast("wire_work.LogReport", answer)

    def logs(self) -> list[wire_work.ImportedLog]:
        """The logs that were taken in, the latest first."""
        return cast("list[wire_work.ImportedLog]", self._get("/logs")["logs"])

    def remove_log(self, file: str) -> wire_work.LogReport:
        """Take back what a log said, by the path it was taken in under."""
        return cast("wire_work.LogReport", self._json("POST", "/logs/remove", {"file": file}))

    def ingest(
        self, *paths: str, collection: str | None = None, tags: Sequence[str] = ()
    ) -> wire.IngestRun:
        """Have the server take in what lies below its roots; see `ingest_run` for how far it is."""
        body = {"paths": list(paths), "collection": collection, "tags": list(tags)}
        return cast("wire.IngestRun", self._json("POST", "/ingests", body))

    def ingest_run(self, run: str) -> wire.IngestRun:
        """How far an ingest is."""
        return cast("wire.IngestRun", self._get(f"/ingests/{run}"))

    def cancel_ingest(self, run: str) -> wire.IngestRun:
        """Break an ingest off; what is ready stays."""
        return cast("wire.IngestRun", self._json("POST", f"/ingests/{run}/cancel"))

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What happens, as it happens: ``asset``, ``progress`` and ``ingest``, with their facts."""
        return self._calls.events()

    def me(self) -> wire.Me:
        """Who asks, and what they may."""
        return cast("wire.Me", self._get("/me"))

    def stats(self) -> dict[str, Any]:
        """The catalogue in figures."""
        return cast("dict[str, Any]", self._get("/stats"))

    def request_proxy(self, asset: int, *, anew: bool = False) -> wire.ProxyStatus:
        """Ask for a proxy of an asset; where it stands. With ``anew`` also where there is one."""
        path = f"/assets/{asset}/renditions/proxy{'?anew=true' if anew else ''}"
        return cast("wire.ProxyStatus", self._json("POST", path, None))

    def proxy_status(self, asset: int) -> wire.ProxyStatus:
        """Where a proxy stands, and how far it is."""
        return cast("wire.ProxyStatus", self._get(f"/assets/{asset}/renditions/proxy"))

    def jobs(self, *, failed: bool = False) -> list[dict[str, Any]]:
        """Work that is due, running or failed."""
        return cast("list[dict[str, Any]]", self._get("/jobs", failed=failed)["jobs"])

    def retry(self, *assets: int) -> list[int]:
        """Make failed work due again: of these assets, or of all."""
        return self._changed("POST", "/jobs/retry", {"assets": list(assets) or None})

    def encoders(self) -> list[dict[str, Any]]:
        """Every encoder: its vectors, what it lacks, and how fast it is filled."""
        return cast("list[dict[str, Any]]", self._get("/encoders")["encoders"])

    def encoder_errand(self, what: str, **body: Any) -> wire_work.Errand:  # noqa: ANN401  # JSON
        """Have the server ``add``, ``backfill``, ``activate`` or ``compare`` encoders."""
        path = "/encoders" if what == "add" else f"/encoders/{what}"
        return cast("wire_work.Errand", self._json("POST", path, body))

    def errand(self, errand: str) -> wire_work.Errand:
        """How far an errand is."""
        return cast("wire_work.Errand", self._get(f"/errands/{errand}"))

    def cancel(self, errand: str) -> wire_work.Errand:
        """Break an errand off; what it has finished stays."""
        return cast("wire_work.Errand", self._json("POST", f"/errands/{errand}/cancel"))

    def train(self, **options: Any) -> wire_work.Errand:  # noqa: ANN401  # JSON
        """Have the server teach an encoder; options are those of the API, all may be left out.

        ``dataset``, ``encoder``, ``name``, ``tags``, ``speech``, ``keep``, ``method``, ``steps``,
        ``batch``, ``rate``, ``rank``, ``alpha``, ``most_loss``, ``library``, ``seed``,
        ``precision``. Nothing is activated.
        """
        return cast("wire_work.Errand", self._json("POST", "/trainings", options))

    def trainings(self) -> list[wire_work.TrainingEntry]:
        """The encoders that were taught there, the latest first."""
        return cast("list[wire_work.TrainingEntry]", self._get("/trainings")["trainings"])

    def evaluate(self, dataset: str, **options: Any) -> wire_work.Errand:  # noqa: ANN401  # JSON
        """Have the server measure encoders; see `errand` for how far it is.

        Options are those of the API: ``encoders``, ``languages``, ``limit``, ``protocol``,
        ``calibrate``.
        """
        body = {"dataset": dataset, **options}
        return cast("wire_work.Errand", self._json("POST", "/evaluations", body))

    def evaluations(self) -> list[wire_work.EvaluationEntry]:
        """The evaluations that are kept, the latest first."""
        found = self._get("/evaluations")["evaluations"]
        return cast("list[wire_work.EvaluationEntry]", found)

    def create_token(self, name: str, role: str = "viewer", **options: Any) -> wire.Token:  # noqa: ANN401
        """Make a token; options are ``days`` and ``collections``."""
        body = {"name": name, "role": role, **options}
        return cast("wire.Token", self._json("POST", "/tokens", body))

    def revoke_token(self, token: int) -> None:
        """End a token."""
        self._json("DELETE", f"/tokens/{token}")

    def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401  # JSON
        """Any other resource below ``/api/v1``, such as ``/roots``."""
        return self._get(path, **parameters)

    def _get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401
        given = {key: value for key, value in parameters.items() if value is not None}
        return self._calls.json("GET", path, params=given)

    def _json(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401
        return self._calls.json(method, path, **({} if body is None else {"json": body}))

    def _changed(self, method: str, path: str, body: Any = None) -> list[int]:  # noqa: ANN401
        return cast("list[int]", self._json(method, path, body)["assets"])


def _picture(given: Path | str | bytes) -> tuple[str, bytes, str]:
    if isinstance(given, bytes):
        kind = "image/png" if given.startswith(b"\x89PNG") else "image/jpeg"
        return "picture", given, kind
    path = Path(given)
    return path.name, path.read_bytes(), _TYPES.get(path.suffix.lower(), "image/jpeg")
