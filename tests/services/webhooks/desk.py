"""What tests of messages share: an org with webhooks, a clock, and a receiver."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.services.accounts.access import Actor
from orders.services.orders import intake
from orders.services.webhooks import deliveries, webhooks
from orders.services.webhooks.claims import Outcome, find_due, store_and_claim
from orders.services.webhooks.deliveries import Delivery
from orders.services.webhooks.webhook_client import Message, PostResult
from orders.storage.pages import Paging
from tests.actors import Org
from tests.bad_orders import CHAIR

ADDRESS = "https://shop.example/hook"
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
OK, FAILED = PostResult(204, ""), PostResult(500, "Out of order")


class Post(Protocol):
    """Sends a message as `Connection.post` does."""

    def __call__(self, message: Message, /, *, at: datetime | None = None) -> PostResult: ...


def send_next(
    post: Post,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    chance: Callable[[], float] = random.random,
) -> bool:
    """Claim the message that has been due the longest, send it, and store the result.

    Does by itself what a process that sends does in its threads. Return False when nothing is due,
    or only messages to webhooks that others send to.
    """
    at = now()
    for due in find_due(at):
        for claim in store_and_claim([], {due.id: 1}, at=at):
            not_sent = claim.hindrance and PostResult(None, claim.hindrance)
            result = not_sent or post(claim.message, at=now())
            store_and_claim([Outcome(claim, result, now())], {}, at=now(), chance=chance)
            return True
    return False


@dataclass
class Desk:
    """An org, a clock that is set by hand, and a receiver that answers what a test says."""

    org: Org
    now: datetime = NOW
    answers: list[PostResult] = field(default_factory=lambda: [OK])
    sent: list[Message] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        return self.org.actor()

    def hook(self, address: str = ADDRESS, **fields: object) -> webhooks.NewWebhook:
        raw = {"topic": "order.created", "address": address, **fields}
        return webhooks.create(raw, actor=self.actor, limits=Limits(), allow_private=False)

    def order(self, **fields: object) -> Order:
        raw = {"cart": [{"configurationId": CHAIR, "count": 2}], **fields}
        draft = intake.check_order(raw, actor=self.actor, limits=Limits())
        return intake.create_order(draft, actor=self.actor, now=self.now)

    def post(self, message: Message, /, *, at: datetime | None = None) -> PostResult:
        assert at == self.now
        self.sent.append(message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def send(self, chance: float = 0.5) -> bool:
        """Let the next due message be sent."""
        return send_next(self.post, now=lambda: self.now, chance=lambda: chance)

    def list(self, webhook_id: str) -> list[Delivery]:
        page = deliveries.list_deliveries(webhook_id, self.org.id, Paging(), now=self.now)
        assert page.count == len(page.entries)
        return list(page.entries)

    def only(self, webhook_id: str) -> Delivery:
        [delivery] = self.list(webhook_id)
        return delivery
