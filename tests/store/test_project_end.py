"""A project that is archived rests; one that is deleted is gone, and what was done is still known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World, text_task

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.domain.ids import new_id
from steelyard.domain.states import AssignmentState
from steelyard.exit.plan import plan
from steelyard.identity.policy import Action, Principal
from steelyard.store import tables as t
from steelyard.store.blobs import BlobMissing, Blobs, open_blobs
from steelyard.store.database import Database, Transaction
from steelyard.work import exposure
from steelyard.work.batches import create_batch, find_batch
from steelyard.work.columnar import columns_of
from steelyard.work.media import keep_blob_row
from steelyard.work.project_end import delete_project, describe_deleted, what_goes
from steelyard.work.project_erase import BLOBS_JOB, drop_blobs, erase_project, forget_copies
from steelyard.work.projects import (
    change_project,
    find_project,
    find_project_ever,
    list_projects,
    project_at,
    update_project,
)
from steelyard.work.reveal import reveal
from steelyard.work.submit import Refused

ZEBRA = {"questions": [{"name": "label", "kind": "choice", "options": ["zebra", "horse"]}]}
STAYS = {t.content, t.judgment, t.consensus, t.exposure, t.gold, t.review, t.gold_result, t.withdrawal}


@dataclass(frozen=True)
class Stable:
    """A project in which everything that says something says zebra, and what it stands on."""

    world: World
    row: sa.Row
    vendor: sa.Row
    hands: list[Principal]
    tasks: list[str]
    folder: Path
    blobs: Blobs
    lone: str  # a blob that it alone shows
    shared: str

    def erase(self, database: Database | None = None) -> dict[str, int]:
        return erase_project(database or self.world.database, self.folder, {"project": self.row.id})


def status(world: World, project: sa.Row, to: str) -> sa.Row:
    return world.write(lambda tx: update_project(tx, world.owner, project.slug, {"status": to}))


def delete(world: World, project: sa.Row) -> sa.Row:
    status(world, project, "archived")
    return world.write(lambda tx: delete_project(tx, world.owner, project.slug, project.slug))


def dump(world: World) -> Iterator[tuple[str, str]]:
    """Every value of every row there is, as text."""
    for table in t.metadata.sorted_tables:
        for row in world.all(sa.select(table)):
            yield table.name, json.dumps([str(value) for value in row])


def of_zebras(world: World) -> list[str]:
    return sorted({table for table, text in dump(world) if "zebra" in text.lower()})


@pytest.fixture
def stable(world: World, tmp_path: Path, clock: Clock) -> Stable:
    blobs = open_blobs(tmp_path)
    vendor = world.provider("Acme", price="0.05")
    project = world.write(
        lambda tx: _project(tx, world.owner, "Animals in the field", ZEBRA, "Say zebra when it is one.")
    )
    lone, shared = blobs.put(b"zebra"), blobs.put(b"horse")
    world.write(lambda tx: [keep_blob_row(tx, digest, 5, "image/png") for digest in (lone, shared)])
    world.write(lambda tx: create_batch(tx, world.owner, project, "Zebra batch"))
    blocks = [{"type": "image", "url": f"blob:sha256/{digest}"} for digest in (lone, shared)]
    rows = [
        text_task(f"zebra {i}", external_id=f"zebra-{i}", tags=["zebra"], metadata={"of": "zebra"})
        for i in range(5)
    ]
    rows[0]["content"]["blocks"] += blocks
    rows[1] |= {"suggestion": {"label": "zebra"}, "batch": "Zebra batch"}
    tasks = world.add(project, rows)
    world.add(project, [text_task("zebra gold", gold={"label": "zebra"})])
    other = world.project("Horses")
    world.add(other, [{"content": {"blocks": [blocks[1]]}}])
    hands = [*world.people(1, "acme"), *world.people(1)]
    for who in hands:
        for held in world.take(who, project, 2):
            world.submit(who, held, "zebra", idempotency_key=held.id, presentation={"order": ["zebra"]})
    [held] = world.take(hands[0], project)
    world.write(lambda tx: _words(tx, project.id, held.id, hands[0].annotator_id))
    clock.advance(1)
    return Stable(world, project, vendor, hands, tasks, tmp_path, blobs, lone, shared)


def _project(tx: Transaction, who: Principal, name: str, form: Any, instruction: str) -> sa.Row:
    from steelyard.work.projects import create_project

    return create_project(tx, who, name=name, form=form, instruction=instruction)


def _words(tx: Transaction, project_id: int, held: str, annotator: int) -> None:
    """A draft, a question with its answer, a clarification, and a task given back, all of zebras."""
    row = tx.execute(sa.select(t.assignment).where(t.assignment.c.public_id == held)).one()
    draft = {"assignment_id": row.id, "annotator_id": annotator, "answers": {"label": "zebra"}, "at": tx.now}
    tx.execute(sa.insert(t.answer_draft).values(**draft))
    asked = tx.added(
        sa.insert(t.question).values(
            public_id=new_id(tx.now), project_id=project_id, task_id=row.task_id, annotator_id=annotator,
            provider_id=row.provider_id, text="zebra?", state="open", at=tx.now,
        )
    )  # fmt: skip
    said = {"public_id": new_id(tx.now), "question_id": asked, "text": "a zebra", "at": tx.now}
    tx.execute(sa.insert(t.question_message).values(**said))
    told = {"public_id": new_id(tx.now), "project_id": project_id, "asked": "zebra?", "answer": "zebra"}
    tx.execute(sa.insert(t.clarification).values(**told, at=tx.now))
    gave = {"annotator_id": annotator, "task_id": row.task_id, "reason": "no zebra", "at": tx.now}
    tx.execute(sa.insert(t.declined).values(**gave))
    tx.execute(sa.update(t.task).where(t.task.c.id == row.task_id).values(unique_id="zebra", reason="zebra"))


# --- archived --------------------------------------------------------------------------------------------


def test_an_archived_project_takes_back_what_is_held_and_hands_nothing_out(world: World) -> None:
    project = world.project()
    world.tasks(project, 3)
    who, other = world.people(2)
    held = world.take(who, project, 2)
    _, effect = world.write(lambda tx: change_project(tx, world.owner, project.slug, {"status": "archived"}))
    assert (effect.recalled.count, effect.stopped) == (2, ())
    assert world.claim(other, project).code == "stopped"
    with pytest.raises(Refused):
        world.submit(who, held[0])
    assert world.count(t.assignment, t.assignment.c.state == int(AssignmentState.READY)) == 3
    for add in (
        lambda tx: find_project(tx, world.owner, project.slug, Action.CREATE_TASKS),
        lambda tx: create_batch(tx, world.owner, project_at(tx, project.slug, "live"), "B"),
    ):
        with pytest.raises(Conflict) as refused:
            world.write(add)
        assert refused.value.code == "project_archived"
    assert world.database.read(lambda tx: find_project(tx, who, project.slug)).status == "archived"


def test_a_restored_project_goes_on_where_it_was(world: World) -> None:
    project = world.project()
    world.tasks(project, 2)
    who, other = world.people(2)
    world.take(who, project)
    status(world, project, "archived")
    world.claim(other, project)
    status(world, project, "active")
    assert world.answer(other, project) == 2


@pytest.mark.one_database
@pytest.mark.parametrize("wrong", ["deleted", "paused", None, 3])
def test_no_other_status_can_be_given_to_a_project(world: World, wrong: Any) -> None:
    project = world.project()
    with pytest.raises(Invalid) as refused:
        world.write(lambda tx: update_project(tx, world.owner, project.slug, {"status": wrong}))
    assert refused.value.problems[0].pointer == "/status"


def test_projects_are_listed_in_pages_by_status(world: World) -> None:
    made = [world.project(f"P{i}") for i in range(5)]
    status(world, made[1], "archived")
    delete(world, made[3])

    def walk(who: Principal, **more: Any) -> list[str]:
        found, after = [], 0
        while after is not None:
            page = world.database.read(lambda tx, at=after: list_projects(tx, who, after=at, limit=2, **more))
            found += [row.name for row in page.rows]
            after = page.next
        return found

    assert walk(world.owner) == ["P4", "P2", "P1", "P0"]
    assert walk(world.owner, status="active") == ["P4", "P2", "P0"]
    assert walk(world.owner, status="archived") == ["P1"]
    assert walk(world.owner, status="deleted") == ["P3"]
    assert walk(world.owner, name="p2") == ["P2"]
    with pytest.raises(Forbidden):
        walk(world.person("mia", role="manager"), status="deleted")
    with pytest.raises(Invalid):
        walk(world.owner, status="lost")


# --- deleted ---------------------------------------------------------------------------------------------


def test_only_an_archived_project_is_deleted_by_an_owner_who_types_its_slug(world: World) -> None:
    project = world.project()
    ask: Callable[[Principal, Any], Any] = lambda who, confirm: world.write(  # noqa: E731
        lambda tx: delete_project(tx, who, project.slug, confirm)
    )
    with pytest.raises(Conflict) as refused:
        ask(world.owner, project.slug)
    assert refused.value.code == "not_archived"
    status(world, project, "archived")
    for confirm in (None, "", project.name, f"{project.slug} "):
        with pytest.raises(Invalid) as wrong:
            ask(world.owner, confirm)
        assert wrong.value.problems[0].pointer == "/confirm"
    with pytest.raises(Forbidden):
        ask(world.person("mia", role="manager"), project.slug)
    assert ask(world.owner, project.slug).status == "deleted"


def test_a_deleted_project_is_gone_at_once_and_its_names_are_free(stable: Stable) -> None:
    world = stable.world
    foreseen = world.database.read(lambda tx: what_goes(tx, world.owner, stable.row.slug))
    assert foreseen["erased"] == {"tasks": 5, "gold": 1, "judgments": 4, "gold_judgments": 0, "batches": 1}
    gone = delete(world, stable.row)
    for slug in (stable.row.slug, gone.slug):
        with pytest.raises(NotFound):
            world.database.read(lambda tx, slug=slug: find_project(tx, world.owner, slug))
        with pytest.raises(NotFound):
            world.database.read(lambda tx, slug=slug: project_at(tx, slug, "live"))
    with pytest.raises(NotFound):
        world.database.read(lambda tx: find_batch(tx, world.owner, "Zebra batch"))
    assert world.claim(stable.hands[0], stable.row).code == "stopped"
    again = world.project(stable.row.name)
    assert again.slug == stable.row.slug
    world.batch(again, "Zebra batch")


def test_nothing_that_was_asked_shown_or_answered_is_left(stable: Stable) -> None:
    world = stable.world
    columns_of(world.database, stable.folder, stable.row.id)
    assert list(stable.folder.glob("columns/*/*.parquet"))
    assert len(of_zebras(world)) >= 13
    delete(world, stable.row)
    before = {table: world.count(table) for table in STAYS}
    stable.erase()
    assert of_zebras(world) == []
    assert {table: world.count(table) for table in STAYS} == before, "what was done stays"
    assert world.count(t.content_payload) == 1, "and so does what another project shows"
    assert list(stable.folder.glob("columns/*/*.parquet")) == []
    unsettled = (AssignmentState.READY, AssignmentState.HELD, AssignmentState.WAITING)
    mine = t.assignment.c.project_id == stable.row.id
    assert world.count(t.assignment, mine, t.assignment.c.state.in_(map(int, unsettled))) == 0


def drop_jobs(world: World) -> list[dict[str, Any]]:
    jobs = world.all(sa.select(t.job).where(t.job.c.kind == BLOBS_JOB).order_by(t.job.c.id))
    return [job.args for job in jobs]


@pytest.mark.one_database
def test_bytes_go_unless_somebody_else_shows_them(stable: Stable) -> None:
    world, blobs = stable.world, stable.blobs
    delete(world, stable.row)
    stable.erase()
    assert drop_jobs(world) == [{"digests": [stable.lone]}]
    drop_blobs(world.database, blobs, drop_jobs(world)[0])
    assert not blobs.exists(stable.lone)
    assert drop_jobs(world)[1:] == [{"digests": [stable.lone], "aside": True}], "a minute later for good"
    drop_blobs(world.database, blobs, drop_jobs(world)[1])
    with pytest.raises(BlobMissing):
        blobs.get(stable.lone)
    assert blobs.exists(stable.shared)


@pytest.mark.one_database
def test_a_blob_that_is_brought_again_stays_whenever_it_is_brought(stable: Stable) -> None:
    world, blobs = stable.world, stable.blobs

    def say_so() -> None:
        world.write(lambda tx: keep_blob_row(tx, stable.lone, 5, "image/png"))

    delete(world, stable.row)
    say_so()
    stable.erase()
    assert drop_jobs(world) == [], "since the project was deleted"
    world.write(lambda tx: tx.execute(sa.delete(t.blob).where(t.blob.c.digest == stable.lone)))
    job = {"digests": [stable.lone]}
    # Found there, set aside, and said of: it is read all the while, and put back.
    blobs.put(b"zebra")
    drop_blobs(world.database, blobs, job)
    assert blobs.get(stable.lone) == b"zebra"
    say_so()
    drop_blobs(world.database, blobs, {**job, "aside": True})
    assert blobs.exists(stable.lone)
    # Brought while the old bytes are aside: written anew, whatever becomes of those.
    world.write(lambda tx: tx.execute(sa.delete(t.blob).where(t.blob.c.digest == stable.lone)))
    drop_blobs(world.database, blobs, job)
    blobs.put(b"zebra")
    assert blobs.exists(stable.lone)
    say_so()
    drop_blobs(world.database, blobs, {**job, "aside": True})
    drop_blobs(world.database, blobs, job)
    assert blobs.get(stable.lone) == b"zebra"


class Breaking:
    """A database on which the process dies after so many writes."""

    def __init__(self, database: Database, left: int) -> None:
        self.dialect, self.read = database.dialect, database.read
        self._database, self._left = database, left

    def write(self, fn: Callable[[Transaction], Any]) -> Any:
        if self._left == 0:
            raise ConnectionError("killed")
        self._left -= 1
        return self._database.write(fn)


@pytest.mark.one_database
def test_an_erasure_that_is_killed_anywhere_ends_at_the_same_place(stable: Stable) -> None:
    delete(stable.world, stable.row)
    deaths = 0
    while True:
        try:
            # One write more each time, so that every place is died at once.
            stable.erase(Breaking(stable.world.database, deaths % 4))  # type: ignore[arg-type]
            break
        except ConnectionError:
            deaths += 1
            assert deaths < 60
    assert deaths > 3
    assert of_zebras(stable.world) == []
    assert set(stable.erase().values()) == {0}, "a second run finds nothing to do"


@pytest.mark.one_database
def test_an_erasure_waits_for_what_was_being_written_and_can_be_ordered_again(stable: Stable) -> None:
    world = stable.world
    gone = delete(world, stable.row)
    jobs = world.all(sa.select(t.job).where(t.job.c.kind == "erase_project").order_by(t.job.c.run_at))
    assert [job.args for job in jobs] == [{"project": stable.row.id}] * 2
    assert jobs[1].run_at - jobs[0].run_at == 60_000_000
    told = lambda: world.database.read(lambda tx: describe_deleted(tx, gone))  # noqa: E731
    assert told()["erasure"] == "running"
    world.write(lambda tx: tx.execute(sa.update(t.job).values(state="dead")))
    assert told()["erasure"] == "failed"
    world.write(lambda tx: delete_project(tx, world.owner, gone.slug, gone.slug))
    assert told()["erasure"] == "running"
    first = t.job.c.dedup_key == f"erase_project:{stable.row.id}"
    world.write(lambda tx: tx.execute(sa.delete(t.job).where(first)))
    assert told()["erasure"] == "done", "though it is looked at once more"
    world.write(lambda tx: tx.execute(sa.update(t.job).values(state="running")))
    assert told()["erasure"] == "running"
    world.write(lambda tx: tx.execute(sa.delete(t.job)))
    assert told()["erasure"] == "done"
    assert told()["releases"] == []


def test_who_has_ended_a_project_is_kept(stable: Stable) -> None:
    world = stable.world
    status(world, stable.row, "archived")
    status(world, stable.row, "archived")
    status(world, stable.row, "active")
    gone = delete(world, stable.row)
    world.write(lambda tx: delete_project(tx, world.owner, gone.slug, gone.slug))
    stable.erase()
    assert world.database.read(lambda tx: describe_deleted(tx, gone))["deleted_by"] == "olga"
    rows = world.all(sa.select(t.project_event).order_by(t.project_event.c.id))
    assert [row.what for row in rows] == [
        "archived",
        "restored",
        "archived",
        "deleted",
        "erasure ordered again",
    ]
    assert {(row.project_id, row.person_id) for row in rows} == {(stable.row.id, world.owner.person_id)}


@pytest.mark.one_database
def test_a_project_that_was_not_deleted_is_not_erased(stable: Stable) -> None:
    assert stable.erase() == {}
    status(stable.world, stable.row, "archived")
    assert stable.erase() == {}
    assert stable.world.count(t.judgment_payload) == 4


def test_a_form_that_others_ask_stays_whole(stable: Stable) -> None:
    world = stable.world
    twin = world.project("Zoo", form=ZEBRA)
    own = text_task("a", form=ZEBRA | {"questions": [*ZEBRA["questions"], _rating("how")]})
    world.add(stable.row, [own])
    world.add(world.project("Birds"), [own])
    delete(world, stable.row)
    stable.erase()
    assert world.one(sa.select(t.form.c.body).where(t.form.c.id == twin.form_id)) != {"questions": []}
    park = world.project("Park", form=ZEBRA)
    assert park.form_id == twin.form_id, "and is found again"
    assert world.count(t.form) == 3
    body = sa.select(t.form.c.body).where(t.form.c.id == twin.form_id)
    for last, left in ((twin, True), (park, False)):
        delete(world, last)
        erase_project(world.database, stable.folder, {"project": last.id})
        assert (world.one(body) != {"questions": []}) is left
    assert world.project("Anew", form=ZEBRA).form_id != twin.form_id


def _rating(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "rating", "min": 1, "max": 5}


@pytest.mark.one_database
def test_a_key_for_the_deleted_project_alone_opens_no_other(stable: Stable) -> None:
    world = stable.world
    who = world.person("ann")
    key = world.one(sa.select(t.api_key.c.id).where(t.api_key.c.person_id == who.person_id))
    world.write(
        lambda tx: tx.execute(sa.insert(t.api_key_project).values(api_key_id=key, project_id=stable.row.id))
    )
    delete(world, stable.row)
    stable.erase()
    assert world.count(t.api_key_project) == 1


# --- what is still told ------------------------------------------------------------------------------------


def test_who_was_shown_what_of_a_deleted_project_is_still_told(stable: Stable) -> None:
    world = stable.world
    before = world.database.read(lambda tx: exposure.counts(tx, stable.vendor.id, "live"))
    gone = delete(world, stable.row)
    stable.erase()
    after = world.database.read(lambda tx: exposure.counts(tx, stable.vendor.id, "live"))
    assert after["by_project"] == {gone.slug: before["by_project"][stable.row.slug]}
    for name in ("tasks", "showings", "by_sensitivity", "first", "last"):
        assert after[name] == before[name]
    found = world.database.read(lambda tx: find_project_ever(tx, world.owner, gone.slug, Action.READ_ASKED))
    assert found.id == stable.row.id
    commitment = world.all(sa.select(t.content.c.commitment).where(t.content.c.project_id == stable.row.id))[
        0
    ]
    with pytest.raises(NotFound):
        world.write(lambda tx: reveal(tx, world.owner, commitment.commitment))


@pytest.mark.one_database
def test_a_provider_is_left_with_a_deleted_project_behind_it(stable: Stable, tmp_path: Path) -> None:
    from steelyard.exit import execute
    from steelyard.exit.place import Place

    world = stable.world
    delete(world, stable.row)
    foreseen = world.database.read(lambda tx: plan(tx, stable.vendor, "live"))
    assert (foreseen["projects"], foreseen["releases"], foreseen["in_flight"]) == ([], [], 0)
    assert foreseen["exposed"] == 3, "what it has seen is told as before"
    place = Place(world.database, stable.blobs, tmp_path)
    # Half erased: the exit withdraws what is there, and asks nobody anything again.
    with pytest.raises(ConnectionError):
        stable.erase(Breaking(world.database, 2))  # type: ignore[arg-type]
    left = world.write(lambda tx: execute.begin(tx, world.owner, "acme", {}))
    key = world.database.read(lambda tx: execute.find_exit(tx, left["id"]).id)
    execute.carry_on(place, {"exit": key})
    done = world.database.read(lambda tx: execute.find_exit(tx, left["id"]))
    failing = [check for check in done.certificate["checks"] if not check["holds"]]
    assert failing == []
    stable.erase()
    assert of_zebras(world) == []
    waiting = (t.assignment.c.project_id == stable.row.id, t.assignment.c.state.in_((0, 1, 4)))
    assert world.count(t.assignment, *waiting) == 0


@pytest.mark.one_database
def test_releases_stay_where_they_are_also_when_the_name_comes_again(stable: Stable) -> None:
    from steelyard.exit.touched import touched_releases
    from steelyard.releases.build import build
    from steelyard.releases.signing import load_or_make_key
    from steelyard.releases.verify import verify

    world, key = stable.world, load_or_make_key(stable.folder)

    def built() -> Path:
        slug = stable.row.slug
        made = build(
            world.database, stable.blobs, slug, "live", None,
            without=[], signing_key=key, folder=stable.folder,
        )  # fmt: skip
        return made.path

    first = built()
    gone = delete(world, stable.row)
    stable.erase()
    [left] = world.database.read(lambda tx: describe_deleted(tx, gone))["releases"]
    assert (left["path"], left["version"]) == (str(first), 1)
    [touched] = world.database.read(lambda tx: touched_releases(tx, stable.vendor))
    assert (touched.project, touched.latest) == (gone.slug, False), "it gets no successor"
    with pytest.raises(NotFound):
        built()
    again = world.project(stable.row.name)
    world.add(again, [text_task("horse")])
    world.answer(stable.hands[0], again)
    second = built()
    assert second != first
    assert verify(first).ok
    assert verify(second).ok


@pytest.mark.one_database
def test_no_copy_of_a_deleted_project_is_made_or_left_on_another_server(stable: Stable) -> None:
    world, elsewhere = stable.world, stable.folder / "other"
    columns_of(world.database, elsewhere, stable.row.id)
    delete(world, stable.row)
    with pytest.raises(NotFound):
        columns_of(world.database, elsewhere, stable.row.id)
    assert forget_copies(world.database, elsewhere) == 1
    assert list(elsewhere.glob("columns/*/*.parquet")) == []
    assert forget_copies(world.database, elsewhere) == 0
