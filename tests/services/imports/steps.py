"""The steps of an import from its file to its orders, and the orders that are stored then."""

from sqlalchemy import select

from orders.domain.inputs import Limits
from orders.services.imports import control, records, upload, work
from orders.services.imports.records import Import
from orders.services.orders import queries
from orders.storage import database, tables
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.sheets import csv_of

LIMITS = Limits()
HEADS = ("order", "name", "configurationId", "count")
GOOD = csv_of(
    HEADS,
    ("A", "Reception", CHAIR, 2),
    ("A", "Reception", CHAIR, 3),
    ("B", "Canteen", CHAIR, 1),
    ("C", "Roof", CHAIR, 4),
)
MIXED = csv_of(HEADS, ("A", "Good", CHAIR, 2), ("B", "Bad", CHAIR, "many"), ("C", "Fine", CHAIR, 1))


def uploaded(org: Org, content: str | bytes, key: str = "key") -> Import:
    sent = content.encode() if isinstance(content, str) else content
    return upload.upload("orders.csv", sent, actor=org.staff().actor, limits=LIMITS, key=key)


def worked(one: Import, org: Org) -> Import:
    """Let the background do all that it can."""
    while work.work_next(LIMITS):
        pass
    return records.find(one.id, org.id)


def checked(org: Org, content: str | bytes, key: str = "key") -> Import:
    one = uploaded(org, content, key)
    actor = org.staff().actor
    upload.match(one, upload.suggest(one, actor), actor=actor)
    return worked(one, org)


def started(one: Import, org: Org, **choices: bool) -> Import:
    control.start(
        one,
        actor=org.staff().actor,
        all_or_nothing=choices.get("all_or_nothing", False),
        skip_same=choices.get("skip_same", False),
        again=choices.get("again", False),
    )
    return records.find(one.id, org.id)


def stored(org: Org) -> list[tuple[str | None, list[int]]]:
    """Return name and counts of every stored order of the org, by name."""
    with database.read() as connection:
        ids = connection.execute(
            select(tables.orders.c.id)
            .where(tables.orders.c.org_id == org.id)
            .order_by(tables.orders.c.name)
        ).scalars()
        found = [queries.find_order(one, org.id) for one in ids.all()]
    return [(order.name, [line.count for line in order.cart]) for order in found]
