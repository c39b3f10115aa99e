"""With which words and which status do the release commands end?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from unit.releases.release_state import pets

from steelyard.cli.release import release_app
from steelyard.wiring import open_installation


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with open_installation(folder) as here:
        pets(here.database, folder, in_house=False)
    return folder


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(release_app, [str(word) for word in words], catch_exceptions=False)


def test_build_verify_and_list(home: Path, tmp_path: Path) -> None:
    built = run(
        "build", "pets", "--data", home, "--out", tmp_path / "out", "--without", "Acme Labels", "--json"
    )
    assert built.exit_code == 0
    said = json.loads(built.stdout)
    assert (said["version"], said["providers"]) == (1, ["borealis", "in-house"])
    found = run("verify", tmp_path / "out", "--refit")
    assert found.exit_code == 0
    assert "not pinned" in found.stdout
    assert "refitted" in found.stdout
    public = home / "keys" / "release-ed25519.pub.pem"
    pinned = run("verify", tmp_path / "out", "--public-key", public, "--json")
    assert json.loads(pinned.stdout)["pinned"] is True
    listed = json.loads(run("list", "pets", "--data", home, "--json").stdout)["items"]
    assert [(r["version"], r["without"], r["digest"]) for r in listed] == [
        (1, ["Acme Labels"], said["digest"])
    ]


def test_a_release_that_does_not_hold_ends_with_1_and_a_sentence_a_problem(
    home: Path, tmp_path: Path
) -> None:
    run("build", "pets", "--data", home, "--out", tmp_path / "out")
    (tmp_path / "out" / "stray").write_text("x")
    found = run("verify", tmp_path / "out")
    assert (found.exit_code, found.stdout) == (1, "stray is not listed in the manifest.\n")
    (tmp_path / "out" / "manifest.json").unlink()
    found = run("verify", tmp_path / "out", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["ok"] is False


def test_wrong_use_ends_with_2(home: Path, tmp_path: Path) -> None:
    assert run("verify", tmp_path / "nowhere").exit_code == 2
    assert run("verify", tmp_path, "--public-key", tmp_path / "nowhere").exit_code == 2
    (tmp_path / "key").write_text("no key")
    assert run("verify", tmp_path, "--public-key", tmp_path / "key").exit_code == 2
    assert run("build", "nope", "--data", home).exit_code == 2
    assert run("build", "pets", "--data", home, "--without", "Nobody").exit_code == 2
    assert run("build", "pets", "--data", home, "--out", tmp_path).exit_code == 2
    said = json.loads(run("build", "nope", "--data", home, "--json").stdout)
    assert said["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ("compose.write_consensus", None),
        ("compose.write_synced", None),
        ("build.put_in_place", None),
        ("build._record", "v1"),
    ],
)
def test_a_build_that_is_killed_leaves_a_whole_release_or_none(
    tmp_path: Path, where: str, left: str | None
) -> None:
    with open_installation(tmp_path) as here:
        pets(here.database, tmp_path, tasks=4, in_house=False)
    module, name = where.split(".")
    code = (
        "import os, signal, sys; from steelyard.cli.release import release_app;"
        f"import steelyard.releases.{module} as module;"
        f"module.{name} = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        f"release_app(['build', 'pets', '--data', {str(tmp_path)!r}])"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    releases = tmp_path / "releases"
    assert json.loads(run("list", "pets", "--data", tmp_path, "--json").stdout)["items"] == []
    assert (releases / "pets-v1").exists() == (left is not None)
    if left is not None:
        assert run("verify", releases / "pets-v1", "--refit").exit_code == 0
    assert run("build", "pets", "--data", tmp_path).exit_code == 0
    assert run("verify", releases / "pets-v1", "--refit").exit_code == 0
    assert [path.name for path in releases.iterdir() if path.is_dir()] == ["pets-v1"]
