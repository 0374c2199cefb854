"""Imports configurations from a CSV or JSON file: all of them or none."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from orders.domain.configuration import FIELDS, ConfigurationInput, named_in
from orders.domain.errors import Conflict, FieldError, Forbidden, InvalidInput, NotJson
from orders.domain.identifiers import is_short_id
from orders.domain.inputs import Limits
from orders.domain.json_values import MAX_ERRORS, find_unstorable, parse_json, printable
from orders.domain.text_tables import fault_of, is_broken, read_table
from orders.domain.texts import Figure, Text, lazy_gettext
from orders.services.accounts.access import Actor
from orders.services.catalog.configurations import check_configuration, save_configurations
from orders.services.catalog.quotas import require_room
from orders.storage import database
from orders.storage.sql import rows_with
from orders.storage.tables import configuration

# Abbreviations for columns such as `variant.…`, `metadata.…` and `attachments.…`.
SHORT_NAMES = {"name": "metadata.name", "sku": "metadata.sku"}
OBJECTS = ("variant", "metadata", "attachments")
DUPLICATE_COLUMN = lazy_gettext("This column appears more than once.")
SAMPLE = """\
name,sku,variant.Wood,variant.Legs,productId,shortId,customerId
Oslo chair,OSL-CH-OAK-02,Oak,Black steel,e5d536ec-e89c-46fc-8773-7e54ba70517a,,
Oslo chair,OSL-CH-WAL-01,Walnut,Brass,e5d536ec-e89c-46fc-8773-7e54ba70517a,oslo-walnut,C-1042
"""


@dataclass(frozen=True, slots=True)
class RowError:
    """An error in a row of a CSV file, or in an entry of a JSON array.

    `row` is the number of the row or entry, from 1; 0 means the whole file. `column` is the name of
    the column in the file, or the path of the field if there is no such column; it is empty if the
    error concerns the whole row.
    """

    row: int
    column: str
    message: str


class BadImport(InvalidInput):
    """Raised for a file with errors.

    `count` is the number of errors, and `rows` contains the first MAX_ERRORS of them. `foreign` is
    the number of short IDs in these rows that other orgs' configurations have.
    """

    def __init__(self, errors: Sequence[RowError], foreign: int = 0) -> None:
        self.foreign = foreign
        self.rows = tuple(errors[:MAX_ERRORS])
        self.count = len(errors)
        super().__init__(FieldError(f"{one.row}.{one.column}", one.message) for one in errors)


@dataclass(frozen=True, slots=True)
class _Row:
    """A configuration in the file (`raw`) that is not checked yet.

    `number` is the number of its row or array entry, from 1. `columns` maps the path of each field
    to the name of its column; it is empty for JSON.
    """

    number: int
    raw: Any
    columns: dict[str, str]


def import_configurations(
    file_name: str,
    content: bytes,
    *,
    actor: Actor,
    limits: Limits,
    before_short_ids: Callable[[], None] = lambda: None,
) -> list[str]:
    """Store all configurations of a file in one transaction, and return their IDs.

    `before_short_ids` is called before short IDs of the file are looked up, and may refuse that.

    A file whose name ends in `.json`, or whose content starts with `[` or `{`, must contain an
    array of configurations in the format of the JSON API. Any other file must be CSV in UTF-8 with
    the column names in its first row. Raises BadImport with all errors, including short IDs that
    are taken and SKUs that the org already has, and Conflict if a short ID was taken while the file
    was checked or the org's quota is used up.
    """
    rows = _read(file_name, content, limits)
    errors: list[RowError] = []
    checked: list[ConfigurationInput] = []
    for row in rows:
        try:
            new, _ = check_configuration(row.raw, actor=actor, limits=limits)
            checked.append(new)
        except Forbidden as error:
            errors.append(RowError(row.number, row.columns.get("orgId", "orgId"), error.sentence))
        except InvalidInput as invalid:
            errors += [
                RowError(row.number, row.columns.get(fault.path, fault.path), fault.message)
                for fault in invalid.errors
            ]
    # Invalid rows are checked too, so that people can fix all errors at once.
    short_ids = [(row, value) for row in rows if (value := _short_id(row))]
    if short_ids:
        before_short_ids()
    errors += _taken(rows, short_ids, actor.org_id)
    if errors:
        errors.sort(key=lambda error: error.row)
        shown = {error.row for error in errors[:MAX_ERRORS]}
        named = {value for row, value in short_ids if row.number in shown}
        raise BadImport(errors, _count_foreign(named, actor.org_id))
    require_room(actor.org_id, limits, configurations=len(checked))
    try:
        return save_configurations(checked, org_id=actor.org_id, created_by=actor.id)
    except IntegrityError as error:
        raise Conflict(
            lazy_gettext("A short ID was taken in the meantime. Import the file again.")
        ) from error


def _read(file_name: str, content: bytes, limits: Limits) -> list[_Row]:
    """Return the rows of a JSON or CSV file.

    Raises BadImport if the file cannot be read, is empty, or has more than `limits.import_rows`
    rows.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(
            lazy_gettext("This file is not UTF-8. Save it as “CSV UTF-8” or as JSON.")
        ) from error
    is_json = file_name.lower().endswith(".json") or text.lstrip()[:1] in {"[", "{"}
    rows = list(_json_rows(text) if is_json else _csv_rows(text, limits))
    if not rows:
        raise _bad(lazy_gettext("This file contains no products."))
    if len(rows) > limits.import_rows:
        raise _bad(
            lazy_gettext(
                "This file has too many products. The limit is %(most)s.",
                most=Figure(limits.import_rows),
            )
        )
    return rows


def _bad(message: str, row: int = 0) -> BadImport:
    return BadImport([RowError(row, "", message)])


