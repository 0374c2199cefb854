"""The command `user`: the people who sign in, named by their e-mail addresses."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from orders.domain.permissions import ROLES
from orders.interfaces.cli.org_option import choose_org, for_org, org_option
from orders.interfaces.cli.output import prints
from orders.interfaces.cli.passwords import password_option, read_password
from orders.interfaces.cli.server import service_address
from orders.interfaces.http.current_settings import current_settings, may_mail_links, secret_link
from orders.interfaces.http.i18n import use_language
from orders.interfaces.http.invitation_mail import mail_invitation
from orders.services.accounts import accounts, invitations, resets, second_factor, sessions
from orders.services.accounts.checks import readable_password
from orders.services.accounts.org_list import list_orgs
from orders.services.accounts.orgs import find_customer_page
from orders.services.languages import ENGLISH
from orders.services.mail import MailFailed

user = AppGroup("user", help="People who sign in to the desk, by their e-mail addresses.")
role_option = click.option("--role", type=click.Choice(list(ROLES)), required=True)
WITH_ONE_TIME = (
    "{email} can sign in with this password, and then chooses another one:\n\n  {password}"
)
INVITATION_LINK = (
    "With this link {email} can create an account, once and until {expiresAt}:\n\n  {link}"
)
INVITATION_MAILED = (
    "{email} was sent a link to create an account, which works once and until {expiresAt}."
)
RESET_LINK = (
    "With this link {email} can choose a new password, once and within an hour:\n\n  {link}"
)
CHANGED = "{email} has a new password. Their sessions have ended."


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
@password_option
@prints(lambda made: WITH_ONE_TIME if "password" in made else "{email} can sign in.")
@for_org
def add_user(org_id: str, email: str, role: str, password_stdin: bool) -> dict[str, Any]:
    """Create an account with a new one-time password, which is printed, or with one that is read.

    A password that is read need not be changed.
    """
    password = read_password() if password_stdin else readable_password()
    made = accounts.add_staff(
        org_id, email=email, role=role, password=password, must_change=not password_stdin
    )
    printed = {} if password_stdin else {"password": password}
    return {"id": made, "email": email.strip().lower(), **printed}


@user.command("invite")
@click.argument("email")
@role_option
@click.option("--print", "is_printed", is_flag=True, help="Print the link, and mail nothing.")
@prints(lambda made: INVITATION_LINK if "link" in made else INVITATION_MAILED)
@for_org
def invite_user(org_id: str, email: str, role: str, is_printed: bool) -> dict[str, Any]:
    """Mail a link with which a person creates their account and chooses a password.

    The link is printed if SMTP_URL or PUBLIC_URL is not set, or if the mail is refused.
    """
    made = invitations.invite(org_id, email=email, role=role)
    ends = datetime.now(UTC) + invitations.INVITED_FOR
    with _pages():
        link = secret_link("desk.open_invitation", made.secret)
        is_mailed = may_mail_links() and not is_printed and _mail(org_id, made.email, link)
    printed = {} if is_mailed else {"link": link}
    return {"id": made.id, "email": made.email, **printed, "expiresAt": ends, "isMailed": is_mailed}


@user.command("reset-password")
@click.argument("email")
@password_option
@prints(lambda made: RESET_LINK if "link" in made else CHANGED)
def reset_password(email: str, password_stdin: bool) -> dict[str, Any]:
    """Print a link with which a person chooses a new password; the old one works until then.

    A password that is read replaces the old one at once, and ends the sessions.
    """
    org_id, account = accounts.find_by_email(email)
    if password_stdin:
        accounts.set_password(org_id, account.id, password=read_password(), must_change=False)
        return {"email": account.email}
    made, ends = resets.make_reset(org_id, account.id), datetime.now(UTC) + resets.RESET_WITHIN
    with _pages():
        link = secret_link("desk.open_reset", made.secret)
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


def _mail(org_id: str, email: str, link: str) -> bool:
    """Mail the link of an invitation in the org's language; return whether it was accepted."""
    page = find_customer_page(org_id)
    try:
        with use_language(page.language, ENGLISH):
            mail_invitation(email, link, org_name=page.org_name)
    except MailFailed as error:
        click.secho(f"Nothing was mailed. {error}", err=True, fg="yellow")
        return False
    return True


def _pages() -> AbstractContextManager[object]:
    """Return the context in which links to pages are made and texts of mails are translated."""
    return current_app.test_request_context(base_url=service_address(current_settings()))
