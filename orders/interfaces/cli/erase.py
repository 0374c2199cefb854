"""The command `erase`: customers, people of orgs, and the pages that deleted rows leave."""

from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from orders.interfaces.cli.org_option import for_org
from orders.interfaces.cli.output import prints
from orders.services import erasure
from orders.services.accounts.account_erasure import erase_person
from orders.storage import database

erase = AppGroup("erase", help="Erase customers and people.")


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


@erase.command("person")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask before.")
@prints()
def erase_person_command(email: str, *, yes: bool) -> dict[str, Any]:
    """Erase the name and address of a person of an org; the account is disabled for good."""
    if not yes:
        click.confirm(f"Erase {email}? This cannot be undone.", abort=True, err=True)
    return {"id": erase_person(email), "freedPages": database.free_pages()}


@erase.command("freed-pages")
@prints()
def erase_freed_pages() -> dict[str, Any]:
    """Remove what deleted rows leave in SQLite's file, after an erasure that could not do it."""
    return {"freedPages": database.free_pages()}
