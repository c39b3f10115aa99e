"""Who holds whom, on the pages: a chain of stakes, names that are one, a list that comes in, and conflicts."""

from __future__ import annotations

from browsing import Place, Visit
from playwright.sync_api import expect


def test_a_chain_of_stakes_is_drawn_and_a_stake_in_it_stops_what_hangs_below(
    place: Place, visit: Visit
) -> None:
    project = place.project(policy={"conflicts": ["Granite Rival"]})
    name = place.owner.get(f"/api/projects/{project}")["name"]
    provider = place.provider(interests=[{"organisation": "Granite Holding", "share": 0.5}])
    page = visit(place.owner_key).go("/organisations")
    page.get_by_label("Find").fill("granite h")
    page.get_by_role("link", name="Granite Holding").click()
    page.get_by_role("button", name="Record a stake").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Organisation").fill("granite rival")
    dialog.get_by_label("Share in percent").fill("49")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("listitem").filter(has_text=name)).to_be_visible()
    dialog.get_by_role("button", name="Record the stake").click()
    expect(dialog.get_by_text("Stopped by it:")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Granite Rival").click()
    expect(page.get_by_role("row", name="24.50 %")).to_be_visible()
    page.get_by_role("link", name=place.owner.get(f"/api/providers/{provider}")["name"]).first.click()
    expect(page.get_by_role("row", name="Granite Rival 24.5 % through Granite Holding")).to_be_visible()


def test_two_names_of_one_legal_entity_are_joined(place: Place, visit: Visit) -> None:
    first = place.owner.post("/api/organisations", {"name": "Chalk Works", "aliases": ["CW"]})
    second = place.owner.post("/api/organisations", {"name": "Chalk Works GmbH"})
    page = visit(place.owner_key).go(f"/organisations/{second['id']}")
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Is the same as").fill("cw")
    expect(page.get_by_text("Another name of Chalk Works.")).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Change the organisation").click()
    expect(page.get_by_role("heading", name="Recorded")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("The same as Chalk Works")).to_be_visible()
    assert place.owner.get(f"/api/organisations/{second['id']}")["same_as"] == first["id"]


def test_a_list_is_previewed_and_nothing_of_it_comes_in_while_a_row_is_wrong(
    place: Place, visit: Visit
) -> None:
    provider = place.provider()

    def listed(share: str) -> dict[str, str | bytes]:
        lines = f"holder,held,share\nMarble Fund,{provider},{share}\nMarble Trust,Marble Fund,0.4\n"
        return {"name": "stakes.csv", "mimeType": "text/csv", "buffer": lines.encode()}

    page = visit(place.owner_key).go("/organisations")
    page.get_by_role("button", name="Import a list").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("CSV or JSON file").set_input_files(listed("7"))  # type: ignore[arg-type]
    dialog.get_by_role("button", name="See what would stop").click()
    expect(dialog.get_by_text("Row 1:")).to_be_visible()
    expect(dialog.get_by_role("button", name="Import the list")).to_be_disabled()
    dialog.get_by_role("button", name="Back").click()
    dialog.get_by_label("CSV or JSON file").set_input_files(listed("0.7"))  # type: ignore[arg-type]
    dialog.get_by_role("button", name="See what would stop").click()
    dialog.get_by_role("button", name="Import the list").click()
    expect(dialog.get_by_role("heading", name="The list is imported")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("row", name="Marble Trust Vendor")).to_contain_text("28.0 %")


def test_a_conflict_of_the_installation_says_what_it_would_stop_before_it_is_saved(
    place: Place, visit: Visit
) -> None:
    provider = place.provider(interests=[{"organisation": "Flint Corp", "share": 0.1}])
    name = place.owner.get(f"/api/providers/{provider}")["name"]
    place.project()
    before = place.owner.get("/api/settings")["conflicts"]
    page = visit(place.owner_key).go("/admin")
    page.get_by_label("Organisations, one a line").fill("\n".join([*before, "Flint Corp"]))
    page.get_by_role("button", name="See what would stop").click()
    expect(page.get_by_role("listitem").filter(has_text=name).first).to_be_visible()
    page.get_by_role("button", name="Back").click()
    assert place.owner.get("/api/settings")["conflicts"] == before
    expect(page.get_by_label("Organisations, one a line")).to_have_value("\n".join([*before, "Flint Corp"]))
