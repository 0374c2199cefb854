"""From the link that an empty desk prints to the first order, by what the pages say."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.actors import PASSWORD
from tests.browser.conftest import Screen, Watch
from tests.processes.server import Server, running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product without an org."""
    with running(tmp_path_factory.mktemp("empty"), WORKERS="1") as server:
        yield server


def printed_link(server: Server) -> str:
    """Return the link that the server has printed at its start."""
    [link] = re.findall(r"http://\S+/setup\?token=\S+", server.log.read_text("utf-8"))
    return str(link)


def check_setup(chromium: Browser, empty: Server) -> None:
    """Run axe on the setup in German, without the link and with it; nothing is created."""
    context = chromium.new_context(locale="de-DE", bypass_csp=True)  # axe is an inline script
    screen = Screen(context.new_page(), "de")
    screen.page.goto(empty.address)
    screen.page.wait_for_url("**/setup")
    screen.check("setup, without the link")
    screen.page.goto(printed_link(empty))
    screen.button("Create organization").click()
    screen.page.wait_for_selector("#summary")
    screen.check("setup, with errors")
    context.close()


def check_checklist(chromium: Browser, page: Page, empty: Server) -> None:
    """Run axe on the page Today of a signed-in person."""
    context = chromium.new_context(locale="en-US", bypass_csp=True)
    context.add_cookies([*page.context.cookies()])  # type: ignore[list-item]  # as they are read
    screen = Screen(context.new_page(), "en")
    screen.page.goto(empty.address)
    screen.page.wait_for_selector("[data-step]")
    screen.check("checklist")
    context.close()


def test_from_the_printed_link_to_the_first_order(chromium: Browser, empty: Server) -> None:
    check_setup(chromium, empty)
    watch = Watch(empty.address)
    page = watch.over(chromium.new_context(timezone_id="Europe/Vienna")).new_page()
    page.goto(printed_link(empty))
    assert "token" not in page.url
    expect(page.get_by_label("Organization")).to_be_focused()
    page.keyboard.type("Alder & Oak")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@desk.example")
    page.get_by_label("Password").fill("short")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Create organization").click()
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Organization")).to_have_value("Alder & Oak")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    page.goto(f"{empty.address}/setup")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    page.get_by_label("Organization").fill("Alder & Oak")
    page.get_by_label("E-mail").fill("ada@desk.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create organization").click()
    expect(page.get_by_role("status")).to_contain_text("Your desk is ready.")
    expect(page.get_by_text("(Vienna time)")).to_be_visible()
    check_checklist(chromium, page, empty)

    page.get_by_role("button", name="Load sample products").click()
    expect(page.get_by_role("status")).to_contain_text("20 sample products were added.")
    expect(page.get_by_text("1 of 5 done")).to_be_visible()
    page.get_by_role("link", name="Enter your first order").click()
    page.wait_for_url("**/orders/new?form=*")  # until its scripts have run
    page.get_by_placeholder("Name, SKU, or ID").first.fill("bar stool")
    page.get_by_role("option", name="Oslo bar stool").click()
    expect(page.get_by_label("Product, line 1")).to_have_value("OSL-BS-ASH-01")
    expect(page.get_by_text("Oslo bar stool").first).to_be_visible()
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url("**/placed")
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_text("2 of 5 done")).to_be_visible()
    page.get_by_role("button", name="Hide first steps").click()
    expect(page.get_by_text("2 of 5 done")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 of 5 done")).to_be_visible()
    page.goto(printed_link(empty))
    page.wait_for_url(f"{empty.address}/")
    assert watch.faults == []
    page.context.close()
