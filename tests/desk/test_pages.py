"""Pages and pieces, the list, one order, and the headers of every answer."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import Org
from tests.bad_orders import CHAIR, good_form
from tests.html import attribute, read

pytestmark = pytest.mark.one_database(reason="rendering")

KEY = "D" * 22
ASKED_AS = {
    "plain": {},
    "htmx": {"HX-Request": "true"},
    "boosted": {"HX-Request": "true", "HX-Boosted": "true"},
    "history restore": {"HX-Request": "true", "HX-History-Restore-Request": "true"},
}


def make_order(org: Org, **fields: object) -> dict[str, str]:
    order = {"cart": [{"configurationId": CHAIR, "count": 2}], **fields}
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    made = org.app.test_client().post("/api/orders", json=order, headers=headers).json
    assert made is not None
    assert "shortId" in made, made
    return dict(made)


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.parametrize("asked", ASKED_AS)
@pytest.mark.parametrize("view", ["list", "form", "refused form"])
def test_htmx_gets_the_piece_and_everybody_else_the_page(
    staff_client: FlaskClient, asked: str, view: str
) -> None:
    headers = ASKED_AS[asked]
    if view == "list":
        answer = staff_client.get("/orders", headers=headers)
    elif view == "form":
        answer = staff_client.get(f"/orders/new?form={KEY}", headers=headers)
    else:
        form = {**good_form(), "cart.0.count": "0", "do": "place"}
        answer = staff_client.post(f"/orders/new?form={KEY}", data=form, headers=headers)
        assert answer.status_code == 422
    assert ("<html" in answer.text) == (asked != "htmx")
    assert "HX-Request" in answer.vary


def linked(page: str) -> list[str]:
    """Return the codes of the orders that a list leads to."""
    return [one["href"].removeprefix("/orders/") for one in read(page).all("a.code")]


class TestList:
    def codes(self, client: FlaskClient, **query: str) -> list[str]:
        page = client.get("/orders", query_string=query).text
        return [one.text.replace("-", "") for one in read(page).all("a.code")]

    def test_newest_first(self, staff_client: FlaskClient, org: Org) -> None:
        made = [make_order(org, name=str(n))["shortId"] for n in range(3)]
        assert set(self.codes(staff_client)) == set(made)

    def test_pages_link_to_each_other_and_show_each_order_once(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        made = {make_order(org)["shortId"] for _ in range(60)}
        first = staff_client.get("/orders").text
        second = staff_client.get(attribute(first, "[rel=next]", "href")).text
        assert 'rel="next"' not in second
        found = [linked(page) for page in (first, second)]
        assert [len(codes) for codes in found] == [50, 10]
        assert set(found[0]) | set(found[1]) == made
        back = staff_client.get(attribute(second, "[rel=prev]", "href")).text
        assert linked(back) == found[0]

    def test_search_finds_code_name_and_customer_in_any_case(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        wanted = make_order(org, name="Größe Nord", customerId="ACME-7")["shortId"]
        other = make_order(org, name="Other")["shortId"]
        grouped = f"{wanted[:4]}-{wanted[4:8]}-{wanted[8:]}"
        for search in (wanted, grouped.lower(), grouped.replace("-", " "), wanted[2:9],
                       "grösse", "GRÖSSE nord", "acme", "me-7"):  # fmt: skip
            assert self.codes(staff_client, q=search) == [wanted], search
        assert set(self.codes(staff_client, q=f"{grouped}, {other}")) == {wanted, other}
        for search in ("nowhere", "%", "_", "\0", "'", "\\"):
            assert self.codes(staff_client, q=search) in ([], [wanted, other], [other, wanted])
        assert self.codes(staff_client, q="%") == []

    def test_orders_of_other_orgs_do_not_exist(
        self, staff_client: FlaskClient, other_org: Org
    ) -> None:
        theirs = make_order(other_org, name="Theirs")["shortId"]
        assert self.codes(staff_client) == []
        assert self.codes(staff_client, q=theirs) == []
        for path in (f"/orders/{theirs}", f"/orders/{theirs}/placed", f"/orders/{theirs}/qr.svg"):
            assert staff_client.get(path).status_code == 404

    @pytest.mark.parametrize("cursor", ["x", "2026-01-01_x", "9999-99-99_", "\0", "é" * 999])
    def test_an_odd_cursor_is_the_first_page(
        self, staff_client: FlaskClient, org: Org, cursor: str
    ) -> None:
        made = make_order(org)["shortId"]
        assert self.codes(staff_client, older=cursor) == [made]


class TestOneOrder:
    def test_everything_about_the_order_is_shown(self, staff_client: FlaskClient, org: Org) -> None:
        card = org.save("Oslo chair", "OSL-1")
        made = make_order(
            org, name="Reception", customerId="C-9", metadata={"po": "007"}, derivative={"d": 1},
            platform={"id": "1001", "storeName": "North"}, items=[{"odd": 1}],
            cart=[{"configurationId": card.id, "count": 12, "metadata": {"engraving": "Ida"}}],
        )  # fmt: skip
        page = staff_client.get(f"/orders/{made['shortId']}").text
        for shown in ("Reception", "C-9", "po", "007", "1001", "North", "Oslo chair", "OSL-1",
                      "Wood: Oak", "12", "engraving: Ida", "odd", "Created", "script"):  # fmt: skip
            assert shown in page, shown

    def test_the_qr_code_has_the_customers_link(self, staff_client: FlaskClient, org: Org) -> None:
        made = make_order(org)
        answer = staff_client.get(f"/orders/{made['shortId']}/qr.svg")
        assert answer.mimetype == "image/svg+xml"
        assert answer.text.startswith("<?xml")
        assert "style=" not in answer.text

    @pytest.mark.parametrize("odd", ["nonsense", "%00", "0000", "000000000001", "%0A", "é"])
    def test_an_unknown_order_is_a_not_found_page(
        self, staff_client: FlaskClient, odd: str
    ) -> None:
        answer = staff_client.get(f"/orders/{odd}")
        assert answer.status_code == 404
        assert "<h1>Page not found</h1>" in answer.text


@pytest.mark.usefixtures("org")
class TestEveryAnswer:
    @pytest.mark.parametrize(
        "path", ["/sign-in", "/find", "/nothing", "/api/nothing", "/static/desk.css", "/orders"]
    )
    def test_has_a_strict_security_policy(self, client: FlaskClient, path: str) -> None:
        with client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"

    def test_no_template_has_inline_scripts_styles_or_foreign_addresses(self, app: Flask) -> None:
        folder = Path(app.root_path) / "templates"
        for template in folder.rglob("*.html"):
            text = template.read_text(encoding="utf-8")
            assert not re.search(r"<script(?![^>]*\bsrc=)", text), template
            assert not re.search(r"\son[a-z]+=|\sstyle=|<style|hx-on|javascript:", text), template
            foreign = set(re.findall(r"https?://[^\"' ]+", text)) - {"http://www.w3.org/2000/svg"}
            assert not foreign, template

    def test_every_template_compiles(self, app: Flask) -> None:
        for name in app.jinja_env.list_templates(extensions=["html"]):
            app.jinja_env.get_template(name)


def test_the_routes_are_as_recorded(app: Flask) -> None:
    routes = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        # Those of the JSON API are compared with its document (tests/api/test_document.py).
        if not rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {
        ("/", "GET"), ("/static/<path:filename>", "GET"), ("/texts/<code>.js", "GET"),
        ("/self-check", "GET"),
        ("/sign-in", "GET"), ("/sign-in", "POST"), ("/sign-out", "POST"),
        ("/orders", "GET"), ("/orders/columns", "POST"), ("/orders/bulk", "POST"),
        ("/orders/changes/<change_id>/undo", "POST"),
        ("/orders/views", "POST"), ("/orders/views/<view_id>", "POST"),
        ("/orders/export.csv", "GET"), ("/orders/export.xlsx", "GET"),
        ("/orders/import", "GET"), ("/orders/import", "POST"),
        ("/orders/import/sample.csv", "GET"), ("/orders/import/<import_id>", "GET"),
        ("/orders/import/<import_id>/columns", "GET"),
        ("/orders/import/<import_id>/columns", "POST"),
        ("/orders/import/<import_id>/read", "POST"),
        ("/orders/import/<import_id>/start", "POST"),
        ("/orders/import/<import_id>/cancel", "POST"),
        ("/orders/import/<import_id>/carry-on", "POST"),
        ("/orders/import/<import_id>/undo", "POST"),
        ("/orders/import/<import_id>/errors.csv", "GET"),
        ("/orders/import/<import_id>/result.csv", "GET"),
        ("/sign-in/code", "GET"), ("/sign-in/code", "POST"),
        ("/invitation", "GET"), ("/invitation", "POST"),
        ("/forgot-password", "GET"), ("/forgot-password", "POST"),
        ("/reset-password", "GET"), ("/reset-password", "POST"),
        ("/account", "GET"), ("/account/preferences", "GET"), ("/account/preferences", "POST"),
        ("/account/password", "GET"), ("/account/password", "POST"),
        ("/account/passkeys", "GET"), ("/account/passkeys", "POST"),
        ("/account/passkeys/new", "GET"), ("/account/passkeys/new", "POST"),
        ("/account/passkeys/<passkey_id>/remove", "GET"),
        ("/account/passkeys/<passkey_id>/remove", "POST"),
        ("/sign-in/company", "GET"), ("/sign-in/company/back", "GET"),
        ("/account/company/disconnect", "GET"), ("/account/company/disconnect", "POST"),
        ("/account/second-factor", "GET"), ("/account/second-factor", "POST"),
        ("/account/second-factor/qr.svg", "GET"),
        ("/account/second-factor/codes", "GET"), ("/account/second-factor/codes", "POST"),
        ("/account/second-factor/off", "GET"), ("/account/second-factor/off", "POST"),
        ("/settings/audit", "GET"), ("/settings/audit.csv", "GET"),
        ("/settings/erase", "GET"), ("/settings/erase", "POST"),
        ("/settings/export.json", "GET"),
        ("/settings/staff/invite", "GET"), ("/settings/staff/invite", "POST"),
        ("/settings/staff/invitations/<invitation_id>/again", "GET"),
        ("/settings/staff/invitations/<invitation_id>/again", "POST"),
        ("/settings/staff/invitations/<invitation_id>/withdraw", "POST"),
        ("/settings/staff/<staff_id>/disable", "GET"),
        ("/settings/staff/<staff_id>/enable", "GET"),
        ("/settings/staff/<staff_id>/reset-link", "GET"),
        ("/settings/staff/<staff_id>/reset-link", "POST"),
        ("/settings/staff/<staff_id>/second-factor/reset", "GET"),
        ("/settings/staff/<staff_id>/second-factor/reset", "POST"),
        ("/settings/staff/<staff_id>/sessions/end", "GET"),
        ("/settings/staff/<staff_id>/sessions/end", "POST"),
        ("/settings/tokens/<token_id>/revoke", "GET"),
        ("/settings/webhooks/<webhook_id>/secret", "GET"),
        ("/settings/webhooks/<webhook_id>/roll", "GET"),
        ("/settings/attributes/<attribute_id>/remove", "GET"),
        ("/account/sessions/end", "GET"), ("/account/sessions/end", "POST"),
        ("/account/sessions/<session_id>/end", "GET"),
        ("/account/sessions/<session_id>/end", "POST"),
        ("/orders/new", "GET"), ("/orders/new", "POST"),
        ("/orders/new/check", "POST"), ("/orders/new/paste", "POST"),
        ("/orders/new/totals", "POST"),
        ("/orders/new/customer", "POST"), ("/orders/new/read-back", "POST"),
        ("/orders/new/configurations", "GET"), ("/orders/new/customers", "GET"),
        ("/orders/new/draft", "POST"), ("/orders/drafts/<key>/discard", "POST"),
        ("/orders/templates/<template_id>/remove", "POST"),
        ("/orders/<reference>/edit", "GET"), ("/orders/<reference>/edit", "POST"),
        ("/orders/<reference>/edit/open", "POST"),
        ("/orders/<reference>/edit/draft", "POST"), ("/orders/<reference>/edit/discard", "POST"),
        ("/orders/<reference>", "GET"), ("/orders/<reference>/placed", "GET"),
        ("/orders/<reference>/qr.svg", "GET"), ("/find", "GET"),
        ("/orders/<reference>/status", "POST"), ("/orders/<reference>/bin", "POST"),
        ("/orders/<reference>/cancel", "POST"), ("/orders/<reference>/reopen", "POST"),
        ("/orders/<reference>/restore", "POST"), ("/orders/<reference>/notes", "POST"),
        ("/orders/<reference>/notes/<note_id>/delete", "POST"),
        ("/orders/<reference>/link", "POST"), ("/orders/<reference>/print", "GET"),
        ("/orders/print", "GET"), ("/orders/<reference>.pdf", "GET"), ("/orders/print.pdf", "GET"),
        ("/go", "GET"),
        ("/customers", "GET"), ("/customers/show", "GET"),
        ("/customers/new", "GET"), ("/customers/new", "POST"),
        ("/customers/edit", "GET"), ("/customers/edit", "POST"),
        ("/customers/delete", "POST"), ("/customers/restore", "POST"),
        ("/customers/import", "GET"), ("/customers/import", "POST"),
        ("/customers/import/start", "POST"), ("/customers/import/sample.csv", "GET"),
        ("/customers/export.csv", "GET"),
        ("/o/<code>", "GET"), ("/o/<path:code>", "GET"), ("/o/", "GET"),
        ("/o/<code>/pictures/<int:number>", "GET"), ("/o/<code>/days/<int:number>.ics", "GET"),
        ("/o/<code>/open", "POST"), ("/o/logo/<sha256>", "GET"),
        ("/o/look/<color>.css", "GET"), ("/o/look/<color>/preview.css", "GET"),
        ("/configurations", "GET"), ("/configurations/<reference>", "GET"),
        ("/configurations/<reference>/picture", "GET"),
        ("/configurations/<reference>/files/<path:key>", "GET"),
        ("/configurations/import", "GET"), ("/configurations/import", "POST"),
        ("/configurations/import/sample.csv", "GET"),
        ("/configurations/import/samples", "GET"), ("/configurations/import/samples", "POST"),
        ("/configurations/import/samples/remove", "GET"),
        ("/configurations/import/samples/remove", "POST"),
        ("/setup", "GET"), ("/setup", "POST"), ("/checklist", "GET"), ("/checklist", "POST"),
        ("/configurations/new", "GET"), ("/configurations/new", "POST"),
        ("/configurations/<reference>/edit", "GET"), ("/configurations/<reference>/edit", "POST"),
        ("/configurations/<reference>/retire", "POST"),
        ("/configurations/<reference>/restore", "POST"),
        ("/docs/", "GET"), ("/docs/api", "GET"), ("/docs/api/requests", "GET"),
        ("/settings", "GET"),
        ("/settings/organization", "GET"), ("/settings/organization", "POST"),
        ("/settings/customers", "GET"), ("/settings/customers", "POST"),
        ("/settings/customers/wording", "GET"), ("/settings/customers/wording", "POST"),
        ("/settings/customers/logo", "GET"), ("/settings/customers/logo", "POST"),
        ("/settings/customers/logo/remove", "POST"),
        ("/settings/staff", "GET"), ("/settings/staff/new", "GET"), ("/settings/staff/new", "POST"),
        ("/settings/staff/<staff_id>", "GET"), ("/settings/staff/<staff_id>/role", "GET"),
        ("/settings/staff/<staff_id>/role", "POST"), ("/settings/staff/<staff_id>/password", "GET"),
        ("/settings/staff/<staff_id>/password", "POST"),
        ("/settings/staff/<staff_id>/disable", "POST"),
        ("/settings/staff/<staff_id>/enable", "POST"),
        ("/settings/tokens", "GET"), ("/settings/tokens/new", "GET"),
        ("/settings/tokens/new", "POST"), ("/settings/tokens/<token_id>", "GET"),
        ("/settings/tokens/<token_id>", "POST"), ("/settings/tokens/<token_id>/revoke", "POST"),
        ("/settings/attributes", "GET"), ("/settings/attributes/new", "GET"),
        ("/settings/attributes/new", "POST"), ("/settings/attributes/<attribute_id>", "GET"),
        ("/settings/attributes/<attribute_id>", "POST"),
        ("/settings/attributes/<attribute_id>/move", "POST"),
        ("/settings/attributes/<attribute_id>/remove", "POST"),
        ("/settings/webhooks", "GET"), ("/settings/webhooks/new", "GET"),
        ("/settings/webhooks/new", "POST"), ("/settings/webhooks/<webhook_id>", "GET"),
        ("/settings/webhooks/<webhook_id>", "POST"),
        ("/settings/webhooks/<webhook_id>/secret", "POST"),
        ("/settings/webhooks/<webhook_id>/roll", "POST"),
        ("/settings/webhooks/<webhook_id>/test", "POST"),
        ("/settings/webhooks/<webhook_id>/bin", "POST"),
        ("/settings/webhooks/<webhook_id>/restore", "POST"),
        ("/settings/webhooks/<webhook_id>/deliveries/<delivery_id>/again", "POST"),
    }  # fmt: skip
