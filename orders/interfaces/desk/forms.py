"""What the desk's forms share: their state with errors, saving, and responses.

A field has the same name as the path that the services use in errors about its value, so that each
error can be shown at its field. Forms only read what was typed; the services validate it.
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
    """A form that sends the version of the object that it edits.

    When the form is saved, that version is compared with the stored one, so that the form does not
    overwrite newer changes.
    """

    version = HiddenField()


class PasswordForm(FlaskForm):
    """A form with one field, for a new password."""

    password = PasswordField(lazy_gettext("New password"))


@dataclass
class SummaryError:
    """An error in the summary above a form.

    The page shows `label` and `message`; `path` is the path in the service's error. `target` is the
    ID of the HTML element of the field with the error, or empty if the form has no such field.
    """

    label: str
    message: str
    target: str
    path: str


@dataclass
class FilledForm:
    """A WTForms form (`form`) together with the errors to show in it.

    `errors` contains the messages by field name; `summary` contains all errors, including those
    that belong to no field. `notice` is a sentence above the form, or empty. `focus` is the ID of
    the HTML element that gets the focus, or empty. `status` is the HTTP status of the response with
    the form.
    """

    form: Any  # a WTForms form: its fields have no types
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[SummaryError] = field(default_factory=list)
    notice: str = ""
    focus: str = ""
    status: int = 200

    @property
    def is_sent(self) -> bool:
        """Whether the request submits the form (a POST) rather than only requesting its page."""
        return bool(self.form.is_submitted())

    def saving(self, address: str) -> "ErrorsInForm":
        """Return a context manager that catches the services' errors and adds them to this form.

        A conflict that the form cannot show is shown on the page at the URL `address` instead; see
        ErrorsInForm.
        """
        return ErrorsInForm(self, address)

    def values(self) -> dict[str, Any]:
        """Return the values by field name, without the CSRF token.

        A missing value is returned as `""`, except that a missing `version` is None.
        """
        return {
            name: "" if value is None and name != "version" else value
            for name, value in self.form.data.items()
            if name != "csrf_token"
        }

    def error(self, name: str) -> str:
        """Return the error message of the field with this name; "" if it has none."""
        return self.errors.get(name, "")

    def labels(self) -> dict[str, str]:
        """Return the translated labels of the form's fields by the names of the fields."""
        return {str(one.name): translated(one.label.text) for one in self.form}

    def show(self, errors: Iterable[FieldError]) -> None:
        """Add each error to the summary and, if its path names a field, to that field.

        Sets `status` to 422, and `focus` to the first field with an error.
        """
        self.status = 422
        labels = self.labels()
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
    """A context manager that catches errors of the services and adds them to the form `entry`.

    InvalidInput sets the form's `status` to 422; Taken and ChangedMeanwhile set it to 409. After
    ChangedMeanwhile, the form contains the newer version, so that saving again overwrites the other
    person's change. Any other Conflict aborts the request with a redirect to the page at the URL
    `address`, which shows the conflict's message. Other exceptions are not caught.
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
                "Nothing was saved. Your changes are still in the form. Save again to "
                "replace the other changes."
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
    """Return a form of the class `kind` with the values in the body of the request."""
    return FilledForm(kind(formdata=request.form))


def open_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return a form of the class `kind` for a view that handles both GET and POST.

    For a POST, the form contains the values in the body of the request; for a GET, it contains
    `values`, which are by field name.
    """
    return sent_form(kind) if request.method == "POST" else new_form(kind, **values)


def new_form(kind: type[FlaskForm], /, **values: object) -> FilledForm:
    """Return a form of the class `kind` that contains `values`, which are by field name.

    Values in the body of the request are ignored.
    """
    return FilledForm(kind(formdata=None, **values))


@desk.app_template_global()
def element_id(name: str) -> str:
    """Return the HTML ID for a field's name: characters special in CSS become hyphens."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", name)


def lines_of(text: str | None) -> list[str]:
    """Return the lines of a text that are not blank, each stripped; an empty list for None."""
    return [line.strip() for line in _LINE_END.split(text or "") if line.strip()]


def number_in(sent: FormData, name: str, default: int = 0) -> int:
    """Return the whole number in the field `name`; `default` if it is missing or malformed."""
    number = whole_number(sent.get(name, ""))
    return default if number is None else number


def is_key(text: str) -> bool:
    """Return whether the text has the form of a key that `new_key` makes."""
    return _KEY.fullmatch(text) is not None


def new_key() -> str:
    """Return a new random key of 22 characters that identifies a form or an open page."""
    return secrets.token_urlsafe(16)


def own_id(key: str) -> str:
    """Return the ID, a UUID, of the object that a form creates.

    It is computed from the signed-in person's ID and the form's `key`, so that a form that is sent
    twice creates only one object.
    """
    return str(uuid.uuid5(uuid.UUID(signed_in().id), key))


def id_by_field(key: Any) -> str:  # noqa: ANN401 - a field, which has no types
    """Return `own_id` of the key in this WTForms field.

    A field without a valid key gets a new one first.
    """
    if not is_key(key.data or ""):
        key.process_data(new_key())
    return own_id(key.data)


def html_page(template: str, status: int = 200, **context: object) -> Response:
    return Response(render_template(template, **context), status, mimetype="text/html")


def secret_page(template: str, status: int = 200, **context: object) -> Response:
    """Render a page that contains a secret, with `no-store` so that no browser keeps a copy."""
    response = html_page(template, status, **context)
    response.headers["Cache-Control"] = "no-store"
    return response


def report(message: str, address: str, category: str = "message") -> Response:
    """Return a redirect to the page at the URL `address`, which shows `message`.

    The message must be translated already. The category "bad" marks a message about something that
    was refused or has failed.
    """
    flash(message, category)
    return go_to(address)


@contextmanager
def reporting_conflicts(address: str) -> Iterator[None]:
    """Return a context manager that aborts the request with a redirect if it catches a Conflict.

    The redirect leads to the page at the URL `address`, which shows the conflict's message.
    """
    try:
        yield
    except Conflict as conflict:
        abort(report(translated(conflict.sentence), address, "bad"))
