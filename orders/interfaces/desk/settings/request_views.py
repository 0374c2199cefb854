"""The page that lists recent requests to the JSON API with the org's tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request

from orders.domain.moments import is_day, read_moment
from orders.domain.permissions import Permission
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import whole_number
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import html_page
from orders.interfaces.http.i18n import translated
from orders.services import request_log
from orders.services.accounts import tokens
from orders.services.request_log import RequestFilter, RequestRecorder
from orders.storage.cursors import CursorPage

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
CLASSES = {
    "2xx": lazy_gettext("2xx successful"),
    "3xx": lazy_gettext("3xx unchanged"),
    "4xx": lazy_gettext("4xx rejected"),
    "5xx": lazy_gettext("5xx failed"),
}
NOT_A_STATUS = lazy_gettext("A status such as 404, or a class: 2xx, 3xx, 4xx, or 5xx.")
NOT_A_TIME = lazy_gettext("Enter a date or a time, such as 2026-11-24 or 2026-11-24T09:30.")
FIELDS = ("status", "method", "path", "token", "from", "to")


@dataclass(frozen=True, slots=True)
class TypedFilter:
    """The filters of the list of requests, parsed from the query string.

    `typed` contains the text of each parameter in FIELDS, `""` if it is missing. `filters` are the
    criteria that were parsed from these texts. `errors` contains messages by the name of the
    parameter that is invalid.
    """

    typed: Mapping[str, str]
    filters: RequestFilter
    errors: Mapping[str, str]


@desk.get("/docs/api/requests")
def list_requests() -> Response:
    """List the requests; only people who manage the tokens see whose each request is."""
    recorder: RequestRecorder = current_app.extensions["request_recorder"]
    narrowing = _read_filter(request.args)
    own = tokens.list_tokens(signed_in().org_id) if _may_see_tokens() else None
    return html_page(
        "desk/requests.html", 422 if narrowing.errors else 200,
        page=_find_page(recorder, narrowing), narrowing=narrowing, days=recorder.days,
        methods=METHODS, tokens=own, classes=CLASSES,
        phrases={one.value: one.phrase for one in HTTPStatus},
        sent={name: value for name, value in narrowing.typed.items() if value},
    )  # fmt: skip


def _find_page(recorder: RequestRecorder, narrowing: TypedFilter) -> CursorPage[Any] | None:
    if not recorder.days or narrowing.errors:
        return None
    return request_log.list_requests(
        signed_in().org_id, narrowing.filters, kept_since=recorder.kept_since(),
        older_than=request.args.get("older", ""), newer_than=request.args.get("newer", ""),
    )  # fmt: skip


def _read_filter(sent: Mapping[str, str]) -> TypedFilter:
    typed = {name: sent.get(name, "").strip() for name in FIELDS}
    if not _may_see_tokens():
        typed["token"] = ""
    errors: dict[str, str] = {}
    status = _status(typed["status"])
    if status is None:
        errors["status"] = translated(NOT_A_STATUS)
    since, until = _moment(typed["from"]), _moment(typed["to"], is_end=True)
    if typed["from"] and since is None:
        errors["from"] = translated(NOT_A_TIME)
    if typed["to"] and until is None:
        errors["to"] = translated(NOT_A_TIME)
    method, path, token = typed["method"].upper(), typed["path"], typed["token"]
    filters = RequestFilter(status or 0, method, path, token, since, until)
    return TypedFilter(typed, filters, errors)


def _may_see_tokens() -> bool:
    return signed_in().may(Permission.SETTINGS)


def _status(text: str) -> int | None:
    digits = text.lower().removesuffix("xx")
    number = whole_number(digits, most=599)
    if number is None:
        return None if text else 0
    is_class = digits != text and 1 <= number <= 5
    return number if is_class or (digits == text and 100 <= number <= 599) else None


def _moment(text: str, *, is_end: bool = False) -> datetime | None:
    """Parse a day or an ISO 8601 time, and return it in UTC.

    A day, or a time without an offset, is in the signed-in person's time zone. If `is_end` is true,
    returns the first moment after the day, minute or millisecond that `text` names. Returns None if
    the text is empty or malformed.
    """
    zone = signed_in().preferences.zone
    try:
        if is_end and is_day(text):
            # A day has 23 or 25 hours when the clocks change.
            text = (date.fromisoformat(text) + timedelta(days=1)).isoformat()
            return read_moment(text, zone)
        at = read_moment(text, zone)
        is_minute = len(text) == len("2026-11-24T09:30")
        beyond = timedelta(minutes=1) if is_minute else timedelta(milliseconds=1)
        return at + beyond if is_end else at
    except (ValueError, OverflowError):
        return None
