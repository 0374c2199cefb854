"""Pasting messages into the order form: rows, marks, what else was found, and what is kept."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from orders.domain.configuration import ConfigurationInput
from orders.domain.errors import ServiceBusy
from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.interfaces.desk.order_form import near_products
from orders.services.catalog import configurations
from orders.services.customers import customers
from orders.services.orders import drafts, pasted, queries
from orders.storage import database, tables
from tests.actors import Org, make_org
from tests.html import Part, read
from tests.messages import CATALOG, CUSTOMERS, MESSAGES, PATHS, RULES

KEY = "P" * 22
ADDRESS = f"/orders/new?form={KEY}"
HTMX = {"HX-Request": "true"}
MAIL = (
    "Hello,\n3 x OSL-CH-OAK-02\n2 Lumen table lamps\n5 yellow lamps\n"
    "PO 4711, delivery week 3/2027\nRegards\nGasthof Zur Linde\n+43 512 998877"
)

pytestmark = pytest.mark.usefixtures("csrf_off")


@pytest.fixture
def workshop(app: Flask) -> Org:
    """Return an org with the products, customers and attributes of the table."""
    org = make_org(app, "Messages")
    org.define(*RULES)
    with app.app_context():
        new = [
            ConfigurationInput.model_construct(
                variant={"finish": options}, metadata={"name": name, "sku": sku}
            )
            for sku, (name, options) in CATALOG.items()
        ]
        configurations.save_configurations(new, org_id=org.id, created_by=org.private.id)
        for customer_id, (name, email) in CUSTOMERS.items():
            raw = {"customerId": customer_id, "name": name, "email": email}
            customers.create(raw, actor=org.actor(), limits=Limits())
    return org


@pytest.fixture
def clerk(client: FlaskClient, workshop: Org) -> FlaskClient:
    """Return the browser of the workshop's salesperson."""
    return workshop.sign_in(client)


def paste(clerk: FlaskClient, text: str, **typed: str) -> Part:
    answer = clerk.post("/orders/new/paste", data={"paste": text, **typed}, headers=HTMX)
    assert answer.status_code == 200
    return read(answer.text)


def act(clerk: FlaskClient, action: str, **typed: str) -> TestResponse:
    return clerk.post(ADDRESS, data={**typed, "do": action})


def certain_rows(page: Part) -> list[list[str]]:
    return [
        [row.first("input.reference")["value"], row.first(".count input")["value"]]
        for row in page.all("li.line")
        if not row.has("[aria-invalid]") and not row.has("[data-doubtful]")
        if row.first("input.reference")["value"]
    ]


def taken(page: Part) -> dict[str, str]:
    return {one["data-take"]: one["data-value"] for one in page.all("[data-take]")}


@pytest.mark.one_database(reason="how texts are read is the same on both")
def test_nothing_wrong_is_placed_unmarked_and_only_what_is_exact_is_filled_in(
    clerk: FlaskClient,
) -> None:
    for one in MESSAGES:
        page = paste(clerk, one.text)
        assert certain_rows(page) == one.certain, one.name
        assert len(page.all("li.line")) == len(one.rows), one.name
        paths = {"customer": "customerId", **PATHS}
        facts = {paths[key]: one.facts[key] for key in paths if key in one.facts}
        assert taken(page) == facts, one.name


def test_what_is_in_doubt_is_marked_with_its_reason_and_text(clerk: FlaskClient) -> None:
    exact, by_name, unknown = paste(clerk, MAIL).all("li.line")
    assert not exact.has("[data-doubtful]")
    assert not unknown.has("[data-doubtful]")
    assert unknown.first("[name$=matched]")["value"] == "count 5 yellow lamps"
    assert by_name.first("input.reference")["value"] == "LUM-TL-MUS-01"
    assert by_name.first(".count input")["value"] == "2"
    assert "Matched by name" in by_name.first("[data-doubtful]").text
    assert "2 Lumen table lamps" in by_name.first("[data-doubtful]").text
    assert "No product matches “yellow lamps”." in unknown.text
    assert "Closest: Lumen table lamp LUM-TL-MUS-01 (mustard)" in unknown.text
    assert unknown.first("[data-closest]")["data-closest"] == "LUM-TL-MUS-01"


