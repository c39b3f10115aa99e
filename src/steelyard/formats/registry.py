"""Which file formats are there, and what does a project need to leave in one or come in by it?

The only list of them: the commands, their help and the table in the docs are all read from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from steelyard.domain.errors import invalid
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


@cache
def file_formats() -> dict[str, FileFormat]:
    """All of them by name."""
    from steelyard.formats import huggingface, huggingface_read

    found = (
        FileFormat(
            "huggingface",
            "A dataset folder that `datasets.load_dataset(DIR)` loads: Parquet and a README.md",
            kinds=(),
            shows="anything; pictures go in as bytes, other media by their address",
            loses="the order of blocks of different types, fields of messages beside role and content, the judgments",
            write=huggingface.write,
            read=huggingface_read.read,
        ),
    )
    return {one.name: one for one in found}


def find_format(name: str) -> FileFormat:
    """The format of this name. Raises `Invalid`, which lists those that there are."""
    found = file_formats().get(name)
    if found is None:
        raise invalid(
            "/format", "format", f"there is no format {name!r}; there are {', '.join(file_formats())}"
        )
    return found
