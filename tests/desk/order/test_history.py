"""The history in words: labels, product names, added, removed and changed lines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.interfaces.desk.order import history
from orders.interfaces.desk.order.history import FieldChange
from orders.services.accounts.history import HistoryEntry
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


def described(org: Org, **changes: Any) -> list[FieldChange]:  # noqa: ANN401 - JSON
    [event] = history.describe([entry(**changes)], RULES, org.id)
    return list(event.changes)


def cart(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"configurationId": CHAIR, "count": 1, **line} for line in lines]


def test_entries_have_person_and_source_newest_first(org: Org) -> None:
    entries = [entry("created", "token"), entry("imported"), entry("binned"), entry("odd")]
    events = history.describe(entries, RULES, org.id)
    assert [(event.title, event.source) for event in events] == [
        ("odd", "desk"),
        ("Deleted", "desk"),
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
def test_a_change_of_one_field_has_its_own_title(
    org: Org, changes: dict[str, Any], title: str
) -> None:
    [event] = history.describe([entry(**changes)], RULES, org.id)
    assert event.title == title


def test_fields_are_described_by_their_labels(org: Org) -> None:
    changes = {
        "status": {"from": "New", "to": "Complete"},
        "name": {"from": None, "to": "Lobby"},
        "customerId": {"from": "C-1", "to": None},
    }
    assert described(org, **changes) == [
        FieldChange("Status", "New", "Complete"),
        FieldChange("Order name", None, "Lobby"),
        FieldChange("Customer ID", "C-1", None),
    ]


def test_only_changed_attributes_are_described_by_their_labels(org: Org) -> None:
    metadata = {
        "from": {"finish": "lacquer", "gift": False, "same": 1, "po": {"n": 7}},
        "to": {"finish": "matt", "gift": True, "same": 1, "new": "x"},
    }
    assert described(org, metadata=metadata, derivative={"from": {}, "to": {"finish": "matt"}}) == [
        FieldChange("Finish", "lacquer", "Matt"),  # a deleted option is shown by its value
        FieldChange("Gift wrap", "No", "Yes"),
        FieldChange("po", '{"n": 7}', None),
        FieldChange("new", None, "x"),
        FieldChange("derivative: finish", None, "matt"),
    ]


def test_one_and_true_are_not_the_same(org: Org) -> None:
    assert described(org, metadata={"from": {"a": 1}, "to": {"a": True}}) == [
        FieldChange("a", "1", "true")
    ]


def test_the_platform_is_described_by_its_labels(org: Org) -> None:
    platform = {"from": {"id": "1", "storeName": "North"}, "to": {"id": "2", "storeName": "North"}}
    assert described(org, platform=platform) == [FieldChange("Platform order ID", "1", "2")]


def test_lines_are_described_by_their_products(org: Org) -> None:
    card = org.save("Oslo chair", "OSL-1")
    old = cart({"configurationId": card.id, "count": 2}, {"configurationId": LAMP})
    new = cart({"configurationId": card.id, "count": 1500}, {"metadata": {"engraving": "Ida"}})
    assert described(org, cart={"from": old, "to": new}) == [
        FieldChange("Quantity of Oslo chair OSL-1", "2", "1,500"),
        FieldChange("Line removed", before=f"1 of {LAMP}"),
        FieldChange("Line added", after=f"1 of {CHAIR} (engraving: Ida)"),
    ]


def test_added_lines_are_described(org: Org) -> None:
    assert described(org, cart={"added": cart({"count": 3})}) == [
        FieldChange("Line added", after=f"3 of {CHAIR}")
    ]


def test_equal_lines_are_paired_one_by_one(org: Org) -> None:
    old, new = cart({}, {}, {"count": 4}), cart({}, {"count": 4})
    assert described(org, cart={"from": old, "to": new}) == [
        FieldChange("Line removed", before=f"1 of {CHAIR}")
    ]


def test_the_metadata_of_a_line_is_described(org: Org) -> None:
    old, new = cart({"metadata": {"side": "left"}}), cart({"metadata": {"side": "right"}})
    assert described(org, cart={"from": old, "to": new}) == [
        FieldChange(f"{CHAIR} details", "1 item (side: left)", "1 item (side: right)")
    ]


def test_a_new_order_of_the_lines_is_described(org: Org) -> None:
    old = cart({}, {"configurationId": LAMP})
    assert described(org, cart={"from": old, "to": old[::-1]}) == [FieldChange("Lines reordered")]


def test_entries_since_a_version_are_found(org: Org) -> None:
    entries = [entry("created"), entry("link sent", to="a@x.example"), entry(), entry("binned")]
    assert [one.action for one in history.since(entries, 1)] == ["changed", "binned"]
    assert [one.action for one in history.since(entries, 2)] == ["binned"]
    assert history.since(entries, 9) == []
    assert len(history.since(entries, -1)) == 3
