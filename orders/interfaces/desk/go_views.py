"""The field "Go to or do…" in the navigation: what it offers, and its page without JavaScript."""

from collections.abc import Iterator

from flask import Response, request, url_for

from orders.domain.short_id import grouped
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.customers.customer_views import customer_address, customer_names
from orders.interfaces.desk.display import local, status_name
from orders.interfaces.desk.go_places import GoTarget, matching, places_of
from orders.interfaces.desk.order_list.list_page import BUILT_IN, list_address
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to, page_or_piece, wants_piece
from orders.services import quick_search
from orders.services.orders import saved_views
from orders.services.quick_search import FoundOrder, QuickResults

MOST_PLACES = 5
MOST_AT_FIRST = 8  # of pages and actions, while the field is empty
Groups = list[tuple[str, list[GoTarget]]]


@desk.get("/go")
def show_targets() -> Response:
    """Render what matches the query parameter `q`: pages, orders, customers, and products.

    htmx gets the options of a list box. A request for a whole page is redirected to the order if
    the text is the code of one.
    """
    text = request.args.get("q", "")[: quick_search.MAX_TYPED].strip()
    found = quick_search.find_quickly(text, signed_in().actor)
    if found.is_code and not wants_piece():
        return go_to(url_for("desk.show_order", reference=found.orders[0].short_id))
    return page_or_piece("desk/go.html", "desk/_go.html", text=text, groups=_groups(text, found))


def _groups(text: str, found: QuickResults) -> Groups:
    """Return (heading, targets) of each kind that has any, in the order in which they are shown."""
    places = [*places_of(signed_in()), *_views()] if not found.is_code else []
    most = MOST_PLACES if text else MOST_AT_FIRST if wants_piece() else None
    groups = [
        (gettext("Pages and actions"), matching(text, places)[:most]),
        (gettext("Customers"), [*_customers(found)]),
        (gettext("Products"), [*_products(found)]),
        (gettext("Orders"), [*_orders(found)]),
        (gettext("Search"), [*_search(text)]),
    ]
    return [group for group in groups if group[1]]


def _views() -> Iterator[GoTarget]:
    """Yield the views of the order list: those that everybody has, and the saved ones."""
    saved = saved_views.list_views(signed_in())
    views = [(translated(label), pairs) for label, pairs in BUILT_IN if pairs]
    views += [(view.name, (*view.address, ("view", view.id))) for view in saved]
    for name, pairs in views:
        title = gettext("Orders: %(view)s", view=name)
        yield GoTarget(list_address(pairs), title, "orders")


def _customers(found: QuickResults) -> Iterator[GoTarget]:
    for one in found.customers:
        title, detail = (one.name, one.customer_id) if one.name else (one.customer_id, "")
        yield GoTarget(customer_address(one.customer_id), title, "people", detail)


def _products(found: QuickResults) -> Iterator[GoTarget]:
    for one in found.products:
        address = url_for("desk.show_configuration", reference=one.short_id)
        title = one.product_name or gettext("Unnamed product")
        yield GoTarget(address, title, "image", one.sku or one.short_id)


def _orders(found: QuickResults) -> Iterator[GoTarget]:
    names = customer_names([one.customer_id for one in found.orders])
    for one in found.orders:
        address = url_for("desk.show_order", reference=one.short_id)
        called = one.name or names.get(one.customer_id or "") or one.customer_id
        parts = (called, _state(one), local(one.created_at, brief=True))
        detail = " · ".join(part for part in parts if part)
        yield GoTarget(address, grouped(one.short_id), "orders", detail, is_code=True)


def _state(one: FoundOrder) -> str:
    return gettext("Canceled") if one.canceled_at else status_name(one.status)


def _search(text: str) -> Iterator[GoTarget]:
    """Yield the search of the order list, which finds older orders, too."""
    if text:
        title = gettext("Search all orders for “%(text)s”", text=text)
        yield GoTarget(url_for("desk.list_orders", q=text), title, "search")
