"""The owner's hand on providers: add one, record a stake, leave one."""

from __future__ import annotations

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


def test_a_stake_recorded_on_the_page_says_at_once_what_it_stops(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(2), policy={"conflicts": ["Quarry United"]})
    name = place.owner.get(f"/api/projects/{project}")["name"]
    provider = place.provider()
    page = visit(place.owner_key).go(f"/providers/{provider}")
    page.get_by_role("button", name="Record a stake").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Organisation").fill("Quarry United")
    dialog.get_by_label("Share in percent").fill("5")
    expect(dialog.get_by_role("status")).to_contain_text(name)
    dialog.get_by_role("button", name="Record the stake").click()
    expect(dialog.get_by_role("heading", name="The stake is recorded")).to_be_visible()
    expect(dialog.get_by_role("status")).to_contain_text(f"{name}: ")
    page.keyboard.press("Escape")
    expect(page.get_by_role("row", name="Quarry United 5.0 %")).to_be_visible()


def test_leaving_a_provider_takes_its_name_typed_out_and_shows_every_step_to_its_end(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(4))
    provider = place.provider()
    name = place.owner.get(f"/api/providers/{provider}")["name"]
    with place.server.client(place.key("annotator", provider)) as annotator:
        for assignment in annotator.claim(project, 3)["assignments"][:2]:
            annotator.submit(assignment["id"], {"label": "cat"})
    assert len(place.answers(project)) == 2

    page = visit(place.owner_key).go(f"/providers/{provider}")
    page.get_by_role("button", name="Leave", exact=True).click()
    plan = page.get_by_role("dialog", name=f"If {name} leaves")
    expect(plan.get_by_role("row", name="Judgments it gave 2")).to_be_visible()
    expect(plan.get_by_role("row", name="Held now, goes back to the queue 1")).to_be_visible()
    leave = plan.get_by_role("button", name="Leave this provider")
    expect(leave).to_be_disabled()
    plan.get_by_label(f"Type “{name}” to confirm").fill(name[:-1])
    expect(leave).to_be_disabled()
    page.keyboard.press("Enter")
    assert len(place.answers(project)) == 2
    plan.get_by_label(f"Type “{name}” to confirm").fill(name)
    leave.click()

    leaving = page.get_by_role("dialog", name=f"Leaving {name}")
    expect(leaving.get_by_text("It has been left.")).to_be_visible()
    steps = leaving.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(steps).to_have_count(3)
    expect(steps.filter(has_text="done")).to_have_count(3)
    expect(steps.nth(1)).to_contain_text("2 withdrawn")
    page.keyboard.press("Escape")
    expect(page.locator("dl.figures").first).to_contain_text("exited")
    assert place.answers(project) == {}
    assert place.owner.get(f"/api/providers/{provider}")["status"] == "exited"

    page.get_by_role("button", name="Leave", exact=True).click()
    expect(plan.get_by_role("row", name="Judgments it gave 0")).to_be_visible()
    expect(leave).to_have_count(0)


def test_our_own_people_cannot_be_left(place: Place, visit: Visit) -> None:
    page = visit(place.owner_key).go("/providers/in-house")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_text("This is a plan; nothing has been changed.")).to_be_visible()
    expect(page.get_by_role("button", name="Leave this provider")).to_have_count(0)
