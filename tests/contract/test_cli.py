"""How do commands end, and what do they print? Statuses 0, 1, 2, 3, and with --json one object on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.lab import Lab
from support.server import CATS, Server, steelyard, text_tasks

LABELS = "task,worker,label\n1,a,x\n1,b,y\n1,c,x\n2,a,y\n2,b,y\n2,c,y\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the owner's key, made by the first command that writes."""
    data = tmp_path_factory.mktemp("commands") / "data"
    ran = steelyard("key", "create", "--role", "owner", "--data", data, status=0, anew=True)
    (data.parent / "owner.key").write_text(ran.stdout)
    return data


def test_key_create_initialises_an_empty_folder_and_prints_the_key_alone(folder: Path) -> None:
    key = (folder.parent / "owner.key").read_text()
    assert key.startswith("live_")
    assert key.count("\n") == 1
    assert key.strip().isprintable()
    assert (folder / "steelyard.db").is_file()
    made = steelyard(
        "key", "create", "--role", "annotator", "--mode", "test", "--json", "--data", folder, status=0
    )
    assert made.json.keys() == {"id", "key"}
    assert made.json["key"].startswith("test_")
    listed = steelyard("key", "list", "--json", "--data", folder, status=0, anew=True)
    assert made.json["key"] not in listed.stdout
    assert made.json["id"] in [row["id"] for row in listed.json["items"]]
    revoked = steelyard("key", "revoke", made.json["id"], "--json", "--data", folder, status=0)
    assert revoked.json == {"revoked": made.json["id"]}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["provider", "show", "nosuch"], 2, "nosuch"),
        (["provider", "suspend", "nosuch"], 2, "nosuch"),
        (["exit", "nosuch"], 2, "nosuch"),
        (["exit", "in-house", "--execute"], 2, "cannot be left"),
        (["provider", "add", "X", "--interest", "bad"], 2, "ORGANISATION=SHARE"),
        (["provider", "add", "X", "--config", "{"], 2, "JSON"),
        (["provider", "add", "X", "--kind", "telepathy"], 2, "kind"),
        (["provider", "add", "X", "--price", "much"], 2, "price"),
        (["key", "create", "--role", "king"], 2, "king"),
        (["key", "create", "--role", "owner", "--provider", "nosuch"], 2, "nosuch"),
        (["key", "revoke", "0" * 24], 2, "no such key"),
        (["nosuch"], 2, "nosuch"),
        (["release", "build", "nosuch"], 2, "nosuch"),
        (["import", "/no/such/file", "--project", "p"], 2, "/no/such/file"),
        (
            ["provider", "run", "json:nosuch", "--project", "p", "--key-file", "/no/such/key"],
            2,
            "/no/such/key",
        ),
        (["provider", "list", "--database-url", "garbage"], 3, "postgresql://"),
        (["provider", "list", "--data", "/proc/nothing"], 3, "/proc/nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_command_that_cannot_says_why_in_json_too(
    folder: Path, arguments: list[str], status: int, said: str
) -> None:
    data = [] if "--data" in arguments or arguments[:2] == ["provider", "run"] else ["--data", str(folder)]
    ran = steelyard(*arguments, *data, "--json", status=status)
    assert set(ran.json) >= {"error"}
    assert said in str(ran.json["error"])
    assert said in " ".join(ran.stderr.split()) or said in ran.stderr.replace("\n", "")
    assert "Traceback" not in ran.stderr


def test_a_worker_whose_server_is_gone_could_not_be_judged(folder: Path) -> None:
    more = {"STEELYARD_KEY": "live_x"}
    arguments = ["provider", "run", "json:dumps", "--project", "p", "--url", "http://127.0.0.1:9", "--json"]
    ran = steelyard(*arguments, status=3, more=more)
    assert "127.0.0.1:9" in ran.json["error"]


def test_a_setting_in_the_environment_that_is_wrong_is_named(folder: Path) -> None:
    ran = steelyard("provider", "list", "--json", "--data", folder, more={"STEELYARD_PORT": "x"}, status=2)
    assert "STEELYARD_PORT" in ran.json["error"]


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "steelyard.db").write_text("not a database, and precious")
    ran = steelyard("provider", "list", "--json", "--data", tmp_path, status=3)
    assert "not a database" in ran.json["error"]
    assert (tmp_path / "steelyard.db").read_text() == "not a database, and precious"


def test_a_provider_is_added_changed_stopped_and_resumed(folder: Path) -> None:
    at = ["--json", "--data", folder]
    added = steelyard(
        "provider", "add", "Acme [1]", "--price", "0.05", "--interest", "Fund=0.2", *at, status=0
    ).json
    assert (added["slug"], added["price"], added["status"]) == ("acme-1", "0.05", "active")
    assert added["interests"] == [{"organisation": "Fund", "share": 0.2, "since": None}]
    assert steelyard("provider", "suspend", "acme-1", *at, status=0).json["status"] == "suspended"
    assert steelyard("provider", "resume", "acme-1", *at, status=0).json["status"] == "active"
    changed = steelyard("provider", "update", "acme-1", "--no-interests", "--price", "1", *at, status=0).json
    assert (changed["interests"], changed["price"]) == ([], "1.00")
    shown = steelyard("provider", "show", "acme-1", "--data", folder, status=0)
    assert "Acme [1]" in shown.stdout
    plan = steelyard("exit", "acme-1", *at, status=0).json
    assert plan["judgments"] == 0
    assert steelyard("provider", "show", "acme-1", *at, status=0).json["status"] == "active"
    done = steelyard("exit", "acme-1", "--execute", *at, status=0).json
    assert [step["state"] for step in done["steps"]] == ["done"] * len(done["steps"])


