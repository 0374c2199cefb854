"""Converts between the order form and the JSON of an order that the services check.

A form sends texts, while the services expect the values that a JSON client would send. A text in a
number field that is not a number is passed on unchanged, so that the services report it.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from orders.domain.attributes import AttributeRule
from orders.domain.errors import FieldError
from orders.domain.order import TEXT_FIELDS
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import (
    NO_JSON_SENTENCE,
    DetailError,
    read_details,
    read_value,
    read_whole,
    whole_number,
)
from orders.interfaces.desk.forms import FilledForm, FormData, SummaryError, element_id
from orders.interfaces.desk.order_form import form_fields
from orders.interfaces.desk.order_form.attribute_fields import AttributeField, fields_in
from orders.interfaces.desk.order_form.form_fields import (
    FormLine,
    MetadataRow,
    RemovedRow,
    TypedLine,
    as_object,
    extra_row,
    extra_value,
    line_row,
    with_line_feeds,
)
from orders.interfaces.desk.order_form.line_fields import (
    ShownLine,
    complete,
    line_fields,
    shortened,
    typed_pairs,
)
from orders.interfaces.http.i18n import gettext, in_page_language, translated
from orders.services.accounts.access import StaffMember
from orders.services.accounts.org_rules import OrgRules
from orders.services.catalog import products
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders.customer_habits import CustomerHabits
from orders.services.orders.pasted import ReadText
from orders.services.orders.repeats import repeated_numbers

_LINE_LABELS = {
    "configurationId": lazy_gettext("Product, line %(number)s"),
    "count": lazy_gettext("Quantity, line %(number)s"),
    "metadata": lazy_gettext("Details, line %(number)s"),
}
_EXTRA_LABELS = {
    "key": lazy_gettext("Key, row %(number)s"),
    "value": lazy_gettext("Value, row %(number)s"),
}


@dataclass
class OrderEntry(FilledForm):
    """The order form: what was typed into it, and its errors.

    `lines` are the cart rows, and `extras` the rows for other metadata. `cards` contains the
    configurations that rows name, by the text that was typed.
    """

    attributes: list[AttributeField] = field(default_factory=list)
    lines: list[FormLine] = field(default_factory=list)
    extras: list[MetadataRow] = field(default_factory=lambda: [extra_row(0)])
    cards: dict[str, ConfigurationSummary] = field(default_factory=dict)
    is_refused: bool = False  # the notice reports that nothing was saved
    tone: str = "info"  # of the notice otherwise: `info`, `good`, or `warn`
    removed: RemovedRow | None = None
    # Numbers of rows whose details are open although they are empty.
    opened: set[int] = field(default_factory=set)
    line_rules: tuple[AttributeRule, ...] = ()
    # Configurations that an unknown text may mean, by the number of its row.
    candidates: dict[int, list[ConfigurationSummary]] = field(default_factory=dict)
    # Texts that name the first candidate, by row, where it is closer than the others.
    closest: dict[int, str] = field(default_factory=dict)
    several: set[int] = field(default_factory=set)  # rows whose text names several products
    # The short ID of the order that the form changes; "" for a new one.
    own_code: str = ""
    # What is known of customers, by the text in the field.
    habits: dict[str, CustomerHabits] = field(default_factory=dict)
    # What pasted texts say, by the text.
    read_texts: dict[str, ReadText] = field(default_factory=dict)
    _looked_up: set[str] = field(default_factory=set)
    _same: dict[int, FormLine] = field(default_factory=dict)

    @property
    def next_row(self) -> int:
        return form_fields.free_number(self.lines)

    @property
    def first_blank(self) -> FormLine | None:
        """The first cart row that is blank, or None."""
        return next((line for line in self.lines if line.is_blank), None)

    @property
    def filled_lines(self) -> list[FormLine]:
        """The cart rows that are not blank, which become the order's lines."""
        return [line for line in self.lines if not line.is_blank]

    @property
    def pieces(self) -> int:
        """The sum of the counts in the filled rows; invalid counts are left out."""
        counts = (read_whole(line.count.text) for line in self.filled_lines)
        return sum(count for count in counts if isinstance(count, int) and count > 0)

    def same_as(self, line: FormLine) -> FormLine | None:
        """Return the first row above this one with the same configuration and details, or None."""
        return self._same.get(line.row)

    def shown(self, line: FormLine, number: int) -> ShownLine:
        """Return a row as the template shows it; `number` is its position, counted from 1."""
        first, details_error = self._same.get(line.row), self.error(line.details.name)
        own = line_fields(line, self.line_rules)
        is_asked = bool(line.reference.text) and any(
            one.rule.required and one.value is None for one in own
        )
        prefix = f"cart-{line.row}-"
        return ShownLine(
            line, number, self.cards.get(line.reference.text), self.error(line.reference.name),
            self.error(line.count.name), details_error,
            same_as=self.number(first) if first is not None else 0,
            same_row=first.row if first is not None else 0,
            candidates=self.candidates.get(line.row, []), closest=self.closest.get(line.row, ""),
            is_several=line.row in self.several,
            is_open=bool(details_error or is_asked) or line.row in self.opened
            or any(self.error(one.field.name) for one in own),
            focus=self.focus.removeprefix(prefix) if self.focus.startswith(prefix) else "",
            attributes=own,
        )  # fmt: skip

    def number(self, line: FormLine) -> int:
        """Return the position of a row in the cart, counted from 1."""
        return next(at for at, one in enumerate(self.lines, start=1) if one is line)

    def raw(self) -> dict[str, Any]:
        """Return the order as the JSON that an API client would send, without empty fields."""
        form = self.form
        raw: dict[str, Any] = {
            one.wire_name: form[one.name].data for one in TEXT_FIELDS if form[one.name].data
        }
        raw["status"] = form.status.data
        if form.origin_org_id.data:
            raw["originOrgId"] = form.origin_org_id.data
        platform = {
            "platform": form.platform.data,
            "id": form.platform_id.data,
            "storeName": form.store_name.data,
        }
        if any(platform.values()):
            raw["platform"] = {key: value for key, value in platform.items() if value}
        raw["metadata"], raw["derivative"] = self._attributes()
        raw["cart"] = [line for _, line in self.identified_lines()]
        return raw

    def identified_lines(self) -> list[tuple[int | None, dict[str, Any]]]:
        """Return (line ID, cart line) for each filled row; the cart line is JSON, as in `raw`."""
        return [(line.line_id, self._line(line)) for line in self.filled_lines]

    def keep_untouched(self, before: "OrderEntry") -> None:
        """Restore values that nobody has edited, but that the browser has altered.

        `before` is the form as it was rendered. Browsers change line breaks in multi-line fields
        and remove them from single-line fields (HTML, "value sanitization").
        """
        for name, text in before.form.data.items():
            field = self.form[name]
            if isinstance(text, str) and field.data == with_line_feeds(text):
                field.data = text
        rows = {row.row: row for row in before.extras}
        by_key = {row.shown_key: row for row in before.extras}
        for extra in self.extras:
            # Two keys may look alike; the number of the row tells which one it is.
            own = rows.get(extra.row)
            is_own = own is not None and own.shown_key == extra.shown_key
            kept = own if is_own else by_key.get(extra.shown_key)
            extra.stored_key = kept.stored_key if kept else ""

    def _line(self, line: FormLine) -> dict[str, Any]:
        typed = line.reference.text
        card = self.cards.get(typed)
        raw: dict[str, Any] = {}
        if typed:
            raw["configurationId"] = card.id if card else typed
        if line.count.text:
            raw["count"] = read_whole(line.count.data)
        metadata = typed_pairs(line, self.line_rules)
        with suppress(DetailError):  # reported by `faults`
            metadata += read_details(line.details.data)
        if metadata or line.details.text:
            raw["metadata"] = as_object(metadata)
        return raw

    def _attributes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        pairs: dict[str, list[tuple[str, Any]]] = {"metadata": [], "derivative": []}
        for attribute in self.attributes:
            area, _, key = attribute.path.partition(".")
            value = attribute.value
            # An empty field means “no value”: the default must not fill it in again.
            if value is not None or attribute.rule.default is not None:
                pairs[area].append((key, value))
        for extra in self.extras:
            if key := extra.stored_key or extra.key.text:
                area = "derivative" if extra.area.data == "derivative" else "metadata"
                pairs[area].append((key, extra_value(extra)))
        return as_object(pairs["metadata"]), as_object(pairs["derivative"])

    def faults(self) -> list[FieldError]:
        """Return the errors that are lost in the order's JSON, so that no service can report them.

        These are metadata values without a key, and values and details that cannot be parsed.
        """
        faults = []
        for extra in self.extras:
            if extra.value.data and not extra.key.text:
                faults.append(FieldError(extra.key.name, lazy_gettext("This is required.")))
            try:
                read_value(extra.value.data)
            except ValueError:
                faults.append(FieldError(extra.value.name, NO_JSON_SENTENCE))
        for position, line in enumerate(self.filled_lines):
            try:
                read_details(line.details.data)
            except DetailError as error:
                message = lazy_gettext(
                    "Details, line %(line)s: %(fault)s", line=error.line, fault=error.message
                )
                faults.append(FieldError(f"cart.{position}.metadata", message))
        return faults

    def refuse(self, notice: str, status: int = 200) -> None:
        """Set the notice and the HTTP status for a form that was not saved.

        `notice` is a sentence that says why nothing was saved.
        """
        self.notice, self.is_refused, self.status = notice, True, status

    def show(self, errors: Iterable[FieldError]) -> None:
        self.status = 422
        for error in errors:
            name, label = self._place(error.path)
            target = element_id(name) if name else ""
            message = translated(error.message)
            if name:
                self.errors.setdefault(name, self._unknown(name, error) or message)
            self.summary.append(SummaryError(label, message, target, error.path))
        self.focus = next((entry.target for entry in self.summary if entry.target), "")
        if self.focus == "cart":
            self.focus = element_id(f"cart.{self.lines[0].row}.configurationId")

    def mark(self, errors: Iterable[FieldError], names: Collection[str] | None = None) -> None:
        """Show errors at their fields, without a summary: nothing was sent.

        `names` are the names of the fields at which they are shown; None means all.
        """
        for error in errors:
            name, _ = self._place(error.path)
            if names is None or name in names:
                self.errors.setdefault(
                    name, self._unknown(name, error) or translated(error.message)
                )

    def _unknown(self, name: str, error: FieldError) -> str:
        """Return the sentence about a text that names no product; "" for any other error."""
        texts = (line.reference.text for line in self.lines if line.reference.name == name)
        text = next(texts, "") if error.path.endswith(".configurationId") else ""
        if not text or text in self.cards:
            return ""
        return gettext("No product matches “%(text)s”.", text=shortened(text))

    def _place(self, path: str) -> tuple[str, str]:
        """Return (name, label) of the form field to which an error with this path belongs.

        Returns ("", path) if the form has no such field.
        """
        for one in self.form:
            # An amount of money has two fields; its error is shown at the first.
            if path in {one.name, one.name.removesuffix(".amount")}:
                return one.name, translated(one.label.text)
        parts = path.split(".")
        if parts[0] == "cart" and len(parts) > 1 and parts[1].isdigit():
            lines = self.filled_lines[int(parts[1]) :]  # none for a line that others have added
            return self._place_in_line(lines[0], parts[2:]) if lines else ("", path)
        if path == "cart":
            return "cart", gettext("Cart")
        if parts[0] == "extra":
            row = [str(extra.row) for extra in self.extras].index(parts[1]) + 1
            return path, gettext(_EXTRA_LABELS[parts[2]], number=row)
        if parts[0] in {"metadata", "derivative"} and len(parts) > 1:
            key = path.removeprefix(f"{parts[0]}.")
            for extra in self.extras:
                known = extra.stored_key or extra.key.text
                # The value may be an object with the error inside it.
                if known and (key == known or key.startswith(f"{known}.")):
                    return f"extra.{extra.row}.key", gettext("More fields, %(key)s", key=known)
        return "", path

    def _place_in_line(self, line: FormLine, path: list[str]) -> tuple[str, str]:
        """Return (name, label) of the field of a row for the end of an error's path."""
        number = self.number(line)
        for one in line_fields(line, self.line_rules):
            if path == ["metadata", one.rule.key]:
                label = gettext("%(label)s, line %(number)s", label=one.rule.label, number=number)
                return one.field.name, label
        own = path[0] if path and path[0] in _LINE_LABELS else "configurationId"
        return f"cart.{line.row}.{own}", gettext(_LINE_LABELS[own], number=number)

    def repeated(self, name: str, member: StaffMember, code: str | None) -> str:
        """Return a warning if another order of the customer has the same number in field `name`.

        Returns "" if none has. `code` is the short ID of the order that the form changes, or None
        for a new order.
        """
        raw = self.raw()
        customer, platform = raw.get("customerId"), raw.get("platform", {})
        found = repeated_numbers(customer, platform, raw["metadata"], member.actor, but=code)
        for warning in found:
            place = self._place(warning.path)[0]
            if name in {place, place.removesuffix("key") + "value"}:
                return translated(warning.message)
        return ""

    def resolve(self, org_id: str) -> None:
        """Look up the configurations that the rows name; find rows with equal contents.

        Stores the configurations in `cards`, and what `same_as` returns for each row.
        """
        typed = {line.reference.text for line in self.lines} - {""}
        self.cards |= products.resolve(typed - self._looked_up, org_id)
        self._looked_up |= typed
        self._same = {}
        firsts: dict[tuple[str, str], FormLine] = {}
        for line in self.lines:
            if name := line.reference.text:
                card = self.cards.get(name)
                values = "\n".join(f"{one}={line.values[one]}" for one in sorted(line.values))
                key = (card.id if card else name, f"{line.details.text}\n{values}")
                if firsts.setdefault(key, line) is not line:
                    self._same[line.row] = firsts[key]


