"""The history in words: labels, product names, lines that came, went or changed their count."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from orders.queries import HistoryEntry
from orders.rules.attributes import AttributeRule, Kind, Option
from orders.staff.order import history
from orders.staff.order.history import Change
from tests.actors import Org
from tests.bad_orders import CHAIR

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
LAMP = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d22"
RULES = (
    AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)),
    AttributeRule("gift", "Gift wrap", Kind.BOOLEAN),
)


@pytest.fixture(autouse=True)
def _in_the_application(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def entry(action: str = "changed", kind: str = "staff", **changes: Any) -> HistoryEntry:  # noqa: ANN401 - JSON
    return HistoryEntry(NOW, "ida@desk.example", action, changes, kind)


def told(org: Org, **changes: Any) -> list[Change]:  # noqa: ANN401 - JSON
    [event] = history.tell([entry(**changes)], RULES, org.id)
    return list(event.changes)


def cart(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"configurationId": CHAIR, "count": 1, **line} for line in lines]


def test_who_and_from_where_newest_first(org: Org) -> None:
    entries = [entry("created", "token"), entry("imported"), entry("binned"), entry("odd")]
    events = history.tell(entries, RULES, org.id)
    assert [(event.title, event.source) for event in events] == [
        ("odd", "desk"),
        ("Put into the bin", "desk"),
        ("Imported", "import"),
        ("Created", "token"),
    ]
    assert {event.who for event in events} == {"ida@desk.example"}


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"status": {"from": "New", "to": "Complete"}}, "Status changed"),
        ({"cart": {"added": []}}, "Cart changed"),
        ({"name": {"from": "a", "to": "b"}}, "Changed"),
        ({"status": {}, "cart": {}}, "Changed"),
    ],
)
def test_a_change_of_one_thing_is_called_by_it(
    org: Org, changes: dict[str, Any], title: str
) -> None:
    [event] = history.tell([entry(**changes)], RULES, org.id)
    assert event.title == title


def test_plain_fields(org: Org) -> None:
    changes = {
        "status": {"from": "New", "to": "Complete"},
        "name": {"from": None, "to": "Lobby"},
        "customerId": {"from": "C-1", "to": None},
    }
    assert told(org, **changes) == [
        Change("Status", "New", "Complete"),
        Change("Order name", None, "Lobby"),
        Change("Customer ID", "C-1", None),
    ]


def test_attributes_by_their_labels_and_only_those_that_differ(org: Org) -> None:
    metadata = {
        "from": {"finish": "lacquer", "gift": False, "same": 1, "po": {"n": 7}},
        "to": {"finish": "matt", "gift": True, "same": 1, "new": "x"},
    }
    assert told(org, metadata=metadata, derivative={"from": {}, "to": {"finish": "matt"}}) == [
        Change("Finish", "lacquer", "Matt"),  # an option that was retired keeps its value
        Change("Gift wrap", "No", "Yes"),
        Change("po", '{"n": 7}', None),
        Change("new", None, "x"),
        Change("derivative: finish", None, "matt"),
    ]


def test_one_and_true_are_not_the_same(org: Org) -> None:
    assert told(org, metadata={"from": {"a": 1}, "to": {"a": True}}) == [Change("a", "1", "true")]


def test_platform_by_its_labels(org: Org) -> None:
    platform = {"from": {"id": "1", "storeName": "North"}, "to": {"id": "2", "storeName": "North"}}
    assert told(org, platform=platform) == [Change("Platform order ID", "1", "2")]


def test_lines_by_the_names_of_their_products(org: Org) -> None:
    card = org.save("Oslo chair", "OSL-1")
    old = cart({"configurationId": card.id, "count": 2}, {"configurationId": LAMP})
    new = cart({"configurationId": card.id, "count": 1500}, {"metadata": {"engraving": "Ida"}})
    assert told(org, cart={"from": old, "to": new}) == [
        Change("Count of Oslo chair OSL-1", "2", "1,500"),
        Change("Line taken out", before=f"1 of {LAMP}"),
        Change("Line added", after=f"1 of {CHAIR} (engraving: Ida)"),
    ]


def test_lines_put_behind_the_others(org: Org) -> None:
    assert told(org, cart={"added": cart({"count": 3})}) == [
        Change("Line added", after=f"3 of {CHAIR}")
    ]


def test_equal_lines_are_paired_one_by_one(org: Org) -> None:
    old, new = cart({}, {}, {"count": 4}), cart({}, {"count": 4})
    assert told(org, cart={"from": old, "to": new}) == [
        Change("Line taken out", before=f"1 of {CHAIR}")
    ]


def test_a_lines_own_metadata(org: Org) -> None:
    old, new = cart({"metadata": {"side": "left"}}), cart({"metadata": {"side": "right"}})
    assert told(org, cart={"from": old, "to": new}) == [
        Change(f"Line of {CHAIR}", "1 piece (side: left)", "1 piece (side: right)")
    ]


def test_another_order_of_the_lines(org: Org) -> None:
    old = cart({}, {"configurationId": LAMP})
    assert told(org, cart={"from": old, "to": old[::-1]}) == [
        Change("Lines put into another order")
    ]


def test_what_happened_since_a_version(org: Org) -> None:
    entries = [entry("created"), entry("link sent", to="a@x.example"), entry(), entry("binned")]
    assert [one.action for one in history.since(entries, 1)] == ["changed", "binned"]
    assert [one.action for one in history.since(entries, 2)] == ["binned"]
    assert history.since(entries, 9) == []
    assert len(history.since(entries, -1)) == 3
