"""Which conversation does a task show, and which completions stand in it to be judged?

Blocks of text and chat without a name are the prompt, in their order; those with a name are candidates, and the
answers of pairwise and ranking questions speak of them by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from steelyard.domain.form import Question
from steelyard.formats.record import Record, answer_to

Message = Mapping[str, Any]
Messages = list[Message]


@dataclass(frozen=True)
class Pair:
    """One completion preferred to another; `margin` is by how much: the strength, or how many ranks."""

    chosen: Messages
    rejected: Messages
    margin: float


def said_in(block: Mapping[str, Any], role: str) -> Messages:
    """The messages of a block; a text is said by `role`."""
    if block["type"] == "chat":
        return [dict(message) for message in block["messages"]]
    return [{"role": role, "content": block["text"]}]


def prompt_of(record: Record) -> Messages:
    blocks = record.of_type("text", "chat")
    return [message for _, block in blocks if not block.get("name") for message in said_in(block, "user")]


def candidates_of(record: Record) -> dict[str, Messages]:
    """The completions by name, without the prompt where they repeat it."""
    prompt = prompt_of(record)
    return {
        str(block["name"]): beyond(prompt, said_in(block, "assistant"))
        for _, block in record.of_type("text", "chat")
        if block.get("name")
    }


def beyond(prompt: Sequence[Message], messages: Messages) -> Messages:
    """What follows the prompt, where messages begin with it; else all of them."""
    return messages[len(prompt) :] if prompt and messages[: len(prompt)] == list(prompt) else messages


def completion_of(record: Record) -> tuple[Messages, Messages] | None:
    """The prompt and the only completion: the one candidate, else what the assistant said last."""
    prompt, candidates = prompt_of(record), candidates_of(record)
    if len(candidates) == 1:
        (only,) = candidates.values()
        return prompt, only
    if not candidates and len(prompt) > 1 and prompt[-1]["role"] == "assistant":
        return prompt[:-1], prompt[-1:]
    return None


def pairs_of(record: Record, question: Question) -> list[Pair] | None:
    """The preferences in the answer to a pairwise or ranking question; None where it speaks of candidates that the
    task does not show, none in the list where all are even."""
    answer = answer_to(record.answers or {}, question)
    if answer is None:
        return None
    candidates = candidates_of(record)
    if question.kind == "pairwise":
        if not {"a", "b"} <= set(candidates):
            return None
        if answer["winner"] == "tie":
            return []
        other = {"a": "b", "b": "a"}[answer["winner"]]
        return [Pair(candidates[answer["winner"]], candidates[other], float(answer.get("strength") or 1))]
    if not {name for level in answer for name in level} <= set(candidates):
        return None
    ranks = list(enumerate(answer))
    return [
        Pair(candidates[better], candidates[worse], float(low - high))
        for (high, above), (low, below) in combinations(ranks, 2)
        for better in above
        for worse in below
    ]
