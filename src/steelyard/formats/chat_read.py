"""How do training files of conversations and preferences come in as tasks?

Each line says by its fields what it is: `messages`; `prompt` and `completion`, with or without `label`; `chosen` and
`rejected`, with or without `prompt` and `margin`; `input`, `preferred_output` and `non_preferred_output`. A text
stands for one message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from steelyard.domain.content import ROLES
from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.formats.fitting import question_of
from steelyard.formats.reading import Reading, Task, files_of, json_lines, refused
from steelyard.formats.rows import Row

SPOKEN = ("chat", "text")
PREFERRED = ("pairwise", "ranking")
JUDGED = ("choice", "rating")
Words = list[dict[str, Any]]


class _Wrong(ValueError):
    """What is wrong with a line, in words."""


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one file or of all `*.jsonl` of a folder. Raises `DoesNotFit` where the form asks for nothing that a
    line holds."""
    for path in files_of(place, "*.json*", "JSON Lines"):
        for line, value in json_lines(path):
            where = f"{path.name}, line {line}"
            if isinstance(value, Problem):
                yield refused(where, [value.message], line)
                continue
            task = Task(where, external_id=f"{path.name}:{line}"[-500:])
            try:
                _fill(task, value, reading)
            except _Wrong as wrong:
                task.problems.append(str(wrong))
            yield task.row(reading.into, line)


def _fill(task: Task, value: Any, reading: Reading) -> None:
    if not isinstance(value, Mapping):
        raise _Wrong("must be an object")
    fields = set(value)
    if {"preferred_output", "non_preferred_output"} <= fields:
        given = value.get("input")
        prompt = _messages(
            given.get("messages") if isinstance(given, Mapping) else given, "input.messages", "user"
        )
        chosen = _messages(value["preferred_output"], "preferred_output", "assistant")
        rejected = _messages(value["non_preferred_output"], "non_preferred_output", "assistant")
        _preference(task, prompt, chosen, rejected, None, reading)
    elif {"chosen", "rejected"} <= fields:
        chosen = _messages(value["chosen"], "chosen", "assistant")
        rejected = _messages(value["rejected"], "rejected", "assistant")
        if "prompt" in fields:
            prompt = _messages(value["prompt"], "prompt", "user")
        else:
            prompt = _common(chosen, rejected)
            chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
        _preference(task, prompt, chosen, rejected, value.get("margin"), reading)
    elif {"prompt", "completion"} <= fields:
        prompt = _messages(value["prompt"], "prompt", "user")
        completion = _messages(value["completion"], "completion", "assistant")
        if "label" in fields:
            _judged(task, prompt, completion, value["label"], reading)
        else:
            _spoken(task, prompt, completion, reading)
    elif "messages" in fields:
        messages = _messages(value["messages"], "messages", "user")
        end = len(messages)
        while end and messages[end - 1]["role"] == "assistant":
            end -= 1
        _spoken(task, messages[:end], messages[end:], reading)
    else:
        raise _Wrong(
            f"holds neither messages, prompt and completion, nor chosen and rejected, but {sorted(fields)[:10]}"
        )


def _spoken(task: Task, prompt: Words, said: Words, reading: Reading) -> None:
    question = question_of("a conversation", SPOKEN, reading.form, reading.question)
    task.blocks.append({"type": "chat", "messages": prompt})
    if not said:
        return  # a prompt to be answered
    if question.kind == "chat":
        task.answers = {question.name: said}
    elif len(said) == 1:
        task.answers = {question.name: said[0]["content"]}
    else:
        raise _Wrong(f"ends with {len(said)} messages of the assistant, and {question.name!r} is one text")


def _preference(
    task: Task, prompt: Words, chosen: Words, rejected: Words, margin: Any, reading: Reading
) -> None:
    question = question_of("a preference", PREFERRED, reading.form, reading.question)
    if not chosen or not rejected:
        raise _Wrong("chosen and rejected must each say something")
    # Which of the two stands first must not tell which was chosen.
    first = hashlib.sha256(task.where.encode() + repr((chosen, rejected)).encode()).digest()[0] % 2 == 0
    winner, other = ("a", "b") if first else ("b", "a")
    task.blocks.append({"type": "chat", "messages": prompt})
    shown = {winner: chosen, other: rejected}
    task.blocks += [{"type": "chat", "name": name, "messages": shown[name]} for name in ("a", "b")]
    if question.kind == "ranking":
        task.answers = {question.name: [[winner], [other]]}
        return
    answer: dict[str, Any] = {"winner": winner}
    if margin is not None:
        if isinstance(margin, bool) or not isinstance(margin, int | float):
            raise _Wrong("margin: must be a number")
        if margin in (1, 2, 3):
            answer["strength"] = int(margin)
        else:
            task.metadata["margin"] = margin
    task.answers = {question.name: answer}


def _judged(task: Task, prompt: Words, completion: Words, label: Any, reading: Reading) -> None:
    question = question_of("a judged completion", JUDGED, reading.form, reading.question)
    if not isinstance(label, bool):
        raise _Wrong("label: must be true or false")
    task.blocks.append({"type": "chat", "messages": prompt})
    task.blocks.append({"type": "chat", "name": "completion", "messages": completion})
    task.answers = {question.name: _level(question, label)}


def _level(question: Question, good: bool) -> Any:
    if question.kind == "rating":
        return question.spec.get("max", 5) if good else question.spec.get("min", 1)
    leaves = list(question.leaves)
    if len(leaves) != 2:
        raise _Wrong(f"label: {question.name!r} has {len(leaves)} options; of two the first is taken as good")
    return leaves[0] if good else leaves[1]


def _messages(value: Any, field: str, role: str) -> Words:
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if not isinstance(value, list):
        raise _Wrong(f"{field}: must be a text or a list of messages")
    for index, message in enumerate(value):
        if not isinstance(message, Mapping):
            raise _Wrong(f"{field}[{index}]: must be an object with role and content")
        if message.get("role") not in ROLES:
            raise _Wrong(f"{field}[{index}].role: must be one of {', '.join(ROLES)}")
        if not isinstance(message.get("content"), str):
            raise _Wrong(f"{field}[{index}].content: must be a string")
    return [dict(message) for message in value]


def _common(one: Sequence[Any], other: Sequence[Any]) -> Words:
    """What both begin with."""
    length = 0
    for a, b in zip(one[:-1], other[:-1], strict=False):
        if a != b:
            break
        length += 1
    return list(one[:length])
