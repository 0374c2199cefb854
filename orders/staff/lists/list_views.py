"""The list of orders: the page itself, its columns, and its saved views."""

from collections.abc import Callable

from flask import Response, request

from orders.lists import saved_views
from orders.rules.errors import Conflict, InvalidInput
from orders.staff.blueprint import signed_in, staff
from orders.staff.lists import list_columns
from orders.staff.lists.list_address import ListAddress, Pairs
from orders.staff.lists.list_page import (
    Trouble,
    choices_and_address,
    draw,
    list_address,
    own_id,
    sent_address,
)
from orders.web.language import translated
from orders.web.pages import go_to


@staff.get("/orders")
def list_orders() -> Response:
    """Show a page of orders; everything that narrows it stands in the address."""
    return draw(sent_address())


@staff.post("/orders/columns")
def choose_columns() -> Response:
    """Keep which columns this person wants to see, and show the list with them."""
    member = signed_in()
    ticked = request.form.getlist("column")
    if request.form.get("do") == "reset":
        ticked = list(list_columns.DEFAULT)
    names = list_columns.named_by(member.actor.org.attributes, ticked)
    saved_views.keep_preference(member.id, saved_views.COLUMNS, names)
    _, address = choices_and_address(sent_address())
    return go_to(list_address(tuple(pair for pair in address.pairs if pair[0] != "columns")))


@staff.post("/orders/views")
def save_view() -> Response:
    """Keep the list as it is under a name."""
    _, address = choices_and_address(sent_address())
    name = request.form.get("name", "")
    view_id = own_id(f"view {request.form.get('key', '')} {name}")
    return _saved(
        address,
        lambda: saved_views.save_view(
            signed_in(), name=name, view_id=view_id,
            is_shared="shared" in request.form, address=_kept(address),
        ),
        view_id,
    )  # fmt: skip


@staff.post("/orders/views/<view_id>")
def change_view(view_id: str) -> Response:
    """Rename, share, overwrite or delete a saved view, as the button says."""
    _, address = choices_and_address(sent_address())
    member, do = signed_in(), request.form.get("do")
    if do == "delete":
        saved_views.delete_view(view_id, member)
        return go_to(list_address(address.filters + address.looks))
    return _saved(
        address,
        lambda: saved_views.change_view(
            view_id, member, name=request.form.get("name", ""),
            is_shared="shared" in request.form,
            address=_kept(address) if do == "overwrite" else None,
        ),
        view_id,
    )  # fmt: skip


def _saved(address: ListAddress, save: Callable[[], object], view_id: str) -> Response:
    """Save and show the view; a name that is refused is told at its field, the list stays."""
    try:
        save()
    except InvalidInput as invalid:
        message = invalid.errors[0].message
    except Conflict as conflict:
        message = conflict.sentence
    else:
        return go_to(list_address((*address.filters, *address.looks, ("view", view_id))))
    trouble = Trouble("view", translated(message), request.form.get("name", ""))
    return draw(sent_address(), trouble=trouble)


def _kept(address: ListAddress) -> Pairs:
    """Give what a view keeps: filters, sort, and the columns that are shown now."""
    member = signed_in()
    preferred = saved_views.read_preference(member.id, saved_views.COLUMNS)
    rules = member.actor.org.attributes
    shown = list_columns.choose(rules, address.columns, preferred)
    names = [column.name for column in shown] or [list_columns.CODE_ALONE]
    looks = tuple(pair for pair in address.looks if pair[0] != "columns")
    return (*address.filters, *looks, ("columns", ",".join(names)))
