"""May this role do that?

One pure table for every door; a role that is not named beside an action may not do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from steelyard.domain.errors import Forbidden, NotFound
from steelyard.domain.states import World


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    REVIEWER = "reviewer"
    ANNOTATOR = "annotator"
    MACHINE = "machine"


class Action(StrEnum):
    WORK = "claim and submit"
    REVIEW = "review answers"
    READ_ASKED = "read what a project asks"  # form and instruction
    READ_RESULTS = "read tasks and results"
    CREATE_TASKS = "create tasks"
    MANAGE_PROJECTS = "create and change projects"
    BUILD_RELEASES = "build releases"
    READ_PROVIDERS = "read providers, prices and exposure"
    STEER_PROVIDERS = "put providers on trial and change their share"
    CHANGE_PROVIDERS = "create and change providers"
    CHANGE_INTERESTS = "change interests and conflicts"
    EXIT = "leave a provider"
    READ_KEYS = "read keys and people"
    CHANGE_PEOPLE = "change people and teams"
    EXPORT_PEOPLE = "export what is kept of a person"
    CHANGE_ANNOTATOR_KEYS = "make and revoke annotators' keys"
    CHANGE_KEYS = "make and revoke keys"
    CHANGE_SETTINGS = "change settings"
    ERASE = "delete projects and erase what they hold"


_TABLE: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.MANAGER: frozenset(
        {
            Action.WORK,
            Action.REVIEW,
            Action.READ_ASKED,
            Action.READ_RESULTS,
            Action.CREATE_TASKS,
            Action.MANAGE_PROJECTS,
            Action.BUILD_RELEASES,
            Action.READ_PROVIDERS,
            Action.STEER_PROVIDERS,
            Action.READ_KEYS,
            Action.CHANGE_ANNOTATOR_KEYS,
            Action.CHANGE_PEOPLE,
        }
    ),
    Role.REVIEWER: frozenset({Action.WORK, Action.REVIEW, Action.READ_ASKED, Action.READ_RESULTS}),
    Role.ANNOTATOR: frozenset({Action.WORK, Action.READ_ASKED}),
    Role.MACHINE: frozenset({Action.WORK, Action.READ_ASKED, Action.READ_RESULTS, Action.CREATE_TASKS}),
}
# A manager of an outside provider is that vendor's lead: sees its own people and figures, nothing else.
_BOUND_MANAGER = frozenset(
    {Action.WORK, Action.READ_ASKED, Action.READ_PROVIDERS, Action.READ_KEYS, Action.CHANGE_ANNOTATOR_KEYS}
)
# A machine of an outside provider of kind model answers; it neither creates nor reads the lab's work.
_OUTSIDE_MACHINE = frozenset({Action.WORK, Action.READ_ASKED})
# A role that holds for some projects reaches nothing of the whole installation.
_WITHIN_PROJECTS = frozenset(
    {
        Action.WORK,
        Action.REVIEW,
        Action.READ_ASKED,
        Action.READ_RESULTS,
        Action.CREATE_TASKS,
        Action.MANAGE_PROJECTS,
        Action.BUILD_RELEASES,
    }
)


@dataclass(frozen=True)
class Principal:
    """Who is asking, as established in this transaction."""

    person_id: int
    person: str  # public id
    name: str
    role: Role
    world: World
    provider_id: int
    provider_slug: str
    provider_name: str
    provider_kind: str
    annotator_id: int
    projects: frozenset[int] | None = None  # None: all of them
    price: int = 0  # of an answer of its provider

    @property
    def inhouse(self) -> bool:
        return self.provider_slug == "in-house"


def actions_of(who: Principal) -> frozenset[Action]:
    """What this principal may do; where its role holds for some projects, in those alone."""
    allowed = _of_role(who)
    return allowed if who.projects is None else allowed & _WITHIN_PROJECTS


def _of_role(who: Principal) -> frozenset[Action]:
    if who.role is Role.MACHINE and not who.inhouse:
        return _OUTSIDE_MACHINE if who.provider_kind == "model" else frozenset()
    if who.role is Role.MACHINE:
        return _TABLE[Role.MACHINE] - {Action.WORK}
    if who.role is Role.MANAGER and not who.inhouse:
        return _BOUND_MANAGER
    if not who.inhouse:
        return _TABLE[Role.ANNOTATOR]
    return _TABLE[who.role]


def may(who: Principal, action: Action, project: int | None = None) -> bool:
    """Is `action` allowed, in `project` (its row key) where the action has one?"""
    if project is not None and who.projects is not None and project not in who.projects:
        return False
    return action in actions_of(who)


def require(who: Principal, action: Action, project: int | None = None) -> None:
    """Raises `Forbidden`, or `NotFound` for a project that the caller's role does not reach."""
    if project is not None and who.projects is not None and project not in who.projects:
        raise NotFound("there is no such project")
    if action not in actions_of(who):
        raise Forbidden(f"a {who.role} of {who.provider_name} may not {action.value}")


def require_provider(who: Principal, provider_id: int) -> None:
    """A vendor's lead reads its own provider only."""
    if not who.inhouse and provider_id != who.provider_id:
        raise NotFound("there is no such provider")


def require_live(who: Principal) -> None:
    """A test key never changes what both worlds share."""
    if who.world is not World.LIVE:
        raise Forbidden("a test key cannot change what both worlds share", "test_world")
