"""Delete what is older than the settings allow, each hour (docs/data.md)."""

from datetime import UTC, datetime, timedelta

from orders.services.accounts import account_events
from orders.services.imports.control import FORGOTTEN_AT_ONCE, forget_finished, forget_old
from orders.services.orders import drafts, order_edits
from orders.services.orders.order_erasure import DELETED_AT_ONCE, delete_binned
from orders.services.webhooks import deliveries
from orders.settings import Settings


def clear_old(settings: Settings, *, now: datetime | None = None) -> None:
    """Delete old drafts, imports, deleted orders, messages, and events of all orgs.

    Where a setting is 0, they are kept. Requests, idempotency keys, and sessions are deleted
    elsewhere: by the processes that write them. Raises ServiceBusy.
    """
    at = now or datetime.now(UTC)
    deliveries.clear_old(timedelta(days=settings.webhook_days), now=lambda: at)
    drafts.clear_old(at, kept_for=timedelta(days=settings.draft_days))
    order_edits.clear_old(at)
    while forget_old(lambda: at) == FORGOTTEN_AT_ONCE:
        pass
    if days := settings.import_days:
        while forget_finished(at - timedelta(days=days)) == FORGOTTEN_AT_ONCE:
            pass
    if days := settings.deleted_order_days:
        while delete_binned(at - timedelta(days=days)) == DELETED_AT_ONCE:
            pass
    if days := settings.audit_days:
        account_events.clear_old(at - timedelta(days=days))
