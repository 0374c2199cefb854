"""The command `export`: everything that is stored about a customer."""

import json

import click
from flask.cli import AppGroup

from orders.domain.errors import OrderError
from orders.interfaces.cli.org_option import choose_org, org_option
from orders.services.customer_data import export_customer

export = AppGroup("export", help="Export what is stored.")


@export.command("customer")
@click.argument("customer_id", metavar="ID")
@org_option
def export_customer_command(customer_id: str, named: str | None) -> None:
    """Print a customer's record, orders, and configurations as JSON."""
    try:
        found = export_customer(customer_id, choose_org(named))
    except OrderError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(found, indent=2))
