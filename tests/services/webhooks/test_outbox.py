"""Messages are written with their order or not at all, by topic, for the right webhooks."""

import json

import pytest
from sqlalchemy import func, select

from orders.domain.errors import InvalidInput, ServiceBusy, StaleVersion
from orders.domain.inputs import Limits
from orders.domain.webhook import Topic
from orders.services.idempotency import IdempotencyKey, fingerprint
from orders.services.orders import changes as order_changes
from orders.services.orders import intake
from orders.services.webhooks import webhooks
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.services.webhooks.desk import Desk


def stored() -> int:
    with database.read() as connection:
        count = select(func.count()).select_from(WebhookDelivery)
        return connection.execute(count).scalar_one()


class TestOutbox:
    def test_an_order_writes_a_message_for_each_matching_webhook(self, desk: Desk) -> None:
        hooks = {
            "all": desk.hook(),
            "new": desk.hook(filter={"status": ["New", "Complete"]}),
            "lists": desk.hook(filter={"status": ["List"]}),
            "deleted": desk.hook(topic="order.deleted"),
            "bin": desk.hook(),
        }
        webhooks.bin_webhook(hooks["bin"].webhook.id, desk.org.id)
        desk.order(name="Hall")
        sent_to = {name for name, made in hooks.items() if desk.list(made.webhook.id)}
        assert sent_to == {"all", "new"}

    def test_without_webhooks_nothing_is_written(self, desk: Desk) -> None:
        desk.order()
        assert stored() == 0

    def test_an_order_that_fails_leaves_no_message(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.hook()
        taken = desk.order()
        draft = intake.check_order({"status": "List"}, actor=desk.actor, limits=Limits())
        with pytest.raises(ServiceBusy):
            intake.create_order(draft, actor=desk.actor, new_short_id=lambda: taken.short_id)
        assert stored() == 1

    def test_a_repeat_writes_no_second_message(self, desk: Desk) -> None:
        desk.hook()
        once = IdempotencyKey("key", fingerprint({}))
        draft = intake.check_order({"status": "List"}, actor=desk.actor, limits=Limits())
        for _ in range(3):
            intake.create_order(draft, actor=desk.actor, key=once)
        assert stored() == 1

    def test_each_event_of_an_order_is_sent_under_its_topic(self, desk: Desk) -> None:
        made = {topic: desk.hook(topic=topic) for topic in Topic}
        order, actor = desk.order(name="Hall"), desk.actor
        changes = order_changes.check_changes({"name": "Stairs"}, actor=actor, limits=Limits())
        for _ in range(2):  # the second changes nothing
            order_changes.change_order(order.id, changes, actor=actor, now=desk.now)
        line = {"configurationId": CHAIR, "count": 3}
        lines = order_changes.check_lines([line], actor=actor, limits=Limits())
        order_changes.add_lines(order.id, lines, actor=actor, limits=Limits(), now=desk.now)
        for _ in range(2):
            order_changes.cancel_order(order.id, "Twice", actor=actor, now=desk.now)
        for _ in range(2):
            order_changes.reopen_order(order.id, actor=actor, now=desk.now)
        order_changes.bin_order(order.id, actor=actor, now=desk.now)
        order_changes.restore_order(order.id, actor=actor, now=desk.now)
        while desk.send():
            pass
        events = [(sent["type"], sent["data"]["name"], len(sent["data"]["cart"]),
                 sent["data"]["cancelReason"] or sent["data"]["deletedAt"] is not None)
                for sent in (json.loads(message.payload) for message in desk.sent)]  # fmt: skip
        assert sorted(events) == [
            ("order.canceled", "Stairs", 2, "Twice"),
            ("order.created", "Hall", 1, False),
            ("order.deleted", "Stairs", 2, True),
            ("order.updated", "Stairs", 1, False),
            ("order.updated", "Stairs", 2, False),
            ("order.updated", "Stairs", 2, False),
            ("order.updated", "Stairs", 2, False),
        ]
        assert {len(desk.list(hook.webhook.id)) for hook in made.values()} == {1, 4}

    def test_two_messages_of_one_millisecond_can_be_ordered(self, desk: Desk) -> None:
        desk.hook(topic="order.updated")
        order, actor = desk.order(), desk.actor
        for name in ("first", "second", "third"):
            changes = order_changes.check_changes({"name": name}, actor=actor, limits=Limits())
            order_changes.change_order(order.id, changes, actor=actor, now=desk.now)
        while desk.send():
            pass
        sent = [json.loads(message.payload) for message in desk.sent]
        names = [one["data"]["name"] for one in sorted(sent, key=lambda one: one["version"])]
        assert names == ["first", "second", "third"]
        assert {one["version"] for one in sent} == {2, 3, 4}

    def test_a_filter_applies_to_the_status_after_the_change(self, desk: Desk) -> None:
        made = desk.hook(topic="order.updated", filter={"status": ["Complete"]})
        order, actor = desk.order(), desk.actor
        for status, count in (("In Progress", 0), ("Complete", 1), ("New", 1)):
            changes = order_changes.check_changes({"status": status}, actor=actor, limits=Limits())
            order_changes.change_order(order.id, changes, actor=actor)
            assert len(desk.list(made.webhook.id)) == count

    def test_a_change_that_is_refused_leaves_no_message(self, desk: Desk) -> None:
        made = desk.hook(topic="order.updated")
        order, actor = desk.order(), desk.actor
        changes = order_changes.check_changes({"cart": []}, actor=actor, limits=Limits())
        with pytest.raises(InvalidInput):
            order_changes.change_order(order.id, changes, actor=actor)
        with pytest.raises(StaleVersion):
            order_changes.bin_order(order.id, actor=actor, is_current=lambda version: version == 99)
        assert desk.list(made.webhook.id) == []

    def test_webhooks_of_another_org_receive_nothing(self, desk: Desk, other_org: Org) -> None:
        made = Desk(other_org).hook()
        desk.order()
        assert Desk(other_org).list(made.webhook.id) == []
