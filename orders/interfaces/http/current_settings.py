"""Settings of the current application, and the rate limits and public URLs based on them."""

from flask import Flask, current_app, request, url_for
from flask_limiter import Limiter

from orders.domain.inputs import Limits
from orders.domain.networks import network_of
from orders.interfaces.http.rate_limits import RequestLimits, frequent_storage
from orders.services import mail
from orders.services.accounts.sign_in_tries import SignInTries
from orders.settings import Settings


def client_network() -> str:
    """Return the client's address, or the /64 network of one of IPv6."""
    return network_of(request.remote_addr or "")


# There is no default limit: only views that declare one are limited, by client address. `limiter`
# counts exactly, in the database; while that is busy, in memory, so that people can still sign in.
limiter = Limiter(
    key_func=client_network, strategy="sliding-window-counter", in_memory_fallback_enabled=True
)
# What comes often is counted in memory.
lookup_limiter = Limiter(key_func=client_network, strategy="fixed-window")


def start_limits(app: Flask) -> None:
    """Set up the rate limits of an application, which count where RATE_LIMIT_STORAGE says."""
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        RATELIMIT_KEY_PREFIX="page",
        RATELIMIT_HEADERS_ENABLED=True,
    )
    limiter.init_app(app)
    uri, options = frequent_storage(app)
    app.config.update(RATELIMIT_STORAGE_URI=uri, RATELIMIT_STORAGE_OPTIONS=options)
    lookup_limiter.init_app(app)
    app.extensions["request_limits"] = RequestLimits(app)
    app.extensions["sign_in_tries"] = SignInTries(settings)


def request_limits() -> RequestLimits:
    limits: RequestLimits = current_app.extensions["request_limits"]
    return limits


def current_settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def current_limits() -> Limits:
    return current_settings().limits


def lookup_limit() -> str:
    return str(current_app.config["LOOKUP_LIMIT"])


def sign_in_limit() -> str:
    return str(current_app.config["SIGN_IN_LIMIT"])


def service_address() -> str:
    """Return the service's absolute URL without a final slash, from PUBLIC_URL or the request."""
    return _host() + request.root_path.rstrip("/")


def customer_link(short_id: str) -> str:
    """Return the absolute URL of the page on which customers see the order with this short ID."""
    return _host() + url_for("customer.show_order", code=short_id)


def look_up_link(key: str | None) -> str:
    """Return the absolute URL of the look-up page with the look of the org that has this key."""
    return _host() + url_for("customer.find", org=key)


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


def _host() -> str:
    return (current_settings().public_url or request.host_url).rstrip("/")
