"""The bench: everything by keyboard, each answer once, the next task at once."""

from __future__ import annotations

import itertools

from browsing import ANIMAL, Bench, Place, Visit, png, texts
from playwright.sync_api import Locator, Page, Route, expect

EVERY_KIND = [
    ANIMAL,
    {"name": "seen", "kind": "choices", "title": "What is seen?", "options": ["fur", "wings", "tail"]},
    {"name": "sure", "kind": "rating", "title": "How sure are you?", "min": 1, "max": 5},
    {"name": "legs", "kind": "number", "title": "How many legs?", "min": 0, "unit": "legs"},
    {"name": "why", "kind": "text", "title": "Why?"},
]


def question(page: Page, title: str) -> Locator:
    return page.locator(".question").filter(has=page.get_by_role("heading", name=title))


def test_a_digit_and_enter_answer_twelve_tasks_in_a_row_each_once(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(12))
    bench = visit(place.key("annotator")).work(project)
    given = {}
    for key, label in itertools.islice(itertools.cycle([("1", "cat"), ("2", "dog"), ("3", "owl")]), 12):
        given[bench.answer(key, "Enter")] = {"label": label}
    bench.nothing_left()
    bench.all_saved()
    assert len(given) == 12
    assert place.answers(project) == given


def test_the_next_task_does_not_wait_for_the_server(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(4))
    annotator = visit(place.key("annotator"))
    held_up: list[Route] = []
    annotator.page.route("**/submit", lambda route: held_up.append(route))
    bench = annotator.work(project)
    first = bench.answer("1", "Enter")
    expect(bench.main).to_be_visible()
    second = bench.answer("2", "Enter")
    expect(bench.main).to_be_visible()
    assert bench.task not in (first, second)
    expect(bench.saved).to_have_text("Saving")
    for route in held_up:
        route.continue_()
    annotator.page.unroute("**/submit")
    bench.all_saved()
    assert place.answers(project) == {first: {"label": "cat"}, second: {"label": "dog"}}


def test_one_key_answers_and_goes_on_where_the_annotator_wants_it(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(4))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    bench.page.get_by_label("One key answers and goes on").check()
    given = {bench.answer("3"): {"label": "owl"} for _ in range(2)}
    bench = annotator.work(project)
    given[bench.answer("2")] = {"label": "dog"}
    bench.all_saved()
    assert place.answers(project) == given


def test_a_small_image_grows_with_hard_pixel_edges(place: Place, visit: Visit) -> None:
    address = place.owner.put_blob(png([[0, 255] * 4, [255, 0] * 4] * 4), "image/png")
    project = place.project(tasks=[{"content": {"blocks": [{"type": "image", "url": address}]}}])
    bench = visit(place.key("annotator")).work(project)
    image = bench.page.get_by_role("img", name="The image to judge")
    expect(image).to_be_visible()
    box = image.bounding_box()
    assert box is not None
    assert box["width"] == box["height"] >= 256
    assert box["width"] % 8 == 0
    expect(image).to_have_css("image-rendering", "pixelated")
    bench.press("z")
    expect(bench.page.get_by_role("button", name="Zoom")).to_have_attribute("aria-pressed", "true")
    assert (image.bounding_box() or box)["width"] == 2 * box["width"]
    task = bench.answer("2", "Enter")
    bench.nothing_left()
    assert place.answers(project) == {task: {"label": "dog"}}


def test_every_kind_of_question_is_answered_by_keyboard(place: Place, visit: Visit) -> None:
    project = place.project(*EVERY_KIND, tasks=texts(1))
    bench = visit(place.key("annotator")).work(project)
    bench.press("3")
    bench.press("1", "3")
    bench.press("]", "4")
    expect(question(bench.page, "How many legs?").locator("input")).to_be_focused()
    bench.type("2,5")
    bench.press("Tab")
    expect(question(bench.page, "Why?").locator("textarea")).to_be_focused()
    bench.type("It hoots.")
    bench.press("Enter")
    bench.type("123 s x")
    task = bench.answer("Control+Enter")
    bench.nothing_left()
    assert place.answers(project) == {
        task: {"label": "owl", "seen": ["fur", "tail"], "sure": 4, "legs": 2.5, "why": "It hoots.\n123 s x"}
    }


def test_what_is_missing_is_said_beside_its_question_and_nothing_is_sent(place: Place, visit: Visit) -> None:
    project = place.project(*EVERY_KIND[:3], tasks=texts(1))
    bench = visit(place.key("annotator")).work(project)
    bench.press("1", "Enter")
    expect(question(bench.page, "What is seen?").get_by_role("alert")).to_have_text(
        "This question needs an answer."
    )
    expect(question(bench.page, "How sure are you?").get_by_role("alert")).to_be_visible()
    assert place.answers(project) == {}


