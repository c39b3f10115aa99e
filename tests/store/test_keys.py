"""Does a key, a session or a link still hold? Asked anew in every transaction."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from steelyard.identity.keys import authenticate_key, create_key, list_keys, revoke_key
from steelyard.identity.people import find_or_make_person, provider_named
from steelyard.identity.policy import Role
from steelyard.identity.sessions import (
    LASTS,
    authenticate_session,
    make_link,
    sign_in_with_key,
    sign_in_with_link,
    sign_out,
)
from steelyard.store import tables as t


def public_id(world: World, key: str) -> str:
    return world.one(sa.select(t.api_key.c.public_id).where(t.api_key.c.last4 == key[-4:]))


def test_a_key_says_who_asks(world: World) -> None:
    world.provider("Acme")
    key = world.key("ann", provider="acme", mode="test")
    who = world.database.read(lambda tx: authenticate_key(tx, key))
    assert (who.name, who.role, who.world, who.provider_slug) == ("ann", Role.ANNOTATOR, "test", "acme")
    assert key.startswith("test_")


def test_only_a_digest_of_a_key_is_kept(world: World) -> None:
    key = world.key("ann")
    stored = world.all(sa.select(t.api_key))
    assert key not in repr(stored)
    assert key[5:] not in repr(world.database.read(lambda tx: list_keys(tx).rows))


@pytest.mark.parametrize("wrong", ["", "live_", "nonsense", "\ud800"])
def test_nobody_holds_an_unknown_key(world: World, wrong: str) -> None:
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_key(tx, wrong))


def test_a_revoked_key_is_refused_in_the_next_transaction(world: World) -> None:
    key = world.key("ann")
    public = public_id(world, key)
    world.write(lambda tx: revoke_key(tx, public))
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_key(tx, key))
    world.write(lambda tx: revoke_key(tx, public))  # twice does no harm


def test_the_annotator_stays_when_the_key_goes(world: World) -> None:
    first = world.person("ann")
    second = world.person("Ann")
    assert first.annotator_id == second.annotator_id


def test_a_session_dies_with_the_key_that_opened_it(world: World) -> None:
    key = world.key("ann")
    secret, who = world.write(lambda tx: sign_in_with_key(tx, key))
    assert world.database.read(lambda tx: authenticate_session(tx, secret)) == who
    world.write(lambda tx: revoke_key(tx, public_id_in(tx, key)))
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_session(tx, secret))


def public_id_in(tx, key: str) -> str:
    return tx.scalar(sa.select(t.api_key.c.public_id).where(t.api_key.c.last4 == key[-4:]))


def test_a_session_that_was_opened_while_its_key_was_revoked_is_dead(world: World) -> None:
    key = world.key("ann")
    secret, _ = world.write(lambda tx: sign_in_with_key(tx, key))
    revoke = sa.update(t.api_key).where(t.api_key.c.last4 == key[-4:]).values(revoked_at=1)
    world.write(lambda tx: tx.execute(revoke))
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_session(tx, secret))


def test_another_session_lives_on_when_one_is_signed_out(world: World) -> None:
    key = world.key("ann")
    first, _ = world.write(lambda tx: sign_in_with_key(tx, key))
    second, _ = world.write(lambda tx: sign_in_with_key(tx, key))
    world.write(lambda tx: sign_out(tx, first))
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_session(tx, first))
    assert world.database.read(lambda tx: authenticate_session(tx, second)).name == "ann"


def test_a_session_ends_by_itself(world: World, clock: Clock) -> None:
    key = world.key("ann")
    secret, _ = world.write(lambda tx: sign_in_with_key(tx, key))
    clock.advance(LASTS / 1_000_000 + 1)
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_session(tx, secret))


def test_a_link_signs_in_once(world: World) -> None:
    token = world.write(lambda tx: make_link(tx, world.owner.person_id))
    secret, who = world.write(lambda tx: sign_in_with_link(tx, token))
    assert (who.role, who.person_id) == (Role.OWNER, world.owner.person_id)
    assert world.database.read(lambda tx: authenticate_session(tx, secret)) == who
    with pytest.raises(Unauthenticated):
        world.write(lambda tx: sign_in_with_link(tx, token))


def test_a_link_that_failed_to_sign_in_is_not_used_up(world: World) -> None:
    token = world.write(lambda tx: make_link(tx, world.owner.person_id))

    def stumble(tx) -> None:
        sign_in_with_link(tx, token)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.write(stumble)
    world.write(lambda tx: sign_in_with_link(tx, token))


def test_a_link_ends_after_a_day(world: World, clock: Clock) -> None:
    token = world.write(lambda tx: make_link(tx, world.owner.person_id))
    clock.advance(24 * 3600 + 1)
    with pytest.raises(Unauthenticated):
        world.write(lambda tx: sign_in_with_link(tx, token))


@pytest.mark.parametrize(
    ("role", "provider", "pointer"),
    [("king", None, "/role"), ("owner", "acme", "/role"), ("machine", "acme", "/role")],
)
def test_a_role_that_cannot_be_had_is_refused(
    world: World, role: str, provider: str | None, pointer: str
) -> None:
    world.provider("Acme")
    with pytest.raises(Invalid) as refused:
        world.key("ann", role, provider)
    assert refused.value.problems[0].pointer == pointer
    assert world.count(t.person, t.person.c.name == "ann") == 0


def test_a_name_of_a_person_elsewhere_is_taken(world: World) -> None:
    world.provider("Acme")
    world.key("ann")
    with pytest.raises(Conflict):
        world.key("ANN ", provider="acme")


def test_a_person_is_named_after_the_role_unless_said(world: World) -> None:
    key = world.write(lambda tx: create_key(tx, "reviewer", provider_named(tx, None))[1])
    assert world.database.read(lambda tx: authenticate_key(tx, key)).name == "reviewer"


def test_a_manager_revokes_annotators_keys_only(world: World) -> None:
    world.provider("Acme")
    ann, boss = world.key("ann", provider="acme"), world.key("bo", "manager", "acme")
    acme = world.provider_row("acme").id

    def end(key: str, of: int) -> None:
        public = public_id(world, key)
        world.write(lambda tx: revoke_key(tx, public, only_annotators_of=of))

    with pytest.raises(Forbidden):
        end(boss, acme)
    with pytest.raises(NotFound):
        end(ann, acme + 1)
    end(ann, acme)


def test_an_e_mail_belongs_to_one_person(world: World) -> None:
    def make(name: str) -> None:
        world.write(lambda tx: find_or_make_person(tx, name, provider_named(tx, None), "A@x.org"))

    make("first")
    with pytest.raises(Conflict):
        make("second")


def test_nobody_of_a_provider_that_was_left_gets_a_key(world: World) -> None:
    world.provider("Acme")
    world.database.write(lambda tx: tx.execute(sa.update(t.provider).values(status="exited")))
    with pytest.raises(Conflict, match="was left"):
        world.key("ann", provider="acme")
