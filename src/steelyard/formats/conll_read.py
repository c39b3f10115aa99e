"""How does CoNLL come in as texts with spans?

The first column is the token, the last its tag (BIO, IOB1 or BIOES); an empty line ends a text. Where the texts
themselves stand beside, spans are placed in them; else tokens are joined by a space.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.formats.conll import tag_name
from steelyard.formats.fitting import question_of
from steelyard.formats.ndjson import lines
from steelyard.formats.reading import Reading, Task, files_of, json_lines, mapping, refused
from steelyard.formats.rows import Row

MOST_TOKENS = 1_000_000  # of one text
_SUFFIXES = ("*.conll", "*.bio", "*.iob", "*.iob2", "*.tsv", "*.txt")


@dataclass
class _Text:
    line: int
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one file or of all in a folder. Raises `BadFile`, `DoesNotFit`."""
    question = question_of("CoNLL", ("spans",), reading.form, reading.question)
    labels = {tag_name(leaf): leaf for leaf in question.leaves}
    pattern = next((p for p in _SUFFIXES if place.is_dir() and any(place.glob(p))), _SUFFIXES[0])
    files = files_of(place, pattern, "CoNLL file")
    for path in files:
        beside = path.with_suffix(".texts.jsonl")
        known = json_lines(beside) if beside.is_file() else None
        for number, text in enumerate(_texts(path), 1):
            told = next(known, None) if known is not None else None
            where = f"{path.name}, line {text.line}"
            if told is not None and isinstance(told[1], Problem):
                yield refused(f"{beside.name}, line {told[0]}", [told[1].message], told[0])
                continue
            task = Task(where, external_id=f"{path.name}:{number}"[-500:], problems=text.problems)
            task.metadata["split"] = path.stem
            _fill(task, text, question, labels, mapping(told[1]) if told else None)
            yield task.row(reading.into, text.line)


def _texts(path: Path) -> Iterator[_Text]:
    text: _Text | None = None
    with path.open("rb") as file:
        for number, raw in enumerate(lines(file), 1):
            try:
                line = raw.decode().strip("\r\n")
            except UnicodeDecodeError as wrong:
                text = text or _Text(number)
                text.problems.append(f"line {number}: is not UTF-8: byte {wrong.object[wrong.start]:#04x}")
                continue
            if not line.strip(" \t"):
                if text is not None:
                    yield text
                text = None
                continue
            cells = [c for c in line.split("\t") if c] if "\t" in line else line.split(" ")
            if cells[0] in ("-DOCSTART-", "#") and text is None:
                continue
            text = text or _Text(number)
            if len(cells) < 2:
                text.problems.append(f"line {number}: holds a token without a tag: {line[:60]!r}")
            elif len(text.words) >= MOST_TOKENS:
                text.problems = [f"has more than {MOST_TOKENS} tokens"]
            else:
                text.words.append(cells[0])
                text.tags.append(cells[-1])
    if text is not None:
        yield text


def _fill(task: Task, text: _Text, question: Question, labels: dict[str, str], told: Any | None) -> None:
    shown = told.get("text") if told is not None else " ".join(text.words)
    if not isinstance(shown, str):
        task.problems.append("its text is missing beside the tokens")
        return
    places = _placed(shown, text.words)
    if places is None:
        task.problems.append("its tokens do not stand in this order in the text beside")
        return
    if told is not None:
        name = told.get("external_id") or told.get("id")
        if isinstance(name, str):
            task.external_id = name if not told.get("block") else f"{name}-{told['block']}"
    task.blocks.append({"type": "text", "text": shown})
    spans: list[dict[str, Any]] = []
    try:
        for number, (first, last, tag) in enumerate(_runs(text), 1):
            start, end = places[first][0], places[last][1]
            spans.append({"id": str(number), "start": start, "end": end, "label": labels.get(tag, tag)})
    except ValueError as wrong:
        task.problems.append(str(wrong))
    task.answers = {question.name: spans}


def _placed(text: str, words: Sequence[str]) -> list[tuple[int, int]] | None:
    """Where each word stands, one behind the other."""
    found, at = [], 0
    for word in words:
        start = text.find(word, at)
        if start < 0 or text[at:start].strip():
            return None
        at = start + len(word)
        found.append((start, at))
    return found


def _runs(text: _Text) -> Iterator[tuple[int, int, str]]:
    """(first token, last token, label) of each span. Raises ValueError for a tag that is none."""
    open_: tuple[int, str] | None = None
    for index, tag in enumerate(text.tags):
        mark, _, label = tag.partition("-")
        if tag == "O":
            label = ""
        elif mark not in ("B", "I", "E", "S", "L", "U", "M") or not label:
            raise ValueError(
                f"line {text.line + index}: {tag[:60]!r} is no tag; there are O, B-LABEL and I-LABEL"
            )
        begins = mark in ("B", "S", "U") or open_ is None or open_[1] != label
        if open_ is not None and (not label or begins):
            yield open_[0], index - 1, open_[1]
            open_ = None
        if label and begins:
            open_ = (index, label)
        if open_ is not None and mark in ("E", "S", "L", "U"):
            yield open_[0], index, open_[1]
            open_ = None
    if open_ is not None:
        yield open_[0], len(text.tags) - 1, open_[1]
