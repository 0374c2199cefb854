"""Who is signed in: Flask-Login keeps the session, `orders.access` knows the people."""

from urllib.parse import urlsplit

from flask_login import LoginManager, UserMixin, current_user

from orders import access
from orders.access import StaffMember

login_manager = LoginManager()
# The desk answers for itself what happens without a session (see orders/staff/views.py).
login_manager.session_protection = None


class SignedIn(UserMixin):
    """What Flask-Login wants to know of a person."""

    def __init__(self, member: StaffMember) -> None:
        self.member = member

    def get_id(self) -> str:
        """Give the session's ID, which changes with the password."""
        return self.member.session_id


@login_manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def _load(session_id: str) -> SignedIn | None:
    member = access.load_staff(session_id)
    return None if member is None else SignedIn(member)


def current_member() -> StaffMember | None:
    """Give the person who is signed in, or None."""
    person = current_user._get_current_object()
    return person.member if isinstance(person, SignedIn) else None


def language_of_person() -> str:
    """Give the code of the language that the person has chosen; empty when none was."""
    member = current_member()
    return "" if member is None else member.preferences.language


def own_path(address: str) -> str:
    """Give the address if it is a path of ours, else the start page: no sign-in leads elsewhere."""
    parts = urlsplit(address)
    is_own = not parts.scheme and not parts.netloc and address.startswith("/")
    has_tricks = address.startswith("//") or "\\" in address or not address.isprintable()
    return address if is_own and not has_tricks else "/"
