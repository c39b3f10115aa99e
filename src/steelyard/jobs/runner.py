"""Who does the jobs that are due?

Any process that holds the folder; a job whose runner died is taken over when its lease has lapsed. Handlers
may run twice and must not mind.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import SECOND
from steelyard.jobs import queue
from steelyard.store import tables as t
from steelyard.store.database import PASSING, Database, Transaction

log = logging.getLogger("steelyard.jobs")
Handler = Callable[[dict[str, Any]], None]
_PAUSE = 0.25
_RUNNERS: set[str] = set()  # of this process


class Runner:
    """Runs due jobs, one after the other, until stopped. `on_dead(kind, args, error)` is told of a job that
    has failed for the last time."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        on_dead: Callable[[str, dict[str, Any], str], None] | None = None,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._on_dead = on_dead
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        _RUNNERS.add(self._owner)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._database.write(lambda tx: queue.take_from_dead(tx, self._alive))
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def run_due(self) -> int:
        """Does every job that is due now, those that they cause included; returns how many."""
        self._database.write(lambda tx: queue.take_from_dead(tx, self._alive))
        done = 0
        while not self._stop.is_set() and self._run_one():
            done += 1
        return done

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                ran = self._run_one()
            except PASSING:
                ran = False  # the database says it itself; the next round tries again
            except Exception:
                log.exception("the job runner met a fault")
                ran = False
            if not ran:
                self._stop.wait(_PAUSE)

    def _run_one(self) -> bool:
        if not self._database.read(self._something_due):
            return False
        job = self._database.write(lambda tx: queue.take_due(tx, self._owner, list(self._handlers)))
        if job is None:
            return False
        args = {k: v for k, v in job.args.items() if k != "again"}
        beating = threading.Event()
        heart = threading.Thread(target=self._beat, args=(job.id, beating), daemon=True)
        heart.start()
        try:
            self._handlers[job.kind](args)
        except Exception as fault:
            if isinstance(fault, PASSING):
                log.warning("job %s failed and will be tried again: %s", job.kind, fault)
            else:
                log.exception("job %s failed", job.kind)
            error = f"{type(fault).__name__}: {fault}"
            self._database.write(lambda tx: queue.fail(tx, job.id, self._owner, error))
            if job.attempts + 1 >= queue.MAX_ATTEMPTS and self._on_dead is not None:
                self._on_dead(job.kind, args, error)
        else:
            self._database.write(lambda tx: queue.finish(tx, job.id, self._owner))
        finally:
            beating.set()
        return True

    def _alive(self, owner: str) -> bool:
        """Whether a runner may still be at work; of another machine nobody knows, so its lease decides."""
        host, _, pid = owner.rpartition(":")[0].rpartition(":")
        if host != socket.gethostname() or not pid.isdecimal():
            return True
        if int(pid) == os.getpid():
            return owner in _RUNNERS  # a number that came round again: a process before this one
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True

    def _something_due(self, tx: Transaction) -> bool:
        due = sa.select(t.job.c.id).where(
            t.job.c.kind.in_(list(self._handlers)),
            t.job.c.run_at <= tx.now,
            sa.text("job.state <> 'dead'"),
            sa.or_(t.job.c.state == "waiting", t.job.c.lease_until < tx.now),
        )
        return tx.execute(due.limit(1)).first() is not None

    def _beat(self, job_id: int, done: threading.Event) -> None:
        while not done.wait(queue.LEASE / SECOND / 4):
            try:
                if not self._database.write(lambda tx: queue.heartbeat(tx, job_id, self._owner)):
                    return
            except PASSING:
                continue
            except Exception:
                log.exception("a job's lease could not be prolonged")
