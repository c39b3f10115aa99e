"""A provider is stopped while its annotator works: said in words, nothing stored, nothing lost, nothing more shown."""

from __future__ import annotations

from browsing import Place, Visit, texts
from playwright.sync_api import expect

STOPPED = "Your provider's work on this project has stopped"


def test_a_stake_recorded_meanwhile_refuses_the_next_answer_in_words_and_keeps_the_draft(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(5), policy={"conflicts": ["Rival Rivers"]})
    provider = place.provider()
    annotator = visit(place.key("annotator", provider))
    annotator.watch.expected += ["409"]
    bench = annotator.work(project)
    before = bench.answer("1", "Enter")
    bench.all_saved()

    interests = [{"organisation": "rival rivers", "share": 0.49}]
    changed = place.owner.patch(f"/api/providers/{provider}", {"interests": interests})
    assert [stop["project"] for stop in changed["newly_stopped"]] == [project]

    bench.press("2", "Enter")
    expect(bench.page.get_by_role("status").filter(has_text=STOPPED)).to_contain_text("Your draft is kept.")
    bench.nothing_left()
    expect(bench.main).to_have_count(0)
    expect(bench.page.get_by_text("Sound")).to_have_count(0)
    kept = bench.page.locator(".refused")
    expect(kept).to_contain_text("dog")
    assert place.answers(project) == {before: {"label": "cat"}}

    bench.page.reload()
    bench.nothing_left()
    expect(kept).to_contain_text("dog")
    expect(bench.page.locator("body")).not_to_contain_text("Rival")

    kept.get_by_role("button", name="Throw away").click()
    expect(kept).to_have_count(0)


def test_a_lost_lease_keeps_the_draft_and_the_next_task_is_there(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(5))
    key = place.key("annotator")
    annotator = visit(key)
    annotator.watch.expected += ["409"]
    bench = annotator.work(project)
    task = bench.task
    with place.server.client(key) as same:
        for assignment in same.get("/api/assignments", project=project)["items"]:
            if assignment["task"]["id"] == task:
                same.give_back(assignment["id"], "elsewhere")
    bench.answer("3", "Enter")
    notice = bench.page.get_by_text("Someone else has this task now; your draft is kept.")
    expect(notice).to_be_visible()
    expect(bench.main).to_be_visible()
    assert bench.task != task
    bench.press("Control+ArrowLeft")
    expect(bench.page.get_by_role("dialog", name="Last answers")).to_contain_text("Not taken, kept for you")
    assert place.answers(project) == {}
