"""The first steps of a new desk: the checklist, the sample products, and pages without content."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind
from orders.interfaces.http.session import SECRET
from orders.services.accounts import access, accounts, attributes, invitations, orgs, setup, tokens
from orders.services.accounts.access import StaffMember
from orders.services.accounts.setup import FirstOrg
from orders.services.catalog import products
from orders.services.catalog.sample_products import SAMPLE_PRODUCTS
from tests.actors import PASSWORD, Org, session_of
from tests.desk.test_pages import make_order
from tests.html import read, texts

pytestmark = pytest.mark.usefixtures("csrf_off")
SAMPLES = "/configurations/import/samples"
COUNT = len(SAMPLE_PRODUCTS)


def sign_in(app: Flask, member: StaffMember | None) -> FlaskClient:
    assert member is not None
    client = app.test_client()
    with client.session_transaction() as session:
        session[SECRET] = session_of(app, member)
    return client


@pytest.fixture
def admin(app: Flask) -> StaffMember:
    """The admin who has set the desk up."""
    form = FirstOrg("Workshop", "", "ada@desk.example", PASSWORD, "UTC", "en")
    with app.app_context():
        member = access.reload_staff(setup.set_up(setup.new_link().secret, form))
    assert member is not None
    return member


@pytest.fixture
def browser(app: Flask, admin: StaffMember) -> FlaskClient:
    return sign_in(app, admin)


def steps(browser: FlaskClient) -> dict[str, bool]:
    """Return the steps of the checklist on Today, each with whether it is done."""
    page = read(browser.get("/").text)
    return {one["data-step"]: "(done)" in one.text for one in page.all("[data-step]")}


class TestTheChecklist:
    def test_each_step_is_done_when_the_database_says_so(
        self, app: Flask, browser: FlaskClient, admin: StaffMember
    ) -> None:
        names = ["products", "attributes", "colleagues", "order", "customers"]
        assert steps(browser) == dict.fromkeys(names, False)
        rule = AttributeRule("note", "Note", Kind.TEXT)
        with app.app_context():
            token = tokens.add_token(admin.org_id, name="script", is_private=True)
            org = Org(app, admin.org_id, token, token, admin.email)
            acts: dict[str, Callable[[], object]] = {
                "products": lambda: browser.post(SAMPLES),
                "attributes": lambda: attributes.add_attribute(admin.org_id, rule),
                "colleagues": lambda: invitations.invite(
                    admin.org_id, email="bo@desk.example", role="sales", by=admin.id
                ),
                "order": lambda: make_order(org),
            }
            done: set[str] = set()
            for name, act in acts.items():
                act()
                done.add(name)
                assert steps(browser) == {one: one in done for one in names}, name
            orgs.change_customer_page(
                admin.org_id, customer_check="none", accent="", contact="Tel. 1", language=""
            )
        assert steps(browser) == {}

    def test_each_step_links_to_where_it_is_done(self, browser: FlaskClient) -> None:
        page = read(browser.get("/").text)
        links = [one["href"] for one in page.all("[data-step] a")]
        assert {"/configurations/new", "/configurations/import", "/settings/customers"} <= {*links}
        assert {browser.get(link, follow_redirects=True).status_code for link in links} == {200}

    def test_it_is_hidden_and_shown_again(self, browser: FlaskClient) -> None:
        assert browser.post("/checklist", data={"do": "hide"}).location == "/"
        hidden = read(browser.get("/").text)
        assert not hidden.has("[data-step]")
        assert hidden.first("[name=do]")["value"] == "show"
        assert steps(browser) == {}
        browser.post("/checklist", data={"do": "show"})
        assert len(steps(browser)) == 5

    def test_others_never_see_it(
        self, app: Flask, browser: FlaskClient, admin: StaffMember, other_org: Org
    ) -> None:
        with app.app_context():
            for role in ("admin", "sales", "viewer"):
                email = f"{role}@desk.example"
                accounts.add_staff(admin.org_id, email=email, role=role, password=PASSWORD)
                theirs = sign_in(app, access.sign_in(email, PASSWORD))
                assert steps(theirs) == {}
                theirs.post("/checklist", data={"do": "show"})
                assert steps(theirs) == {}
        elsewhere = other_org.sign_in(app.test_client(), other_org.admin())
        assert steps(elsewhere) == {}
        assert steps(browser)["colleagues"]


class TestSampleProducts:
    def listed(self, client: FlaskClient) -> list[str]:
        return texts(client.get("/configurations").text, "tbody td:nth-child(2)")

    def test_one_button_loads_them_and_another_removes_them(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        assert admin_client.post(SAMPLES).location == "/configurations"
        assert "20 sample products were added." in admin_client.get("/configurations").text
        assert sorted(self.listed(admin_client)) == sorted(one.sku for one in SAMPLE_PRODUCTS)
        assert admin_client.post(f"{SAMPLES}/remove").location == "/configurations"
        assert "20 sample products were removed." in admin_client.get("/configurations").text
        assert self.listed(admin_client) == []
        admin_client.post(SAMPLES, data={"here": "start"})
        undo = read(admin_client.get("/").text).first(f"form[action='{SAMPLES}/remove']")
        assert undo.fields()["here"] == "start"
        assert len(self.listed(admin_client)) == COUNT

    def test_loading_twice_adds_each_once(self, admin_client: FlaskClient) -> None:
        for _ in range(2):
            admin_client.post(SAMPLES)
        page = admin_client.get("/configurations").text
        assert "The sample products are here already." in page
        assert len(self.listed(admin_client)) == COUNT

    def test_what_orders_contain_stays(self, admin_client: FlaskClient, org: Org) -> None:
        admin_client.post(SAMPLES)
        skus = [SAMPLE_PRODUCTS[0].sku, SAMPLE_PRODUCTS[1].sku]
        with org.app.app_context():
            found = products.resolve(skus, org.id)
        # A line can name a product by either of its IDs.
        ids = (found[skus[0]].id, found[skus[1]].short_id)
        make_order(org, cart=[{"configurationId": one, "count": 1} for one in ids])
        admin_client.post(f"{SAMPLES}/remove")
        page = admin_client.get("/configurations").text
        assert "18 sample products were removed. 2 stay, because orders contain them." in page
        assert sorted(self.listed(admin_client)) == sorted(skus)

    def test_own_products_are_left_alone(
        self, app: Flask, admin_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        own = org.save("My chair", SAMPLE_PRODUCTS[0].sku)
        elsewhere = other_org.sign_in(app.test_client(), other_org.admin())
        elsewhere.post(SAMPLES)
        admin_client.post(SAMPLES)
        assert len(self.listed(admin_client)) == COUNT
        admin_client.post(f"{SAMPLES}/remove")
        assert self.listed(admin_client) == [own.sku]
        assert len(self.listed(elsewhere)) == COUNT

    @pytest.mark.one_database(reason="rendering")
    def test_only_admins_see_the_buttons(
        self, admin_client: FlaskClient, staff_client: FlaskClient
    ) -> None:
        selector = f"form[action^='{SAMPLES}']"
        for _ in range(2):  # without products, then with them
            assert read(admin_client.get("/configurations").text).has(selector)
            assert not read(staff_client.get("/configurations").text).has(selector)
            admin_client.post(SAMPLES)


@pytest.mark.one_database(reason="rendering")
class TestWithoutContent:
    """Every page says what to do next, and its link leads there."""

    @pytest.mark.parametrize(
        ("path", "says", "link"),
        [
            ("/", "No orders today yet.", "/orders/new"),
            ("/orders", "No orders yet.", "/orders/new"),
            ("/configurations", "No products yet.", "/configurations/import"),
            ("/orders/import", "No imports yet.", "#file"),
            ("/orders/new", "There are no products to order yet.", "/configurations"),
            ("/settings/attributes", "No attributes yet.", "/settings/attributes/new"),
        ],
    )
    def test_a_page_says_what_to_do_next(
        self, admin_client: FlaskClient, path: str, says: str, link: str
    ) -> None:
        page = read(admin_client.get(path, follow_redirects=True).text)
        assert says in page.text
        assert page.has(f"main a[href='{link}']")

    def test_the_order_form_asks_for_products_only_while_there_are_none(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        says = "There are no products to order yet. An admin of your organization can add them."
        assert says in read(staff_client.get("/orders/new", follow_redirects=True).text).text
        org.save("Oslo", "OSL-1")
        page = staff_client.get("/orders/new", follow_redirects=True).text
        assert "There are no products" not in page
