"""The settings of the mail server and the sender, and the syntax of e-mail addresses."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit


class Tls(StrEnum):
    """How the connection to the mail server is encrypted."""

    FROM_THE_START = "from the start"
    STARTTLS = "STARTTLS"
    OFF = "off"  # for a server on the same machine


_PORTS = {Tls.FROM_THE_START: 465, Tls.STARTTLS: 587, Tls.OFF: 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """The SMTP server that sends our mail, and the sender of the mail.

    `user` is empty if no login is needed. `sender_name` is the name shown with the address
    `sender`, or "".
    """

    host: str
    port: int
    tls: Tls
    user: str
    password: str
    sender: str  # the address alone
    sender_name: str

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, TLS {self.tls})"


def read_mail_server(address: str, sender: str) -> MailServer:
    """Parse the values of the settings SMTP_URL (`address`) and MAIL_FROM (`sender`).

    SMTP_URL is `smtp://user:password@host:port`, which requires STARTTLS, `smtps://…`, which uses
    TLS from the start, or `smtp://…?tls=off`, which uses no encryption. Their default ports are
    587, 465 and 25. MAIL_FROM is an address, or `Name <address>`. Raises ValueError with a message
    that names the invalid setting and never contains the password.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise ValueError("SMTP_URL has a port that is no number.") from error
    is_plain = parse_qs(parts.query) == {"tls": ["off"]} and parts.scheme == "smtp"
    is_known = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.path in {"", "/"}
    if not is_known or parts.fragment or (parts.query and not is_plain):
        raise ValueError(
            "SMTP_URL must look like smtp://user:password@host:587, smtps://host or "
            "smtp://localhost?tls=off ."
        )
    tls = Tls.OFF if is_plain else Tls.STARTTLS if parts.scheme == "smtp" else Tls.FROM_THE_START
    name, plain = parseaddr(sender)
    if not is_mail_address(plain) or not sender.isprintable():
        raise ValueError("MAIL_FROM must be an e-mail address, or Name <address>.")
    return MailServer(
        host=parts.hostname or "",
        port=port or _PORTS[tls],
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=plain,
        sender_name=name,
    )


MAX_ADDRESS = 254  # characters (RFC 5321)
# Plain addresses only: no names, no lists, no quotes, nothing that could end a header.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def is_mail_address(text: str) -> bool:
    return len(text) <= MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None
