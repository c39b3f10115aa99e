"""What must be known of a file format?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from steelyard.domain.form import Form, Question
from steelyard.formats.fitting import questions_for
from steelyard.formats.reading import Reading
from steelyard.formats.record import Record, Written
from steelyard.formats.rows import Row
from steelyard.formats.writing import Writing

Write = Callable[[Path, Iterable[Record], Writing], Written]
Read = Callable[[Path, Reading], Iterator[Row]]


@dataclass(frozen=True)
class FileFormat:
    """One format. `kinds` are the question kinds that it has room for, none where it takes every kind; `one` where
    a single question; `shows` says what tasks must show, `loses` what does not come back."""

    name: str
    title: str
    kinds: Sequence[str]
    shows: str
    loses: str
    write: Write
    read: Read
    one: bool = False
    judgments: bool = False  # it holds every answer with its annotator, not the consensus alone

    def questions(self, form: Form, asked: Sequence[str] = ()) -> tuple[Question, ...]:
        """Those that leave in it. Raises `DoesNotFit`."""
        kinds = self.kinds or sorted({question.kind for question in form.questions})
        return questions_for(self.name, kinds, form, asked, one=self.one)
