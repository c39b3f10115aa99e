"""What goes into the folder of a release, in which order?

Everything is read in one snapshot. Source parts come first, what is derived is fitted from them alone, manifest
and signature are written last, and the whole is verified as anyone would.
"""

from __future__ import annotations

import hashlib
import itertools
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from steelyard.domain.errors import SteelyardError
from steelyard.domain.policy import parse_policy
from steelyard.domain.times import format_time
from steelyard.releases import bundle
from steelyard.releases.derive import Derived, derive, fit_questions, read_evidence
from steelyard.releases.encoding import canonical
from steelyard.releases.folder import room_beside, sync_all, sync_names, write_synced
from steelyard.releases.history import Before, latest_release, providers_named, read_before
from steelyard.releases.layout import (
    BUNDLE,
    CHANGE,
    CHANGES,
    CONSENSUS_ROWS,
    FORMAT,
    MANIFEST,
    TableWriter,
    file_digest,
    read_columns,
)
from steelyard.releases.manifest import counted
from steelyard.releases.parts import (
    FileEntry,
    Source,
    blobs_of,
    table_entry,
    write_contents,
    write_judgments,
)
from steelyard.releases.plan import PartKey, Plan, make_plan
from steelyard.releases.signing import SigningKey
from steelyard.releases.verify import verify
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Transaction
from steelyard.work.projects import project_at

Progress = Callable[[str], None]


class BuildFailed(SteelyardError):
    """What was built did not verify, so it was not released."""

    code = "build_failed"


@dataclass(frozen=True)
class Made:
    """A verified release in its hidden folder, and what the database will remember of it."""

    project_id: int
    version: int
    predecessor_id: int | None
    path: Path
    manifest: dict[str, Any]
    digest: str
    held: dict[int, dict[str, int]]
    left_out: list[int]


