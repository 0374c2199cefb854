"""Drafts of changes: what a person has typed into the form of a stored order and not saved yet.

They are stored like drafts of new orders (`drafts`), under a key made from the order.
Their fields include the version of the order from which the change began, so that a person who goes
on days later still changes only what they have touched.
"""

from orders.domain.errors import Conflict
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.orders import drafts
from orders.services.orders.drafts import DraftChanged, Fields, FormDraft


class ChangeElsewhere(Conflict):
    """The person has other unsaved changes of the order, or has ended those of this page."""

    def __init__(self) -> None:
        super().__init__(
            lazy_gettext(
                "Not kept as a draft: you have other changes of this order, or have ended these "
                "in another window. Save here, or open the order again."
            )
        )


def find_unsaved(order: Order, actor: Actor) -> FormDraft | None:
    """Return what this person has typed into the order's form and not saved.

    None for an order in the bin, which cannot be changed: its change waits until it is restored.
    """
    if order.deleted_at is not None:
        return None
    found = drafts.find_draft(drafts.change_key(order.id), actor)
    return found if found is not None and found.fields else None


def keep(order: Order, fields: Fields, *, actor: Actor, version: int, page: str) -> int:
    """Save what was typed into the order's form; returns the draft's version to save over next.

    `fields` are all that were sent with the order's version among them, or none when nothing is
    different from the order; `version` and `page` as for `drafts.save_draft`. Raises
    ChangeElsewhere when another page has changes, or this one has ended its own: nothing is
    overwritten, nothing is brought back.
    """
    if not fields and not version:
        return 0
    key = drafts.change_key(order.id)
    try:
        return drafts.save_draft(
            key, fields, actor=actor, title="", lines=0, version=version, page=page
        )
    except DraftChanged as changed:
        raise ChangeElsewhere from changed


def end(order: Order, actor: Actor, *, version: int, page: str) -> bool:
    """Delete the draft, because the change is saved or discarded.

    Returns whether it is gone: what another page has typed since stays.
    """
    return drafts.end_draft(drafts.change_key(order.id), actor, version=version, page=page)
