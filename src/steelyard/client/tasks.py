"""Tasks: how work is sent, and how it is looked at."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from steelyard.client.errors import Refused, Unreachable
from steelyard.client.rows import Rows
from steelyard.client.shapes import Created, ExportedTask, ListedTask, Shipped, Task
from steelyard.client.transport import Transport, given, quoted

LINES = "application/x-ndjson"
TYPES = {
    ".jsonl": LINES, ".ndjson": LINES, ".json": "application/json", ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}  # fmt: skip
AT_ONCE_ROWS, AT_ONCE_BYTES = 10_000, 8_000_000


class Tasks(Transport):
    """What is to be answered."""

    def create_task(self, project: str, task: Mapping[str, Any]) -> str:
        """Creates one task and returns its id; made once however often it has to be repeated.

        Raises `Refused` with a pointer to each field that is wrong; code `changed` where the external_id is that of
        a task that differs.
        """
        path = f"/api/projects/{quoted(project)}/tasks"
        return self.post(path, dict(task), idempotency_key=uuid.uuid4().hex)["id"]

    def create_tasks(self, project: str, tasks: Iterable[Mapping[str, Any]]) -> Created:
        """Sends tasks as JSON Lines, however many; returns counts, row errors and ids.

        Tasks go in requests of some thousand. One in which every task has an `external_id` is repeated when the
        connection fails; else `Unreachable` is raised, and its tasks may or may not be there.
        """
        counts = {"new": 0, "same": 0, "changed": 0, "wrong": 0}
        total: dict[str, Any] = {"counts": counts, "errors": [], "ids": []}
        path, sent = f"/api/projects/{quoted(project)}/tasks", 0
        for lines, rows, named in _parts(tasks):
            try:
                answer = self._sent(path, lines, LINES, repeatable=named)
            except Unreachable as fault:
                raise Unreachable(f"{fault}; the first {sent} tasks are in") from None
            for name, count in answer["counts"].items():
                counts[name] += count
            total["errors"] += [{**error, "row": error["row"] + sent} for error in answer["errors"]]
            total["ids"] += answer["ids"]
            sent += rows
        return cast(Created, total)

    def import_file(self, project: str, file: Path | str, content_type: str | None = None) -> Created:
        """Sends a file of tasks as it is: JSON Lines, CSV or Parquet by its name, or of a media type."""
        path = Path(file)
        media_type = content_type or TYPES.get(path.suffix.lower())
        if media_type is None:
            raise ValueError(f"{path.name} is none of {', '.join(TYPES)}; say its content_type")
        with path.open("rb") as stream:
            return self._sent(f"/api/projects/{quoted(project)}/tasks", _chunks(stream), media_type)

    def _sent(
        self, path: str, content: bytes | Iterable[bytes], media_type: str, repeatable: bool = False
    ) -> Any:
        """What is said of tasks that were sent; also where none of them was right."""
        try:
            return self.request(
                "POST", path, content=content, content_type=media_type, repeatable=repeatable
            ).json()
        except Refused as refused:
            if refused.answer is None or "counts" not in refused.answer:
                raise
            return {name: refused.answer[name] for name in ("counts", "errors", "ids")}

    def ship(self, project: str, provider: str, name: str, tasks: Iterable[Mapping[str, Any]]) -> Shipped:
        """Sends a shipment: tasks that a provider answered elsewhere, each with its `judgments`. Not repeated."""
        return self.request(
            "POST",
            f"/api/projects/{quoted(project)}/shipments",
            params={"provider": provider, "name": name},
            content=(_encoded(task) + b"\n" for task in tasks),
            content_type=LINES,
        ).json()

    def put_blob(self, data: bytes, media_type: str) -> str:
        """Stores bytes and returns their blob: address, which a content may show."""
        response = self.request("POST", "/api/blobs", content=data, content_type=media_type, repeatable=True)
        return response.json()["url"]

    def content_bytes(self, url: str) -> bytes:
        """The bytes behind a link of a content's block."""
        return self.request("GET", url).content

    def tasks(
        self,
        project: str,
        *,
        status: str | None = None,
        batch: str | None = None,
        tag: str | None = None,
        gold: str | None = None,
        external_id: str | None = None,
        confidence_below: float | None = None,
    ) -> Iterator[ListedTask]:
        """Tasks in the order of their arrival, with what is known of their answer; `gold` is evaluation,
        training, any or no."""
        wanted = given(status=status, batch=batch, tag=tag, gold=gold, external_id=external_id)
        params = {**wanted, "confidence_below": confidence_below, "limit": 1000}
        return self.pages(f"/api/projects/{quoted(project)}/tasks", params)

    def task(self, task: str) -> Task:
        """One task, by its id, with its content, judgments and consensus. Whoever reads it was shown it."""
        return self.get(f"/api/tasks/{quoted(task)}")

    def update_task(self, task: str, **changes: Any) -> dict[str, Any]:
        """Changes `priority`, `tags` or `metadata`."""
        return self.patch(f"/api/tasks/{quoted(task)}", changes)

    def cancel_task(self, task: str, reason: str | None = None) -> dict[str, Any]:
        """Wants no more answers of a task."""
        return self.post(f"/api/tasks/{quoted(task)}/cancel", given(reason=reason))

    def export_tasks(self, project: str, *, content: bool = True, **params: Any) -> Rows[ExportedTask]:
        """Tasks whole, as rows or a table, narrowed as `tasks`; with content, whoever exports them was shown it."""
        return Rows(self, project, "tasks", {**params, "content": int(content)})


def _parts(tasks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[bytes, int, bool]]:
    """Lines that fit one request, how many they are, and whether each has an external_id."""
    lines: list[bytes] = []
    size, named = 0, True
    for task in tasks:
        line = _encoded(task)
        lines.append(line)
        size += len(line)
        named = named and task.get("external_id") is not None
        if len(lines) == AT_ONCE_ROWS or size > AT_ONCE_BYTES:
            yield b"\n".join(lines) + b"\n", len(lines), named
            lines, size, named = [], 0, True
    if lines:
        yield b"\n".join(lines) + b"\n", len(lines), named


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(1 << 18):
        yield chunk


def _encoded(task: Mapping[str, Any]) -> bytes:
    """A task as a line; raises ValueError for numbers that JSON has not (NaN, infinities)."""
    return json.dumps(dict(task), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
