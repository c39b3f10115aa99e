"""What can be wrong with a request, in words that the one who asked can act on.

Each class is one kind of refusal; every door maps the classes to its own status codes in one place.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong at one place; `pointer` is an RFC 6901 JSON pointer into the input."""

    pointer: str
    code: str
    message: str


class SteelyardError(Exception):
    """Base of everything that Steelyard refuses on purpose."""

    code = "refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Invalid(SteelyardError):
    """The input does not say something that can be done; each problem names its place."""

    code = "invalid"

    def __init__(self, problems: list[Problem], message: str | None = None) -> None:
        first = "; ".join(f"{p.pointer or '/'}: {p.message}" for p in problems[:3])
        super().__init__(message or first or "invalid input")
        self.problems = list(problems)


class NotFound(SteelyardError):
    """There is nothing by that name or id that the one who asks may see."""

    code = "not_found"


class Conflict(SteelyardError):
    """The request is sound, but the state of things forbids it now."""

    code = "conflict"


class Forbidden(SteelyardError):
    """The one who asks is known and may not do this."""

    code = "forbidden"


class Unauthenticated(SteelyardError):
    """Nobody we know is asking."""

    code = "unauthenticated"


class TooLarge(SteelyardError):
    """The input is larger than the installation takes."""

    code = "too_large"


def invalid(pointer: str, code: str, message: str) -> Invalid:
    """An `Invalid` with a single problem."""
    return Invalid([Problem(pointer, code, message)])
