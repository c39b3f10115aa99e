"""How do texts with marked places come in?

Lines of `text` with `spans`, `entities`, `ents` or `label`, each a start, an end and a label, as objects or as
triples; or a pair of a text and such an object, as spaCy 2 had it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.formats.fitting import question_of
from steelyard.formats.reading import Reading, Task, files_of, json_lines, mapping, refused
from steelyard.formats.rows import Row

_FIELDS = ("spans", "entities", "ents", "label")


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one file or of all `*.json*` of a folder. Raises `DoesNotFit`."""
    question = question_of("spaCy", ("spans",), reading.form, reading.question)
    for path in files_of(place, "*.json*", "JSON Lines"):
        for line, value in json_lines(path):
            where = f"{path.name}, line {line}"
            if isinstance(value, Problem):
                yield refused(where, [value.message], line)
                continue
            task = Task(where, external_id=f"{path.name}:{line}"[-500:])
            _fill(task, value, question)
            yield task.row(reading.into, line)


def _fill(task: Task, value: Any, question: Question) -> None:
    pair = value if isinstance(value, list) and len(value) == 2 else None
    said = {**mapping(pair[1]), "text": pair[0]} if pair else mapping(value)
    text = said.get("text")
    if not isinstance(text, str):
        task.problems.append("text: is missing, or no text")
        return
    task.blocks.append({"type": "text", "text": text})
    meta = mapping(said.get("meta"))
    name = meta.get("external_id") or meta.get("id")
    if isinstance(name, str):
        task.external_id = name if not meta.get("block") else f"{name}-{meta['block']}"
    else:
        task.metadata |= meta
    fields = [name for name in _FIELDS if said.get(name) is not None]
    if not fields:
        return
    given = said[fields[0]]
    if not isinstance(given, list):
        task.problems.append(f"{fields[0]}: must be a list")
        return
    spans: list[dict[str, Any]] = []
    for number, one in enumerate(given):
        try:
            spans.append({"id": str(number + 1), **_span(one, len(text))})
        except ValueError as wrong:
            task.problems.append(f"{fields[0]}[{number}]: {wrong}")
    task.answers = {question.name: spans}


def _span(one: Any, length: int) -> dict[str, Any]:
    if isinstance(one, list) and len(one) == 3:
        one = dict(zip(("start", "end", "label"), one, strict=True))
    if not isinstance(one, Mapping):
        raise ValueError("must be an object or [start, end, label]")
    start = one.get("start", one.get("start_offset"))
    end = one.get("end", one.get("end_offset"))
    if type(start) is not int or type(end) is not int:
        raise ValueError("start and end must be whole numbers")
    if not 0 <= start < end <= length:
        raise ValueError(f"{start} to {end} is no place in a text of {length} characters")
    label = one.get("label")
    if not isinstance(label, str) or not label:
        raise ValueError("label: is missing")
    return {"start": start, "end": end, "label": label}
