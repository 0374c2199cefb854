"""Orders as customers find them, and a clock that does not make the tests wait."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from orders import intake
from orders.customer.pace import MISS_SECONDS, MissPace
from orders.rules.inputs import Limits
from orders.rules.order import Order
from orders.rules.short_id import check_character
from tests.actors import Org

# A code with every character that people confuse: 0 with O, 1 with I and L.
CODE = "0110ABCDEF1" + check_character("0110ABCDEF1")
UNKNOWN_CODE = "ZZZZ0000111" + check_character("ZZZZ0000111")

PlaceOrder = Callable[..., Order]


@dataclass
class Clock:
    """Time that passes only when someone sleeps, or `busy` seconds at each look at it."""

    now: float = 1000.0
    busy: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        """Read the clock, in seconds."""
        at = self.now
        self.now += self.busy
        return at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(app: Flask) -> Clock:
    """The clock by which the look-up paces its misses."""
    clock = Clock()
    app.extensions["miss_pace"] = MissPace(MISS_SECONDS, clock.read, clock.sleep)
    return clock


@pytest.fixture
def place_order(app: Flask, org: Org) -> PlaceOrder:
    """Place an order as the org's script does; its code is CODE."""

    def place(**fields: object) -> Order:
        with app.app_context():
            draft = intake.check_order(fields, actor=org.actor(), limits=Limits())
            return intake.create_order(draft, actor=org.actor(), new_short_id=lambda: CODE)

    return place
