"""Does the repository hold what its documents say, and nothing that belongs to one machine?

Lock files name no place to fetch from, the Makefile has the targets that others rely on, the table of folders
is true, and links between documents lead somewhere.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {
    ".git", ".venv", ".uv", "__pycache__", "node_modules", "dist", "static", "steelyard-data",
    ".steelyard-demo", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache",
}  # fmt: skip
TARGETS = (
    *("help", "setup", "check", "format", "test", "test-peers"),
    *("demo", "serve", "benchmark", "lock", "clean"),
)
LOCKS = ("runtime", "demo", "dev", "build", "uv")


def files(suffix: str = "") -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        yield from (Path(folder, name) for name in names if name.endswith(suffix))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))


def bare(requirement: str) -> str:
    """The normalised name at the start of a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def pins(lock: str) -> dict[str, set[str]]:
    """The pinned versions of each package; more than one where a marker decides."""
    out: dict[str, set[str]] = {}
    text = read(f"requirements/{lock}.txt")
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.M):
        out.setdefault(bare(name), set()).add(version)
    return out


# --- locked versions


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_place_to_fetch_from(lock: str) -> None:
    text = read(f"requirements/{lock}.txt")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", text, re.M)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_a_digest(lock: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", read(f"requirements/{lock}.txt"), flags=re.M)
    entries = [entry for entry in entries if entry.strip() and not entry.startswith("#")]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(("smaller", "larger"), [("runtime", "demo"), ("demo", "dev")])
def test_each_environment_holds_the_one_before_at_the_same_versions(smaller: str, larger: str) -> None:
    within = pins(larger)
    assert {name: versions for name, versions in pins(smaller).items() if within.get(name) != versions} == {}


def test_what_pyproject_asks_for_is_locked() -> None:
    declared = project()
    asked = {
        "runtime": declared["project"]["dependencies"],
        "demo": declared["project"]["optional-dependencies"]["demo"],
        "dev": declared["dependency-groups"]["dev"],
        "build": declared["build-system"]["requires"],
    }
    missing = {
        lock: sorted({bare(requirement) for requirement in requirements} - set(pins(lock)))
        for lock, requirements in asked.items()
    }
    assert missing == {lock: [] for lock in asked}


def test_the_workbench_lock_names_no_place_to_fetch_from() -> None:
    packages = json.loads(read("workbench/package-lock.json"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name and not entry.get("link")}
    assert [name for name, entry in fetched.items() if "://" in entry.get("resolved", "")] == []
    assert [name for name, entry in fetched.items() if "integrity" not in entry] == []


# --- make and continuous integration


def test_make_has_the_targets_that_others_rely_on_each_with_a_help_text() -> None:
    makefile = read("Makefile")
    told = dict(re.findall(r"^([a-z-]+):.*## (\S.*)$", makefile, re.M))
    assert [target for target in TARGETS if target not in told] == []
    declared = " ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.M)).split()
    assert [target for target in TARGETS if target not in declared] == []


def test_the_contributing_page_tells_of_every_target() -> None:
    page = read("CONTRIBUTING.md")
    assert [target for target in TARGETS if target != "help" and f"`make {target}`" not in page] == []


def test_continuous_integration_runs_the_checks_and_then_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    made = [line.split("<")[0].strip() for line in lines if line.startswith("make")]
    assert made == ["make check", "make test"]


# --- the table of folders


def folder_table() -> dict[str, str]:
    """Folder as written in the table -> what the last column says of it."""
    rows = re.findall(r"^\| `([\w./-]+/)` \|(.*)\|$", read("CONTRIBUTING.md"), re.M)
    return {folder: rest.split("|")[-1].strip() for folder, rest in rows}


def rooms() -> set[str]:
    """The parts of the package: those that the import rule knows and those that are there."""
    declared: set[str] = set()
    for rule in project()["tool"]["importlinter"]["contracts"]:
        for layer in rule.get("layers", []) + (rule.get("source_modules", [])):
            declared.update(part.strip().removeprefix("steelyard.") for part in layer.split("|"))
    declared.discard("wiring")
    package = ROOT / "src" / "steelyard"
    return declared | {path.name for path in package.iterdir() if path.is_dir() and path.name not in NOT_OURS}


def test_every_room_of_the_house_is_in_the_table() -> None:
    table = folder_table()
    assert sorted(room for room in rooms() if f"src/steelyard/{room}/" not in table) == []


def test_the_table_says_truly_which_rooms_are_empty() -> None:
    table = folder_table()
    wrong = {}
    for room in sorted(rooms()):
        modules = [path for path in (ROOT / "src/steelyard" / room).rglob("*.py") if path.stat().st_size]
        inhabited = any(path.name != "__init__.py" for path in modules)
        said = table[f"src/steelyard/{room}/"]
        if inhabited == (said == "empty"):
            wrong[room] = said
    assert wrong == {}


def test_every_folder_of_tests_is_in_the_table() -> None:
    table = folder_table()
    tests = ROOT / "tests"
    there = {f"tests/{path.relative_to(tests).parts[0]}/" for path in tests.glob("*/**/test_*.py")}
    assert sorted(there - set(table)) == []


def test_every_folder_at_the_top_is_in_the_table() -> None:
    table = folder_table()
    told = {folder.split("/")[0] for folder in table}
    tops = {path.relative_to(ROOT).parts[0] for path in files() if path.parent != ROOT}
    assert sorted(top for top in tops - told if not top.startswith(".")) == []


# --- documents


def prose(page: Path) -> str:
    """The page without its code."""
    text = re.sub(r"^(```|~~~).*?^\1\s*$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in files(".md"):
        for target in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", prose(page)):
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            path, _, fragment = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            inside = there.is_relative_to(ROOT) and there.exists()
            if not inside or (fragment and there.suffix == ".md" and fragment not in anchors(there)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_decision_is_numbered_dated_and_in_the_index() -> None:
    pages = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    index = read("docs/adr/README.md")
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {page.name[:4]}: "), page.name
        assert re.match(r"\d{4}-\d\d-\d\d · (accepted|superseded by \[\d{4}\])", lines[2]), page.name
        assert f"[{page.name[:4]}]({page.name})" in index, page.name


def test_the_changelog_tells_of_the_version_that_is_being_made() -> None:
    assert f"\n## [{project()['project']['version']}]" in read("CHANGELOG.md")


def test_the_licence_is_the_one_that_the_package_declares() -> None:
    assert project()["project"]["license"] == "Apache-2.0"
    licence = read("LICENSE")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


# --- nothing of one machine


def test_no_file_names_a_place_on_one_machine_or_an_address_of_a_registry() -> None:
    # Put together here, so that this file does not find itself.
    places = [f"/{top}/{below}" for top, below in [("work", "main"), ("work", "shared"), ("tmp", "clone")]]
    places += [f"/{'root'}/", f"/{'Users'}/", "/".join(["pypi.org", "simple"])]
    places += [".".join(["registry", "npmjs"]), ".".join(["files", "pythonhosted"])]
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {place}" for place in places if place in text]
    assert found == []
