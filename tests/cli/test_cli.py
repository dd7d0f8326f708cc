"""The verbs: what they print, the exit codes, and that nobody is ever shown a traceback."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.cli.text import parse_meta

HIT = {"rank", "score", "cosine", "keyword_rank", "confidence", "asset", "clip", "frame"}


_FURTHER = {"warnings", "unverified", "speech_waits", "passed_over"}


REPORT = {
    "registered", "known", "ready", "failed", "frames", "seconds_of_media", "wall_s", "failures",
    "warnings",
}  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["ingest", "--help"], ["search", "--help"], []])
def test_help_loads_neither_torch_nor_a_database_driver(arguments: list[str]):
    code = (
        "import sys\n"
        "from catalog.cli import main\n"
        f"sys.argv = ['catalog', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'sqlalchemy', 'psycopg', 'av', 'numpy', 'PIL', 'open_clip', 'celery'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert "HEAVY []" in done.stdout
    assert "Usage" in done.stdout + done.stderr


def test_importing_the_package_loads_no_torch():
    code = (
        "import sys, catalog, catalog.api\n"
        "from catalog import Catalog\n"
        "print(sorted({'torch', 'open_clip', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_verbs_that_need_no_model_load_none(environment: dict[str, str]):
    """Nor anything else that takes long: a filter alone, a list or SQL is asked in passing."""
    verbs = (["search", "kind:video"], ["assets"], ["sql", "SELECT 1"], ["stats"],
             ["encoder", "list"], ["bin", "list"])  # fmt: skip
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from catalog.cli.app import app\n"
        f"for verb in {verbs!r}:\n"
        "    assert CliRunner().invoke(app, verb).exit_code == 0, verb\n"
        "heavy = {'torch', 'torchvision', 'open_clip', 'transformers', 'timm', 'huggingface_hub',\n"
        "         'sympy', 'scipy', 'pandas', 'cv2', 'scenedetect', 'onnxruntime', 'celery',\n"
        "         'redis', 'fastapi', 'pydantic', 'opentimelineio', 'alembic', 'av', 'PIL',\n"
        "         'pysubs2',\n"
        "         'catalog.demo', 'catalog.teach', 'catalog.recommend', 'catalog.export',\n"
        "         'catalog.watch', 'catalog.ingest.pipeline', 'catalog.evaluate',\n"
        "         'catalog.supervisor', 'catalog.media.sidecars'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_ingest_and_search_print_the_promised_json(cli, pictures: Path):
    (pictures / "empty.mp4").touch()
    for name in ("a.txt", "b.TXT", "c.xyz", "none", ".hidden", "red.json", "x.srt", "GX01.THM"):
        (pictures / name).write_text("{}")
    answer = cli("ingest", pictures, "--json", "--collection", "C", "--tag", "t", "--meta", "a=b=c")
    assert answer.code == 1
    assert set(answer.json) - REPORT <= _FURTHER, "more keys are a decision, not an accident"
    assert set(answer.json) >= REPORT
    assert answer.out.count("\n") == 1
    assert answer.json["passed_over"] == {".txt": 2, "": 1, ".xyz": 1}
    counts = [answer.json[key] for key in ("registered", "known", "ready", "failed", "frames")]
    assert counts == [3, 0, 3, 1, 3]
    [failure] = answer.json["failures"]
    assert set(failure) == {"path", "code", "reason"}
    assert (failure["code"], Path(failure["path"]).name) == ("empty_file", "empty.mp4")

    answer = cli("search", "red collection:c meta.a:b=c", "--json", "--limit", "2")
    assert answer.code == 0
    body = answer.json
    promised = {"query", "encoder", "plan", "took_ms", "total_candidates", "hits", "next"}
    assert set(body) - {"cutoff"} == promised
    assert (body["total_candidates"], len(body["hits"])) == (3, 2)
    hit = body["hits"][0]
    assert set(hit) - {"relevant", "said"} == HIT
    timed = {"start_timecode", "frame_rate"}
    assert set(hit["asset"]) == {"id", "name", "kind", "path", "collection"} | timed
    assert set(hit["clip"]) == {
        "id", "kind", "roll", "roll_confidence", "start", "end", "timecode_in", "timecode_out",
    }  # fmt: skip
    assert set(hit["frame"]) == {"id", "at", "picture"}
    assert hit["asset"]["path"] == str(pictures / "red.png")
    second = cli("search", body["query"], "--json", "--after", body["next"]).json
    assert [h["rank"] for h in second["hits"]] == [3]
    assert second["next"] is None


def test_examples_pairs_and_duplicates_by_the_command_line(cli, pictures: Path):
    cli("ingest", pictures)
    body = cli("search", "--image", pictures / "red.png", "--not", "blue", "--all", "--json").json
    assert body["hits"][0]["asset"]["name"] == "red.png"
    assert body["examples"]["not"] == ["blue"]
    clip = str(body["hits"][0]["clip"]["id"])
    like = cli("search", "--like", clip, "--all", "--json").json
    assert clip not in {str(hit["clip"]["id"]) for hit in like["hits"]}
    assert cli("search", "red", "--then", "red", "--within", "10s", "--json").json["hits"] == []
    assert cli("search", "red", "--within", "10s").code == 2
    assert cli("duplicates", "--near", "--json").json["groups"] == []
    assert cli("sql", "SELECT 1", "--timeout", "0").code == 2


def test_the_verbs_that_keep_order(cli, pictures: Path):
    cli("ingest", pictures)
    assert cli("tag", "red.png", "blue.png", "--tag", "a", "-t", "b").out == "2 assets.\n"
    red = cli("show", "red.png", "--json").json["id"]
    assert cli("tag", "red.png", "--tag", "b", "--remove", "--json").json == {"assets": [red]}
    assert cli("collection", "red.png", "--name", "Night").code == 0
    shown = cli("show", "red.png", "--json").json
    assert (shown["tags"], shown["collection"]) == (["a"], "Night")
    assert "Night" in cli("show", "red.png").out
    rows = cli("assets", "tag:a", "--json").json["assets"]
    assert [row["name"] for row in rows] == ["blue.png", "red.png"]
    assert "red.png" in cli("assets").out
    page = cli("assets", "--limit", 1, "--json").json
    assert cli("assets", "--limit", 1, "--after", page["next"]).code == 0
    assert cli("stats", "--json").json["assets"] == 3
    assert "vectors of null:64 (active)" in cli("stats").out
    assert cli("jobs", "--json").json == {"jobs": []}
    assert cli("jobs", "--failed").code == 0
    assert cli("retry", "--json").json == {"assets": []}
    assert cli("encoder", "list", "--json").json["encoders"][0]["name"] == "null:64"
    assert "null:64" in cli("encoder", "list").out
    assert cli("encoder", "activate", "null:16", "--json").json["encoded"] == 3
    assert cli("encoder", "activate", "null:16").code == 0
    assert cli("remove", "red.png").out == "1 asset.\n"
    assert (pictures / "red.png").exists()
    assert cli("show", "red.png").code == 2
    assert cli("migrate", "--json").json["revision"]
    assert cli("migrate").code == 0


def test_jobs_and_show_tell_why_a_file_failed(cli, pictures: Path):
    (pictures / "text.mp4").write_text("no film " * 100)
    assert cli("ingest", pictures).code == 1
    [job] = cli("jobs", "--failed", "--json").json["jobs"]
    assert (job["asset"], job["error_code"]) == ("text.mp4", "not_media")
    assert "not_media" in cli("jobs").out
    assert "not_media" in cli("show", "text.mp4").out
    assert "failed: not_media" in cli("assets").out
    assert cli("retry", "text.mp4").out == "1 asset.\n"


def test_search_for_people(cli, pictures: Path, tmp_path: Path):
    cli("ingest", pictures)
    assert "red.png" in cli("search", "red").out
    explained = cli("search", "red", "--explain").out
    assert "WITH candidate" in explained
    assert "Planning" in explained
    assert "Plan exact+keywords: the library is small, of " in explained
    assert "plan_cache_mode = force_custom_plan" in explained
    told = cli("search", "red", "--explain", "--json").json["explanation"]["statements"]
    assert f"Statements sent: {len(told)}; " in explained
    assert all(each["sql"] in explained for each in told)
    assert "Settings: none." in cli("search", "kind:still", "--explain").out
    assert "collection" in cli("search", "--fields").out
    assert len(cli("search", "--fields", "--json").json["fields"]) > 20
    sheet = tmp_path / "sheet.png"
    assert cli("search", "red", "--sheet", sheet).code == 0
    assert sheet.stat().st_size > 1000
    assert cli("search", "red", "--sheet", tmp_path / "no" / "folder.jpg").code == 2
    assert cli("search", "red", "--sheet", tmp_path / "sheet.nonsense").code == 2
    for limit in ("0", "-3", "100000", "many"):
        assert cli("search", "red", "--limit", limit).code == 2
        assert cli("jobs", "--limit", limit).code == 2
        assert cli("assets", "--limit", limit).code == 2


def test_sql_reads_and_cannot_write(cli, pictures: Path):
    cli("ingest", pictures)
    answer = cli("sql", "SELECT name, 1.5::float8 AS x FROM catalog.asset ORDER BY name", "--json")
    assert answer.json["columns"] == ["name", "x"]
    assert answer.json["rows"] == [["blue.png", 1.5], ["green.png", 1.5], ["red.png", 1.5]]
    assert cli("sql", "SELECT 'NaN'::float8, 'infinity'::float8", "--json").json["rows"] == [
        ["nan", "inf"]
    ]
    limited = cli("sql", "TABLE catalog.asset", "--json", "--limit", 2).json
    assert (len(limited["rows"]), limited["more"]) == (2, True)
    rows = list(csv.reader(io.StringIO(cli("sql", "SELECT 'a,\"b', NULL, 2", "--csv").out)))
    assert rows[1] == ['a,"b', "", "2"]
    assert "1 row." in cli("sql", "SELECT 1 AS one").out
    nearest = (
        "SELECT s.name FROM catalog.frames f JOIN catalog.shots s USING (clip_id)"
        " ORDER BY f.embedding <=> catalog.phrase('it''s red') LIMIT 1"
    )
    assert cli("sql", nearest, "--json").json["rows"] == [["red.png"]]
    for statement in (
        "INSERT INTO catalog.tag (name) VALUES ('x')",
        "UPDATE catalog.asset SET name = 'x'",
        "DELETE FROM catalog.asset",
        "DROP TABLE catalog.asset CASCADE",
        "SELECT 1; DELETE FROM catalog.asset",
        "COPY catalog.asset TO '/tmp/x'",
        "COPY catalog.asset TO PROGRAM 'cat'",
        "COPY catalog.asset TO STDOUT",
        "WITH gone AS (DELETE FROM catalog.asset RETURNING 1) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false),"
        " query_to_xml('DELETE FROM catalog.asset', true, true, '')",
        "SELECT set_config('role', 'postgres', false),"
        " query_to_xml('DELETE FROM catalog.asset', true, true, '')",
        "SET ROLE postgres",
        "SELECT * FROM catalog.token",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "CREATE TEMP TABLE x AS SELECT 1",
        "DO $$ BEGIN DELETE FROM catalog.asset; END $$",
        "SELECT nothing FROM nowhere",
        "SELEC 1",
        "",
        "/* only a comment */",
        "SELECT nextval('catalog.asset_id_seq')",
    ):
        answer = cli("sql", statement)
        assert answer.code == 2, statement
        assert answer.err.startswith("Error: The statement"), statement
    assert cli("sql", statement, "--json").json["error"]["code"] == "sql_refused"
    assert cli("stats", "--json").json["assets"] == 3
    for limit in ("0", "-1"):
        assert cli("sql", "SELECT 1", "--limit", limit).code == 2


def test_meta_pairs():
    assert parse_meta(["a=b", " c =d=e", "x="]) == {"a": "b", "c": "d=e", "x": ""}
    assert json.dumps(parse_meta([])) == "{}"


def test_roots_are_added_set_listed_and_removed(cli, pictures: Path):
    added = cli("root", "add", pictures, "--similarity", "2.5", "--json")
    assert (added.code, added.json["set"]) == (0, {"similarity": 2.5})
    assert "similarity 2.5" in cli("root", "list").out
    assert cli("root", "set", pictures, "--picture-edge", "7").code == 2
    again = cli("root", "set", pictures, "--unset", "similarity", "--min-shot", "1", "--json")
    assert again.json["set"] == {"min_shot": 1.0}
    cli("ingest", pictures)
    refused = cli("root", "remove", pictures)
    assert refused.code == 2
    assert "--assets keep" in refused.err
    assert cli("root", "remove", pictures, "--assets", "forget").code == 0
    assert cli("root", "list", "--json").json == {"roots": []}


def test_the_commands_of_the_sampling_page(cli, tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("catalog ")]
    assert len(lines) >= 5
    for folder in ("interviews", "sport"):
        (tmp_path / folder).mkdir()
    for line in lines:
        answer = cli(*shlex.split(line.replace("/media", str(tmp_path)))[1:])
        assert answer.code == 0, (line, answer.err)
