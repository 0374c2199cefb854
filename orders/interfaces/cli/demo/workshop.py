"""The demo's workshop, read from `workshop.json`: what it makes, and what its customers order."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter

from orders.domain.attributes import AttributeRule
from orders.domain.configuration import ConfigurationInput
from orders.domain.status import Status


@dataclass(frozen=True, slots=True)
class Product:
    """A product; `variant` are its options, `shape` names its drawing (tests/cli/drawings.py)."""

    name: str
    sku: str
    shape: str
    variant: dict[str, str]

    @property
    def picture(self) -> str:
        """The file name of the drawing in `static/demo/`."""
        return f"{self.sku}.svg"

    def configuration(self) -> ConfigurationInput:
        return ConfigurationInput.model_construct(
            variant=self.variant,
            metadata={"name": self.name, "sku": self.sku},
            thumbnail=f"/static/demo/{self.picture}",
            product_id=str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"https://alder-oak.example/{self.name}")
            ),
        )


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer with one order for each project; `furnishes` is a key of `Workshop.ranges`."""

    name: str
    customer_id: str
    country: str
    furnishes: str
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workshop:
    """The content of the demo.

    `attributes` use every kind and setting once. Required ones have a default, so that a minimal
    order, such as the first example of the README, is valid. `ranges` are what customers buy, by
    the kind of place that they furnish: SKU, smallest and largest count. `steps` are, by an order's
    last status, the changes of status up to it with their times after its creation. `team_notes`
    are notes by the number of the order, from 0; `line_notes` are notes for random lines.
    """

    name: str
    products: tuple[Product, ...]
    attributes: tuple[AttributeRule, ...]
    customers: tuple[DemoCustomer, ...]
    ranges: dict[str, tuple[tuple[str, int, int], ...]]
    steps: dict[Status, tuple[tuple[Status, timedelta], ...]]
    team_notes: dict[int, str]
    line_notes: tuple[str, ...]


WORKSHOP = TypeAdapter(Workshop).validate_json(Path(__file__).with_suffix(".json").read_bytes())
