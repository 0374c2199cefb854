"""How far an import has come, counted from what is noted of its orders."""

from dataclasses import dataclass

from sqlalchemy import func, select

from orders.imports.records import Import, OrderState, State
from orders.storage import database
from orders.storage.tables import order_import_order


@dataclass(frozen=True, slots=True)
class Counts:
    """How many orders of an import are in which state; `same` of those not made yet."""

    good: int = 0
    bad: int = 0
    made: int = 0
    skipped: int = 0
    same: int = 0

    @property
    def known(self) -> int:
        """How many were checked so far."""
        return self.good + self.bad + self.made + self.skipped


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the background has come; `total` is None until the orders are counted."""

    done: int
    total: int | None

    @property
    def percent(self) -> int:
        """Give whole percents, 0 while nobody knows of how much."""
        return self.done * 100 // self.total if self.total else 0


def counts(one: Import) -> Counts:
    """Count the orders of an import by their state."""
    same = func.count(order_import_order.c.same_as)
    statement = (
        select(order_import_order.c.state, func.count(), same)
        .where(order_import_order.c.import_id == one.id)
        .group_by(order_import_order.c.state)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    by_state = {state: count for state, count, _ in rows}
    same_good = {state: found for state, _, found in rows}.get(OrderState.GOOD, 0)
    return Counts(**by_state, same=same_good)


def progress(one: Import, found: Counts) -> Progress:
    """Tell how far the checking or the making of the orders has come."""
    if one.state == State.CHECKING:
        return Progress(found.known, one.order_count)
    waiting = found.good + (found.bad if one.is_all_or_nothing else 0)
    return Progress(found.made, found.made + waiting)
