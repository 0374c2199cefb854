"""The command `user`: the people who sign in, named by their e-mail addresses."""

from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from orders.domain.permissions import ROLES
from orders.interfaces.cli.org_option import choose_org, for_org, org_option
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.server import service_address
from orders.interfaces.http.current_settings import current_settings, secret_link
from orders.services.accounts import accounts, invitations, resets, second_factor, sessions
from orders.services.accounts.checks import readable_password
from orders.services.accounts.org_list import list_orgs

user = AppGroup("user", help="People who sign in to the desk, by their e-mail addresses.")
role_option = click.option("--role", type=click.Choice(list(ROLES)), required=True)


@user.command("list")
@org_option
@prints(empty="There are no accounts. Create one: shortorder user add EMAIL --role admin")
def show_users(named: str | None) -> list[dict[str, Any]]:
    """List the accounts of all orgs, or of one; disabled ones are last."""
    chosen = None if named is None else choose_org(named)
    return [
        {
            "org": org.name,
            "email": one.email,
            "name": one.name,
            "role": one.role,
            "secondFactor": one.has_second_factor,
            "lastSignedInAt": one.last_signed_in_at,
            "disabledAt": one.disabled_at,
        }
        for org in list_orgs()
        if chosen in {None, org.id}
        for one in accounts.list_staff(org.id)
    ]


@user.command("add")
@click.argument("email")
@role_option
@prints("{email} can sign in with this password, and then chooses another one:\n\n  {password}")
@for_org
def add_user(org_id: str, email: str, role: str) -> dict[str, Any]:
    """Create an account with a new password, which is shown only once."""
    password = readable_password()
    made = accounts.add_staff(org_id, email=email, role=role, password=password, must_change=True)
    return {"id": made, "email": email.strip().lower(), "password": password}


@user.command("invite")
@click.argument("email")
@role_option
@prints("With this link {email} can create an account, once and until {expiresAt}:\n\n  {link}")
@for_org
def invite_user(org_id: str, email: str, role: str) -> dict[str, Any]:
    """Print a link with which a person creates their account and chooses a password."""
    made = invitations.invite(org_id, email=email, role=role)
    ends = datetime.now(UTC) + invitations.INVITED_FOR
    link = _link("desk.open_invitation", made.secret)
    return {"id": made.id, "email": made.email, "link": link, "expiresAt": ends}


@user.command("reset-password")
@click.argument("email")
@prints("With this link {email} can choose a new password, once and within an hour:\n\n  {link}")
def reset_password(email: str) -> dict[str, Any]:
    """Print a link with which a person chooses a new password; the old one works until then."""
    org_id, account = accounts.find_by_email(email)
    made, ends = resets.make_reset(org_id, account.id), datetime.now(UTC) + resets.RESET_WITHIN
    link = _link("desk.open_reset", made.secret)
    return {"email": account.email, "link": link, "expiresAt": ends}


@user.command("reset-second-factor")
@click.argument("email")
@prints("{email} signs in without a second factor now. Their sessions have ended.")
def reset_second_factor(email: str) -> dict[str, Any]:
    """Turn off the second factor of a person who has lost their phone and recovery codes."""
    org_id, account = accounts.find_by_email(email)
    second_factor.reset(org_id, account.id)
    return {"email": account.email}


@user.command("disable")
@click.argument("email")
@prints("{email} can no longer sign in. Their sessions have ended.")
def disable_user(email: str) -> dict[str, Any]:
    """Disable an account and end its sessions; the last admin of an org cannot be disabled."""
    org_id, account = accounts.find_by_email(email)
    accounts.disable_staff(org_id, account.id)
    return {"email": account.email, "disabled": True}


@user.command("enable")
@click.argument("email")
@prints("{email} can sign in again.")
def enable_user(email: str) -> dict[str, Any]:
    """Enable a disabled account."""
    org_id, account = accounts.find_by_email(email)
    accounts.enable_staff(org_id, account.id)
    return {"email": account.email, "disabled": False}


@user.command("sign-out")
@click.argument("email")
@prints("Ended sessions of {email}: {ended}.")
def sign_out_user(email: str) -> dict[str, Any]:
    """End all sessions of an account."""
    org_id, account = accounts.find_by_email(email)
    return {"email": account.email, "ended": sessions.end_some(org_id, account.id)}


def _link(endpoint: str, secret: str) -> str:
    with current_app.test_request_context(base_url=service_address(current_settings())):
        return secret_link(endpoint, secret)
