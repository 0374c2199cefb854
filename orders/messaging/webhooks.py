"""Webhooks of an org: which addresses are told about which events of its orders.

Every change raises the version of the org's rules, by which all processes know whom an order is to
be told to. Sending is the business of `orders.deliveries`.
"""

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from orders import repeats
from orders.access import Actor, refuse_foreign_org
from orders.administration.checks import require_version, version_of
from orders.administration.orgs import require_org, touch_rules
from orders.repeats import Once
from orders.rules.errors import Conflict, NotFound
from orders.rules.identifiers import read_uuid
from orders.rules.inputs import Limits
from orders.rules.moments import now_or
from orders.rules.texts import mark
from orders.rules.webhook import Topic, Webhook, check_change, check_webhook
from orders.storage import database
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.tables import webhook as table
from orders.storage.webhook_models import Webhook as WebhookRow
from orders.storage.webhook_models import WebhookDelivery

# Each order writes a message for each webhook that it concerns.
MAX_WEBHOOKS = 100
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the Standard Webhooks scheme marks secrets
SECRET_BYTES = 32
# For so long messages are signed by the old secret too, so that receivers can change theirs.
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
# The least difference of two times; a change of the secret alone must show in the version.
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that was just made, with the secret that signs its messages."""

    webhook: Webhook
    secret: str


def create(
    raw: object,
    *,
    actor: Actor,
    limits: Limits,
    allow_private: bool,
    once: Once | None = None,
    webhook_id: str | None = None,
    now: datetime | None = None,
) -> NewWebhook:
    """Make a webhook of what was sent (plain dicts and lists, camelCase).

    With `once`, raises Repeated when the key has made one already. Raises InvalidInput with every
    fault by its path, Forbidden when it names another org, and Conflict when the org has
    MAX_WEBHOOKS already. `allow_private` takes addresses in the private network too. With
    `webhook_id`, a form's own, a repeat gives the webhook that the form has made.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    draft = check_webhook(raw, limits=limits, allow_private=allow_private)
    at = now_or(now)
    row = {
        "id": webhook_id or str(uuid.uuid4()),
        "org_id": actor.org_id,
        "topic": draft.topic,
        "address": draft.address,
        "filter": draft.filter,
        "secret": _new_secret(),
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
        "created_by": actor.id,
    }
    made = NewWebhook(_webhook_of(row), str(row["secret"]))

    def work(connection: Connection) -> NewWebhook:
        # First: on PostgreSQL it makes two creations of an org wait for each other.
        touch_rules(connection, actor.org_id)
        # Also the work itself may run again, after a commit whose answer was lost.
        known = connection.execute(_whole.where(table.c.id == row["id"])).one_or_none()
        if known is not None:
            return NewWebhook(_webhook(known), known.secret)
        _refuse_too_many(connection, actor.org_id)
        connection.execute(insert(table), row)
        repeats.remember(connection, once, actor, made, at=at)
        return made

    return database.write(work)


def find(webhook_id: str, org_id: str, *, in_bin: bool = False) -> Webhook:
    """Read a webhook of the org. Raises NotFound; also for one in the bin, unless `in_bin`."""
    with database.read() as connection:
        return _read(connection, webhook_id, org_id, in_bin=in_bin)


def list_webhooks(org_id: str, paging: Paging, *, in_bin: bool = False) -> Page[Webhook]:
    """Read a page of the org's webhooks, or of those in the bin. Sorted by one of SORTABLE."""
    is_listed = table.c.deleted_at.is_not(None) if in_bin else table.c.deleted_at.is_(None)
    found = select(*_columns).where(table.c.org_id == org_id, is_listed)
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
    """Replace the fields that were sent; others stay. Gives the webhook after the change.

    Raises as `create` does, NotFound when the org has no such webhook, and ChangedMeanwhile when
    its `version_of_webhook` is another than the given one.
    """
    if isinstance(raw, dict):
        refuse_foreign_org(raw.get("orgId"), actor)
    find(webhook_id, actor.org_id)
    values = check_change(raw, limits=limits, allow_private=allow_private)

    def work(connection: Connection) -> Webhook:
        webhook = _read(connection, webhook_id, actor.org_id, to_change=True)
        require_version(version, version_of_webhook(webhook))
        if all(getattr(webhook, name) == value for name, value in values.items()):
            return webhook
        return _update(connection, webhook, {**values, "updated_at": now_or(now)})

    return database.write(work)


