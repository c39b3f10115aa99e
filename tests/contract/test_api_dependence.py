"""What /api/dependence promises: what hangs on whom, in the API, in the metrics and on the command line."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support.lab import Lab, answer_all, problem
from support.server import steelyard

GROUP = {"judgments", "hhi", "providers", "organisations", "alerts"}
PROVIDER = {
    "provider", "id", "name", "status", "judgments", "share", "weight_share", "alone", "without", "replace",
}  # fmt: skip
WITHOUT = {
    "tasks", "values_changed", "tasks_lost", "below_target", "confidence_before", "confidence_after",
}  # fmt: skip
REPLACE = {"answers", "extra", "stranded", "cost", "days", "date", "because", "per_day"}


@pytest.fixture(scope="module")
def work(lab: Lab) -> dict[str, str]:
    """A project of twelve tasks, each answered by one of Main, which Holding owns, and one of Side."""
    main = lab.provider(price="0.05", owner=lab.name("Holding"))
    side = lab.provider(price="0.08")
    slug = lab.work(12, answers=2)
    for provider, label in ((main, "cat"), (side, "dog")):
        answer_all(lab.client(lab.key("annotator", provider)), slug, label)
    return {"main": main, "side": side, "project": slug}


def asked(lab: Lab, work: dict[str, str]) -> dict[str, Any]:
    return lab.owner.get("/api/dependence", project=work["project"])


def test_it_has_the_shape_that_pages_rely_on(lab: Lab, work: dict[str, str]) -> None:
    found = asked(lab, work)
    assert {"at", "alert_share", "alert_hhi", "overall", "projects", "alerts"} <= found.keys()
    assert found["alert_share"] == 0.6
    (project,) = found["projects"]
    assert GROUP | {"project", "id", "name", "as_of", "behind", "pending", "method"} <= project.keys()
    assert found["overall"].keys() >= GROUP
    assert (project["behind"], project["pending"], project["method"]) == (0, False, "full")
    assert [p.keys() for p in project["providers"]] == [PROVIDER, PROVIDER]
    for provider in project["providers"]:
        assert provider["without"].keys() == WITHOUT
        assert provider["replace"].keys() == REPLACE
        assert provider["replace"]["cost"].keys() == {"value", "low", "high"}
    (holding,) = project["organisations"]
    assert holding["providers"] == [work["main"]]
    assert (holding["share"], holding["attributed"]) == (0.5, 0.5)
    assert project["hhi"] == {"providers": 5000, "sources": 5000}
    assert project["alerts"] == [], "of two providers one has half at least"


def test_all_projects_of_the_world_are_there_unless_one_is_named(lab: Lab, work: dict[str, str]) -> None:
    every = lab.owner.get("/api/dependence")
    assert work["project"] in {project["project"] for project in every["projects"]}
    assert every["overall"]["judgments"] >= 24
    test = lab.http(lab.key("owner", mode="test")).get("/api/dependence").json()
    assert (test["projects"], test["overall"]["judgments"]) == ([], 0)
    answer = lab.http(lab.owner_key).get("/api/dependence", params={"project": "no-such-thing"})
    problem(answer, 404, "not_found")


def test_a_provider_has_what_it_had_and_what_would_be_without_it(lab: Lab, work: dict[str, str]) -> None:
    found = lab.owner.get(f"/api/providers/{work['main']}/dependence")
    assert (found["judgments"], found["replacement_cost"], len(found["organisations"])) == (12, "0.96", 1)
    assert found["without"].keys() == WITHOUT
    assert found["replace"].keys() == REPLACE
    assert found["hhi"].keys() == {"providers", "sources"}
    (project,) = found["projects"]
    before = {
        "project", "name", "judgments", "share", "tasks_answered", "only_provider_tasks", "consensus_tasks",
        "releases", "replacement_cost",
    }  # fmt: skip
    assert before | {"weight_share", "without", "replace", "as_of", "behind", "pending"} == project.keys()
    assert (project["tasks_answered"], project["only_provider_tasks"], project["consensus_tasks"]) == (
        12,
        0,
        12,
    )
    assert (project["share"], project["weight_share"]) == (0.5, 1.0), "of even votes one is the value"


def test_more_than_the_threshold_is_told_in_the_answer_and_in_the_metrics(lab: Lab) -> None:
    holding = lab.name("Holding")
    one, other, third = lab.provider(owner=holding), lab.provider(owner=holding), lab.provider()
    slug = lab.work(10, answers=1)
    for provider, most in ((one, 4), (other, 4), (third, 2)):
        answer_all(lab.client(lab.key("annotator", provider)), slug, most=most)
    found = lab.owner.get("/api/dependence", project=slug)
    told = {alert["code"]: alert for alert in found["projects"][0]["alerts"]}
    assert told.keys() == {"organisation_above", "hhi_above"}
    assert told["organisation_above"]["organisation"] == holding
    assert told["organisation_above"]["share"] == 0.8
    assert told["organisation_above"]["project"] == slug
    assert {alert["project"] for alert in found["alerts"]} == {slug, None}
    key = found["projects"][0]["id"]
    lines = lab.http().get("/metrics").text.splitlines()
    mine = {line.split(" ")[0]: line.split(" ")[1] for line in lines if key in line and "dependence" in line}
    provider = lab.owner.get(f"/api/providers/{one}")["id"]
    assert mine[f'steelyard_dependence_share{{project="{key}",provider="{provider}"}}'] == "0.4"
    assert mine[f'steelyard_dependence_hhi{{project="{key}",of="providers"}}'] == "3600"
    assert mine[f'steelyard_dependence_hhi{{project="{key}",of="sources"}}'] == "6800"
    raised = {name: mine[f'steelyard_dependence_alert{{project="{key}",code="{name}"}}'] for name in told}
    assert raised == {"organisation_above": "1", "hhi_above": "1"}
    assert mine[f'steelyard_dependence_alert{{project="{key}",code="share_above"}}'] == "0"
    assert not any(holding in line or one in line for line in lines), "no name is in the metrics"


def test_what_was_worked_out_for_a_request_is_kept(lab: Lab, work: dict[str, str]) -> None:
    first = asked(lab, work)["projects"][0]["as_of"]
    time.sleep(0.01)
    assert asked(lab, work)["projects"][0]["as_of"] == first


def test_a_vendors_lead_sees_its_own_files_and_not_what_hangs_on_whom(lab: Lab, work: dict[str, str]) -> None:
    lead = lab.http(lab.key("manager", work["main"]))
    problem(lead.get("/api/dependence"), 403)
    problem(lead.get(f"/api/providers/{work['side']}/dependence"), 404)


def test_the_command_prints_tables_or_one_object(lab: Lab, work: dict[str, str]) -> None:
    place = ["dependence", *lab.server.placed, "--project", work["project"]]
    plain, told = steelyard(*place, status=0), steelyard(*place, "--json", status=0)
    assert "24 judgments, concentration over sources 5,000 of 10,000" in plain.stdout
    assert "to replace" in plain.stdout
    assert told.json["projects"] == asked(lab, work)["projects"]
    wrong = steelyard("dependence", *lab.server.placed, "--project", "no-such-thing", "--json", status=2)
    assert wrong.json["code"] == "not_found"
