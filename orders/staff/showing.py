"""How the desk's pages show values that may be anything, and the names of the statuses."""

import json
from collections.abc import Mapping

from markupsafe import Markup

from orders.rules.status import STATUS_TEXTS, Status, read_status
from orders.web.language import translated


def status_names() -> dict[Status, str]:
    """Give the states in their order, with what people read in the page's language."""
    return {status: translated(text) for status, text in STATUS_TEXTS.items()}


def status_menus(names: Mapping[Status, str]) -> dict[Status | None, Markup]:
    """Draw the options of a menu once for each state that is chosen in it, and for none.

    A page of the list has a menu in each of its rows.
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
    """Give what people read for a wire name; anything else as it is."""
    status = read_status(value)
    return value if status is None else translated(STATUS_TEXTS[status])


def as_json(value: object) -> str:
    """Give a text as it is, and any other JSON value as JSON text that people can read."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
