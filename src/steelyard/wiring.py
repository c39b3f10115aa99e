"""Which concrete parts is an installation made of? The only module that knows them all."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from steelyard.domain.ids import new_id
from steelyard.domain.states import World
from steelyard.exit import advance, drill, drill_schedule, execute
from steelyard.exit.place import Place
from steelyard.identity.people import find_or_make_person, provider_named
from steelyard.identity.policy import Principal, Role
from steelyard.jobs.child import run_child
from steelyard.jobs.runner import Handler, Runner
from steelyard.providers import figures
from steelyard.providers.concentration import Thresholds
from steelyard.providers.dependence_child import figures_in_child
from steelyard.providers.registry import ensure_in_house
from steelyard.settings import Settings
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs, open_blobs
from steelyard.store.database import PASSING, Database, Transaction, open_database
from steelyard.store.folder_lock import FolderLock
from steelyard.store.migrate import migrate
from steelyard.work import batches, ended, fetch, project_end, project_erase, recall, refit, standing
from steelyard.work.clock_back import ClockWatch
from steelyard.work.exposure_sums import sum_up
from steelyard.work.fit_child import fit_in_child
from steelyard.work.giveback import expire
from steelyard.work.queue import refresh_lanes
from steelyard.work.review_queue import expire_reviews
from steelyard.work.task_end import end_left, end_tasks
from steelyard.work.task_rows import FETCH_JOB

log = logging.getLogger("steelyard")


@dataclass
class Installation:
    """A data folder with its database and blobs, opened."""

    folder: Path
    database: Database
    blobs: Blobs
    settings: Settings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    def handlers(self) -> dict[str, Handler]:
        """What each kind of job does."""
        return {
            recall.JOB: lambda args: self.database.write(_recall_rest),
            batches.JOB: self._move_batch,
            batches.PRIORITY_JOB: self._prioritise_batch,
            batches.END_JOB: self._end_batch,
            ended.JOB: self._end_left,
            refit.JOB: self._refit,
            execute.JOB: lambda args: execute.carry_on(self.place(), args),
            drill.JOB: self._drill,
            advance.JOB: self._end_phase_out,
            FETCH_JOB: lambda args: fetch.fetch_content(
                self.database, self.blobs, args, allow_private=self.settings.allow_private_urls
            ),
        }

    def on_dead(self, kind: str, args: dict[str, Any], error: str) -> None:
        if kind == FETCH_JOB:
            fetch.give_up(self.database, args, error)

    def place(self) -> Place:
        """Where an exit is carried out: here, by this process."""
        url = self.settings.database_url
        return Place(
            self.database,
            self.blobs,
            self.folder,
            fit=lambda project: fit_in_child(self.folder, url, project),
            done_by=f"{socket.gethostname()}:{os.getpid()}",
        )

    def runner(self) -> Runner:
        return Runner(self.database, self.handlers(), self.on_dead)

    def slow_runner(self) -> Runner:
        """For what takes minutes and nobody waits for, so that nothing else waits behind it."""
        return Runner(self.database, {figures.JOB: self._work_out, **self._erasing()})

    def erasing_runner(self) -> Runner:
        """For what a deleted project leaves to do, in a command."""
        return Runner(self.database, self._erasing())

    def _erasing(self) -> dict[str, Handler]:
        return {
            project_end.JOB: self._erase_project,
            project_erase.BLOBS_JOB: lambda args: project_erase.drop_blobs(self.database, self.blobs, args),
        }

    def _erase_project(self, args: dict[str, Any]) -> None:
        project_erase.erase_project(self.database, self.folder, args)

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.settings.dependence_alert_share, self.settings.dependence_alert_hhi)

    def figures_in_child(self, project: int, say: figures.Say | None = None) -> figures.Figures:
        """What hangs on whom in a project, worked out in a process of its own."""
        return figures_in_child(self.folder, self.settings.database_url, project, say)

    def _work_out(self, args: dict[str, Any]) -> None:
        figures.work_out_and_keep(self.database, args["project"], self.figures_in_child)

    def _move_batch(self, args: dict[str, Any]) -> None:
        while self.database.write(lambda tx: batches.move_rows(tx, args["batch"], 1000)):
            pass

    def _prioritise_batch(self, args: dict[str, Any]) -> None:
        after: int | None = 0
        while after is not None:
            after = self.database.write(
                lambda tx, after=after: batches.prioritise_rows(tx, args["batch"], after, 500)
            )

    def _end_batch(self, args: dict[str, Any]) -> None:
        after: int | None = 0
        while after is not None:
            after = self.database.write(lambda tx, after=after: end_tasks(tx, args["batch"], after, 20))

    def _end_left(self, args: dict[str, Any]) -> None:
        for at in range(0, len(args["tasks"]), 20):
            self.database.write(lambda tx, at=at: end_left(tx, args["tasks"][at : at + 20]))

    def _end_phase_out(self, args: dict[str, Any]) -> None:
        foreseen = self.database.read(lambda tx: advance.foresee(tx, args))
        self.database.write(lambda tx: advance.finish(tx, args, foreseen))

    def _drill(self, args: dict[str, Any]) -> None:
        spec = {
            "folder": str(self.folder),
            "database_url": self.settings.database_url,
            "storage_url": self.settings.storage_url,
        }
        run_child("steelyard.exit.drill_child", {**spec, **args})

    def _refit(self, args: dict[str, Any]) -> None:
        if self.database.read(lambda tx: standing.is_deleted(tx, args["project"])):
            return
        url = self.settings.database_url
        refit.refit(self.database, args["project"], lambda project: fit_in_child(self.folder, url, project))

    def do_due(self) -> int:
        """Sweeps and does the jobs that are due, once; for commands that hold the folder for a moment."""
        self.database.write(expire)
        self.database.write(expire_reviews)
        self.database.write(refit.enqueue_due)
        self.database.write(advance.advance)
        self.database.write(drill_schedule.order_due)
        sum_up(self.database)
        return self.runner().run_due() + self.erasing_runner().run_due()


def _recall_rest(tx: Transaction) -> None:
    tx.hold_showing()
    recall.recall(tx)


def open_installation(
    folder: Path | str,
    database_url: str | None = None,
    storage_url: str | None = None,
    settings: Settings | None = None,
) -> Installation:
    """Opens the folder, making and migrating what is missing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    given = settings or Settings()
    chosen = Settings(
        **{
            **given.__dict__,
            "data": folder,
            "database_url": database_url or given.database_url,
            "storage_url": storage_url or given.storage_url,
        }
    )
    database = open_database(folder, chosen.database_url)
    try:
        migrate(database)
        if not database.read(_is_ready):
            database.write(lambda tx: _prepare(tx, chosen.currency))
        return Installation(folder, database, open_blobs(folder, chosen.storage_url), chosen)
    except BaseException:
        database.close()
        raise


