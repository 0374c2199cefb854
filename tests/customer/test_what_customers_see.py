"""A customer sees the attributes that the org has marked visible, and nothing else."""

import dataclasses
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from orders.domain.configuration import ConfigurationInput
from orders.domain.status import Status
from orders.services.catalog import configurations, products
from orders.services.orders import changes
from orders.settings import Settings
from tests.actors import Org
from tests.customer.conftest import CODE, PlaceOrder
from tests.html import Part, read, texts

UUID = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": UUID, "count": 1}

ATTRIBUTES = (
    AttributeRule(
        key="finish",
        label="Surface",
        kind=Kind.OPTION,
        options=(Option("oil", "Oiled by hand"), Option("wax", "Waxed")),
        applies=Applies.DERIVATIVE,
        visible_to_customer=True,
    ),
    AttributeRule(
        key="week",
        label="Delivery week",
        kind=Kind.TEXT,
        applies=Applies.BOTH,
        visible_to_customer=True,
    ),
    AttributeRule(key="gift", label="As a present", kind=Kind.BOOLEAN, visible_to_customer=True),
    AttributeRule(key="parcels", label="Parcels", kind=Kind.NUMBER, visible_to_customer=True),
    AttributeRule(key="margin", label="HIDDEN margin", kind=Kind.TEXT),
    AttributeRule(
        key="bench",
        label="HIDDEN bench",
        kind=Kind.OPTION,
        options=(Option("HIDDEN-b", "HIDDEN-c"),),
        applies=Applies.DERIVATIVE,
    ),
)


def page(client: FlaskClient) -> str:
    answer = client.get(f"/o/{CODE}")
    assert answer.status_code == 200
    return str(answer.text)


def details(text: str) -> dict[str, str]:
    """Read the labels and values in the page's details."""
    return terms(read(text).first(".facts"))


