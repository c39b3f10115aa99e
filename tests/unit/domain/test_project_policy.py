"""Under which rules is a project worked on, and what is said when they cannot be?"""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.domain.content import check_content
from steelyard.domain.errors import Invalid
from steelyard.domain.policy import Allowance, Policy, parse_policy


def wrong_at(raw: Any, base: Policy | None = None) -> list[str]:
    with pytest.raises(Invalid) as refused:
        parse_policy(raw, base)
    return [p.pointer for p in refused.value.problems]


def test_nothing_said_is_the_default() -> None:
    assert parse_policy(None) == parse_policy({}) == Policy()
    assert (Policy().answers, Policy().sensitivity, Policy().lease_s) == (1, "internal", 600)


def test_max_answers_is_answers_unless_said() -> None:
    assert parse_policy({"answers": 3}).max_answers == 3
    assert parse_policy({"answers": 3, "max_answers": 5}).max_answers == 5
    assert parse_policy({"answers": 3, "max_answers": None}).max_answers == 3


def test_more_answers_raise_max_answers_with_them() -> None:
    assert parse_policy({"answers": 4}, parse_policy({"answers": 2})).max_answers == 4


def test_max_answers_below_answers_is_refused() -> None:
    assert wrong_at({"answers": 3, "max_answers": 2}) == ["/policy/max_answers"]


def test_a_patch_keeps_what_it_does_not_name_and_null_puts_the_default_back() -> None:
    base = parse_policy({"answers": 2, "lease_s": 60, "conflicts": ["Rival"]})
    patched = parse_policy({"lease_s": None}, base)
    assert (patched.answers, patched.lease_s, patched.conflicts) == (2, 600, ("Rival",))


def test_a_list_is_replaced_whole() -> None:
    base = parse_policy({"conflicts": ["Rival", "Other"]})
    assert parse_policy({"conflicts": ["Third"]}, base).conflicts == ("Third",)


def test_every_wrong_field_is_named_at_once() -> None:
    raw = {"answers": 0, "gold_rate": 0.6, "sensitivity": "top", "colour": "red", "stake": float("nan")}
    found = wrong_at({**raw, "budget": "-1", "different_providers": 1, "lease_s": True})
    assert sorted(found) == sorted(f"/policy/{n}" for n in [*raw, "budget", "different_providers", "lease_s"])


def test_allowed_providers_are_names_or_names_with_limits() -> None:
    raw = ["a", {"name": " b ", "share": 0.3, "ceiling": 0}]
    policy = parse_policy({"providers": raw})
    assert policy.providers == (Allowance("a"), Allowance("b", 0.3, 0))
    assert parse_policy(policy.to_json()) == policy


@pytest.mark.parametrize(
    ("allowed", "pointer"),
    [
        ({"name": "a", "share": 2}, "/policy/providers/1/share"),
        ({"name": "a", "ceiling": -1}, "/policy/providers/1/ceiling"),
        ({"name": "a", "cap": 1}, "/policy/providers/1/cap"),
        ({"share": 0.5}, "/policy/providers/1"),
        (7, "/policy/providers/1"),
    ],
)
def test_a_wrong_allowance_is_told_with_its_place(allowed: Any, pointer: str) -> None:
    assert wrong_at({"providers": ["ok", allowed]}) == [pointer]


def test_a_policy_comes_back_from_json_as_it_was() -> None:
    policy = parse_policy(
        {"answers": 2, "max_answers": 4, "target_confidence": 0.9, "budget": "12.5", "conflicts": ["R"]}
    )
    assert parse_policy(policy.to_json()) == policy


DIGEST = "0" * 64


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": ""},
        {"type": "chat", "messages": [{"role": "user", "content": "hi"}]},
        {"type": "image", "url": "data:image/png;base64,AA=="},
        {"type": "audio", "url": f"blob:sha256/{DIGEST}"},
        {"type": "document", "url": "https://example.com/a.pdf"},
    ],
)
def test_a_block_of_a_known_type_is_taken(block: dict[str, Any]) -> None:
    assert check_content({"blocks": [block]}) == []


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (None, "/content"),
        ({}, "/content/blocks"),
        ({"blocks": []}, "/content/blocks"),
        ({"blocks": [{"type": "text", "text": "a"}], "extra": 1}, "/content/extra"),
        ({"blocks": ["text"]}, "/content/blocks/0"),
        ({"blocks": [{"type": "hologram"}]}, "/content/blocks/0/type"),
        ({"blocks": [{"type": []}]}, "/content/blocks/0/type"),
        ({"blocks": [{"type": "text"}]}, "/content/blocks/0/text"),
        ({"blocks": [{"type": "text", "text": "a\x00b"}]}, "/content/blocks/0/text"),
        ({"blocks": [{"type": "text", "text": "\ud800"}]}, "/content/blocks/0/text"),
        ({"blocks": [{"type": "image", "url": "ftp://x/y"}]}, "/content/blocks/0/url"),
        ({"blocks": [{"type": "image", "url": "https://"}]}, "/content/blocks/0/url"),
        ({"blocks": [{"type": "image", "url": "http://[::1"}]}, "/content/blocks/0/url"),
        ({"blocks": [{"type": "image", "url": "blob:sha256/abc"}]}, "/content/blocks/0/url"),
        ({"blocks": [{"type": "chat", "messages": [{"role": "x", "content": "a"}]}]},
         "/content/blocks/0/messages/0/role"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_told_with_its_place(content: Any, pointer: str) -> None:
    assert [p.pointer for p in check_content(content)] == [pointer]
