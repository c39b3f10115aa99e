"""What can go wrong between a program and a server? Nothing that is said here holds a key."""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Base of what the client raises."""


class Unreachable(ClientError):
    """The server did not answer, however often it was asked. Whether the last request was carried out is not
    known; what the client repeats by itself may be asked again without harm."""


class Refused(ClientError):
    """The server said no: `status`, `code`, `detail`, and `errors` with a pointer to each field or row.

    `answer` is the whole of what it said; `repeated` tells that an earlier try of the same request got no answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[dict[str, Any]],
        answer: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.errors = status, code, detail, errors
        self.answer = answer
        self.repeated = False


class PackageMissing(ClientError, ImportError):
    """A package that only this call needs is not installed; the message says which and how."""
