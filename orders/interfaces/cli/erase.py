"""The command `erase`: what is stored about a customer, and the pages that deleted rows leave."""

from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from orders.interfaces.cli.org_option import for_org
from orders.interfaces.cli.output import prints
from orders.services import erasure
from orders.storage import database

erase = AppGroup("erase", help="Erase customers.")


@erase.command("customer")
@click.argument("customer_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask before.")
@prints()
@for_org
def erase_customer(customer_id: str, org_id: str, *, yes: bool) -> dict[str, Any]:
    """Erase a customer for good; the orders stay without the person."""
    if not yes:
        question = f"Erase customer {customer_id}? This cannot be undone."
        click.confirm(question, abort=True, err=True)
    done = erasure.erase_customer(customer_id, org_id, store=current_app.extensions["files"])
    return {"orders": done.orders, "files": done.files, "freedPages": done.is_compact}


@erase.command("freed-pages")
@prints()
def erase_freed_pages() -> dict[str, Any]:
    """Remove what deleted rows leave in SQLite's file, after an erasure that could not do it."""
    return {"freedPages": database.free_pages()}
