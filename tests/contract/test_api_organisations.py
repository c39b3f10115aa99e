"""What /api/organisations promises, and a preview wherever a change can stop a provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.lab import Lab, pointers, problem

from steelyard.cli.main import app

LEI = "HWUPKR0MPOU8FGXBT394"
LISTS = {"stopped", "resumed", "recalled", "more_to_recall", "organisations_made", "preview"}


@pytest.fixture
def stage(lab: Lab) -> dict[str, Any]:
    return staged(lab)


def staged(lab: Lab) -> dict[str, Any]:
    """A provider that holds work, held by a holding; the project is in conflict with a rival."""
    rival, holding = lab.name("Rival"), lab.name("Holding")
    project = lab.work(5, conflicts=[rival])
    provider = lab.provider(owner=holding)
    annotator = lab.client(lab.key(provider=provider))
    annotator.claim(project, 3)
    [held] = lab.owner.get("/api/organisations", name=holding)["items"]
    return {
        "rival": rival, "holding": holding, "id": held["id"], "project": project, "provider": provider,
        "annotator": annotator,
    }  # fmt: skip


def test_an_organisation_comes_back_as_it_was_made(lab: Lab) -> None:
    http, name, alias, fund = lab.http(lab.owner_key), lab.name("Org"), lab.name("Alias"), lab.name("Fund")
    body = {
        "name": name,
        "aliases": [alias],
        "country": "de",
        "interests": [{"organisation": fund, "share": 0.25, "since": "2031-01-01"}],
    }
    answer = http.post("/api/organisations", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in LISTS} == {
        "stopped": [], "resumed": [], "recalled": 0, "more_to_recall": False, "organisations_made": [fund],
        "preview": False,
    }  # fmt: skip
    shown = lab.owner.get(f"/api/organisations/{made['id']}")
    assert shown == {k: v for k, v in made.items() if k not in LISTS}
    assert shown == {
        "id": made["id"],
        "name": name,
        "aliases": [alias],
        "lei": None,
        "country": "DE",
        "same_as": None,
        "interests": [{"organisation": fund, "share": 0.25, "since": "2031-01-01"}],
        "holds": [],
        "reaches": [],
        "conflict": False,
    }
    assert lab.owner.get("/api/organisations", name=f" {alias.upper()} ")["items"] == [shown]
    problem(http.post("/api/organisations", json=body), 409, "name_taken")
    problem(http.get("/api/organisations/" + "0" * 24), 404)
    problem(http.get("/api/organisations/x"), 404)


def test_a_repeated_request_makes_one_organisation(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    body, key = {"name": lab.name("Once")}, {"Idempotency-Key": lab.name("k")}
    first = http.post("/api/organisations", json=body, headers=key)
    again = http.post("/api/organisations", json=body, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json())


def test_organisations_are_listed_over_pages(lab: Lab) -> None:
    wanted = {lab.owner.post("/api/organisations", {"name": lab.name("Listed")})["id"] for _ in range(5)}
    seen, after = [], None
    while True:
        page = lab.owner.get("/api/organisations", limit=2, **({"after": after} if after else {}))
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen))
    assert wanted <= set(seen)
    problem(lab.http(lab.owner_key).get("/api/organisations?after=x"), 422)


def test_a_wrong_field_is_named(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    for body, pointer in (
        ({}, "/name"),
        ({"name": "x", "lei": LEI[:-1] + "5"}, "/lei"),
        ({"name": "x", "interests": [{"organisation": "y", "share": "half"}]}, "/interests/0/share"),
        ({"name": "x", "colour": "red"}, "/colour"),
    ):
        assert pointers(problem(http.post("/api/organisations", json=body), 422)) == [pointer]


def test_a_stake_above_is_previewed_and_then_stops(lab: Lab, stage: dict[str, Any]) -> None:
    path = f"/api/organisations/{stage['id']}"
    stake = {"interests": [{"organisation": stage["rival"], "share": "10 %"}]}
    before = lab.owner.get(path)
    foreseen = lab.owner.patch(f"{path}?preview=true", stake)
    assert lab.owner.get(path) == before
    assert foreseen["preview"] is True
    assert len(stage["annotator"].get("/api/assignments")["items"]) == 3
    [stopped] = foreseen["stopped"]
    assert (stopped["provider"], stopped["project"], stopped["held"]) == (
        stage["provider"],
        stage["project"],
        3,
    )
    assert f"holds 10 % of {stopped['name']} through {stage['holding']} (10 %)" in stopped["because"]
    changed = lab.owner.patch(path, stake)
    assert changed == {**foreseen, "preview": False}
    assert stage["annotator"].claim(stage["project"])["code"] == "stopped"
    resumed = lab.owner.patch(path, {"interests": []})["resumed"]
    assert [(r["provider"], r["project"]) for r in resumed] == [(stage["provider"], stage["project"])]


def test_an_alias_of_another_is_refused_with_how_to_join_them(lab: Lab, stage: dict[str, Any]) -> None:
    http, path = lab.http(lab.owner_key), f"/api/organisations/{stage['id']}"
    told = problem(http.patch(path, json={"aliases": [stage["rival"].upper()]}), 409, "name_taken")
    assert "same_as" in told["detail"]
    [rival] = lab.owner.get("/api/organisations", name=stage["rival"])["items"]
    assert rival["id"] in told["detail"]
    joined = lab.owner.patch(f"/api/organisations/{rival['id']}", {"same_as": stage["id"]})
    assert (joined["same_as"], joined["recalled"]) == (stage["id"], 3)
    assert [s["provider"] for s in joined["stopped"]] == [stage["provider"]]
    problem(http.patch(path, json={"same_as": rival["id"]}), 422)
    assert lab.owner.patch(f"/api/organisations/{rival['id']}", {"same_as": None})["resumed"]


def test_every_door_that_can_stop_a_provider_previews(lab: Lab, stage: dict[str, Any]) -> None:
    http = lab.http(lab.owner_key)
    provider, project, holding = stage["provider"], stage["project"], stage["holding"]
    new = lab.name("New")
    stake = [{"organisation": stage["rival"], "share": 0.2}]
    for method, path, body in (
        ("PATCH", f"/api/providers/{provider}", {"interests": stake}),
        ("POST", "/api/providers", {"name": new, "interests": stake}),
        ("PATCH", "/api/settings", {"conflicts": [holding]}),
        ("PATCH", f"/api/organisations/{stage['id']}", {"interests": stake}),
        ("POST", "/api/organisations", {"name": new, "interests": stake}),
        ("PATCH", f"/api/projects/{project}", {"policy": {"conflicts": [holding]}}),
        ("POST", "/api/organisations/import", [{"holder": stage["rival"], "held": holding, "share": 1}]),
    ):
        answer = http.request(method, f"{path}?preview=true", json=body)
        assert answer.status_code == 200, (path, answer.text)
        told = answer.json()
        assert told.keys() >= LISTS, path
        assert told["preview"] is True
        here = [s for s in told["stopped"] if s["project"] == project]
        if body == {"name": new, "interests": stake} and path == "/api/organisations":
            assert here == []
            continue
        assert here, path
        assert {"provider", "name", "project", "project_name", "because", "held"} <= here[0].keys()
        assert told["recalled"] == (0 if path == "/api/providers" else 3), path
    assert lab.owner.get("/api/providers", name=new)["items"] == []
    assert lab.owner.get("/api/organisations", name=new)["items"] == []
    assert lab.owner.get("/api/settings")["conflicts"] == []
    assert len(stage["annotator"].get("/api/assignments")["items"]) == 3


def test_names_made_in_passing_are_told_wherever_they_can_be_given(lab: Lab) -> None:
    owner = lab.owner
    made = [lab.name("Misspelt") for _ in range(5)]
    body = {"name": lab.name("P"), "form": _FORM, "policy": {"conflicts": [made[0]]}}
    project = owner.post("/api/projects", body)
    assert project["organisations_made"] == [made[0]]
    told = owner.patch(f"/api/projects/{project['slug']}", {"policy": {"conflicts": [made[0], made[1]]}})
    assert told["organisations_made"] == [made[1]]
    provider = owner.post("/api/providers", {"name": lab.name("V"), "owner": made[2]})
    assert provider["organisations_made"] == [made[2]]
    told = owner.patch(f"/api/providers/{provider['slug']}", {"owner": made[3]})
    assert told["organisations_made"] == [made[3]]
    told = owner.patch("/api/settings?preview=true", {"conflicts": [made[4]]})
    assert told["organisations_made"] == [made[4]]


_FORM = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]}


def test_a_list_comes_in_as_csv_or_json_and_wrong_rows_keep_it_out(lab: Lab, stage: dict[str, Any]) -> None:
    http, between = lab.http(lab.owner_key), lab.name("Between")

    def send(text: str, preview: str = "") -> dict[str, Any]:
        answer = http.post(
            f"/api/organisations/import{preview}",
            content=text.encode(),
            headers={"Content-Type": "text/csv; charset=utf-8"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    head = "holder,held,share\n"
    rows = f"{stage['rival']},{between},49%\n{between},{stage['holding']},0.5\n"
    told = send(f"{head}{rows}{between},{stage['provider']},2\n")
    assert {k: told[k] for k in ("new", "same", "changed", "wrong", "written")} == {
        "new": 2, "same": 0, "changed": 0, "wrong": 1, "written": False
    }  # fmt: skip
    [wrong] = told["problems"]
    assert (wrong["row"], wrong["pointer"], wrong["code"]) == (2, "/share", "range")
    assert lab.owner.get("/api/organisations", name=between)["items"] == []
    foreseen = send(head + rows, "?preview=true")
    assert (foreseen["new"], foreseen["written"], foreseen["recalled"]) == (2, False, 3)
    done = send(head + rows)
    assert done == {**foreseen, "preview": False, "written": True}
    assert done["organisations_made"] == [between]
    assert send(head + rows)["same"] == 2
    as_json = [{"holder": stage["rival"], "held": between, "share": 0.5}]
    assert http.post("/api/organisations/import", json=as_json).json()["changed"] == 1
    problem(http.post("/api/organisations/import", json={"rows": []}), 422)
    problem(http.post("/api/organisations/import", content=b"x", headers={"Content-Type": "text/csv"}), 422)
    problem(http.post("/api/organisations/import", content=b"x"), 422)


def test_the_contract_with_a_provider_is_merged_and_checked(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    contract = {
        "reference": "MSA-7",
        "starts": "2031-01-01",
        "ends": "2033-12-31",
        "notice_days": 90,
        "renews": True,
        "contact": "someone@example.org",
        "function": "labels for the assistant",
        "critical": True,
        "data_location": "EU",
        "subcontractors": ["Sub A", "sub  a", "Sub B"],
    }
    made = http.post("/api/providers", json={"name": lab.name("Vendor"), "contract": contract}).json()
    path = f"/api/providers/{made['slug']}"
    assert made["contract"] == {**contract, "subcontractors": ["sub  a", "Sub B"]}
    assert lab.owner.get(path)["contract"] == made["contract"]
    changed = lab.owner.patch(path, {"contract": {"ends": "2034-06-30", "critical": None}})["contract"]
    assert changed == {k: v for k, v in made["contract"].items() if k != "critical"} | {"ends": "2034-06-30"}
    for wrong, pointer in (
        ([], "/contract"),
        ({"ends": "2030-01-01"}, "/contract/ends"),
        ({"starts": "soon"}, "/contract/starts"),
        ({"notice_days": -1}, "/contract/notice_days"),
        ({"critical": "yes"}, "/contract/critical"),
        ({"subcontractors": ["ok", 1]}, "/contract/subcontractors/1"),
        ({"price": 1}, "/contract/price"),
    ):
        refused = http.patch(path, json={"contract": wrong})
        assert pointers(problem(refused, 422)) == [pointer]
    lead = lab.client(lab.key("manager", made["slug"]))
    assert lead.get(path)["contract"] is None, "what it is to us is not told to the provider"
    assert lab.owner.patch(path, {"contract": None})["contract"] is None


def test_a_vendors_lead_is_not_told_of_conflicts(lab: Lab, stage: dict[str, Any]) -> None:
    lab.owner.patch(f"/api/providers/{stage['provider']}", {"owner": stage["rival"]})
    lead = lab.client(lab.key("manager", stage["provider"]))
    shown = lead.get(f"/api/providers/{stage['provider']}")
    assert stage["project"] in [s["project"] for s in shown["stopped"]]
    assert "conflict" not in json.dumps(shown["stopped"])


def test_commands_say_what_the_api_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the program is called, but in this process."""

    def call(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["steelyard", *arguments, "--data", str(tmp_path / "data")])
        with pytest.raises(SystemExit) as ended:
            app()
        assert ended.value.code == status
        return capsys.readouterr().out

    def run(*arguments: str, status: int = 0) -> Any:
        return json.loads(call(*arguments, "--json", status=status))

    run("provider", "add", "Acme", "--owner", "Holding B")
    added = run("organisation", "add", "Rival Labs", "--alias", "Rival", "--lei", LEI, "--country", "us")
    assert (added["aliases"], added["lei"], added["country"]) == (["Rival"], LEI, "US")
    run("organisation", "update", "Holding B", "--interest", "Holding A=49%")
    told = run("organisation", "update", "Holding A", "--interest", "rival=0.5", "--preview")
    assert (told["preview"], told["interests"]) == (
        True,
        [{"organisation": "Rival Labs", "share": 0.5, "since": None}],
    )
    assert run("organisation", "show", "Holding A")["interests"] == []
    run("organisation", "update", "Holding A", "--interest", "rival=0.5", "--alias", "HA")
    assert run("organisation", "show", "rival")["reaches"] == [{"provider": "acme", "share": 0.245}]
    run("organisation", "update", "ha", "--drop-alias", "HA", "--end-interest", "RIVAL")
    assert run("organisation", "show", "Holding A")["aliases"] == []
    joined = run("organisation", "update", "Holding A", "--same-as", "Rival")
    assert joined["same_as"] == added["id"]
    assert run("organisation", "update", "Holding A", "--not-same")["same_as"] is None
    assert [o["name"] for o in run("organisation", "list")["items"]] == [
        "Holding B",
        "Rival Labs",
        "Holding A",
    ]

    (tmp_path / "stakes.csv").write_text("holder,held,share\nRival,acme,3%\nNew Fund,acme,0.02\n")
    file = str(tmp_path / "stakes.csv")
    assert run("organisation", "import", file, "--preview")["organisations_made"] == ["New Fund"]
    assert run("organisation", "import", file)["new"] == 2
    assert run("organisation", "import", file)["same"] == 2
    (tmp_path / "stakes.csv").write_text("holder,held,share\nRival,acme,3\n")
    assert run("organisation", "import", file, status=1)["problems"][0]["row"] == 0

    (tmp_path / "contract.json").write_text('{"reference": "MSA-7", "ends": "2033-12-31"}')
    run("provider", "update", "acme", "--contract", str(tmp_path / "contract.json"))
    assert run("provider", "show", "acme")["contract"] == {"reference": "MSA-7", "ends": "2033-12-31"}
    run("provider", "update", "acme", "--end-interest", "New Fund")
    assert len(run("provider", "show", "acme")["interests"]) == 2
    for wrong in (
        ("organisation", "show", "nobody"),
        ("organisation", "update", "Rival", "--same-as", "Rival Labs"),
        ("organisation", "update", "Rival", "--interest", "X=much"),
        ("organisation", "update", "Rival", "--end-interest", "X"),
        ("provider", "update", "acme", "--contract", file),
    ):
        assert run(*wrong, status=2)["error"]


def test_a_preview_is_printed_for_people(sqlite_lab: Lab) -> None:
    stage = staged(sqlite_lab)
    ran = sqlite_lab.server.command(
        "provider", "update", stage["provider"], "--interest", f"{stage['rival']}=20%", "--preview"
    )
    assert f", 3 held: {stage['rival']}, named in the conflicts, holds 20 % of Vendor" in ran.stdout
    assert "Would go back to the queue: 3" in ran.stdout
    assert "nothing has changed" in ran.stderr
    assert len(stage["annotator"].get("/api/assignments")["items"]) == 3
