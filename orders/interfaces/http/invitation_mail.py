"""The mail with the link of an invitation, which the desk and the command line send."""

from orders.domain.texts import lazy_gettext
from orders.interfaces.http.current_settings import current_settings
from orders.interfaces.http.i18n import gettext
from orders.services import mail

INVITATION_SUBJECT = lazy_gettext("Your account for Shortorder")
INVITATION_TEXT = lazy_gettext(
    "%(org)s invites you to its order desk.\n\n"
    "Create your account within 7 days with this one-time link:\n\n"
    "%(link)s\n"
)


def mail_invitation(email: str, link: str, *, org_name: str) -> None:
    """Mail the link of an invitation to an org, in the language of the page.

    Raises MailFailed with the reason if the mail server does not accept the message.
    """
    text = gettext(INVITATION_TEXT, org=org_name, link=link)
    mail.send(email, gettext(INVITATION_SUBJECT), text, settings=current_settings())
