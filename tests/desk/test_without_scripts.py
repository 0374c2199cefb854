"""Every page works without JavaScript: a walk over the URL map, and what only scripts do."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from orders.services.accounts import accounts, invitations, orgs, resets, setup
from orders.services.imports import records, upload
from tests.actors import PASSWORD, Org
from tests.api.calls import Api
from tests.api.conftest import caller
from tests.desk.people.links_and_codes import with_factor
from tests.desk.people.test_setup import FORM
from tests.desk.test_line_totals import WEIGHT
from tests.html import Part, read
from tests.services.imports import steps
from tests.test_other_orgs import CART, ids_in, pairs

pytestmark = [
    pytest.mark.one_database(reason="what pages contain is the same on both"),
    pytest.mark.usefixtures("csrf_off"),
]
FILE, PIECE, LEADS_ON = "a file", "a piece of a page", "a redirect"
# What is no page, and what it is instead. Everything else must answer with a page, which is read.
NO_PAGES = {
    "static": FILE, "script_texts": FILE, "self_check": "JSON for the command doctor",
    "customer.ask_for_code": LEADS_ON, "customer.show_day": FILE, "customer.show_logo": FILE,
    "customer.show_picture": FILE, "customer.show_theme": FILE,
    "customer.show_theme_preview": FILE, "reference.start": LEADS_ON,
    "desk.configuration_file": FILE, "desk.configuration_picture": FILE,
    "desk.customer_import_sample": FILE, "desk.export_audit": FILE, "desk.export_csv": FILE,
    "desk.export_customer_data": FILE, "desk.export_customers": FILE, "desk.export_xlsx": FILE,
    "desk.finish_company_sign_in": LEADS_ON, "desk.import_sample": FILE,
    "desk.order_import_errors": FILE, "desk.order_import_result": FILE,
    "desk.order_import_sample": FILE, "desk.order_pdf": FILE, "desk.orders_pdf": FILE,
    "desk.qr_code": FILE, "desk.second_factor_qr": FILE, "desk.set_up": "a test of its own below",
    "desk.settings": LEADS_ON, "desk.show_page_of_form": LEADS_ON,
    "desk.start_company_sign_in": LEADS_ON, "desk.suggest_configurations": PIECE,
    "desk.suggest_customers": PIECE,
}  # fmt: skip
# Queries of pages that show little or nothing without one.
QUERIES = {
    "desk.show_customer": "?id=K-4711", "desk.edit_customer": "?id=K-4711",
    "desk.show_erasure": "?id=K-4711", "desk.new_order": f"?form={'A' * 22}",
}  # fmt: skip
# What htmx asks for beside forms and links, and why nobody misses it.
CONVENIENCES = {
    "desk.check_field": "the whole form is checked when it is sent",
    "desk.list_orders": "the button of the same form searches, too",
    "desk.note_editor": "what two people change at the same time is merged when it is saved",
    "desk.show_line_totals": "the order's page shows the totals",
    "desk.show_order_import": "the page has a link that loads it again",
}
# What people without scripts see: scripts show what is hidden, and open dialogs.
SEEN = ":not([hidden], [hidden] *, dialog *)"
SUBMITS = f":is(button:not([type]), [type=submit], [type=image]):not([aria-hidden]){SEEN}"
# A button that sends no form and opens no popover.
DEAD = (
    ":is(button:not([popovertarget]):is([type=button], :not(form *, [form])), input[type=button], "
    f"[role=button]){SEEN}"
)
# Enter sends a form without a button if it has one such field.
FIELDS = "input:not([type=hidden], [type=checkbox], [type=radio])"
HTMX = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")


def endpoint_of(app: Flask, method: str, address: str) -> str:
    """Return the endpoint to which a request leads, or "" if there is none."""
    try:
        return str(app.url_map.bind("localhost").match(urlsplit(address).path, method)[0])
    except HTTPException:
        return ""


def faults(app: Flask, here: str, page: Part) -> list[str]:
    """Return what does nothing without scripts on a page, whose own address is `here`."""
    return [
        *bad_forms(app, here, page),
        *bad_buttons(page),
        *bad_links(page),
        *other_requests(app, here, page),
    ]


def bad_forms(app: Flask, here: str, page: Part) -> Iterator[str]:
    for form in page.all(f"form{SEEN}"):
        method, address = target_of(form, here)
        if not endpoint_of(app, method, address):
            yield f"a form leads nowhere: {method} {address}"
        if not can_be_sent(page, form):
            yield f"a form has no button: {method} {address}"


def target_of(form: Part, here: str) -> tuple[str, str]:
    """Return the method and the address of a form."""
    method = form["method"].upper() if "method" in form else "GET"
    address = form["action"] if "action" in form else here  # noqa: SIM401 - a part is no dict
    return method, address


def can_be_sent(page: Part, form: Part) -> bool:
    if form.has(SUBMITS) or ("id" in form and page.has(f'{SUBMITS}[form="{form["id"]}"]')):
        return True
    return not form.has("button, [type=submit]") and len(form.all(FIELDS)) == 1


def bad_buttons(page: Part) -> Iterator[str]:
    for button in page.all(DEAD):
        yield f"a button does nothing: {button.text}"
    for name, kind in (("popovertarget", "[popover]"), ("form", "form")):
        for button in page.all(f"button[{name}]{SEEN}"):
            if not page.has(f'{kind}[id="{button[name]}"]'):
                yield f"a button does nothing: {button.text}"
    for popover in page.all(f"[popover]{SEEN}"):
        if not page.has(f'[popovertarget="{popover["id"]}"]{SEEN}'):
            yield f"nothing opens {popover['id']}"


def bad_links(page: Part) -> Iterator[str]:
    ids = {"", *page.attributes("id")}
    for link in page.all(f"a{SEEN}"):
        if "href" not in link or (link["href"][:1] == "#" and link["href"][1:] not in ids):
            yield f"a link leads nowhere: {link.text}"


def other_requests(app: Flask, here: str, page: Part) -> Iterator[str]:
    for element, method, address in asked_by_htmx(page):
        if element.tag == "a":
            is_same = (method, address) == ("GET", element["href"])
        elif element.tag == "form":
            is_same = (method, address) == target_of(element, here)
        else:
            is_same = endpoint_of(app, method, address) in CONVENIENCES
        if not is_same:
            yield f"only htmx asks for {method} {address}"


def asked_by_htmx(page: Part) -> Iterator[tuple[Part, str, str]]:
    """Yield each element that htmx sends a request for, with method and address."""
    for name in HTMX:
        for element in page.all(f"[{name}]"):
            yield element, name.removeprefix("hx-").upper(), element[name]


def pages_of(app: Flask, org: Org) -> Iterator[tuple[str, Part]]:
    """Yield address and content of every page, as an admin sees it."""
    org.define(WEIGHT)
    api = caller(app.test_client(), org, org.private)
    ids = ids_in(app, org, api)
    ids["code"] = ids["orders"][1:]
    match_and_check(app, org, ids["import_id"][0])
    prepared, admin = browsers(app, org), org.sign_in(app.test_client(), org.admin())
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES:
            continue
        names = sorted(rule.arguments)
        with app.test_request_context():
            built = rule.build(pairs(rule.rule, names, ids)[0][0] if names else {})
        assert built is not None
        address = built[1] + QUERIES.get(rule.endpoint, "")
        yield address, page_at(prepared.get(rule.endpoint, admin), address)
    for address in other_pages(app, org, api, admin):
        yield address, page_at(admin, address)


def page_at(browser: FlaskClient, address: str) -> Part:
    answer = browser.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/html"), address
    return read(answer.text)


def match_and_check(app: Flask, org: Org, import_id: str, *, is_checked: bool = True) -> None:
    with app.app_context():
        one, actor = records.find(import_id, org.id), org.staff().actor
        upload.match(one, upload.suggest(one, actor), actor=actor)
        if is_checked:
            steps.worked(one, org)


def browsers(app: Flask, org: Org) -> dict[str, FlaskClient]:
    """Return the browser for each page that needs another one than a signed-in admin's."""
    new = "kim@desk.example"
    with app.app_context():
        invited = invitations.invite(org.id, email="lee@desk.example", role="sales").secret
        accounts.add_staff(org.id, email=new, role="sales", password=PASSWORD, must_change=True)
        reset = resets.make_reset(org.id, org.staff().id, by=org.admin().id).secret
    with_factor(app, org.staff())
    made = {
        "desk.open_invitation": opened(app, f"/invitation?link={invited}"),
        "desk.open_reset": opened(app, f"/reset-password?link={reset}"),
        "desk.show_code": app.test_client(),
        "desk.show_own_password": app.test_client(),
    }
    for endpoint, email in (("desk.show_code", org.email), ("desk.show_own_password", new)):
        made[endpoint].post("/sign-in", data={"email": email, "password": PASSWORD})
    anybody = ("desk.show_sign_in", "desk.show_forgot", "customer.find", "customer.show_order")
    return made | {endpoint: app.test_client() for endpoint in anybody}


