"""The commands of `shortorder` and `flask --app app`; the latter prints JSON alone."""

import json
import sys
from dataclasses import asdict, replace
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from pydantic.alias_generators import to_camel

from orders.domain.attributes import TEXT_KINDS, Applies, AttributeRule, Kind, Option, read_option
from orders.domain.permissions import ROLES
from orders.domain.typed_values import read_attribute
from orders.interfaces.cli.backup import backup_command, restore_command
from orders.interfaces.cli.config import config
from orders.interfaces.cli.demo import seed
from orders.interfaces.cli.doctor import doctor
from orders.interfaces.cli.erase import erase
from orders.interfaces.cli.exports import export
from orders.interfaces.cli.imports import imports
from orders.interfaces.cli.maintenance import database, mail_group
from orders.interfaces.cli.org_archives import export_org_command, import_org_command
from orders.interfaces.cli.org_option import for_org
from orders.interfaces.cli.orgs import org, token
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.passwords import password_option, read_password
from orders.interfaces.cli.progress import progress_bars
from orders.interfaces.cli.server import new_setup_link, serve, work
from orders.interfaces.cli.users import user
from orders.interfaces.http.application import Shortorder
from orders.interfaces.http.current_settings import current_limits, current_settings
from orders.services.accounts import accounts, attributes
from orders.services.catalog import configurations
from orders.services.customers import customers
from orders.services.orders import changes

staff = AppGroup("staff", help="Staff accounts of the sales desk, as `user`.")
attribute = AppGroup("attribute", help="Attributes that an org defines for its orders.")
orders_group = AppGroup("orders", help="The orders of all organizations.")
files = AppGroup("files", help="The file store.")
seed_group = AppGroup("seed", help="Example data.")


def register_commands(app: Flask) -> None:
    """Add this module's commands to the command line of `app`."""
    for command in COMMANDS:
        app.cli.add_command(command)


@staff.command("add")
@click.option("--email", required=True, help="The address to sign in with.")
@click.option("--role", type=click.Choice(list(ROLES)), required=True)
@password_option
@prints("Created the account. Its ID is {id}.")
@for_org
def add_staff(org_id: str, email: str, role: str, password_stdin: bool) -> dict[str, Any]:
    """Create a staff account with a password that is read, as `user add --password-stdin` does."""
    if not password_stdin:
        raise click.UsageError("Add --password-stdin.")
    return {"id": accounts.add_staff(org_id, email=email, role=role, password=read_password())}


@attribute.command("add")
@click.option("--key", required=True, help="Key in the order's metadata.")
@click.option("--label", required=True, help="What people read.")
@click.option("--kind", type=click.Choice([str(kind) for kind in Kind]), required=True)
@click.option("--option", "options", multiple=True, help="value=Label; repeatable.")
@click.option(
    "--applies", type=click.Choice([str(area) for area in Applies]), default=str(Applies.METADATA)
)
@click.option("--required/--optional", "required", default=False)
@click.option("--default", "default", help="The value of orders without one.")
@click.option(
    "--visible/--hidden", "visible_to_customer", default=False, help="May the customer see it?"
)
@click.option("--label-in", "labels", multiple=True, help="Another language: de=Land; repeatable.")
@click.option("--option-in", "own", multiple=True, help="de:value=Label; repeatable.")
@click.option("--hint", default="", help="A short text below the field.")
@click.option("--placeholder", default="", help="An example in the empty field.")
@click.option("--group", default="", help="The heading above the field.")
@click.option(
    "--copied/--not-copied", "is_copied", default=True, help="Do repeat orders get the value?"
)
@prints("Defined the attribute. Its ID is {id}.")
@for_org
def add_attribute(
    org_id: str,
    kind: str,
    options: tuple[str, ...],
    applies: str,
    default: str | None,
    labels: tuple[str, ...],
    own: tuple[str, ...],
    **others: Any,  # noqa: ANN401 - the other parts of an attribute, by their names
) -> dict[str, Any]:
    """Define an attribute."""
    rule = AttributeRule(
        kind=Kind(kind),
        options=_options(options, own),
        applies=Applies(applies),
        labels=dict(map(_pair, labels)),
        **others,
    )
    rule = replace(rule, default=_default(rule, default))
    return {"id": attributes.add_attribute(org_id, rule)}


