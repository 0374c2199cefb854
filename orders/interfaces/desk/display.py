"""How the desk's pages show values: statuses, times, JSON values, QR codes."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import segno
from flask import Response
from markupsafe import Markup

from orders.domain.attributes import AttributeRule
from orders.domain.errors import FieldError
from orders.domain.order import Order
from orders.domain.permissions import Permission
from orders.domain.preferences import Preferences
from orders.domain.status import STATUS_TEXTS, Status, read_status
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.http.i18n import translated
from orders.interfaces.http.session import current_member
from orders.services.orders.repeats import repeats_of


def status_names() -> dict[Status, str]:
    """Return all statuses in the order of `Status`, with their names in the page's language."""
    return {status: translated(text) for status, text in STATUS_TEXTS.items()}


def status_menus(names: Mapping[Status, str]) -> dict[Status | None, Markup]:
    """Return the HTML of a status menu's options for each status selected; None for none selected.

    `names` are the labels. All rows of a list with the same status share one of the texts.
    """
    option = Markup('<option value="{}"{}>{}</option>')
    return {
        chosen: Markup("").join(
            option.format(status, " selected" if status == chosen else "", name)
            for status, name in names.items()
        )
        for chosen in (None, *names)
    }


def status_name(value: str) -> str:
    """Return a status, given by its API name, in the page's language; other text unchanged."""
    status = read_status(value)
    return value if status is None else translated(STATUS_TEXTS[status])


def as_text(value: object) -> str:
    """Return a JSON value as text: a string unchanged, any other value as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def other_values(order: Order, rules: Iterable[AttributeRule]) -> Iterator[tuple[str, str, Any]]:
    """Yield (area, key, value) for each value that no attribute of the org (`rules`) defines.

    The area is "metadata" or "derivative", the value is JSON.
    """
    defined = {rule.path for rule in rules}
    for area, values in (("metadata", order.metadata), ("derivative", order.derivative)):
        for key, value in values.items():
            if f"{area}.{key}" not in defined:
                yield area, key, value


def qr_drawing(text: str, *, border: int, cache_control: str) -> Response:
    """Return an SVG image with a QR code of the text; `border` is its white margin in modules."""
    drawing = io.BytesIO()
    segno.make(text, micro=False).save(
        drawing, kind="svg", border=border, light="#fff", dark="#000", svgclass=None,
        lineclass=None, omitsize=True,
    )  # fmt: skip
    headers = {"Cache-Control": cache_control}
    return Response(drawing.getvalue(), mimetype="image/svg+xml", headers=headers)


@desk.app_template_global()
def repeats(order: Order) -> tuple[FieldError, ...]:
    """Return warnings of numbers that another order of the same customer has."""
    return repeats_of(order, signed_in().actor)


@desk.app_template_global("own_preferences")
def preferences() -> Preferences:
    """Return the preferences of the person who is signed in; the defaults if nobody is."""
    member = current_member()
    return Preferences() if member is None else member.preferences


@desk.app_template_filter("local")
def local(moment: datetime, seconds: bool = False) -> str:
    """Return a moment as text in the signed-in person's date format and time zone."""
    return preferences().write(moment, seconds=seconds)


@desk.app_template_global()
def zone_name() -> str:
    """Return the name of the time zone of all times on the page, as `UTC` or `Berlin time`."""
    return translated(preferences().zone_name)


@desk.app_template_global()
def may(permission: str) -> bool:
    """Return whether the signed-in person has the permission "read", "enter" or "settings"."""
    member = current_member()
    return member is not None and member.may(Permission(permission))