class Composer:
    """One build within one snapshot."""

    def __init__(
        self, tx: Transaction, blobs: Blobs, room: Path, path: Path, key: SigningKey, say: Progress
    ) -> None:
        self.tx, self.blobs, self.room, self.path, self.key, self.say = tx, blobs, room, path, key, say
        self.left_out: dict[int, str] = {}
        self.source = Source(tx, self.left_out)
        self.files: list[FileEntry] = []

    def run(self, slug: str, world: str, without: list[str]) -> Made:
        project = project_at(self.tx, slug, world)
        latest = latest_release(self.tx, project.id)
        version = 1 if latest is None else latest.version + 1
        self.left_out.update(providers_named(self.tx, without))
        keep = parse_policy(project.policy).derivatives == "keep"
        current = self.source.form(project.form_id)
        self.say("planning")
        plan = make_plan(self.tx, project.id, set(self.left_out), keep=keep)
        held = self._write_source(plan)
        withheld = self._withheld(plan, current, keep)
        self.say("fitting")
        paths = {kind: self._paths(kind) for kind in ("judgments", "content")}
        derived = derive(
            self.room, paths["judgments"], paths["content"], self.source.forms, current, withheld
        )
        before = read_before(Path(latest.path), latest.digest) if latest is not None else None
        changes = self._write_consensus(derived, before)
        self.files.sort(key=lambda entry: entry["path"])
        manifest = {
            "format": FORMAT,
            "project": {
                "name": project.name,
                "slug": project.slug,
                "world": project.world,
                "instruction": project.instruction,
                "form": current,
            },
            "forms": {digest: form.canonical() for digest, form in self.source.forms.items()},
            "version": version,
            "predecessor": None if latest is None else latest.digest,
            "as_of": None if plan.as_of is None else format_time(plan.as_of),
            "receipt": False,
            "files": self.files,
            "fit": derived.fit,
            "counts": counted(self.files),
            "changes": changes,
            "withheld": withheld,
        }
        digest = self._seal(manifest)
        return Made(
            project.id, version, None if latest is None else latest.id, self.path, manifest, digest, held,
            sorted(self.left_out),
        )  # fmt: skip

    def _paths(self, kind: str) -> list[str]:
        return [entry["path"] for entry in self.files if entry["kind"] == kind]

    def _write_source(self, plan: Plan) -> dict[int, dict[str, int]]:
        """Writes contents, blobs and judgments; returns how much of each provider there is."""
        held: dict[int, dict[str, int]] = {}
        shown: set[str] = set()
        total, done = len(plan.contents) + len(plan.judgments), 0
        for key in sorted(plan.contents, key=_order):
            self.files.append(write_contents(self.tx, self.source, self.room, key, plan.contents[key]))
            _count(held, key, "contents", self.files[-1])
            shown |= blobs_of(self.tx, plan.contents[key])
            done += 1
            self.say(f"{done:,} of {total:,} parts")
        for key in sorted(plan.judgments, key=_order):
            rows = plan.judgments[key]
            self.files.append(write_judgments(self.tx, self.source, self.room, key, rows, plan.hidden))
            _count(held, key, "judgments", self.files[-1])
            done += 1
            self.say(f"{done:,} of {total:,} parts")
        for number, digest in enumerate(sorted(shown)):
            self.files.append(self._copy_blob(digest))
            self.say(f"{number + 1:,} of {len(shown):,} blobs")
        return held

    def _copy_blob(self, digest: str) -> FileEntry:
        path = self.room / "blobs" / digest
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            for piece in self.blobs.stream(digest):
                file.write(piece)
        return {
            "path": f"blobs/{digest}", "kind": "blob", "sha256": digest, "bytes": path.stat().st_size,
            "rows": None, "schema": None, "provider": None, "shipment": None, "day": None, "depends": None,
        }  # fmt: skip

    def _withheld(self, plan: Plan, current: str, keep: bool) -> list[str]:
        """Public ids of tasks that have judgments here and yet get no row, since their value waits for a
        reviewer, or rests on what is left out: a fix, or words that a fit of everything would have copied."""
        paths = [self.room / path for path in self._paths("judgments")]
        lost = set() if keep else plan.withheld
        left = not keep and len(plan.left) > 0
        if not (plan.in_review or lost or left):
            return []
        tasks = sa.select(t.task.c.public_id).where(t.task.c.id.in_(sa.bindparam("ids", expanding=True)))
        ids = sorted(plan.in_review | lost)
        found = {
            row[0]
            for at in range(0, len(ids), 1000)
            for row in self.tx.rows(tasks, {"ids": ids[at : at + 1000]})
        }
        if left:
            found |= self._copied_from_left(plan.left, paths, current)
        here: set[str] = set()
        for path in paths:
            here.update(read_columns(path, ["task"]).column("task").to_pylist())
        return sorted(found & here)

    def _copied_from_left(self, left: array[int], paths: list[Path], current: str) -> set[str]:
        """Fits with what is left out, in a folder of its own, to see whose words were the value."""
        used = Source(self.tx)
        used.forms = dict(self.source.forms)  # forms that only the left out used must not enter the release
        with room_beside(self.path, "weighing") as scratch:
            key = PartKey(next(iter(used.slugs)), None, 0)
            entry = write_judgments(self.tx, used, scratch, key, left, set())
            theirs = scratch / entry["path"]
            names = set(read_columns(theirs, ["judgment"]).column("judgment").to_pylist())
            evidence = read_evidence([*paths, theirs])
        return {
            evidence.tasks[task]
            for fitted in fit_questions(evidence, used.forms, current).values()
            for task, source in zip(
                fitted.merged.tasks.tolist(), fitted.merged.value_from.tolist(), strict=True
            )
            if source >= 0 and evidence.judgment[source] in names
        }

    def _write_consensus(self, derived: Derived, before: Before | None) -> dict[str, int] | None:
        schema = derived.schema if before is None else pa.schema([*derived.schema, CHANGE])
        changes: dict[str, int] = dict.fromkeys(CHANGES, 0)
        for number, rows in enumerate(_portions(derived.rows(), CONSENSUS_ROWS)):
            path = self.room / "consensus" / f"part-{number:05d}.parquet"
            path.parent.mkdir(exist_ok=True)
            writer = TableWriter(path, schema)
            for row in rows:
                if before is not None:
                    row[CHANGE.name] = _change(row, before)
                    changes[row[CHANGE.name]] += 1
                writer.add(row, 2 * len(row["answers"]))
            writer.close()
            self.files.append(table_entry(self.room, "consensus", path, file_digest(path)))
        if before is None:
            return None
        changes["gone"] = len(before.rows) - sum(changes[c] for c in ("same", "confidence", "value"))
        return changes

    def _seal(self, manifest: dict[str, Any]) -> str:
        """Writes manifest and signature last, brings all to disk and verifies it as anyone would."""
        self.say("signing and verifying")
        data = canonical(manifest)
        signed = bundle.sign(manifest, data, self.key)
        sync_all(self.room)
        write_synced(self.room / MANIFEST, data)
        write_synced(self.room / BUNDLE, signed)
        sync_names(self.room)
        found = verify(self.room, self.key.public)
        if not found.ok:
            raise BuildFailed(f"the release did not verify, and nothing was released: {found.problems[0]}")
        return hashlib.sha256(data).hexdigest()


def _order(key: PartKey) -> tuple[Any, ...]:
    return (key.provider, key.shipment or 0, key.day or 0, key.depends)


def _count(held: dict[int, dict[str, int]], key: PartKey, what: str, entry: FileEntry) -> None:
    held.setdefault(key.provider, {"contents": 0, "judgments": 0})[what] += entry["rows"]
    for provider in key.depends:  # nothing of theirs, and yet it would not be without them
        held.setdefault(provider, {"contents": 0, "judgments": 0})


def _portions(rows: Iterator[dict[str, Any]], size: int) -> Iterator[Iterator[dict[str, Any]]]:
    """The rows in runs of `size`; each must be used up before the next is asked for."""
    for first in rows:
        yield itertools.chain([first], itertools.islice(rows, size - 1))


def _change(row: dict[str, Any], before: Before) -> str:
    was = before.rows.get(row["task"])
    if was is None:
        return "new"
    if was[0] != row["answers"]:
        return "value"
    return "same" if was[1] == row["confidence"] else "confidence"
