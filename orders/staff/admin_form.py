"""What stands on a form of the settings, what is wrong with it, and how it is saved.

The names of the fields are the paths in the errors of the services, so that each error finds its
field.
"""

import re
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash

from orders.administration import ChangedMeanwhile
from orders.rules.errors import Conflict, FieldError, InvalidInput, Taken
from orders.staff.blueprint import signed_in, staff
from orders.staff.entry.form_rows import element_id
from orders.staff.entry.order_form import Summary
from orders.web.language import gettext, translated
from orders.web.pages import go_to

staff.add_app_template_global(element_id)

# 128 random bits, as `secrets.token_urlsafe(16)` writes them.
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass
class AdminEntry:
    """A form with the errors of its fields; `focus` is the element that gets the focus."""

    form: Any  # a WTForms form: its fields have no types
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[Summary] = field(default_factory=list)
    notice: str = ""
    focus: str = ""

    def error(self, name: str) -> str:
        """Give the error of a field by its name, empty when there is none."""
        return self.errors.get(name, "")

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put each error at its field; all stand in the summary too."""
        labels = {str(one.name): translated(one.label.text) for one in self.form}
        for error in errors:
            target = element_id(error.path) if error.path in labels else ""
            if target:
                # A field of many lines may have many faults, of which each is told.
                told = self.errors.get(error.path, "")
                self.errors[error.path] = f"{told} {translated(error.message)}".lstrip()
            label = labels.get(error.path, error.path)
            self.summary.append(Summary(label, translated(error.message), target, error.path))
        self.focus = next((entry.target for entry in self.summary if entry.target), "")


def save(
    entry: AdminEntry,
    work: Callable[[], object],
    *,
    draw: Callable[[], str],
    done: str,
    address: str,
) -> Response:
    """Save a form and lead to `address`, where `done` is told; else draw it with its errors."""
    try:
        work()
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return page(draw(), 422)
    except Taken as taken:
        entry.show([FieldError(taken.path, taken.sentence)])
        return page(draw(), 409)
    except ChangedMeanwhile as changed:
        kept = gettext(
            "Nothing was saved: what you typed still stands here. "
            "Save again to put it in place of theirs."
        )
        entry.notice = f"{translated(changed.sentence)} {kept}"
        entry.form.version.process_data(changed.version)
        return page(draw(), 409)
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
    else:
        flash(done)
    return go_to(address)


def act(work: Callable[[], object], *, done: str, address: str) -> Response:
    """Do what a button asks for, and tell at `address` that it is done, or why it cannot be."""
    try:
        work()
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
    else:
        flash(done)
    return go_to(address)


def own_id(key: Any) -> str:  # noqa: ANN401 - a field, which has no types
    """Give the ID of the one thing that this person's form can make, by the form's key.

    A key that no form of ours has is replaced by a new one.
    """
    if not _KEY.fullmatch(key.data or ""):
        key.process_data(secrets.token_urlsafe(16))
    return str(uuid.uuid5(uuid.UUID(signed_in().id), key.data))


def page(text: str, status: int = 200) -> Response:
    """Give a page with its status."""
    return Response(text, status, mimetype="text/html")


def secret_page(text: str, status: int = 200) -> Response:
    """Give a page that shows a secret or asks for one: no browser keeps it, not for Back either."""
    response = page(text, status)
    response.headers["Cache-Control"] = "no-store"
    return response
