"""Values with a format: days, weeks, money, and addresses of mail, phones, and web pages.

For each format there is the error message for a value that is not of it and, where people write it
in several ways, a function that reads what they write. Text that could mean two values is not read:
it stays as it is, and the check refuses it.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from babel.core import get_global
from babel.dates import get_month_names
from babel.numbers import list_currencies

from orders.domain.mail_server import is_mail_address
from orders.domain.moments import read_day
from orders.domain.texts import lazy_gettext

MAX_URL = 2_000  # characters
MIN_PHONE, MAX_PHONE = 5, 20  # digits, without an extension
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_PHONE = re.compile(r"\+?[0-9 ()/-]{1,40}(?:(?:ext\.?|x) ?[0-9]{1,8})?", re.IGNORECASE)
_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f\"<>\\^`{|}]")


# Days


def date_fault(value: object) -> str | None:
    """Return the error message for a value that is not a date such as "2027-01-18", else None."""
    return None if read_day(value) else lazy_gettext("A date, such as 2027-01-18.")


_DOTTED = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")
_SLASHED = re.compile(r"([0-9]{1,2})([/-])([0-9]{1,2})\2([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})")
_NAMED = (
    re.compile(
        r"(?P<day>[0-9]{1,2})(?:\.|st|nd|rd|th)?[ -](?P<month>\w+)\.?,?[ -](?P<year>[0-9]{4})"
    ),
    re.compile(r"(?P<month>\w+)\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,? (?P<year>[0-9]{4})"),
)
MIDNIGHT = " 00:00:00"  # with which some spreadsheets end a day


def read_date(text: str) -> str:
    """Return a day as people write it in ISO 8601; any other text is returned unchanged.

    Read are "2027-01-18", "18.01.2027", "18 January 2027", "Jan 18, 2027", "18. Januar 2027", and
    "18/01/2027" or "01/18/2027", but not "03/04/2027", which could be two different days.
    """
    bare = " ".join(text.split()).removesuffix(MIDNIGHT)
    if match := _YEAR_FIRST.fullmatch(bare):
        return _iso(match[1], match[2], match[3]) or text
    if match := _DOTTED.fullmatch(bare):
        return _iso(match[3], match[2], match[1]) or text
    if match := _SLASHED.fullmatch(bare):
        one, other, year = match[1], match[3], match[4]
        days = {_iso(year, other, one), _iso(year, one, other)} - {None}
        return text if len(days) != 1 else str(days.pop())
    for form in _NAMED:
        if match := form.fullmatch(bare):
            month = _months().get(match["month"].casefold().rstrip("."))
            return (month and _iso(match["year"], month, match["day"])) or text
    return text


def _iso(year: str, month: str | int, day: str) -> str | None:
    with suppress(ValueError):
        return date(int(year), int(month), int(day)).isoformat()
    return None


@cache
def _months() -> dict[str, int]:
    """Return the number of each month by its English and German names, folded, without dots."""
    names: dict[str, int] = {"sept": 9}
    for language in ("en", "de"):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                found = get_month_names(width, context=context, locale=language)
                names |= {name.casefold().rstrip("."): month for month, name in found.items()}
    return names


# Weeks


def week_fault(value: object) -> str | None:
    """Return the error message for a value that is not a week such as "2027-W03", else None."""
    match = _WEEK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return lazy_gettext("A week, such as 2027-W03.")
    if read_week_start(value) is None:
        return lazy_gettext("%(year)s has no week %(week)s.", year=match[1], week=match[2])
    return None


def read_week_start(value: object) -> date | None:
    """Return the Monday of a week such as "2027-W03" (ISO 8601); None for any other value."""
    match = _WEEK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:  # the year 0, or a week that this year does not have
        return None


_WEEK_WORD = r"(?:W|CW|KW|Week|Wk|Woche|Kalenderwoche)"
_WRITTEN_WEEKS = (
    re.compile(rf"(?P<year>[0-9]{{4}})[ /-]?{_WEEK_WORD}\.?[ -]?(?P<week>[0-9]{{1,2}})", re.I),
    re.compile(
        rf"{_WEEK_WORD}\.? ?(?P<week>[0-9]{{1,2}})(?: ?[/,.-] ?| of | )(?P<year>[0-9]{{4}})", re.I
    ),
)


def read_week(text: str) -> str:
    """Return a week as people write it in ISO 8601; any other text is returned unchanged.

    Read are "2027-W03", "2027 W3", "week 3, 2027", "KW 3/2027", and the like. A year that does not
    have the week is left for the check.
    """
    bare = " ".join(text.split())
    for form in _WRITTEN_WEEKS:
        if match := form.fullmatch(bare):
            return f"{match['year']}-W{int(match['week']):02}"
    return text


# Money


def money_fault(value: object, codes: Collection[str] = ()) -> str | None:
    """Return the error message for a value that is not an amount of money, else None.

    Valid is `{"amount": "12.50", "currency": "EUR"}`: a decimal number as text, and a code of ISO
    4217. If `codes` is not empty, the currency must be one of them.
    """
    if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
        return lazy_gettext("An amount and a currency, such as 12.50 EUR.")
    amount, currency = value["amount"], value["currency"]
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        return lazy_gettext("An amount as text with at most six decimals, such as “12.50”.")
    if not isinstance(currency, str) or currency not in (codes or all_currencies()):
        if codes:
            return lazy_gettext("The currency is one of: %(options)s.", options=", ".join(codes))
        return lazy_gettext("A currency code of three letters, such as EUR.")
    return None


@cache
def all_currencies() -> frozenset[str]:
    """Return all codes of ISO 4217, also those of currencies that are no longer in use."""
    return frozenset(list_currencies())


@cache
def current_currencies() -> tuple[str, ...]:
    """Return the codes of the currencies that are legal tender somewhere today, sorted."""
    of_territories = get_global("territory_currencies").values()
    return tuple(
        sorted({
            code
            for currencies in of_territories
            for code, _start, end, is_tender in currencies
            if end is None and is_tender
        })
    )  # fmt: skip


_SYMBOLS = {"€": "EUR", "£": "GBP", "US$": "USD", "Fr.": "CHF", "SFr.": "CHF", "zł": "PLN"}
_UNIT = r"[A-Za-z]{3}|€|£|US\$|S?Fr\.|zł"
_WRITTEN_MONEY = re.compile(
    rf"(?P<before>{_UNIT})? ?(?P<amount>[+-]?[0-9][0-9.,'’ ]*)(?P<after>{_UNIT})?"  # noqa: RUF001 - Swiss thousands
)
_GROUPED = re.compile(r"[0-9]{1,3}(?P<sign>[.,'’ ])[0-9]{3}(?:(?P=sign)[0-9]{3})*")  # noqa: RUF001 - as above


def read_money(text: str, *, decimal_comma: bool = False) -> dict[str, str] | str:
    """Return an amount as people write it, such as "12.50 EUR" or "12,50 €", as a JSON value.

    If `decimal_comma` is true, "1,250" is one and a quarter. Thousands may be separated where the
    text can have one meaning only: "1.250,00 €". Any other text is returned unchanged, and so is an
    amount without a currency.
    """
    match = _WRITTEN_MONEY.fullmatch(" ".join(text.split()))
    if match is None or bool(match["before"]) is bool(match["after"]):
        return text
    unit = match["before"] or match["after"]
    amount = read_amount(match["amount"].strip(), decimal_comma=decimal_comma)
    return (
        text if amount is None else {"amount": amount, "currency": _SYMBOLS.get(unit, unit.upper())}
    )


def read_amount(text: str, *, decimal_comma: bool = False) -> str | None:
    """Return a number as people write it with a decimal point; None if it has no single meaning."""
    sign = "-" if text.startswith("-") else ""
    bare = text.lstrip("+-")
    point = "," if decimal_comma else "."
    whole, mark, decimals = _split(bare, point)
    if mark == "" and _GROUPED.fullmatch(whole) and whole.count(",") + whole.count(".") == 1:
        return None  # 1,250 with a decimal point: one and a quarter to some
    if re.search(r"[^0-9]", whole):
        if not _GROUPED.fullmatch(whole):
            return None
        whole = re.sub(r"[^0-9]", "", whole)
    amount = sign + whole + (f".{decimals}" if mark else "")
    return amount if _AMOUNT.fullmatch(amount) else None


def _split(text: str, point: str) -> tuple[str, str, str]:
    """Return the part before the decimal sign, the sign, and the decimals.

    The decimal sign is `point` or, if three digits do not follow it, the last other one.
    """
    if text.count(point) == 1 and re.fullmatch(r"[0-9]{1,6}", text.rpartition(point)[2]):
        return text.rpartition(point)
    other = "." if point == "," else ","
    decimals = text.rpartition(other)[2]
    if text.count(other) == 1 and re.fullmatch(r"[0-9]{1,6}", decimals) and len(decimals) != 3:
        return text.rpartition(other)
    return text, "", ""


# Addresses


def email_fault(value: object) -> str | None:
    """Return the error message for a value that is not an e-mail address, else None.

    The check is the one for addresses to which the service sends mail.
    """
    is_address = isinstance(value, str) and is_mail_address(value)
    return None if is_address else lazy_gettext("An e-mail address, such as ada@example.com.")


def phone_fault(value: object) -> str | None:
    """Return the error message for a value that is not a phone number, else None.

    A phone number has digits, blanks, + at its beginning, ( ) - and /, and may end with an
    extension, such as "ext. 12".
    """
    if isinstance(value, str) and _PHONE.fullmatch(value):
        main = re.split("[eExX]", value, maxsplit=1)[0]
        if MIN_PHONE <= sum(letter.isdigit() for letter in main) <= MAX_PHONE:
            return None
    return lazy_gettext("A phone number, such as +49 30 1234-56.")


def url_fault(value: object) -> str | None:
    """Return the error message for a value that is not an http or https address, else None."""
    if isinstance(value, str) and len(value) <= MAX_URL and not _NOT_IN_URL.search(value):
        with suppress(ValueError):
            parts = urlsplit(value)
            if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
                return None
    return lazy_gettext("A web address, such as https://example.com.")


def is_money(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether the value is an amount of money in any currency."""
    return money_fault(value) is None
