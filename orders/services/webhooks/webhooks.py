"""Webhooks of an org, and the outbox: messages to them, stored together with the event.

A message is stored in the same transaction as the event that it reports, so it is neither lost when
the process dies nor sent for a change that was rolled back; `sender` sends it. Every change of a
webhook increments the version of the org's rules, so that all processes reload the org's webhooks.
"""

import base64
import secrets
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Connection, func, insert, select, update

from orders.domain.errors import Conflict, NotFound
from orders.domain.identifiers import new_uuid, read_uuid
from orders.domain.inputs import Limits
from orders.domain.moments import TICK, now_or, wire_time
from orders.domain.order import Order, order_fields
from orders.domain.texts import lazy_gettext
from orders.domain.webhook import Topic, Webhook, check_change, check_webhook
from orders.services import idempotency
from orders.services.accounts.access import Actor, refuse_foreign_org
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import require_version, version_of
from orders.services.accounts.org_rules import OrgRules
from orders.services.accounts.orgs import bump_rules_version, require_org
from orders.services.idempotency import IdempotencyKey
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery, WebhookRow
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.tables import webhook as table

# Each order stores a message for each webhook that receives it.
MAX_WEBHOOKS = 100
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the Standard Webhooks scheme marks secrets
SECRET_BYTES = 32
# Time in which messages are signed by the old secret too, so that receivers can change theirs.
OLD_SECRET_LIFE = timedelta(days=1)

# Wire names of the fields that a list can be sorted by.
SORTABLE: Mapping[str, Any] = {
    "createdAt": table.c.created_at,
    "updatedAt": table.c.updated_at,
    "topic": table.c.topic,
    "address": table.c.address,
}
_SECRETS = {"secret", "old_secret", "old_secret_until"}
_columns = [column for column in table.c if column.name not in _SECRETS]
_whole = select(*_columns, table.c.secret)


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that was just created, with the secret that signs its messages."""

    webhook: Webhook
    secret: str


def create(
    raw: object,
    *,
    actor: Actor,
    limits: Limits,
    allow_private: bool,
    key: IdempotencyKey | None = None,
    webhook_id: str | None = None,
    now: datetime | None = None,
) -> NewWebhook:
    """Create a webhook from the fields that were sent (plain dicts and lists, camelCase).

    If `allow_private` is true, addresses in private networks are allowed. `webhook_id` is a UUID
    that a form may choose: if the org has a webhook with this ID, it is returned. Raises
    KeyAlreadyUsed if `key` was used before, InvalidInput with all errors by path, Forbidden if
    `orgId` is another org's ID, and Conflict if the org would have more than MAX_WEBHOOKS webhooks.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    fields = check_webhook(raw, limits=limits, allow_private=allow_private)
    at = now_or(now)
    row = {
        "id": webhook_id or str(uuid.uuid4()),
        "org_id": actor.org_id,
        **fields,
        "secret": _new_secret(),
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
        "switched_off_at": None,
        "created_by": actor.id,
    }
    made = NewWebhook(_webhook_of(row), str(row["secret"]))

    with database.transaction() as connection:
        # First: it makes two creates of an org wait for each other on PostgreSQL.
        bump_rules_version(connection, actor.org_id)
        # A form that is sent twice creates one webhook.
        known = connection.execute(
            _whole.where(table.c.id == row["id"], table.c.org_id == actor.org_id)
        ).one_or_none()
        if known is not None:
            return NewWebhook(_webhook(known), known.secret)
        _refuse_too_many(connection, actor.org_id)
        connection.execute(insert(table), row)
        _record(connection, EventKind.WEBHOOK_CREATED, made.webhook)
        idempotency.remember(connection, key, actor, made, at=at)
        return made


def find(webhook_id: str, org_id: str, *, in_bin: bool = False) -> Webhook:
    """Return a webhook of the org. Raises NotFound if there is none.

    A webhook in the bin is found only if `in_bin` is true.
    """
    with database.read() as connection:
        return _read(connection, webhook_id, org_id, in_bin=in_bin)


def list_webhooks(
    org_id: str,
    paging: Paging,
    *,
    in_bin: bool = False,
    topics: Collection[str] = (),
    address: str | None = None,
) -> Page[Webhook]:
    """Return a page of the org's webhooks, sorted by a field in SORTABLE.

    If `in_bin` is true, the page contains webhooks in the bin, otherwise those outside it. Unless
    `topics` is empty, it contains only webhooks with one of these topics; unless `address` is None,
    only webhooks with this address.
    """
    is_listed = table.c.deleted_at.is_not(None) if in_bin else table.c.deleted_at.is_(None)
    found = select(*_columns).where(table.c.org_id == org_id, is_listed)
    if topics:
        found = found.where(table.c.topic.in_(topics))
    if address is not None:
        found = found.where(table.c.address == address.strip())
    with database.read() as connection:
        return numbered_page(
            connection, found, paging, sortable=SORTABLE, tie=table.c.id, make=_webhook
        )


