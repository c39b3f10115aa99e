"""What would be true without somebody? The same as a release without them says, and as plain counting finds."""

from __future__ import annotations

import json
import math
import random
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from unit.releases.release_state import START, State
from unit.releases.release_state import pets as usual_past

from steelyard.providers.inference import work_out
from steelyard.releases.build import Built
from steelyard.store import tables as t
from steelyard.store.database import Database
from steelyard.work.columns import read_columns
from steelyard.work.standing import changed

KINDS = {
    "questions": [
        {"name": "label", "kind": "choice", "options": ["cat", "dog", "bird"]},
        {"name": "seen", "kind": "choices", "options": ["tail", "fur", "wing"], "required": False},
        {"name": "score", "kind": "rating", "required": False},
        {"name": "weight", "kind": "number", "tolerance": 0.5, "required": False},
        {"name": "words", "kind": "text", "required": False},
    ]
}

COPIED = 20  # tasks of the usual past whose words only Borealis wrote


def pets(database: Database, folder: Path, **more: Any) -> State:
    state = usual_past(database, folder, **more)
    database.write(install)
    return state


def install(tx: Any) -> None:
    tx.execute(
        sa.insert(t.installation).values(
            id=1, public_id=secrets.token_hex(12), currency="USD", eligibility_version=1, created_at=START
        )
    )


def figures(state: State, **more: Any) -> dict[str, Any]:
    return state.database.read(
        lambda tx: work_out(tx, state.project, read_columns(tx, state.project), **more)
    )


def without(state: State, found: dict[str, Any], *slugs: str) -> dict[str, Any]:
    keys = sorted(state.providers[slug] for slug in slugs)
    if len(keys) == 1:
        return found["providers"][str(keys[0])]
    (group,) = [g for g in found["sets"] if g["providers"] == keys]
    return group


def lost(state: State, slug: str) -> int:
    return without(state, figures(state), slug)["without"]["tasks_lost"]


def rows(built: Built) -> dict[str, tuple[dict[str, Any], float]]:
    """Answers and confidence of every task of a release that has a value."""
    manifest = json.loads((built.path / "manifest.json").read_bytes())
    paths = [f["path"] for f in manifest["files"] if f["kind"] == "consensus"]
    tables = [pq.read_table(built.path / path) for path in paths]
    every = pa.concat_tables(tables, promote_options="default").to_pylist() if tables else []
    return {r["task"]: (json.loads(r["answers"]), r["confidence"]) for r in every if r["answers"] != "{}"}


def mean(values: Any) -> float | None:
    values = list(values)
    return round(math.fsum(values) / len(values), 6) if values else None


def agrees_with_releases(state: State, tmp_path: Path, *slugs: str) -> dict[str, Any]:
    """Asserts that the figures are those of a release and of the same one without these providers."""
    number = len(list(tmp_path.glob("release-*")))
    before = rows(state.build(tmp_path / f"release-{number}"))
    after = rows(state.build(tmp_path / f"release-{number + 1}", *slugs))
    found = without(state, figures(state), *slugs)["without"]
    assert found["tasks"] == len(before)
    assert found["tasks_lost"] == len(before.keys() - after.keys())
    assert found["values_changed"] == sum(differ(before[k][0], after[k][0]) for k in after)
    assert found["confidence_before"] == pytest.approx(mean(c for _, c in before.values()), abs=2e-6)
    assert found["confidence_after"] == pytest.approx(mean(c for _, c in after.values()), abs=2e-6)
    return found


def differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """A number within its tolerance of another is the same."""
    a, b = one.get("weight"), other.get("weight")
    same = (a is None) == (b is None) and (a is None or abs(a - b) <= 0.5)
    rest = [{k: v for k, v in side.items() if k != "weight"} for side in (one, other)]
    return rest[0] != rest[1] or not same


@pytest.fixture
def state(database: Database, tmp_path: Path) -> State:
    return pets(database, tmp_path / "home")


@pytest.mark.one_database
@pytest.mark.parametrize("policy", [{}, {"derivatives": "keep"}])
@pytest.mark.parametrize("slug", ["acme-labels", "borealis"])
def test_it_is_what_a_release_without_the_provider_says(
    database: Database, tmp_path: Path, slug: str, policy: dict[str, Any]
) -> None:
    found = agrees_with_releases(pets(database, tmp_path / "home", **policy), tmp_path, slug)
    assert found["tasks_lost"] or slug == "borealis"


