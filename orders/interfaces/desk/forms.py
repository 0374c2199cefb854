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
    """A form that sends the version of the object it shows, so that it overwrites no newer one."""

    version = HiddenField()


class PasswordForm(FlaskForm):
    """A form with one field, for a new password."""

    password = PasswordField(lazy_gettext("New password"))


@dataclass
class SummaryError:
    """An error in the summary above a form; `target` is the ID of the field's element, or empty."""

    label: str
    message: str
    target: str
    path: str


@dataclass
class FilledForm:
    """A WTForms form with `errors`, the messages by field name, and `summary`, all errors.

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
        """Whether the request submits the form (POST) and does not only ask for its page."""
        return bool(self.form.is_submitted())

    def saving(self, address: str) -> "ErrorsInForm":
        """Return a context manager that catches the services' errors and shows them in this form.

        `address` is the URL of the page that shows other conflicts, as in ErrorsInForm.
        """
        return ErrorsInForm(self, address)

    def values(self) -> dict[str, Any]:
        """Return the values by field name, without the CSRF token; `""` for a missing text."""
        return {
            name: "" if value is None and name != "version" else value
            for name, value in self.form.data.items()
            if name != "csrf_token"
        }

    def error(self, name: str) -> str:
        """Return the error message of the field with this name; "" if it has none."""
        return self.errors.get(name, "")

    def show(self, errors: Iterable[FieldError]) -> None:
        """Show each error at the field that its path names and in the summary; set `status` 422."""
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
    """A context manager that catches errors of services and adds them to the form `entry`.

    The form's `status` becomes 422 for InvalidInput; 409 for Taken, and for ChangedMeanwhile, after
    which a second save overwrites. Any other Conflict ends the request with a redirect to the page
    at `address`, which shows it.
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
    """Return the form, of the class `kind`, with the values that the request has sent."""
    return FilledForm(kind(formdata=request.form))


def open_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return the form with what a POST has sent; for a GET, filled in by field name (`values`)."""
    return sent_form(kind) if request.method == "POST" else new_form(kind, **values)


def new_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return a form filled in by field name (`values`); what the request has sent is ignored."""
    return FilledForm(kind(formdata=None, **values))


@desk.app_template_global()
def element_id(name: str) -> str:
    """Return the HTML ID for a field's name: characters special in CSS become hyphens."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)


def lines_of(text: str | None) -> list[str]:
    """Return the lines of a text, stripped, without blank ones; an empty list for None."""
    return [line.strip() for line in _LINE_END.split(text or "") if line.strip()]


def number_in(sent: FormData, name: str, default: int = 0) -> int:
    """Return the whole number in the field `name`; `default` if it is missing or malformed."""
    number = whole_number(sent.get(name, ""))
    return default if number is None else number


def is_key(text: str) -> bool:
    """Return whether the text has the form of a key that `new_key` makes."""
    return _KEY.fullmatch(text) is not None


def new_key() -> str:
    """Return 22 random characters, which identify a form or an open page."""
    return secrets.token_urlsafe(16)


def own_id(key: str) -> str:
    """Return a UUID computed from the signed-in person's ID and the key of a form.

    It is the ID of what the form creates, so that the same form sent twice creates one object.
    """
    return str(uuid.uuid5(uuid.UUID(signed_in().id), key))


def id_by_field(key: Any) -> str:  # noqa: ANN401 - a field, which has no types
    """Return `own_id` of the key in this WTForms field, which gets a new key if it is invalid."""
    if not is_key(key.data or ""):
        key.process_data(new_key())
    return own_id(key.data)


def html_page(template: str, status: int = 200, **context: object) -> Response:
    return Response(render_template(template, **context), status, mimetype="text/html")


def secret_page(template: str, status: int = 200, **context: object) -> Response:
    """Render a page with a secret on it, which no browser stores, not even for its Back button."""
    response = html_page(template, status, **context)
    response.headers["Cache-Control"] = "no-store"
    return response


def report(message: str, address: str, category: str = "message") -> Response:
    """Return a redirect to the page at `address`, which shows the message (translated already).

    The category is "bad" for something that was not done.
    """
    flash(message, category)
    return go_to(address)


@contextmanager
def reporting_conflicts(address: str) -> Iterator[None]:
    """Turn a Conflict in the block into a redirect to the page at `address`, which shows it."""
    try:
        yield
    except Conflict as conflict:
        abort(report(translated(conflict.sentence), address, "bad"))
