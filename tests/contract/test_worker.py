"""How does a model answer a project? As a worker of its own, through the door that people use."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.lab import PNG, Lab
from support.server import environment, steelyard, text_tasks

CALLABLE = """
import time

def label(shown):
    assert shown.instruction == "Say."
    if shown.blocks[-1]["type"] == "image":
        assert shown.image().size == (1, 1)
    return {"label": "cat" if shown.text.endswith(("0", "2", "4")) else "dog"}

def sometimes(shown):
    if shown.text.endswith("1"):
        return {"label": "fox"}
    if shown.text.endswith("2"):
        raise ValueError("no idea")
    return {"label": "cat"}

def slow(shown):
    time.sleep(0.05)
    return {"label": "cat"}

def wrong(shown):
    return {"label": "fox"}

not_callable = 3
"""
ESTIMATORS = """
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

text = make_pipeline(CountVectorizer(token_pattern=r"\\S+"), MultinomialNB())
text.fit(["animal t0", "animal t1"], ["cat", "dog"])
image = KNeighborsClassifier(1).fit(np.array([[0.0], [255.0]]), ["cat", "dog"])
"""


def work(
    lab: Lab, folder: Path, target: str, *options: str, provider: str, project: str, status: int = 0
) -> dict:
    key_file = folder / "key"
    key_file.write_text(lab.key("machine", provider) + "\n")
    arguments = [
        "provider",
        "run",
        target,
        "--project",
        project,
        "--url",
        lab.url,
        "--key-file",
        str(key_file),
    ]
    return steelyard(*arguments, "--json", *options, cwd=folder, status=status).json


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_model.py").write_text(CALLABLE)
    (tmp_path / "my_estimator.py").write_text(ESTIMATORS)
    return tmp_path


def test_a_callable_answers_a_project_until_it_is_empty(lab: Lab, folder: Path) -> None:
    slug, provider = lab.project(), lab.provider(kind="model")
    tasks = list(text_tasks(5))
    if importlib.util.find_spec("PIL") is not None:
        tasks[4]["content"] = {"blocks": [*tasks[4]["content"]["blocks"], {"type": "image", "url": PNG}]}
    lab.owner.create_tasks(slug, tasks)
    ran = work(
        lab, folder, "my_model:label", "--until-empty", "--batch", "3", provider=provider, project=slug
    )
    assert ran == {"answered": 5, "refused": 0, "failed": 0, "ended": "nothing"}
    answers = {j["external_id"]: j["answers"]["label"] for j in lab.judgments(slug)}
    assert answers == {"t0": "cat", "t1": "dog", "t2": "cat", "t3": "dog", "t4": "cat"}
    assert {j["provider"] for j in lab.judgments(slug)} == {provider}
    assert lab.owner.get(f"/api/providers/{provider}/exposure")["counts"]["tasks"] == 5


def test_a_fitted_estimator_answers_texts_and_images(sqlite_lab: Lab, folder: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    pytest.importorskip("PIL", reason="Pillow is not installed")
    lab, provider = sqlite_lab, sqlite_lab.provider(kind="model")
    texts, images = lab.work(2), lab.project()
    lab.owner.create_tasks(images, [{"content": {"blocks": [{"type": "image", "url": PNG}]}}])
    for target, slug in (("my_estimator:text", texts), ("my_estimator:image", images)):
        ran = work(lab, folder, target, "--until-empty", provider=provider, project=slug)
        assert ran["ended"] == "nothing"
    assert [j["answers"]["label"] for j in lab.judgments(texts)] == ["cat", "dog"]
    assert [j["answers"]["label"] in ("cat", "dog") for j in lab.judgments(images)] == [True]


def test_a_task_that_a_model_fails_on_goes_back_and_the_others_are_answered(lab: Lab, folder: Path) -> None:
    slug, provider = lab.work(4), lab.provider(kind="model")
    ran = work(lab, folder, "my_model:sometimes", "--until-empty", provider=provider, project=slug)
    assert ran == {"answered": 2, "refused": 0, "failed": 2, "ended": "nothing"}
    assert sorted(j["external_id"] for j in lab.judgments(slug)) == ["t0", "t3"]


def test_a_model_that_fails_on_everything_ends_its_worker(sqlite_lab: Lab, folder: Path) -> None:
    slug, provider = sqlite_lab.work(30), sqlite_lab.provider(kind="model")
    said = work(sqlite_lab, folder, "my_model:wrong", provider=provider, project=slug, status=2)
    assert "label" in said["error"]
    assert sqlite_lab.judgments(slug) == []


@pytest.mark.one_database
def test_a_worker_ends_when_its_provider_is_stopped(lab: Lab, folder: Path) -> None:
    slug, provider = lab.work(2000), lab.provider(kind="model")
    (folder / "key").write_text(lab.key("machine", provider))
    program = [sys.executable, "-c", "from steelyard.cli.main import app; app()"]
    arguments = ["provider", "run", "my_model:slow", "--project", slug, "--url", lab.url]
    process = subprocess.Popen(
        [*program, *arguments, "--key-file", str(folder / "key"), "--json"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 60
        while not lab.judgments(slug):
            assert time.monotonic() < end
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        lab.owner.patch(f"/api/providers/{provider}", {"status": "suspended"})
        answered = len(lab.judgments(slug))
        said, log = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, log
    assert '"ended": "stopped"' in said
    assert len(lab.judgments(slug)) == answered


def test_a_target_that_is_none_is_told(sqlite_lab: Lab, folder: Path) -> None:
    lab, slug = sqlite_lab, sqlite_lab.work(1)
    provider = lab.provider(kind="model")
    for target in ("my_model:nothing", "no_module:x", "justaword", "my_model:not_callable"):
        said = work(lab, folder, target, provider=provider, project=slug, status=2)
        assert target in said["error"]
    assert "may not" in str(
        work(lab, folder, "my_model:label", provider="in-house", project=slug, status=2)["error"]
    )
