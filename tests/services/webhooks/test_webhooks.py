"""Webhooks in the services: their org, the effect of a change, and their secrets."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from orders.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from orders.domain.inputs import Limits
from orders.domain.webhook import Webhook
from orders.services.accounts import org_rules
from orders.services.webhooks import webhooks
from orders.storage.pages import Paging
from tests.actors import Org

pytestmark = pytest.mark.usefixtures("inside")
ADDRESS = "https://shop.example/hook"
NOW = datetime(2026, 11, 25, 9, 30, 0, 123_000, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def made(org: Org) -> webhooks.NewWebhook:
    return create(org)


def create(org: Org, *, now: datetime = NOW, **fields: object) -> webhooks.NewWebhook:
    raw = {"topic": "order.created", "address": ADDRESS, **fields}
    return webhooks.create(raw, actor=org.actor(), limits=Limits(), allow_private=False, now=now)


def change(org: Org, webhook_id: str, raw: object, *, now: datetime = LATER) -> Webhook:
    return webhooks.change(
        webhook_id, raw, actor=org.actor(), limits=Limits(), allow_private=False, now=now
    )


def test_a_new_webhook_comes_back_as_it_is_stored(org: Org) -> None:
    made = create(org, filter={"status": ["New"]})
    assert made.webhook == webhooks.find(made.webhook.id, org.id)
    assert made.webhook.org_id == org.id
    assert made.webhook.filter == {"status": ["New"]}
    assert made.webhook.created_at == made.webhook.updated_at == NOW
    assert made.webhook.created_by == org.private.id


def test_each_secret_is_different_and_in_the_standard_form(org: Org) -> None:
    secrets = {create(org).secret for _ in range(3)}
    assert len(secrets) == 3
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_every_change_is_a_change_of_the_orgs_rules(org: Org, made: webhooks.NewWebhook) -> None:
    def receivers() -> list[tuple[str, str]]:
        return [(rule.id, rule.topic) for rule in org_rules.org_rules_of(org.id).webhooks]

    key = made.webhook.id
    assert receivers() == [(key, "order.created")]
    change(org, key, {"topic": "order.deleted"})
    assert receivers() == [(key, "order.deleted")]
    webhooks.bin_webhook(key, org.id)
    assert receivers() == []
    webhooks.restore(key, actor=org.actor())
    assert receivers() == [(key, "order.deleted")]


def test_a_change_replaces_what_was_sent_and_keeps_the_rest(
    org: Org, made: webhooks.NewWebhook
) -> None:
    key = made.webhook.id
    changed = change(org, key, {"filter": {"status": ["Complete"]}})
    assert changed == made.webhook._replace(filter={"status": ["Complete"]}, updated_at=LATER)
    assert webhooks.find(key, org.id) == changed
    assert change(org, key, {"filter": {}}).filter == {}
    assert webhooks.read_secret(key, org.id) == made.secret


def test_a_change_that_changes_nothing_is_none(org: Org, made: webhooks.NewWebhook) -> None:
    assert change(org, made.webhook.id, {}) == made.webhook
    assert change(org, made.webhook.id, {"address": ADDRESS}) == made.webhook


def test_a_refused_change_changes_nothing(org: Org, made: webhooks.NewWebhook) -> None:
    with pytest.raises(InvalidInput):
        change(org, made.webhook.id, {"topic": "order.deleted", "address": "nowhere"})
    assert webhooks.find(made.webhook.id, org.id) == made.webhook


def test_in_the_bin_it_is_not_found_until_it_is_restored(
    org: Org, made: webhooks.NewWebhook
) -> None:
    key = made.webhook.id
    assert webhooks.bin_webhook(key, org.id, now=LATER).deleted_at == LATER
    for use in (
        lambda: webhooks.find(key, org.id),
        lambda: change(org, key, {}),
        lambda: webhooks.bin_webhook(key, org.id),
        lambda: webhooks.roll_secret(key, org.id),
    ):
        with pytest.raises(NotFound):
            use()
    assert webhooks.list_webhooks(org.id, Paging()).count == 0
    assert webhooks.list_webhooks(org.id, Paging(), in_bin=True).count == 1
    restored = webhooks.restore(key, actor=org.actor(), now=LATER)
    assert restored == webhooks.find(key, org.id) == made.webhook._replace(updated_at=LATER)
    assert webhooks.restore(key, actor=org.actor()) == restored


def test_a_webhook_of_another_org_does_not_exist(
    org: Org, other_org: Org, made: webhooks.NewWebhook
) -> None:
    uses: list[Callable[[str], object]] = [
        lambda key: webhooks.find(key, other_org.id),
        lambda key: webhooks.read_secret(key, other_org.id),
        lambda key: webhooks.roll_secret(key, other_org.id),
        lambda key: webhooks.bin_webhook(key, other_org.id),
        lambda key: webhooks.restore(key, actor=other_org.actor()),
        lambda key: change(other_org, key, {"topic": "order.deleted"}),
    ]
    for use in uses:
        for key in (made.webhook.id, UNKNOWN, "nonsense", "a\0b", "é", ""):
            with pytest.raises(NotFound):
                use(key)
    assert webhooks.list_webhooks(other_org.id, Paging()).count == 0
    assert webhooks.find(made.webhook.id, org.id) == made.webhook


def test_another_org_cannot_be_named(org: Org, other_org: Org) -> None:
    with pytest.raises(Forbidden):
        create(org, orgId=other_org.id)
    assert create(org, orgId=org.id.upper()).webhook.org_id == org.id
    with pytest.raises(InvalidInput):
        create(org, orgId=7)


@pytest.mark.parametrize("field", ["createdAt", "updatedAt", "topic", "address"])
def test_lists_are_sorted_both_ways_and_pages_contain_each_once(org: Org, field: str) -> None:
    for number in range(5):
        create(org, now=NOW + timedelta(minutes=number), address=f"{ADDRESS}/{number % 2}")
    whole = webhooks.list_webhooks(org.id, Paging(per_page=10, sort=field)).entries
    assert len(whole) == 5
    turned = webhooks.list_webhooks(org.id, Paging(per_page=10, sort=f"-{field}")).entries
    assert list(turned) == list(reversed(whole))
    pages = [webhooks.list_webhooks(org.id, Paging(page, 2, field)) for page in (1, 2, 3, 4)]
    assert [webhook for page in pages for webhook in page.entries] == list(whole)
    assert {page.count for page in pages} == {5}


def test_an_org_has_a_limit_of_webhooks(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 2)
    first, _ = create(org), create(org)
    with pytest.raises(Conflict, match="limit is 2"):
        create(org)
    webhooks.bin_webhook(first.webhook.id, org.id)
    create(org)
    with pytest.raises(Conflict, match="limit is 2"):
        webhooks.restore(first.webhook.id, actor=org.actor())


def test_a_rolled_secret_is_another_one(org: Org, made: webhooks.NewWebhook) -> None:
    rolled = webhooks.roll_secret(made.webhook.id, org.id, now=LATER)
    assert rolled != made.secret
    assert webhooks.read_secret(made.webhook.id, org.id) == rolled
