"""Do conversations and preferences leave in the columns that trainers document, and come back?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.records import problems, question, record, text, texts, values, write

from steelyard.domain.form import Form
from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.record import Record
from steelyard.formats.registry import find_format

REPLY = question("reply", "text")
TALK = question("talk", "chat")
BETTER = question("better", "pairwise")
ORDER = question("order", "ranking")


def lines(folder: Path, split: str = "train") -> list[Any]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text("utf-8").splitlines()]


def user(words: str) -> dict[str, str]:
    return {"role": "user", "content": words}


def said(words: str) -> dict[str, str]:
    return {"role": "assistant", "content": words}


def chat(*messages: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"type": "chat", "messages": list(messages), **more}


def compared(number: int, answers: Any) -> Record:
    blocks = [
        text("Why?"),
        text("Because.", name="a"),
        chat(said("No idea."), name="b"),
        text("Hm.", name="c"),
    ]
    return record(number, blocks, answers)


@pytest.mark.parametrize("fmt", ["trl-sft", "openai-sft"])
def test_an_answer_ends_the_conversation(fmt: str, tmp_path: Path) -> None:
    asked = [chat({"role": "system", "content": "Be kind."}, user("Hi 😀"))]
    write(
        tmp_path / "out",
        fmt,
        (REPLY,),
        [record(1, asked, {"reply": "Hello"}), record(2, asked, {"reply": ""})],
    )
    expected = [*asked[0]["messages"], said("Hello")]
    assert lines(tmp_path / "out") == [{"messages": expected}]
    (task,) = values(tmp_path / "out", fmt, (REPLY,))
    assert task == {
        "content": {"blocks": asked}, "gold": {"reply": "Hello"}, "external_id": "train.jsonl:1"
    }  # fmt: skip


def test_a_conversation_that_repeats_the_prompt_is_not_doubled(tmp_path: Path) -> None:
    whole = [user("Hi"), said("Hello"), user("Bye")]
    records = [record(1, [text("Hi")], {"talk": whole}), record(2, [text("Hi")], {"talk": [said("Yes")]})]
    write(tmp_path / "out", "trl-sft", (TALK,), records)
    assert lines(tmp_path / "out") == [{"messages": whole}, {"messages": [user("Hi"), said("Yes")]}]
    written = write(tmp_path / "openai", "openai-sft", (TALK,), records)
    assert (written.rows, list(written.left_out.values())) == ({"train": 1}, [1])


def test_preferences_leave_as_pairs(tmp_path: Path) -> None:
    records = [
        compared(1, {"better": {"winner": "b", "strength": 3}}),
        compared(2, {"better": {"winner": "tie"}}),
        record(3, [text("Why?")], {"better": {"winner": "a"}}),
        record(4, [text("x", name="a"), text("y", name="b")], {"better": {"winner": "a"}}),
    ]
    pair = {"prompt": [user("Why?")], "chosen": [said("No idea.")], "rejected": [said("Because.")]}
    written = write(tmp_path / "dpo", "trl-dpo", (BETTER,), records)
    assert lines(tmp_path / "dpo") == [pair]
    assert sum(written.left_out.values()) == 3
    write(tmp_path / "reward", "trl-reward", (BETTER,), records)
    assert lines(tmp_path / "reward") == [{**pair, "margin": 3.0}]
    write(tmp_path / "openai", "openai-dpo", (BETTER,), records)
    assert lines(tmp_path / "openai") == [
        {
            "input": {"messages": [user("Why?")], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [said("No idea.")],
            "non_preferred_output": [said("Because.")],
        }
    ]
    write(tmp_path / "kto", "trl-kto", (BETTER,), records)
    assert [(line["completion"], line["label"]) for line in lines(tmp_path / "kto")] == [
        ([said("No idea.")], True),
        ([said("Because.")], False),
    ]


def test_a_ranking_is_every_pair_with_its_distance(tmp_path: Path) -> None:
    write(tmp_path / "out", "trl-reward", (ORDER,), [compared(1, {"order": [["c"], ["a", "b"]]})])
    assert [
        (x["chosen"][0]["content"], x["rejected"][0]["content"], x["margin"]) for x in lines(tmp_path / "out")
    ] == [
        ("Hm.", "Because.", 1.0),
        ("Hm.", "No idea.", 1.0),
    ]


@pytest.mark.parametrize("fmt", ["trl-dpo", "trl-reward", "openai-dpo"])
def test_a_preference_comes_back_without_telling_by_its_place(fmt: str, tmp_path: Path) -> None:
    records = [
        record(
            n, [text(f"Why {n}?"), text("good", name="a"), text("bad", name="b")], {"better": {"winner": "a"}}
        )
        for n in range(30)
    ]
    write(tmp_path / "out", fmt, (BETTER,), records)
    back = values(tmp_path / "out", fmt, (BETTER,), "suggestion")
    for n, task in enumerate(back):
        prompt, *candidates = task["content"]["blocks"]
        assert prompt["messages"] == [user(f"Why {n}?")]
        shown = {block["name"]: block["messages"][0]["content"] for block in candidates}
        assert shown[task["suggestion"]["better"]["winner"]] == "good"
    assert {task["suggestion"]["better"]["winner"] for task in back} == {"a", "b"}


def test_good_and_bad_are_what_was_said_to_be(tmp_path: Path) -> None:
    stars, verdict = question("stars", "rating"), question("verdict", "choice", "fine", "poor")
    many = question("verdict", "choice", "fine", "so-so", "poor")
    shown = [chat(user("Hi"), said("Hello"))]
    records = [
        record(1, shown, {"stars": 4, "verdict": "fine"}),
        record(2, shown, {"stars": 2, "verdict": "poor"}),
    ]
    for folder, asked, good in (("a", stars, ["4"]), ("b", verdict, []), ("c", many, ["fine", "so-so"])):
        write(tmp_path / folder, "trl-kto", (asked,), records, good=good)
        assert lines(tmp_path / folder) == [
            {"prompt": [user("Hi")], "completion": [said("Hello")], "label": label} for label in (True, False)
        ]
    back = values(tmp_path / "b", "trl-kto", (verdict,))
    assert [task["gold"]["verdict"] for task in back] == ["fine", "poor"]
    with pytest.raises(DoesNotFit, match="--good"):
        write(tmp_path / "d", "trl-kto", (many,), records)


@settings(max_examples=25, deadline=None)
@given(
    talks=st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), texts), max_size=3),
            texts,
            texts,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_words_come_back(talks: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("talks") / "out"
    records = [
        record(
            n, [chat(*({"role": r, "content": w} for r, w in before), user(last))], {"talk": [said(answer)]}
        )
        for n, (before, last, answer) in enumerate(talks)
    ]
    write(folder, "openai-sft", (TALK,), records)
    back = values(folder, "openai-sft", (TALK,))
    assert [(task["content"]["blocks"], task["gold"]) for task in back] == [
        (list(one.blocks), one.answers) for one in records
    ]


def test_lines_of_every_documented_kind_are_read(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    rows = [
        {"prompt": "2+2=", "completion": "4"},
        {"chosen": [user("a"), said("b")], "rejected": [user("a"), said("c")], "margin": 0.5},
        {"prompt": "a", "completion": "b", "label": True},
        {"messages": [user("a")]},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    form = (REPLY, BETTER, question("ok", "choice", "yes", "no"))
    plain, pair, judged, open_ = values(file, "trl-sft", form)
    assert (plain["gold"], judged["gold"]) == ({"reply": "4"}, {"ok": "yes"})
    assert pair["content"]["blocks"][0]["messages"] == [user("a")]
    assert pair["metadata"] == {"margin": 0.5}
    assert "gold" not in open_


def test_a_wrong_line_is_told_with_its_field(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(
        '{"messages": [{"role": "king", "content": "x"}]}\n{"messages": [{"role": "user", "content": 7}]}\n\n'
        '{"text": "x"}\n{"prompt": "a", "completion": "b", "label": "yes"}\n{broken\n[1]\n'
        '{"messages": [{"role": "user", "content": "\\u0000"}]}\n'
    )
    form = (REPLY, question("ok", "choice", "yes", "no"))
    found = problems(file, "trl-sft", form)
    assert [said.split(":")[0] for said in found] == [f"in.jsonl, line {n}" for n in (1, 2, 4, 5, 6, 7, 8)]
    for part, line in zip(
        ("messages[0].role", "messages[0].content", "holds neither", "label", "JSON"), found, strict=False
    ):
        assert part in line


def test_a_project_that_does_not_fit_is_refused_by_question_and_kind() -> None:
    with pytest.raises(
        DoesNotFit, match=r"trl-dpo takes questions of kind pairwise or ranking; .*'reply' \(text\)"
    ):
        find_format("trl-dpo").questions(Form((REPLY,)))
    with pytest.raises(DoesNotFit, match="room for one question: say which of 'reply', 'talk'"):
        find_format("trl-sft").questions(Form((REPLY, TALK)))
    assert find_format("trl-sft").questions(Form((REPLY, TALK)), ("talk",)) == (TALK,)
    with pytest.raises(DoesNotFit, match="'reply' is of kind text"):
        find_format("trl-dpo").questions(Form((REPLY, BETTER)), ("reply",))
