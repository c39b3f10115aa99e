"""What hangs on whom, over all and in each project, and what would be without each."""

from __future__ import annotations

from browsing import Place, Visit, texts
from playwright.sync_api import expect


def test_every_provider_stands_with_its_share_and_leads_to_what_hangs_on_it(
    place: Place, visit: Visit
) -> None:
    provider = place.provider(interests=[{"organisation": "Basalt Group", "share": 1}], price="0.05")
    name = place.owner.get(f"/api/providers/{provider}")["name"]
    project = place.project(tasks=texts(4))
    project_name = place.owner.get(f"/api/projects/{project}")["name"]
    for answered_by, count in [(provider, 3), (None, 1)]:
        with place.server.client(place.key("annotator", answered_by)) as annotator:
            for assignment in annotator.claim(project, count)["assignments"]:
                annotator.submit(assignment["id"], {"label": "cat"})

    page = visit(place.owner_key).go("/dependence")
    providers = page.get_by_role("table", name="Providers: their share")
    expect(providers.get_by_role("row").filter(has_text=name)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Basalt Group")).to_be_visible()
    chart = page.get_by_role("article", name=project_name)
    expect(chart.get_by_role("listitem").filter(has_text=name)).to_contain_text("75.0 %")
    chart.get_by_role("link", name=name).click()

    expect(page).to_have_url(f"{place.url}/providers/{provider}/dependence")
    rests = page.get_by_role("table", name="What rests on it")
    expect(rests.get_by_role("row").filter(has_text=project_name)).to_contain_text("75.0 %")
    elsewhere = page.get_by_role("table", name="To have it done elsewhere")
    expect(elsewhere.get_by_role("row").filter(has_text=project_name)).to_contain_text("3")


def test_where_nobody_has_answered_the_page_says_what_will_stand_there(place: Place, visit: Visit) -> None:
    owner = visit(place.owner_key)
    nothing = {"judgments": 0, "providers": [], "organisations": [], "alerts": []}
    owner.page.route(
        "**/api/dependence",
        lambda route: route.fulfill(json={"at": None, "overall": nothing, "projects": [], "alerts": []}),
    )
    expect(owner.go("/dependence").get_by_text("Nobody has answered yet")).to_be_visible()


def test_an_alert_stands_on_top_and_leads_to_its_provider(place: Place, visit: Visit) -> None:
    owner = visit(place.owner_key)
    alert = {
        "code": "share_above",
        "message": "in-house gives too much.",
        "project": None,
        "provider": "in-house",
        "organisation": None,
        "share": 0.9,
    }
    overall = {"judgments": 1, "hhi": None, "providers": [], "organisations": [], "alerts": [alert]}
    owner.page.route(
        "**/api/dependence",
        lambda route: route.fulfill(json={"at": None, "overall": overall, "projects": [], "alerts": [alert]}),
    )
    alerts = owner.go("/dependence").get_by_role("note", name="Alerts")
    expect(alerts).to_contain_text("in-house gives too much.")
    alerts.get_by_role("link", name="Look").click()
    expect(owner.page).to_have_url(f"{place.url}/providers/in-house/dependence")