def change(
    webhook_id: str,
    raw: object,
    *,
    actor: Actor,
    limits: Limits,
    allow_private: bool,
    version: str | None = None,
    now: datetime | None = None,
) -> Webhook:
    """Replace those fields of a webhook that are in `raw`; return the changed webhook.

    The fields are checked as in `create`. `version` is `version_of` the webhook that the caller has
    read, or None to skip the check. Raises InvalidInput with all errors by path, Forbidden if
    `orgId` is another org's ID, NotFound if the org has no such webhook outside the bin, and
    ChangedMeanwhile if the webhook has changed since.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    find(webhook_id, actor.org_id)
    values = check_change(raw, limits=limits, allow_private=allow_private)

    with database.transaction() as connection:
        webhook = _read(connection, webhook_id, actor.org_id, to_change=True)
        require_version(version, version_of(webhook))
        if all(getattr(webhook, name) == value for name, value in values.items()):
            return webhook
        if "address" in values:  # a pause that the receiver at the old address has asked for
            end_pause(connection, webhook.id)
        changed = _update(connection, webhook, {**values, "updated_at": now_or(now)})
        _record(connection, EventKind.WEBHOOK_CHANGED, changed)
        return changed


def bin_webhook(webhook_id: str, org_id: str, *, now: datetime | None = None) -> Webhook:
    """Move a webhook to the bin, so that it receives nothing more, and return it.

    Messages that wait to be sent are given up. Raises NotFound if the org has no such webhook
    outside the bin.
    """
    with database.transaction() as connection:
        webhook = _read(connection, webhook_id, org_id, to_change=True)
        at = now_or(now)
        _give_up_waiting(connection, webhook.id)
        _record(connection, EventKind.WEBHOOK_DELETED, webhook)
        return _update(connection, webhook, {"deleted_at": at, "updated_at": at})


def switch_off(webhook_id: str, *, address: str, now: datetime | None = None) -> Webhook | None:
    """Switch off a webhook, so that it receives nothing until it is restored, and return it.

    Messages that wait to be sent are given up. If the webhook is already off, is in the bin or no
    longer has this address, nothing is changed, and None is returned.
    """
    with database.transaction() as connection:
        owner = select(table.c.org_id).where(table.c.id == webhook_id)
        org_id = connection.execute(owner).scalar_one()
        webhook = _read(connection, webhook_id, org_id, in_bin=True, to_change=True)
        if webhook.address != address or webhook.deleted_at or webhook.switched_off_at:
            return None
        at = now_or(now)
        _give_up_waiting(connection, webhook.id)
        _record(connection, EventKind.WEBHOOK_OFF, webhook)
        return _update(connection, webhook, {"switched_off_at": at, "updated_at": at})


def restore(
    webhook_id: str, *, actor: Actor, key: IdempotencyKey | None = None, now: datetime | None = None
) -> Webhook:
    """Restore a webhook from the bin, or switch it on again, and return it.

    A webhook that is on is not changed. Raises KeyAlreadyUsed if `key` was used before, NotFound
    for an unknown webhook, and Conflict if the org would have more than MAX_WEBHOOKS webhooks.
    """
    at = now_or(now)

    with database.transaction() as connection:
        webhook = _read(connection, webhook_id, actor.org_id, in_bin=True, to_change=True)
        if webhook.deleted_at is not None:
            _refuse_too_many(connection, actor.org_id)
        if webhook.deleted_at is not None or webhook.switched_off_at is not None:
            values = {"deleted_at": None, "switched_off_at": None, "updated_at": at}
            webhook = _update(connection, webhook, values)
            _record(connection, EventKind.WEBHOOK_RESTORED, webhook)
        idempotency.remember(connection, key, actor, webhook, at=at)
        return webhook


def read_secret(webhook_id: str, org_id: str) -> str:
    """Return the secret that signs the messages of a webhook, even if the webhook is in the bin.

    Raises NotFound for an unknown webhook.
    """
    webhook = find(webhook_id, org_id, in_bin=True)
    statement = select(WebhookRow.secret).where(WebhookRow.id == webhook.id)
    with database.read() as connection:
        return connection.execute(statement).scalar_one()


def signing_secrets(row: Any, at: datetime) -> tuple[str, ...]:  # noqa: ANN401 - a row of `webhook`
    """Return the secrets that sign messages at the time `at`; `row` is a row of `webhook`.

    These are the current secret and, for some time after it was replaced, the previous one.
    """
    if row.old_secret is not None and row.old_secret_until > at:
        return (row.secret, row.old_secret)
    return (row.secret,)


def roll_secret(
    webhook_id: str, org_id: str, *, version: str | None = None, now: datetime | None = None
) -> str:
    """Replace the secret of a webhook, and return the new one.

    Both the old and the new secret sign messages for OLD_SECRET_LIFE. `version` is `version_of` the
    webhook that the caller has read, or None to skip the check. Raises NotFound for an unknown
    webhook, and ChangedMeanwhile if the webhook has changed since. The check prevents two
    replacements in a row, which would end the use of the original secret early.
    """
    secret = _new_secret()
    at = now_or(now)
    with database.transaction() as connection:
        webhook = _read(connection, webhook_id, org_id, to_change=True)
        require_version(version, version_of(webhook))
        values = {
            "old_secret": table.c.secret,
            "old_secret_until": at + OLD_SECRET_LIFE,
            "secret": secret,
            # A change of the secret alone must change the version.
            "updated_at": max(at, webhook.updated_at + TICK),
        }
        connection.execute(update(table).where(table.c.id == webhook.id).values(values))
        _record(connection, EventKind.WEBHOOK_SECRET, webhook)
    return secret


def end_pause(connection: Connection, webhook_id: str) -> None:
    """End the pause that the webhook's receiver has asked for with `Retry-After`, if any."""
    connection.execute(update(table).where(table.c.id == webhook_id).values(held_until=None))


