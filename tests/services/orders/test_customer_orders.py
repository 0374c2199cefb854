"""What the desk shows of a customer's orders: usual products and months."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from orders.domain.inputs import Limits
from orders.services.orders import changes, intake
from orders.services.orders.customer_orders import Month, load_customer_orders
from tests.actors import Org
from tests.bad_orders import CHAIR

NOW = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


def place(org: Org, at: datetime, count: int, customer_id: str = "C-1", **fields: object) -> str:
    line = {"configurationId": CHAIR, "count": count}
    raw = {"customerId": customer_id, "cart": [line, line], **fields}
    draft = intake.check_order(raw, actor=org.actor(), limits=Limits())
    return intake.create_order(draft, actor=org.actor(), now=at).id


def test_months_begin_in_the_zone_of_the_person(app: Flask, org: Org, other_org: Org) -> None:
    with app.app_context():
        place(org, datetime(2026, 11, 30, 22, 30, tzinfo=UTC), 1)
        place(org, datetime(2026, 11, 30, 23, 10, tzinfo=UTC), 2)
        place(org, datetime(2025, 12, 31, 23, 0, tzinfo=UTC), 4)
        place(org, datetime(2025, 11, 30, 12, tzinfo=UTC), 8)
        place(org, NOW, 16, "C-2")
        place(other_org, NOW, 32)
        place(org, NOW, 64, status="In Cart")
        changes.bin_order(place(org, NOW, 128), actor=org.actor())

        def filled(zone: ZoneInfo | None) -> dict[date, Month]:
            found = load_customer_orders("C-1", org.id, zone=zone or UTC, now=NOW)
            assert len(found.months) == 12
            return {one.begin: one for one in found.months if one.orders}

        december, november = date(2026, 12, 1), date(2026, 11, 1)
        last, first = date(2025, 12, 1), date(2026, 1, 1)
        assert filled(None) == {november: Month(november, 2, 6), last: Month(last, 1, 8)}
        assert filled(ZoneInfo("Europe/Berlin")) == {
            december: Month(december, 1, 4), november: Month(november, 1, 2),
            first: Month(first, 1, 8),
        }  # fmt: skip


def test_the_usual_count_is_the_most_frequent_one_or_the_newest(app: Flask, org: Org) -> None:
    with app.app_context():
        for day, count in enumerate((14, 14, 2, 3), start=1):
            place(org, datetime(2026, 11, day, tzinfo=UTC), count)
        [usual] = load_customer_orders("C-1", org.id, now=NOW).usual
        assert (usual.orders, usual.count, usual.summary) == (4, 14, None)
        place(org, datetime(2026, 11, 9, tzinfo=UTC), 2)
        [usual] = load_customer_orders("C-1", org.id, now=NOW).usual
        assert usual.count == 2