def _is_ready(tx: Transaction) -> bool:
    return tx.execute(sa.select(t.installation.c.id)).first() is not None


def _prepare(tx: Transaction, currency: str) -> None:
    tx.hold_showing()
    if not _is_ready(tx):
        tx.execute(
            sa.insert(t.installation).values(
                id=1,
                public_id=new_id(tx.now),
                currency=currency,
                eligibility_version=secrets.randbits(62),
                created_at=tx.now,
            )
        )
        ensure_in_house(tx)


def local_owner(tx: Transaction, world: str) -> Principal:
    """Whoever can write the data folder is its owner: the person that commands act as."""
    in_house = provider_named(tx, None)
    person_id, _ = find_or_make_person(tx, "owner", in_house)
    person = tx.execute(sa.select(t.person).where(t.person.c.id == person_id)).one()
    annotator = tx.execute(
        sa.select(t.annotator.c.id).where(t.annotator.c.person_id == person_id)
    ).scalar_one()
    return Principal(
        person_id=person_id,
        person=person.public_id,
        name=person.name,
        role=Role.OWNER,
        world=World(world),
        provider_id=in_house.id,
        provider_slug=in_house.slug,
        provider_name=in_house.name,
        provider_kind=in_house.kind,
        annotator_id=annotator,
        price=in_house.price,
    )


class Keeper:
    """The holder of the folder: sweeps what has lapsed, refreshes cursors, orders refits and does the jobs."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._runners = [installation.runner(), installation.slow_runner()]
        self._watch_clock = ClockWatch()

    def start(self) -> None:
        drill.clean(self._installation.folder)
        for runner in self._runners:
            runner.start()
        for name, every, fn in (
            ("expire", 1.0, self._expire),
            ("reviews", 1.0, expire_reviews),
            ("refits", 5.0, refit.enqueue_due),
            ("phase-outs", 5.0, advance.advance),
            ("drills", 60.0, drill_schedule.order_due),
        ):
            thread = threading.Thread(target=self._repeat, args=(every, fn), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        installation = self._installation
        for name, loop, arguments in (
            ("cursors", self._refresh_cursors, ()),
            ("dependence", self._now_and_then, (30.0, lambda: figures.order_due(installation.database))),
            ("exposure", self._now_and_then, (5.0, lambda: sum_up(installation.database))),
            ("copies", self._now_and_then, (60.0, self._forget_copies)),
        ):
            thread = threading.Thread(target=loop, args=arguments, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for runner in self._runners:
            runner.stop()
        for thread in self._threads:
            thread.join(5)

    def _expire(self, tx: Transaction) -> int:
        self._watch_clock(tx)
        return expire(tx)

    def _refresh_cursors(self) -> None:
        after: int | None = 0
        while not self._stop.wait(0.05 if after else 30.0):
            try:
                place = after or 0
                after = self._installation.database.write(lambda tx, place=place: refresh_lanes(tx, place))[1]
            except PASSING:
                continue
            except Exception:
                log.exception("a sweep met a fault")
                after = 0

    def _forget_copies(self) -> None:
        project_erase.forget_copies(self._installation.database, self._installation.folder)

    def _now_and_then(self, every: float, fn: Callable[[], object]) -> None:
        """What takes transactions of its own."""
        while not self._stop.wait(every):
            try:
                fn()
            except PASSING:
                continue  # the database says it itself; the next round tries again
            except Exception:
                log.exception("a sweep met a fault")

    def _repeat(self, every: float, fn: Callable[[Transaction], int]) -> None:
        self._now_and_then(every, lambda: self._installation.database.write(fn))


def do_due_if_free(installation: Installation) -> None:
    """Does the due jobs when nobody holds the folder; else its holder will."""
    lock = FolderLock(installation.folder)
    if not lock.acquire():
        return
    try:
        installation.do_due()
    finally:
        lock.release()