def opened(app: Flask, link: str) -> FlaskClient:
    """Return a browser that has opened a link with a secret."""
    browser = app.test_client()
    assert browser.get(link).status_code == 303
    return browser


def other_pages(app: Flask, org: Org, api: Api, admin: FlaskClient) -> Iterator[str]:
    """Yield addresses of pages in other states than those of the walk."""
    kept, canceled, deleted = (api.create({"cart": CART}).json["shortId"] for _ in range(3))
    api.call("POST", f"/orders/{canceled}/cancel", {"reason": "Ordered twice"})
    api.call("DELETE", f"/orders/{deleted}")
    admin.post(f"/orders/{kept}/notes", data={"note": "Yard gate", "key": "N" * 22})
    yield from (f"/orders/{code}" for code in (kept, canceled, deleted))
    yield from ("/orders?bin=1", "/orders?q=nothing", f"/orders/new?form={'B' * 22}&from={kept}")
    fields = read(admin.get("/orders").text).first("#changing").fields()
    changed = {**fields, "scope": "page", "do": "status", "set": "Complete"}
    yield admin.post("/orders/bulk", data=changed).location  # with its report
    with app.app_context():
        running = steps.uploaded(org, steps.MIXED, "running").id
        done = steps.worked(steps.started(steps.checked(org, steps.GOOD, "done"), org), org).id
    match_and_check(app, org, running, is_checked=False)
    yield from (f"/orders/import/{one}" for one in (running, done))
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="customerId", accent="", contact="", language=""
        )
    yield f"/o/{kept}"
    with_factor(app, org.admin())
    org.sign_in(admin, org.admin())
    yield from ("/account", "/account/second-factor")