def test_it_is_what_a_release_says_for_every_kind_of_question(database: Database, tmp_path: Path) -> None:
    """Dozens of answers by annotators who differ in skill, some of them anonymous, to five kinds of questions."""
    state = State(database, tmp_path / "home")
    database.write(install)
    state.form = state.add_form(KINDS)
    state.add_project()
    for name, slug in (("In-house", "in-house"), ("Acme", "acme-labels"), ("Borealis", "borealis")):
        state.add_provider(name, slug)
    crowd = [("ann", "in-house"), ("amy", "acme-labels"), ("abe", "acme-labels"), ("bea", "borealis")]
    for name, slug in crowd:
        state.add_annotator(name, slug)
    state.add_annotator("nobody", "borealis", anonymous=True)

    def fill(tx) -> None:
        state.tx = tx
        for number in range(60):
            task = state.add_task(None, f"picture {number}")
            for place, name in enumerate(["ann", "amy", "abe", "bea", "nobody"]):
                if (number + place) % 4 == 0:
                    continue
                off = (number * 7 + place * 13) % (3 + place) == 0
                answers: dict[str, Any] = {
                    "label": ["cat", "dog", "bird"][(number + off) % 3],
                    "seen": [["tail", "fur"], ["fur"], []][(number + off) % 3],
                    "score": 1 + (number + 2 * off) % 5,
                    "weight": number % 9 + place / 10 + 3 * off,
                }
                if number % 3 == 0:
                    answers["words"] = (
                        f"a {['small', 'big', 'small'][(place + off) % 3]} one, number {number}"
                    )
                if number % 11 == place:
                    answers = {"not_applicable": True}
                state.judge(task, name, answers, at=START + number)

    database.write(fill)
    state.tx = None
    found = agrees_with_releases(state, tmp_path, "acme-labels")
    assert found["values_changed"] > 5
    agrees_with_releases(state, tmp_path, "borealis")


@pytest.mark.one_database
def test_a_task_whose_value_was_a_fix_of_the_providers_answer_is_lost(state: State, tmp_path: Path) -> None:
    before = agrees_with_releases(state, tmp_path, "acme-labels")
    wrong = state.judge(state.add_task("fixed too", "?"), "abe", {"label": "dog"})
    task = database_task(state, wrong)
    state.judge(task, "ann", {"label": "cat"})
    state.judge(task, "bea", {"label": "bird"}, based_on=wrong, at=START + 5)
    after = agrees_with_releases(state, tmp_path, "acme-labels")
    assert after["tasks_lost"] == before["tasks_lost"] + 1
    # Whoever made the fix takes it along too, and with it the task.
    assert lost(state, "borealis") == COPIED + 1
    agrees_with_releases(state, tmp_path, "borealis")


def test_a_fix_of_a_fix_rests_on_both(state: State, tmp_path: Path) -> None:
    task = state.add_task("fixed twice", "?")
    first = state.judge(task, "amy", {"label": "dog"})
    state.judge(task, "ann", {"label": "cat"})
    second = state.judge(task, "bea", {"label": "cat"}, based_on=first, at=START + 1)
    state.judge(task, "bob", {"label": "bird"}, based_on=second, at=START + 2)
    assert lost(state, "borealis") == COPIED + 1
    agrees_with_releases(state, tmp_path, "borealis")
    agrees_with_releases(state, tmp_path, "acme-labels")


@pytest.mark.one_database
def test_a_fix_whose_ground_was_withdrawn_is_no_value_with_or_without_anybody(
    state: State, tmp_path: Path
) -> None:
    task = state.add_task("shaky", "?")
    ground = state.judge(task, "amy", {"label": "dog"})
    state.judge(task, "bob", {"label": "cat"}, based_on=ground)
    state.judge(task, "bea", {"label": "bird"})
    with_it = agrees_with_releases(state, tmp_path, "borealis")
    state.withdraw(ground)
    assert agrees_with_releases(state, tmp_path, "borealis")["tasks"] == with_it["tasks"] - 1


