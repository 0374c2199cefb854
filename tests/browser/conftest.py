"""Real Chromium against the real product. Any console error or foreign request fails the test."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.support import Translations
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from app import create_app
from orders.languages import CATALOGS
from orders.rules.attributes import AttributeRule, Kind, Option
from orders.settings import Settings
from orders.storage.database import close
from tests.actors import PASSWORD, Org, make_org
from tests.processes.server import running

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
PATIENCE = 20_000  # milliseconds; both cores may be busy with other tests
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Desk:
    """The running product and what is stored in it."""

    address: str
    org: Org
    skus: tuple[str, ...]
    short_id: str


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Serve an org with attributes of every kind and three saved configurations."""
    folder = tmp_path_factory.mktemp("desk")
    with running(folder) as server:
        url = f"sqlite:///{folder / 'shortorder.sqlite3'}"
        app = create_app(Settings(data_dir=folder, database_url=url, secret_key="x" * 32))
        org = make_org(app, "Browser")
        options = (Option("matt", "Matt"), Option("gloss", "Gloss"))
        org.define(
            AttributeRule(
                "finish", "Finish", Kind.OPTION, options, required=True, visible_to_customer=True
            ),
            AttributeRule("note", "Delivery note", Kind.TEXT, visible_to_customer=True),
            AttributeRule("crates", "Crates", Kind.NUMBER),
            AttributeRule("gift", "Gift wrap", Kind.BOOLEAN),
        )
        skus = ("OSL-CH-01", "OSL-TB-02", "OSL-LP-03")
        cards = [org.save(f"Oslo {sku[4:6]}", sku) for sku in skus]
        org.staff()
        org.admin()
        yield Desk(server.address, org, skus, cards[2].short_id)
        with app.app_context():
            close()


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(driver: Playwright) -> Iterator[Browser]:
    assert CHROMIUM.exists(), (
        f"The browser tests need Chromium at {CHROMIUM}. On Debian: apt install chromium. "
        "CHROMIUM=/path names another one."
    )
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


class Watch:
    """Collects what must not happen on a page: script errors, broken policy, foreign requests."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.faults: list[str] = []

    def over(self, context: BrowserContext) -> BrowserContext:
        """Watch every page of a context."""
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", self._note_request)
        context.on("console", lambda said: self._note_console(said.type, said.text))
        return context

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.faults.append(f"request to {request.url}")

    def _note_console(self, kind: str, text: str) -> None:
        # A refused form is an answer, not an error of the page.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.faults.append(text)


@pytest.fixture
def watch(desk: Desk) -> Iterator[Watch]:
    watch = Watch(desk.address)
    yield watch
    assert watch.faults == []


@pytest.fixture
def context(chromium: Browser, watch: Watch) -> Iterator[BrowserContext]:
    """A browser of somebody who is not signed in."""
    context = watch.over(chromium.new_context())
    yield context
    context.close()


@pytest.fixture
def stranger(chromium: Browser, watch: Watch) -> Iterator[Page]:
    """A customer's browser, which has never been here."""
    context = watch.over(chromium.new_context())
    yield context.new_page()
    context.close()


@pytest.fixture
def page(context: BrowserContext, desk: Desk) -> Page:
    """A signed-in salesperson's page, on an empty form."""
    page = context.new_page()
    sign_in(page, desk)
    return page


@pytest.fixture
def plain_page(chromium: Browser, watch: Watch, desk: Desk) -> Iterator[Page]:
    """The same with JavaScript switched off."""
    context = watch.over(chromium.new_context(java_script_enabled=False))
    page = context.new_page()
    sign_in(page, desk)
    yield page
    context.close()


@dataclass(frozen=True)
class Screen:
    """A page on a screen of one width, in one colour scheme and language.

    `name` tells which, as `dark-390-de`. What is looked for is named by its English text.
    """

    page: Page
    name: str

    @property
    def language(self) -> str:
        """The code of the language."""
        return self.name.rpartition("-")[2]

    def say(self, text: str) -> str:
        """Give a text of the pages in the language of this screen."""
        return str(Translations.load(CATALOGS, [self.language]).gettext(text))

    def button(self, name: str) -> Locator:
        """Find a button by its whole text."""
        return self.page.get_by_role("button", name=self.say(name), exact=True)

    def link(self, name: str) -> Locator:
        """Find a link by its whole text."""
        return self.page.get_by_role("link", name=self.say(name), exact=True)


# Each language in each scheme, on three widths: a desk, a phone, a small phone.
ENGLISH_SCREENS = ("light-1440-en", "dark-390-en", "light-320-en")
GERMAN_SCREENS = ("dark-1440-de", "light-390-de", "dark-320-de")
LOCALES = {"en": "en-US", "de": "de-DE"}


@pytest.fixture(params=[*ENGLISH_SCREENS, *GERMAN_SCREENS])
def screen(request: pytest.FixtureRequest, chromium: Browser, watch: Watch) -> Iterator[Screen]:
    """A browser of somebody who is not signed in, on each kind of screen; for axe."""
    scheme, width, language = request.param.split("-")
    context = watch.over(
        chromium.new_context(
            viewport={"width": int(width), "height": 800},
            color_scheme="light" if scheme == "light" else "dark",
            locale=LOCALES[language],
            bypass_csp=True,  # axe itself is an inline script
        )
    )
    yield Screen(context.new_page(), request.param)
    context.close()


@pytest.fixture
def admin_page(context: BrowserContext, desk: Desk) -> Page:
    """A signed-in admin's page, on an empty form."""
    page = context.new_page()
    sign_in(page, desk, desk.org.admin().email)
    return page


def sign_in(page: Page, desk: Desk, email: str | None = None) -> None:
    """Sign in, by default as the salesperson, and wait for the empty form.

    The fields are filled, not typed into: Chromium gives `autofocus` with its first frame, and a
    test is faster than that where no script of ours takes the focus.
    """
    page.goto(f"{desk.address}/sign-in?next=/orders/new")
    page.fill("#email", email or desk.org.email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/new?form=*")