def test_what_the_server_refuses_comes_back_with_the_reason_beside_its_question(
    place: Place, visit: Visit
) -> None:
    code = {"name": "code", "kind": "text", "title": "Which code?", "pattern": "[A-Z]+"}
    project = place.project(code, tasks=texts(1))
    annotator = visit(place.key("annotator"))
    annotator.watch.expected += ["422"]
    bench = annotator.work(project)
    bench.type("abc")
    task = bench.task
    bench.press("Control+Enter")
    expect(question(bench.page, "Which code?").get_by_role("alert")).to_be_visible()
    field = question(bench.page, "Which code?").locator("textarea")
    expect(field).to_have_value("abc")
    field.fill("ABC")
    assert bench.answer("Control+Enter") == task
    bench.nothing_left()
    assert place.answers(project) == {task: {"code": "ABC"}}


def test_escape_leaves_a_text_first_and_takes_an_answer_back_then(place: Place, visit: Visit) -> None:
    project = place.project(ANIMAL, tasks=texts(1))
    bench = visit(place.key("annotator")).work(project)
    bench.press("1", "n")
    bench.type("2")
    expect(bench.page.get_by_label("Note")).to_have_value("2")
    bench.press("Escape")
    expect(bench.page.get_by_label("cat")).to_be_checked()
    expect(bench.page.get_by_label("Note")).to_have_value("2")
    bench.press("Escape")
    expect(bench.page.get_by_label("cat")).not_to_be_checked()


def test_undo_goes_back_step_by_step(place: Place, visit: Visit) -> None:
    project = place.project(*EVERY_KIND[:2], tasks=texts(1))
    bench = visit(place.key("annotator")).work(project)
    undo = bench.page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    bench.press("2", "1", "2")
    for option in ["dog", "fur", "wings"]:
        expect(bench.page.get_by_label(option)).to_be_checked()
    bench.press("Control+z")
    expect(bench.page.get_by_label("wings")).not_to_be_checked()
    expect(bench.page.get_by_label("fur")).to_be_checked()
    bench.press("Control+z", "Control+z")
    expect(bench.page.get_by_label("dog")).not_to_be_checked()
    expect(undo).to_be_disabled()


def test_a_skipped_task_goes_back_with_its_reason_and_to_somebody_else(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(2))
    annotator = visit(place.key("annotator"))
    bench = annotator.work(project)
    skipped = bench.task
    bench.press("s")
    bench.page.get_by_label("Why?").fill("too faint")
    with annotator.page.expect_request("**/return") as sent:
        bench.answer("Enter")
    assert sent.value.post_data_json == {"reason": "too faint"}
    kept = bench.answer("1", "Enter")
    bench.nothing_left()
    bench.page.get_by_role("button", name="Look again").click()
    bench.nothing_left()
    assert place.answers(project) == {kept: {"label": "cat"}}

    other = visit(place.key("annotator")).work(project)
    assert other.task == skipped


def test_not_applicable_is_an_answer(place: Place, visit: Visit) -> None:
    project = place.project(*EVERY_KIND[:2], tasks=texts(1))
    bench = visit(place.key("annotator")).work(project)
    bench.press("x")
    expect(bench.page.get_by_label("Not applicable")).to_be_checked()
    task = bench.answer("Enter")
    bench.nothing_left()
    assert place.answers(project) == {task: {"not_applicable": True}}


def test_the_keys_are_listed_under_a_question_mark_and_do_nothing_meanwhile(
    place: Place, visit: Visit
) -> None:
    project = place.project(tasks=texts(1))
    bench = visit(place.key("annotator")).work(project)
    bench.press("?")
    keys = bench.page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    bench.press("1", "x")
    bench.press("Escape")
    expect(keys).to_have_count(0)
    expect(bench.page.get_by_label("cat")).not_to_be_checked()
    expect(bench.page.get_by_label("Not applicable")).not_to_be_checked()


def test_two_annotators_never_get_the_same_task(place: Place, visit: Visit) -> None:
    project = place.project(tasks=texts(10))
    benches: list[Bench] = [visit(place.key("annotator")).work(project) for _ in range(2)]
    seen: list[set[str]] = [set(), set()]
    for _ in range(4):
        for bench, tasks in zip(benches, seen, strict=True):
            tasks.add(bench.answer("1", "Enter"))
            expect(bench.main).to_be_visible()
    for bench in benches:
        bench.all_saved()
    assert not seen[0] & seen[1]
    assert set(place.answers(project)) == seen[0] | seen[1]
    assert len(seen[0] | seen[1]) == 8
