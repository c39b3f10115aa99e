"""No connection: answers wait in sight, outlive a reload, and are sent once."""

from __future__ import annotations

from browsing import Place, Visit, Visitor, texts, until
from playwright.sync_api import Route, expect

UNSENT = ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]


def cut_submits(annotator: Visitor) -> None:
    """Only answers do not get through, so that the page itself can still be loaded."""
    annotator.watch.expected += UNSENT
    annotator.context.route("**/submit", lambda route: route.abort())


def test_offline_answers_wait_in_sight_and_are_sent_once_when_the_connection_is_back(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(6))
    annotator = visit(place.key("annotator"))
    annotator.watch.expected += UNSENT
    bench = annotator.work(project)
    given = {bench.answer("1", "Enter"): {"label": "cat"}}
    bench.all_saved()

    annotator.context.set_offline(True)
    given[bench.answer("2", "Enter")] = {"label": "dog"}
    expect(bench.saved).to_have_text("1 unsaved, retrying")
    given[bench.answer("3", "Enter")] = {"label": "owl"}
    expect(bench.saved).to_have_text("2 unsaved, retrying")
    assert len(place.answers(project)) == 1

    annotator.context.set_offline(False)
    bench.all_saved()
    assert place.answers(project) == given
    given[bench.answer("1", "Enter")] = {"label": "cat"}
    bench.all_saved()
    assert place.answers(project) == given


def test_offline_with_all_fetched_tasks_answered_the_page_says_that_it_waits(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(6))
    annotator = visit(place.key("annotator"))
    annotator.watch.expected += UNSENT
    bench = annotator.work(project)
    given = {bench.answer("1", "Enter"): {"label": "cat"}}
    bench.all_saved()
    expect(bench.main).to_be_visible()
    annotator.context.set_offline(True)
    waiting = bench.page.get_by_text("Waiting for the connection. Your answers are kept in this browser.")
    while bench.main.or_(waiting).first.get_attribute("data-task") is not None:
        given[bench.answer("2", "Enter")] = {"label": "dog"}
    expect(waiting).to_be_visible()
    expect(bench.saved).to_have_text(f"{len(given) - 1} unsaved, retrying")
    annotator.context.set_offline(False)
    bench.all_saved()
    expect(bench.main).to_be_visible()
    assert place.answers(project) == given


def test_unsent_answers_outlive_a_reload_and_are_sent_once(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(6))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    cut_submits(annotator)
    given = {bench.answer("1", "Enter"): {"label": "cat"}, bench.answer("2", "Enter"): {"label": "dog"}}
    expect(bench.saved).to_have_text("2 unsaved, retrying")

    bench = annotator.work(project)
    expect(bench.saved).to_have_text("2 unsaved, retrying")
    assert bench.task not in given
    assert place.answers(project) == {}

    annotator.context.unroute("**/submit")
    bench.all_saved()
    assert place.answers(project) == given


def test_an_answer_whose_confirmation_is_lost_is_stored_once(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(3))
    annotator = visit(place.key("annotator"))
    annotator.watch.expected += UNSENT
    lost = []

    def lose_the_first(route: Route) -> None:
        response = route.fetch()
        if lost:
            route.fulfill(response=response)
        else:
            lost.append(response.status)
            route.abort()

    annotator.context.route("**/submit", lose_the_first)
    bench = annotator.work(project)
    task = bench.answer("1", "Enter")
    bench.all_saved()
    assert lost == [200]
    assert place.answers(project) == {task: {"label": "cat"}}


def test_unsent_answers_are_sent_from_any_page(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(3))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    cut_submits(annotator)
    task = bench.answer("3", "Enter")
    expect(bench.saved).to_have_text("1 unsaved, retrying")
    page = annotator.go("/")
    expect(page.get_by_text("1 unsaved, retrying")).to_be_visible()
    annotator.context.unroute("**/submit")
    annotator.go("/")
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    until(page, lambda: place.answers(project) == {task: {"label": "owl"}})
    expect(page.get_by_text("1 unsaved, retrying")).to_have_count(0)


def test_a_draft_outlives_a_reload(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(3))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    task = bench.task
    bench.press("2", "n")
    bench.type("hard to hear")
    expect(bench.page.get_by_label("Note")).to_have_value("hard to hear")

    bench = annotator.work(project)
    assert bench.task == task
    expect(bench.page.get_by_label("dog")).to_be_checked()
    expect(bench.page.get_by_label("Note")).to_have_value("hard to hear")
    bench.answer("Enter")
    bench.all_saved()
    assert place.answers(project) == {task: {"label": "dog", "note": "hard to hear"}}


def test_a_session_that_ended_asks_for_the_key_and_keeps_what_was_not_sent(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(3))
    key = place.key("annotator")
    annotator = visit(key)
    annotator.watch.expected += ["401"]
    bench = annotator.work(project)
    annotator.context.clear_cookies()
    task = bench.answer("1", "Enter")
    expect(bench.page.get_by_text("Your session has ended.")).to_be_visible(timeout=5_000)
    bench.page.locator("input").first.fill(key)
    bench.press("Enter")
    expect(bench.main).to_be_visible()
    bench.all_saved()
    assert place.answers(project) == {task: {"label": "cat"}}
