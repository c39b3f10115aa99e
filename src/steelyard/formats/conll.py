"""How do spans leave as CoNLL?

`SPLIT.conll`: a token and its tag (B-, I- or O) on each line, an empty line after each text. `SPLIT.texts.jsonl`
keeps the texts themselves in the same order: tokens alone do not say what stood between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from steelyard.domain.errors import Problem
from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.record import Record, Written
from steelyard.formats.span_answers import OVERLAPPING, label_of, side_by_side, texts_with_spans
from steelyard.formats.tokens import tokens
from steelyard.formats.writing import LineFiles, Writing

EMPTY = "texts without a token"
OUTSIDE = "O"
_SPACE = re.compile(r"\s+")


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes the answered tasks; rows are texts."""
    written = Written()
    (question,) = writing.questions
    labels: dict[str, str] = {}
    with LineFiles(folder, ".conll") as files, LineFiles(folder, ".texts.jsonl") as texts:
        for record, index, text, spans in texts_with_spans(records, writing, written):
            kept = side_by_side(spans)
            if len(kept) < len(spans):
                written.leave(OVERLAPPING, len(spans) - len(kept))
            named = [(span["start"], span["end"], _tag(label_of(span, question), labels)) for span in kept]
            lines = "".join(_lines(text, named))
            if not lines:
                written.leave(EMPTY)
                continue
            split = writing.split(record)
            files.file(split).write(f"{lines}\n".encode())
            texts.write(
                split, {"id": record.id, "external_id": record.external_id, "block": index, "text": text}
            )
            written.add(split)
        if not written.rows:
            files.file("train")
    return written


def tag_name(label: str) -> str:
    """A label as it stands in a tag, which ends at a space."""
    return _SPACE.sub("_", label.strip()) or "_"


def _tag(label: str, known: dict[str, str]) -> str:
    tag = tag_name(label)
    if known.setdefault(tag, label) != label:
        message = (
            f"the labels {known[tag]!r} and {label!r} are both {tag!r} in CoNLL, where a space ends a tag"
        )
        raise DoesNotFit([Problem("", "label", message)], message)
    return tag


def _lines(text: str, spans: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    waiting = list(spans)
    cuts = {place for start, end, _ in spans for place in (start, end)}
    for token in tokens(text, cuts):
        while waiting and waiting[0][1] <= token.start:
            waiting.pop(0)
        tag = OUTSIDE
        if waiting and waiting[0][0] <= token.start:
            start, _, label = waiting[0]
            tag = f"{'I' if text[start : token.start].strip() else 'B'}-{label}"
        yield f"{text[token.start : token.end]} {tag}\n"