def terms(part: Part) -> dict[str, str]:
    """Read the terms of a part, with the text of each."""
    names, values = part.all("dt"), part.all("dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


def test_visible_attributes_are_shown_with_their_labels(
    client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    org.define(*ATTRIBUTES)
    place_order(
        cart=[LINE],
        metadata={"gift": True, "parcels": 3, "week": "2026, week 50"},
        derivative={"finish": "oil"},
    )
    assert details(page(client)) == {
        "Surface": "Oiled by hand",
        "Delivery week": "2026, week 50",
        "As a present": "Yes",
        "Parcels": "3",
    }


def test_values_and_labels_are_written_in_the_customers_language(
    client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    scents = (Option("oak", "Oak", {"de": "Eiche"}), Option("tar", "Tar"))
    org.define(
        *(
            AttributeRule(key, key.title(), kind, visible_to_customer=True, labels={"de": german})
            for key, kind, german in (
                ("ready", Kind.DATE, "Fertig"),
                ("week", Kind.WEEK, "Woche"),
                ("price", Kind.MONEY, "Preis"),
            )
        ),
        AttributeRule("scents", "Scents", Kind.MANY, scents, visible_to_customer=True),
    )
    place_order(
        cart=[LINE],
        metadata={
            "ready": "2027-01-18", "week": "2027-W03", "scents": ["oak", "tar"],
            "price": {"amount": "12.50", "currency": "EUR"},
        },
    )  # fmt: skip
    english = details(page(client))
    assert english.pop("Ready").startswith("Monday, January 18, 2027")
    assert english == {
        "Week": "week 3 of 2027 (January 18–24)",  # noqa: RUF001 - a dash between days
        "Price": "€12.50",
        "Scents": "Oak, Tar",
    }
    client.set_cookie("language", "de")
    german = details(page(client))
    assert german.pop("Fertig").startswith("Montag, 18. Januar 2027")
    assert german == {
        "Woche": "KW 3/2027 (18.–24. Januar)",  # noqa: RUF001 - as above
        "Preis": "12,50 €",
        "Scents": "Eiche, Tar",
    }


def test_attributes_without_a_value_are_left_out(
    client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    org.define(*ATTRIBUTES)
    place_order(cart=[LINE], metadata={"gift": False, "week": "", "parcels": None})
    assert details(page(client)) == {"As a present": "No"}


def test_a_key_is_visible_only_where_its_attribute_applies(
    client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    org.define(*ATTRIBUTES)
    place_order(
        cart=[LINE], metadata={"finish": "HIDDEN"}, derivative={"gift": "HIDDEN", "week": "50"}
    )
    text = page(client)
    assert "HIDDEN" not in text
    assert details(text) == {"Delivery week": "50"}


def test_nothing_else_leaks(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    org.define(*ATTRIBUTES)
    with app.app_context():
        [saved] = configurations.save_configurations(
            [
                ConfigurationInput.model_construct(
                    variant={
                        "Wood": "Oak",
                        "Asset": {"assetId": "HIDDEN-asset"},
                        "Layers": ["HIDDEN-layer"],
                        "Material": "11111111-2222-4333-8444-555555555555",
                    },
                    metadata={"name": "Oslo chair", "sku": "HIDDEN-sku", "cost": "HIDDEN-cost"},
                    product_id="99999999-2222-4333-8444-555555555555",
                )
            ],
            org_id=org.id,
            created_by=org.private.id,
        )
        card = products.resolve([saved], org.id)[saved]
    order = place_order(
        name="HIDDEN name",
        customerId="HIDDEN-customer",
        originOrgId="HIDDEN-origin",
        platform={"id": "HIDDEN-1", "platform": "HIDDEN-2", "storeName": "HIDDEN-3", "x": "HIDDEN"},
        metadata={"margin": "HIDDEN-m", "free": "HIDDEN-f", "deep": {"a": "HIDDEN"}, "week": "50"},
        derivative={"bench": "HIDDEN-b", "free": "HIDDEN-g"},
        cart=[
            {"configurationId": saved, "count": 2, "metadata": {"note": "HIDDEN-note"}},
            {"configurationId": UUID, "count": 3},
        ],
        items=[{"id": "HIDDEN-item", "count": 1}],
    )
    answer = client.get(f"/o/{CODE}")
    assert answer.status_code == 200
    response = answer.text + json.dumps(list(answer.headers))
    assert "Oslo chair" in response
    assert "HIDDEN" not in response
    internal = (
        order.id, order.org_id, order.created_by, org.email, saved, card.short_id, UUID,
        "11111111-2222", "99999999-2222", "margin", "free", "Asset", "Layers", "Material",
    )  # fmt: skip
    for secret in internal:
        assert secret not in response


WORDS = {
    Status.LIST: ("Not submitted yet", "Noch nicht aufgegeben"),
    Status.IN_CART: ("Not submitted yet", "Noch nicht aufgegeben"),
    Status.NEW: ("Received", "Eingegangen"),
    Status.IN_PROGRESS: ("In production", "In Produktion"),
    Status.COMPLETE: ("Ready", "Fertig"),
}


@pytest.mark.parametrize("status", list(Status))
def test_the_status_is_shown_in_words_for_customers_and_as_a_step(
    client: FlaskClient, place_order: PlaceOrder, status: Status
) -> None:
    place_order(status=str(status), cart=[LINE])
    for language, expected in zip(("en", "de"), WORDS[status], strict=True):
        text = client.get(f"/o/{CODE}?lang={language}").text
        assert expected in read(text).first("[aria-labelledby=status-title] .head").strings()
        step = text.partition('aria-current="step"')[2].partition("</li>")[0]
        assert f"<b>{expected}</b>" in step
        assert text.count('aria-current="step"') == 1


def test_lines_keep_their_order_and_unknown_configurations_have_no_name(
    client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    chair, table = org.save("Oslo chair", "OSL"), org.save("Plank table", "PLK")
    place_order(
        cart=[
            {"configurationId": table.short_id, "count": 1},
            {"configurationId": UUID, "count": 2},
            {"configurationId": chair.id, "count": 3},
            {"configurationId": table.id, "count": 4},
        ]
    )
    text = page(client)
    names = texts(text, "h3")
    assert names == ["Plank table", "Configured product", "Oslo chair", "Plank table"]
    assert "4 lines, 10 items" in text


def test_a_configuration_of_another_org_is_not_shown(
    client: FlaskClient, other_org: Org, place_order: PlaceOrder
) -> None:
    foreign = other_org.save("HIDDEN chair", "SKU-1")
    place_order(cart=[{"configurationId": foreign.id, "count": 1}])
    assert "HIDDEN" not in page(client)


def test_an_empty_cart_shows_a_hint(client: FlaskClient, place_order: PlaceOrder) -> None:
    place_order(status="List", cart=[])
    assert "No lines yet." in page(client)


PICTURES = {
    "/static/demo/OSL-CH-WAL-01.svg": True,
    "https://elsewhere.example/spy.png": False,
    "//elsewhere.example/spy.png": False,
    "/\\elsewhere.example/spy.png": False,
    "javascript:alert(1)": False,
    "": False,
}


@pytest.mark.parametrize(("address", "is_shown"), PICTURES.items(), ids=PICTURES)
def test_only_pictures_of_the_service_itself_are_shown(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder, address: str, is_shown: bool
) -> None:
    with app.app_context():
        [saved] = configurations.save_configurations(
            [ConfigurationInput.model_construct(variant={}, metadata={}, thumbnail=address)],
            org_id=org.id,
            created_by=org.private.id,
        )
    place_order(cart=[{"configurationId": saved, "count": 1}])
    text = page(client)
    assert ("<img" in text) is is_shown
    assert "elsewhere" not in text
    assert "javascript:" not in text


def test_values_are_escaped(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    org.define(AttributeRule(key="note", label=evil, kind=Kind.TEXT, visible_to_customer=True))
    saved = _saved(app, org, {evil: evil}, {"name": evil})
    place_order(cart=[{"configurationId": saved, "count": 1}], metadata={"note": evil})
    text = page(client)
    assert "<img src=x" not in text
    assert text.count("&lt;img src=x") >= 5


def test_a_canceled_order_says_so_but_not_why(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    order = place_order(cart=[LINE], status="In Progress")
    with app.app_context():
        at = order.created_at.replace(year=2030, month=1, day=7)
        changes.cancel_order(order.id, "HIDDEN reason", actor=org.actor(), now=at)
    text = page(client)
    assert "HIDDEN" not in text
    [sentence] = texts(text, ".canceled")
    assert sentence.startswith("This order was canceled on January 7, 2030")
    assert texts(text, ".status") == ["Canceled"]
    assert not read(text).has(".way")
    with app.app_context():
        changes.reopen_order(order.id, actor=org.actor())
    text = page(client)
    assert not read(text).has(".canceled")
    assert texts(text, ".status") == ["In production"]


def test_options_are_formatted_for_people(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    variant = {"Headrest": True, "Dimmer": False, "Width": 1600, "Depth": 42.5, "Nothing": None}
    saved = _saved(app, org, variant, {})
    place_order(cart=[{"configurationId": saved, "count": 1}])
    shown = terms(read(page(client)).first(".good dl"))
    assert shown == {"Headrest": "Yes", "Dimmer": "No", "Width": "1,600", "Depth": "42.5"}


@pytest.mark.parametrize(
    ("public_url", "link"),
    [
        ("", f"http://localhost/o/{CODE}"),
        ("https://orders.example", f"https://orders.example/o/{CODE}"),
        ("https://orders.example/", f"https://orders.example/o/{CODE}"),
    ],
)
def test_the_link_to_share_is_the_public_one(
    app: Flask, client: FlaskClient, place_order: PlaceOrder, public_url: str, link: str
) -> None:
    settings: Settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(
        settings, public_url=public_url, allowed_hosts="localhost"
    )
    place_order(cart=[LINE])
    assert f'href="{link}"' in page(client)


def _saved(app: Flask, org: Org, variant: dict[str, Any], metadata: dict[str, Any]) -> str:
    with app.app_context():
        [saved] = configurations.save_configurations(
            [ConfigurationInput.model_construct(variant=variant, metadata=metadata)],
            org_id=org.id,
            created_by=org.private.id,
        )
    return saved
