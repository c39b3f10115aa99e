"""One client for all of /api: what engineers do with a Steelyard server, in typed calls.

Whatever has no call of its own is reached by `get`, `post`, `patch` and `request`.
"""

from __future__ import annotations

from typing import Any, Self

from steelyard.client.access import Access
from steelyard.client.leaving import Leaving
from steelyard.client.organisations import Organisations
from steelyard.client.projects import Projects
from steelyard.client.providers import Providers
from steelyard.client.rows import Rows
from steelyard.client.shapes import Consensus, Judgment
from steelyard.client.tasks import Tasks
from steelyard.client.work import Work


class Client(Projects, Tasks, Work, Providers, Leaving, Organisations, Access):
    """A session with a server, by key.

    `url` is the server's, such as http://127.0.0.1:8000; `key` a key of any role; `timeout_s` how long the server
    may be silent. Use it in a `with`, or `close` it. Raises `Refused` where the server says no, `Unreachable` where
    it does not answer.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def judgments(
        self, project: str, *, history: bool = False, after: str | None = None, limit: int | None = None
    ) -> Rows[Judgment]:
        """Current judgments, as rows or a table; with `history` all that were ever given, marked.

        `after` is the id of the row to go on after, `limit` the most rows.
        """
        params: dict[str, Any] = {"history": int(history), "after": after, "limit": limit}
        return Rows(self, project, "judgments", params)

    def consensus(
        self, project: str, *, after: str | None = None, limit: int | None = None
    ) -> Rows[Consensus]:
        """The current answer of every task that has one, as rows or a table."""
        return Rows(self, project, "consensus", {"after": after, "limit": limit})
