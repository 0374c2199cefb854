"""The identity of a company account that waits for the password of its person."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from flask import flash, session

from orders.domain.company_accounts import CompanyIdentity
from orders.domain.errors import Conflict, Forbidden
from orders.interfaces.http.company_provider import company_name
from orders.interfaces.http.i18n import gettext, translated
from orders.services.accounts import identities
from orders.services.accounts.access import StaffMember

# In the session: the identity that is connected once the person has signed in with the password.
WAITING = "company_identity"
WAITS_FOR = timedelta(minutes=10)


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
