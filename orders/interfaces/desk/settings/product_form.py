"""The form of a product (a saved configuration): its fields, its rows, and its JSON.

A row is an option, or an entry of the metadata other than name and SKU. The name of a field is the
path of its value in the configuration's JSON; rows are named by their numbers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, FileField, HiddenField, StringField

from orders.domain.configuration import THUMBNAIL, Configuration, key_of
from orders.domain.errors import FieldError
from orders.domain.json_values import object_of
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import NO_JSON_SENTENCE, read_value, write_value
from orders.domain.uploads import SentFile
from orders.interfaces.desk.forms import (
    FilledForm,
    FormData,
    SummaryError,
    VersionedForm,
    element_id,
)
from orders.interfaces.http.i18n import gettext, translated

_ROW = re.compile(r"(option|detail)\.([0-9]{1,6})\.(?:key|value)")
# The area of the configuration's JSON that each kind of row is in.
AREAS = {"option": "variant", "detail": "metadata"}
FIRST_ROWS = 3  # empty rows for the options of a new product
BLANK_ROW = 999_999  # the row that the browser copies; no real row has this number
NO_NAME = lazy_gettext("Enter a name or a SKU.")
_LABELS = {
    "option.key": lazy_gettext("Name of option %(number)s"),
    "option.value": lazy_gettext("Value of option %(number)s"),
    "detail.key": lazy_gettext("Key of detail %(number)s"),
    "detail.value": lazy_gettext("Value of detail %(number)s"),
}


class ProductForm(VersionedForm):
    """The fields of a product that are not rows.

    `key` identifies the form of a new product, so that a form that is sent twice creates only one.
    """

    product_name = StringField(lazy_gettext("Name"), name="metadata.name")
    sku = StringField(lazy_gettext("SKU"), name="metadata.sku")
    product_id = StringField(lazy_gettext("Product ID"), name="productId")
    product_version = StringField(lazy_gettext("Product version"), name="productVersion")
    customer_id = StringField(lazy_gettext("Customer ID"), name="customerId")
    picture = FileField(lazy_gettext("Picture"), name=THUMBNAIL)
    removes_picture = BooleanField(lazy_gettext("Remove the picture"), name="removesPicture")
    copies_picture = BooleanField(lazy_gettext("Use the same picture"), name="copiesPicture")
    key = HiddenField()


@dataclass(slots=True)
class PairRow:
    """A row with the name of an option or key, and its value, as texts in two fields.

    `kind` is "option" or "detail"; `row` is its number, which never changes.
    """

    kind: str
    row: int
    key: str = ""
    value: str = ""

    def name(self, part: str) -> str:
        """Return the name of one of the two fields; `part` is "key" or "value"."""
        return f"{self.kind}.{self.row}.{part}"


@dataclass
class ProductEntry(FilledForm):
    """The form of a product: what was typed into it, and its errors.

    `stored` is the product that the form changes, or None for a new one. `rows` are the rows by
    their kind. `files` contains the picture if one was sent.
    """

    stored: Configuration | None = None
    rows: dict[str, list[PairRow]] = field(default_factory=dict)
    files: list[SentFile] = field(default_factory=list)

    def blank(self, kind: str) -> PairRow:
        """Return the row that the browser copies for a new one."""
        return PairRow(kind, BLANK_ROW)

    def do_action(self, action: str) -> None:
        """Add or remove a row, as the pressed button asks: `add:option` or `remove:option:3`."""
        verb, _, rest = action.partition(":")
        kind, _, number = rest.partition(":")
        rows = self.rows.get(kind)
        if rows is None:
            return
        at = next((at for at, one in enumerate(rows) if str(one.row) == number), None)
        if verb == "remove" and at is not None:
            rows.pop(at)
            self.focus = _field_id(rows[min(at, len(rows) - 1)]) if rows else f"add-{kind}"
        elif verb == "add":
            rows.append(PairRow(kind, max((one.row for one in rows), default=-1) + 1))
            self.focus = _field_id(rows[-1])

    def faults(self) -> list[FieldError]:
        """Return the errors that are lost in JSON, so that no service can report them.

        These are values without a name, text after `:=` that is not JSON, and a new product without
        a name and SKU.
        """
        faults = [fault for rows in self.rows.values() for one in rows for fault in _faults(one)]
        is_named = _text(self.form.product_name.data) or _text(self.form.sku.data)
        if self.stored is None and not is_named:
            faults.append(FieldError("metadata.name", NO_NAME))
        return faults

    def raw(self) -> dict[str, Any]:
        """Return the fields of the form as the JSON that an API client would send."""
        form, stored = self.form, self.stored
        before = (stored.metadata or {}) if stored else {}
        names = [
            (own, text)
            for key, one in (("name", form.product_name), ("sku", form.sku))
            if (text := _kept(one.data, before.get(own := key_of(before, key)))) is not None
        ]
        return {
            "metadata": _object(names + _pairs(self.rows["detail"]), before),
            "variant": _object(_pairs(self.rows["option"]), stored.variant if stored else None),
            "productId": _text(form.product_id.data) or None,
            "productVersion": _kept(form.product_version.data, stored and stored.product_version),
            "customerId": _kept(form.customer_id.data, stored and stored.customer_id),
        }

    def show(self, errors: Iterable[FieldError]) -> None:
        self.status = 422
        for error in errors:
            name, label = self._place(error.path)
            message, target = translated(error.message), element_id(name) if name else ""
            if name:
                self.errors.setdefault(name, message)
            self.summary.append(SummaryError(label, message, target, error.path))
        self.focus = next((one.target for one in self.summary if one.target), "")

    def _place(self, path: str) -> tuple[str, str]:
        """Return (name, label) of the field to which an error with this path belongs.

        Returns ("", path) if the form has no such field.
        """
        before = self.stored.metadata if self.stored else None
        own = {f"metadata.{key_of(before, key)}": f"metadata.{key}" for key in ("name", "sku")}
        name = own.get(path, path)
        for one in self.form:
            if one.name == name:
                return name, translated(one.label.text)
        for kind, rows in self.rows.items():
            for number, one in enumerate(rows, start=1):
                if path in {one.name("key"), one.name("value")}:
                    part = path.rpartition(".")[2]
                    return path, gettext(_LABELS[f"{kind}.{part}"], number=number)
                inside = f"{AREAS[kind]}.{one.key.strip()}"
                if one.key.strip() and (path == inside or path.startswith(f"{inside}.")):
                    return one.name("key"), gettext(_LABELS[f"{kind}.key"], number=number)
        return "", path


def sent_product(stored: Configuration | None) -> ProductEntry:
    """Return the product form, filled in with the values of the current request.

    `stored` is the configuration that is edited, or None for a new product.
    """
    entry = ProductEntry(ProductForm(formdata=request.form), stored=stored)
    entry.rows = {kind: _read_rows(request.form, kind) for kind in AREAS}
    with closing(request.files.get(THUMBNAIL, FileStorage())) as sent:
        if sent.filename:
            kind = sent.content_type or ""
            entry.files = [SentFile(THUMBNAIL, sent.filename, kind, sent.read())]
    return entry


def new_product(**values: object) -> ProductEntry:
    """Return the empty form of a new product; `values` are by field name in ProductForm."""
    entry = ProductEntry(ProductForm(formdata=None, **values))
    entry.rows = {kind: [] for kind in AREAS}
    return with_blank_rows(entry)


def product_form(
    found: Configuration, stored: Configuration | None, **values: object
) -> ProductEntry:
    """Return the form of a product, filled in with the values of the product `found`.

    `stored` is as in ProductEntry. A copy has no SKU, because a SKU should name one product
    only. `values` are further ones, by field name in ProductForm.
    """
    metadata = found.metadata or {}
    keys = {key: key_of(metadata, key) for key in ("name", "sku")}
    texts = {key: metadata.get(own) for key, own in keys.items()}
    form = ProductForm(
        formdata=None,
        product_name=texts["name"] if isinstance(texts["name"], str) else "",
        sku=texts["sku"] if stored and isinstance(texts["sku"], str) else "",
        product_id=found.product_id or "",
        product_version=found.product_version or "",
        customer_id=found.customer_id or "",
        **values,
    )
    entry = ProductEntry(form, stored=stored)
    entry.rows = {
        "option": _rows("option", found.variant or {}),
        "detail": _rows("detail", details_of(found)),
    }
    return with_blank_rows(entry)


def details_of(found: Configuration) -> dict[str, Any]:
    """Return the metadata of a configuration without the name and the SKU that it is known by."""
    metadata = found.metadata or {}
    shown = {
        key for key in (key_of(metadata, "name"), key_of(metadata, "sku"))
        if isinstance(metadata.get(key), str)
    }  # fmt: skip
    return {key: value for key, value in metadata.items() if key not in shown}


def with_blank_rows(entry: ProductEntry) -> ProductEntry:
    """Add an empty row of each kind, and more options to a form without any; return the form."""
    for kind, rows in entry.rows.items():
        first = max((one.row for one in rows), default=-1) + 1
        count = FIRST_ROWS if kind == "option" and not rows else 1
        rows += [PairRow(kind, number) for number in range(first, first + count)]
    return entry


def _field_id(row: PairRow) -> str:
    return element_id(row.name("key"))


def _text(typed: str | None) -> str:
    return (typed or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _kept(typed: str | None, before: object) -> str | None:
    """Return a text without the blanks around it, or None if it is empty.

    `before` is the stored value. It is returned instead if nobody has changed it, because forms do
    not keep all line breaks and blanks.
    """
    text = _text(typed)
    return before if isinstance(before, str) and _text(before) == text else text or None


def _is_shown(key: str) -> bool:
    """Return whether a field of one line can show this key unchanged."""
    return bool(key) and key == key.strip() and len(key.splitlines()) == 1


def _rows(kind: str, values: Mapping[str, Any]) -> list[PairRow]:
    shown = [(key, write_value(value)) for key, value in values.items() if _is_shown(key)]
    return [PairRow(kind, number, *pair) for number, pair in enumerate(shown)]


def _read_rows(sent: FormData, kind: str) -> list[PairRow]:
    found = (match for name in sent if (match := _ROW.fullmatch(name)) and match[1] == kind)
    numbers = dict.fromkeys(int(match[2]) for match in found)
    return [
        PairRow(
            kind,
            number,
            sent.get(f"{kind}.{number}.key", ""),
            sent.get(f"{kind}.{number}.value", ""),
        )
        for number in numbers
    ]


def _faults(row: PairRow) -> list[FieldError]:
    if row.value.strip() and not row.key.strip():
        return [FieldError(row.name("key"), lazy_gettext("This is required."))]
    try:
        read_value(row.value)
    except ValueError:
        return [FieldError(row.name("value"), NO_JSON_SENTENCE)]
    return []


def _pairs(rows: Sequence[PairRow]) -> list[tuple[str, Any]]:
    return [(key, _value(one.value)) for one in rows if (key := one.key.strip())]


def _value(typed: str) -> Any:  # noqa: ANN401 - a JSON value
    text = typed.strip()
    try:
        return read_value(text)
    except ValueError:  # reported by `faults`
        return text


def _object(pairs: list[tuple[str, Any]], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the (key, value) pairs as a JSON object, in the order of the stored object `before`.

    Keys of `before` that no row can show are kept.
    """
    old = before or {}
    pairs = pairs + [(key, value) for key, value in old.items() if not _is_shown(key)]
    places = {key: place for place, key in enumerate(old)}
    return object_of(sorted(pairs, key=lambda pair: places.get(pair[0], len(places))))
