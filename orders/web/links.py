"""Addresses that leave the service: in a QR code, a letter, a message, a piece of code."""

from flask import request, url_for

from orders.web.in_force import settings_in_force


def service_address() -> str:
    """Give the address below which the service lies, without a slash at its end.

    PUBLIC_URL is its beginning; without that setting, the host that this request came to.
    """
    return _host() + request.root_path.rstrip("/")


def customer_link(short_id: str) -> str:
    """Give the whole address of the customer's page of an order."""
    return _host() + url_for("customer.show_order", code=short_id)


def _host() -> str:
    return (settings_in_force().public_url or request.host_url).rstrip("/")
