"""What the desk's forms share: their state with errors, saving, and answers.

The names of the fields are the paths in the errors of the services, so that each error finds its
field. The services check what is typed; forms only read it.
"""

import re
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from flask import Response, flash, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, PasswordField

from orders.domain.errors import Conflict, FieldError, InvalidInput, Taken
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import whole_number
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to
from orders.services.accounts.checks import ChangedMeanwhile

FormData: TypeAlias = MultiDict[str, str]
T = TypeVar("T")

# 128 random bits, as `secrets.token_urlsafe(16)` writes them.
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")
_LINE_END = re.compile(r"\r\n|\r|\n")


class VersionedForm(FlaskForm):
    """A form with the version that it shows, so that it overwrites nobody's change."""

    version = HiddenField()


class PasswordForm(FlaskForm):
    """A new password."""

    password = PasswordField(lazy_gettext("New password"))


@dataclass
class SummaryError:
    """An error in the summary above a form; `target` is the ID of the field's element."""

    label: str
    message: str
    target: str
    path: str


@dataclass
class FilledForm:
    """A form with the errors of its fields; `focus` is the ID of the element to focus."""

    form: Any  # a WTForms form: its fields have no types
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[SummaryError] = field(default_factory=list)
    notice: str = ""
    focus: str = ""

    def values(self) -> dict[str, Any]:
        """Return what was typed, by the names of the attributes; "" for a missing text."""
        return {
            name: "" if value is None and name != "version" else value
            for name, value in self.form.data.items()
            if name != "csrf_token"
        }

    def error(self, name: str) -> str:
        """Return the error of a field by its name, empty for none."""
        return self.errors.get(name, "")

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put each error at its field, and all of them into the summary."""
        labels = {str(one.name): translated(one.label.text) for one in self.form}
        for error in errors:
            message = translated(error.message)
            target = element_id(error.path) if error.path in labels else ""
            if target:
                # A field of many lines can have several errors.
                before = self.errors.get(error.path, "")
                self.errors[error.path] = f"{before} {message}".lstrip()
            label = labels.get(error.path, error.path)
            self.summary.append(SummaryError(label, message, target, error.path))
        self.focus = next((entry.target for entry in self.summary if entry.target), "")


def sent_form(kind: type[FlaskForm]) -> FilledForm:
    """Return the form as it was sent."""
    return FilledForm(kind(formdata=request.form))


def new_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return a form that nobody has sent, filled in with the values."""
    return FilledForm(kind(formdata=None, **values))


@desk.app_template_global()
def element_id(name: str) -> str:
    """Return the ID of a field's element: its name without characters special in CSS."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)


def lines_of(text: str | None) -> list[str]:
    """Return the lines that are not blank, stripped."""
    return [line.strip() for line in _LINE_END.split(text or "") if line.strip()]


def number_in(sent: FormData, name: str, default: int = 0) -> int:
    number = whole_number(sent.get(name, ""))
    return default if number is None else number


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def new_key() -> str:
    """Return a random key for a form, or a name for an open page: 22 characters."""
    return secrets.token_urlsafe(16)


def own_id(key: str) -> str:
    """Return the ID of the one thing that this person's form can create, by the form's key."""
    return str(uuid.uuid5(uuid.UUID(signed_in().id), key))


def id_by_field(key: Any) -> str:  # noqa: ANN401 - a field, which has no types
    """Return the ID for the key in a form's field; replace a key that no page has made."""
    if not is_key(key.data or ""):
        key.process_data(new_key())
    return own_id(key.data)


def html_page(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/html")


def secret_page(text: str, status: int = 200) -> Response:
    """Return a page with a secret on it: no browser keeps it, not for Back either."""
    response = html_page(text, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def report(message: str, address: str, category: str = "message") -> Response:
    """Redirect to a page that shows the message, which is in the person's language."""
    flash(message, category)
    return go_to(address)


def submit(
    entry: FilledForm,
    change: Callable[[], T],
    *,
    render: Callable[[], str],
    then: Callable[[T], Response],
    address: str,
    page: Callable[[str, int], Response] = html_page,
) -> Response:
    """Make the change and answer with `then`, or with the form and its errors.

    Another conflict is reported at `address`.
    """
    try:
        result = change()
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return page(render(), 422)
    except Taken as taken:
        entry.show([FieldError(taken.path, taken.sentence)])
        return page(render(), 409)
    except ChangedMeanwhile as changed:
        kept = gettext(
            "Nothing was saved: what you typed still stands here. "
            "Save again to put it in place of theirs."
        )
        entry.notice = f"{translated(changed.sentence)} {kept}"
        entry.form.version.process_data(changed.version)
        return page(render(), 409)
    except Conflict as conflict:
        return report(translated(conflict.sentence), address, "bad")
    return then(result)


def save(
    entry: FilledForm,
    change: Callable[[], object],
    *,
    render: Callable[[], str],
    done: str,
    address: str,
) -> Response:
    """Save a form and report `done` at `address`, or render it with its errors."""
    return submit(
        entry, change, render=render, then=lambda _: report(done, address), address=address
    )


def perform(action: Callable[[], object], *, done: str, address: str) -> Response:
    """Perform the action of a button, and report at `address` that it is done, or why not."""
    try:
        action()
    except Conflict as conflict:
        return report(translated(conflict.sentence), address, "bad")
    return report(done, address)
