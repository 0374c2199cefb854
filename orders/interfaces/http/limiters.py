"""The rate limits of pages, by the client's address."""

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits.errors import StorageError

from orders.domain.networks import network_of
from orders.interfaces.http.current_settings import current_settings
from orders.interfaces.http.errors import say_when_to_retry, uncounted_page
from orders.interfaces.http.rate_limits import RequestLimits, frequent_storage
from orders.interfaces.http.session import current_member
from orders.services.accounts.sign_in_tries import SignInTries
from orders.settings import Settings
from orders.storage.rate_counts import storage_options


def client_network() -> str:
    """Return the client's address, or the /64 network of one of IPv6."""
    return network_of(request.remote_addr or "")


def lookup_limit() -> str:
    return str(current_app.config["LOOKUP_LIMIT"])


def sign_in_limit() -> str:
    return str(current_app.config["SIGN_IN_LIMIT"])


def _own_org() -> str:
    member = current_member()
    return "" if member is None else member.org_id


def _anonymous_limit() -> str:
    return current_settings().anonymous_limit


def _is_not_anonymous_form() -> bool:
    return request.method in {"GET", "HEAD", "OPTIONS"} or current_member() is not None


# Counts exactly, in the database; while that is busy, in memory, so that people can still sign in.
limiter = Limiter(
    key_func=client_network, strategy="sliding-window-counter", in_memory_fallback_enabled=True
)
# Refusals that tell an admin that an e-mail address has an account, which may be in another org:
# addresses are unique over all orgs. Each org has these together.
taken_address_limit = limiter.shared_limit(
    "10 per hour",
    scope="taken-addresses",
    key_func=lambda: _own_org() or client_network(),
    methods=["POST"],
    deduct_when=lambda answer: answer.status_code == 409,
)
# Counts what comes often, in memory: look-ups, and all forms of people who are not signed in.
lookup_limiter = Limiter(
    key_func=client_network,
    strategy="fixed-window",
    application_limits=[_anonymous_limit],
    application_limits_exempt_when=_is_not_anonymous_form,
)


def start_limits(app: Flask) -> None:
    """Set up the rate limits of an application, which count where RATE_LIMIT_STORAGE says."""
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        RATELIMIT_STORAGE_OPTIONS=storage_options(settings.rate_limit_storage),
        RATELIMIT_KEY_PREFIX="page",
        RATELIMIT_HEADERS_ENABLED=True,
    )
    app.after_request(say_when_to_retry)  # Flask calls those of the limiters before it
    app.register_error_handler(StorageError, uncounted_page)
    limiter.init_app(app)
    uri, options = frequent_storage(app)
    app.config.update(RATELIMIT_STORAGE_URI=uri, RATELIMIT_STORAGE_OPTIONS=options)
    lookup_limiter.init_app(app)
    app.extensions["request_limits"] = RequestLimits(app)
    app.extensions["sign_in_tries"] = SignInTries(settings)


def request_limits() -> RequestLimits:
    limits: RequestLimits = current_app.extensions["request_limits"]
    return limits
