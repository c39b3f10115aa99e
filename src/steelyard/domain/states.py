"""In which state may a thing be, and from which to which may it go?

Every state machine is one table here; a move that is not in its table raises `Conflict`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TypeVar

from steelyard.domain.errors import Conflict


class World(StrEnum):
    LIVE = "live"
    TEST = "test"


class ProviderStatus(StrEnum):
    TRIAL = "trial"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXITED = "exited"


class ProjectStatus(StrEnum):
    ACTIVE = "active"
    ARCHIVED = "archived"  # nothing is handed out, nothing comes in; all of it can be read
    DELETED = "deleted"  # the facts alone are left


class BatchStatus(StrEnum):
    STAGED = "staged"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class TaskStatus(StrEnum):
    FETCHING = "fetching"  # a foreign URL of its content is being brought in
    OPEN = "open"
    REVIEW = "review"  # answered, and a reviewer's word is waited for
    SETTLED = "settled"
    CANCELLED = "cancelled"
    ERROR = "error"


class AssignmentState(IntEnum):
    """Small integers, because the queue's partial indexes hold them by the million."""

    READY = 0
    HELD = 1
    DONE = 2
    CANCELLED = 3
    WAITING = 4  # staged, paused or fetching: not in the queue


class ReviewState(IntEnum):
    """Of a task's place in the queue of reviewers, at one level; small integers for the partial indexes."""

    READY = 0
    HELD = 1
    DONE = 2
    CANCELLED = 3  # the answers it was about are not what they were


class ExitState(StrEnum):
    RUNNING = "running"
    DONE = "done"


PROVIDER_MOVES: dict[ProviderStatus, set[ProviderStatus]] = {
    ProviderStatus.TRIAL: {ProviderStatus.ACTIVE, ProviderStatus.SUSPENDED, ProviderStatus.EXITED},
    ProviderStatus.ACTIVE: {ProviderStatus.TRIAL, ProviderStatus.SUSPENDED, ProviderStatus.EXITED},
    ProviderStatus.SUSPENDED: {ProviderStatus.TRIAL, ProviderStatus.ACTIVE, ProviderStatus.EXITED},
    ProviderStatus.EXITED: {ProviderStatus.TRIAL},
}
BATCH_MOVES: dict[BatchStatus, set[BatchStatus]] = {
    BatchStatus.STAGED: {BatchStatus.RUNNING, BatchStatus.CANCELLED},
    BatchStatus.RUNNING: {BatchStatus.PAUSED, BatchStatus.FINISHED, BatchStatus.CANCELLED},
    BatchStatus.PAUSED: {BatchStatus.RUNNING, BatchStatus.FINISHED, BatchStatus.CANCELLED},
    BatchStatus.FINISHED: set(),
    BatchStatus.CANCELLED: set(),
}
ASSIGNMENT_MOVES: dict[AssignmentState, set[AssignmentState]] = {
    AssignmentState.WAITING: {AssignmentState.READY, AssignmentState.CANCELLED},
    AssignmentState.READY: {AssignmentState.HELD, AssignmentState.WAITING, AssignmentState.CANCELLED},
    AssignmentState.HELD: {AssignmentState.DONE, AssignmentState.READY, AssignmentState.CANCELLED},
    AssignmentState.DONE: {AssignmentState.READY},
    AssignmentState.CANCELLED: set(),
}
REVIEW_MOVES: dict[ReviewState, set[ReviewState]] = {
    ReviewState.READY: {ReviewState.HELD, ReviewState.DONE, ReviewState.CANCELLED},
    ReviewState.HELD: {ReviewState.READY, ReviewState.DONE, ReviewState.CANCELLED},
    ReviewState.DONE: set(),
    ReviewState.CANCELLED: set(),
}
_TABLES: dict[type, dict] = {
    ProviderStatus: PROVIDER_MOVES,
    BatchStatus: BATCH_MOVES,
    AssignmentState: ASSIGNMENT_MOVES,
    ReviewState: REVIEW_MOVES,
}


_State = TypeVar("_State", ProviderStatus, BatchStatus, AssignmentState, ReviewState)


def move(current: _State, to: _State) -> _State:
    """`to`, when its machine allows the step from `current`; staying where one is is always allowed."""
    if current != to and to not in _TABLES[type(to)][current]:
        raise Conflict(f"cannot go from {current.name.lower()} to {to.name.lower()}", "illegal_move")
    return to
