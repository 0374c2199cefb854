"""The settings' pages of attributes."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from orders.services.accounts import org_rules
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.html import attribute, attributes, read

pytestmark = pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both")

COUNTRY = {
    "key": "country", "label": "Country", "kind": "option",
    "option": "AT=Austria\r\n\r\n CH = Switzerland \r\nDE", "applies": "both", "default": "AT",
    "required": "y",
}  # fmt: skip


def rules_of(org: Org) -> tuple[AttributeRule, ...]:
    with org.app.app_context():
        return org_rules.org_rules_of(org.id).attributes


def address_of(client: FlaskClient, label: str) -> str:
    page = client.get("/settings/attributes").text
    [link] = [one for one in read(page).all("main a") if one.text == label]
    return link["href"]


@pytest.mark.usefixtures("csrf_off")
class TestDefining:
    def test_a_new_attribute_applies_to_the_next_order(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        answer = admin_client.post("/settings/attributes/new", data=COUNTRY)
        assert (answer.status_code, answer.location) == (303, "/settings/attributes")
        assert rules_of(org) == (
            AttributeRule(
                "country", "Country", Kind.OPTION,
                (Option("AT", "Austria"), Option("CH", "Switzerland"), Option("DE", "DE")),
                Applies.BOTH, required=True, default="AT",
            ),
        )  # fmt: skip
        page = admin_client.get("/settings/attributes").text
        for shown in ("“Country” added to the order form", "3 options", "both", "Austria"):
            assert shown in page
        assert make_order(org)["metadata"] == {"country": "AT"}  # type: ignore[comparison-overlap]  # typed as texts there

    @pytest.mark.parametrize(
        ("kind", "typed", "default"),
        [("number", "2", 2), ("number", "1.5", 1.5), ("number", "", None),
         ("boolean", "Yes", True), ("boolean", "false", False), ("text", " a ", " a "),
         ("option", " red ", "red")],
    )  # fmt: skip
    def test_a_default_is_read_by_its_kind_and_shown_in_the_form_again(
        self, admin_client: FlaskClient, org: Org, kind: str, typed: str, default: object
    ) -> None:
        form = {"key": "k", "label": "L", "kind": kind, "default": typed}
        if kind == "option":
            form["option"] = "red"
        assert admin_client.post("/settings/attributes/new", data=form).status_code == 303
        [rule] = rules_of(org)
        assert rule.default == default
        assert type(rule.default) is type(default)
        address = address_of(admin_client, "L")
        page = admin_client.get(address).text
        form.pop("key")
        form["default"] = attribute(page, "input#default[type=text]", "value")
        assert admin_client.post(address, data=form).status_code == 303
        assert rules_of(org) == (rule,)

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"key": "a.b", "label": " "}, ["key", "label"]),
            ({"key": "a\0"}, ["key"]),
            ({"option": ""}, ["option"]),
            ({"option": "a=A\na=B"}, ["option"]),
            ({"option": "=A"}, ["option"]),
            ({"kind": "text"}, ["option"]),
            ({"default": "FR"}, ["default"]),
            ({"kind": "number", "option": "", "default": "many"}, ["default"]),
            ({"kind": "number", "option": "", "default": "9" * 30}, ["default"]),
            ({"kind": "boolean", "option": "", "default": "maybe"}, ["default"]),
        ],
    )
    @pytest.mark.one_database(reason="it is refused before the first statement that writes")
    def test_errors_are_shown_at_their_fields_and_nothing_is_saved(
        self, admin_client: FlaskClient, org: Org, fields: dict[str, str], wrong: list[str]
    ) -> None:
        answer = admin_client.post("/settings/attributes/new", data={**COUNTRY, **fields})
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == wrong
        assert rules_of(org) == ()

    @pytest.mark.parametrize(
        ("kind", "option", "typed", "default"),
        [
            ("money", "EUR\nCHF", "12.50 EUR", {"amount": "12.50", "currency": "EUR"}),
            ("many", "a=A\nb=B", "b, a", ["b", "a"]),
            ("date", "", "18 January 2027", "2027-01-18"),
            ("week", "", "KW 3/2027", "2027-W03"),
        ],
    )
    def test_a_default_of_a_new_kind_is_read_and_shown_again(
        self, admin_client: FlaskClient, org: Org, kind: str, option: str, typed: str,
        default: object,
    ) -> None:  # fmt: skip
        form = {"key": "k", "label": "L", "kind": kind, "option": option, "default": typed}
        assert admin_client.post("/settings/attributes/new", data=form).status_code == 303
        [rule] = rules_of(org)
        assert rule.default == default
        address = address_of(admin_client, "L")
        shown = read(admin_client.get(address).text).first("form.card").fields()
        assert admin_client.post(address, data=shown).status_code == 303
        assert rules_of(org) == (rule,)

    def test_labels_hint_and_heading_are_kept_and_shown_in_the_form_again(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        more = {
            "labels.de": "Land", "options.de": "AT=Österreich\nDE=Deutschland", "hint": "Where to",
            "placeholder": "AT", "group": "Delivery", "is_left_out": "y",
        }  # fmt: skip
        admin_client.post("/settings/attributes/new", data={**COUNTRY, **more})
        [rule] = rules_of(org)
        assert (rule.labels, rule.hint, rule.placeholder) == ({"de": "Land"}, "Where to", "AT")
        assert (rule.group, rule.is_copied) == ("Delivery", False)
        assert [dict(option.labels) for option in rule.options] == [
            {"de": "Österreich"}, {}, {"de": "Deutschland"},
        ]  # fmt: skip
        address = address_of(admin_client, "Country")
        page = admin_client.get(address).text
        assert read(page).all("details.rare[open]")
        shown = read(page).first("form.card").fields()
        assert shown["options.de"] == "AT=Österreich\nDE=Deutschland"
        assert admin_client.post(address, data=shown).status_code == 303
        assert rules_of(org) == (rule,)

    @pytest.mark.parametrize(
        ("field", "typed", "message"),
        [
            ("options.de", "XX=Land", "“XX” is no option."),
            ("labels.de", "x" * 256, "At most 255 characters."),
            ("hint", "x" * 256, "At most 255 characters."),
            ("group", "x" * 81, "At most 80 characters."),
        ],
    )
    @pytest.mark.one_database(reason="it is refused before the first statement that writes")
    def test_errors_in_the_folded_part_open_it(
        self, admin_client: FlaskClient, org: Org, field: str, typed: str, message: str
    ) -> None:
        answer = admin_client.post("/settings/attributes/new", data={**COUNTRY, field: typed})
        assert answer.status_code == 422
        assert attributes(answer.text, "[data-path]", "data-path") == [field]
        assert message in answer.text
        assert read(answer.text).all("details.rare[open]")
        assert rules_of(org) == ()

    def test_a_taken_key_is_reported_at_its_field(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        admin_client.post("/settings/attributes/new", data=COUNTRY)
        again = admin_client.post("/settings/attributes/new", data={**COUNTRY, "label": "Land"})
        assert again.status_code == 409
        assert attributes(again.text, "[data-path]", "data-path") == ["key"]
        assert 'value="Land"' in again.text
        assert len(rules_of(org)) == 1


@pytest.mark.usefixtures("csrf_off")
class TestChanging:
    @pytest.fixture(autouse=True)
    def _three(self, org: Org) -> None:
        org.define(*(AttributeRule(key, key.title(), Kind.TEXT) for key in ("one", "two", "three")))

    def test_everything_but_the_key_can_be_changed(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        address = address_of(admin_client, "Two")
        sent = {"key": "other", "label": "Second", "kind": "number", "default": "2",
                "applies": "derivative", "visible_to_customer": "y"}  # fmt: skip
        assert admin_client.post(address, data=sent).status_code == 303
        assert rules_of(org)[1] == AttributeRule(
            "two", "Second", Kind.NUMBER, (), Applies.DERIVATIVE,
            default=2, visible_to_customer=True,
        )  # fmt: skip
        assert "“Second” saved." in admin_client.get("/settings/attributes").text
        refused = admin_client.post(address, data={**sent, "label": ""})
        assert refused.status_code == 422
        assert "<code>two</code>" in refused.text

    def test_moving_an_attribute_keeps_the_focus_on_it(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        address = address_of(admin_client, "One")
        answer = admin_client.post(f"{address}/move", data={"direction": "down"})
        assert answer.status_code == 303
        assert [rule.key for rule in rules_of(org)] == ["two", "one", "three"]
        page = admin_client.get(answer.location).text
        assert "“One” moved to position 2." in page
        assert attributes(page, "[title][autofocus]", "aria-label") == ["Move One down"]
        answer = admin_client.post(f"{address}/move", data={"direction": "down"})
        page = admin_client.get(answer.location).text
        # It is the last one now: its other button is the one that can be pressed.
        assert attributes(page, "[title][autofocus]", "aria-label") == ["Move One up"]
        assert [rule.key for rule in rules_of(org)] == ["two", "three", "one"]

    def test_orders_keep_the_values_of_a_removed_attribute(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        made = make_order(org, metadata={"two": "kept"})
        answer = admin_client.post(f"{address_of(admin_client, 'Two')}/remove")
        assert (answer.status_code, answer.location) == (303, "/settings/attributes")
        assert "“Two” removed." in admin_client.get("/settings/attributes").text
        assert [rule.key for rule in rules_of(org)] == ["one", "three"]
        assert "kept" in admin_client.get(f"/orders/{made['shortId']}").text

    @pytest.mark.parametrize("odd", ["%00", "x", "é"])
    def test_unknown_and_foreign_ids_are_404(
        self, app: Flask, admin_client: FlaskClient, other_org: Org, odd: str
    ) -> None:
        other_org.define(AttributeRule("k", "Theirs", Kind.TEXT))
        theirs = address_of(
            other_org.sign_in(app.test_client(), other_org.admin()), "Theirs"
        ).rpartition("/")[2]
        for one in (odd, theirs):
            address = f"/settings/attributes/{one}"
            for answer in (
                admin_client.get(address),
                admin_client.post(address, data=COUNTRY),
                admin_client.post(f"{address}/move"),
                admin_client.post(f"{address}/remove"),
            ):
                assert answer.status_code == 404
        assert len(rules_of(other_org)) == 1
