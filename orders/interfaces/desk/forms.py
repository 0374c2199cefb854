"""What the desk's forms share: their state with errors, saving, and answers.

The names of the fields are the paths in the errors of the services, so that each error finds its
field. The services check what is typed; forms only read it.
"""

import re
import secrets
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from flask import Response, abort, flash, render_template, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, PasswordField, SelectField

from orders.domain.errors import Conflict, FieldError, InvalidInput, Taken
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import whole_number
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to
from orders.services.accounts.checks import ChangedMeanwhile

FormData: TypeAlias = MultiDict[str, str]
# The services check the value that was chosen.
MenuField = partial(SelectField, validate_choice=False)

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
    """A form with the errors of its fields, by their names.

    `notice` is a sentence above the form, `focus` the ID of the element that gets the focus, and
    `status` the HTTP status of the answer with the form.
    """

    form: Any  # a WTForms form: its fields have no types
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[SummaryError] = field(default_factory=list)
    notice: str = ""
    focus: str = ""
    status: int = 200

    @property
    def is_sent(self) -> bool:
        """Whether the request has sent the form, and does not only ask for it."""
        return bool(self.form.is_submitted())

    def saving(self, address: str) -> "ErrorsInForm":
        """Return the context manager for the statements that save what the form has sent."""
        return ErrorsInForm(self, address)

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
        """Put each error at its field and all into the summary; `status` becomes 422."""
        self.status = 422
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


@dataclass(frozen=True)
class ErrorsInForm:
    """Keeps the errors of services that the block raises, so that the form is rendered with them.

    Then the form's `status` is that of the answer: 422 for invalid input; 409 for a value in use,
    or for an object that somebody else has changed, which the next try overwrites. Any other
    Conflict is reported on the page at `address`, which ends the request.
    """

    entry: FilledForm
    address: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, InvalidInput):
            self.entry.show(error.errors)
        elif isinstance(error, Taken):
            self.entry.show([FieldError(error.path, error.sentence)])
            self.entry.status = 409
        elif isinstance(error, ChangedMeanwhile):
            kept = gettext(
                "Nothing was saved: what you typed still stands here. "
                "Save again to put it in place of theirs."
            )
            self.entry.notice = f"{translated(error.sentence)} {kept}"
            self.entry.form.version.process_data(error.version)
            self.entry.status = 409
        elif isinstance(error, Conflict):
            abort(report(translated(error.sentence), self.address, "bad"))
        else:
            return False
        return True


def sent_form(kind: type[FlaskForm]) -> FilledForm:
    """Return the form as the request has sent it."""
    return FilledForm(kind(formdata=request.form))


def open_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return the form as it was sent; for a GET, filled in with the values, by field names."""
    return sent_form(kind) if request.method == "POST" else new_form(kind, **values)


def new_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return a form filled in with the values, by field names, whatever the request has sent."""
    return FilledForm(kind(formdata=None, **values))


@desk.app_template_global()
def element_id(name: str) -> str:
    """Return the ID of a field's element: its name without characters special in CSS."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)


def lines_of(text: str | None) -> list[str]:
    """Return the lines that are not blank, stripped."""
    return [line.strip() for line in _LINE_END.split(text or "") if line.strip()]


def number_in(sent: FormData, name: str, default: int = 0) -> int:
    """Return the whole number in a field; the default if it is missing or no such number."""
    number = whole_number(sent.get(name, ""))
    return default if number is None else number


def is_key(text: str) -> bool:
    """Return whether the text may be a key that `new_key` has made."""
    return _KEY.fullmatch(text) is not None


def new_key() -> str:
    """Return a random key for a form, or a name for an open page: 22 characters."""
    return secrets.token_urlsafe(16)


def own_id(key: str) -> str:
    """Return a UUID made of the signed-in person and the key of a form.

    What the form creates gets it as its ID, so that the same form sent twice creates one thing.
    """
    return str(uuid.uuid5(uuid.UUID(signed_in().id), key))


def id_by_field(key: Any) -> str:  # noqa: ANN401 - a field, which has no types
    """Return `own_id` for the key in a form's field, which gets a new one if it is not valid."""
    if not is_key(key.data or ""):
        key.process_data(new_key())
    return own_id(key.data)


def html_page(template: str, status: int = 200, **context: object) -> Response:
    return Response(render_template(template, **context), status, mimetype="text/html")


def secret_page(template: str, status: int = 200, **context: object) -> Response:
    """Render a page with a secret on it: no browser keeps it, not for Back either."""
    response = html_page(template, status, **context)
    response.headers["Cache-Control"] = "no-store"
    return response


def report(message: str, address: str, category: str = "message") -> Response:
    """Redirect to a page that shows the message, which is in the person's language.

    The category is "bad" for something that was not done.
    """
    flash(message, category)
    return go_to(address)


@contextmanager
def reporting_conflicts(address: str) -> Iterator[None]:
    """Report a Conflict that the block raises on the page at `address`, which ends the request."""
    try:
        yield
    except Conflict as conflict:
        abort(report(translated(conflict.sentence), address, "bad"))