def _pair(text: str) -> tuple[str, str]:
    """Return code and label of `de=Land`."""
    code, _, label = text.partition("=")
    return code.strip(), label.strip()


def _options(written: tuple[str, ...], in_languages: tuple[str, ...]) -> tuple[Option, ...]:
    """Return the options in `value=Label`, with their labels in `de:value=Label`."""
    labels: dict[str, dict[str, str]] = {}
    for text in in_languages:
        code, _, rest = text.partition(":")
        value, label = _pair(rest)
        labels.setdefault(value, {})[code.strip()] = label
    options = [read_option(text) for text in written]
    if unknown := labels.keys() - {option.value for option in options}:
        raise click.UsageError(f"--option-in names no --option: {', '.join(sorted(unknown))}.")
    return tuple(replace(option, labels=labels.get(option.value, {})) for option in options)


def _default(rule: AttributeRule, text: str | None) -> Any:  # noqa: ANN401 - a value of the attribute's kind
    """Return an attribute's default.

    It is parsed as JSON if the values of its kind are no texts. Amounts of money and lists may also
    be written as in a file: "12.50 EUR", "red, blue". None, and text that cannot be parsed, are
    returned unchanged.
    """
    if text is None or rule.kind in TEXT_KINDS:
        return text
    if rule.kind in {Kind.MONEY, Kind.MANY}:
        return read_attribute(rule, text)
    try:
        return json.loads(text)
    except ValueError:
        return text


@orders_group.command("sort-keys")
@prints("Rewrote keys: {rebuilt}.")
def rebuild_sort_keys() -> dict[str, Any]:
    """Rewrite the keys by which lists are sorted, after an update that changes them."""
    with progress_bars() as begin:
        return {"rebuilt": changes.rebuild_sort_keys(begin) + customers.rebuild_sort_keys(begin)}


@files.command("sweep")
@prints("Removed orphaned files: {removed}.")
def sweep_files() -> dict[str, Any]:
    """Remove orphaned files that are more than a day old."""
    return {"removed": configurations.sweep_files(current_app.extensions["files"])}


@seed_group.command("demo")
@prints()
def seed_demo() -> dict[str, Any]:
    """Create the demo org: configurations, attributes, orders, an account and two tokens."""
    made = seed.seed_demo(current_limits())
    return {to_camel(name): value for name, value in asdict(made).items()}


@click.command("setup-link")
@with_appcontext
@prints("Open this link to set up the desk, once and until {expiresAt}:\n\n  {link}")
def setup_link_command() -> dict[str, Any]:
    """Print a link to set up an empty desk in the browser; older links stop working."""
    link, expires_at = new_setup_link(current_settings())
    return {"link": link, "expiresAt": expires_at}


@click.command("serve")
@click.option(
    "--check", is_flag=True, help="Bring the database up to date, check the settings, and end."
)
@click.option(
    "--single",
    is_flag=True,
    help="For containers: without a supervisor and without background work (`work` does it).",
)
@with_appcontext
def serve_command(*, check: bool, single: bool) -> None:
    """Bring the database up to date and serve until stopped; SIGHUP exchanges all processes."""
    sys.exit(serve(_application(), current_settings(), only_checks=check, is_single=single))


@click.command("work")
@with_appcontext
def work_command() -> None:
    """Send webhooks and import orders until stopped, as the threads of `serve` do."""
    work(_application(), current_settings())


export.add_command(export_org_command)
imports.add_command(import_org_command)

COMMANDS: tuple[click.Command, ...] = (
    *(serve_command, work_command, setup_link_command, doctor, backup_command, restore_command),
    *(
        config,
        database,
        mail_group,
        org,
        user,
        token,
        staff,
        attribute,
        orders_group,
        files,
        erase,
        export,
        imports,
        seed_group,
    ),
)


def _application() -> Shortorder:
    # Other threads cannot use the proxy `current_app`.
    app: Shortorder = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy
    return app