def _record(connection: Connection, kind: EventKind, webhook: Webhook) -> None:
    """Add an event with the host of the webhook's address; the rest of it may be a secret."""
    host = urlsplit(webhook.address).netloc.rpartition("@")[2]
    record(connection, webhook.org_id, kind, webhook.id, host)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _refuse_too_many(connection: Connection, org_id: str) -> None:
    active = (table.c.org_id == org_id) & table.c.deleted_at.is_(None)
    count = connection.execute(select(func.count()).select_from(table).where(active)).scalar_one()
    if count >= MAX_WEBHOOKS:
        raise Conflict(
            lazy_gettext("The limit is %(most)s webhooks. Delete one first.", most=MAX_WEBHOOKS)
        )


def _read(
    connection: Connection,
    webhook_id: str,
    org_id: str,
    *,
    in_bin: bool = False,
    to_change: bool = False,
) -> Webhook:
    statement = select(*_columns).where(
        table.c.id == read_uuid(webhook_id), table.c.org_id == org_id
    )
    if not in_bin:
        statement = statement.where(table.c.deleted_at.is_(None))
    if to_change:
        # On PostgreSQL two changes in an org wait for each other; SQLite has one writer.
        require_org(connection, org_id, lock=True)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(lazy_gettext("There is no webhook with this ID."))
    return _webhook(row)


def _give_up_waiting(connection: Connection, webhook_id: str) -> None:
    connection.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.next_attempt_at.is_not(None)
        )
        # An attempt that is under way loses its claim, so it cannot schedule another.
        .values(next_attempt_at=None, claimed_until=None)
    )


def _update(connection: Connection, webhook: Webhook, values: dict[str, Any]) -> Webhook:
    connection.execute(update(table).where(table.c.id == webhook.id).values(values))
    bump_rules_version(connection, webhook.org_id)
    return webhook._replace(**values)


def _webhook(row: Any) -> Webhook:  # noqa: ANN401 - a row of `_columns`
    return _webhook_of(row._mapping)


def _webhook_of(values: Mapping[str, Any]) -> Webhook:
    found = {name: values[name] for name in Webhook._fields}
    return Webhook(**{**found, "topic": Topic(values["topic"])})


def messages(topic: Topic, order: Order, org: OrgRules, *, at: datetime) -> list[dict[str, Any]]:
    """Return a row of `webhook_delivery` for each webhook that receives this event.

    `at` is the time of the event. The payload follows Standard Webhooks: its `data` is the order as
    the JSON API returns it, and its `version` is the number in the `ETag` of the order.
    """
    webhook_ids = list(_receivers(topic, order, org))
    if not webhook_ids:
        return []
    payload = orjson.dumps(
        {
            "type": str(topic),
            "timestamp": wire_time(at),
            # Orders two messages of the same millisecond.
            "version": order.version,
            "data": order_fields(order),
        }
    ).decode()
    return [
        {
            # Sorted by time, so that due messages are next to each other.
            "id": new_uuid(at),
            "webhook_id": webhook_id,
            "order_id": order.id,
            "topic": str(topic),
            "payload": payload,
            "created_at": at,
            "attempts": 0,
            "next_attempt_at": at,
        }
        for webhook_id in webhook_ids
    ]


def _receivers(topic: Topic, order: Order, org: OrgRules) -> Iterable[str]:
    for webhook in org.webhooks:
        if webhook.topic == topic and (not webhook.statuses or order.status in webhook.statuses):
            yield webhook.id
