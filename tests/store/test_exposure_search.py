"""Who has seen this? Everything that is kept is searched, and what cannot be is counted."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.errors import Invalid
from steelyard.store import tables as t
from steelyard.work import scan, seen
from steelyard.work.seen import Found, Question


def search(world: World, question: Question, **more: Any) -> Found:
    return seen.search(world.database, question, "live", **more)


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


@pytest.fixture
def pets(world: World) -> sa.Row:
    world.provider("Acme")
    return world.project(answers=2)


def test_a_text_is_found_with_everybody_who_was_shown_it(world: World, pets: sa.Row) -> None:
    world.add(pets, [text_task("The patient's chart", external_id="a"), text_task("other", external_id="b")])
    (ann,) = world.people(1, "acme")
    (bob,) = world.people(1)
    world.take(ann, pets, 2)
    world.take(bob, pets, 1)
    found = search(world, seen.of_text("  the PATIENT'S   chart "))
    assert (found.by, found.searched, found.erased, found.next) == ("text", 2, 0, None)
    (item,) = found.items
    assert (item["external_id"], item["project"], item["matched"]) == ("a", "pets", "exact")
    assert item["content"] == world.one(sa.select(t.content.c.commitment).where(t.content.c.id == 1))
    assert item["task"] == world.one(sa.select(t.task.c.public_id).where(t.task.c.content_id == 1))
    assert item["given_by"] == "in-house"
    assert [(s["provider"], s["name"], s["times"]) for s in item["shown"]] == [
        ("acme", "acme 0", 1),
        ("in-house", "worker 0", 1),
    ]
    (part,) = search(world, seen.of_text("patient's")).items
    assert part["matched"] == "contains"


def test_times_are_counted_and_the_first_and_last_are_told(world: World, pets: sa.Row) -> None:
    world.add(pets, [text_task("one")])
    (ann,) = world.people(1, "acme")
    world.take(ann, pets)
    world.write(lambda tx: tx.execute(sa.insert(t.exposure), [_again(tx)]))
    ((one,),) = [item["shown"] for item in search(world, seen.of_text("one")).items]
    assert one["times"] == 2
    assert one["first"] < one["last"]


def _again(tx) -> dict[str, Any]:
    row = dict(tx.row(sa.select(t.exposure))._mapping)
    return {**row, "id": row["id"] + 1, "at": row["at"] + 5_000_000}


def test_nothing_found_says_how_much_was_searched(world: World, pets: sa.Row) -> None:
    world.tasks(pets, 5)
    world.write(
        lambda tx: tx.execute(sa.delete(t.content_payload).where(t.content_payload.c.content_id <= 2))
    )
    for question in (
        seen.of_text("nothing of the kind"),
        seen.of_hash("0" * 64),
        seen.of_file(io.BytesIO(b"\xff")),
    ):
        found = search(world, question)
        assert (found.items, found.searched, found.erased, found.next) == ([], 3, 2, None)


def test_a_content_that_nobody_was_shown_is_found_too(world: World, pets: sa.Row) -> None:
    world.add(pets, [text_task("secret plan")])
    (item,) = search(world, seen.of_text("secret plan")).items
    assert item["shown"] == []


def test_a_hash_is_of_a_text_or_of_stored_bytes_or_a_commitment(world: World, pets: sa.Row) -> None:
    digest = sha256(b"\x89PNG and so on")
    world.write(
        lambda tx: tx.execute(
            sa.insert(t.blob).values(digest=digest, size=1, media_type="image/png", created_at=0)
        )
    )
    image = {"type": "image", "url": f"blob:sha256/{digest}", "title": "2026-01-01T00:00:00Z"}
    chat = {"type": "chat", "messages": [{"role": "user", "content": "Gr\u00fc\u00dfe"}]}
    world.add(
        pets, [text_task("plain text"), {"content": {"blocks": [image]}}, {"content": {"blocks": [chat]}}]
    )
    tasks = world.all(sa.select(t.task.c.public_id).order_by(t.task.c.id))
    commitment = world.one(sa.select(t.content.c.commitment).where(t.content.c.id == 2))
    for given, place in (
        (sha256("plain text"), 0),
        (sha256("plain text").upper(), 0),
        (sha256("2026-01-01T00:00:00Z"), 1),
        (digest, 1),
        (commitment, 1),
        (sha256("Gr\u00fc\u00dfe"), 2),
    ):
        (item,) = search(world, seen.of_hash(given)).items
        assert (item["task"], item["matched"]) == (tasks[place].public_id, "exact")
    for other in ("Plain text", "user", "text", "chat", ""):
        assert search(world, seen.of_hash(sha256(other))).items == [], "a hash is of the very bytes of a text"


def test_contents_of_shapes_that_do_not_fit_together_are_searched_all_the_same(
    world: World, pets: sa.Row
) -> None:
    blocks = [
        {"type": "text", "text": "a", "title": "x"},
        {"type": "text", "text": "b", "title": {"en": "y"}},
        {"type": "text", "text": "c", "title": 5, "more": []},
    ]
    world.add(pets, [{"content": {"blocks": [block]}} for block in blocks])
    for wanted in ("a", "x", "y", "c"):
        assert len(search(world, seen.of_hash(sha256(wanted))).items) == 1


def test_a_file_is_found_as_stored_bytes_and_as_text(world: World, pets: sa.Row) -> None:
    data = "\ufeffThe whole\r\nLETTER\n".encode()
    world.write(
        lambda tx: tx.execute(
            sa.insert(t.blob).values(digest=sha256(data), size=1, media_type="text/plain", created_at=0)
        )
    )
    stored = {"content": {"blocks": [{"type": "document", "url": f"blob:sha256/{sha256(data)}"}]}}
    world.add(
        pets, [stored, text_task("the whole letter"), text_task("in it: the whole letter."), text_task("no")]
    )
    found = search(world, seen.of_file(io.BytesIO(data)))
    assert found.by == "file"
    assert [item["matched"] for item in found.items] == ["exact", "exact", "contains"]


@pytest.mark.parametrize("text", ["", " \n\t", "\u00a0", None, 5, []])
def test_a_text_of_which_nothing_is_left_is_refused(text: Any) -> None:
    with pytest.raises(Invalid):
        seen.of_text(text)


@pytest.mark.parametrize("digest", ["", "0" * 63, "g" * 64, None, 7])
def test_a_hash_is_64_hex_digits(digest: Any) -> None:
    with pytest.raises(Invalid):
        seen.of_hash(digest)


def test_a_search_keeps_to_its_world_and_its_project(world: World, pets: sa.Row) -> None:
    other = world.project("Others")
    world.add(pets, [text_task("the same")])
    world.add(other, [text_task("the same")])
    assert [i["project"] for i in search(world, seen.of_text("the same")).items] == ["pets", "others"]
    found = search(world, seen.of_text("the same"), project_id=other.id)
    assert ([i["project"] for i in found.items], found.searched) == (["others"], 1)
    assert seen.search(world.database, seen.of_text("the same"), "test").searched == 0


def test_pages_of_matches_fit_together(world: World, pets: sa.Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "RANGE", 7)
    monkeypatch.setattr(scan, "AT_ONCE", 3)
    wanted = world.add(pets, [text_task(f"{'odd' if n % 2 else 'even'} {n}") for n in range(40)])[1::2]
    for limit in (1, 4, 19, 20, 21):
        got, after, searched = [], 0, 0
        while after is not None:
            page = search(world, seen.of_text("odd"), after=after, limit=limit)
            got += [item["task"] for item in page.items]
            assert len(page.items) <= limit
            after, searched = page.next, searched + page.searched
        assert got == wanted
        assert searched == 40


def test_a_search_that_takes_long_says_where_to_go_on(
    world: World, pets: sa.Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "RANGE", 10)
    world.tasks(pets, 35)
    told: list[tuple[int, int]] = []
    page = search(world, seen.of_text("text"), patience_s=0, progress=lambda at, of: told.append((at, of)))
    assert (page.searched, page.next, told) == (10, 10, [(10, 35)])
    rest = search(world, seen.of_text("text"), after=10, progress=lambda at, of: told.append((at, of)))
    assert (rest.searched, rest.next, told[-1]) == (25, None, (35, 35))


def test_what_was_shown_before_its_address_was_fetched_is_found(world: World, pets: sa.Row) -> None:
    """A task gets another content when its foreign URLs were fetched; who saw the first one has seen it."""
    (task,) = world.add(pets, [text_task("as it was")])
    (ann,) = world.people(1, "acme")
    world.take(ann, pets)

    def fetched(tx) -> None:
        row = dict(tx.row(sa.select(t.content))._mapping)
        payload = dict(tx.row(sa.select(t.content_payload))._mapping)
        tx.execute(sa.insert(t.content).values({**row, "id": row["id"] + 1, "commitment": "f" * 64}))
        tx.execute(sa.insert(t.content_payload).values({**payload, "content_id": row["id"] + 1}))
        tx.execute(sa.update(t.task).values(content_id=row["id"] + 1))

    world.write(fetched)
    items = search(world, seen.of_text("as it was")).items
    assert [(item["task"], len(item["shown"])) for item in items] == [(task, 1), (task, 0)]
