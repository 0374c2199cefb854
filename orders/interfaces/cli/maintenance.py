"""The commands `database` and `mail`."""

from typing import Any

import click
from flask.cli import AppGroup

from orders.domain.errors import Conflict
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.upgrade import SchemaState, migrate, newer_schema, schema_state
from orders.interfaces.http.current_settings import current_settings
from orders.services import mail
from orders.storage.startup import find_damage, schema_version

database = AppGroup("database", help="The database.")
mail_group = AppGroup("mail", help="The mail server.")


@database.command("upgrade")
@prints("The database is up to date, at schema {schema}.")
def upgrade_database() -> dict[str, Any]:
    """Bring the database up to date, as each start of `serve` does; creates it if it is missing."""
    migrate(current_settings().database_wait)
    return {"schema": schema_version()}


@database.command("check")
@prints("The database is undamaged and up to date, at schema {schema}.")
def check_database() -> dict[str, Any]:
    """Check the schema and, on SQLite, every page of the file and every reference between rows."""
    stored = schema_version()
    match schema_state(stored):
        case SchemaState.NEWER:
            raise Conflict(newer_schema(stored))
        case SchemaState.OLDER | SchemaState.EMPTY:
            raise Conflict("The database is not up to date. Run: shortorder database upgrade")
    if damage := find_damage():
        lines = "\n".join(damage[:20])
        raise Conflict(f"The database is damaged; restore a backup.\n{lines}")
    return {"schema": stored}


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
