"""The reference page in a browser: trying requests, choosing a language, finding an endpoint."""

import json

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ALL_LOOKS, Desk, Screen, sign_in


@pytest.fixture
def reference(context: BrowserContext, desk: Desk) -> Page:
    """The page in a browser that is not signed in."""
    page = context.new_page()
    page.goto(f"{desk.address}/docs/api")
    return page


def open_try(page: Page, operation: str) -> None:
    page.click(f"#{operation} .try > summary")


def send(page: Page, operation: str) -> None:
    page.click(f"#{operation} .try [type=submit]")
    expect(page.locator(f"#{operation} .result")).to_be_focused()


def test_trying_creates_a_real_order(reference: Page, desk: Desk) -> None:
    open_try(reference, "createOrder")
    reference.fill("#try-createOrder-token", desk.org.private.secret)
    body = json.loads(reference.input_value("#try-createOrder-body"))
    reference.fill("#try-createOrder-body", json.dumps({**body, "name": "Tried in the browser"}))
    send(reference, "createOrder")
    result = reference.locator("#createOrder .result")
    expect(result.locator("h4")).to_contain_text("201 Created: done, in ")
    expect(result).to_contain_text("location: /api/orders/")
    order = json.loads(result.locator("pre").last.inner_text())
    stored = requests.get(
        f"{desk.address}/api/orders/{order['id']}",
        headers={"Authorization": f"Bearer {desk.org.private.secret}"}, timeout=30,
    ).json()  # fmt: skip
    assert stored == order
    assert stored["name"] == "Tried in the browser"
    # The token is in every form now, and the order can be read in the same tab.
    open_try(reference, "readOrder")
    assert reference.input_value("#try-readOrder-token") == desk.org.private.secret
    reference.fill("#try-readOrder-reference", order["shortId"].lower())
    send(reference, "readOrder")
    expect(reference.locator("#readOrder .result h4")).to_contain_text("200 OK")


def test_errors_are_shown_in_words(reference: Page, desk: Desk) -> None:
    open_try(reference, "createOrder")
    reference.fill("#try-createOrder-token", desk.org.private.secret)
    reference.fill("#try-createOrder-body", '{"name": 1, "cart": []}')
    send(reference, "createOrder")
    result = reference.locator("#createOrder .result")
    expect(result.locator("h4")).to_contain_text("422 Unprocessable")
    paths = result.locator(".faults code").all_inner_texts()
    assert set(paths) == {"name", "cart", "metadata.finish"}
    reference.fill("#try-createOrder-token", desk.org.public.secret)
    send(reference, "createOrder")
    expect(result).to_contain_text("A public token works from its own domains only.")
    reference.fill("#try-createOrder-token", "so_prv_…")
    send(reference, "createOrder")
    expect(result).to_contain_text("was it copied whole?")
    reference.context.set_offline(True)
    reference.fill("#try-createOrder-token", "so_prv_x")
    send(reference, "createOrder")
    expect(result).to_contain_text("Is the service running")
    reference.context.set_offline(False)


def test_the_token_stays_in_its_tab(reference: Page, desk: Desk) -> None:
    open_try(reference, "readOrder")
    token = reference.locator("#try-readOrder-token")
    assert token.get_attribute("type") == "password"
    token.fill("so_prv_of_this_tab")
    reference.reload()
    assert token.input_value() == "so_prv_of_this_tab"
    open_try(reference, "readOrder")
    show = reference.locator("#readOrder .shows-secret")
    show.click()
    assert token.get_attribute("type") == "text"
    expect(show).to_have_attribute("aria-pressed", "true")
    show.click()
    assert token.get_attribute("type") == "password"
    assert "so_prv" not in reference.url
    assert reference.evaluate("JSON.stringify(localStorage) + document.cookie").count("so_prv") == 0
    other = reference.context.new_page()
    other.goto(f"{desk.address}/docs/api")
    assert other.input_value("#try-readOrder-token") == ""


