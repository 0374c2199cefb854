"""Addresses that leave the service: in a QR code, a letter, a message, a piece of code."""

from flask import request, url_for

from orders.messaging import mail
from orders.web.in_force import settings_in_force


def service_address() -> str:
    """Give the address below which the service lies, without a slash at its end.

    PUBLIC_URL is its beginning; without that setting, the host that this request came to.
    """
    return _host() + request.root_path.rstrip("/")


def customer_link(short_id: str) -> str:
    """Give the whole address of the customer's page of an order."""
    return _host() + url_for("customer.show_order", code=short_id)


def secret_link(endpoint: str, secret: str) -> str:
    """Give the whole address of a page for a person who is not here, with a secret in its query."""
    return _host() + url_for(endpoint, link=secret)


def may_mail_links() -> bool:
    """Tell whether links with secrets may be mailed: there is a mail server, and PUBLIC_URL is set.

    Without PUBLIC_URL the address would be made from the request's own host, which a stranger who
    asks for somebody else's link can name as he likes.
    """
    settings = settings_in_force()
    return mail.is_configured(settings) and bool(settings.public_url)


def _host() -> str:
    return (settings_in_force().public_url or request.host_url).rstrip("/")