@pytest.mark.one_database
def test_answers_given_with_a_suggestion_on_the_screen_go_with_whose_it_was(
    state: State, tmp_path: Path
) -> None:
    task = state.add_task("suggested", "?")
    given = state.judge(task, "ann", {"label": "dog"})
    suggested_by(state, given, "borealis")
    assert lost(state, "borealis") == COPIED + 1
    agrees_with_releases(state, tmp_path, "borealis")
    # One who only ever suggested is concerned as well.
    state.add_provider("Whisper", "whisper")
    state.database.write(changed)
    other = state.judge(state.add_task("whispered", "?"), "ann", {"label": "dog"})
    suggested_by(state, other, "whisper")
    assert agrees_with_releases(state, tmp_path, "whisper")["tasks_lost"] == 1


@pytest.mark.one_database
def test_kept_derivatives_stay(database: Database, tmp_path: Path) -> None:
    state = pets(database, tmp_path / "home", derivatives="keep")
    given = state.judge(state.add_task("suggested", "?"), "ann", {"label": "dog"})
    suggested_by(state, given, "borealis")
    assert agrees_with_releases(state, tmp_path, "borealis")["tasks_lost"] == 0


def test_gold_and_cancelled_tasks_are_in_no_figure(state: State, tmp_path: Path) -> None:
    before = figures(state)["tasks"]
    cancelled = state.add_task("cancelled", "?", status="cancelled")
    state.judge(cancelled, "bea", {"label": "dog"})
    assert figures(state)["tasks"] == before
    agrees_with_releases(state, tmp_path, "borealis")


@pytest.mark.one_database
def test_providers_behind_one_organisation_are_left_out_together(state: State, tmp_path: Path) -> None:
    holder = state.insert(t.organisation, name="Holding", created_at=START)
    for slug, share in (("acme-labels", 1_000_000), ("borealis", 50_000)):
        state.insert(
            t.interest, holder_id=holder, provider_id=state.providers[slug], share=share, recorded_at=START
        )
    found = agrees_with_releases(state, tmp_path, "acme-labels", "borealis")
    assert found["tasks_lost"] > without(state, figures(state), "acme-labels")["without"]["tasks_lost"] - 1


# --- against plain counting ---------------------------------------------------------------------------------


@pytest.mark.one_database
def test_lost_alone_and_missing_are_what_plain_counting_finds(state: State) -> None:
    found = figures(state)
    answers = state.database.read(
        lambda tx: tx.rows(
            sa.select(t.judgment.c.task_id, t.provider.c.slug, t.judgment.c.based_on, t.content.c.provider_id)
            .join(t.provider, t.provider.c.id == t.judgment.c.provider_id)
            .join(t.task, t.task.c.id == t.judgment.c.task_id)
            .join(t.content, t.content.c.id == t.task.c.content_id)
            .where(t.judgment.c.current, t.task.c.gold.is_(None))
        )
    )
    for slug in ("in-house", "acme-labels", "borealis"):
        mine = {a.task_id for a in answers if a.slug == slug}
        others = {a.task_id for a in answers if a.slug != slug}
        counts = without(state, found, slug)
        assert (counts["answered"], counts["alone"]) == (len(mine), len(mine - others))
        # One answer is wanted of each task; one whose value is a fix that stays lacks nothing.
        votes = Counter(a.task_id for a in answers if a.based_on is None)
        left = votes - Counter(a.task_id for a in answers if a.slug == slug and a.based_on is None)
        lacking = {task for task in votes if not left[task]}
        if slug == "acme-labels":
            lacking -= {a.task_id for a in answers if a.provider_id == state.providers[slug]}
        assert counts["missing"] == len(lacking)


@pytest.mark.one_database
def test_few_tasks_are_counted_as_votes(database: Database, tmp_path: Path) -> None:
    """Too few for a fit, so the truth is a vote that anybody can count by hand."""
    state = pets(database, tmp_path / "home", tasks=9)
    found = without(state, figures(state), "acme-labels")["without"]
    said = state.database.read(
        lambda tx: tx.rows(
            sa.select(t.judgment.c.task_id, t.judgment.c.provider_id, t.judgment_payload.c.answers)
            .join(t.judgment_payload, t.judgment_payload.c.judgment_id == t.judgment.c.id)
            .join(t.task, t.task.c.id == t.judgment.c.task_id)
            .where(t.judgment.c.based_on.is_(None), t.task.c.gold.is_(None), t.task.c.external_id.like("%-%"))
        )
    )
    acme = state.providers["acme-labels"]
    everybody = by_task([(r.task_id, r.answers["label"]) for r in said])
    others = by_task([(r.task_id, r.answers["label"]) for r in said if r.provider_id != acme])
    common = Counter(r.answers["label"] for r in said)
    common_of_others = Counter(r.answers["label"] for r in said if r.provider_id != acme)
    moved = {
        task
        for task in others
        if majority(everybody[task], common) != majority(others[task], common_of_others)
    }
    score_moved = found["values_changed"]  # the rating moves wherever acme gave one
    assert moved <= {task for task, labels in everybody.items() if len(set(labels)) > 1}
    assert len(moved) <= score_moved <= len(others) + 1