def test_a_stake_is_recorded_beside_the_others(folder: Path) -> None:
    steelyard("provider", "add", "Orchard", "--owner", "Holding", "--data", folder, "--json", status=0)
    for given in ("Rival A=0.2", "Rival B=0.3", "rival a=0.25"):
        ran = steelyard(
            "provider", "update", "orchard", "--interest", given, "--data", folder, "--json", status=0
        )
    shares = {i["organisation"]: i["share"] for i in ran.json["interests"]}
    assert shares == {"Holding": 1.0, "Rival A": 0.25, "Rival B": 0.3}
    cleared = steelyard(
        "provider", "update", "orchard", "--no-interests", "--data", folder, "--json", status=0
    )
    assert cleared.json["interests"] == []


def test_an_import_with_wrong_rows_ends_with_1_and_names_row_and_field(
    sqlite_lab: Lab, tmp_path: Path
) -> None:
    slug = sqlite_lab.project()
    file = tmp_path / "tasks.jsonl"
    rows = [json.dumps(t) for t in text_tasks(4)]
    rows[1] = "{broken"
    rows[2] = '{"content": {"blocks": [{"type": "text", "text": "x"}]}, "priority": "high"}'
    file.write_text("\n".join(rows))
    ran = sqlite_lab.server.command("import", file, "--project", slug, status=1)
    assert "line 2: is not JSON" in ran.stderr
    assert "line 3 /priority" in ran.stderr
    told = sqlite_lab.server.command("import", file, "--project", slug, "--json", status=1).json
    assert told["counts"] == {"new": 0, "same": 2, "changed": 0, "wrong": 2}
    assert [(e["row"], e["pointer"]) for e in told["errors"]] == [(1, ""), (2, "/priority")]
    table = tmp_path / "tasks.csv"
    table.write_text("external_id,text\nt9,new\nt9,other\nt0,animal t0\n")
    looked = sqlite_lab.server.command(
        "import", table, "--project", slug, "--dry-run", "--json", status=1
    ).json
    assert looked["counts"] == {"new": 1, "same": 1, "changed": 1, "wrong": 0}
    assert [(e["line"], e["code"]) for e in looked["errors"]] == [(3, "changed")]
    file.write_text(json.dumps(text_tasks(4)))  # a JSON array, this time all right
    assert sqlite_lab.server.command("import", file, "--project", slug, "--json").json["counts"]["new"] == 2
    sqlite_lab.server.command("import", file, "--project", "nosuch", status=2)
    file.write_text("[" * 100_000)
    assert "Traceback" not in sqlite_lab.server.command("import", file, "--project", slug, status=2).stderr


def test_aggregate_infers_from_a_small_file(tmp_path: Path) -> None:
    labels, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    labels.write_text(LABELS)
    ran = steelyard("aggregate", labels, "--json", "--out", out, status=0)
    assert (ran.json["tasks"], ran.json["labels"], ran.json["annotators"]) == (2, 6, 3)
    lines = out.read_text().splitlines()
    assert lines[0].replace('"', "") == "task,label,confidence,answers"
    assert [line.replace('"', "").split(",")[:2] for line in lines[1:]] == [["1", "x"], ["2", "y"]]
    assert steelyard("agreement", labels, "--json", status=0).json["tasks"] == 2
    assert "error" in steelyard("aggregate", tmp_path / "none.csv", "--json", status=2).json
    labels.write_text("task,label\n1,x\n")
    assert "annotator" in steelyard("aggregate", labels, "--json", status=2).json["error"]
    labels.write_text("task,worker,label\n")
    assert "no rows" in steelyard("aggregate", labels, "--json", status=3, anew=True).json["error"]


def test_serve_prints_its_url_and_a_link_on_an_empty_folder_only(tmp_path: Path) -> None:
    with Server(tmp_path / "data", anew=True) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.sign_in is not None
        key = server.make_key("owner")
        second = steelyard("serve", "--json", "--port", "0", *server.placed, status=2, anew=True)
        assert "looked after by process" in second.json["error"]
        taken = steelyard(
            "serve", "--json", "--port", str(server.port), "--data", tmp_path / "other", status=3
        )
        assert str(server.port) in taken.json["error"]
        # A command beside the server writes, and the server obeys it at once.
        client = server.client(key)
        client.post("/api/projects", {"name": "P", "form": CATS})
        server.command("provider", "add", "Beside")
        assert client.get("/api/providers/beside")["status"] == "active"
        assert server.stop() == 0
        server.start()
        assert server.sign_in is None
        assert "Traceback" not in server.log()


def test_the_server_starts_without_what_only_heavy_work_and_other_commands_need() -> None:
    not_needed = [
        "numpy",
        "pyarrow",
        "numba",
        "cryptography",
        "steelyard.cli.aggregate",
        "steelyard.cli.exits",
    ]
    code = (
        "import sys, steelyard.cli.main, steelyard.cli.server, steelyard.http.app; "
        f"print([m for m in {not_needed} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
