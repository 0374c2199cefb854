"""Forty orders from invented customers, spread over the last few weeks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal

from orders.domain.status import OPEN_CARTS, Status
from orders.interfaces.cli.demo.workshop import WORKSHOP, DemoCustomer

# Fixed, so that the content is the same on every machine; only codes and IDs are random.
SEED = 1907
DAYS = 46  # from the oldest order to the newest
WEB_SHOP = "Web shop"  # its customers enter their orders themselves
Source = Literal["staff", "private", "public"]  # an account, or a token of this kind


@dataclass(frozen=True, slots=True)
class ExampleOrder:
    """An order of the demo: `raw` is its JSON as a client sends it, and `at` its time of creation.

    `steps` are later statuses, each with the time since the creation. `note` is the team's note, or
    empty.
    """

    raw: dict[str, Any]
    at: datetime
    source: Source
    steps: tuple[tuple[Status, timedelta], ...] = ()
    note: str = ""


def example_orders(now: datetime, configuration_ids: Mapping[str, str]) -> Iterator[ExampleOrder]:
    """Yield the demo's orders, oldest first; `now` is the time of the newest one.

    `configuration_ids` maps the SKUs of the saved configurations to their IDs.
    """
    random = Random(SEED)  # noqa: S311 - not used for secrets
    projects = [
        (customer, project) for customer in WORKSHOP.customers for project in customer.projects
    ]
    random.shuffle(projects)
    for number, (customer, project) in enumerate(projects):
        # The newest order is from today.
        age = timedelta(days=DAYS * (1 - number / (len(projects) - 1)))
        at = (now - age).replace(hour=random.randint(7, 17), minute=random.randint(0, 59))
        is_empty = number == len(projects) - 3  # an abandoned list
        status = Status.LIST if is_empty else _status(number / len(projects), random)
        lines = [] if is_empty else _lines(customer, random, configuration_ids)
        raw: dict[str, Any] = {
            "name": f"{customer.name}: {project}",
            "customerId": customer.customer_id,
            "status": str(status),
            "metadata": _metadata(customer, at, random) | _details(customer, number),
            "cart": lines,
        }
        source = _add_origin(raw, customer, number, random)
        if status is Status.IN_PROGRESS:
            raw["metadata"]["deliveryDate"] = _day(raw["metadata"]["deliveryWeek"])
        if status not in OPEN_CARTS:
            raw["derivative"] = {
                "finish": random.choice(("oil", "oil", "soap", "lacquer")),
                "crates": sum(line["count"] for line in lines) // 4 + 1,
            }
        _add_special_cases(raw, number)
        if steps := WORKSHOP.steps.get(status, ()):
            raw["status"] = str(Status.NEW)
        yield ExampleOrder(raw, min(at, now), source, steps, WORKSHOP.team_notes.get(number, ""))


def _status(progress: float, random: Random) -> Status:
    """Return a random status that is plausible for an order's age.

    `progress` is 0 for the oldest order and 1 for the newest.
    """
    if progress < 0.4:
        return random.choices((Status.COMPLETE, Status.IN_PROGRESS), (6, 1))[0]
    if progress < 0.7:
        return random.choices((Status.IN_PROGRESS, Status.COMPLETE, Status.LIST), (6, 1, 1))[0]
    return random.choices((Status.NEW, Status.IN_CART, Status.LIST), (5, 4, 1))[0]


def _lines(
    customer: DemoCustomer, random: Random, configuration_ids: Mapping[str, str]
) -> list[dict[str, Any]]:
    lines = []
    number = random.choice((1, 2, 2, 3, 3, 4, 5))
    for sku, fewest, most in random.sample(WORKSHOP.ranges[customer.furnishes], number):
        line: dict[str, Any] = {
            "configurationId": configuration_ids[sku],
            "count": random.randint(fewest, most),
        }
        if random.random() < 0.15:
            line["metadata"] = {"note": random.choice(WORKSHOP.line_notes)}
        if customer.name != WEB_SHOP:
            price = {"amount": WORKSHOP.prices[sku], "currency": _currency(customer)}
            line["metadata"] = line.get("metadata", {}) | {"unitPrice": price}
        lines.append(line)
    return lines


def _metadata(customer: DemoCustomer, at: datetime, random: Random) -> dict[str, Any]:
    year, week, _ = (at + timedelta(weeks=random.randint(2, 7))).isocalendar()
    metadata: dict[str, Any] = {
        "deliveryMethod": random.choice(("kerbside", "kerbside", "room", "room", "pickup")),
        "deliveryCountry": customer.country,
        "deliveryWeek": f"{year}-W{week:02}",
        "assembly": random.random() < 0.4,
    }
    if random.random() < 0.35:
        metadata["discountPercent"] = random.choice((3, 5, 7.5, 10))
    if random.random() < 0.4:
        metadata["purchaseOrder"] = f"PO-{random.randint(40000, 49999)}"
    return metadata


def _details(customer: DemoCustomer, number: int) -> dict[str, Any]:
    """Return values of the attributes that few orders have; `number` is that of the order."""
    details: dict[str, Any] = {}
    if number % 3 == 0:
        details["protection"] = ["glides", "covers"] if number % 2 else ["glides"]
    if number % 5 == 0:
        deposit = {"amount": f"{200 + 50 * number}.00", "currency": _currency(customer)}
        details["deposit"] = deposit
    if number % 4 == 1:
        details["sitePhone"] = f"+49 30 5550{100 + number}"
    return details


def _currency(customer: DemoCustomer) -> str:
    return {"CH": "CHF", "DK": "DKK", "SE": "SEK"}.get(customer.country, "EUR")


def _day(week: str) -> str:
    """Return the Thursday of a week such as `2026-W50`, as YYYY-MM-DD."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 4).isoformat()


def _add_origin(raw: dict[str, Any], customer: DemoCustomer, number: int, random: Random) -> Source:
    """Add the shop that an order came from, if any, to `raw`; return who sends the order."""
    if customer.name == WEB_SHOP:
        raw["name"] = None if number % 2 else raw["name"].partition(": ")[2]
        raw["platform"] = {
            "platform": "Shopify",
            "id": f"#{1040 + number}",
            "storeName": "Alder & Oak Online",
        }
        return "public"
    if random.random() < 0.3:
        raw["platform"] = {
            "platform": "WooCommerce",
            "id": str(70210 + number * 3),
            "storeName": "Alder & Oak Trade",
            "channel": "trade",
        }
        return "private"
    return "staff"


def _add_special_cases(raw: dict[str, Any], number: int) -> None:
    """For a few values of `number`, change `raw` to what old clients or careless people send."""
    if number in {4, 11}:  # the deprecated field, in the format that is converted to a cart
        raw["items"] = [
            {"id": line["configurationId"], "count": line["count"]} for line in raw.pop("cart")
        ]
    elif number == 7:  # in a format of the shop's own, which is stored unchanged
        del raw["cart"]
        raw["items"] = [{"sku": "OSL-CH-OAK-02", "qty": "6"}, {"sku": "PLK-DT-OAK-22", "qty": "1"}]
    elif number in {19, 30}:  # a key that the org has not defined
        raw["metadata"]["campaign"] = "autumn"
    elif number == 33:
        raw["customerId"] = None
