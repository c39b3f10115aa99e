"""Every page for whoever comes: quiet, complete, and no more than the role may see."""

from __future__ import annotations

import pytest
from browsing import Place, Visit, texts
from playwright.sync_api import Page, expect

# What stands on each page once all it asks for has arrived; the first is its heading.
SHOWN = {
    "/": ["My work", "All projects"],
    "/p/{project}": ["{project name}", "Judgments in the last 24 hours", "Policy", "which animal makes"],
    "/p/{project}/work": ["{project name}", "Sound", "Which animal?"],
    "/p/{project}/review": ["Review", "The least certain of 2 settled tasks", "Given by"],
    "/p/{project}/data": ["Data", "Sound 3", "that is all"],
    "/p/{project}/releases": ["Releases", "Nothing has been released yet."],
    "/providers": ["Providers", "in-house", "{provider name}"],
    "/providers/{provider}": [
        "{provider name}",
        "Measured on gold",
        "Harbour Holding",
        "No contract is recorded",
    ],
    "/providers/{provider}/exposure": ["{provider name}", "Showings", "Who has seen this?", "3 shown"],
    "/providers/{provider}/dependence": ["{provider name}", "Share of all judgments", "What rests on it"],
    "/providers/{provider}/exit": ["{provider name}", "This is a plan", "How it is to be left"],
    "/exposure": ["Exposure", "Look for it"],
    "/dependence": ["Dependence", "Project by project"],
    "/organisations": ["Organisations", "Harbour Holding"],
    "/admin": ["Admin", "Olga", "Organisations, one a line", "E-mail"],
}


@pytest.fixture(scope="module")
def names(place: Place) -> dict[str, str]:
    """A project with answers of an outside provider, and that provider, by slug and name."""
    provider = place.provider(interests=[{"organisation": "Harbour Holding", "share": 0.25}], price="0.02")
    project = place.project(tasks=texts(20), instruction="Say which animal makes this sound.")
    with place.server.client(place.key("annotator", provider)) as annotator:
        for assignment in annotator.claim(project, 3)["assignments"][:2]:
            annotator.submit(assignment["id"], {"label": "cat"})
    return {
        "project": project,
        "provider": provider,
        "project name": place.owner.get(f"/api/projects/{project}")["name"],
        "provider name": place.owner.get(f"/api/providers/{provider}")["name"],
    }


def filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def expect_all(page: Page, texts_shown: list[str], names: dict[str, str]) -> None:
    heading, *others = [filled(text, names) for text in texts_shown]
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    for text in others:
        expect(page.locator("main").get_by_text(text).filter(visible=True).first).to_be_visible()


def test_every_page_shows_its_content_and_logs_nothing(
    place: Place, visit: Visit, names: dict[str, str]
) -> None:
    owner = visit(place.owner_key, color_scheme="light")
    for path, shown in SHOWN.items():
        expect_all(owner.go(filled(path, names)), shown, names)


def test_signed_out_every_page_asks_for_a_key_and_logs_nothing(visit: Visit, names: dict[str, str]) -> None:
    nobody = visit(color_scheme="dark")
    for path in ["/login", *SHOWN]:
        page = nobody.go(filled(path, names))
        expect(page.get_by_label("Your key")).to_be_visible()


def test_an_annotator_sees_own_work_and_none_of_the_managers_pages(
    place: Place, visit: Visit, names: dict[str, str]
) -> None:
    annotator = visit(place.key("annotator"))
    page = annotator.go("/")
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    expect(page.locator("main").get_by_text(names["project name"]).first).to_be_visible()
    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    assert [text.strip() for text in links.all_inner_texts()] == ["Steelyard", "My work"]
    for path in ["/p/{project}/review", "/p/{project}/data", "/p/{project}/releases"]:
        expect(annotator.go(filled(path, names)).get_by_role("heading", name="Nothing here")).to_be_visible()
    for path in ["/providers", "/providers/{provider}", "/dependence", "/organisations", "/admin"]:
        expect(annotator.go(filled(path, names)).get_by_role("heading", name="Nothing here")).to_be_visible()


def test_an_annotators_view_of_a_project_names_no_provider_policy_or_progress(
    place: Place, visit: Visit, names: dict[str, str]
) -> None:
    page = visit(place.key("annotator")).go(f"/p/{names['project']}")
    expect(page.get_by_text("Say which animal makes this sound.")).to_be_visible()
    for hidden in ["Policy", "Providers", "Settled", "Gold", names["provider name"]]:
        expect(page.locator("main").get_by_text(hidden)).to_have_count(0)


def test_a_manager_sees_projects_and_providers_but_not_the_owners_page(
    place: Place, visit: Visit, names: dict[str, str]
) -> None:
    manager = visit(place.key("manager"))
    page = manager.go("/")
    expect(page.get_by_role("heading", name="All projects")).to_be_visible()
    expect(page.get_by_role("link", name="Providers", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)
    expect(manager.go("/admin").get_by_role("heading", name="Nothing here")).to_be_visible()
    page = manager.go(f"/providers/{names['provider']}")
    expect(page.get_by_text("Measured on gold")).to_be_visible()
    for action in ["Record a stake", "Change status", "Record the contract"]:
        expect(page.get_by_role("button", name=action)).to_have_count(0)
    parts = page.get_by_role("navigation", name="Parts of the file").get_by_role("link")
    assert parts.all_inner_texts() == ["File", "Exposure", "Dependence"]
    expect(manager.go("/organisations").get_by_role("heading", name="Nothing here")).to_be_visible()


def test_an_address_that_leads_nowhere_says_so(place: Place, visit: Visit) -> None:
    page = visit(place.owner_key).go("/no/such/page")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()


def test_the_theme_that_a_person_chooses_stays(place: Place, visit: Visit) -> None:
    owner = visit(place.owner_key, color_scheme="light")
    page = owner.go("/")

    def ground() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = ground()
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    dark = ground()
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert ground() == dark
