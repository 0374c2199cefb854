"""Views of the customer pages, on which a customer opens an order by its short ID (its code).

The response to an unknown code reveals nothing.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from werkzeug.exceptions import NotFound as NoPage
from werkzeug.wrappers import Response as AnyResponse

from orders.domain import short_id
from orders.domain.colours import look_of, read_colour, style_sheet
from orders.domain.customer_wording import DEFAULT_WORDING, Step, step_of, words_for
from orders.domain.errors import NotFound
from orders.domain.moments import read_day, write_calendar
from orders.domain.short_id import grouped
from orders.domain.texts import lazy_gettext
from orders.interfaces.customer import unlock
from orders.interfaces.customer.blueprint import UNKNOWN, customer, find_page, page, printable_input
from orders.interfaces.customer.dates import write_moment, write_value
from orders.interfaces.http.assets import FOR_EVER, send_stored
from orders.interfaces.http.current_settings import customer_link
from orders.interfaces.http.i18n import (
    figure,
    gettext,
    language,
    ngettext,
    set_org_language,
    translated,
)
from orders.interfaces.http.limiters import lookup_limit, lookup_limiter
from orders.services.accounts import orgs
from orders.services.accounts.orgs import CustomerPage
from orders.services.catalog.configuration_queries import StoredFile
from orders.services.orders import lookup
from orders.services.orders.lookup import Content, CustomerLine, CustomerView, IsUnlocked

# Characters of a typed customer ID that are read: an ID has at most 255, plus spaces between them.
MAX_TYPED = 1000
# What explains a step, unless the org has words of its own for the step.
EXPLANATIONS = {
    Step.OPEN: lazy_gettext("Your cart is still open"),
    Step.NEW: lazy_gettext("We have received your order"),
    Step.IN_PROGRESS: lazy_gettext("We are working on it"),
    Step.COMPLETE: lazy_gettext("Your order is complete"),
}


@customer.get("/find")
@lookup_limiter.limit(lookup_limit, exempt_when=lambda: "code" not in request.args)
def find() -> AnyResponse:
    """Render the search form; with `?code=`, redirect to the page of the order with that code.

    With `?org=`, the form looks like the pages of the org with that key. Raises MistypedShortId if
    the text in `code` contains no valid short ID.
    """
    typed = request.args.get("code")
    if typed is None:
        return find_page()
    code = short_id.find_code(typed)
    org = request.args.get("org")
    return redirect(url_for("customer.show_order", code=code, org=org), 303)


@customer.get("/o/")
def ask_for_code() -> AnyResponse:
    return redirect(url_for("customer.find"), 303)


@customer.get("/o/<code>")
@customer.get("/o/<path:code>")
@lookup_limiter.limit(lookup_limit)
def show_order(code: str) -> AnyResponse:
    """Render the order's page; if `code` is spelled differently, redirect to the canonical URL."""
    view = _find(code, unlock.is_unlocked)
    if code != view.short_id:
        return redirect(url_for("customer.show_order", code=view.short_id), 301)
    return render(view)


@customer.post("/o/<code>/open")
@lookup_limiter.limit(lookup_limit)
def open_order(code: str) -> AnyResponse:
    """Set the cookie that unlocks the order for this browser if the typed customer ID is right.

    Redirects to the order's page. After a wrong ID or too many tries, renders that page with an
    error instead. Raises NotFound for an unknown code, as the page itself does.
    """
    canonical = short_id.normalise(code)
    typed = request.form.get("number", "")[:MAX_TYPED]
    attempt = lookup.verify_customer(canonical, typed)
    if attempt is None or attempt.lock is None:
        # Rendered without the cookie, so the page shows no more than before.
        view = _find(canonical, lambda _lock: False)
        if attempt is not None:
            return _refuse(view, typed, attempt.wait)
    answer = redirect(url_for("customer.show_order", code=canonical), 303)
    if attempt is not None and attempt.lock is not None:
        unlock.set_unlock_cookie(answer, canonical, attempt.lock)
    return answer


@customer.get("/o/<code>/pictures/<int:number>")
# Only misses count: one page loads many pictures, and nobody who guesses codes gets any.
@lookup_limiter.limit(lookup_limit, deduct_when=lambda response: response.status_code == 404)
def show_picture(code: str, number: int) -> AnyResponse:
    """Send the picture of the order's cart line `number`, counted from 1.

    Raises NotFound if there is no such picture, or if the customer must be verified first.
    """
    file = lookup.find_picture(short_id.normalise(code), number, unlock.is_unlocked)
    if file is None:
        raise NotFound(UNKNOWN)
    return send_stored(file)


@customer.get("/o/<code>/days/<int:number>.ics")
@lookup_limiter.limit(lookup_limit)
def show_day(code: str, number: int) -> AnyResponse:
    """Send an iCalendar file for a date among the order's details.

    Details are the attributes that customers see; `number` is the position of the one with the
    date, counted from 1. Raises NotFound if there is no such detail, if it is not a date, or if the
    customer must be verified first.
    """
    view = _find(code, unlock.is_unlocked)
    calendar = _calendar(view, number)
    if calendar is None:
        raise NotFound(UNKNOWN)
    name = {"Content-Disposition": f'attachment; filename="{view.short_id}.ics"'}
    return Response(calendar, mimetype="text/calendar", headers=name)


# The URLs of colors and logos contain the color itself or the hash of the file, not the org: anyone
# may cache the responses forever, and they reveal nothing about the org.


@customer.get("/o/look/<color>.css")
def show_theme(color: str) -> Response:
    return _style_sheet(color, ":root")


@customer.get("/o/look/<color>/preview.css")
def show_theme_preview(color: str) -> Response:
    """Send CSS that applies `color` (six hex digits) only to the preview on the settings page."""
    return _style_sheet(color, ".preview")


