"""Addresses that leave the service: in a QR code, a letter, a message."""

from flask import current_app, request, url_for

from orders.settings import Settings


def customer_link(short_id: str) -> str:
    """Give the whole address of the customer's page of an order.

    PUBLIC_URL is its beginning; without that setting, the host that this request came to.
    """
    settings: Settings = current_app.config["SETTINGS"]
    host = settings.public_url or request.host_url
    return host.rstrip("/") + url_for("customer.show_order", code=short_id)
