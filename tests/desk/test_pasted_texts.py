"""The table of pasted texts through the form's paste and through the import: the same lines."""

import contextlib

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.errors import InvalidInput
from orders.domain.inputs import Limits
from orders.domain.line_reading import read_count
from orders.services.accounts.access import Actor
from orders.services.imports import records, upload
from orders.services.imports.plan import BadRows, Plan
from tests.html import read
from tests.pasted_texts import TEXTS, PastedText, workshop

LIMITS = Limits()
OF_SKUS = sorted({one.skus for one in TEXTS})

pytestmark = pytest.mark.one_database(reason="how texts are read is the same on both")


def pasted(client: FlaskClient, one: PastedText) -> list[tuple[str, int | str]]:
    """Return the lines that the form places without a mark."""
    page = read(client.post("/orders/new/paste", data={"paste": one.text}).text)
    rows = page.all("li.line")
    # What is no line of the cart, such as a greeting, is in the text above it.
    assert len(rows) + len(page.all(".pasted-text mark")) == len(one.lines), one.name
    return [
        (
            one.sku(row.first("input.reference")["value"]),
            read_count(row.first(".count input")["value"]),
        )
        for row in rows
        if not row.has("[aria-invalid]") and not row.has("[data-doubtful]")
    ]


def imported(actor: Actor, one: PastedText, skus: dict[str, str]) -> list[tuple[str, int | str]]:
    """Return the lines that an import of the text places; the others are orders with errors."""
    file = upload.upload("a.txt", one.text.encode(), actor=actor, limits=LIMITS, key=one.name)
    try:
        upload.match(file, upload.suggest(file, actor), actor=actor)
    except InvalidInput:  # a person has to say what the columns are
        return []
    plan = Plan(records.find(file.id, actor.org_id), actor, LIMITS)
    placed: list[tuple[str, int | str]] = []
    for position in range(len(plan.groups)):
        with contextlib.suppress(BadRows):
            cart = plan.draft(plan.order(position)).cart
            placed += [
                (skus.get(line.configuration_id, line.configuration_id), line.count)
                for line in cart
            ]
    assert len(plan.groups) == len(one.lines), one.name
    return placed


@pytest.mark.parametrize("skus", OF_SKUS, ids=" ".join)
def test_paste_and_import_place_the_same_lines_and_mark_the_others(
    app: Flask, client: FlaskClient, csrf_off: None, skus: tuple[str, ...]
) -> None:
    org, of_ids = workshop(app, skus)
    member = org.staff()
    org.sign_in(client, member)
    for one in TEXTS:
        if one.skus == skus:
            assert pasted(client, one) == one.placed, one.name
            with app.app_context():
                found = imported(member.actor, one, of_ids) if one.is_file else one.placed
            assert found == one.placed, (one.name, one.text)
