"""`/.well-known/security.txt` (RFC 9116): whom to write to about a vulnerability."""

from datetime import UTC, datetime, timedelta

from flask import Flask, Response

PATH = "/.well-known/security.txt"
# RFC 9116, 2.5.5: less than a year, so that nobody relies on an address that is out of date.
VALID_FOR = timedelta(days=180)


def start_security_txt(app: Flask, contact: str) -> None:
    """Add the page to the application; without a contact there is none.

    `contact` is an e-mail address or a URI (`https:`, `mailto:`, `tel:`).
    """
    uri = contact if ":" in contact else f"mailto:{contact}"

    def show() -> Response:
        expires = datetime.now(UTC).replace(hour=0, minute=0, second=0) + VALID_FOR
        lines = (
            f"Contact: {uri}",
            f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
            "Preferred-Languages: en",
        )
        return Response(
            "".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8"
        )

    if contact:
        app.add_url_rule(PATH, "security_txt", show)
