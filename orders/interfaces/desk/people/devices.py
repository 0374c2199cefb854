"""The sessions of an account as pages list them, with the device of each in plain words."""

from dataclasses import dataclass

from orders.domain.devices import device_of
from orders.interfaces.http.session import current_session, session_lifetimes
from orders.services.accounts import sessions
from orders.services.accounts.sessions import SessionSummary


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session in the list of an account; `is_here` if the request belongs to it."""

    session: SessionSummary
    device: str
    is_here: bool


def listed_sessions(org_id: str, staff_id: str) -> list[ListedSession]:
    """Return the sessions of an account that have not ended, the one used last first."""
    here = current_session()
    return [
        ListedSession(one, device_of(one.user_agent), here is not None and one.id == here.id)
        for one in sessions.list_sessions(org_id, staff_id, session_lifetimes())
    ]