def test_the_language_is_chosen_once_and_kept(reference: Page, desk: Desk) -> None:
    shown = reference.locator(".codes .code:visible")
    count = shown.count()
    assert count >= 4
    assert {one.get_attribute("data-language") for one in shown.all()} == {"shell"}
    reference.focus("#language-shell")
    reference.keyboard.press("ArrowRight")
    assert {one.get_attribute("data-language") for one in shown.all()} == {"python"}
    assert shown.count() == count
    reference.reload()
    expect(reference.locator("#language-python")).to_be_checked()
    other = reference.context.new_page()
    other.goto(f"{desk.address}/docs/api")
    expect(other.locator("#createOrder .code[data-language=python]")).to_be_visible()


def test_code_is_copied_as_shown(reference: Page) -> None:
    reference.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block = reference.locator("#createOrder .code[data-language=shell]")
    block.locator(".copies").click()
    expect(reference.locator("#said")).to_have_text("Copied: Shell.")
    copied = reference.evaluate("navigator.clipboard.readText()")
    assert copied == block.locator("code").text_content()
    assert copied.startswith("curl ")


def test_an_endpoint_is_found_by_words_and_opened_by_enter(reference: Page) -> None:
    reference.fill("#filter", "read an ord")
    links = reference.locator(".contents .endpoints a:visible")
    expect(links).to_have_count(1)
    expect(reference.locator("#filtered")).to_contain_text("1 of ")
    reference.keyboard.press("Enter")
    reference.wait_for_url("**#readOrder")
    reference.fill("#filter", "")
    assert links.count() > 3


def test_every_anchor_of_the_page_leads_somewhere(reference: Page) -> None:
    lost = reference.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.getAttribute('href'))"
        ".filter((href) => !document.getElementById(href.slice(1)))"
    )
    assert lost == []
    doubled = reference.evaluate(
        "[...document.querySelectorAll('[id]')].map((one) => one.id)"
        ".filter((id, at, all) => all.indexOf(id) !== at)"
    )
    assert doubled == []


def test_without_javascript_all_is_readable(plain_page: Page, desk: Desk) -> None:
    plain_page.goto(f"{desk.address}/docs/api")
    expect(plain_page.locator(".try:visible, .copies:visible, .filter:visible")).to_have_count(0)
    plain_page.check("#language-ruby", force=True)
    expect(plain_page.locator("#createOrder .code[data-language=ruby]")).to_be_visible()
    expect(plain_page.locator("#createOrder .code[data-language=shell]")).to_be_hidden()
    plain_page.click("text=Recent requests of your org")
    expect(plain_page.locator("h1")).to_have_text("Recent requests")
    plain_page.fill("#status", "nonsense")
    plain_page.keyboard.press("Enter")
    expect(plain_page.locator("#status-error")).to_contain_text("A status")


def test_admins_see_their_tokens_by_name(admin_page: Page, desk: Desk) -> None:
    page = admin_page
    page.goto(f"{desk.address}/docs/api")
    open_try(page, "createOrder")
    hint = page.locator("#try-createOrder-token-hint")
    expect(hint).to_contain_text("“script”, “shop”")
    expect(hint).to_contain_text("paste the one you kept")


def test_axe_finds_nothing(screen: Screen, desk: Desk) -> None:
    page = screen.page
    page.goto(f"{desk.address}/docs/api")
    open_try(page, "createOrder")
    page.fill("#try-createOrder-token", desk.org.private.secret)
    page.fill("#try-createOrder-body", "{}")
    send(page, "createOrder")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    # The largest of all pages takes long to find the colors of, and its endpoints look alike.
    some = "html" if ALL_LOOKS else "header, .contents, #createOrder"
    screen.check("reference, all open, with an answer", but_for="color-contrast")
    screen.check("reference, some of it, with its colors", within=some)
    sign_in(page, desk)
    page.goto(f"{desk.address}/docs/api/requests?status=422")
    while not page.locator(".requests").count():  # it is written a moment later
        page.reload()
    screen.check("recent requests")
    page.goto(f"{desk.address}/docs/api")
    expect(page.locator("#createOrder .recent .refused").first).to_be_visible()
    screen.check("reference, with recent requests", within="#createOrder")
    page.goto(f"{desk.address}/docs/api/requests?status=x")
    screen.check("recent requests, with an error")
    page.goto(f"{desk.address}/docs/api/requests?path=nothing-like-this")
    screen.check("recent requests, none")
