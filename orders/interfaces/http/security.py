"""Security headers of every response, and the session cookie."""

import time
from datetime import timedelta

from flask import Flask, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from orders.interfaces.http.current_settings import current_settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# For responses of the API, which are no pages, even where a browser shows one.
PROGRAM_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
SAME_ORIGIN = ("Cross-Origin-Resource-Policy", "same-origin")
# A URL may contain a short ID or a public token, so no other site gets it as a referrer.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SENT = "sent"  # in a session: when its cookie was sent last, in seconds since 1970
RENEW_AFTER = 3600  # seconds; a session of half a day goes on while somebody works
SESSION_SETTINGS = {
    # A working day and a half: nobody signs in twice a day, and a forgotten screen signs out.
    "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
    "SESSION_REFRESH_EACH_REQUEST": False,  # `SessionCookies` renews it now and then
    "SESSION_COOKIE_NAME": "shortorder",
    "SESSION_COOKIE_SAMESITE": "Lax",
}
TRANSPORT_SECURITY = ("Strict-Transport-Security", "max-age=31536000")  # a year, in seconds


def add_security_headers(response: Response) -> Response:
    """Add HEADERS to a response, and with TLS `Strict-Transport-Security`; return the response.

    Headers that the response already has are kept. A response that has `X-Content-Type-Options`,
    such as an uploaded file, gets none of HEADERS, because it has a complete set of its own.
    """
    if "X-Content-Type-Options" not in response.headers:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    response.headers.setdefault(*SAME_ORIGIN)
    # A proxy may have taken TLS off without saying so.
    if request.is_secure or current_settings().public_url.startswith("https://"):
        response.headers.setdefault(*TRANSPORT_SECURITY)
    return response


class SessionCookies(SecureCookieSessionInterface):
    """Flask's signed session cookies, but `Secure` whenever the request came over TLS.

    The cookie is set if the session has changed. If RENEW_AFTER seconds have passed since the
    cookie was last set, a response whose `Cache-Control` is `private` sets it again. Other
    responses do not: a picture that arrives late would restore an older session, and a shared cache
    would give the cookie to other people.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie on the response if the session changed or the cookie must be renewed."""
        if isinstance(session, SecureCookieSession) and _is_kept(session):
            is_due = time.time() - dict.get(session, SENT, 0) > RENEW_AFTER
            if session.modified or (is_due and response.cache_control.private):
                session[SENT] = int(time.time())
        super().save_session(app, session, response)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return True if the settings make the cookie `Secure` or the request came over TLS."""
        return super().get_cookie_secure(app) or request.is_secure


def _is_kept(session: SecureCookieSession) -> bool:
    """Return whether the session is permanent, so its cookie remains when the browser closes.

    This does not use `session.permanent`, because reading it adds `Vary: Cookie` to every response.
    """
    return bool(dict.get(session, "_permanent"))
