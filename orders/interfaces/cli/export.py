"""The command `export`: everything that is stored about a customer."""

from typing import Any

import click
from flask.cli import AppGroup

from orders.interfaces.cli.printing import prints_json
from orders.services.customer_data import export_customer

export = AppGroup("export", help="Export what is stored.")


@export.command("customer")
@click.argument("customer_id", metavar="ID")
@click.option("--org", "org_id", required=True, help="ID of the org.")
@prints_json
def export_customer_command(customer_id: str, org_id: str) -> dict[str, Any]:
    """Print a customer's record, orders, and configurations as JSON."""
    return export_customer(customer_id, org_id)
