"""The mail to admins about a webhook that was switched off."""

import logging

from flask_babel import force_locale

from orders.domain.texts import lazy_gettext
from orders.domain.webhook import Webhook
from orders.interfaces.http.i18n import gettext
from orders.services import mail
from orders.services.accounts.accounts import list_staff
from orders.services.accounts.orgs import find_customer_page
from orders.services.languages import ENGLISH, languages
from orders.services.mail import MailFailed
from orders.settings import Settings

log = logging.getLogger(__name__)

SUBJECT = lazy_gettext("A webhook of %(org)s was turned off")
TEXT = lazy_gettext(
    "The receiver at %(address)s answered 410 Gone. We no longer send messages "
    "to it, and waiting messages were canceled.\n\n"
    "If this is a mistake, an admin can turn the webhook back on:\n\n"
    "%(link)s\n"
)


def mail_admins(webhook: Webhook, settings: Settings) -> None:
    """E-mail the org's active admins, in the org's language, that a webhook was switched off.

    Requires an application context. Does nothing if no mail server is configured. A mail that
    cannot be sent is only logged, because the desk shows the state of the webhook too.
    """
    if not mail.is_configured(settings):
        return
    page = find_customer_page(webhook.org_id)
    link = f"{settings.public_url.rstrip('/')}/settings/webhooks/{webhook.id}"
    with force_locale(page.language if page.language in languages() else ENGLISH):
        subject = gettext(SUBJECT, org=page.org_name)
        text = gettext(TEXT, address=webhook.address, link=link)
    for account in list_staff(webhook.org_id):
        if account.role == "admin" and account.disabled_at is None:
            try:
                mail.send(account.email, subject, text, settings=settings)
            except MailFailed as error:
                log.warning("The mail about webhook %s was not sent: %s", webhook.id, error)