def test_every_page_works(app: Flask, org: Org) -> None:
    found, asked = [], set()
    for here, page in pages_of(app, org):
        found += [f"{here}: {fault}" for fault in faults(app, here, page)]
        asked |= {endpoint_of(app, method, to) for _element, method, to in asked_by_htmx(page)}
    assert found == []
    assert asked >= set(CONVENIENCES)
    assert set(NO_PAGES) <= {rule.endpoint for rule in app.url_map.iter_rules()}


def test_the_setup_works(app: Flask, client: FlaskClient) -> None:
    assert faults(app, "/setup", page_at(client, "/setup")) == []
    with app.app_context():
        client.get(f"/setup?token={setup.new_link().secret}")
    assert faults(app, "/setup", page_at(client, "/setup")) == []
    client.post("/setup", data=FORM)
    first_steps = page_at(client, "/")
    assert first_steps.has("[action='/checklist']")
    assert faults(app, "/", first_steps) == []


def test_what_needs_scripts_is_noticed(app: Flask) -> None:
    for bad in (
        "<form method=post action=/nowhere><button>Save</button></form>",
        "<form action=/find><input name=code><button type=button>Find</button></form>",
        "<form action=/find><input name=code><button hidden>Find</button></form>",
        "<form action=/find><input name=code><input name=org></form>",
        "<button>Save</button>",
        "<button form=x>Save</button>",
        "<button type=button>More</button>",
        "<button type=button popovertarget=x>More</button>",
        "<div id=x popover></div>",
        "<a>More</a>",
        "<a href='#x'>More</a>",
        "<a href=/find hx-get=/orders>More</a>",
        "<div hx-get=/orders/new/customers></div>",
        "<form action=/find hx-post=/find><button>Find</button></form>",
    ):
        assert faults(app, "/orders", read(bad)), bad
    for good in (
        "<form><input name=q></form>",
        "<form action=/find hx-get=/find><button>Find</button></form>",
        "<form id=x method=post action=/sign-out></form><button form=x>Sign out</button>",
        "<button popovertarget=x type=button>More</button><div id=x popover></div>",
        "<p hidden><button type=button>Copy</button></p><dialog><a>Close</a></dialog>",
        "<a href='#x' id=x>Here</a>",
    ):
        assert faults(app, "/orders", read(good)) == [], good
