"""The first steps of an import: the file is read and stored, and its columns are matched."""

import contextlib
import json
import subprocess
import sys
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select

from orders.domain import spreadsheet
from orders.domain.column_matching import (
    CONFIGURATION,
    SKU,
    Matching,
    guess,
    matching_faults,
    still_fits,
)
from orders.domain.errors import Conflict, InvalidInput, NotFound, ServiceBusy
from orders.domain.import_doubts import count_question
from orders.domain.inputs import Limits
from orders.domain.pasted_lines import heading_row, likely_columns
from orders.domain.sheet_reading import (
    BY_THE_FILE,
    FIRST_ROWS,
    FindHeading,
    ReadingChoices,
    Sheet,
    UnreadableSheet,
    is_spreadsheet,
    names_columns,
    read_csv,
    sheet_of,
)
from orders.domain.spreadsheet import SheetAnswer
from orders.domain.texts import lazy_gettext, lazy_ngettext, pack
from orders.services.accounts.access import Actor
from orders.services.catalog import products
from orders.services.files import FileStore
from orders.services.imports.control import forget
from orders.services.imports.records import (
    NOT_STARTED,
    Import,
    ImportState,
    batches,
    change_import,
    find,
    read_sheet,
)
from orders.storage import database
from orders.storage.sqlite import request_lock
from orders.storage.tables import (
    insert_missing,
    insert_new,
    order_import,
    order_import_order,
    order_import_row,
)

# Rows that are written in one transaction: nobody waits long for the database meanwhile.
WRITTEN_AT_ONCE = 1_000
ASKED_ABOUT = 1_000  # rows in which a column of counts is looked for
SAMPLE = 50  # rows by which columns without telling names are guessed


def read_file(
    content: bytes,
    limits: Limits,
    choices: ReadingChoices = BY_THE_FILE,
    find_heading: FindHeading | None = None,
) -> Sheet:
    """Return the table in a CSV or XLSX file; the format is detected from the content.

    `choices` say how to read the file. If they do not name the row with the column names,
    `find_heading` returns its number, given the first rows. Raises UnreadableSheet if the file
    contains no table or too large a table.
    """
    request_lock.release()  # others do not wait for a long file
    if not content.strip():
        raise UnreadableSheet(lazy_gettext("This file is empty."))
    read = read_xlsx if is_spreadsheet(content) else read_csv
    return read(content, most_rows=limits.order_rows, choices=choices, find_heading=find_heading)


def upload(
    file_name: str,
    content: bytes,
    *,
    actor: Actor,
    limits: Limits,
    key: str,
    choices: ReadingChoices = BY_THE_FILE,
    store: FileStore | None = None,
    now: datetime | None = None,
) -> Import:
    """Store the rows of a file as a new import, and return it; its columns are not matched yet.

    `key` identifies the upload form: if the same file is sent again with the same key, the existing
    import is returned. The file itself is kept in `store`, if given, so that it can be read again
    with other choices. Raises UnreadableSheet, and stores nothing, if the file cannot be read.
    """
    look_up = products.ids_in(actor.org_id)
    sheet = read_file(
        content, limits, choices, lambda rows: heading_row(rows, actor.org.every_attribute, look_up)
    )
    at = now or datetime.now(UTC)
    content_hash = sheet.content_hash()
    import_id = str(uuid.uuid5(uuid.UUID(actor.id), f"{key} {content_hash}"))
    try:
        return find(import_id, actor.org_id)
    except NotFound:
        reading = {"choices": asdict(choices), "sheets": sheet.sheets, "hidden": sheet.hidden}
        _keep(import_id, file_name, sheet, actor, {"reading": reading, "created_at": at})
    one = find(import_id, actor.org_id)
    if store is not None:
        # Without the file it cannot be read again, and is imported all the same.
        with contextlib.suppress(ServiceBusy):
            store.put(one.stored_as, content)
    return one


def read_again(
    one: Import, choices: ReadingChoices, *, actor: Actor, limits: Limits, store: FileStore
) -> Import:
    """Read the file of an import with other choices, and return the new import.

    The old import is deleted unless it was started. Raises NotFound if the file is no longer in
    `store`, ServiceBusy if `store` cannot be read, and UnreadableSheet if the file cannot be read
    with these choices.
    """
    content = store.get(one.stored_as)
    again = upload(
        one.file_name, content, actor=actor, limits=limits, key=one.id, choices=choices,
        store=store,
    )  # fmt: skip
    if forget(one):
        store.discard([one.stored_as])
    return again


def _keep(
    import_id: str, file_name: str, sheet: Sheet, actor: Actor, more: dict[str, object]
) -> None:
    head = {
        "id": import_id,
        "org_id": actor.org_id,
        "file_name": _printable_name(file_name),
        "columns": list(sheet.columns),
        "notes": [pack(note) for note in sheet.notes],
        "row_count": len(sheet.rows),
        "content_hash": sheet.content_hash(),
        "headers_hash": sheet.headers_hash(),
        "state": ImportState.READING,
        "is_all_or_nothing": False,
        "created_by": actor.id,
        **more,
    }
    rows = [
        {"import_id": import_id, "number": row.number, "cells": list(row.cells)}
        for row in sheet.rows
    ]
    # Rows may be there from the same upload: one that broke off, or the other click of a double
    # click. Each of them writes all that is missing.
    with database.transaction() as connection:
        insert_new(connection, order_import, head)
    for batch in batches(rows, WRITTEN_AT_ONCE):
        with database.transaction() as connection:
            insert_missing(connection, order_import_row, batch)
    database.execute(change_import(import_id, {ImportState.READING}, state=ImportState.MATCHING))


