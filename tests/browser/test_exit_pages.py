"""Leaving a provider on the pages: the plan, a rehearsal, the steps as they are done, the certificate, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from browsing import Place, Visit, texts
from playwright.sync_api import Page, expect


@pytest.fixture
def answered(place: Place) -> tuple[str, str, str]:
    """A project with two answers of a provider that holds a third task; the provider's slug and name."""
    project = place.project(tasks=texts(4))
    provider = place.provider()
    with place.server.client(place.key("annotator", provider)) as annotator:
        for assignment in annotator.claim(project, 3)["assignments"][:2]:
            annotator.submit(assignment["id"], {"label": "cat"})
    assert len(place.answers(project)) == 2
    return project, provider, place.owner.get(f"/api/providers/{provider}")["name"]


def figure(page: Page, name: str) -> str:
    """What stands beneath a figure's name."""
    return page.locator("dl.figures > div").filter(has=page.get_by_text(name, exact=True)).first.inner_text()


def test_leaving_takes_the_name_typed_out_and_shows_every_step_to_the_certificate(
    place: Place, visit: Visit, answered: tuple[str, str, str]
) -> None:
    project, provider, name = answered
    page = visit(place.owner_key).go(f"/providers/{provider}/exit")
    expect(page.get_by_text("This is a plan; nothing has been changed.")).to_be_visible()
    assert figure(page, "Held now, goes back") == "Held now, goes back\n1"
    project_name = place.owner.get(f"/api/projects/{project}")["name"]
    expect(page.get_by_role("row", name=f"{project_name} 2 100.0 %")).to_be_visible()
    leave = page.get_by_role("button", name="Leave this provider")
    expect(leave).to_be_disabled()
    page.get_by_label(f"Type “{name}” to confirm").fill(name[:-1])
    expect(leave).to_be_disabled()
    page.keyboard.press("Enter")
    assert place.owner.get(f"/api/providers/{provider}")["status"] == "active"
    page.get_by_label("Backups that may still hold what it gave").fill("tape 7\n\n")
    page.get_by_label(f"Type “{name}” to confirm").fill(name)
    leave.click()

    expect(page.get_by_role("heading", name=f"{name} was left", level=1)).to_be_visible()
    assert "/exits/" in page.url
    steps = page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(steps).to_have_count(8)
    expect(steps.filter(has=page.locator(".status-done"))).to_have_count(8)
    expect(steps.filter(has_text="Its answers are withdrawn")).to_contain_text("2 withdrawn")
    expect(steps.first).to_contain_text("Olga")
    expect(page.get_by_text("It holds.")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="tape 7")).to_be_visible()
    assert place.answers(project) == {}

    page.get_by_role("button", name="Check again now").click()
    expect(page.get_by_text("Looked at anew")).to_be_visible()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name="Before it may come back")).to_be_visible()
    expect(page.get_by_role("button", name="Leave this provider")).to_have_count(0)


def test_a_phase_out_is_previewed_begun_and_ended(
    place: Place, visit: Visit, answered: tuple[str, str, str]
) -> None:
    _, provider, name = answered
    ends = (datetime.now(UTC) + timedelta(days=28)).date().isoformat()
    page = visit(place.owner_key).go(f"/providers/{provider}/exit")
    page.get_by_label("By and by").check()
    page.get_by_label("Left on").fill(ends)
    page.get_by_label("Steps").fill("4")
    page.get_by_role("button", name="Preview the schedule").click()
    schedule = page.get_by_role("table", name="Of its share when the phase-out begins")
    expect(schedule.get_by_role("row")).to_have_count(4)
    assert place.owner.get(f"/api/providers/{provider}/phase-out") is None
    page.get_by_label(f"Type “{name}” to confirm").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Phase-out")).to_be_visible()
    assert "75 %" in figure(page, "Takes now at most")
    page.get_by_role("link", name="File", exact=True).click()
    expect(page.get_by_text("Being phased out")).to_be_visible()
    page.get_by_role("link", name="The schedule").click()
    page.get_by_role("button", name="End the phase-out").click()
    page.get_by_role("dialog").get_by_role("button", name="End the phase-out").click()
    expect(page.get_by_role("heading", name="Phase-out")).to_have_count(0)
    assert place.owner.get(f"/api/providers/{provider}/phase-out")["state"] == "ended"


def test_a_rehearsal_changes_nothing_and_says_how_long_each_step_took(
    place: Place, visit: Visit, answered: tuple[str, str, str]
) -> None:
    project, provider, _ = answered
    page = visit(place.owner_key).go(f"/providers/{provider}/exit")
    page.get_by_role("button", name="Rehearse it").click()
    expect(page.get_by_text("Last rehearsed")).to_be_visible()
    took = page.get_by_role("table", name="How long each step took")
    expect(took.get_by_role("row")).to_have_count(8)
    expect(page.get_by_text("checks of the certificate would hold")).to_be_visible()
    assert len(place.answers(project)) == 2
    assert place.owner.get(f"/api/providers/{provider}")["status"] == "active"


def test_a_step_that_failed_says_why_and_what_to_do(place: Place, visit: Visit) -> None:
    owner = visit(place.owner_key)
    step = {"by": "Olga", "begun_at": "2026-11-17T09:00:00Z", "at": "2026-11-17T09:00:01Z", "detail": None}
    steps = [
        {**step, "name": "stop", "state": "done", "error": None},
        {**step, "name": "rebuild", "state": "failed", "error": "the folder cannot be written"},
        {"name": "certificate", "state": "waiting", "by": None, "begun_at": None, "at": None, "detail": None},
    ]
    owner.page.route(
        "**/api/exits/broken",
        lambda route: route.fulfill(
            json={"id": "broken", "provider": "vendor", "name": "Vendor", "state": "running", "steps": steps}
        ),
    )
    page = owner.go("/exits/broken")
    expect(page.get_by_role("alert")).to_contain_text("the folder cannot be written")
    expect(page.get_by_role("alert")).to_contain_text("can be written and has room")
    expect(page.get_by_text("What was done stays done")).to_be_visible()


def test_our_own_people_cannot_be_left(place: Place, visit: Visit) -> None:
    page = visit(place.owner_key).go("/providers/in-house/exit")
    expect(page.get_by_text("they cannot be left")).to_be_visible()
    expect(page.get_by_role("button", name="Leave this provider")).to_have_count(0)
