"""Security headers of every response; `tests/http/test_headers.py` has the table of their kinds."""

from flask import Response, request

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
# Which pages may embed a response; of what a page reads by CORS, browsers do not ask it.
RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
CROSS_ORIGIN = "cross-origin"
# For responses of the API, which are no pages, even where a browser shows one.
PROGRAM_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    RESOURCE_POLICY: "same-origin",
}
# A URL may contain a short ID or a public token, so no other site gets it as a referrer.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TRANSPORT_SECURITY = ("Strict-Transport-Security", "max-age=31536000")  # a year, in seconds


def add_security_headers(response: Response) -> Response:
    """Add HEADERS to a response, and with TLS `Strict-Transport-Security`; return the response.

    No cache stores a response without a `Cache-Control` of its own. Headers that the response
    already has are kept. A response that has `X-Content-Type-Options`,
    such as an uploaded file, gets none of HEADERS, because it has a complete set of its own.
    """
    if "X-Content-Type-Options" not in response.headers:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    response.headers.setdefault(RESOURCE_POLICY, "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    # A proxy may have taken TLS off without saying so.
    if request.is_secure or current_settings().public_url.startswith("https://"):
        response.headers.setdefault(*TRANSPORT_SECURITY)
    return response