def bin_webhook(webhook_id: str, org_id: str, *, now: datetime | None = None) -> Webhook:
    """Put a webhook into the bin: it is told nothing more, not even what waits to be tried again.

    Raises NotFound when the org has no such webhook outside of the bin.
    """

    def work(connection: Connection) -> Webhook:
        webhook = _read(connection, webhook_id, org_id, to_change=True)
        at = now_or(now)
        connection.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.webhook_id == webhook.id,
                WebhookDelivery.next_attempt_at.is_not(None),
            )
            # An attempt that is under way has no claim any more, and cannot ask for another.
            .values(next_attempt_at=None, claimed_until=None)
        )
        return _update(connection, webhook, {"deleted_at": at, "updated_at": at})

    return database.write(work)


def restore(
    webhook_id: str, *, actor: Actor, once: Once | None = None, now: datetime | None = None
) -> Webhook:
    """Take a webhook out of the bin; one that is not in it stays as it is.

    It is told what happens from now on. With `once`, raises Repeated when the key has done it
    already. Raises NotFound when the org has no such webhook, and Conflict when the org has
    MAX_WEBHOOKS others by now.
    """
    at = now_or(now)

    def work(connection: Connection) -> Webhook:
        webhook = _read(connection, webhook_id, actor.org_id, in_bin=True, to_change=True)
        if webhook.deleted_at is not None:
            _refuse_too_many(connection, actor.org_id)
            webhook = _update(connection, webhook, {"deleted_at": None, "updated_at": at})
        repeats.remember(connection, once, actor, webhook, at=at)
        return webhook

    return database.write(work)


def read_secret(webhook_id: str, org_id: str) -> str:
    """Give the secret that signs a webhook's messages. Raises NotFound as `find` does."""
    webhook = find(webhook_id, org_id, in_bin=True)
    statement = select(WebhookRow.secret).where(WebhookRow.id == webhook.id)
    with database.read() as connection:
        return connection.execute(statement).scalar_one()


def roll_secret(
    webhook_id: str, org_id: str, *, version: str | None = None, now: datetime | None = None
) -> str:
    """Give a webhook another secret; for OLD_SECRET_LIFE messages are signed by both.

    Raises NotFound when the org has no such webhook outside of the bin, and ChangedMeanwhile when
    its `version_of_webhook` is another than the given one: two in a row would end the first.
    """
    secret = _new_secret()

    at = now_or(now)

    def work(connection: Connection) -> None:
        webhook = _read(connection, webhook_id, org_id, to_change=True)
        stored = connection.execute(_whole.where(table.c.id == webhook.id)).one().secret
        if stored == secret:  # this very work, after a commit whose answer was lost
            return
        require_version(version, version_of_webhook(webhook))
        values = {
            "old_secret": table.c.secret,
            "old_secret_until": at + OLD_SECRET_LIFE,
            "secret": secret,
            "updated_at": max(at, webhook.updated_at + _TICK),
        }
        connection.execute(update(table).where(table.c.id == webhook.id).values(values))

    database.write(work)
    return secret


def version_of_webhook(webhook: Webhook) -> str:
    """Name what is stored of a webhook, so that a form overwrites nobody's change."""
    return version_of(webhook)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _refuse_too_many(connection: Connection, org_id: str) -> None:
    active = (table.c.org_id == org_id) & table.c.deleted_at.is_(None)
    count = connection.execute(select(func.count()).select_from(table).where(active)).scalar_one()
    if count >= MAX_WEBHOOKS:
        raise Conflict(
            mark("An org has at most %(most)s webhooks; delete one first.", most=MAX_WEBHOOKS)
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
        require_org(connection, org_id, alone=True)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(mark("There is no webhook with this ID."))
    return _webhook(row)


def _update(connection: Connection, webhook: Webhook, values: dict[str, Any]) -> Webhook:
    connection.execute(update(table).where(table.c.id == webhook.id).values(values))
    touch_rules(connection, webhook.org_id)
    return webhook._replace(**values)


def _webhook(row: Any) -> Webhook:  # noqa: ANN401 - a row of `_columns`
    return _webhook_of(row._mapping)


def _webhook_of(values: Mapping[str, Any]) -> Webhook:
    found = {name: values[name] for name in Webhook._fields}
    return Webhook(**{**found, "topic": Topic(values["topic"])})
