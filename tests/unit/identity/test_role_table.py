"""Which role may do what? The table of the design, read cell by cell."""

from __future__ import annotations

import pytest

from steelyard.domain.errors import Forbidden, NotFound
from steelyard.domain.states import World
from steelyard.identity.policy import (
    Action,
    Principal,
    Role,
    actions_of,
    may,
    require,
    require_live,
    require_provider,
)

A = Action
EVERYBODY = {A.WORK, A.READ_ASKED}
READERS = EVERYBODY | {A.READ_RESULTS}
MANAGER = READERS | {
    A.REVIEW,
    A.CREATE_TASKS,
    A.MANAGE_PROJECTS,
    A.BUILD_RELEASES,
    A.READ_PROVIDERS,
    A.STEER_PROVIDERS,
}


def principal(
    role: Role,
    slug: str = "in-house",
    kind: str = "people",
    world: World = World.LIVE,
    projects: set[int] | None = None,
) -> Principal:
    bound = None if projects is None else frozenset(projects)
    return Principal(1, "p", "Pat", role, world, 7, slug, slug.title(), kind, 3, bound)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, set(Action)),
        (Role.MANAGER, MANAGER | {A.READ_KEYS, A.CHANGE_ANNOTATOR_KEYS, A.CHANGE_PEOPLE}),
        (Role.REVIEWER, READERS | {A.REVIEW}),
        (Role.ANNOTATOR, EVERYBODY),
        (Role.MACHINE, {A.READ_ASKED, A.READ_RESULTS, A.CREATE_TASKS}),
    ],
)
def test_a_role_in_house_may_do_this_and_nothing_else(role: Role, allowed: set[Action]) -> None:
    assert actions_of(principal(role)) == allowed


@pytest.mark.parametrize("role", [Role.OWNER, Role.REVIEWER, Role.ANNOTATOR])
def test_whoever_comes_from_outside_answers_and_reads_what_is_asked(role: Role) -> None:
    assert actions_of(principal(role, "acme")) == EVERYBODY


def test_a_vendors_lead_sees_its_own_people_and_no_results() -> None:
    lead = principal(Role.MANAGER, "acme")
    assert actions_of(lead) == EVERYBODY | {A.READ_PROVIDERS, A.READ_KEYS, A.CHANGE_ANNOTATOR_KEYS}
    require_provider(lead, 7)
    with pytest.raises(NotFound):
        require_provider(lead, 8)


def test_a_machine_works_only_when_its_provider_is_a_model() -> None:
    assert not may(principal(Role.MACHINE), A.WORK)
    assert actions_of(principal(Role.MACHINE, "acme", "people")) == frozenset()
    assert actions_of(principal(Role.MACHINE, "gpt", "model")) == EVERYBODY


@pytest.mark.parametrize(
    "action",
    [A.EXIT, A.CHANGE_INTERESTS, A.CHANGE_KEYS, A.CHANGE_SETTINGS, A.ERASE, A.EXPORT_PEOPLE],
)
def test_only_an_owner_changes_interests_keys_settings_leaves_and_erases(action: Action) -> None:
    assert [role for role in Role if may(principal(role), action)] == [Role.OWNER]


def test_a_role_that_is_bound_to_projects_does_not_reach_the_others() -> None:
    bound = principal(Role.OWNER, projects={5})
    assert may(bound, A.WORK, 5)
    assert not may(bound, A.WORK, 6)
    with pytest.raises(NotFound):
        require(bound, A.WORK, 6)


def test_what_a_role_may_not_do_is_forbidden_and_said() -> None:
    with pytest.raises(Forbidden, match="a reviewer of In-House may not create tasks"):
        require(principal(Role.REVIEWER), A.CREATE_TASKS)


def test_a_test_key_changes_nothing_that_both_worlds_share() -> None:
    require_live(principal(Role.OWNER))
    with pytest.raises(Forbidden):
        require_live(principal(Role.OWNER, world=World.TEST))
