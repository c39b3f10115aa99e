"""What is an annotator sent? The bytes of every answer are searched for what must never be in them."""

from __future__ import annotations

import pytest
from support.lab import PNG, Lab, answer_all

SECRETS = {
    "external_id": "EXTERNAL-7731", "metadata": "METADATA-7731", "tag": "TAG-7731", "conflict": "Conflicted-7731",
    "other's note": "NOTE-7731", "other provider": "Competitor-7731", "batch": "batch-7731",
}  # fmt: skip
FIELDS = (
    "gold", "metadata", "external_id", "tags", "price", "providers", "conflicts", "policy", "sensitivity",
    "consensus", "judgments", "progress", "settling", "batches", "throughput", "budget", "wanted",
)  # fmt: skip


@pytest.mark.parametrize("role", ["annotator", "model machine", "vendor's lead"])
def test_nothing_secret_is_in_any_byte_that_an_annotator_gets(lab: Lab, role: str) -> None:
    rival = lab.name(SECRETS["conflict"])
    slug = lab.project(answers=2, conflicts=[rival], gold_rate=0.5, budget="77.31")
    batch = lab.name(SECRETS["batch"])
    lab.owner.post(f"/api/projects/{slug}/batches", {"name": batch})
    blocks = {"blocks": [{"type": "text", "text": "plain"}, {"type": "image", "url": PNG}]}
    secret = {"tags": [SECRETS["tag"]], "metadata": {"m": SECRETS["metadata"]}, "batch": batch}
    lab.owner.create_tasks(
        slug,
        [{"external_id": f"{SECRETS['external_id']}-{i}", "content": blocks, **secret} for i in range(6)]
        + [
            {
                "external_id": f"{SECRETS['external_id']}-g{i}",
                "content": blocks,
                **secret,
                "gold": {"label": "dog"},
            }
            for i in range(6)
        ],
    )
    first = lab.client(lab.key(provider=lab.provider(lab.name(SECRETS["other provider"]))))
    for held in first.claim(slug, 6)["assignments"]:
        first.submit(held["id"], {"label": "cat", "note": SECRETS["other's note"]})
    kind = {"kind": "model"} if role == "model machine" else {}
    vendor = lab.provider(owner="Somebody", price="0.0731", **kind)
    role_of_key = {"annotator": "annotator", "model machine": "machine"}.get(role, "manager")
    http = lab.http(lab.key(role_of_key, vendor))

    answers = [http.get("/api/projects"), http.get(f"/api/projects/{slug}")]
    claim = http.post(f"/api/projects/{slug}/claim", json={"count": 6})
    held = claim.json()["assignments"]
    assert len(held) >= 6
    answers += [claim, http.get("/api/assignments"), http.get(f"/api/assignments?project={slug}")]
    submitted = http.post(
        f"/api/assignments/{held[0]['id']}/submit", json={"answers": {"label": "cat"}, "claim": 3}
    )
    wrong = http.post(f"/api/assignments/{held[1]['id']}/submit", json={"answers": {"label": "fox"}})
    answers += [submitted, wrong, http.get(f"/api/tasks/{held[2]['task']['id']}")]
    lab.owner.patch(f"/api/providers/{vendor}", {"interests": [{"organisation": rival}]})
    answers += [
        http.post(f"/api/projects/{slug}/claim", json={}),
        http.post(f"/api/assignments/{held[2]['id']}/submit", json={"answers": {"label": "cat"}}),
        http.get("/api/assignments"),
        http.get(f"/api/projects/{slug}"),
        http.get(f"/api/assignments/{held[2]['id']}/content/1"),
    ]
    assert [a.status_code for a in answers] == [
        200,
        200,
        200,
        200,
        200,
        200,
        422,
        403,
        200,
        409,
        200,
        200,
        409,
    ]
    for answer in answers:
        for what, value in SECRETS.items():
            assert value not in answer.text, f"{what} in {answer.request.method} {answer.request.url.path}"
        for name in FIELDS:
            assert f'"{name}"' not in answer.text, (
                f"{name} in {answer.request.method} {answer.request.url.path}"
            )
        for price in ("0.0731", "77.31", "73100"):
            assert price not in answer.text


def test_gold_looks_like_any_other_assignment(lab: Lab) -> None:
    slug = lab.work(20, gold_every=2, gold_rate=0.5)
    claimed = lab.client(lab.key()).claim(slug, 20)["assignments"]
    gold = {t["id"] for t in lab.owner.get(f"/api/projects/{slug}/tasks")["items"] if t["gold"]}
    kinds = {bool(a["task"]["id"] in gold): (a.keys(), a["task"].keys()) for a in claimed}
    assert kinds.keys() == {True, False}
    assert kinds[True] == kinds[False]
    assert len({a["lease_until"] for a in claimed}) == 1
    assert len({len(a["id"]) for a in claimed}) == 1


def test_a_conflict_is_not_named_to_whom_it_stops(lab: Lab) -> None:
    rival = lab.name("Unnamed Rival")
    slug, provider = lab.work(2, conflicts=[rival]), lab.provider(owner=rival)
    for role in ("annotator", "manager"):
        answer = lab.http(lab.key(role, provider)).post(f"/api/projects/{slug}/claim", json={})
        assert answer.json()["code"] == "stopped"
        assert rival.lower() not in answer.text.lower()
    answer_all(lab.client(lab.key()), slug)
