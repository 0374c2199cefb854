"""Error pages for people, and the fragments that htmx shows instead."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import Response, current_app, render_template, request, session
from limits.errors import StorageError
from werkzeug.exceptions import HTTPException

from orders.domain.errors import OrderError, ServiceBusy
from orders.domain.texts import Text, lazy_gettext
from orders.interfaces.http.bodies import FORM, read_body_of_page
from orders.interfaces.http.i18n import is_for_customers, language, translated
from orders.interfaces.http.observers import handled_request
from orders.interfaces.http.pages import wants_piece
from orders.interfaces.http.prefix import requested_address
from orders.interfaces.http.resumed import ResumedForm, fits_on_page, pack, sent_fields
from orders.interfaces.http.session import SECRET, current_session
from orders.services.languages import ENGLISH
from orders.storage.rate_counts import CANNOT_COUNT

NOTHING_SAVED = lazy_gettext("Nothing was saved. Go back and try again.")
# Title and advice by status code, instead of the reason phrases of HTTP.
SENTENCES = {
    400: (lazy_gettext("Incomplete request"), NOTHING_SAVED),
    403: (
        lazy_gettext("Not allowed"),
        lazy_gettext("You don't have permission to do this. Ask an admin."),
    ),
    404: (lazy_gettext("Page not found"), lazy_gettext("Check the link, or look up the order.")),
    405: (
        lazy_gettext("Not supported"),
        lazy_gettext("This page does not support that request. Go back and try again."),
    ),
    409: (
        lazy_gettext("Changed in the meantime"),
        lazy_gettext("Nothing was saved. Reload the page, then try again."),
    ),
    413: (
        lazy_gettext("Too large"),
        lazy_gettext("Nothing was saved. Go back and send less at a time."),
    ),
    429: (lazy_gettext("Too many attempts"), lazy_gettext("Please wait a moment, then try again.")),
    500: (
        lazy_gettext("Something went wrong"),
        lazy_gettext("Nothing was saved. Your input is still in the form. Please try again."),
    ),
    503: (
        lazy_gettext("Busy right now"),
        lazy_gettext("Nothing was saved. Please try again in a moment."),
    ),
}
RETRY_AFTER = 1  # seconds; a busy database is free again soon
# Fields of a form that is kept for a person who is not signed in.
MOST_KEPT = 1_000
# Fields that no page may contain; a person enters them again.
SECRET_FIELDS = {
    "password": lazy_gettext("Password"),
    "old_password": lazy_gettext("Current password"),
    "confirm_password": lazy_gettext("Your password"),
    "proof": lazy_gettext("Your password"),
    "recovery": lazy_gettext("Recovery code"),
}
OTHER_TITLE = lazy_gettext("Something went wrong")


def error_page(error: HTTPException) -> Response:
    """Render the page or htmx fragment for an HTTP error, with the error's status and headers."""
    # Its frames would keep the request, and the connection of a body that is refused, until the
    # garbage is collected.
    error.__traceback__ = None
    response = _page(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def busy_page(error: OrderError) -> Response:
    return _page(503, error.sentence)


def say_when_to_retry(response: Response) -> Response:
    """Set `Retry-After` of a 503, as the last function that changes a response; return it.

    The rate limiters set the header of every response, to the seconds until their limits begin
    again.
    """
    if response.status_code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def uncounted_page(error: StorageError) -> Response:
    """Render the page for a request whose limit cannot be checked, because Redis is away."""
    current_app.logger.warning("A request cannot be counted: %s", error)
    return busy_page(ServiceBusy(CANNOT_COUNT))


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form that could not be handled, for a page from which a person can send it again.

    `secrets` maps the names of fields that have to be filled in again to their labels, and `files`
    those of fields with files to the names of the files, which have to be chosen again.
    """

    action: str
    fields: ResumedForm
    secrets: Mapping[str, Text]
    files: Mapping[str, Sequence[str]]


def _kept_form() -> KeptForm | None:
    """Return the form in the request, or None if it has none or what has arrived is not usable.

    The form of a person who has no session is kept only if it does not make the page much larger
    than the request. Whether the session is still valid cannot be asked of the database now.
    """
    if request.method != "POST" or request.mimetype not in {FORM, "multipart/form-data"}:
        return None
    try:
        read_body_of_page()  # the database may have been away before that hook
        fields = sent_fields(but={"csrf_token", *SECRET_FIELDS})
    except HTTPException:
        return None
    if SECRET not in session and not (len(fields) <= MOST_KEPT and fits_on_page(pack(fields))):
        return None
    files: dict[str, list[str]] = {}
    for name, file in request.files.items(multi=True):
        if file.filename:
            files.setdefault(name, []).append(file.filename)
    return KeptForm(requested_address(), fields, typed_secrets(), files)


def typed_secrets() -> dict[str, Text]:
    """Return the names of the SECRET_FIELDS that are filled in in this request, with their labels.

    A page that keeps the form has to ask for them again.
    """
    return {name: label for name, label in SECRET_FIELDS.items() if request.form.get(name)}


def _page(status: int, detail: str) -> Response:
    # What a page needs of the person is read before it, so that a database that is away is not
    # asked again while it is rendered.
    with suppress(ServiceBusy):
        current_session()
    # Descriptions by the framework exist in English only; of a missing page, it says nothing more.
    is_said = isinstance(detail, Text) or (language() == ENGLISH and status != 404)
    detail = translated(detail) if is_said else ""
    title, advice = SENTENCES.get(status, (OTHER_TITLE, detail or NOTHING_SAVED))
    if is_for_customers(request.path):
        template = "customer/error.html"
    else:
        template = "errors/_message.html" if wants_piece() else "errors/error.html"
    texts = {"title": translated(title), "advice": translated(advice), "detail": detail}
    kept, request_id = _kept_form() if status == 503 else None, handled_request().id
    text = render_template(
        template,
        status=status,
        kept=kept,
        again=requested_address(),
        request_id=request_id,
        **texts,
    )
    response = Response(text, status, mimetype="text/html")
    response.vary.add("HX-Request")
    response.headers["Cache-Control"] = "no-store"
    return response