def new_entry(rules: OrgRules, **values: object) -> OrderEntry:
    """Return an order form with empty cart rows that is filled in with `values`.

    These are by field name in OrderForm. All other fields contain their defaults, such as the
    default of an attribute.
    """
    entry = _entry(rules, formdata=None, **values)
    entry.lines = [line_row(number, TypedLine()) for number in range(form_fields.FIRST_LINES)]
    entry.focus = element_id("customerId")
    return entry


def _entry(rules: OrgRules, **values: object) -> OrderEntry:
    shown = in_page_language(rules.attributes)
    form = form_fields.attribute_form(shown)(**values)
    own = in_page_language(rules.line_attributes)
    return OrderEntry(form, attributes=fields_in(form, shown), line_rules=own)


def blank_line() -> FormLine:
    return line_row(form_fields.BLANK_ROW, TypedLine())


def read_entry(sent: FormData, rules: OrgRules) -> OrderEntry:
    """Return the order form with everything that was typed, unchecked; `sent` are its fields."""
    entry = _entry(rules, formdata=sent)
    for one in entry.form:
        if isinstance(one.data, str):
            one.data = with_line_feeds(one.data)
    entry.lines = form_fields.read_lines(sent) or [line_row(0, TypedLine())]
    for line in entry.lines:
        complete(line, entry.line_rules)
    entry.extras = form_fields.read_extras(sent) or [extra_row(0)]
    position = whole_number(sent.get("removed.position", ""))
    if position is not None:
        values = form_fields.line_values(sent, "removed").get("0")
        removed = form_fields.typed_line(sent, "removed", values)
        ids = (whole_number(sent.get(f"removed.{name}", "")) for name in ("lineId", "into"))
        entry.removed = RemovedRow(position, removed, *ids)
    return entry
