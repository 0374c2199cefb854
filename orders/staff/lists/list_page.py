"""Draws the list of orders: one page for every way that leads to it."""

import secrets
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict

from orders import queries
from orders.lists import bulk, order_filter, order_list, saved_views
from orders.lists.bulk import BulkEdit
from orders.lists.order_filter import FilterChoices
from orders.lists.order_list import MOST_COUNTED, ListPage, Sort
from orders.lists.saved_views import View
from orders.rules.errors import NotFound
from orders.rules.status import Status
from orders.rules.texts import mark
from orders.staff.blueprint import signed_in, staff
from orders.staff.lists import list_columns
from orders.staff.lists.list_address import ListAddress, Pairs, label_of, option_rules, read_address
from orders.staff.showing import status_menus, status_names
from orders.web.pages import page_or_piece

# The views that everybody has: what they show.
BUILT_IN: tuple[tuple[str, Pairs], ...] = (
    (mark("All"), ()),
    (mark("Open carts"), (("status", str(Status.LIST)), ("status", str(Status.IN_CART)))),
    (mark("New"), (("status", str(Status.NEW)),)),
    (mark("In progress"), (("status", str(Status.IN_PROGRESS)),)),
    (mark("Complete"), (("status", str(Status.COMPLETE)),)),
    (mark("Bin"), (("bin", "1"),)),
)
SORTS = (
    (Sort("createdAt"), mark("Newest first")),
    (Sort("createdAt", is_descending=False), mark("Oldest first")),
    (Sort("updatedAt"), mark("Changed last")),
    (Sort("updatedAt", is_descending=False), mark("Unchanged for longest")),
    (Sort("name", is_descending=False), mark("Name")),
    (Sort("name"), mark("Name, from the end")),
    (Sort("customerId", is_descending=False), mark("Customer")),
    (Sort("customerId"), mark("Customer, from the end")),
    (Sort("status", is_descending=False), mark("Status, from List")),
    (Sort("status"), mark("Status, from Complete")),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """A view above the list; `label` is a Text, or the name that somebody gave it."""

    label: str
    address: Pairs
    is_current: bool
    view: View | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was not done, in the page's language: told where the person has asked for it.

    `place` is "bulk" or "view"; `typed` is the name that was given to a view.
    """

    place: str
    message: str
    typed: str = ""


@staff.app_template_global()
def list_address(pairs: Pairs, **more: str | None) -> str:
    """Give the address of the list with these names and values."""
    query = urlencode([*pairs, *((name, value) for name, value in more.items() if value)])
    return url_for("staff.list_orders") + (f"?{query}" if query else "")


def read_state(query: str) -> MultiDict[str, str]:
    """Read the list's address as the forms on its page carry it along."""
    return MultiDict(parse_qsl(query))


def choices_and_address(sent: MultiDict[str, str]) -> tuple[FilterChoices, ListAddress]:
    """Read what the list is narrowed to, and what it can be narrowed to."""
    member = signed_in()
    choices = order_filter.read_choices(member.org_id)
    return choices, read_address(
        sent, member.actor.org.attributes, choices, member.preferences.zone
    )


def draw(
    sent: MultiDict[str, str], *, change: BulkEdit | None = None, trouble: Trouble | None = None
) -> Response:
    """Draw the list that the address asks for; for htmx only what changes with it."""
    member = signed_in()
    rules = member.actor.org.attributes
    choices, address = choices_and_address(sent)
    page = None
    if not address.errors:
        page = order_list.list_page(
            member.org_id, address.wanted, address.sort,
            older_than=sent.get("older", ""), newer_than=sent.get("newer", ""),
        )  # fmt: skip
    views = saved_views.list_views(member)
    view = next((one for one in views if one.id == address.view_id), None)
    preferred = saved_views.read_preference(member.id, saved_views.COLUMNS)
    change = change or _change(sent.get("done", ""))
    place = {name: sent.get(name) for name in ("older", "newer")}
    return page_or_piece(
        "staff/orders/list.html", "staff/orders/_list.html",
        page=page, address=address, choices=choices, change=change, trouble=trouble,
        columns=list_columns.choose(rules, address.columns, preferred),
        every_column=list_columns.all_columns(rules), option_rules=option_rules(rules),
        label_of=label_of, status_menus=status_menus,
        tabs=_tabs(address, views), view=view,
        may_change_view=view is not None and saved_views.may_change(view, member),
        names=_names(page, choices, member.org_id), statuses=status_names(), sorts=SORTS,
        here=list_address(address.pairs, **place, done=change.id if change else None),
        state=list_address(address.pairs, **place).partition("?")[2],
        attribute_text=list_columns.attribute_text, platform_text=list_columns.platform_text,
        most_counted=MOST_COUNTED, most_changed=bulk.MOST_ORDERS, key=secrets.token_urlsafe(16),
        status=422 if address.errors or trouble else 200,
    )  # fmt: skip


def own_id(key: str) -> str:
    """Give the ID of the one thing that this person's form can make, by the form's key.

    The key holds what was chosen too: whoever goes back and chooses something else means it.
    """
    return str(uuid.uuid5(uuid.UUID(signed_in().id), key))


def _change(change_id: str) -> BulkEdit | None:
    try:
        return bulk.find_change(change_id, signed_in().actor) if change_id else None
    except NotFound:
        return None  # an old link: the list is shown without the report


def _tabs(address: ListAddress, views: tuple[View, ...]) -> list[Tab]:
    own = set(address.filters)
    shown = {view.id for view in views}
    is_saved = address.view_id in shown
    tabs = [
        Tab(label, pairs, not is_saved and own == set(pairs) and len(own) == len(pairs))
        for label, pairs in BUILT_IN
    ]
    return tabs + [
        Tab(view.name, (*view.address, ("view", view.id)), view.id == address.view_id, view)
        for view in views
    ]


def _names(page: ListPage | None, choices: FilterChoices, org_id: str) -> dict[str, str]:
    """Give the names of those who have made the orders of the page."""
    known = dict(choices.people + choices.tokens)
    makers = {order.created_by for order in page.orders} if page else set()
    missing = makers - set(known)
    return known | (queries.actor_names(missing, org_id) if missing else {})


def sent_address() -> MultiDict[str, str]:
    """Give the address of the list that is asked for, or that a form has carried along."""
    if request.method == "POST":
        return read_state(request.form.get("state", ""))
    return request.args
