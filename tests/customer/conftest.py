"""Orders with a known code, and a clock that does not make tests wait."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.domain.short_id import check_character
from orders.interfaces.customer.blueprint import MISS_SECONDS, ConstantTimeAnswer
from orders.services.orders import intake
from tests.actors import Org

# A code with all characters that people confuse: 0 (with O) and 1 (with I and L).
CODE = "0110ABCDEF1" + check_character("0110ABCDEF1")
UNKNOWN_CODE = "ZZZZ0000111" + check_character("ZZZZ0000111")

PlaceOrder = Callable[..., Order]


@dataclass
class Clock:
    """A clock that advances only during `sleep`, and by `busy` seconds with each `read`."""

    now: float = 1000.0
    busy: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        """Return the time in seconds."""
        at = self.now
        self.now += self.busy
        return at

    def sleep(self, seconds: float) -> None:
        """Advance the time."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(app: Flask) -> Clock:
    """The clock of the constant-time answers."""
    clock = Clock()
    app.extensions["constant_time_answer"] = ConstantTimeAnswer(
        MISS_SECONDS, clock.read, clock.sleep
    )
    return clock


@pytest.fixture
def place_order(app: Flask, org: Org) -> PlaceOrder:
    """Create an order, as the org's script does, with the short ID CODE."""

    def place(**fields: object) -> Order:
        with app.app_context():
            draft = intake.check_order(fields, actor=org.actor(), limits=Limits())
            return intake.create_order(draft, actor=org.actor(), new_short_id=lambda: CODE)

    return place
