"""Forty orders of invented customers, spread over the last weeks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal

from orders.domain.status import OPEN_CARTS, Status

# Fixed, so that the content is the same on every machine; only codes and IDs are random.
SEED = 1907
DAYS = 46  # from the oldest order to the newest
Source = Literal["staff", "private", "public"]  # an account, or a token of this kind


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer of the demo; `furnishes`, a key of RANGES, decides which products it orders."""

    name: str
    customer_id: str
    country: str
    furnishes: str
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExampleOrder:
    """An order as a client would send it at a time.

    `steps` are later statuses with the time after the order was created; `note` is the team's note.
    """

    raw: dict[str, Any]
    at: datetime
    source: Source
    steps: tuple[tuple[Status, timedelta], ...] = ()
    note: str = ""


CUSTOMERS = tuple(
    DemoCustomer(*fields)
    for fields in (
        ("Café Morgenrot", "CAFE-MORGENROT", "DE", "café", ("Terrace", "Counter", "Upper floor")),
        ("Hotel Graustein", "GRAUSTEIN-01", "CH", "hotel", ("Rooms 101 to 112", "Lobby", "Suite")),
        ("Larkfield Library", "LARKFIELD", "NL", "library", ("Reading room", "Children's corner")),
        ("Bureau Voss & Lind", "C-20418", "DK", "office", ("Meeting room", "Eight desks")),
        ("Northlight Gallery", "NORTHLIGHT", "SE", "office", ("Foyer benches", "Shop")),
        ("Tidewater Co-op", "C-20455", "DE", "café", ("Canteen", "Canteen, second part")),
        ("Pinecrest Dental", "PINECREST-DENTAL", "DE", "office", ("Waiting room", "Reception")),
        ("Studio Ketteridge", "STUDIO-KTR", "NL", "office", ("Model room", "Samples")),
        ("Gasthof Zur Linde", "LINDE-AT", "AT", "café", ("Dining room", "Garden")),
        ("Fjordkant Apartments", "FJORDKANT", "DK", "hotel", ("Flats 1 to 6", "Flats 7 to 12")),
        ("Sundby School", "SUNDBY-SKOLE", "DK", "library", ("Library", "Staff room")),
        ("Quayside Rowing Club", "C-20503", "DE", "café", ("Clubhouse", "Bar")),
        ("Atelier Brandt", "C-20511", "DE", "home", ("Show flat", "Photo shoot")),
        ("Maison Perrault", "PERRAULT-NL", "NL", "home", ("Autumn window", "Winter window")),
        ("Hillcroft Music Hall", "HILLCROFT", "SE", "café", ("Artists' bar", "Green room")),
        ("Oakley Interiors", "OAKLEY-TRADE", "CH", "home", ("House by the lake", "Town house")),
        ("Web shop", "WEB-88213", "DE", "home", ("Living room",)),
        ("Web shop", "WEB-88240", "AT", "home", ("Bedroom",)),
        ("Web shop", "WEB-88307", "DE", "home", ("Home office",)),
        ("Web shop", "WEB-88355", "DK", "home", ("Reading corner",)),
        ("Web shop", "WEB-88391", "SE", "home", ("Dining corner",)),
        ("Web shop", "WEB-88402", "DE", "home", ("Hallway",)),
    )
)  # fmt: skip

