"""Messages are sent once, tried again for a day, and never forgotten."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from orders.domain.errors import Conflict, NotFound
from orders.domain.inputs import Limits
from orders.services.orders import intake
from orders.services.webhooks import claims, deliveries, webhooks
from orders.services.webhooks.claims import PAUSES
from orders.services.webhooks.deliveries import DeliveryState
from orders.services.webhooks.webhook_client import PostResult
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from orders.storage.pages import Paging
from tests.actors import Org
from tests.services.webhooks.desk import ADDRESS, FAILED, NOW, OK, Desk


class TestSending:
    def test_a_message_is_sent_once(self, desk: Desk) -> None:
        made = desk.hook()
        order = desk.order(name="Hall")
        assert desk.only(made.webhook.id).state is DeliveryState.WAITING
        assert desk.send()
        assert not desk.send()
        [message] = desk.sent
        assert (message.address, message.secrets) == (ADDRESS, (made.secret,))
        assert f'"shortId":"{order.short_id}"' in message.payload
        delivery = desk.only(made.webhook.id)
        assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)
        assert (delivery.last_status, delivery.last_answer) == (204, "")
        assert delivery.order_short_id == order.short_id
        assert delivery.next_attempt_at is None

    def test_the_longest_due_message_is_sent_first(self, desk: Desk) -> None:
        desk.hook()
        codes = []
        for minute in (0, 1, 2):
            desk.now = NOW + timedelta(minutes=minute)
            codes.append(desk.order().short_id)
        while desk.send():
            pass
        assert [code for sent in desk.sent for code in codes if code in sent.payload] == codes

    def test_a_failed_one_is_tried_again_and_the_same_message_arrives(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED, PostResult(None, "Nobody there"), OK]
        assert desk.send()
        delivery = desk.only(made.webhook.id)
        assert delivery.state is DeliveryState.RETRYING
        assert (delivery.last_status, delivery.last_answer) == (500, "Out of order")
        assert delivery.next_attempt_at == NOW + PAUSES[0]
        assert not desk.send(), "not before its time"
        for pause in PAUSES[:2]:
            desk.now += pause
            assert desk.send()
        assert len(set(desk.sent)) == 1
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED
        assert desk.only(made.webhook.id).attempts == 3

    def test_attempts_end_after_a_day(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED]
        begun, times = desk.now, []
        while desk.send():
            times.append(desk.now)
            following = desk.only(made.webhook.id).next_attempt_at
            if following is not None:
                desk.now = following
        assert [later - sooner for sooner, later in itertools.pairwise(times)] == list(PAUSES)
        assert timedelta(hours=23) < times[-1] - begun <= timedelta(hours=24)
        delivery = desk.only(made.webhook.id)
        assert (delivery.state, delivery.attempts) == (DeliveryState.GIVEN_UP, len(PAUSES) + 1)
        desk.now += timedelta(days=30)
        assert not desk.send()

    def test_pauses_grow_and_are_random(self) -> None:
        assert list(PAUSES) == sorted(PAUSES)
        for number, pause in enumerate(PAUSES, start=1):
            least, most = (claims.pause_after(number, chance) for chance in (0.0, 1.0))
            assert least is not None
            assert most is not None
            assert least < pause < most
            assert most - least == pause * 2 * claims.JITTER
        assert claims.pause_after(len(PAUSES) + 1, 0.5) is None

    @pytest.mark.parametrize("status", [199, 300, 302, 400, 404, 429, 503, None])
    def test_only_2xx_is_a_delivery(self, desk: Desk, status: int | None) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [PostResult(status, "")]
        desk.send()
        assert desk.only(made.webhook.id).state is DeliveryState.RETRYING

    @pytest.mark.parametrize("status", [200, 201, 202, 299])
    def test_any_2xx_is_a_delivery(self, desk: Desk, status: int) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [PostResult(status, "")]
        desk.send()
        assert desk.only(made.webhook.id).state is DeliveryState.DELIVERED

    def test_410_gives_up_at_once(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [PostResult(410, "Gone")]
        desk.send()
        assert desk.only(made.webhook.id).state is DeliveryState.GIVEN_UP

    def test_a_corrected_address_and_a_new_secret_are_used_from_the_next_attempt(
        self, desk: Desk
    ) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED]
        desk.send()
        key, corrected = made.webhook.id, "https://shop.example/corrected"
        webhooks.change(
            key, {"address": corrected}, actor=desk.actor, limits=Limits(), allow_private=False
        )
        rolled = webhooks.roll_secret(key, desk.org.id, now=desk.now)
        desk.now += PAUSES[0]
        desk.send()
        assert (desk.sent[-1].address, desk.sent[-1].secrets) == (corrected, (rolled, made.secret))
        desk.now = NOW + webhooks.OLD_SECRET_LIFE
        desk.send()
        assert desk.sent[-1].secrets == (rolled,)


class TestBin:
    def test_a_binned_webhook_gets_nothing_more(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [FAILED]
        desk.send()
        webhooks.bin_webhook(made.webhook.id, desk.org.id)
        assert desk.only(made.webhook.id).state is DeliveryState.GIVEN_UP
        webhooks.restore(made.webhook.id, actor=desk.actor)
        desk.now += timedelta(days=1)
        assert not desk.send()
        assert len(desk.sent) == 1

    def test_a_message_that_was_written_meanwhile_is_given_up_unsent(self, desk: Desk) -> None:
        made = desk.hook()
        actor = desk.actor
        webhooks.bin_webhook(made.webhook.id, desk.org.id)
        # An order that had read the org's rules before.
        draft = intake.check_order({"status": "List"}, actor=actor, limits=Limits())
        intake.create_order(draft, actor=actor, now=desk.now)
        assert desk.send()
        assert desk.sent == []
        delivery = desk.only(made.webhook.id)
        assert delivery.state is DeliveryState.GIVEN_UP
        assert delivery.last_answer == claims.IN_THE_BIN


class TestSendAgain:
    @pytest.mark.parametrize("outcome", [OK, FAILED, PostResult(410, "")])
    def test_a_message_in_any_state_can_be_sent_again(
        self, desk: Desk, outcome: PostResult
    ) -> None:
        made = desk.hook()
        desk.order()
        desk.answers = [outcome, OK]
        desk.send()
        key = made.webhook.id
        deliveries.send_again(desk.only(key).id, key, desk.org.id, now=desk.now)
        assert desk.only(key).state is DeliveryState.RETRYING
        assert desk.send()
        assert not desk.send()
        assert desk.sent[0] == desk.sent[1]
        assert (desk.only(key).state, desk.only(key).attempts) == (DeliveryState.DELIVERED, 2)

    def test_a_message_cannot_be_sent_again_while_sending_or_in_the_bin(self, desk: Desk) -> None:
        made = desk.hook()
        desk.order()
        key = made.webhook.id
        delivery = desk.only(key).id
        claim = update(WebhookDelivery).values(claimed_until=desk.now + claims.LEASE)
        database.write(lambda connection: connection.execute(claim).rowcount)
        with pytest.raises(Conflict, match="This message is being sent right now"):
            deliveries.send_again(delivery, key, desk.org.id, now=desk.now)
        webhooks.bin_webhook(key, desk.org.id)
        with pytest.raises(Conflict, match="deleted"):
            deliveries.send_again(delivery, key, desk.org.id, now=desk.now)

    def test_messages_of_another_org_or_webhook_do_not_exist(
        self, desk: Desk, other_org: Org
    ) -> None:
        made, beside = desk.hook(), desk.hook(topic="order.deleted")
        desk.order()
        delivery, key = desk.only(made.webhook.id).id, made.webhook.id
        tries: list[Callable[[], None]] = [
            lambda: deliveries.send_again(delivery, key, other_org.id),
            lambda: deliveries.send_again(delivery, beside.webhook.id, desk.org.id),
            lambda: deliveries.send_again("nonsense", key, desk.org.id),
            lambda: deliveries.send_again(delivery, "a\0b", desk.org.id),
        ]
        for again in tries:
            with pytest.raises(NotFound):
                again()
        assert deliveries.list_deliveries(key, other_org.id, Paging()).entries == []
        assert deliveries.list_deliveries("a\0b", desk.org.id, Paging()).entries == []


class TestOldMessages:
    def test_old_messages_are_deleted_once_they_are_final(self, desk: Desk) -> None:
        desk.answers = [OK, PostResult(410, "gone"), FAILED]
        hook = desk.hook().webhook.id
        for _ in range(3):
            desk.order()
            desk.send()
        kept_for = timedelta(days=30)
        for days, left in ((30, 3), (31, 1)):
            desk.now = NOW + timedelta(days=days)
            gone = deliveries.clear_old(kept_for, now=lambda: desk.now)
            assert (gone, len(desk.list(hook))) == (3 - left, left)
        assert desk.only(hook).state is DeliveryState.RETRYING
