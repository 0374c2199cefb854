"""Real Chromium against the real product. Any console error or foreign request fails the test."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
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
from orders.domain.attributes import AttributeRule, Kind, Option
from orders.services.languages import CATALOGS
from orders.settings import Settings
from orders.storage.database import close
from tests.actors import PASSWORD, Org, make_org
from tests.processes.server import running

# The shell is Chromium without windows and toolbars of its own, which took more of the processor
# than the pages; where it is missing, the whole browser runs.
SHELL, WHOLE_BROWSER = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
CHROMIUM = Path(os.environ.get("CHROMIUM", SHELL if SHELL.exists() else WHOLE_BROWSER))
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
FRESH = 300  # seconds
PATIENCE = 20_000  # milliseconds; both cores may be busy with other tests
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Desk:
    """The running product and what is stored in it."""

    address: str
    org: Org
    skus: tuple[str, ...]
    short_id: str
    # Cookies by address of e-mail, and when they were set.
    sessions: dict[str, tuple[float, list[Any]]] = field(default_factory=dict)


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
        f"The browser tests need Chromium at {CHROMIUM}. CHROMIUM=/path names another one. "
        "On Debian: apt install chromium-headless-shell"
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
    """A browser that is not signed in."""
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


# Two frames later the page is rendered again, and colors and notices have begun to fade; finish
# that. What turns without an end cannot be finished.
SETTLED = """new Promise((settled) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const fading = document.getAnimations();
    for (const one of fading) if (one.effect.getComputedTiming().endTime < Infinity) one.finish();
    settled();
})))"""


@dataclass(frozen=True)
class Look:
    """What of a screen may change while a page is open."""

    scheme: Literal["light", "dark"]
    width: int

    def show(self, page: Page) -> None:
        """Apply this look to an open page."""
        page.set_viewport_size({"width": self.width, "height": 800})
        page.emulate_media(color_scheme=self.scheme)
        page.evaluate(SETTLED)


# Walks are in German, whose words are longer, and each stop is examined on a phone in the dark and
# on a desk. Whether the page fits a small phone is measured, too. `make soak` walks in both
# languages and examines every look.
LOOKS: dict[str, tuple[Look, ...]] = {"de": (Look("dark", 390), Look("light", 1440))}
LOCALES = {"en": "en-US", "de": "de-DE"}
WIDTHS = (320, 390, 1440)  # a small phone, a phone, a desk
ALL_LOOKS = os.environ.get("ALL_LOOKS") == "1"
if ALL_LOOKS:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    LOOKS = dict.fromkeys(LOCALES, tuple(Look(one, at) for one in schemes for at in WIDTHS))


def looks_of(language: str) -> tuple[Look, ...]:
    """Return the looks in which axe runs; a walk in another language has those of German."""
    return LOOKS.get(language, LOOKS["de"])


@dataclass(frozen=True)
class Screen:
    """A browser that speaks one language; what is checked is checked in each of its looks.

    What is looked for is named by its English text.
    """

    page: Page
    language: str

    @property
    def name(self) -> str:
        """A word for what a walk in this language makes."""
        return f"screen-{self.language}"

    def check(
        self,
        where: str,
        *,
        scheme: str = "",
        page: Page | None = None,
        within: str = "html",
        but_for: str = "",
    ) -> None:
        """Find no fault on the page as it is now, in each look, or in those of one scheme.

        `within` is the selector of what is new on a large page whose rest was checked before.
        `but_for` names a rule of axe that is left out.
        """
        page = page or self.page
        page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        check_width(page, f"{where} ({WIDTHS[0]} px, {self.language})")
        for look in looks_of(self.language):
            if scheme in {"", look.scheme}:
                look.show(page)
                name = f"{where} ({look.scheme}, {look.width} px, {self.language})"
                check(page, name, within=within, but_for=but_for)
        if scheme:
            looks_of(self.language)[-1].show(page)

    def say(self, text: str) -> str:
        """Return a text of the pages in the language of this screen."""
        return str(Translations.load(CATALOGS, [self.language]).gettext(text))

    def button(self, name: str) -> Locator:
        """Find a button by its whole text."""
        return self.page.get_by_role("button", name=self.say(name), exact=True)

    def link(self, name: str) -> Locator:
        """Find a link by its whole text."""
        return self.page.get_by_role("link", name=self.say(name), exact=True)


_axe = Axe()
# Only what is wrong leaves the browser: to hand over all that axe has looked at took longer than to
# look at it.
FAULTS = """([within, butFor]) => axe.run(within, {
    resultTypes: ["violations"], rules: butFor ? {[butFor]: {enabled: false}} : {},
}).then(({violations}) =>
    violations.map(({id, nodes}) => `${id}: ${nodes[0].html.slice(0, 120)}`))"""


def check(page: Page, where: str, *, within: str = "html", but_for: str = "") -> None:
    """Run axe within a selector and name what it finds; the page must fit the screen's width."""
    page.wait_for_load_state()  # a page without its styles would be judged
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe.axe_script)
    page.evaluate(SETTLED)
    assert page.evaluate(FAULTS, [within, but_for]) == [], where
    check_width(page, where)


def check_width(page: Page, where: str) -> None:
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, f"{where} is {overflow} px too wide"


@pytest.fixture(params=LOOKS)
def screen(request: pytest.FixtureRequest, chromium: Browser, watch: Watch) -> Iterator[Screen]:
    """A browser that is not signed in, in each language of LOOKS; for axe."""
    language = request.param
    context = watch.over(
        chromium.new_context(
            locale=LOCALES[language],
            bypass_csp=True,  # axe itself is an inline script
        )
    )
    screen = Screen(context.new_page(), language)
    looks_of(language)[-1].show(screen.page)
    yield screen
    context.close()


@pytest.fixture
def admin_page(context: BrowserContext, desk: Desk) -> Page:
    """A signed-in admin's page, on an empty form."""
    page = context.new_page()
    sign_in(page, desk, desk.org.admin().email)
    return page


def sign_in(page: Page, desk: Desk, email: str | None = None) -> None:
    """Go to the empty form as a signed-in person, by default the salesperson.

    The session is the one that the form gave at the first time, unless it has ended or sensitive
    actions would soon ask for the password; `sign_in_by_form` fills the form again.
    """
    who = email or desk.org.email
    if desk.sessions.get(who, (0.0, []))[0] < time.monotonic() - FRESH:
        assert page.context.browser is not None
        context = page.context.browser.new_context()
        sign_in_by_form(context.new_page(), desk, who)
        desk.sessions[who] = time.monotonic(), context.cookies()
        context.close()
    page.context.add_cookies(desk.sessions[who][1])
    page.goto(f"{desk.address}/orders/new")
    if "/sign-in" in page.url:
        del desk.sessions[who]
        sign_in(page, desk, email)
        return
    page.wait_for_url("**/orders/new?form=*")


def sign_in_by_form(page: Page, desk: Desk, email: str | None = None) -> None:
    """Sign in as people do, by default as the salesperson, and wait for the empty form.

    The fields are filled, not typed into: Chromium applies `autofocus` with its first frame, and a
    test is faster than that where no script of ours takes the focus.
    """
    page.goto(f"{desk.address}/sign-in?next=/orders/new")
    page.fill("#email", email or desk.org.email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/new?form=*")
