"""The page with the list of orders: its columns, views and sorts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict

from orders.domain.attributes import AttributeRule, display
from orders.domain.errors import NotFound
from orders.domain.line_totals import COLUMN as TOTAL
from orders.domain.order_dates import due_rule, is_overdue
from orders.domain.permissions import Permission
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import (
    local_now,
    shown_attributes,
    status_menus,
    status_names,
    status_setters,
)
from orders.interfaces.desk.forms import new_key
from orders.interfaces.desk.line_totals import shown_rules, total_texts
from orders.interfaces.desk.order_list.list_address import (
    CANCELED,
    ListAddress,
    Pairs,
    filter_rules,
    label_of,
    option_rules,
    read_address,
)
from orders.interfaces.desk.order_list.list_dates import PERIODS, dates_by_path
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import page_or_piece
from orders.services.accounts.access import StaffMember
from orders.services.accounts.history import actor_names
from orders.services.orders import bulk, order_filter, order_list, saved_views
from orders.services.orders.bulk import BulkEdit
from orders.services.orders.order_filter import FilterChoices, UnlistedCodes
from orders.services.orders.order_list import COUNTED_ON_DESK, OrderSummary, Sort
from orders.services.orders.order_totals import read_totals
from orders.services.orders.saved_views import View
from orders.storage.cursors import CursorPage

DEFAULT_COLUMNS = ("name", "customer", "status", "lines", "pieces", "created", "by")
# The name that is saved for a person who wants no column but the code.
CODE_ALONE = "code"
# The views that everybody has: name and address.
BUILT_IN: tuple[tuple[str, Pairs], ...] = (
    (lazy_gettext("All"), ()),
    (lazy_gettext("Open carts"), (("status", str(Status.LIST)), ("status", str(Status.IN_CART)))),
    (lazy_gettext("New"), (("status", str(Status.NEW)),)),
    (lazy_gettext("In progress"), (("status", str(Status.IN_PROGRESS)),)),
    (lazy_gettext("Complete"), (("status", str(Status.COMPLETE)),)),
    (lazy_gettext("Deleted orders"), (("bin", "1"),)),
)
SORTS = (
    (Sort("createdAt"), lazy_gettext("Newest first")),
    (Sort("createdAt", is_descending=False), lazy_gettext("Oldest first")),
    (Sort("updatedAt"), lazy_gettext("Recently changed")),
    (Sort("updatedAt", is_descending=False), lazy_gettext("Least recently changed")),
    (Sort("name", is_descending=False), lazy_gettext("Name")),
    (Sort("name"), lazy_gettext("Name, Z to A")),
    (Sort("customerId", is_descending=False), lazy_gettext("Customer ID")),
    (Sort("customerId"), lazy_gettext("Customer ID, Z to A")),
    (Sort("status", is_descending=False), lazy_gettext("Status, first to last")),
    (Sort("status"), lazy_gettext("Status, last to first")),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the order list, other than the one with the orders' short IDs.

    `name` identifies the column in URLs and preferences. `short` replaces `label` on phones, unless
    it is empty. `sort` is the JSON name of the field by which the heading sorts the list, or empty
    for none. `rule` is the attribute that the column shows, or None; with `is_total`, it is an
    attribute of lines, of which the column shows the total.
    """

    name: str
    label: str
    sort: str = ""
    is_figure: bool = False
    rule: AttributeRule | None = None
    short: str = ""
    is_total: bool = False


FIXED_COLUMNS = (
    Column("name", lazy_gettext("Name"), sort="name"),
    Column("customer", lazy_gettext("Customer"), sort="customerId"),
    Column("status", lazy_gettext("Status"), sort="status"),
    Column("lines", lazy_gettext("Lines"), is_figure=True),
    Column("pieces", lazy_gettext("Items"), is_figure=True),
    Column("created", lazy_gettext("Created"), sort="createdAt"),
    Column("changed", lazy_gettext("Changed"), sort="updatedAt"),
    Column("by", lazy_gettext("Created by")),
    Column("platformOrder", lazy_gettext("Platform order"), short=lazy_gettext("Platf. order")),
    Column("store", lazy_gettext("Store")),
)


