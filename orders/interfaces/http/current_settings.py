"""Settings of the current application, and the public URLs based on them."""

from urllib.parse import urlsplit

from flask import current_app, request, url_for

from orders.domain.inputs import Limits
from orders.services import mail
from orders.services.accounts.passkeys import Site
from orders.settings import Settings


def current_settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def current_limits() -> Limits:
    return current_settings().limits


def service_address() -> str:
    """Return the service's absolute URL without a final slash, from PUBLIC_URL or the request."""
    return _host() + request.script_root


def customer_link(short_id: str) -> str:
    """Return the absolute URL of the page on which customers see the order with this short ID."""
    return _host() + url_for("customer.show_order", code=short_id)


def look_up_link(key: str | None) -> str:
    """Return the absolute URL of the look-up page with the look of the org that has this key."""
    return _host() + url_for("customer.find", org=key)


def absolute_address(endpoint: str) -> str:
    """Return the absolute URL of the view `endpoint`."""
    return _host() + url_for(endpoint)


def secret_link(endpoint: str, secret: str) -> str:
    """Return the absolute URL of the view `endpoint` with `?link=<secret>`, to be mailed."""
    return _host() + url_for(endpoint, link=secret)


def may_mail_links() -> bool:
    """Return whether links with secrets may be mailed: only with a mail server and PUBLIC_URL.

    Without PUBLIC_URL, the link would contain the request's `Host` header, which the sender of the
    request controls.
    """
    settings = current_settings()
    return mail.is_configured(settings) and bool(settings.public_url)


def own_site() -> Site:
    """Return the site for which passkeys are: that of PUBLIC_URL, or else of the request.

    A request whose `Host` header is no host gets a site that no browser is on (RFC 2606).
    """
    parts = urlsplit(_host())
    return Site(parts.hostname or "invalid", f"{parts.scheme}://{parts.netloc}")


def _host() -> str:
    """Return scheme and host; the paths that follow contain the path of PUBLIC_URL."""
    return current_settings().public_origin or request.host_url.rstrip("/")