def test_customer_number_and_week_are_found_and_a_typed_value_stays(clerk: FlaskClient) -> None:
    found = {"customerId": "LINDE-AT", "metadata.poNumber": "4711", "metadata.week": "2027-W03"}
    assert taken(paste(clerk, MAIL)) == found
    page = paste(clerk, MAIL, customerId="C-204", **{"metadata.poNumber": "12"})
    assert taken(page) == {"metadata.week": "2027-W03"}
    offered = [one["value"] for one in page.all("button[value^=use]")]
    assert offered == ["use:customerId=LINDE-AT", "use:metadata.poNumber=4711"]


def test_without_javascript_the_text_fills_the_form_and_each_find_can_be_undone(
    clerk: FlaskClient,
) -> None:
    page = read(act(clerk, "paste", paste=MAIL, **{"metadata.poNumber": "12"}).text)
    fields = page.first("#order-form").fields()
    assert fields["customerId"] == "LINDE-AT"
    assert (fields["metadata.poNumber"], fields["metadata.week"]) == ("12", "2027-W03")
    assert page.first("#paste").text == ""
    assert "No product matches “yellow lamps”." in page.first("#lines").text
    kept = {name: value for name, value in fields.items() if isinstance(value, str)}
    used = read(act(clerk, "use:metadata.poNumber=4711", **kept).text)
    fields = used.first("#order-form").fields()
    assert fields["metadata.poNumber"] == "4711"
    kept = {name: value for name, value in fields.items() if isinstance(value, str)}
    assert "Read from" not in used.text
    undone = read(act(clerk, "unuse:metadata.poNumber", **kept).text)
    assert undone.first("#order-form").fields()["metadata.poNumber"] == "12"
    undone = read(act(clerk, "unuse:customerId", **kept).text)
    assert undone.first("#order-form").fields()["customerId"] == ""
    assert undone.has('button[value="use:customerId=LINDE-AT"]')
    row = undone.first("[data-doubtful] button")["value"].partition(":")[2]
    confirmed = read(act(clerk, f"confirm:{row}", **kept).text)
    assert "Matched by name" not in confirmed.first("#lines").text


@pytest.mark.one_database(reason="nothing of it reaches the database")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("taken", "{"), ("taken", "[1]"), ("taken", '{"a": 1}'), ("taken", "[" * 9_000),
        ("pasted", "\0"), ("pasted", "x" * 300_000), ("cart.0.matched", "name <b>"),
        ("cart.0.matched", "nonsense x"), ("taken", '{"customerId": {"before": 1, "after": 2}}'),
    ],
)  # fmt: skip
def test_odd_hidden_fields_do_no_harm(clerk: FlaskClient, name: str, value: str) -> None:
    for action in ("stay", "use:nonsense", "unuse:customerId", "unuse:x", "confirm:0", "use:"):
        answer = act(clerk, action, **{name: value, "cart.0.configurationId": "DESK"})
        assert answer.status_code == 200
        assert not read(answer.text).has("#lines .doubt b")


def kept_text(order: Order) -> str:
    kept = pasted.find_pasted(order)
    assert kept is not None
    return kept.text


def test_the_text_stays_with_the_order_and_is_seen_by_people_alone(
    app: Flask, clerk: FlaskClient, workshop: Org
) -> None:
    page = read(act(clerk, "paste", paste="DESK\t3\n\0OSL-CH-OAK-02\t1").text)
    kept = {k: v for k, v in page.first("#order-form").fields().items() if isinstance(v, str)}
    placed = act(clerk, "place", **kept)
    assert placed.status_code == 303, read(placed.text).text
    code = placed.location.split("/")[2]
    shown = read(clerk.get(f"/orders/{code}").text)
    assert shown.first("#pasted-text").text.startswith("Pasted text")
    assert "DESK" in shown.first("#pasted-text pre").text
    assert "Pasted by " in shown.first("#pasted-text summary").text
    assert ", today " in shown.first("#pasted-text summary").text
    with app.app_context():
        order = queries.find_order(code, workshop.id)
        assert kept_text(order) == "DESK\t3\nOSL-CH-OAK-02\t1"
        [row] = database.fetch_all(select(tables.order_pasted_text))
        assert (row.org_id, row.created_at) == (workshop.id, order.created_at)
    api = clerk.get(
        f"/api/orders/{code}", headers={"Authorization": f"Bearer {workshop.private.secret}"}
    )
    assert "pasted" not in api.text.lower()


