"""The audit trail of the org: who has done what outside of orders, as a page and as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, request, stream_with_context

from orders.domain.moments import begin_of_day, read_day
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_now
from orders.interfaces.desk.forms import html_page
from orders.interfaces.http.i18n import has_decimal_comma, translated
from orders.services.accounts import accounts, audit, tokens
from orders.services.accounts.account_events import EventKind, note
from orders.services.accounts.acting import ActorKind
from orders.services.accounts.audit import AuditFilter
from orders.services.orders.export import SEPARATORS, csv_pieces

FIELDS = ("q", "kind", "by", "from", "to")
NOT_A_DAY = lazy_gettext("Enter a date, such as 2026-11-24.")
NAMELESS = {
    ActorKind.COMMAND: lazy_gettext("Server command"),
    ActorKind.UNKNOWN: lazy_gettext("Not signed in"),
    ActorKind.PROVIDER: lazy_gettext("Provider of company accounts"),
}


@dataclass(frozen=True, slots=True)
class TypedAuditFilter:
    """The filters of the audit trail, as they were typed, and as they were read.

    `typed` has the text of each parameter in FIELDS, `""` if it is missing; `errors` has messages
    by the name of the parameter.
    """

    typed: Mapping[str, str]
    filters: AuditFilter
    errors: Mapping[str, str]


@desk.get("/settings/audit")
def list_audit() -> Response:
    org_id, narrowing = signed_in().org_id, _read_filter()
    page = audit.list_audit(
        org_id, narrowing.filters,
        older_than=request.args.get("older", ""), newer_than=request.args.get("newer", ""),
    )  # fmt: skip
    return html_page(
        "desk/settings/audit.html", 422 if narrowing.errors else 200,
        page=page, narrowing=narrowing, kinds=EventKind, nameless=NAMELESS,
        people=accounts.list_staff(org_id), tokens=tokens.list_tokens(org_id),
        sent={name: value for name, value in narrowing.typed.items() if value},
    )  # fmt: skip


@desk.get("/settings/audit.csv")
def export_audit() -> Response:
    org_id, narrowing = signed_in().org_id, _read_filter()
    if narrowing.errors:
        return list_audit()
    note(org_id, EventKind.AUDIT_EXPORTED)
    rows = audit.export_rows(org_id, narrowing.filters)
    separator = SEPARATORS["semicolon" if has_decimal_comma() else "comma"]
    pieces = stream_with_context(csv_pieces(audit.EXPORT_COLUMNS, rows, separator))
    name = f"audit-{local_now():%Y-%m-%d-%H%M}.csv"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(pieces, mimetype="text/csv", headers=headers)


def _read_filter() -> TypedAuditFilter:
    typed = {name: request.args.get(name, "").strip() for name in FIELDS}
    since, until = _day(typed["from"]), _day(typed["to"], days_later=1)
    errors = {
        name: translated(NOT_A_DAY)
        for name, at in (("from", since), ("to", until))
        if typed[name] and at is None
    }
    kind = EventKind.named(typed["kind"])
    return TypedAuditFilter(typed, AuditFilter(kind, typed["by"], since, until, typed["q"]), errors)


def _day(text: str, *, days_later: int = 0) -> datetime | None:
    """Return the first moment of a day, or of one some days later, in the person's time zone.

    Returns None for a text that names no day.
    """
    day = read_day(text)
    try:
        later = None if day is None else day + timedelta(days=days_later)
        return None if later is None else begin_of_day(later, signed_in().preferences.zone)
    except OverflowError:
        return None
