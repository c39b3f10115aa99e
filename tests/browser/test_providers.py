"""A provider's file: add one, record a stake or a contract, see what it was shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from browsing import Place, Visit, texts
from playwright.sync_api import expect


def test_an_owner_adds_a_provider(place: Place, visit: Visit) -> None:
    page = visit(place.owner_key).go("/providers")
    page.get_by_role("button", name="Add provider").click()
    page.get_by_label("Name").fill("Möwe & Söhne")
    page.get_by_label("Kind").select_option("model")
    page.get_by_label("Price of a judgment, in USD").fill("0,015")
    page.get_by_label("Cleared for content that is at most").select_option("restricted")
    page.get_by_label("Owned by").fill("Gull Group")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Möwe & Söhne", level=1)).to_be_visible()
    [made] = place.owner.get("/api/providers", name="Möwe & Söhne")["items"]
    expect(page).to_have_url(f"{place.url}/providers/{made['slug']}")
    assert (made["kind"], made["price"], made["clearance"]) == ("model", "0.015", "restricted")
    assert [(i["organisation"], i["share"]) for i in made["interests"]] == [("Gull Group", 1.0)]


def test_what_is_wrong_with_a_new_provider_is_said_and_nothing_is_made(place: Place, visit: Visit) -> None:
    taken = place.owner.get(f"/api/providers/{place.provider()}")["name"]
    owner = visit(place.owner_key)
    owner.watch.expected += ["409", "422"]
    page = owner.go("/providers")
    page.get_by_role("button", name="Add provider").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Give the provider a name.")
    page.get_by_label("Name").fill(taken)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("already")
    page.get_by_label("Name").fill("Priceless")
    page.get_by_label("Price of a judgment").fill("much")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("/price")
    assert place.owner.get("/api/providers", name="Priceless")["items"] == []


def test_a_stake_says_what_it_would_stop_before_it_is_recorded(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(2), policy={"conflicts": ["Quarry United"]})
    name = place.owner.get(f"/api/projects/{project}")["name"]
    provider = place.provider()
    page = visit(place.owner_key).go(f"/providers/{provider}")
    page.get_by_role("button", name="Record a stake").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Organisation").fill("Quary United")
    dialog.get_by_role("button", name="Quarry United").click()  # what a misspelt name is near to
    dialog.get_by_label("Share in percent").fill("5")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("This stops at once:")).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text(f"{name}: ")
    assert place.owner.get(f"/api/providers/{provider}")["interests"] == []
    dialog.get_by_role("button", name="Record the stake").click()
    expect(dialog.get_by_role("heading", name="The stake is recorded")).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text(f"{name}: ")
    page.keyboard.press("Escape")
    expect(page.get_by_role("row", name="Quarry United 5.0 % directly")).to_be_visible()
    expect(page.get_by_text("Shown nothing more in 1 project:")).to_be_visible()


def test_a_stake_that_ended_is_taken_back_and_says_where_the_provider_may_go_on(
    place: Place, visit: Visit
) -> None:
    project = place.project(policy={"conflicts": ["Slate Partners"]})
    provider = place.provider(interests=[{"organisation": "Slate Partners", "share": 0.4}])
    page = visit(place.owner_key).go(f"/providers/{provider}")
    page.get_by_role("button", name="Alter the stake of Slate Partners").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("It holds nothing any more").check()
    dialog.get_by_role("button", name="See what would stop").click()
    name = place.owner.get(f"/api/projects/{project}")["name"]
    expect(dialog.get_by_role("listitem").filter(has_text=name)).to_be_visible()
    dialog.get_by_role("button", name="End the stake").click()
    expect(dialog.get_by_text("May go on again:")).to_be_visible()
    assert place.owner.get(f"/api/providers/{provider}")["interests"] == []


def test_the_contract_is_recorded_and_says_how_many_days_are_left_for_notice(
    place: Place, visit: Visit
) -> None:
    provider = place.provider()
    ends = datetime.now(UTC).date() + timedelta(days=50)
    page = visit(place.owner_key).go(f"/providers/{provider}")
    page.get_by_role("button", name="Record the contract").click()
    page.get_by_label("Reference").fill("MSA 7")
    page.get_by_label("Ends").fill(ends.isoformat())
    page.get_by_label("Notice in days").fill("30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("definition").filter(has_text="20 days left")).to_be_visible()
    recorded = place.owner.get(f"/api/providers/{provider}")["contract"]
    assert recorded == {"reference": "MSA 7", "ends": ends.isoformat(), "notice_days": 30}


def test_who_has_seen_this_is_answered_with_names_and_every_showing_can_be_narrowed(
    place: Place, visit: Visit
) -> None:
    provider = place.provider()
    block = {"type": "text", "text": f"A sentence that only {provider} was shown."}
    project = place.project(tasks=[{"external_id": "leak", "content": {"blocks": [block]}}, *texts(3)])
    name = place.owner.get(f"/api/providers/{provider}")["name"]
    key = place.key("annotator", provider)
    with place.server.client(key) as annotator:
        assert len(annotator.claim(project, 2)["assignments"]) == 2
        person = annotator.get("/api/session")["person"]["name"]

    page = visit(place.owner_key).go(f"/providers/{provider}/exposure")
    expect(page.get_by_text("2 shown, that is all")).to_be_visible()
    page.get_by_label("Text that was shown").fill(f"that only {provider} was shown")
    page.get_by_role("button", name="Look for it").click()
    expect(page.get_by_role("row", name=f"{name} {person} leak")).to_be_visible()
    page.get_by_label("By a file").check()
    page.get_by_label("Drop a file here, or choose one").set_input_files(
        {"name": "note.txt", "mimeType": "text/plain", "buffer": b"Nobody was shown these words."}
    )
    page.get_by_role("button", name="Look for it").click()
    expect(page.get_by_text("Nobody was shown it")).to_be_visible()

    page.get_by_role("button", name=person).click()
    expect(page.get_by_label("Only of this annotator")).not_to_have_value("")
    expect(page.get_by_text("2 shown, that is all")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert person in download.value.path().read_text(encoding="utf-8")


def test_a_vendors_lead_sees_its_file_and_exposure_and_nothing_of_the_labs(
    place: Place, visit: Visit
) -> None:
    provider = place.provider()
    lead = visit(place.key("manager", provider))
    page = lead.go(f"/providers/{provider}")
    expect(page.get_by_text("Measured on gold")).to_be_visible()
    parts = page.get_by_role("navigation", name="Parts of the file").get_by_role("link")
    assert parts.all_inner_texts() == ["File", "Exposure"]
    expect(page.get_by_role("link", name="Dependence")).to_have_count(0)
    for path in [f"/providers/{provider}/exit", "/dependence", "/organisations"]:
        expect(lead.go(path).get_by_role("heading", name="Nothing here")).to_be_visible()
