"""Headers and cookies that every answer carries."""

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
# A short ID or a public token may stand in an address: no other site is told where people were.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONE_YEAR = 31_536_000  # seconds


def add_security_headers(response: Response) -> Response:
    """Add the headers to every answer; no view sets one of them itself."""
    response.headers.extend(HEADERS)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={ONE_YEAR}")
    return response


class SessionCookies(SecureCookieSessionInterface):
    """Signed session cookies that are `Secure` whenever the request came over TLS."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Give an empty session to programs: the JSON door never looks at cookies."""
        if request.path.startswith("/api/"):
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie may travel over TLS only."""
        return super().get_cookie_secure(app) or request.is_secure
