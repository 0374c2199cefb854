"""Reads the URL of the order list (its "address"): its filters, sort order and columns.

The URL contains all of them, so that the Back button, a reload, a saved view and a link sent to a
colleague show the same list. A value that cannot be read is reported at its field.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from orders.domain.attributes import DATED, AttributeRule, Kind, display, value_fault
from orders.domain.errors import FieldError
from orders.domain.json_values import find_unstorable
from orders.domain.moments import begin_of_day, is_day
from orders.domain.order_dates import DateRange
from orders.domain.search_text import MAX_CODES, MAX_SEARCH, MAX_WORDS, is_too_long
from orders.domain.status import Status, read_status
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.display import status_name, status_names
from orders.interfaces.desk.order_list.list_dates import (
    FROM,
    NOT_A_DAY,
    TO,
    DateFilter,
    as_written,
    dates_by_path,
    label_of_end,
    read_ranges,
    rule_of,
    shown_end,
)
from orders.interfaces.http.i18n import figure, gettext, translated
from orders.services.orders.order_filter import AttributeIs, FilterChoices, OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST, Sort, read_sort

MAX_TEXT = 255  # characters
MAX_CHIP = 100  # characters of a filter that the page repeats
# Labels of the filters, beside those of the attributes.
LABELS = {
    "q": lazy_gettext("Search:"),
    "status": lazy_gettext("Status:"),
    "from": lazy_gettext("From:"),
    "to": lazy_gettext("To:"),
    "platform": lazy_gettext("Platform:"),
    "store": lazy_gettext("Store:"),
    "creator": lazy_gettext("Created by:"),
    "canceled": lazy_gettext("Canceled:"),
    "bin": lazy_gettext("Deleted:"),
    "sort": lazy_gettext("Sort:"),
}
CANCELED = {"true": lazy_gettext("Canceled"), "false": lazy_gettext("Not canceled")}
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter, as the list shows it in the page's language.

    `rest` are the list's query parameters without this filter, for the link that removes it.
    """

    label: str
    text: str
    rest: Pairs


@dataclass(frozen=True)
class ListAddress:
    """The parsed query parameters of the order list.

    `filters` are the names and values of the filters as they were typed. `errors` are messages in
    the page's language, by the name of the field. `columns` are the names of the columns to show;
    if it is empty, the list shows the usual ones. `view_id` is the ID of a saved view, or empty for
    none. `chips` are the active filters as the list shows them.
    """

    order_filter: OrderFilter
    sort: Sort
    filters: Pairs
    errors: Mapping[str, str]
    columns: tuple[str, ...] = ()
    view_id: str = ""
    chips: tuple[Chip, ...] = ()

    @property
    def pairs(self) -> Pairs:
        """All query parameters except the cursor: filters, sort, columns and view."""
        return self.filters + self.looks + ((("view", self.view_id),) if self.view_id else ())

    @property
    def looks(self) -> Pairs:
        """The query parameters `sort` and `columns`, each left out if it has its default value."""
        sort = (("sort", str(self.sort)),) if self.sort != NEWEST_FIRST else ()
        columns = (("columns", ",".join(self.columns)),) if self.columns else ()
        return sort + columns

    @property
    def query(self) -> str:
        return urlencode(self.pairs)

    def typed(self, name: str) -> str:
        return dict(self.filters).get(name, "")

    def all_typed(self, name: str) -> list[str]:
        return [value for own, value in self.filters if own == name]

    def sorted_by(self, sort: Sort) -> Pairs:
        rest = tuple(pair for pair in self.pairs if pair[0] != "sort")
        return rest if sort == NEWEST_FIRST else (*rest, ("sort", str(sort)))


def option_rules(rules: Sequence[AttributeRule]) -> dict[str, AttributeRule]:
    """Return the attributes that can be used as filters, which are those with options.

    The keys are the attributes' `AttributeRule.path`.
    """
    return {rule.path: rule for rule in rules if rule.kind is Kind.OPTION}


def filter_rules(rules: Sequence[AttributeRule]) -> dict[str, AttributeRule]:
    """Return all attributes that can be used as filters, by their `AttributeRule.path`."""
    return option_rules(rules) | dates_by_path(rules)


def read_address(
    sent: MultiDict[str, str],
    rules: Sequence[AttributeRule],
    choices: FilterChoices,
    zone: tzinfo = UTC,
    now: datetime | None = None,
) -> ListAddress:
    """Parse the query parameters of the list; report invalid ones in the result's `errors`.

    An invalid filter is not applied. `choices` contains the people and tokens that the list can be
    filtered by. `zone` is the time zone of the days in filters, and of today. `now` is the current
    time if it is None.
    """
    known = filter_rules(rules)
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    reader = _Reader(sent, known, choices, zone, today)
    order_filter, sort = reader.order_filter(), reader.sort()
    columns = tuple(name for name in sent.get("columns", "").split(",") if name)
    view_id, filters = sent.get("view", "")[:MAX_TEXT], tuple(reader.filters)
    address = ListAddress(order_filter, sort, filters, reader.errors, columns, view_id)
    return replace(address, chips=tuple(_chips(address, known, choices)))


