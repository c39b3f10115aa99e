"""In which columns of a table do the answers to a form stand?

A column is named as its question; where that name is taken, by a fixed column or by another question's column
of another type, the question's kind is put behind it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import pyarrow as pa

from steelyard import forms
from steelyard.domain.form import Form, Question
from steelyard.forms.kind import Kind, kind_of
from steelyard.releases.layout import RESERVED


class AnswerColumns:
    """The columns of all questions of some forms, in the order of the forms' digests and their questions."""

    def __init__(self, used: Mapping[str, Form]) -> None:
        names: dict[tuple[str, str, str], str] = {}
        taken: set[str] = set(RESERVED)
        self.fields: list[pa.Field] = []
        self._cells: dict[str, list[tuple[Kind, Question, dict[str, str]]]] = {}
        for digest in sorted(used):
            for question in used[digest].questions:
                mapping: dict[str, str] = {}
                for field in forms.columns(question):
                    key = (question.name, field.name, str(field.type))
                    if key not in names:
                        names[key] = _free(field.name, question.kind, taken)
                        taken.add(names[key])
                        self.fields.append(pa.field(names[key], field.type))
                    mapping[field.name] = names[key]
                self._cells.setdefault(digest, []).append((kind_of(question), question, mapping))

    def cells(self, digest: str, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of one row that answers the form with this digest."""
        row: dict[str, Any] = {}
        for kind, question, mapping in self._cells[digest]:
            for name, value in kind.cells(question, answers.get(question.name)).items():
                row[mapping[name]] = value
        return row


def _free(name: str, kind: str, taken: Container[str]) -> str:
    if name not in taken:
        return name
    wanted, number = f"{name}_{kind}", 2
    while wanted in taken:
        wanted, number = f"{name}_{kind}_{number}", number + 1
    return wanted
