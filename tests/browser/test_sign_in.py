"""Signing in and out: a link once, a key, and a word when it was the wrong one."""

from __future__ import annotations

from browsing import Place, Visit
from playwright.sync_api import expect


def test_the_one_time_link_signs_the_owner_in_once(place: Place, visit: Visit) -> None:
    link = place.server.sign_in
    assert link is not None
    first = visit()
    first.page.goto(link)
    expect(first.page.get_by_role("heading", name="My work")).to_be_visible()
    expect(first.page.get_by_role("link", name="Admin")).to_be_visible()
    assert "token" not in first.page.url

    second = visit()
    second.page.goto(link)
    expect(second.page.get_by_role("alert")).to_be_visible()
    expect(second.page.get_by_label("Your key")).to_be_visible()
    assert "token" not in second.page.url


def test_a_key_and_enter_in_the_first_field_sign_in(place: Place, visit: Visit) -> None:
    page = visit().go("/login")
    first = page.locator("input").first
    first.fill(place.owner_key)
    first.press("Enter")
    expect(page).to_have_url(f"{place.url}/")
    expect(page.get_by_text("Olga")).to_be_visible()


def test_the_cursor_is_in_the_key_field_when_the_page_opens(visit: Visit) -> None:
    page = visit().go("/login")
    expect(page.get_by_label("Your key")).to_be_focused()


def test_a_wrong_key_says_so_and_another_may_be_tried(place: Place, visit: Visit) -> None:
    page = visit().go("/login")
    field = page.locator("input").first
    field.fill("not-a-key")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("key")
    field.fill(place.owner_key)
    field.press("Enter")
    expect(page.get_by_role("heading", name="My work")).to_be_visible()


def test_a_page_asked_for_signed_out_opens_after_signing_in(place: Place, visit: Visit) -> None:
    page = visit().go("/providers")
    expect(page.get_by_label("Your key")).to_be_visible()
    page.locator("input").first.fill(place.owner_key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{place.url}/providers")
    expect(page.get_by_role("heading", name="Providers")).to_be_visible()


def test_another_sites_address_is_not_followed_after_signing_in(place: Place, visit: Visit) -> None:
    page = visit().go("/login?next=//elsewhere.example/")
    page.locator("input").first.fill(place.owner_key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{place.url}/")


def test_signing_out_ends_the_session_on_the_server_too(place: Place, visit: Visit) -> None:
    visitor = visit(place.owner_key)
    page = visitor.go("/")
    session = visitor.context.cookies()[0]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your key")).to_be_visible()
    assert visitor.context.cookies() == []

    visitor.context.add_cookies([session])
    page = visitor.go("/providers")
    expect(page.get_by_label("Your key")).to_be_visible()