@customer.get("/o/logo/<sha256>")
def show_logo(sha256: str) -> Response:
    """Send the logo whose content has this SHA-256 hash.

    Raises Werkzeug's NotFound (404) if there is no such logo.
    """
    try:
        logo = orgs.find_logo(sha256)
        file = StoredFile("logo", "logo", logo.content_type, 0, logo.sha256, logo.stored_as)
        answer = send_stored(file)
    except NotFound as error:
        raise NoPage(error.sentence) from error
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


def _find(code: str, is_unlocked: IsUnlocked) -> CustomerView:
    """Return what the customer may see of the order with the short ID `code`, in any spelling.

    `is_unlocked` returns whether this customer was verified for the order's lock (see `lock_of`).
    Raises MistypedShortId if `code` contains no valid short ID, and NotFound if no order has it.
    """
    view = lookup.find_order_for_customer(short_id.find_code(code), is_unlocked)
    if view is None:
        raise NotFound(UNKNOWN)
    return view


def render(view: CustomerView, status: int = 200, **context: object) -> Response:
    """Render an order's page in the theme and language of the order's org.

    `context` contains additional variables for the template.
    """
    set_org_language(view.org.language)
    content, step = view.content, step_of(view.status)
    return page(
        "customer/order.html", status, view=view, org=view.org, code=grouped(view.short_id),
        steps=list(_steps(step, view.org)),
        status_text=_words(Step.CANCELED if view.is_canceled else step, view.org),
        content=content, total=_total(content) if content else "",
        details=list(_details(view.short_id, content)) if content else [],
        line_texts=_line_texts, link=customer_link(view.short_id), write_moment=write_moment,
        **{"message": "", "typed": "", **context},
    )  # fmt: skip


def _steps(now: Step, org: CustomerPage) -> Iterator[tuple[str, str, str]]:
    """Yield (words, explanation, place) for each step in the page's language.

    `place` is "past", "now", or "next". Only the current step is explained, unless the org has
    words of its own for it. That the order was once not submitted is left out afterwards.
    """
    place = "past"
    for step, explanation in EXPLANATIONS.items():
        if step is Step.OPEN and now is not Step.OPEN:
            continue
        place = "now" if step is now else "past" if place == "past" else "next"
        is_explained = step is now and words_for(step, org.wording, language()) is None
        yield _words(step, org), translated(explanation) if is_explained else "", place


def _words(step: Step, org: CustomerPage) -> str:
    return words_for(step, org.wording, language()) or translated(DEFAULT_WORDING[step])


def _total(content: Content) -> str:
    lines, pieces = len(content.lines), sum(line.count for line in content.lines)
    counted = (
        ngettext("%(count)s line", "%(count)s lines", lines, count=figure(lines)),
        ngettext("%(count)s item", "%(count)s items", pieces, count=figure(pieces)),
    )
    return ", ".join(counted)


def _details(code: str, content: Content) -> Iterator[tuple[str, str, str | None]]:
    """Yield (label, text, calendar URL) for each detail that is not empty.

    Details are the attributes that customers see. The URL is that of the calendar file if the
    detail is a date, and None otherwise. `code` is the order's short ID.
    """
    for number, detail in enumerate(content.details, 1):
        rule = detail.rule.in_language(language())
        if (text := write_value(rule, detail.value)).strip():
            is_day = read_day(detail.value) is not None
            address = url_for("customer.show_day", code=code, number=number) if is_day else None
            yield rule.label, text, address


def _line_texts(line: CustomerLine) -> list[tuple[str, str]]:
    """Return (label, text) of each attribute of a line that customers see."""
    shown = [(one.rule.in_language(language()), one.value) for one in line.details]
    return [(rule.label, write_value(rule, value)) for rule, value in shown]


def _refuse(view: CustomerView, typed: str, wait: int) -> Response:
    """Render the order's page with an error after a wrong customer ID or too many tries.

    `typed` is the text that was typed, which the form shows again. `wait` is the number of seconds
    to wait after too many tries; it is 0 after a wrong ID.
    """
    set_org_language(view.org.language)
    if not wait:
        message = gettext("This customer number does not match the order. Check it and try again.")
        return render(view, 422, message=message, typed=printable_input(typed))
    message = unlock.too_many_tries_message(wait)
    answer = render(view, 429, message=message, typed=printable_input(typed))
    answer.headers["Retry-After"] = str(wait)
    return answer


def _calendar(view: CustomerView, number: int) -> str | None:
    """Return the text of an iCalendar file for the date in detail `number`, counted from 1.

    Details are the attributes that customers see. Returns None if there is no such detail, if it is
    not a date, or if the customer must be verified before any is shown.
    """
    if view.content is None or not 1 <= number <= len(view.content.details):
        return None
    detail = view.content.details[number - 1]
    day = read_day(detail.value)
    if day is None:
        return None
    set_org_language(view.org.language)
    link = customer_link(view.short_id)
    order = gettext("Order %(code)s", code=grouped(view.short_id))
    return write_calendar(
        uid=f"{view.short_id}-{number}@{urlsplit(link).hostname}",
        day=day,
        title=f"{detail.rule.in_language(language()).label} – {view.org.org_name}",  # noqa: RUF001 - an en dash for people
        text=f"{order}\n{link}",
        address=link,
        changed_at=view.content.updated_at,
    )


def _style_sheet(color: str, selector: str) -> Response:
    brand = read_colour(color)
    if brand != f"#{color}":
        raise NoPage(lazy_gettext("A color with six digits."))
    sheet = style_sheet(look_of(brand), selector)
    return Response(sheet, mimetype="text/css", headers={"Cache-Control": FOR_EVER})