# What customers buy: SKU, minimum and maximum number of pieces.
RANGES: Mapping[str, tuple[tuple[str, int, int], ...]] = {
    "café": (
        ("OSL-CH-OAK-02", 12, 48), ("OSL-BS-ASH-01", 4, 14), ("PLK-RT-WAL-12", 4, 12),
        ("DOM-PL-CLA-40", 3, 12), ("COR-BN-WAL-12", 2, 8), ("OSL-CH-BLK-03", 10, 36),
    ),
    "hotel": (
        ("RES-BD-OAK-16", 6, 24), ("LUM-TL-MUS-01", 12, 48), ("FEN-LC-MOS-01", 4, 24),
        ("STU-DK-OAK-14", 6, 12), ("FEN-FS-MOS-01", 4, 12), ("HAR-SO-OCE-03", 1, 4),
        ("LUM-FL-BRS-01", 2, 12), ("COR-BN-WAL-12", 4, 12),
    ),
    "library": (
        ("LAD-SH-OAK-05", 6, 30), ("FEN-LC-CLA-02", 2, 10), ("LUM-FL-BRS-01", 2, 10),
        ("PLK-DT-OAK-22", 2, 6), ("OSL-CH-WAL-01", 8, 32), ("LUM-TL-MUS-01", 4, 16),
    ),
    "office": (
        ("STU-DK-OAK-14", 2, 16), ("OSL-CH-OAK-02", 4, 16), ("PLK-DT-OAK-22", 1, 3),
        ("ROW-SB-WAL-18", 1, 4), ("COR-BN-WAL-12", 2, 8), ("HAR-SO-SND-02", 1, 3),
        ("DOM-PL-CLA-40", 2, 8),
    ),
    "home": (
        ("HAR-SO-OCE-03", 1, 1), ("PEB-CT-ASH-09", 1, 1), ("OSL-CH-WAL-01", 2, 8),
        ("FEN-LC-CLA-02", 1, 2), ("ROW-SB-WAL-18", 1, 1), ("LUM-FL-BRS-01", 1, 2),
        ("PLK-DT-OAK-22", 1, 1), ("RES-BD-OAK-16", 1, 1), ("LAD-SH-OAK-05", 1, 2),
    ),
}  # fmt: skip
# The status changes of orders beyond New.
STEPS: Mapping[Status, tuple[tuple[Status, timedelta], ...]] = {
    Status.IN_PROGRESS: ((Status.IN_PROGRESS, timedelta(hours=20)),),
    Status.COMPLETE: (
        (Status.IN_PROGRESS, timedelta(hours=20)),
        (Status.COMPLETE, timedelta(days=6, hours=3)),
    ),
}
# Notes of the team by the number of the order.
TEAM_NOTES: Mapping[int, str] = {
    14: "Rang: the lift is too small, carry the table up by the stairs.",
    26: "Wants the fabric sample first. Sent on Tuesday.",
    35: "Delivery before nine only, the street is closed later.",
    39: "Asked for a pencil drawing with measures.\nNo hurry.",
}
NOTES = ("Number plates 1 to 12", "Match the sample of October", "Second delivery", "Felt glides")


def example_orders(now: datetime, configuration_ids: Mapping[str, str]) -> Iterator[ExampleOrder]:
    """Yield the orders, oldest first. `configuration_ids` maps SKUs to IDs."""
    random = Random(SEED)  # noqa: S311 - not used for secrets
    projects = [(customer, project) for customer in CUSTOMERS for project in customer.projects]
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
            "metadata": _metadata(customer, at, random),
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
        if steps := STEPS.get(status, ()):
            raw["status"] = str(Status.NEW)
        yield ExampleOrder(raw, min(at, now), source, steps, TEAM_NOTES.get(number, ""))


def _status(progress: float, random: Random) -> Status:
    """Return a status that fits the age; `progress` is 0 for the oldest and 1 for the newest."""
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
    for sku, fewest, most in random.sample(RANGES[customer.furnishes], number):
        line: dict[str, Any] = {
            "configurationId": configuration_ids[sku],
            "count": random.randint(fewest, most),
        }
        if random.random() < 0.15:
            line["metadata"] = {"note": random.choice(NOTES)}
        lines.append(line)
    return lines


def _metadata(customer: DemoCustomer, at: datetime, random: Random) -> dict[str, Any]:
    year, week, _ = (at + timedelta(weeks=random.randint(2, 7))).isocalendar()
    metadata: dict[str, Any] = {
        "deliveryMethod": random.choice(("kerbside", "kerbside", "room", "room", "pickup")),
        "deliveryCountry": customer.country,
        "deliveryWeek": f"{year}, week {week}",
        "assembly": random.random() < 0.4,
    }
    if random.random() < 0.35:
        metadata["discountPercent"] = random.choice((3, 5, 7.5, 10))
    if random.random() < 0.4:
        metadata["purchaseOrder"] = f"PO-{random.randint(40000, 49999)}"
    return metadata


def _day(week: str) -> str:
    """Return the Thursday of a week such as `2026, week 50`."""
    year, _, number = week.partition(", week ")
    return date.fromisocalendar(int(year), int(number), 4).isoformat()


def _add_origin(raw: dict[str, Any], customer: DemoCustomer, number: int, random: Random) -> Source:
    """Add the shop that the order came from, if any, and return its source."""
    if customer.name == "Web shop":
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
    """Change a few orders to what old clients and people in a hurry send."""
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
