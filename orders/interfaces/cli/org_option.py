"""The option `--org`, which is not needed while there is one org."""

import functools
from collections.abc import Callable
from typing import Any

import click

from orders.domain.errors import Conflict, NotFound
from orders.interfaces.cli.output import Command
from orders.services.accounts.org_list import list_orgs

org_option = click.option(
    "--org", "named", metavar="ORG", help="Name or ID of the org; not needed if there is only one."
)


def for_org(command: Command) -> Callable[..., Any]:
    """Return the command with the option `--org`, called with the ID of the org as `org_id`."""

    @functools.wraps(command)
    def wrapper(*args: Any, named: str | None, **options: Any) -> Any:  # noqa: ANN401 - click's own parameters
        return command(*args, org_id=choose_org(named), **options)

    return org_option(wrapper)


def choose_org(named: str | None) -> str:
    """Return the ID of the org with this ID or name, or that of the only org for None.

    Raises NotFound if there is none, and Conflict if it could be one of several.
    """
    every = list_orgs()
    found = [one for one in every if named is None or named == one.id]
    if named is not None and not found:
        found = [one for one in every if one.name.casefold() == named.strip().casefold()]
    if len(found) == 1:
        return found[0].id
    if found:
        names = ", ".join(f"{one.name} ({one.id})" for one in found)
        raise Conflict(f"Say which org by --org: {names}.")
    if named is None:
        raise NotFound("There is no org. Create one: shortorder org add NAME")
    raise NotFound("There is no org with this name or ID. See: shortorder org list")