def test_an_order_without_a_pasted_text_has_none(
    app: Flask, clerk: FlaskClient, workshop: Org
) -> None:
    form = {"cart.0.configurationId": "DESK", "cart.0.count": "2", "pasted": " \r\n"}
    code = act(clerk, "place", **form).location.split("/")[2]
    assert not read(clerk.get(f"/orders/{code}").text).has("#pasted-text")
    with app.app_context():
        assert pasted.find_pasted(queries.find_order(code, workshop.id)) is None


def test_the_text_is_in_the_draft_but_not_in_a_template(
    app: Flask, clerk: FlaskClient, workshop: Org
) -> None:
    kept = {"pasted": MAIL, "taken": "{}", "cart.0.configurationId": "DESK"}
    clerk.post(f"/orders/new/draft?form={KEY}", data=kept)
    opened = read(clerk.get(ADDRESS).text)
    assert opened.first("[name=pasted]")["value"] == MAIL
    assert "week 3/2027" in opened.first(".pasted-text").text
    act(clerk, "template", templateName="Usual", **kept)
    with app.app_context():
        actor = workshop.staff().actor
        [template] = drafts.list_templates(actor)
        names = [name for name, _ in drafts.find_template(template.id, actor)]
    assert "cart.0.configurationId" in names
    assert not {"pasted", "taken"} & set(names)


@pytest.mark.one_database(reason="texts are joined in Python")
def test_texts_are_joined_once_and_cut_at_the_limit() -> None:
    assert pasted.joined("", "a\r\nb\0 ") == "a\nb"
    assert pasted.joined("a", "b") == f"a{pasted.BETWEEN}b"
    assert pasted.joined(f"a{pasted.BETWEEN}b", "b") == f"a{pasted.BETWEEN}b"
    assert len(pasted.joined("x" * 9_000, "y" * 9_000)) == pasted.MAX_PASTED


def test_an_unknown_reference_is_answered_with_the_closest_products(clerk: FlaskClient) -> None:
    def check(typed: str) -> str:
        name = "cart.0.configurationId"
        answer = clerk.post(f"/orders/new/check?field={name}", data={name: typed})
        return read(answer.text).text

    assert check("OSL-HC-OAK-02") == (
        "No product matches “OSL-HC-OAK-02”. Closest: Oslo chair OSL-CH-OAK-02 (oak)"
    )
    assert "“Olso chair”. Did you mean one of these? Oslo chair OSL-CH-OAK-02 (oak)" in (
        check("Olso chair")
    )
    # Filling in a customer leaves it at the line.
    typed = {"cart.0.configurationId": "Olso chair", "cart.0.count": "1", "customerId": "C-1"}
    page = read(act(clerk, "place", **typed).text)
    assert "No product matches “Olso chair”." in page.first("li.line").text
    filled = read(act(clerk, "fill", **typed).text)
    assert not filled.has("#summary")
    assert "“Olso chair”. Did you mean" in filled.first("li.line").text
    several = "2 products match “oslo”. Choose one."
    assert check("oslo") == f"{several} " + (
        "Oslo chair OSL-CH-OAK-02 (oak) Oslo chair OSL-CH-WAL-01 (walnut) F4 shows all"
    )
    page = read(act(clerk, "place", **{**typed, "cart.0.configurationId": "oslo"}).text)
    assert several in page.first("#summary").text
    assert check("zzzzzz") == "No product matches “zzzzzz”. Try a name, SKU, or ID."


def test_a_search_without_hits_says_so(clerk: FlaskClient) -> None:
    def suggested(kind: str, text: str) -> str:
        return read(clerk.get(f"/orders/new/{kind}", query_string={"q": text}).text).text

    assert suggested("configurations", "xyz") == "No product matches “xyz”."
    assert "No product" not in suggested("configurations", "oslo")
    assert suggested("configurations", "") == ""
    assert suggested("customers", "xyz") == ""


def edit(clerk: FlaskClient, code: str, **typed: str) -> TestResponse:
    """Send the form of a stored order with other values in some fields."""
    page = read(clerk.get(f"/orders/{code}/edit").text)
    fields = page.first("#order-form").fields()
    return clerk.post(f"/orders/{code}/edit", data={**fields, **typed})


