"""Which spans of an answer lie in which text, and can they all stand side by side?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steelyard.domain.form import Question
from steelyard.formats.record import Record, Written, answer_to, answered
from steelyard.formats.writing import NO_TEXT, Writing

Span = Mapping[str, Any]
OUTSIDE = "spans that lie outside their text"
OVERLAPPING = "spans that overlap a longer one"


def texts_with_spans(
    records: Any, writing: Writing, written: Written
) -> Iterator[tuple[Record, int, str, list[Span]]]:
    """Every text that is shown, with its place among the blocks and the spans that were marked in it, in order; those
    of no place are in the first."""
    (question,) = writing.questions
    for record in answered(records, written):
        shown = record.of_type("text")
        if not shown:
            written.leave(NO_TEXT)
        for index, block in shown:
            yield record, index, block["text"], _spans(record, question, index, shown[0][0], written)


def _spans(record: Record, question: Question, index: int, first: int, written: Written) -> list[Span]:
    places = {place for place, _ in record.of_type("text")}
    length = len(record.blocks[index]["text"])
    found = []
    for span in answer_to(record.answers or {}, question) or ():
        place = span.get("block", 0)
        if (place if place in places else first) != index:
            continue
        start, end = span.get("start"), span.get("end")
        if type(start) is int and type(end) is int and 0 <= start < end <= length:
            found.append(span)
        else:
            written.leave(OUTSIDE)
    return sorted(found, key=lambda s: (s["start"], s["end"]))


def side_by_side(spans: Sequence[Span]) -> list[Span]:
    """Those that overlap no other, the longer of two that do and of two of one length the earlier; in order."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s["start"] - s["end"], s["start"])):
        if all(span["end"] <= other["start"] or other["end"] <= span["start"] for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s["start"])


def label_of(span: Span, question: Question) -> str:
    """Its label; the name of its question where it has none."""
    label = span.get("label")
    return label if isinstance(label, str) and label else question.name
