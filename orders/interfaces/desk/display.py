"""How the desk's pages show values: statuses, times, JSON values, QR codes."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import segno
from flask import Response
from markupsafe import Markup

from orders.domain.attributes import AttributeRule, display
from orders.domain.errors import FieldError
from orders.domain.order import LABELS, Order
from orders.domain.permissions import Permission
from orders.domain.preferences import SPOKEN, Preferences
from orders.domain.status import STATUS_TEXTS, Status, read_status
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.spoken_times import spoken_day, spoken_moment
from orders.interfaces.http.i18n import in_page_language, translated
from orders.interfaces.http.session import current_member
from orders.services.orders.repeats import repeats_of


def status_names() -> dict[Status, str]:
    """Return all statuses in the order of `Status`, with their names in the page's language."""
    return {status: translated(text) for status, text in STATUS_TEXTS.items()}


def status_menus(names: Mapping[Status, str]) -> dict[Status | None, Markup]:
    """Return the HTML options of a status menu, once for each status that can be selected.

    Each key is the selected status, or None for a menu in which no status is selected. `names` are
    the labels of the statuses.
    """
    option = Markup('<option value="{}"{}>{}</option>')
    return {
        chosen: Markup("").join(
            option.format(status, " selected" if status == chosen else "", name)
            for status, name in names.items()
        )
        for chosen in (None, *names)
    }


def status_setters(names: Mapping[Status, str]) -> dict[Status, Markup]:
    """Return, for each current status, the HTML buttons of the order list that set another one.

    `names` are the labels of the statuses. The value of a button is `row.{code}.<status>`; the
    template replaces `{code}` by the order's short ID. This is rendered once for all rows.
    """
    button = Markup('<button name="do" value="row.{{code}}.{}">{}</button>')
    buttons = {status: button.format(status, name) for status, name in names.items()}
    return {
        current: Markup("").join(one for status, one in buttons.items() if status != current)
        for current in names
    }


def status_name(value: str) -> str:
    """Return the name of a status in the page's language.

    `value` is the name that the API uses for the status. Any other text is returned unchanged.
    """
    status = read_status(value)
    return value if status is None else translated(STATUS_TEXTS[status])


def as_text(value: object) -> str:
    """Return a JSON value as text: a string unchanged, any other value as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def shown_attributes(*, with_lines: bool = False) -> tuple[AttributeRule, ...]:
    """Return the attributes of the signed-in person's org, labeled in the page's language.

    Those of lines are included if `with_lines` is true.
    """
    org = signed_in().actor.org
    return in_page_language(org.every_attribute if with_lines else org.attributes)


def line_rules() -> dict[str, AttributeRule]:
    """Return the org's attributes of lines by key, labeled in the page's language."""
    shown = in_page_language(signed_in().actor.org.line_attributes)
    return {rule.key: rule for rule in shown}


@desk.app_template_global()
def line_details(
    metadata: Mapping[str, Any] | None, rules: Mapping[str, AttributeRule] | None = None
) -> list[tuple[str, str]]:
    """Return (label, text) of each value in a line's metadata, in the page's language.

    `rules` are the attributes of lines by key; None means those of the signed-in person's org. A
    key without an attribute is its own label.
    """
    if not metadata:
        return []
    known = line_rules() if rules is None else rules
    return [_detail(key, value, known.get(key)) for key, value in metadata.items()]


def _detail(key: str, value: object, rule: AttributeRule | None) -> tuple[str, str]:
    if rule is not None and value is not None:
        return rule.label, translated(display(rule, value))
    return key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def other_values(order: Order, rules: Iterable[AttributeRule]) -> Iterator[tuple[str, str, Any]]:
    """Yield (area, key, value) for each value of the order that is not an attribute in `rules`.

    `rules` are the org's attributes. The area is the part of the order that contains the key,
    "metadata" or "derivative"; the value is a JSON value.
    """
    defined = {rule.path for rule in rules}
    for area, values in (("metadata", order.metadata), ("derivative", order.derivative)):
        for key, value in values.items():
            if f"{area}.{key}" not in defined:
                yield area, key, value


def qr_drawing(text: str, *, border: int) -> Response:
    """Return a response with a QR code of the text as an SVG image.

    `border` is the width of the white margin in modules, the squares of a QR code.
    """
    drawing = io.BytesIO()
    segno.make(text, micro=False).save(
        drawing, kind="svg", border=border, light="#fff", dark="#000", svgclass=None,
        lineclass=None, omitsize=True,
    )  # fmt: skip
    return Response(drawing.getvalue(), mimetype="image/svg+xml")


@desk.app_template_global()
def repeats(order: Order) -> list[tuple[str, str]]:
    """Return (label, warning) for each number that another order of the customer also has.

    The numbers are the order's ID on its platform and its purchase order number.
    """
    return labeled(repeats_of(order, signed_in().actor))


def labeled(warnings: Iterable[FieldError]) -> list[tuple[str, str]]:
    """Return (label of the field, message) for warnings about an order, in the page's language."""
    labels = {rule.path: rule.label for rule in shown_attributes()}
    return [
        (
            labels.get(one.path) or translated(LABELS.get(one.path, one.path.partition(".")[2])),
            translated(one.message),
        )
        for one in warnings
    ]


@desk.app_template_global("own_preferences")
def preferences() -> Preferences:
    """Return the signed-in person's preferences, or the defaults if nobody is signed in."""
    member = current_member()
    return Preferences() if member is None else member.preferences


def local_now() -> datetime:
    """Return the current time in the signed-in person's time zone."""
    return datetime.now(preferences().zone)


@desk.app_template_filter("local")
def local(
    moment: datetime, seconds: bool = False, brief: bool = False, inside: bool = False
) -> str:
    """Return a moment as text in the signed-in person's date format and time zone.

    The text includes the seconds if `seconds` is true. `brief` and `inside` are as in
    `spoken_moment`, and change nothing if the person has chosen a format of digits. The default
    preferences apply if nobody is signed in.
    """
    chosen = preferences()
    if chosen.date_format != SPOKEN:
        return chosen.write(moment, seconds=seconds)
    return spoken_moment(
        moment, datetime.now(UTC), chosen.zone, seconds=seconds, brief=brief, inside=inside
    )


@desk.app_template_filter("stamp")
def stamp(moment: datetime, seconds: bool = False) -> str:
    """Return a moment in full, with its year, in the signed-in person's zone and date format."""
    return preferences().write(moment, seconds=seconds)


def local_day(day: date) -> str:
    """Return a day as text in the signed-in person's date format."""
    chosen = preferences()
    if chosen.date_format != SPOKEN:
        return chosen.write_day(day)
    return spoken_day(day, local_now().date())


@desk.app_template_global()
def zone_name() -> str:
    """Return the name of the time zone in which the page shows times, such as `Berlin time`."""
    return translated(preferences().zone_name)


@desk.app_template_global()
def may(permission: str) -> bool:
    """Return whether a person is signed in and has `permission`: "read", "enter" or "settings"."""
    member = current_member()
    return member is not None and member.may(Permission(permission))
