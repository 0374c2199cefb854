"""Example data."""

from dataclasses import dataclass

from orders.rules.limits import Limits


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What was made; the secrets are given once."""

    org_id: str
    email: str
    password: str
    private_token: str
    public_token: str
    configurations: int
    orders: int


def seed_demo(limits: Limits) -> DemoResult:
    raise NotImplementedError
