"""What does a task ask?

A form never changes; two forms that ask the same have one canonical spelling and so one digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question of a form. `spec` is the rest of what was said: options, bounds, tolerance."""

    name: str
    kind: str
    title: str = ""
    required: bool = True
    spec: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def tolerance(self) -> float | None:
        value = self.spec.get("tolerance")
        return None if value is None else float(value)

    @cached_property
    def leaves(self) -> Mapping[str, int]:
        """The option values that may be answered, each with its place in the order of the form."""
        found: dict[str, int] = {}
        waiting = list(reversed(self.spec.get("options", ())))
        while waiting:
            option = waiting.pop()
            if isinstance(option, str):
                found[option] = len(found)
            elif "options" in option:
                waiting += reversed(option["options"])
            else:
                found[option["value"]] = len(found)
        return MappingProxyType(found)

    def canonical(self) -> dict[str, Any]:
        """As JSON with the defaults left out."""
        said: dict[str, Any] = {"name": self.name, "kind": self.kind}
        if self.title:
            said["title"] = self.title
        if not self.required:
            said["required"] = False
        return said | {key: _plain(value) for key, value in self.spec.items()}


@dataclass(frozen=True)
class Form:
    """The questions in the order they are asked."""

    questions: tuple[Question, ...]

    def question(self, name: str) -> Question | None:
        return next((q for q in self.questions if q.name == name), None)

    def canonical(self) -> dict[str, Any]:
        return {"questions": [q.canonical() for q in self.questions]}


def _plain(value: Any) -> Any:
    """A copy in plain lists and dicts. Option trees are of bounded depth."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
