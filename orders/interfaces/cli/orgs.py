"""The commands `org` and `token`."""

from typing import Any

import click
from flask.cli import AppGroup

from orders.domain.errors import Conflict, NotFound
from orders.domain.identifiers import read_uuid
from orders.interfaces.cli.org_option import choose_org, for_org, org_option
from orders.interfaces.cli.output import prints
from orders.services.accounts import orgs, tokens
from orders.services.accounts.org_list import list_orgs

org = AppGroup("org", help="Organizations.")
token = AppGroup("token", help="Tokens of scripts and web pages.")


@org.command("list")
@prints(empty="There is no org. Create one: shortorder org add NAME")
def show_orgs() -> list[dict[str, Any]]:
    """List all orgs."""
    return [{"name": one.name, "createdAt": one.created_at, "id": one.id} for one in list_orgs()]


@org.command("add")
@click.argument("name")
@prints("Created the org. Its ID is {id}.")
def add_org(name: str) -> dict[str, Any]:
    """Create an org."""
    return {"id": orgs.add_org(name)}


@token.command("list")
@org_option
@prints(empty="There are no tokens.")
def show_tokens(named: str | None) -> list[dict[str, Any]]:
    """List tokens of all orgs, or of one; revoked ones are last."""
    chosen = None if named is None else choose_org(named)
    return [
        {
            "org": org.name,
            "name": one.name,
            "kind": "private" if one.is_private else "public",
            "domains": list(one.domains),
            "lastUsedAt": one.last_used_at,
            "revokedAt": one.revoked_at,
            "id": one.id,
        }
        for org in list_orgs()
        if chosen in {None, org.id}
        for one in tokens.list_tokens(org.id)
    ]


@token.command("add")
@click.option("--name", required=True, help="A name for people.")
@click.option(
    "--private/--public", "is_private", default=None, help="For a server, or for web pages."
)
@click.option("--domain", "domains", multiple=True, help="Host of a public token; repeatable.")
@click.option("--succeeds", help="ID of a token that this one replaces; it reads its orders, too.")
@prints("The token, which is shown this once:\n\n  {token}\n\nIts ID is {id}.")
@for_org
def add_token(
    org_id: str, name: str, is_private: bool | None, domains: tuple[str, ...], succeeds: str | None
) -> dict[str, Any]:
    """Create a token; its secret is shown only once."""
    if is_private is None:
        raise click.UsageError("Say --private or --public.")
    made = tokens.add_token(
        org_id, name=name, is_private=is_private, allowed=domains, succeeds=succeeds
    )
    return {"id": made.id, "token": made.secret}


@token.command("revoke")
@click.argument("token_id", metavar="TOKEN")
@prints("Revoked the token {id}.")
def revoke_token(token_id: str) -> dict[str, Any]:
    """Revoke a token, by its ID or by its name, if only one active token has it."""
    found = token_id if read_uuid(token_id) else _token_named(token_id)
    tokens.revoke_token(found)
    return {"id": found, "revoked": True}


def _token_named(name: str) -> str:
    """Return the ID of the active token with this name.

    Raises NotFound if no token has it, and Conflict if several do.
    """
    every = (one for org in list_orgs() for one in tokens.list_tokens(org.id))
    found = [one.id for one in every if one.name == name and one.revoked_at is None]
    if len(found) > 1:
        raise Conflict(f"Several tokens have this name. Say which by its ID: {', '.join(found)}.")
    if not found:
        raise NotFound("There is no active token with this name. See: shortorder token list")
    return found[0]
