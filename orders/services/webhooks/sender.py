"""Sends due messages, so that a slow receiver does not delay the messages of other orgs.

One thread claims messages (reserves them for this process) and stores results, a few dozen in each
transaction. Lanes send the messages: a lane is a thread that posts messages to one webhook, one
after another on the same connection, and ends when there are no more. Lanes never access the
database (docs/decisions/0037-lanes-send-messages.md).
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from orders.domain.webhook import Webhook
from orders.measurements import Measured, report
from orders.services.webhooks import webhooks
from orders.services.webhooks.claims import (
    GONE,
    ClaimedMessage,
    DueWebhook,
    Outcome,
    find_due,
    is_expiring,
    store_and_claim,
)
from orders.services.webhooks.webhook_client import PostResult, ReceiverConnection, WebhookClient

log = logging.getLogger(__name__)

# Simultaneous attempts to one webhook, and claims of one that answers within FAST seconds.
MOST_AT_ONCE = 4
MOST_CLAIMED = 96
FAST = 0.1
# Simultaneous attempts of a process to all webhooks.
MOST_LANES = 256
# Messages claimed in one round, and seconds from one round to the next: a backlog must not take the
# processor and the database from those who place orders.
CLAIMED_A_ROUND = 62
ROUND = 0.2
REST = 0.02  # seconds after a round that took longer
# Seconds between two looks for due messages while nothing happens.
POLL = 0.5
# Seconds for which an idle lane keeps its connection.
LINGER = 0.3
# The least rest of a claim with which an attempt begins; with less it was not renewed in time.
MARGIN = timedelta(seconds=1)


@dataclass(slots=True, eq=False)
class _Receiver:
    """A webhook to which this process sends messages.

    `held` are the messages that the process has claimed for it and that have no outcome yet, and
    `width` is the maximum of their number, which is 1 after an attempt without a response. `lanes`
    is the number of threads that send, and `waiting` are claimed messages that no lane has taken
    yet. `seconds` is the duration of the last attempt, `running` contains when the running attempts
    started, by thread ID, and `served_at` is when a message was last claimed, both by the monotonic
    clock.
    """

    org_id: str
    width: int = MOST_AT_ONCE
    held: set[ClaimedMessage] = field(default_factory=set)
    lanes: int = 0
    waiting: deque[ClaimedMessage] = field(default_factory=deque)
    seconds: float = FAST
    running: dict[int, float] = field(default_factory=dict)
    served_at: float = 0.0

    @property
    def claims(self) -> int:
        """The number of messages that the process has claimed for the webhook."""
        return len(self.held)

    @property
    def is_fast(self) -> bool:
        return self.width > MOST_AT_ONCE

    @property
    def most_lanes(self) -> int:
        """The maximum of `lanes`: for a fast receiver, as many as can send all claims in a round.

        More would only compete for the processor.
        """
        if not self.is_fast:
            return self.width
        if self.running and time.monotonic() - min(self.running.values()) > FAST:
            return MOST_AT_ONCE  # the others must not wait for a slow one
        return min(MOST_AT_ONCE, 1 + int(MOST_CLAIMED * self.seconds / ROUND))


class Sender:
    """Sends the messages of all orgs; one thread must call `run_round` in a loop.

    `org_lanes` is the maximum number of simultaneous attempts for one org. Once `is_stopping`
    returns True, no more attempts are started. `on_gone` is called with each webhook that was
    switched off because its receiver responded with 410.
    """

    def __init__(
        self,
        client: WebhookClient,
        *,
        org_lanes: int,
        is_stopping: Callable[[], bool],
        on_gone: Callable[[Webhook], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._org_lanes = org_lanes
        self._is_stopping = is_stopping
        self._on_gone = on_gone
        self._receivers: dict[str, _Receiver] = {}
        self._outcomes: list[Outcome] = []
        # Guards the receivers and outcomes; notified when claims wait for a lane.
        self._changed = threading.Condition()
        self._has_outcomes = threading.Event()
        self._gone: list[ClaimedMessage] = []

    @property
    def is_idle(self) -> bool:
        """Whether no message is being sent or waiting to be sent, and all results are stored."""
        with self._changed:
            return not self._outcomes and not any(one.claims for one in self._receivers.values())

    def wake(self) -> None:
        """Make `run_round` and idle lanes stop waiting. Any thread may call this."""
        self._has_outcomes.set()
        with self._changed:
            self._changed.notify_all()

    def run_round(self) -> None:
        """Wait up to POLL for results, store them, then claim due messages and start to send them.

        Also renews the claims of messages whose attempts take long.
        Raises ServiceBusy if the database is unavailable. No result is lost then: a later round
        stores it.
        """
        self._has_outcomes.wait(POLL)
        self._has_outcomes.clear()
        began = time.monotonic()
        if self._is_stopping():
            self._release_waiting(self._receivers.values())
        at = datetime.now(UTC)
        due = [] if self._is_stopping() else find_due(at)
        with self._changed:
            outcomes = self._outcomes[:]
            held = [claim for one in self._receivers.values() for claim in one.held]
            claiming = {one.webhook_id for one in (*held, *(one.claim for one in outcomes))}
            counts = self._choose([one for one in due if not one.is_claimed or one.id in claiming])
        claims: list[ClaimedMessage] = []
        if outcomes or counts or any(is_expiring(one, at) for one in held):
            claims = store_and_claim(outcomes, counts, held=held, at=at)
            with self._changed:
                del self._outcomes[: len(outcomes)]
            self._gone += [one.claim for one in outcomes if _is_gone(one)]
        self._start(claims)
        if outcomes or counts:
            time.sleep(max(REST, began + ROUND - time.monotonic()))
        while self._gone:
            self._switch_off(self._gone[-1])
            self._gone.pop()

    def _choose(self, due: list[DueWebhook]) -> dict[str, int]:
        """Return how many messages to claim, by webhook ID; orgs that waited longest go first.

        `due` are the webhooks with due messages that this process may claim.
        """
        lanes = self._lanes_by_org()
        served: dict[str, float] = {}
        for one in self._receivers.values():
            served[one.org_id] = max(one.served_at, served.get(one.org_id, 0.0))
        found = [(one.id, self._receivers.setdefault(one.id, _Receiver(one.org_id))) for one in due]
        found.sort(key=lambda pair: (served.get(pair[1].org_id, 0.0), pair[1].served_at))
        share = max(MOST_AT_ONCE, CLAIMED_A_ROUND // max(1, len(found)))
        left, counts = CLAIMED_A_ROUND, {}
        for webhook_id, receiver in found:
            free = min(self._org_lanes - lanes[receiver.org_id], MOST_LANES - lanes.total())
            may_have = min(receiver.most_lanes, receiver.lanes + free)
            # Only those of a fast receiver wait for a lane.
            width = receiver.width if may_have and receiver.is_fast else may_have
            count = min(width - receiver.claims, share, left)
            if count > 0:
                counts[webhook_id] = count
                left -= count
                more = min(may_have, receiver.claims + count) - receiver.lanes
                lanes[receiver.org_id] += max(0, more)
        if not left:  # there may be others
            self._has_outcomes.set()
        return counts

    def _lanes_by_org(self) -> Counter[str]:
        lanes: Counter[str] = Counter()
        for one in self._receivers.values():
            lanes[one.org_id] += one.lanes
        return lanes

    def _start(self, claims: list[ClaimedMessage]) -> None:
        """Queue claimed messages for lanes (sending threads); start lanes within the limits.

        Lanes are also started for messages that were queued before.
        """
        begun = []
        with self._changed:
            lanes = self._lanes_by_org()
            for claim in claims:
                receiver = self._receivers[claim.webhook_id]
                receiver.held.add(claim)
                receiver.served_at = time.monotonic()
                if claim.hindrance:
                    self._finish(receiver, claim, PostResult(None, claim.hindrance))
                    continue
                receiver.waiting.append(claim)
            for receiver in self._receivers.values():
                wanted = min(receiver.most_lanes, receiver.claims) if receiver.waiting else 0
                free = min(self._org_lanes - lanes[receiver.org_id], MOST_LANES - lanes.total())
                for _ in range(min(wanted - receiver.lanes, free)):
                    receiver.lanes += 1
                    lanes[receiver.org_id] += 1
                    begun.append(receiver)
            self._changed.notify_all()
        for receiver in begun:
            self._begin_lane(receiver)

    def _begin_lane(self, receiver: _Receiver) -> None:
        try:
            threading.Thread(target=self._run_lane, args=(receiver,), daemon=True).start()
        except RuntimeError as error:  # the system allows no further thread
            log.warning("A lane could not be started: %s", error)
            with self._changed:
                receiver.lanes -= 1
                if not receiver.lanes:
                    self._release_waiting([receiver])

    def _run_lane(self, receiver: _Receiver) -> None:
        claim, is_counted = None, True
        try:
            with self._client.connection() as connection:
                while (claim := self._next(receiver)) is not None:
                    self._send(connection, receiver, claim)
                is_counted = False  # by `_next`
        except Exception:
            with self._changed:
                receiver.running.pop(threading.get_ident(), None)
                receiver.lanes -= is_counted
                if claim in receiver.held:
                    self._finish(receiver, claim, None)
            log.exception("A lane has failed; others go on, and its message is sent again.")

    def _next(self, receiver: _Receiver) -> ClaimedMessage | None:
        """Return the next message for a lane to send, or None if the lane must end.

        Waits up to LINGER for a message.
        """
        with self._changed:
            if not receiver.waiting and not self._is_stopping():
                self._changed.wait_for(lambda: receiver.waiting, LINGER)
            is_needed = receiver.lanes <= receiver.most_lanes
            if receiver.waiting and is_needed and not self._is_stopping():
                return receiver.waiting.popleft()
            receiver.lanes -= 1
            return None

    def _send(
        self, connection: ReceiverConnection, receiver: _Receiver, claim: ClaimedMessage
    ) -> None:
        began, at = time.monotonic(), datetime.now(UTC)
        is_valid = claim.until - at > MARGIN
        thread = threading.get_ident()
        with self._changed:
            receiver.running[thread] = began
        result = connection.post(claim.message, at=at) if is_valid else None
        seconds = time.monotonic() - began
        with self._changed:
            del receiver.running[thread]
            self._finish(receiver, claim, result)
            if result is None:
                return
            report(Measured.DELIVERY, seconds, "delivered" if result.is_delivered else "failed")
            if result.status is None or result.status == GONE:
                receiver.width = 1
                self._release_waiting([receiver])
            else:
                is_fast = seconds < FAST and result.is_delivered
                receiver.width = MOST_CLAIMED if is_fast else MOST_AT_ONCE
                receiver.seconds = seconds

    def _finish(
        self, receiver: _Receiver, claim: ClaimedMessage, result: PostResult | None
    ) -> None:
        receiver.held.remove(claim)
        self._outcomes.append(Outcome(claim, result, datetime.now(UTC)))
        self._has_outcomes.set()

    def _release_waiting(self, receivers: Iterable[_Receiver]) -> None:
        """End the claims on messages that wait for a lane, so that these can be claimed again."""
        with self._changed:
            for receiver in receivers:
                while receiver.waiting:
                    self._finish(receiver, receiver.waiting.popleft(), None)

    def _switch_off(self, claim: ClaimedMessage) -> None:
        switched_off = webhooks.switch_off(claim.webhook_id, address=claim.message.address)
        if switched_off is not None:
            log.info("Webhook %s is switched off: its receiver has answered 410.", switched_off.id)
            self._on_gone(switched_off)


def _is_gone(outcome: Outcome) -> bool:
    return outcome.result is not None and outcome.result.status == GONE
