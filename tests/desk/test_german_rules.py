"""Errors of the services are German at the desk, and English in the JSON API."""

import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from orders.domain import schema
from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.errors import NotJson
from orders.domain.fields import STATUS_SENTENCE
from orders.domain.inputs import Limits
from orders.domain.json_values import parse_json
from orders.domain.permissions import REFUSALS, Permission
from orders.domain.sheet_reading import read_csv
from orders.domain.status import Status
from orders.domain.text_tables import fault_of
from orders.domain.texts import Text, lazy_gettext
from orders.interfaces.http.i18n import translated
from orders.services.imports import preview, records, work
from orders.services.webhooks.claims import IN_THE_BIN
from orders.services.webhooks.webhook_client import PostResult
from orders.storage import database
from orders.storage.tables import order_import
from tests.actors import Org
from tests.bad_orders import BAD_ORDERS, BadOrder
from tests.services.imports.steps import checked
from tests.services.webhooks.desk import Desk
from tests.test_all_interfaces import (
    defined_org,
    errors_in_form,
    errors_in_json,
    post_form,
    post_json,
)

pytestmark = pytest.mark.one_database(
    reason="what is read is the language; the same statements run in the English tests"
)

__all__ = ["defined_org"]  # a fixture

GERMAN = {"Accept-Language": "de"}
FORM = "/orders/new?lang=de"


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """Return an application context for calling services."""
    with app.app_context():
        yield


def in_german(app: Flask, text: str) -> str:
    with app.test_request_context(FORM):
        return translated(text)


@pytest.mark.parametrize("bad", BAD_ORDERS, ids=lambda bad: bad.name)
def test_each_bad_order_is_refused_in_german_at_the_form(
    bad: BadOrder, client: FlaskClient, staff_client: FlaskClient, defined_org: Org, csrf_off: None
) -> None:
    english = errors_in_json(post_json(client, defined_org, bad.as_json()))
    german = errors_in_form(post_form(staff_client, bad.as_form(), **GERMAN))
    assert [path for path, _ in german] == [path for path, _ in english]
    for (path, expected), (_, message) in zip(english, german, strict=True):
        assert message != expected, path
        assert not re.search(r"\b(the|this|of|whole|required)\b", message, re.IGNORECASE)


def test_the_json_api_stays_english(client: FlaskClient, defined_org: Org) -> None:
    headers = {**GERMAN, "Authorization": f"Bearer {defined_org.private.secret}"}
    answer = client.post("/api/orders", json={"status": "New"}, headers=headers)
    expected = {"path": "cart", "message": "At least one line is needed for status New."}
    assert expected in answer.json["errors"]  # type: ignore[index]
    assert answer.json["detail"].endswith("invalid.")  # type: ignore[index]


def test_values_in_errors_are_formatted_for_the_language(app: Flask) -> None:
    limits = Limits()
    [error] = schema.shape_errors({"status": "New"}, limits=limits).errors
    assert in_german(app, error.message) == "Für den Status Neu ist mindestens eine Position nötig."
    [error] = schema.shape_errors({"cart": [0] * 1_001}, limits=limits).errors
    assert in_german(app, error.message) == "Höchstens 1.000 Positionen; hier sind es 1.001."
    assert str(error.message) == "At most 1,000 lines; this has 1,001."
    assert isinstance(STATUS_SENTENCE, Text)
    assert f"One of: {', '.join(Status)}." == STATUS_SENTENCE


def test_known_parser_errors_are_translated(app: Flask) -> None:
    with pytest.raises(NotJson) as refused:
        parse_json(b"[1,", lazy_gettext("This file"))
    assert str(refused.value) == "This file is not JSON: Expecting value at line 1, column 4."
    assert in_german(app, refused.value.sentence) == (
        "Diese Datei ist kein JSON: ein Wert fehlt in Zeile 1, Spalte 4."
    )
    [row] = read_csv(b'a,b\n"x"y,1\n', most_rows=9).rows
    assert in_german(app, fault_of(row.cells[0])) == (
        "Die Anführungszeichen in dieser Zeile passen nicht zusammen."
    )


def test_a_forbidden_action_is_refused_in_german(app: Flask, client: FlaskClient, org: Org) -> None:
    assert in_german(app, REFUSALS[Permission.READ]).startswith("Ihr Konto darf")
    answer = org.sign_in(client).get("/orders/0", headers=GERMAN)
    assert answer.status_code == 404
    assert "prüfen Sie den Code: Er sieht vertippt aus." in answer.text


def test_errors_of_a_file_are_stored_with_their_values(app: Flask, org: Org, inside: None) -> None:
    org.define(AttributeRule("finish", "Finish", Kind.OPTION, options=(Option("New", "Newest"),)))
    content = (
        "sku,count,finish,status\n"
        "OSL,many,Old,New\n"
    )  # fmt: skip
    one = checked(org, content)
    [order] = records.read_orders(one)
    english = [str(fault) for fault in order.faults]
    assert "Row 2, count: A whole number from 1 to 1,000,000." in english
    assert "Row 2, finish: “Old” is not one of: New." in english
    german = [in_german(app, fault.text) for fault in order.faults]
    assert "Zeile 2, count: Eine ganze Zahl von 1 bis 1.000.000." in german
    # An option is a word of the org and is not translated.
    assert "Zeile 2, finish: „Old“ ist keiner der Werte New." in german
    with app.test_request_context(FORM):
        assert "Eine ganze Zahl" in preview.errors_csv(one, translated)
    assert "A whole number" in preview.errors_csv(one)


@pytest.mark.parametrize(
    ("stored", "german"),
    [
        ("Something went wrong.", "Something went wrong."),  # from an earlier release
        (str(work.BROKEN), "Beim Anlegen der Bestellungen ist ein Fehler aufgetreten. "),
    ],
)
def test_a_failed_import_shows_its_reason_also_an_old_one(
    app: Flask, org: Org, inside: None, stored: str, german: str
) -> None:
    one = checked(org, "sku,count\nOSL,many\n")
    statement = update(order_import).values(message=stored)
    database.write(lambda connection: connection.execute(statement).close())
    message = records.find(one.id, one.org_id).message or ""
    assert message == stored
    assert in_german(app, message).startswith(german)


SLOW = lazy_gettext("No complete answer within %(seconds)s seconds.", seconds="10")
LIKE_A_TEXT = json.dumps({"text": "New", "values": {}})


@pytest.mark.parametrize(
    ("outcome", "german"),
    [
        (PostResult(None, SLOW), "Keine vollständige Antwort innerhalb von 10 Sekunden."),
        (PostResult(None, str(IN_THE_BIN)), "Nicht gesendet: Der Webhook lag im Papierkorb."),
        (PostResult(None, "Said long ago."), "Said long ago."),
        # A receiver's own words are nobody's text.
        (PostResult(500, LIKE_A_TEXT), LIKE_A_TEXT),
        (PostResult(404, "Not found"), "Not found"),
    ],
)
def test_why_a_message_was_not_delivered_is_shown_in_german(
    app: Flask, org: Org, inside: None, outcome: PostResult, german: str
) -> None:
    desk = Desk(org, answers=[outcome])
    hook = desk.hook()
    desk.order()
    assert desk.send()
    expected = desk.only(hook.webhook.id).last_answer or ""
    assert expected == outcome.answer
    assert in_german(app, expected) == german
