"""What is a task to a file format?

What it showed, what was answered and how sure that is, in the shapes of the rest of the house; where its bytes
lie is asked of a `Media`, so that a format knows neither database nor blobs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from steelyard.domain.form import Question

Answers = Mapping[str, Any]
Media = Callable[[str], IO[bytes] | None]  # the bytes of a block's URL, None where they are elsewhere
MEDIA = ("image", "audio", "video", "document")


@dataclass(frozen=True, slots=True)
class Record:
    """A task on its way out. `answers` is its consensus, None while there is none; `judgments` are the current
    ones ({"id", "annotator", "answers", "at"}) where a format asked for them; `gold` says which kind of gold it
    is, if any."""

    id: str
    blocks: Sequence[Mapping[str, Any]]
    answers: Answers | None = None
    confidence: float | None = None
    tie: bool | None = None
    external_id: str | None = None
    gold: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    suggestion: Answers | None = None
    judgments: Sequence[Mapping[str, Any]] = ()

    @property
    def key(self) -> str:
        """What its owner calls it; else its id."""
        return self.external_id if self.external_id is not None else self.id

    def of_type(self, *types: str) -> list[tuple[int, Mapping[str, Any]]]:
        """Its blocks of these types, each with its place."""
        return [(index, block) for index, block in enumerate(self.blocks) if block.get("type") in types]


@dataclass
class Written:
    """What came of an export: how many rows stand in each split, and how many tasks were left out and why."""

    rows: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    def add(self, split: str, rows: int = 1) -> None:
        self.rows[split] = self.rows.get(split, 0) + rows

    def leave(self, why: str, count: int = 1) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + count


NO_ANSWER = "tasks without an answer"
GOLD = "gold"
OTHER_FORM = "tasks answered under another form"
NOT_APPLICABLE = "tasks answered as not applicable"


def answered(records: Iterable[Record], written: Written) -> Iterable[Record]:
    """Those that have an answer to learn from; the others are counted. Gold never is among them: what it tests
    would be known beforehand."""
    for record in records:
        if record.gold is not None:
            written.leave(GOLD)
        elif record.answers is None:
            written.leave(NO_ANSWER)
        elif record.answers.get("not_applicable") is True:
            written.leave(NOT_APPLICABLE)
        else:
            yield record


def _rows(item: Any) -> bool:
    return isinstance(item, list) and all(isinstance(one, Mapping) for one in item)


def _number(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "choice": lambda a: isinstance(a, str),
    "text": lambda a: isinstance(a, str),
    "choices": lambda a: isinstance(a, list) and all(isinstance(one, str) for one in a),
    "rating": _number,
    "number": _number,
    "ranking": lambda a: isinstance(a, list) and all(isinstance(one, list) for one in a),
    "pairwise": lambda a: isinstance(a, Mapping) and a.get("winner") in ("a", "b", "tie"),
    "file": lambda a: isinstance(a, list) and all(isinstance(one, str) for one in a),
    "fields": lambda a: isinstance(a, Mapping),
    "rubric": lambda a: isinstance(a, Mapping),
    "transcript": lambda a: isinstance(a, Mapping),
}


def answer_to(answers: Answers, question: Question) -> Any:
    """The answer, None where there is none or a form of another time let it be of another kind."""
    answer = answers.get(question.name)
    return answer if answer is not None and _SHAPES.get(question.kind, _rows)(answer) else None


def no_media(url: str) -> IO[bytes] | None:
    """For contents whose bytes are all elsewhere."""
    return None


def of_bytes(stored: Mapping[str, bytes]) -> Media:
    """Media out of a mapping from URL to bytes."""
    return lambda url: io.BytesIO(stored[url]) if url in stored else None
