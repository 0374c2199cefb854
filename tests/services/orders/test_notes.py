"""Notes of the team: stored once with author and time; only authors delete them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Connection, insert

from orders.domain.errors import Forbidden, InvalidInput, NotFound
from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.services.accounts.access import Actor
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, notes, queries
from orders.storage import database
from orders.storage.tables import order_note
from tests.actors import Org
from tests.bad_orders import CHAIR

NOW = datetime(2026, 11, 25, 9, 30, 0, 123_000, tzinfo=UTC)
NOTE_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def order(org: Org) -> Order:
    raw = {"cart": [{"configurationId": CHAIR, "count": 2}]}
    draft = intake.check_order(raw, actor=org.actor(), limits=Limits())
    return intake.create_order(draft, actor=org.actor(), now=NOW)


@pytest.fixture
def ida(org: Org) -> Actor:
    return org.staff().actor


def texts(order: Order) -> list[str]:
    return [note.text for note in notes.list_notes(order)]


def test_notes_have_author_and_time_newest_first(order: Order, org: Org, ida: Actor) -> None:
    notes.add_note(order.short_id, "First", actor=ida, now=NOW)
    notes.add_note(order.id, "Second", actor=ida, now=NOW + timedelta(minutes=1))
    second, first = notes.list_notes(order)
    assert (second.text, first.text) == ("Second", "First")
    assert (first.at, first.actor_id, first.actor_name) == (NOW, ida.id, org.email)


def test_the_order_does_not_change(order: Order, ida: Actor) -> None:
    notes.add_note(order.id, "Ring before nine", actor=ida)
    assert queries.find_order(order.id, order.org_id) == order
    assert [entry.action for entry in queries.read_history(order)] == ["created"]


def test_the_same_note_is_stored_once(order: Order, ida: Actor) -> None:
    for _ in range(2):
        assert notes.add_note(order.id, "Once", actor=ida, note_id=NOTE_ID) == NOTE_ID
    assert texts(order) == ["Once"]


def test_line_ends_are_normalized_and_the_text_is_stripped(order: Order, ida: Actor) -> None:
    notes.add_note(order.id, "  a\r\nb\rc\n ", actor=ida)
    assert texts(order) == ["a\nb\nc"]


@pytest.mark.parametrize("text", ["", " \r\n", "x" * 2001, "a\0b", "\ud800"])
def test_an_invalid_text_is_refused_and_not_stored(order: Order, ida: Actor, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        notes.add_note(order.id, text, actor=ida)
    assert [error.path for error in refused.value.errors] == ["note"]
    assert texts(order) == []


def test_the_limit_counts_characters_not_bytes(order: Order, ida: Actor) -> None:
    notes.add_note(order.id, "\r\n".join(["ö"] * 1000) + "ö", actor=ida)
    assert len(texts(order)[0]) == 2000


def test_a_row_can_be_inserted_in_another_transaction(order: Order, ida: Actor) -> None:
    row = notes.note_row(order.id, notes.check_note("With the order"), actor=ida, at=NOW)

    def insert_row(connection: Connection) -> None:
        connection.execute(insert(order_note), row)

    database.write(insert_row)
    assert texts(order) == ["With the order"]


def test_only_the_author_deletes_a_note(order: Order, org: Org, ida: Actor) -> None:
    made = notes.add_note(order.id, "Mine", actor=ida)
    with pytest.raises(Forbidden):
        notes.remove_note(order.id, made, actor=org.admin().actor)
    assert texts(order) == ["Mine"]
    for _ in range(2):
        notes.remove_note(order.id, made, actor=ida)
    assert texts(order) == []


def test_a_note_is_deleted_by_its_own_order_only(order: Order, org: Org, ida: Actor) -> None:
    draft = intake.check_order(
        {"cart": [{"configurationId": CHAIR, "count": 1}]}, actor=ida, limits=Limits()
    )
    other = intake.create_order(draft, actor=ida)
    made = notes.add_note(order.id, "Mine", actor=ida)
    notes.remove_note(other.id, made, actor=ida)
    assert texts(order) == ["Mine"]


def test_another_org_does_not_find_the_order(order: Order, other_org: Org) -> None:
    stranger = other_org.staff().actor
    with pytest.raises(NotFound):
        notes.add_note(order.id, "Hello", actor=stranger)
    with pytest.raises(NotFound):
        notes.remove_note(order.id, NOTE_ID, actor=stranger)
    assert texts(order) == []


def test_an_order_in_the_bin_accepts_no_notes(order: Order, ida: Actor) -> None:
    made = notes.add_note(order.id, "Before", actor=ida)
    order_changes.bin_order(order.id, actor=ida)
    with pytest.raises(NotFound):
        notes.add_note(order.id, "After", actor=ida)
    with pytest.raises(NotFound):
        notes.remove_note(order.id, made, actor=ida)
    assert texts(order) == ["Before"]