def _json_rows(text: str) -> Iterator[_Row]:
    try:
        value = parse_json(text.encode(), lazy_gettext("This file"))
    except NotJson as error:
        raise _bad(error.sentence) from error
    except InvalidInput as error:
        raise _bad(error.errors[0].message) from error
    if isinstance(value, dict):
        value = value.get("configurations")
    if not isinstance(value, list):
        raise _bad(
            lazy_gettext("An array of configurations, or an object whose “configurations” is one.")
        )
    for number, raw in enumerate(value, 1):
        yield _Row(number, raw, {})


def _csv_rows(text: str, limits: Limits) -> Iterator[_Row]:
    heading, *rows = read_table(text).rows or ((),)
    names = [name.strip() for name in heading]
    paths = _paths(names)
    for number, cells in enumerate(rows, 2):
        if number > limits.import_rows + 1 and any(cells):
            # One row above the limit is enough for its error message.
            yield _Row(number, {}, {})
            return
        if any(cell.strip() for cell in cells):
            yield _row(number, names, paths, cells)


def _paths(names: Sequence[str]) -> list[str]:
    """Return a field path for each column name, such as `metadata.sku` for `SKU`.

    Raises BadImport if a name is unknown, empty or repeated.
    """
    known = {field.lower(): field for field in FIELDS if field not in OBJECTS}
    errors, paths = [], []
    for name in names:
        area, dot, key = name.partition(".")
        path = SHORT_NAMES.get(name.lower()) or known.get(name.lower())
        if dot and key and area.lower() in OBJECTS:
            path = f"{area.lower()}.{key}"
        if path is None:
            message = (
                lazy_gettext("Unknown column.")
                if name
                else lazy_gettext("A column without a name.")
            )
            errors.append(RowError(1, printable(name), message))
        paths.append(path or "")
    twice = [path for path, times in Counter(paths).items() if times > 1 and path]
    errors += [RowError(1, path, DUPLICATE_COLUMN) for path in twice]
    if errors:
        raise BadImport(errors)
    return paths


def _row(number: int, names: Sequence[str], paths: Sequence[str], cells: Sequence[str]) -> _Row:
    if len(cells) > len(names) and any(cells[len(names) :]):
        raise _bad(
            lazy_gettext(
                "More cells than columns. Put text that contains the separator in quotes."
            ),
            number,
        )
    if broken := next(filter(is_broken, cells), ""):
        raise _bad(fault_of(broken), number)
    raw: dict[str, Any] = {}
    for path, cell in zip(paths, cells, strict=False):
        area, dot, key = path.partition(".")
        value = cell.strip()
        if value and dot:
            raw.setdefault(area, {})[key] = value
        elif value:
            raw[path] = value
    return _Row(number, raw, dict(zip(paths, names, strict=True)))


def _count_foreign(short_ids: Collection[str], org_id: str) -> int:
    """Return how many of the short IDs are those of other orgs' configurations."""
    others = select(configuration.c.short_id).where(configuration.c.org_id != org_id)
    with database.read() as connection:
        return sum(1 for _ in rows_with(connection, others, configuration.c.short_id, short_ids))


def _taken(
    rows: Sequence[_Row], short_ids: Sequence[tuple[_Row, str]], org_id: str
) -> list[RowError]:
    """Return an error for each short ID or SKU that is repeated in the file or already stored."""
    # A retired product's SKU may be given to its successor.
    is_offered = (configuration.c.deleted_at.is_(None), configuration.c.retired_at.is_(None))
    in_use = (configuration.c.org_id == org_id, *is_offered)
    skus = [(row, value) for row in rows if (value := _sku(row))]
    return [
        *_conflicts("shortId", short_ids, select(configuration.c.short_id)),
        *_conflicts("metadata.sku", skus, select(configuration.c.sku).where(*in_use)),
    ]


def _conflicts(
    path: str, named: Sequence[tuple[_Row, str]], stored_values: Select[Any]
) -> Iterator[RowError]:
    """Yield an error for each row whose value is also in an earlier row or in the database.

    `path` is the path of the field with the value, `named` are pairs of a row and its value, and
    `stored_values` selects the column with the values that are already stored.
    """
    [column] = stored_values.selected_columns
    with database.read() as connection:
        values = {value for _, value in named}
        stored = {row[0] for row in rows_with(connection, stored_values, column, values)}
    seen: dict[str, int] = {}
    for row, value in named:
        name = row.columns.get(path, path)
        if value in seen:
            yield RowError(row.number, name, _twice(path, value, seen[value]))
        elif value in stored:
            yield RowError(row.number, name, _in_use(path, value))
        seen.setdefault(value, row.number)


def _twice(path: str, value: str, row: int) -> Text:
    if path == "shortId":
        return lazy_gettext(
            "The short ID “%(value)s” is already used in row %(row)s.", value=value, row=row
        )
    return lazy_gettext("The SKU “%(value)s” is already used in row %(row)s.", value=value, row=row)


def _in_use(path: str, value: str) -> Text:
    if path == "shortId":
        return lazy_gettext("The short ID “%(value)s” is already used.", value=value)
    return lazy_gettext("The SKU “%(value)s” is already used.", value=value)


def _short_id(row: _Row) -> str | None:
    value = row.raw.get("shortId") if isinstance(row.raw, dict) else None
    return value if isinstance(value, str) and is_short_id(value) else None


def _sku(row: _Row) -> str | None:
    metadata = row.raw.get("metadata") if isinstance(row.raw, dict) else None
    sku = named_in(metadata, "sku") if isinstance(metadata, dict) else None
    # Invalid texts are reported elsewhere, and PostgreSQL rejects them in comparisons.
    return None if sku is None or find_unstorable(sku, nesting=0) else sku
