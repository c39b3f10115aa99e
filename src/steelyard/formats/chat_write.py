"""How do conversations and preferences leave for training? As JSON Lines in the columns that trainers document.

Nothing stands in a line beside those columns: some trainers refuse what they do not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.formats.conversations import Messages, Pair, beyond, completion_of, pairs_of, prompt_of
from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.record import Record, Written, answer_to, answered
from steelyard.formats.writing import LineFiles, Writing

Line = dict[str, Any]
Lines = Callable[[Record, Question, Writing, Written], Iterator[Line]]
NO_CANDIDATES = "tasks that do not show the candidates their answer speaks of"
TIES = "ties"
NO_PROMPT = "tasks without a prompt"
NOT_ENDING = "conversations that do not end with the assistant"
SEVERAL = "completions that are not one message of the assistant"


def writer(lines: Lines) -> Callable[[Path, Iterable[Record], Writing], Written]:
    """Writes SPLIT.jsonl files of what `lines` makes of each answered task."""

    def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
        written = Written()
        (question,) = writing.questions
        with LineFiles(folder) as files:
            for record in answered(records, written):
                split = writing.split(record)
                for line in lines(record, question, writing, written):
                    files.write(split, line)
                    written.add(split)
            if not written.rows:
                files.file("train")
        return written

    return write


def sft(record: Record, question: Question, writing: Writing, written: Written) -> Iterator[Line]:
    """TRL: language modelling, conversational; `messages`."""
    messages = _conversation(record, question)
    if messages is None:
        written.leave("tasks without words")
    else:
        yield {"messages": messages}


def openai_sft(record: Record, question: Question, writing: Writing, written: Written) -> Iterator[Line]:
    """OpenAI: supervised fine-tuning; `messages`, the last of them the assistant's."""
    for line in sft(record, question, writing, written):
        if line["messages"][-1]["role"] == "assistant":
            yield line
        else:
            written.leave(NOT_ENDING)


def dpo(record: Record, question: Question, writing: Writing, written: Written) -> Iterator[Line]:
    """TRL: preference, conversational, with its prompt; `prompt`, `chosen`, `rejected`."""
    for prompt, pair in _pairs(record, question, written):
        yield {"prompt": prompt, "chosen": pair.chosen, "rejected": pair.rejected}


def reward(record: Record, question: Question, writing: Writing, written: Written) -> Iterator[Line]:
    """TRL: as `dpo`, with `margin`."""
    for prompt, pair in _pairs(record, question, written):
        yield {"prompt": prompt, "chosen": pair.chosen, "rejected": pair.rejected, "margin": pair.margin}


def openai_dpo(record: Record, question: Question, writing: Writing, written: Written) -> Iterator[Line]:
    """OpenAI: preference fine-tuning; `input`, `preferred_output`, `non_preferred_output`."""
    for prompt, pair in _pairs(record, question, written):
        outputs = (pair.chosen, pair.rejected)
        if any(len(output) != 1 or output[0]["role"] != "assistant" for output in outputs):
            written.leave(SEVERAL)
            continue
        yield {
            "input": {"messages": prompt, "tools": [], "parallel_tool_calls": True},
            "preferred_output": pair.chosen,
            "non_preferred_output": pair.rejected,
        }


def kto(record: Record, question: Question, writing: Writing, written: Written) -> Iterator[Line]:
    """TRL: unpaired preference, conversational; `prompt`, `completion`, `label`."""
    if question.kind in ("pairwise", "ranking"):
        seen: list[tuple[Messages, bool]] = []
        for prompt, pair in _pairs(record, question, written):
            for completion, label in ((pair.chosen, True), (pair.rejected, False)):
                if (completion, label) not in seen:  # a ranking may prefer one to several
                    seen.append((completion, label))
                    yield {"prompt": prompt, "completion": completion, "label": label}
        return
    good = is_good(question, writing)
    answer = answer_to(record.answers or {}, question)
    found = completion_of(record)
    if answer is None or found is None:
        written.leave("tasks without a completion to judge")
    elif not found[0]:
        written.leave(NO_PROMPT)
    else:
        yield {"prompt": found[0], "completion": found[1], "label": good(answer)}


def is_good(question: Question, writing: Writing) -> Callable[[Any], bool]:
    """What tells a good answer: the options that were named, or the least level; else the first option of two.
    Raises `DoesNotFit`."""
    if question.kind == "rating":
        try:
            (least,) = (float(one) for one in writing.good)
        except ValueError:
            raise _say_good(question, "a level") from None
        return lambda answer: answer >= least
    leaves = list(question.leaves)
    good = set(writing.good or (leaves[:1] if len(leaves) == 2 else ()))
    if not good or not good <= set(leaves):
        raise _say_good(question, f"one of {', '.join(map(repr, leaves[:10]))}")
    return lambda answer: answer in good


def _say_good(question: Question, what: str) -> DoesNotFit:
    message = f"say with --good which answers to {question.name!r} are good: {what}"
    return DoesNotFit([Problem("/good", "good", message)], message)


def _conversation(record: Record, question: Question) -> Messages | None:
    answer = answer_to(record.answers or {}, question)
    if not answer:
        return None
    said: Messages = [{"role": "assistant", "content": answer}] if isinstance(answer, str) else list(answer)
    prompt = prompt_of(record)
    return [*prompt, *beyond(prompt, said)]


def _pairs(record: Record, question: Question, written: Written) -> Iterator[tuple[Messages, Pair]]:
    prompt, found = prompt_of(record), pairs_of(record, question)
    if found is None:
        written.leave(NO_CANDIDATES)
    elif not prompt:
        written.leave(NO_PROMPT)
    elif not found:
        written.leave(TIES)
    else:
        yield from ((prompt, pair) for pair in found)
