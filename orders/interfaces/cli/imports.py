"""The command `import`: orders and customer records from CSV and Excel files, as at the desk."""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from orders.domain.errors import Conflict, FieldError, InvalidInput
from orders.domain.permissions import Permission, may
from orders.domain.sheet_reading import ReadingChoices
from orders.interfaces.cli.org_option import for_org
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.progress import progress_bars
from orders.interfaces.http.current_settings import current_limits
from orders.services.accounts import access, accounts
from orders.services.accounts.access import Actor
from orders.services.imports import control, customer_import, records, upload, work
from orders.services.imports.records import Import, ImportState, OrderState

imports = AppGroup("import", help="Orders and customers from files; whole orgs from archives.")
# Seconds between two looks at an import that the service works on.
PAUSE = 0.2
PERCENT = 100

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
email_option = click.option(
    "--as", "email", help="Who imports; not needed if the org has only one admin."
)
check_option = click.option("--check", "is_check", is_flag=True, help="Check only, store nothing.")
comma_option = click.option("--decimal-comma", is_flag=True, help="Numbers are written like 1,5.")


@dataclass(frozen=True, slots=True)
class CellFault(FieldError):  # noqa: N818 - a part of an exception
    """An error in a row of a file; `column` is the name of the column, "" for the whole row."""

    row: int
    column: str


@imports.command("customers")
@file_argument
@email_option
@check_option
@comma_option
@prints("{file}: {new} new, {changed} changed, {unchanged} unchanged.")
@for_org
def import_customers(
    org_id: str, file: Path, email: str | None, is_check: bool, decimal_comma: bool
) -> dict[str, Any]:
    """Store the customer records of FILE, all of them or, if a row has an error, none.

    A customer who has a record gets the values in the file.
    """
    run = customer_import.check_file if is_check else customer_import.import_file
    done = run(
        file.read_bytes(), actor=_actor(org_id, email), limits=current_limits(),
        choices=ReadingChoices(decimal_comma=decimal_comma),
    )  # fmt: skip
    _refuse((one.row, one.column, one.message) for one in done.shown_errors)
    counts = {"new": len(done.new), "changed": len(done.changed), "unchanged": done.unchanged}
    return {"file": str(file), "isCheck": is_check, **counts, "ignored": list(done.ignored)}


@imports.command("orders")
@file_argument
@email_option
@check_option
@comma_option
@click.option("--again", is_flag=True, help="Also what was imported, or is stored, already.")
@prints("{file}: {new} new, {same} already stored.")
@for_org
def import_orders(
    org_id: str, file: Path, email: str | None, is_check: bool, decimal_comma: bool, again: bool
) -> dict[str, Any]:
    """Create the orders of FILE, all of them or, if a row has an error, none.

    The columns are found as the desk suggests them.
    """
    actor = _actor(org_id, email)
    one = upload.upload(
        file.name, file.read_bytes(), actor=actor, limits=current_limits(), key=str(uuid.uuid4()),
        choices=ReadingChoices(decimal_comma=decimal_comma),
    )  # fmt: skip
    try:
        upload.match(one, upload.suggest(one, actor), actor=actor)
        one = _worked_on(one, "Checking orders")
        bad = records.read_orders(one, (OrderState.BAD,))
        _refuse((at.row, at.column, at.message) for order in bad for at in order.faults)
        found = records.counts(one)
        same = 0 if again else found.same
        if not is_check:
            control.start(one, actor=actor, all_or_nothing=True, skip_same=not again, again=again)
            _require_done(_worked_on(one, "Creating orders"))
    finally:
        control.forget(one)  # unless it was started
    counts = {"new": found.good - same, "same": same}
    return {"file": str(file), "isCheck": is_check, **counts}


def _worked_on(one: Import, label: str) -> Import:
    """Work on an import until there is nothing to do, or wait for the service that does."""
    with progress_bars() as begin:
        step, shown = begin(label, PERCENT), 0

        def look() -> Import:
            nonlocal shown
            now = records.find(one.id, one.org_id)
            percent = records.progress(now, records.counts(now)).percent
            step(max(0, percent - shown))
            shown = max(shown, percent)
            return now

        def goes_on() -> bool:
            look()
            return False

        while (now := look()).is_worked_on:
            if not work.work_next(current_limits(), goes_on):
                time.sleep(PAUSE)
        step(PERCENT - shown)
    return now


def _require_done(one: Import) -> None:
    if one.state is not ImportState.DONE:
        raise Conflict(one.message or "The import was stopped.")


def _refuse(faults: Iterable[tuple[int, str, str]]) -> None:
    """Raise InvalidInput with the errors of rows, if there are any."""
    errors = [
        CellFault(f"row {row}, {column}" if column else f"row {row}", message, row, column)
        for row, column, message in faults
    ]
    if errors:
        raise InvalidInput(errors)


def _actor(org_id: str, email: str | None) -> Actor:
    """Return the person who imports: the one with this address, or the only admin.

    Raises Conflict if there is no such person, or if their role may not enter anything.
    """
    active = [one for one in accounts.list_staff(org_id) if one.disabled_at is None]
    if email is None:
        found = [one for one in active if one.role == "admin"]
    else:
        found = [one for one in active if one.email == email.strip().lower()]
    if len(found) != 1 and email is None:
        able = [one.email for one in active if may(one.role, Permission.ENTER)]
        raise Conflict(
            f"Name who imports with --as. These people can: {', '.join(able) or 'nobody'}."
        )
    if not found or not may(found[0].role, Permission.ENTER):
        raise Conflict(f"{email} cannot enter orders or customers in this org.")
    actor = access.staff_actor(found[0].id)
    assert actor is not None  # noqa: S101 - it was just read
    return actor
