"""Behaviour of `aggregate` on labels of kind choice."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.truth import UnusableLabels, aggregate
from steelyard.truth import dawid_skene as model
from steelyard.truth.encode import encode
from steelyard.truth.labels import arrange
from steelyard.truth.majority import count_votes


def crowd(tasks=300, annotators=20, each=5, classes=3, seed=0, accuracy=None):
    """Planted labels: (task, annotator, label, truth, accuracy)."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, tasks)
    skill = random.uniform(0.5, 0.95, annotators) if accuracy is None else np.asarray(accuracy)
    task = np.repeat(np.arange(tasks), each)
    who = np.concatenate([random.choice(annotators, each, replace=False) for _ in range(tasks)])
    wrong = (truth[task] + random.integers(1, classes, len(task))) % classes
    label = np.where(random.random(len(task)) < skill[who], truth[task], wrong)
    return task, who, label, truth, skill


@st.composite
def small_tables(draw):
    cells = draw(
        st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 4)), st.integers(0, 3), min_size=1)
    )
    return [(t, a, cells[t, a]) for t, a in cells]


@settings(max_examples=40, deadline=None)
@given(rows=small_tables(), random=st.randoms(use_true_random=False))
@pytest.mark.parametrize("method", ["majority", "dawid-skene"])
def test_the_order_of_the_rows_never_matters(method, rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = (aggregate(*zip(*table, strict=True), method=method) for table in (rows, shuffled))
    assert one.labels.tolist() == other.labels.tolist()
    assert one.confidence.tolist() == other.confidence.tolist()
    assert one.annotators.to_dict() == other.annotators.to_dict()


@settings(max_examples=40, deadline=None)
@given(rows=small_tables(), names=st.permutations(["w", "x", "y", "z"]))
def test_renaming_labels_renames_the_answer(rows, names):
    task, annotator, label = zip(*rows, strict=True)
    plain = aggregate(task, annotator, label, method="dawid-skene", max_iterations=10)
    renamed = aggregate(task, annotator, [names[v] for v in label], method="dawid-skene", max_iterations=10)
    assert np.allclose(plain.confidence, renamed.confidence, atol=1e-6)
    top = np.sort(plain.posterior, axis=1)
    sure = np.ones(len(plain.tasks), bool) if top.shape[1] < 2 else top[:, -1] - top[:, -2] > 1e-6
    expected = [names[v] for v in plain.labels[sure].tolist()]
    assert renamed.labels[sure].tolist() == expected


@settings(max_examples=30, deadline=None)
@given(rows=small_tables(), with_gold=st.booleans())
def test_the_objective_never_falls(rows, with_gold):
    task, annotator, label = (list(column) for column in zip(*rows, strict=True))
    codes, classes = encode(label, "label")
    labels = arrange(task, annotator, codes)
    gold = np.full(len(labels.tasks), -1)
    if with_gold:
        gold[0] = 0
    fit = model.fit(labels, count_votes(labels, len(classes)), gold, 60, 0.0)
    assert np.all(np.diff(fit.objectives) >= -1e-9 * np.abs(fit.objectives[-1]) - 1e-9)


def test_more_iterations_never_report_a_lower_likelihood():
    task, who, label, *_ = crowd(80)
    found = [
        aggregate(task, who, label, method="dawid-skene", max_iterations=n, tolerance=0) for n in range(1, 12)
    ]
    assert np.all(np.diff([r.log_likelihood for r in found]) >= -1e-9)
    assert [r.iterations for r in found] == list(range(1, 12))


def test_planted_annotators_are_recovered():
    task, who, label, truth, skill = crowd(1500, annotators=15, each=6, seed=3)
    found = aggregate(task, who, label)
    assert found.method == "dawid-skene"
    assert found.converged
    vote = aggregate(task, who, label, method="majority")
    assert np.mean(found.labels == truth) > np.mean(vote.labels == truth)
    assert np.corrcoef(found.annotators.accuracy, skill)[0, 1] > 0.97
    assert np.abs(found.annotators.accuracy - skill).max() < 0.05


def test_the_interval_of_an_accuracy_covers_it():
    inside = []
    for seed in range(8):
        task, who, label, _, skill = crowd(200, annotators=12, each=4, seed=seed)
        table = aggregate(task, who, label).annotators
        inside += ((table.low <= skill) & (skill <= table.high)).tolist()
    assert np.mean(inside) > 0.85


def test_on_gold_alone_accuracy_is_the_share_right_with_the_score_interval():
    gold = dict.fromkeys(range(10), "y")
    found = aggregate(range(10), ["a"] * 10, ["y"] * 8 + ["n"] * 2, gold=gold)
    assert found.annotators.accuracy[0] == pytest.approx(0.8, abs=1e-4)
    assert found.annotators.low[0] == pytest.approx(0.4902, abs=1e-3)
    assert (found.annotators.gold_n[0], found.annotators.gold_correct[0]) == (10, 8)


def test_an_annotator_who_always_answers_the_opposite_is_understood():
    task, who, label, truth, _ = crowd(400, 8, 5, classes=2, accuracy=[0.9] * 6 + [0.05, 0.05], seed=1)
    found = aggregate(task, who, label)
    assert np.mean(found.labels == truth) > 0.95
    assert found.annotators.accuracy[6:].max() < 0.2


def test_an_annotator_does_not_agree_with_itself():
    lonely = aggregate(["a", "b"], ["x", "y"], ["p", "q"], method="dawid-skene")
    assert np.isnan(lonely.annotators.accuracy).all()
    assert lonely.annotators.low.tolist() == [0, 0]
    assert lonely.annotators.high.tolist() == [1, 1]
    assert lonely.annotators.to_dict()["accuracy"] == [None, None]


def test_gold_clamps_its_task_and_judges_its_annotators():
    task, who, label, truth, _ = crowd(60)
    gold = {t: int((truth[t] + 1) % 3) for t in range(10)}
    found = aggregate(task, who, label, gold=gold)
    assert found.labels[:10].tolist() == list(gold.values())
    assert found.confidence[:10].tolist() == [1.0] * 10
    assert found.annotators.gold_n.sum() == 50
    expected = sum(label[i] == gold[task[i]] for i in range(50))
    assert found.annotators.gold_correct.sum() == expected


def test_gold_may_name_a_class_that_nobody_gave():
    found = aggregate(["1", "1", "2"], ["a", "b", "a"], ["x", "x", "y"], gold={"1": "z"})
    assert found.labels.tolist() == ["z", "y"]
    assert found.classes.tolist() == ["x", "y", "z"]


def test_ties_are_told_and_go_to_the_label_that_is_most_frequent_overall():
    found = aggregate([1, 1, 2, 3], ["a", "b", "a", "a"], ["cat", "dog", "dog", "dog"], method="majority")
    assert found.ties.tolist() == [True, False, False]
    assert found.labels.tolist() == ["dog", "dog", "dog"]
    even = aggregate([1, 1], ["a", "b"], ["dog", "cat"], method="majority")
    assert even.labels.tolist() == ["cat"]


def test_a_single_vote_is_not_certain():
    found = aggregate([1, 2, 2, 2], ["a", "a", "b", "c"], ["x", "y", "y", "y"])
    assert found.confidence[0] == pytest.approx(0.75)
    assert found.confidence[1] == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("classes", [1, 2, 200])
def test_any_number_of_classes_fits(classes):
    random = np.random.default_rng(0)
    label = np.arange(2000) % classes if classes > 1 else np.zeros(2000, int)
    task, who = np.arange(2000) // 4, np.arange(2000) % 4 + 4 * random.integers(0, 5, 500).repeat(4)
    found = aggregate(task, who, label, method="dawid-skene")
    assert np.isfinite(found.log_likelihood)
    assert np.all((found.confidence > 0) & (found.confidence <= 1 + 1e-12))
    assert np.allclose(found.posterior.sum(axis=1), 1)


def test_a_task_with_hundreds_of_labels_does_not_underflow():
    task = np.zeros(3000, int)
    label = np.arange(3000) % 3 == 0
    table = np.append(task, 1), np.append(np.arange(3000), 0), np.append(label, True).astype(int)
    found = aggregate(*table)
    again = aggregate(*table, method="dawid-skene")
    assert found.labels[0] == again.labels[0] == 0
    assert np.isfinite(again.log_likelihood)


def test_anonymous_answers_count_but_stand_in_no_table():
    task, who, label, truth, _ = crowd(100)
    names = [None if w < 10 else f"w{w}" for w in who.tolist()]
    found = aggregate([*task.tolist(), 0], [*names, ""], [*label.tolist(), int(label[0])])
    assert len(found.annotators) == 10
    assert found.answers[0] == 6
    assert np.mean(found.labels == truth) > 0.8


def test_anonymous_answers_may_repeat_on_a_task():
    found = aggregate(["t"] * 4, [""] * 4, ["a", "a", "b", "a"])
    assert (found.labels[0], found.method, len(found.annotators)) == ("a", "majority", 0)


@pytest.mark.parametrize(
    "convert",
    [
        lambda v: np.array([f"v{x}" for x in v]),
        lambda v: pa.array([f"v{x}" for x in v]),
        lambda v: pa.chunked_array([[f"v{x}" for x in v[:7]], [f"v{x}" for x in v[7:]]]),
        lambda v: pa.array([f"v{x}" for x in v]).dictionary_encode(),
        lambda v: [f"v{x}" for x in v],
        lambda v: np.array([f"v{x}" for x in v], dtype=object),
    ],
)
def test_strings_of_any_container_give_the_answers_of_integers(convert):
    task, who, label, *_ = crowd(9, classes=4)
    plain = aggregate(task, who, label)
    other = aggregate(convert(task.tolist()), convert(who.tolist()), convert(label.tolist()))
    assert other.tasks.tolist() == [f"v{t}" for t in plain.tasks]
    assert other.labels.tolist() == [f"v{v}" for v in plain.labels]


def test_huge_integers_and_odd_strings_come_out_as_they_went_in():
    found = aggregate([2**70, 2**70, -1], ["a", "b", "a"], ["007", "007", "é\0"])
    assert found.tasks.tolist() == [-1, 2**70]
    assert found.labels.tolist() == ["é\0", "007"]


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        (([1, 2], ["a"], ["x", "y"]), None, "one length"),
        (([], [], []), None, "no labels"),
        ((["t", None], ["a", "b"], ["x", "y"]), 1, "task is missing"),
        (([1, 2], ["a", "b"], ["x", None]), 1, "label is missing"),
        (([1, 2], ["a", "b"], [1.0, float("nan")]), 1, "label is NaN"),
        (([1, 2, 1], ["a", "b", "a"], ["x", "y", "z"]), 2, "annotator a answers task 1 again"),
        (([1, 2], ["a", "b"], ["x", 3]), 1, "same type"),
        (([1, 2], ["a", "b"], ["x", ["y"]]), 1, "integer or a string"),
        ((np.ones((2, 2)), ["a", "b"], ["x", "y"]), None, "one dimension"),
    ],
)
def test_unusable_labels_are_refused_with_their_row(table, row, words):
    with pytest.raises(UnusableLabels, match=words) as told:
        aggregate(*table)
    assert told.value.row == row
    assert isinstance(told.value, ValueError)


def test_wrong_use_is_refused():
    with pytest.raises(UnusableLabels, match="task 9"):
        aggregate([1], ["a"], ["x"], gold={9: "x"})
    with pytest.raises(UnusableLabels, match="not supported yet"):
        aggregate([1], ["a"], ["x"], kind="pairwise")
    with pytest.raises(UnusableLabels, match="does not suit"):
        aggregate([1], ["a"], ["x"], method="mean")
    with pytest.raises(UnusableLabels, match="kind text"):
        aggregate(range(1500), ["a"] * 1500, [f"text {i}" for i in range(1500)])


def test_importing_truth_loads_neither_numba_nor_arrow_nor_pandas():
    code = "import sys, steelyard.truth; print(sorted({'numba', 'pyarrow', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
