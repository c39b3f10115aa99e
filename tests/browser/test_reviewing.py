"""A reviewer's keyboard, an annotator's second look, questions, teams, and how a project ends."""

from __future__ import annotations

import os
from pathlib import Path

from browsing import Place, Visit, Visitor, texts, until
from playwright.sync_api import expect
from test_accessible import violations

SHOTS = os.environ.get("STEELYARD_SHOTS")  # a folder for pictures of these pages, to be looked at


def sound(visitor: Visitor, name: str) -> None:
    """axe has nothing against the page; it fits on a phone; where asked for, it is pictured."""
    assert violations(visitor) == [], name
    page = visitor.page
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} at {width}: {wide} px too wide"
        for theme in ("light", "dark") if SHOTS else ():
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=Path(str(SHOTS)) / f"{name}-{width}-{theme}.png", full_page=True)
    page.emulate_media(color_scheme="light")


def test_a_reviewer_accepts_fixes_and_rejects_by_keyboard_and_sees_nobody_s_name(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(4), policy={"review_rate": 1, "answers": 1})
    bench = visit(place.key("annotator")).work(project)
    for _ in range(4):
        bench.answer("1", "Enter")
    bench.all_saved()
    reviewer = visit(place.key("reviewer"))
    page = reviewer.go(f"/p/{project}/review")
    desk = page.locator("[data-review]")
    expect(desk.get_by_text("Answer A", exact=True)).to_be_visible()
    assert "annotator" not in desk.inner_text()
    sound(reviewer, "review")
    said = []

    def done(*keys: str) -> None:
        review = desk.get_attribute("data-review")
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(f'[data-review="{review}"]')).to_have_count(0)
        said.append(review)

    done("a")
    expect(desk).to_be_visible()
    page.keyboard.press("f")
    expect(desk.get_by_role("button", name="Send the fix")).to_be_visible()
    sound(reviewer, "review-fix")
    done("2", "Enter")
    expect(desk).to_be_visible()
    page.keyboard.press("r")
    page.get_by_label("Why? Who answered is told.").fill("it barks")
    sound(reviewer, "review-reject")
    done("Enter")
    expect(desk).to_be_visible()
    page.keyboard.press("s")
    page.get_by_label("Why? It goes to another reviewer.").fill("I know the dog")
    done("Enter")
    expect(page.get_by_text("Nothing to review for you now.")).to_be_visible()
    assert len(set(said)) == 4
    rows = place.owner.get(f"/api/projects/{project}/reviews")["items"]
    assert [(row["verdict"], row["reason"]) for row in rows] == [
        ("accept", None),
        ("fix", None),
        ("reject", "it barks"),
        (None, None),
    ]
    fixed = {"label": "dog"}
    assert [line["answers"] for line in place.owner.consensus(project)].count(fixed) == 1


def test_an_annotator_changes_an_own_answer_and_asks_and_all_read_what_is_clarified(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(3))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    task = bench.answer("1", "Enter")
    bench.all_saved()
    bench.press("q")
    bench.page.get_by_label("What is unclear?").fill("Is a wolf a dog?")
    assert violations(annotator) == []
    bench.page.get_by_role("button", name="Ask", exact=True).last.click()
    expect(bench.page.get_by_role("dialog")).to_have_count(0)
    page = annotator.go(f"/p/{project}/mine")
    page.get_by_role("radio", name="owl").check()
    sound(annotator, "mine")
    page.get_by_role("button", name="Change my answer").click()
    expect(page.get_by_text("As you answered it.")).to_be_visible()
    until(page, lambda: place.answers(project)[task] == {"label": "owl"})
    lead = visit(place.key("manager"))
    page = lead.go(f"/p/{project}/questions")
    page.get_by_label("Your answer, given once").fill("No. Choose owl.")
    sound(lead, "questions")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("button", name="Take back: Is a wolf a dog?")).to_be_visible()
    page = annotator.go(f"/p/{project}/questions")
    expect(page.get_by_text("No. Choose owl.").first).to_be_visible()
    sound(annotator, "questions-annotator")


def test_a_team_is_made_filled_and_given_up(place: Place, visit: Visit) -> None:
    place.key("annotator")
    owner = visit(place.owner_key)
    page = owner.go("/admin")
    page.get_by_role("button", name="New team").click()
    page.get_by_label("Name").fill("Night shift")
    page.get_by_role("dialog").get_by_role("checkbox").first.check()
    sound(owner, "team-dialog")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("rowheader", name="Night shift")).to_be_visible()
    sound(owner, "admin")
    page.get_by_role("button", name="Give up Night shift").click()
    page.get_by_role("button", name="Give it up").click()
    expect(page.get_by_role("rowheader", name="Night shift")).to_have_count(0)


def test_a_project_is_archived_restored_and_deleted(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(2))
    owner = visit(place.owner_key)
    page = owner.go(f"/p/{project}")
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("button", name="Archive")).to_be_visible()
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_text("Erased for good:")).to_be_visible()
    sound(owner, "delete")
    page.get_by_label("what goes does not come back").fill(project)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    assert project not in [row["slug"] for row in place.owner.get("/api/projects")["items"]]
