"""The commands `database` and `mail`."""

from typing import Any

import click
from flask.cli import AppGroup

from orders.data_folder import DataFolder
from orders.domain.errors import Conflict
from orders.environment import BadSetting
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.progress import progress_bars
from orders.interfaces.cli.upgrade import SchemaState, migrate, newer_schema, schema_state
from orders.interfaces.http.current_settings import current_settings
from orders.services import database_copy, mail
from orders.services.orders import pending_changes
from orders.settings import parse_settings
from orders.storage.startup import find_damage, schema_version

database = AppGroup("database", help="The database.")
mail_group = AppGroup("mail", help="The mail server.")


@database.command("upgrade")
@prints("The database is up to date, at schema {schema}.")
def upgrade_database() -> dict[str, Any]:
    """Bring the database up to date, as each start of `serve` does; creates it if it is missing."""
    migrate(current_settings().database_wait)
    return {"schema": schema_version()}


@database.command("copy")
@click.option("--to", "target", metavar="URL", required=True, help="As for DATABASE_URL.")
@click.option("--continue", "goes_on", is_flag=True, help="Finish a copy that was interrupted.")
@prints()
def copy_to(target: str, goes_on: bool) -> list[dict[str, Any]]:
    """Copy all rows into another database, which has all tables and no rows.

    Both may be SQLite or PostgreSQL. Stop the service first: what it writes meanwhile is missing.
    """
    _require_current_schema()
    with progress_bars() as begin:
        copies = database_copy.copy_database(_address(target), goes_on=goes_on, progress=begin)
    return [
        {
            "table": one.name,
            "here": one.here.rows,
            "there": one.there.rows,
            "isCopied": one.is_copied,
            "hash": one.there.digest,
        }
        for one in copies
    ]


def _address(target: str) -> str:
    """Return the URL of a database as the service would use it. Raises Conflict."""
    folder = current_settings().data_dir
    try:
        url = parse_settings({"DATABASE_URL": target, "DATA_DIR": str(folder)}).database_url
    except BadSetting as error:
        raise Conflict(str(error).replace("DATABASE_URL", "--to")) from error
    file = DataFolder(folder, url).database
    if file is None:
        return url
    if not file.exists():
        raise Conflict(
            f"There is no database {file}. Create it by `shortorder database upgrade` with its"
            " address as DATABASE_URL."
        )
    return f"sqlite:///{file}"


@database.command("check")
@prints("The database is undamaged and up to date, at schema {schema}.")
def check_database() -> dict[str, Any]:
    """Check the schema, and what lists, the start page, and the search read.

    On SQLite, every page of the file and every reference between rows is checked, too.
    """
    stored = _require_current_schema()
    if damage := find_damage():
        lines = "\n".join(damage[:20])
        raise Conflict(f"The database is damaged; restore a backup.\n{lines}")
    if wrong := pending_changes.find_differences():
        raise Conflict(
            "Lists, the start page, or the search may be wrong. Run: shortorder database reindex\n"
            + "\n".join(wrong)
        )
    return {"schema": stored}


@database.command("reindex")
@prints("{orders} orders were counted, sorted, and indexed again.")
def reindex_orders() -> dict[str, Any]:
    """Count, sort, and index all orders again, for lists, the start page, and the search.

    Orders cannot be placed or changed meanwhile.
    """
    _require_current_schema()
    return {"orders": pending_changes.rebuild()}


def _require_current_schema() -> str | None:
    """Return the revision of the database. Raises Conflict unless it is up to date."""
    stored = schema_version()
    match schema_state(stored):
        case SchemaState.NEWER:
            raise Conflict(newer_schema(stored))
        case SchemaState.OLDER | SchemaState.EMPTY:
            raise Conflict("The database is not up to date. Run: shortorder database upgrade")
    return stored


@mail_group.command("test")
@click.argument("email")
@prints("The mail server accepted a message to {email}.")
def test_mail(email: str) -> dict[str, Any]:
    """Send a short message to an address."""
    settings = current_settings()
    text = (
        f"`shortorder mail test` has sent this message, so mail works.\n\n{settings.public_url}\n"
    )
    mail.send(email, "A test of Shortorder's mail", text, settings=settings)
    return {"email": email}