def by_task(pairs: list[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for task, label in pairs:
        found.setdefault(task, []).append(label)
    return found


def majority(labels: list[str], common: Counter[str]) -> str:
    counts = Counter(labels)
    return min(
        counts, key=lambda label: (-counts[label], -common[label], ["cat", "dog", "bird"].index(label))
    )


# --- against plain Python over lists of answers ---------------------------------------------------------------

Answer = tuple[int, str, str, str]  # task, annotator, provider, label
CROWD = {"ann": ("in-house", 0.9), "bob": ("in-house", 0.75), "amy": ("acme-labels", 0.85),
         "abe": ("acme-labels", 0.55), "bea": ("borealis", 0.8), "ben": ("borealis", 0.3)}  # fmt: skip
ANSWERS, MOST, TARGET, WANTED = 2, 4, 0.8, 3


@pytest.fixture
def simulated(database: Database, tmp_path: Path) -> tuple[State, list[Answer]]:
    """A hundred and fifty tasks, each answered by some of six annotators of whom we know how good they are."""
    rng = random.Random(11)
    state = State(database, tmp_path / "home")
    database.write(install)
    state.add_project(answers=ANSWERS, max_answers=MOST, target_confidence=TARGET)
    for slug in ("in-house", "acme-labels", "borealis"):
        state.add_provider(slug.title(), slug)
    for name, (slug, _) in CROWD.items():
        state.add_annotator(name, slug)
    given: list[Answer] = []

    def fill(tx: Any) -> None:
        state.tx = tx
        for number in range(150):
            task = state.add_task(None, f"picture {number}")
            truth = rng.choice(["cat", "dog", "bird"])
            for name in rng.sample(sorted(CROWD), rng.choice([1, 2, 2, 3, 4])):
                slug, skill = CROWD[name]
                wrong = [label for label in ("cat", "dog", "bird") if label != truth]
                label = truth if rng.random() < skill else rng.choice(wrong)
                state.judge(task, name, {"label": label})
                given.append((task, name, slug, label))
        tx.execute(sa.update(t.task).values(wanted=WANTED))

    database.write(fill)
    state.tx = None
    return state, given


def plainly(given: list[Answer]) -> tuple[dict[int, tuple[str, float]], dict[str, float]]:
    """Value and confidence of each task, and accuracy of each annotator, by an aggregation of lists."""
    from steelyard.truth import aggregate

    found = aggregate([a[0] for a in given], [a[1] for a in given], [a[3] for a in given])
    values = zip(found.labels.tolist(), found.confidence.tolist(), strict=True)
    skills = {row["annotator"]: row["accuracy"] for row in found.annotators}
    return dict(zip(found.tasks.tolist(), values, strict=True)), skills


@pytest.mark.one_database
@pytest.mark.parametrize("slug", ["in-house", "acme-labels", "borealis"])
def test_every_figure_is_what_plain_python_finds(simulated: tuple[State, list[Answer]], slug: str) -> None:
    state, given = simulated
    found = without(state, figures(state), slug)
    before, _ = plainly(given)
    after, _ = plainly([a for a in given if a[2] != slug])
    votes = Counter(a[0] for a in given)
    mine = Counter(a[0] for a in given if a[2] == slug)
    below = missing = extra = 0
    for task, (_, sure) in before.items():
        left = votes[task] - mine[task]
        usual = min(WANTED, ANSWERS)
        lacks = max(0, usual - left - max(0, WANTED - votes[task])) if mine[task] else 0
        missing += lacks
        if task in after:
            unsure = sure >= TARGET > after[task][1]
            below += unsure or votes[task] >= usual > left
            extra += min(mine[task] - lacks, max(0, MOST - left - lacks)) if unsure else 0
    assert found["without"] == {
        "tasks": len(before),
        "values_changed": sum(after[task][0] != before[task][0] for task in after),
        "tasks_lost": len(before) - len(after),
        "below_target": below,
        "confidence_before": pytest.approx(mean(c for _, c in before.values()), abs=2e-6),
        "confidence_after": pytest.approx(mean(c for _, c in after.values()), abs=2e-6),
    }
    assert (found["missing"], found["extra"]) == (missing, extra)
    assert min(below, missing, extra, len(before) - len(after)) > 0, "each of them has been tried"


@pytest.mark.one_database
def test_the_weight_of_consensus_is_what_plain_python_finds(simulated: tuple[State, list[Answer]]) -> None:
    state, given = simulated
    truth, skill = plainly(given)
    known = [a for a in skill.values() if a is not None]
    weight: Counter[str] = Counter()
    for task, (value, _) in truth.items():
        supporters = [(name, slug) for where, name, slug, label in given if where == task and label == value]
        alike = not supporters  # of a value that none of the few gave: they carry it alike
        if alike:
            supporters = [(name, slug) for where, name, slug, _ in given if where == task]
        worth = []
        for name, _ in supporters:
            accuracy = skill[name] if skill[name] is not None else sum(known) / len(known)
            accuracy = min(max(accuracy, 0.01), 0.99)
            worth.append(
                max(0.0, math.log(2 * accuracy / (1 - accuracy)))
            )  # against a guess at three options
        if alike or not sum(worth):
            worth = [1.0] * len(supporters)
        for (_, slug), w in zip(supporters, worth, strict=True):
            weight[slug] += w / sum(worth) / len(truth)
    found = figures(state)["weight"]
    assert math.fsum(found.values()) == pytest.approx(1, abs=1e-6)
    for slug, expected in weight.items():
        assert found[str(state.providers[slug])] == pytest.approx(expected, abs=1e-6)


@pytest.mark.one_database
def test_a_fix_carries_all_the_weight_of_its_task(database: Database, tmp_path: Path) -> None:
    state = State(database, tmp_path / "home")
    database.write(install)
    state.add_project()
    for slug in ("in-house", "acme-labels"):
        state.add_provider(slug.title(), slug)
    state.add_annotator("ann", "in-house")
    state.add_annotator("amy", "acme-labels")
    tasks = [state.add_task(None, f"picture {n}") for n in range(4)]
    wrong = [state.judge(task, "amy", {"label": "cat", "score": 3}) for task in tasks]
    state.judge(tasks[0], "ann", {"label": "dog"}, based_on=wrong[0])
    found = figures(state)["weight"]
    assert found == {str(state.providers["in-house"]): 0.25, str(state.providers["acme-labels"]): 0.75}


# --- samples ------------------------------------------------------------------------------------------------


def test_what_is_too_large_is_inferred_from_a_sample_and_counted_in_full(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.providers.inference.LEAST_TASKS", 20)
    full, sample = figures(state), figures(state, budget_s=1e-9)
    assert (full["method"], sample["method"]) == ("full", "sample")
    assert 10 <= sample["inferred_tasks"] < full["inferred_tasks"] == full["tasks"] + 0
    for key, known in full["providers"].items():
        drawn = sample["providers"][key]
        for name in ("judgments", "answered", "alone", "consensus", "missing"):
            assert drawn[name] == known[name]
        assert drawn["without"]["tasks"] == known["without"]["tasks"]
        assert drawn["without"]["tasks_lost"] == pytest.approx(known["without"]["tasks_lost"], rel=0.5, abs=3)
    assert figures(state, budget_s=1e-9)["providers"] == sample["providers"], "the same tasks every time"


def database_task(state: State, judgment: int) -> int:
    query = sa.select(t.judgment.c.task_id).where(t.judgment.c.id == judgment)
    return state.database.read(lambda tx: tx.execute(query).scalar_one())


def suggested_by(state: State, judgment: int, slug: str) -> None:
    query = sa.update(t.judgment).where(t.judgment.c.id == judgment)
    state.database.write(lambda tx: tx.execute(query.values(suggested_by=state.providers[slug])))
