"""Sends mail through the operator's mail server, one message at a time, within the request.

Nothing is stored and nothing is retried: the caller shows the result to the person who waits.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from orders.domain.errors import OrderError
from orders.domain.mail_server import MailServer, Tls, is_mail_address, read_mail_server
from orders.domain.texts import lazy_gettext
from orders.settings import Settings
from orders.storage.sqlite import request_lock

TIME_LIMIT = 10.0  # seconds for each step: the connection, and every answer of the server
NOT_SET_UP = lazy_gettext(
    "No mail server is set up, so nothing was sent. Set SMTP_URL to name one."
)
MAX_SUBJECT = 200  # characters
_MAX_ANSWER = 200  # characters of the server's own words
_OUT_OF_REACH = lazy_gettext("The mail server cannot be reached. Please try again later.")
_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPNotSupportedError,
        lazy_gettext("The mail server does not support a secure connection or sign-in."),
    ),
    (ssl.SSLError, lazy_gettext("The mail server's TLS certificate could not be verified.")),
    (TimeoutError, lazy_gettext("The mail server did not answer in time. Please try again.")),
)


class MailFailed(OrderError):  # noqa: N818 - named for what happened, as our other errors
    """Raised when a message was not sent; `sentence` is the reason, to be shown to the person."""


def is_configured(settings: Settings) -> bool:
    return bool(settings.smtp_url)


def check(settings: Settings, time_limit: float = TIME_LIMIT) -> None:
    """Connect to the mail server, sign in, and send nothing. Raises MailFailed with the reason."""
    server = read_mail_server(settings.smtp_url, settings.mail_from)
    try:
        with _connection(server, time_limit) as connection:
            connection.noop()
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(_why(error, server.sender)) from error


def send(
    to: str, subject: str, text: str, *, settings: Settings, time_limit: float = TIME_LIMIT
) -> None:
    """Send a plain-text mail to one address; return when the mail server has accepted it.

    `time_limit` is in seconds and applies to each step. Line breaks and other control characters in
    the subject become spaces, so that nobody can add a header. Raises MailFailed with the reason if
    no server is configured, if the server cannot be reached or refuses the message, or if the
    address is invalid.
    """
    if not is_configured(settings):
        raise MailFailed(NOT_SET_UP)
    if not is_mail_address(to):
        raise MailFailed(lazy_gettext("This is not an e-mail address, such as name@example.com."))
    server = read_mail_server(settings.smtp_url, settings.mail_from)
    message = _message(server, to, subject, text)
    request_lock.release()  # a mail server is slow, and other requests should not wait for it
    try:
        with _connection(server, time_limit) as connection:
            connection.send_message(message, server.sender, [to])
    except (OSError, smtplib.SMTPException) as error:
        # smtplib reports a timeout as a lost connection; the timeout is the context of its error.
        met = error.__context__ if isinstance(error.__context__, TimeoutError) else error
        raise MailFailed(_why(met, to)) from error


def _why(error: Exception, to: str) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answer = _answer(*error.recipients[to])
        return lazy_gettext("The mail server rejected %(to)s: %(answer)s.", to=to, answer=answer)
    if isinstance(error, smtplib.SMTPResponseException):
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return lazy_gettext("The mail server rejected our user name or password.")
        answer = _answer(error.smtp_code, error.smtp_error)
        return lazy_gettext("The mail server rejected the message: %(answer)s.", answer=answer)
    return next(
        (sentence for kind, sentence in _SENTENCES if isinstance(error, kind)), _OUT_OF_REACH
    )


def _message(server: MailServer, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    domain = server.sender.rpartition("@")[2]
    message["From"] = Address(server.sender_name, addr_spec=server.sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = _one_line(subject)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=domain)
    message.set_content(_storable(text))
    return message


def _one_line(text: str) -> str:
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:MAX_SUBJECT]


def _storable(text: str) -> str:
    """Return the text without NUL and with lone surrogates replaced by question marks."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


@contextlib.contextmanager
def _connection(server: MailServer, time_limit: float) -> Iterator[smtplib.SMTP]:
    """Open a connection to the mail server, with TLS and sign-in as the settings require."""
    context = ssl.create_default_context()
    # Without a name the library would look up our own in DNS.
    us = server.sender.rpartition("@")[2]
    connection: smtplib.SMTP
    if server.tls is Tls.FROM_THE_START:
        connection = smtplib.SMTP_SSL(
            server.host, server.port, local_hostname=us, timeout=time_limit, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, local_hostname=us, timeout=time_limit)
    with connection:
        if server.tls is Tls.STARTTLS:
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
        yield connection


def _answer(code: int, words: bytes | str) -> str:
    """Return the mail server's reply as one line of at most _MAX_ANSWER characters."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _one_line(f"{code} {text}")[:_MAX_ANSWER].rstrip(".")
