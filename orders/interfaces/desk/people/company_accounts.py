"""The provider of company accounts, and an identity that waits for its person's password."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import current_app, flash, session
from werkzeug.exceptions import NotFound as PageNotFound

from orders.domain.company_accounts import CompanyIdentity
from orders.domain.errors import Conflict, Forbidden
from orders.interfaces.desk.blueprint import desk
from orders.interfaces.http.i18n import gettext, translated
from orders.services.accounts import identities
from orders.services.accounts.access import StaffMember

if TYPE_CHECKING:
    from orders.services.accounts.company_provider import CompanyProvider

# In the session: the identity that is connected once the person has signed in with the password.
WAITING = "company_identity"
WAITS_FOR = timedelta(minutes=10)


def company_provider() -> "CompanyProvider":
    """Return the provider that the settings name; raise PageNotFound if they name none."""
    provider: CompanyProvider | None = current_app.extensions["company_provider"]
    if provider is None:
        raise PageNotFound
    return provider


@desk.app_template_global()
def company_name() -> str:
    """Return the name of the provider for people; "" if there is none."""
    provider: CompanyProvider | None = current_app.extensions["company_provider"]
    return "" if provider is None else provider.name


def keep_waiting(identity: CompanyIdentity) -> None:
    """Keep an identity in the session until its person has signed in with their password."""
    until = (datetime.now(UTC) + WAITS_FOR).timestamp()
    session[WAITING] = {**asdict(identity), "proven_at": None, "until": until}


def waiting_identity() -> CompanyIdentity | None:
    """Return the identity that waits for the password of its person; None after WAITS_FOR."""
    kept = dict(session.get(WAITING, {"until": 0}))
    return CompanyIdentity(**kept) if kept.pop("until") > datetime.now(UTC).timestamp() else None


def connect_waiting(member: StaffMember, identity: CompanyIdentity | None) -> None:
    """Connect an identity that has waited to the account of the person who has signed in.

    Does nothing if there is none, or if another person has signed in.
    """
    if identity is None or identity.email != member.email:
        return
    try:
        identities.connect(member, identity)
    except (Conflict, Forbidden) as error:
        flash(translated(error.sentence), "bad")
    else:
        flash(gettext("From now on you can sign in with %(name)s.", name=company_name()))