def _printable_name(file_name: str) -> str:
    """Return a file name without folders and unprintable characters; "file" if that is empty."""
    last = file_name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if letter.isprintable())
    return shown.encode("utf-8", "ignore").decode()[:255] or "file"


def suggest(one: Import, actor: Actor) -> Matching:
    """Return a suggestion of which field each column of the file contains.

    This is the import's own matching, if it has one. Otherwise it is the last matching for a file
    with the same columns, unless the org's attributes have changed too much since; otherwise it is
    a guess from the names of the columns and their first cells.
    """
    if one.matching is not None:
        return one.matching
    attributes = actor.org.every_attribute
    last = (
        select(order_import.c.matching)
        .where(
            order_import.c.org_id == actor.org_id,
            order_import.c.headers_hash == one.headers_hash,
            order_import.c.matching.is_not(None),
        )
        .order_by(order_import.c.created_at.desc())
        .limit(1)
    )
    stored = database.fetch_value(last)
    if stored is not None and names_columns(one.columns):
        remembered = Matching.from_json(stored)
        if still_fits(remembered, one.columns, [rule.key for rule in attributes]):
            return remembered
    guessed = guess(one.columns, attributes)
    if {CONFIGURATION, SKU} & set(guessed.targets):
        return guessed
    rows = [row.cells[: len(one.columns)] for row in read_sheet(one, most=SAMPLE).rows]
    likely = likely_columns(rows, products.ids_in(actor.org_id))
    if likely is None:
        return guessed
    # Of a column with a name of its own a person says whether it is the count.
    count = likely.count if not names_columns(one.columns) else None
    return guessed.with_lines(likely.references[0], count)


def match(one: Import, matching: Matching, *, actor: Actor) -> None:
    """Store which field each column contains, and let a background job check the orders.

    Raises Conflict if the import was already started. Raises InvalidInput with errors at the paths
    `column.<position>`, `group` (how rows are grouped into orders), `single` (whether each row is
    one piece) or an empty path (if no column names the configuration).
    """
    faults = matching_faults(
        matching, one.columns, [rule.key for rule in actor.org.every_attribute]
    )
    if not faults and one.state in NOT_STARTED:
        rows = read_sheet(one, most=ASKED_ABOUT).rows
        faults = count_question(matching, one.columns, [row.cells for row in rows])
    if faults:
        raise InvalidInput(faults)
    statement = change_import(
        one.id, NOT_STARTED, matching=matching.as_json(), state=ImportState.CHECKING,
        order_count=None, waiting_since=datetime.now(UTC), claimed_until=None,
    )  # fmt: skip

    with database.transaction() as connection:
        if connection.execute(statement).rowcount != 1:
            raise Conflict(
                lazy_gettext("This import has already started. Its columns cannot be changed.")
            )
        connection.execute(
            delete(order_import_order).where(order_import_order.c.import_id == one.id)
        )


PATIENCE = 30.0  # seconds
TOO_LARGE = lazy_gettext("This spreadsheet is too large. Save the sheet with the orders as CSV.")
# The reader runs without our modules: its messages become translatable here.
_SENTENCES = {
    str(sentence): sentence
    for sentence in (
        TOO_LARGE,
        lazy_gettext("This spreadsheet cannot be read. Save it again as XLSX or CSV."),
        lazy_gettext("This file is password-protected. Save a copy without a password."),
        lazy_gettext("The file has no sheet with this name."),
    )
}


def read_xlsx(
    content: bytes,
    *,
    most_rows: int,
    choices: ReadingChoices = BY_THE_FILE,
    find_heading: FindHeading | None = None,
) -> Sheet:
    """Return one sheet of an XLSX file: the one that `choices` names, or the first visible one.

    `find_heading` is used as in `read_file`. Raises UnreadableSheet if the file cannot be read or
    has more than `most_rows` rows.
    """
    answer = _answer(content, most_rows + FIRST_ROWS, choices.sheet)
    if "error" in answer:
        raise UnreadableSheet(_SENTENCES.get(answer["error"], answer["error"]))
    hidden, rows = frozenset(answer["hidden"]), answer["rows"]
    notes = []
    if len(answer["sheets"]) > 1:
        notes.append(lazy_gettext("Only the sheet “%(sheet)s” was read.", sheet=answer["sheet"]))
    unseen = sum(number in hidden for number, _ in rows)
    if choices.skips_hidden:
        rows = [row for row in rows if row[0] not in hidden]
    elif unseen:
        notes.append(
            lazy_ngettext(
                "One row is hidden or filtered out in the file. It is included.",
                "%(num)s rows are hidden or filtered out in the file. They are included.",
                unseen,
            )
        )
    return replace(
        sheet_of(
            rows, most_rows=most_rows, notes=notes, heading=choices.heading,
            find_heading=find_heading,
        ),
        sheets=tuple(answer["sheets"]), hidden=unseen,
    )  # fmt: skip


def _answer(content: bytes, most_rows: int, sheet: str) -> SheetAnswer:
    request_lock.release()
    command = [sys.executable, "-I", str(Path(spreadsheet.__file__)), str(most_rows), sheet]
    try:
        done = subprocess.run(  # noqa: S603 - our own file; what was sent is its standard input
            command, input=content, capture_output=True, timeout=PATIENCE, check=True
        )
        answer: SheetAnswer = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        # It needed more memory or time than allowed, or the library failed.
        raise UnreadableSheet(TOO_LARGE) from error
    return answer
