"""The demo's workshop, read from `workshop.json`: its products and what its customers order."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from orders.domain.attributes import AttributeRule
from orders.domain.status import Status
from orders.services.catalog.sample_products import SAMPLE_PRODUCTS, SampleProduct


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer with one order for each project.

    `furnishes` is the kind of place that the customer furnishes, a key of `Workshop.ranges`.
    `record` has the fields of the customer's record beside ID and name; None for no record.
    """

    name: str
    customer_id: str
    country: str
    furnishes: str
    projects: tuple[str, ...]
    record: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """The content of the demo.

    `attributes` use every kind and setting once. Required attributes have a default, so that a
    minimal order, such as the first example of the README, is valid. `prices` maps SKUs to prices
    for the trade, in the customer's currency. `ranges` maps a kind of place to what customers buy
    to furnish it: SKU, smallest and largest count. `steps` maps an order's last status to the
    status changes that lead to it, each with its time after the order's creation. `team_notes` maps
    the number of an order, from 0, to its note. `line_notes` are notes for random lines.
    """

    name: str
    attributes: tuple[AttributeRule, ...]
    customers: tuple[DemoCustomer, ...]
    prices: dict[str, str]
    ranges: dict[str, tuple[tuple[str, int, int], ...]]
    steps: dict[Status, tuple[tuple[Status, timedelta], ...]]
    team_notes: dict[int, str]
    line_notes: tuple[str, ...]

    @property
    def products(self) -> tuple[SampleProduct, ...]:
        """The products of the workshop, which an empty desk can load as samples, too."""
        return SAMPLE_PRODUCTS


WORKSHOP = TypeAdapter(Workshop).validate_json(Path(__file__).with_suffix(".json").read_bytes())
