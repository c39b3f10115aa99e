"""How does a model answer?

It claims and submits through the same door as everybody else, so it is shown nothing that a person of its
provider would not be shown, and what it was shown is written down the same way.
"""

from __future__ import annotations

import importlib
import io
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar, cast

from steelyard.client import Client, Refused, Unreachable

GROUP = "steelyard.models"
MOST_FAILURES = 20
T = TypeVar("T")
Answer = Callable[["Shown"], Mapping[str, Any]]
# What was claimed may be another's by the time it is looked at: that is no fault of the worker.
_GONE = ("provider_stopped", "lease_lost", "task_full", "not_found")


class TargetNotFound(Exception):
    """There is no callable or estimator by that name."""


@dataclass(frozen=True)
class Shown:
    """What a model is given: the content's blocks with their bytes at hand, the form and the instruction."""

    blocks: Sequence[Mapping[str, Any]]
    form: Mapping[str, Any]
    instruction: str
    suggestion: Mapping[str, Any] | None
    fetch: Callable[[str], bytes]

    @property
    def text(self) -> str:
        """All text blocks, a line apart."""
        return "\n".join(b["text"] for b in self.blocks if b["type"] == "text")

    def image(self, index: int = 0) -> Any:
        """Image number `index` of the content, as Pillow reads it; raises IndexError."""
        from PIL import Image

        urls = [b["url"] for b in self.blocks if b["type"] == "image"]
        return Image.open(io.BytesIO(self.fetch(urls[index])))


def load_target(name: str) -> Answer:
    """The callable of `module:attribute` or of an entry point in `steelyard.models`.

    A fitted estimator (it has `predict`) answers the form's one required question from the image's grey
    values, a row of numbers, or else from the text. Raises `TargetNotFound`.
    """
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is not None:
        target = found.load()
    else:
        module, separator, attribute = name.partition(":")
        if not separator:
            raise TargetNotFound(f"{name!r} is neither module:attribute nor an entry point of {GROUP}")
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.insert(0, here)
        try:
            target = importlib.import_module(module)
            for part in attribute.split("."):
                target = getattr(target, part)
        except (ImportError, AttributeError) as wrong:
            raise TargetNotFound(f"{name!r} cannot be loaded: {wrong}") from wrong
    if hasattr(target, "predict"):
        return lambda shown: _predicted(target, shown)
    if not callable(target):
        raise TargetNotFound(f"{name!r} is neither callable nor an estimator")
    return cast(Answer, target)


def _predicted(estimator: Any, shown: Shown) -> dict[str, Any]:
    import numpy as np

    question = next(q for q in shown.form["questions"] if q.get("required", True))
    if any(b["type"] == "image" for b in shown.blocks):
        row: Any = np.asarray(shown.image().convert("L"), dtype=np.float64).reshape(1, -1)
    else:
        row = [shown.text]
    value = estimator.predict(row)[0]
    if hasattr(value, "item"):
        value = value.item()
    return {question["name"]: str(value) if question["kind"] == "choice" else value}


class Worker:
    """Claims, answers and submits until there is nothing left, or its provider is stopped.

    A task that the model fails on, or answers as the form does not allow, goes back with the reason; after
    `MOST_FAILURES` in a row the last one is raised. A server that was there and went away is waited for, at
    most `patience_s`.
    """

    def __init__(
        self,
        url: str,
        key: str,
        project: str,
        answer: Answer,
        *,
        batch: int = 16,
        pause_s: float = 0.5,
        patience_s: float = 60.0,
    ) -> None:
        self._client = Client(url, key)
        self._project, self._answer, self._batch, self._pause = project, answer, batch, pause_s
        self._patience = patience_s
        self._failures = 0
        self._reached = False
        self.answered = 0
        self.refused = 0
        self.failed = 0
        self.ended = ""

    def run(self, *, until_empty: bool = False) -> None:
        with self._client:
            while True:
                claimed = self._waiting(lambda: self._client.claim(self._project, self._batch))
                if not claimed["assignments"]:
                    said = claimed.get("code", "nothing")
                    if until_empty or said == "stopped":
                        self.ended = said
                        return
                    time.sleep(self._pause)
                for assignment in claimed["assignments"]:
                    self._work(assignment)

    def _work(self, assignment: Mapping[str, Any]) -> None:
        try:
            began = time.monotonic()
            answers = self._answer(self._shown(assignment))
            spent = int((time.monotonic() - began) * 1000)
            key = uuid.uuid4().hex  # the same in every try, so that a repetition is no second answer
            self._waiting(
                lambda: self._client.submit(assignment["id"], answers, spent_ms=spent, idempotency_key=key)
            )
            self.answered += 1
            self._failures = 0
        except Unreachable:
            raise
        except Refused as refused:
            if refused.code in _GONE:
                self.refused += 1
            elif refused.status == 422:
                self._give_back(assignment, refused)
            else:
                raise
        except Exception as fault:
            self._give_back(assignment, fault)

    def _shown(self, assignment: Mapping[str, Any]) -> Shown:
        task = assignment["task"]
        return Shown(
            task["content"]["blocks"],
            assignment["form"],
            assignment["instruction"],
            task["suggestion"],
            lambda url: self._waiting(lambda: self._client.content_bytes(url)),
        )

    def _give_back(self, assignment: Mapping[str, Any], fault: Exception) -> None:
        self.failed += 1
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            raise fault
        try:
            self._client.give_back(
                assignment["id"], f"the model failed: {type(fault).__name__}: {fault}"[:500]
            )
        except Refused as refused:
            if refused.code not in _GONE:
                raise

    def _waiting(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, asked again while a server that has answered before is away."""
        until = time.monotonic() + (self._patience if self._reached else 0.0)
        while True:
            try:
                given = ask()
                self._reached = True
                return given
            except Unreachable:
                if time.monotonic() >= until:
                    raise
                time.sleep(self._pause)