@dataclass
class _Reader:
    """Parses the list's query parameters one at a time.

    Collects error messages in `errors`, and filters as they were typed in `filters`. `rules` maps
    paths to the attributes that can be used as filters.
    """

    sent: MultiDict[str, str]
    rules: Mapping[str, AttributeRule]
    choices: FilterChoices
    zone: tzinfo
    today: date
    errors: dict[str, str] = field(default_factory=dict)
    filters: list[tuple[str, str]] = field(default_factory=list)

    def order_filter(self) -> OrderFilter:
        search = self._search()
        statuses = tuple(self._statuses())
        since, until = self._day("from"), self._day("to")
        if since and until and until < since:
            self.errors["to"] = gettext("The end date is before the start date.")
        platform = {"platform": self._text("platform"), "storeName": self._text("store")}
        order_filter = OrderFilter(
            search=search,
            statuses=statuses,
            created_from=self._begin(since),
            created_before=self._begin(until, days_later=1),
            platform={key: text for key, text in platform.items() if text},
            created_by=self._creator(),
            attributes=tuple(self._attributes()),
            dates=tuple(self._dates()),
            in_bin=self._text("bin") != "",
            is_canceled=self._canceled(),
        )
        if self.sent.get("bin", "").strip() not in {"", "1"}:
            self.errors["bin"] = gettext("Enter 1 or leave it empty.")
        return order_filter

    def sort(self) -> Sort:
        sent = self.sent.get("sort", "")
        dates = dates_by_path([*self.rules.values()])
        sort = read_sort(sent, dates) if sent else NEWEST_FIRST
        if sort is None:
            self.errors["sort"] = gettext(
                "This list cannot be sorted that way. Choose another order."
            )
        return sort or NEWEST_FIRST

    def _search(self) -> str:
        text = self.sent.get("q", "").strip()
        if text:
            self.filters.append(("q", text))
        if not is_too_long(text):
            return text
        self.errors["q"] = gettext(
            "Use at most %(words)s words and %(most)s characters, or codes with up to "
            "%(codes)s characters.",
            words=MAX_WORDS, most=MAX_SEARCH, codes=figure(MAX_CODES),
        )  # fmt: skip
        return ""

    def _text(self, name: str, most: int = MAX_TEXT, read: Callable[[str], str] = str.strip) -> str:
        text = read(self.sent.get(name, "").strip()[: most + 1])
        if not text:
            return ""
        self.filters.append((name, text))
        faults = find_unstorable(text, name, nesting=0)
        if len(text) > most:
            faults = [FieldError(name, lazy_gettext("At most %(most)s characters.", most=most))]
        if faults:
            self.errors[name] = translated(faults[0].message)
            return ""
        return text

    def _statuses(self) -> Iterator[Status]:
        for text in dict.fromkeys(one for one in self.sent.getlist("status") if one):
            self.filters.append(("status", text))
            status = read_status(text)
            if status is None:
                names = ", ".join(status_names().values())
                self.errors["status"] = gettext("One or more of: %(names)s.", names=names)
            else:
                yield status

    def _day(self, name: str) -> date | None:
        text = self._text(name)
        with suppress(ValueError):
            if is_day(text):
                return date.fromisoformat(text)
        if text:
            self.errors.setdefault(name, translated(NOT_A_DAY))
        return None

    def _begin(self, day: date | None, days_later: int = 0) -> datetime | None:
        """Return the first moment of the day that is `days_later` days after `day`.

        Returns None if `day` is None, or if that moment is outside the years 1 to 9999.
        """
        try:
            return begin_of_day(day + timedelta(days=days_later), self.zone) if day else None
        except OverflowError:
            return None

    def _creator(self) -> str | None:
        creator = self._text("creator")
        if creator and self.choices.name_of(creator) is None:
            self.errors["creator"] = gettext("No one in this organization has this ID.")
            return None
        return creator or None

    def _canceled(self) -> bool | None:
        text = self._text("canceled")
        if text and text not in CANCELED:
            self.errors["canceled"] = gettext("true, false, or nothing.")
        return text == "true" if text in CANCELED else None

    def _attributes(self) -> Iterator[AttributeIs]:
        for path in self.sent:
            area, _, key = path.partition(".")
            if area not in {"metadata", "derivative"}:
                continue
            if (known := rule_of(path, self.rules)) and known.kind in DATED:
                continue  # read by `_dates`
            value = self._text(path)
            if not value or path in self.errors:
                continue
            rule = self.rules.get(path)
            if rule is None:
                self.errors[path] = gettext("No attribute that can be filtered has this name.")
            elif fault := value_fault(rule, value):
                self.errors[path] = translated(fault)
            else:
                yield AttributeIs(rule.areas, key, value)

    def _dates(self) -> Iterator[DateRange]:
        for path, rule in dates_by_path([*self.rules.values()]).items():
            read = partial(as_written, rule)
            first, last = self._text(path + FROM, read=read), self._text(path + TO, read=read)
            sent = DateFilter(rule, self._text(path), first, last)
            yield from read_ranges(sent, self.today, self.errors)


def _chips(
    address: ListAddress, rules: Mapping[str, AttributeRule], choices: FilterChoices
) -> Iterator[Chip]:
    for name, value in address.filters:
        rule = rule_of(name, rules)
        label = label_of(name, rules)
        text = value
        if rule is not None and rule.kind in DATED:
            text = shown_end(name, value, rule)
        elif rule is not None:
            text = translated(display(rule, value))
        if len(text) > MAX_CHIP:
            text = f"{text[:MAX_CHIP]}…"
        if name == "status":
            text = status_name(value)
        if name == "creator":
            text = choices.name_of(value) or value
        if name == "bin":
            label, text = gettext("Deleted"), ""
        if name == "canceled" and value in CANCELED:
            label, text = translated(CANCELED[value]), ""
        rest = tuple(pair for pair in address.pairs if pair != (name, value))
        yield Chip(label, text, rest)


def label_of(name: str, rules: Mapping[str, AttributeRule]) -> str:
    """Return a filter's label, such as "Status:"; for an unknown name, the name and a colon."""
    if rule := rule_of(name, rules):
        return label_of_end(name, rule)
    return translated(LABELS[name]) if name in LABELS else f"{name}:"
