"""axe finds nothing serious or critical, in either theme, dialogs included."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import Place, Visit, Visitor, texts
from playwright.sync_api import expect
from test_bench import EVERY_KIND

AXE = Path(__file__).parents[2] / "workbench" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")

pytestmark = pytest.mark.skipif(
    not AXE.is_file(),
    reason="axe-core is not installed: `npm ci` in workbench/ with axe-core among its packages",
)


def violations(visitor: Visitor) -> list[str]:
    """What axe objects to on the page as it stands, one line for each element; colours also in the dark."""
    page = visitor.page
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    lines = []
    for theme, rules in [("light", {}), ("dark", {"runOnly": ["color-contrast"]})]:
        page.emulate_media(color_scheme=theme)
        found = page.evaluate(
            "options => axe.run(document, options)", {"resultTypes": ["violations"], **rules}
        )
        lines += [
            f"{theme}: {rule['impact']} {rule['id']}: {rule['help']}: {node['html'][:160]}"
            for rule in found["violations"]
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]
    return lines


def test_the_login_page(visit: Visit) -> None:
    nobody = visit()
    page = nobody.go("/login")
    expect(page.get_by_label("Your key")).to_be_visible()
    assert violations(nobody) == []
    page.locator("input").first.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(nobody) == []


def test_the_bench_with_every_kind_of_question_and_its_dialogs(place: Place, visit: Visit) -> None:
    project = place.project(*EVERY_KIND, tasks=texts(2))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    assert violations(annotator) == []
    bench.press("1", "Enter")
    expect(bench.page.get_by_role("alert").first).to_be_visible()
    assert violations(annotator) == []
    bench.press("Escape", "s")
    expect(bench.page.get_by_role("dialog")).to_be_visible()
    assert violations(annotator) == []
    bench.press("Escape", "?")
    expect(bench.page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(annotator) == []


def test_a_bench_without_tasks(place: Place, visit: Visit) -> None:
    project = place.project()
    annotator = visit(place.key("annotator"))
    page = annotator.go(f"/p/{project}/work")
    expect(page.get_by_role("heading", name="Nothing to label now.")).to_be_visible()
    assert violations(annotator) == []


def test_the_pages_of_those_who_run_it(place: Place, visit: Visit) -> None:
    provider = place.provider(interests=[{"organisation": "Some Holding", "share": 0.5}])
    project = place.project(tasks=texts(1), policy={"answers": 2})
    for answered_by, label in [(provider, "cat"), (None, "dog")]:
        with place.server.client(place.key("annotator", answered_by)) as annotator:
            [assignment] = annotator.claim(project, 1)["assignments"]
            annotator.submit(assignment["id"], {"label": label})
    owner = visit(place.owner_key)
    for path, sign in {
        "/": "All projects",
        f"/p/{project}": "Judgments in the last 24 hours",
        f"/p/{project}/review": "Given by",
        f"/p/{project}/data": "that is all",
        "/providers": "in-house",
        f"/providers/{provider}": "Measured on gold",
        f"/providers/{provider}/exposure": "Showings",
        f"/providers/{provider}/dependence": "What rests on it",
        f"/providers/{provider}/exit": "How it is to be left",
        "/dependence": "Project by project",
        "/organisations": "Some Holding",
        "/admin": "Organisations, one a line",
    }.items():
        page = owner.go(path)
        expect(page.locator("main").get_by_text(sign).filter(visible=True).first).to_be_visible()
        assert violations(owner) == [], path
        assert sideways(owner) == 0, path


def sideways(visitor: Visitor) -> int:
    """By how many pixels the page as it stands is wider than a telephone."""
    whole = visitor.page.viewport_size
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    wider = visitor.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if whole is not None:
        visitor.page.set_viewport_size(whole)
    return wider


def test_the_dialogs_about_providers(place: Place, visit: Visit) -> None:
    owner = visit(place.owner_key)
    page = owner.go("/providers")
    page.get_by_role("button", name="Add provider").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(owner) == []
    page = owner.go(f"/providers/{place.provider()}")
    for button in ["Change status", "Record a stake", "Record the contract"]:
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("dialog").locator("form")).to_be_visible()
        assert violations(owner) == [], button
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
