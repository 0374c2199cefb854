"""Notes on orders of a file that leave out what is usual for their customers."""

from collections.abc import Iterable

from orders.domain.habits import Habit
from orders.domain.identifiers import clean_reference
from orders.domain.import_doubts import habitual, left_out
from orders.domain.imported_orders import ImportedOrder
from orders.domain.order import OrderDraft
from orders.domain.texts import Text
from orders.services.accounts.access import Actor
from orders.services.orders.customer_habits import usual_values_of


class HabitNotes:
    """The usual values of the customers in a file; those of each customer are read once."""

    def __init__(self, actor: Actor) -> None:
        """Start without any customer; `actor` is the person who imports."""
        self._org_id = actor.org_id
        self._rules = habitual(actor.org.attributes)
        self._known: dict[str, dict[str, Habit]] = {}

    def look_up(self, orders: Iterable[ImportedOrder]) -> None:
        """Read the usual values of the customers of these orders."""
        if not self._rules:
            return
        every = {_customer_of(order.raw.get("customerId")) for order in orders} - {""}
        missing = every - self._known.keys()
        # Customers without a habit are not read again.
        self._known |= {one: {} for one in missing}
        self._known |= usual_values_of(missing, self._org_id, self._rules)

    def of(self, order: ImportedOrder, draft: OrderDraft) -> list[Text]:
        """Return a note for each usual value that the file does not set, if the order lacks it.

        `draft` is the order as it would be created. The customer must have been looked up.
        """
        habits = self._known.get(_customer_of(draft.customer_id), {})
        if not habits:
            return []
        areas = {"metadata": draft.metadata, "derivative": draft.derivative}
        values = {
            rule.path: value
            for rule in self._rules
            for area in reversed(rule.areas)
            if (value := areas[area].get(rule.key)) is not None
        }
        return list(left_out(order.raw, values, habits, self._rules))


def _customer_of(sent: object) -> str:
    return clean_reference(sent) if isinstance(sent, str) else ""