def all_columns(rules: Sequence[AttributeRule]) -> tuple[Column, ...]:
    fixed = tuple(
        replace(one, label=translated(one.label), short=translated(one.short))
        for one in FIXED_COLUMNS
    )
    dates = dates_by_path(rules)
    own = tuple(
        Column(rule.path, rule.label, rule.path if rule.path in dates else "", rule=rule)
        for rule in rules
    )
    totals = (
        Column(
            f"{TOTAL}{rule.key}", gettext("%(label)s, total", label=rule.label), is_figure=True,
            rule=rule, is_total=True,
        )
        for rule in shown_rules()
    )  # fmt: skip
    return (*fixed, *own, *totals)


def all_sorts(rules: Sequence[AttributeRule]) -> tuple[tuple[Sort, str], ...]:
    """Return the sort orders that the list offers, with their names in the page's language."""
    fixed = tuple((sort, translated(label)) for sort, label in SORTS)
    own = (
        pair
        for path, rule in dates_by_path(rules).items()
        for pair in (
            (
                Sort(path, is_descending=False),
                gettext("%(label)s, earliest first", label=rule.label),
            ),
            (Sort(path), gettext("%(label)s, latest first", label=rule.label)),
        )
    )
    return (*fixed, *own)


def chosen_columns(member: StaffMember, named: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns that the list shows.

    These are the columns `named` in the URL or, if there are none, those that the person prefers
    or, if there are none either, the default ones. Unknown names, such as those of deleted
    attributes, are ignored.
    """
    every = all_columns(shown_attributes())
    preferred = saved_views.read_preference(member.id, saved_views.COLUMNS)
    kept = preferred if isinstance(preferred, list) else ()
    for names in (set(named), {one for one in kept if isinstance(one, str)}, set(DEFAULT_COLUMNS)):
        chosen = tuple(column for column in every if column.name in names)
        if chosen or names == {CODE_ALONE}:
            return chosen
    return ()


def named_columns(rules: Sequence[AttributeRule], ticked: Iterable[str]) -> list[str]:
    chosen = set(ticked)
    return [one.name for one in all_columns(rules) if one.name in chosen] or [CODE_ALONE]


def attribute_text(order: OrderSummary, rule: AttributeRule) -> str:
    """Return the order's value of an attribute in the page's language; "" if it has no value."""
    for area in rule.areas:
        value = getattr(order, area).get(rule.key)
        if value is not None:
            return translated(display(rule, value))
    return ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to a view of the list; the links are displayed above it.

    `label` is the name of the view, `address` its query parameters, and `view` the saved view, or
    None for a built-in one.
    """

    label: str
    address: Pairs
    is_current: bool
    view: View | None = None


@dataclass(frozen=True, slots=True)
class ListProblem:
    """The reason why an action on the list failed or was refused.

    `message` is in the page's language. `place` is the part of the page that shows it: "bulk",
    "export" or "view". `typed` is the name that was typed for a view, and empty for other actions.
    """

    place: str
    message: str
    typed: str = ""


@desk.app_template_global()
def list_address(pairs: Pairs, **more: str | None) -> str:
    query = urlencode([*pairs, *((name, value) for name, value in more.items() if value)])
    return url_for("desk.list_orders") + (f"?{query}" if query else "")


def choices_and_address(sent: MultiDict[str, str]) -> tuple[FilterChoices, ListAddress]:
    member = signed_in()
    choices = order_filter.read_choices(
        member.org_id, with_every_token=member.may(Permission.SETTINGS)
    )
    return choices, read_address(sent, shown_attributes(), choices, member.preferences.zone)


def render_list(
    sent: MultiDict[str, str], *, change: BulkEdit | None = None, problem: ListProblem | None = None
) -> Response:
    member = signed_in()
    rules = shown_attributes()
    choices, address = choices_and_address(sent)
    page, unlisted = None, UnlistedCodes()
    if not address.errors:
        unlisted = order_filter.unlisted_codes(member.org_id, address.order_filter)
        page = order_list.list_page(
            member.org_id, address.order_filter, address.sort,
            older_than=sent.get("older", ""), newer_than=sent.get("newer", ""),
        )  # fmt: skip
    views = saved_views.list_views(member)
    view = next((one for one in views if one.id == address.view_id), None)
    change = change or _change(sent.get("done", ""))
    place = {name: sent.get(name) for name in ("older", "newer")}
    return page_or_piece(
        "desk/orders/list.html", "desk/orders/_list.html",
        page=page, unlisted=unlisted, address=address, choices=choices, change=change,
        problem=problem,
        columns=(columns := chosen_columns(member, address.columns)),
        totals=_totals(page, columns),
        every_column=all_columns(rules), option_rules=option_rules(rules),
        label_of=label_of, status_menus=status_menus, status_setters=status_setters,
        filter_rules=filter_rules(rules), date_rules=dates_by_path(rules), periods=PERIODS,
        overdue=_overdue(page, rules),
        canceled_choices=CANCELED,
        tabs=_tabs(address, views), view=view,
        may_change_view=view is not None and saved_views.may_change(view, member),
        names=_names(page, choices, member.org_id), statuses=status_names(), sorts=all_sorts(rules),
        here=list_address(address.pairs, **place, done=change.id if change else None),
        state=list_address(address.pairs, **place).partition("?")[2],
        attribute_text=attribute_text,
        most_counted=COUNTED_ON_DESK, most_changed=bulk.MOST_ORDERS, key=new_key(),
        status=422 if address.errors or problem else 200,
    )  # fmt: skip


def _totals(
    page: CursorPage[OrderSummary] | None, columns: Iterable[Column]
) -> dict[tuple[str, str], str]:
    """Return the texts of the columns with totals, by the order's ID and the attribute's key."""
    rules = [column.rule for column in columns if column.rule and column.is_total]
    if page is None or not rules:
        return {}
    found = read_totals([order.id for order in page.rows], rules)
    return {
        (order_id, total.rule.key): " + ".join(total_texts(total))
        for order_id, totals in found.items()
        for total in totals
    }


def _overdue(
    page: CursorPage[OrderSummary] | None, rules: Sequence[AttributeRule]
) -> Collection[str]:
    """Return the IDs of the orders on the page that are overdue today, in the person's zone."""
    rule, today = due_rule(rules), local_now().date()
    if page is None or rule is None:
        return ()
    return {order.id for order in page.rows if is_overdue(order, rule, today)}


def _change(change_id: str) -> BulkEdit | None:
    try:
        return bulk.find_change(change_id, signed_in().actor) if change_id else None
    except NotFound:
        return None  # an old link: the page has no report


def _tabs(address: ListAddress, views: tuple[View, ...]) -> list[Tab]:
    own = set(address.filters)
    is_saved = any(view.id == address.view_id for view in views)
    tabs = [
        Tab(label, pairs, not is_saved and own == set(pairs) and len(own) == len(pairs))
        for label, pairs in BUILT_IN
    ]
    return tabs + [
        Tab(view.name, (*view.address, ("view", view.id)), view.id == address.view_id, view)
        for view in views
    ]


def _names(
    page: CursorPage[OrderSummary] | None, choices: FilterChoices, org_id: str
) -> dict[str, str]:
    """Return, by ID, the names of people and tokens in `choices` and of the orders' creators."""
    known = dict(choices.people + choices.tokens)
    makers = {order.created_by for order in page.rows} if page else set()
    missing = makers - set(known)
    return known | (actor_names(missing, org_id) if missing else {})


def sent_address() -> MultiDict[str, str]:
    """Return the query parameters of the list.

    A GET has them in its URL; a POST has them as a query string in the form field `state`.
    """
    if request.method == "POST":
        return MultiDict(parse_qsl(request.form.get("state", "")))
    return request.args
