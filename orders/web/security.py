"""Headers and cookies that every answer carries."""

from collections.abc import Mapping

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

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
# What programs get: an answer of the JSON door is no page, wherever somebody shows it.
PROGRAM_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
# A short ID or a public token may stand in an address: no other site is told where people were.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TRANSPORT_SECURITY = ("Strict-Transport-Security", "max-age=31536000")  # a year, in seconds


def is_for_programs(request: Request) -> bool:
    """Tell by the address whether the JSON door answers; blueprints do not see unknown ones."""
    return request.path.startswith("/api/") or request.path == "/api"


def add_security_headers(response: Response) -> Response:
    """Add the headers to every answer; no view sets one of them itself, but for one.

    An answer to an address that holds a secret may hide the address more strictly.
    """
    stricter = response.headers.get("Referrer-Policy")
    complete(response, PROGRAM_HEADERS if is_for_programs(request) else HEADERS, request.scheme)
    if stricter:
        response.headers["Referrer-Policy"] = stricter
    return response


def complete(response: Response, headers: Mapping[str, str], scheme: str) -> None:
    """Add headers to an answer that has none of them yet; over TLS, ask browsers to stay there."""
    if "X-Content-Type-Options" not in response.headers:
        response.headers.extend(headers)
    if scheme == "https":
        response.headers.setdefault(*TRANSPORT_SECURITY)


class SessionCookies(SecureCookieSessionInterface):
    """Signed session cookies that are `Secure` whenever the request came over TLS."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Give an empty session to programs: the JSON door never looks at cookies."""
        return None if is_for_programs(request) else super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie may travel over TLS only."""
        return super().get_cookie_secure(app) or request.is_secure
