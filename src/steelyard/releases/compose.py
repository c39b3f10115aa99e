"""What goes into the folder of a release, in which order?

Everything is read in one snapshot. Source parts come first, what is derived is fitted from them alone, manifest
and signature are written last, and the whole is verified as anyone would.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from steelyard.domain.errors import SteelyardError
from steelyard.domain.policy import parse_policy
from steelyard.domain.times import format_time
from steelyard.releases import bundle
from steelyard.releases.arrow import compute as pc
from steelyard.releases.chains import read_chains
from steelyard.releases.choose import Tasks, chosen_tasks
from steelyard.releases.consensus import write_consensus
from steelyard.releases.contents import ContentParts
from steelyard.releases.derive import derive
from steelyard.releases.encoding import canonical
from steelyard.releases.evidence import evidence_of
from steelyard.releases.fits import fit_questions
from steelyard.releases.folder import sync_all, sync_names, write_synced
from steelyard.releases.history import latest_release, providers_named, read_before
from steelyard.releases.judged import JudgmentParts, Taken
from steelyard.releases.layout import BUNDLE, FORMAT, MANIFEST
from steelyard.releases.manifest import counted
from steelyard.releases.options import Options
from steelyard.releases.part_files import FileEntry, PartFiles, PartKey, file_entry
from steelyard.releases.signing import SigningKey
from steelyard.releases.sources import Source
from steelyard.releases.spelling import spell_ids
from steelyard.releases.table_file import waiting_room
from steelyard.releases.verify import verify
from steelyard.store.blobs import Blobs
from steelyard.store.database import Transaction
from steelyard.work.column_stream import JudgmentStream
from steelyard.work.projects import project_at

Progress = Callable[[str], None]
LEFT = ".left"  # what is left out, as long as it is looked at


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


@dataclass(frozen=True)
class Keys:
    """The key that signs, and the secret that pseudonyms are made with."""

    signing: SigningKey
    pseudonyms: bytes | None


class Composer:
    """One build within one snapshot."""

    def __init__(
        self,
        tx: Transaction,
        blobs: Blobs,
        stream: JudgmentStream,
        room: Path,
        path: Path,
        keys: Keys,
        options: Options,
        say: Progress,
    ) -> None:
        self.tx, self.blobs, self.stream, self.room, self.path = tx, blobs, stream, room, path
        self.keys, self.options, self.say = keys, options, say
        self.files: list[FileEntry] = []
        self.held: dict[int, dict[str, int]] = {}

    def run(self, slug: str, world: str) -> Made:
        project = project_at(self.tx, slug, world)
        policy = parse_policy(project.policy)
        latest = latest_release(self.tx, project.id)
        version = 1 if latest is None else latest.version + 1
        left_out = providers_named(self.tx, list(self.options.without))
        asked = providers_named(self.tx, list(self.options.providers))
        source = Source(
            self.tx,
            left_out,
            licence=self.options.licence,
            sensitivity=policy.sensitivity,
            pseudonym_key=self.keys.pseudonyms if self.options.pseudonymous else None,
        )
        current = source.form(project.form_id)
        keep = policy.derivatives == "keep"
        with waiting_room(self.room) as waiting:
            parts = {kind: PartFiles(self.room, kind, waiting) for kind in ("content", "judgments")}
            left = PartFiles(self.room / LEFT, "judgments", waiting)
            self.say("choosing")
            only = chosen_tasks(self.tx, self.stream, project.id, self.options, set(asked))
            contents = ContentParts(self.tx, source, self.options, parts["content"])
            tasks = contents.write(project.id, list(left_out), only, self.say)
            self._take(parts["content"].finish(source.entry), "contents")
            written = JudgmentParts(
                source,
                self.options,
                tasks,
                read_chains(self.tx, project.id),
                left_out=left_out,
                asked=set(asked),
                keep=keep,
            )
            (self.room / LEFT).mkdir()
            taken = written.write(self.tx, self.stream, parts["judgments"], left, self.say)
            self._take(parts["judgments"].finish(source.entry), "judgments")
            away = [entry["path"] for _, entry in left.finish(source.entry)]
        for number, digest in enumerate(sorted(contents.blobs)):
            self.files.append(self._copy_blob(digest))
            self.say(f"{number + 1:,} of {len(contents.blobs):,} blobs")
        here = {d: f for d, f in source.forms.items() if d == current or d in self._forms()}
        withheld = self._withheld(tasks, taken, source, current, away, keep)
        del tasks
        as_of = max((at for at in (contents.latest, taken.latest) if at is not None), default=None)
        self.say("fitting")
        before = read_before(Path(latest.path), latest.digest) if latest is not None else None
        with derive(
            self.room,
            self._paths("judgments"),
            self._paths("content"),
            here,
            current,
            withheld,
            self.options,
            self.room,
        ) as derived:
            self.say("writing the consensus")
            entries, changes = write_consensus(self.room, derived, before)
        self.files += entries
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
            "forms": {digest: form.canonical() for digest, form in here.items()},
            "options": self.options.to_manifest(list(asked.values())),
            "version": version,
            "predecessor": None if latest is None else latest.digest,
            "as_of": None if as_of is None else format_time(as_of),
            "receipt": False,
            "files": self.files,
            "fit": derived.fit,
            "counts": counted(self.files),
            "changes": changes,
            "withheld": withheld,
        }
        digest = self._seal(manifest)
        return Made(
            project.id, version, None if latest is None else latest.id, self.path, manifest, digest, self.held,
            sorted(left_out),
        )  # fmt: skip

    def _paths(self, kind: str) -> list[str]:
        return sorted(entry["path"] for entry in self.files if entry["kind"] == kind)

    def _forms(self) -> set[str]:
        """The digests of the forms that judgments in the release answer."""
        from steelyard.releases.layout import read_columns

        found: set[str] = set()
        for path in self._paths("judgments"):
            found.update(read_columns(self.room / path, ["form"]).column("form").unique().to_pylist())
        return found

    def _take(self, parts: list[tuple[PartKey, FileEntry]], what: str) -> None:
        for key, entry in parts:
            self.files.append(entry)
            self.held.setdefault(key.provider, {"contents": 0, "judgments": 0})[what] += entry["rows"]
            for provider in key.depends:  # nothing of theirs, and yet it would not be without them
                self.held.setdefault(provider, {"contents": 0, "judgments": 0})

    def _copy_blob(self, digest: str) -> FileEntry:
        path = self.room / "blobs" / digest
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            for piece in self.blobs.stream(digest):
                file.write(piece)
        return file_entry(self.room, "blob", path, digest)

    def _withheld(
        self, tasks: Tasks, taken: Taken, source: Source, current: str, away: list[str], keep: bool
    ) -> list[str]:
        """Public ids of tasks that have judgments here and yet get no row, since their value waits for a
        reviewer, or rests on what is left out: a fix, or words that a fit of everything would have copied."""
        found = set(tasks.in_review)
        if not keep:
            found |= taken.withheld
            if away:
                found |= self._copied_from(away, source, current)
        if not found:
            return []
        ids = pa.array(sorted(found), pa.string())
        return ids.filter(pc.is_in(ids, value_set=spell_ids(tasks.raw[taken.seen]))).to_pylist()

    def _copied_from(self, away: list[str], source: Source, current: str) -> set[str]:
        """Fits with what is left out, to see whose words were the value."""
        self.say("weighing what is left out")
        here = [self.room / path for path in self._paths("judgments")]
        theirs = [self.room / LEFT / path for path in sorted(away)]
        contents = [self.room / path for path in self._paths("content")]
        own = sum(entry["rows"] for entry in self.files if entry["kind"] == "judgments")
        ids: set[str] = set()
        with evidence_of([*here, *theirs], contents, source.forms, current, self.room / LEFT) as evidence:
            for fitted in fit_questions(evidence).values():
                if fitted.source is not None:
                    for task in (fitted.source >= own).nonzero()[0].tolist():
                        ids.add(evidence.tasks.raw(task, task + 1).tobytes().hex())
        return ids

    def _seal(self, manifest: dict[str, Any]) -> str:
        """Writes manifest and signature last, brings all to disk and verifies it as anyone would."""
        self.say("signing and verifying")
        shutil.rmtree(self.room / LEFT)
        data = canonical(manifest)
        signed = bundle.sign(manifest, data, self.keys.signing)
        sync_all(self.room)
        write_synced(self.room / MANIFEST, data)
        write_synced(self.room / BUNDLE, signed)
        sync_names(self.room)
        found = verify(self.room, self.keys.signing.public)
        if not found.ok:
            raise BuildFailed(f"the release did not verify, and nothing was released: {found.problems[0]}")
        return hashlib.sha256(data).hexdigest()