def resent(page: TestResponse, do: str) -> dict[str, object]:
    return {**read(page.text).first("#order-form").fields(), "do": do}


def test_texts_pasted_while_an_order_is_changed_are_added_with_the_change(
    app: Flask, clerk: FlaskClient, workshop: Org
) -> None:
    form = {"cart.0.configurationId": "DESK", "cart.0.count": "2", "pasted": "DESK\t2"}
    code = act(clerk, "place", **form).location.split("/")[2]
    address = f"/orders/{code}/edit"

    def stored() -> str:
        with app.app_context():
            return kept_text(queries.find_order(code, workshop.id))

    page = edit(clerk, code, do="paste", paste="OSL-CH-OAK-02\t4")
    assert stored() == "DESK\t2"  # nothing is kept before the change is saved
    wrong = clerk.post(address, data={**resent(page, "save"), "cart.0.count": "x"})
    assert (wrong.status_code, stored()) == (422, "DESK\t2")
    saved = clerk.post(address, data={**resent(wrong, "save"), "cart.0.count": "2"})
    assert saved.status_code == 303
    assert stored() == f"DESK\t2{pasted.BETWEEN}OSL-CH-OAK-02\t4"
    shown = read(clerk.get(f"/orders/{code}").text)
    assert "OSL-CH-OAK-02" in shown.first("#pasted-text pre").text
    assert "First pasted by " in shown.first("#pasted-text summary").text
    # Two more texts, of which one is kept already, and a save that changes nothing.
    twice = pasted.joined("by phone\r\n3 more", "DESK\t2")
    assert edit(clerk, code, do="save", name="Hall", pasted=twice).status_code == 303
    assert edit(clerk, code, do="save", pasted="idle").status_code == 303
    assert stored().split(pasted.BETWEEN) == ["DESK\t2", "OSL-CH-OAK-02\t4", "by phone\n3 more"]
    with app.app_context():
        [row] = database.fetch_all(select(tables.order_pasted_text))
        assert row.org_id == workshop.id


def test_an_order_of_no_text_gets_one_and_no_order_gets_too_many(
    app: Flask, clerk: FlaskClient, workshop: Org
) -> None:
    form = {"cart.0.configurationId": "DESK", "cart.0.count": "2"}
    code = act(clerk, "place", **form).location.split("/")[2]
    for number in range(8):
        text = str(number) * (pasted.MAX_PASTED + 9) + "\0"
        assert edit(clerk, code, do="save", name=f"{number}", pasted=text).status_code == 303
    with app.app_context():
        order = queries.find_order(code, workshop.id)
        kept = kept_text(order).split(pasted.BETWEEN)
        assert [len(one) for one in kept[:2]] == [pasted.MAX_PASTED] * 2
        assert sum(map(len, kept)) + len(pasted.BETWEEN) * 4 == pasted.MAX_KEPT
        assert order.version == 9


@pytest.mark.one_database(reason="nothing of it reaches the database")
def test_a_removed_row_that_is_restored_keeps_its_mark(clerk: FlaskClient) -> None:
    marked = act(clerk, "paste", paste="Hello,\n2 Lumen table lamps\n3 x OSL-CH-OAK-02")
    before = read(marked.text).first("#lines")
    assert "Matched by name" in before.text
    row = before.first("[data-doubtful] button")["value"].partition(":")[2]
    removed = clerk.post(ADDRESS, data=resent(marked, f"remove:{row}"))
    assert "Matched by name" not in read(removed.text).first("#lines").text
    restored = clerk.post(ADDRESS, data=resent(removed, "undo"))
    assert "Matched by name" in read(restored.text).first("#lines").text


@pytest.mark.one_database(reason="when the products are loaded")
def test_the_products_are_loaded_after_the_page_is_sent(
    clerk: FlaskClient, workshop: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(org_id: str) -> None:
        loaded.append(org_id)
        raise ServiceBusy("later")

    monkeypatch.setattr(near_products, "load_products", load)
    answer = clerk.get(ADDRESS)
    assert answer.status_code == 200
    assert not loaded
    answer.close()
    assert loaded == [workshop.id]
