"""Mail: protected, to one receiver, without injected headers."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orders.domain.mail_server import is_mail_address
from orders.services import mail
from orders.services.mail import MailFailed
from orders.settings import BadSetting, Settings, read_settings
from tests.mail_server import PASSWORD, USER, MailServer, authenticate, certificate, mail_server

SENDER = "Workshop <orders@workshop.example>"
IDA = "ida@customer.example"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def settings(port: int, address: str = "smtp://127.0.0.1:{port}?tls=off") -> Settings:
    return replace(Settings(), smtp_url=address.format(port=port), mail_from=SENDER)


def test_a_message_arrives_as_it_was_written(server: MailServer) -> None:
    mail.send(IDA, "Ihr Auftrag für März", "Größe\n.\nEnde", settings=settings(server.port))
    [message] = server.received
    assert server.receivers == [[IDA]]
    assert (message["To"], message["Subject"]) == (IDA, "Ihr Auftrag für März")
    assert message["From"] == SENDER
    assert message.get_content() == "Größe\r\n.\r\nEnde\r\n"
    assert message["Date"]
    assert message["Message-ID"].endswith("@workshop.example>")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\u2028", "\x85"])
def test_nobody_adds_a_header_or_a_receiver(server: MailServer, end: str) -> None:
    subject = f"Order{end}Bcc: spy@evil.example{end}{end}Body"
    mail.send(IDA, subject, f"Text{end}", settings=settings(server.port))
    with pytest.raises(MailFailed, match="not an e-mail address"):
        mail.send(f"{IDA}{end}Bcc: spy@evil.example", "Order", "", settings=settings(server.port))
    [message] = server.received
    assert "Bcc" not in message
    assert server.receivers == [[IDA]]
    assert message["Subject"] == "Order Bcc: spy@evil.example Body"


@pytest.mark.parametrize(
    "address",
    ["", "ida", "@x.example", "a@", "a b@x.example", "a@x.example,b@x.example", "a@x.example\n",
     "<a@x.example>", "Ida <a@x.example>", '"a"@x.example', "ä@x.example", "a@-x.example",
     "a@x..example", f"{'a' * 65}@x.example", f"a@{'x.' * 130}example", "a@x.example\0"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    assert not is_mail_address(address)


def test_lone_surrogates_do_no_harm(server: MailServer) -> None:
    mail.send(IDA, "\ud800", "\ud800\0", settings=settings(server.port))
    assert server.received[0].get_content() == "?\r\n"


class TestProtection:
    @pytest.fixture
    def trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        _context, trusted = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        return tmp_path

    def test_starttls_comes_before_the_password(self, trusted: Path) -> None:
        context, file = certificate(trusted)
        assert file.exists()
        with mail_server(
            tls_context=context, require_starttls=True, auth_required=True,
            authenticator=authenticate,
        ) as server:  # fmt: skip
            address = f"smtp://{USER}:p%40ss%2Fword@127.0.0.1:{{port}}"
            mail.send(IDA, "Order", "Text", settings=settings(server.port, address))
            assert len(server.received) == 1
            wrong = f"smtp://{USER}:wrong@127.0.0.1:{{port}}"
            with pytest.raises(
                MailFailed, match="The mail server rejected our user name or password"
            ) as failed:
                mail.send(IDA, "Order", "Text", settings=settings(server.port, wrong))
            assert PASSWORD not in str(failed.value)
            assert len(server.received) == 1

    def test_smtps_speaks_tls_from_the_start(self, trusted: Path) -> None:
        context, _file = certificate(trusted)
        with mail_server(ssl_context=context) as server:
            address = "smtps://127.0.0.1:{port}"
            mail.send(IDA, "Order", "Text", settings=settings(server.port, address))
            assert len(server.received) == 1

    def test_a_server_with_an_untrusted_certificate_gets_nothing(self, tmp_path: Path) -> None:
        context, _file = certificate(tmp_path)
        with mail_server(tls_context=context) as server:
            with pytest.raises(MailFailed, match="s TLS certificate could not be verified"):
                mail.send(
                    IDA, "Order", "Text", settings=settings(server.port, "smtp://127.0.0.1:{port}")
                )
            assert server.received == []

    def test_without_starttls_nothing_is_sent(self, server: MailServer) -> None:
        with pytest.raises(
            MailFailed, match="The mail server does not support a secure connection or sign-in"
        ):
            mail.send(
                IDA, "Order", "Text", settings=settings(server.port, "smtp://127.0.0.1:{port}")
            )
        assert server.received == []


class TestWhatFails:
    @pytest.mark.parametrize(
        ("refusal", "reason"),
        [
            ("550 5.1.1 No such\x07 mailbox.", "rejected ida@customer.example: 550 5.1.1 No such"),
            ("554 5.7.1 Looks like spam.", "rejected the message: 554 5.7.1 Looks like spam."),
        ],
    )
    def test_the_reason_of_the_server_is_reported(
        self, server: MailServer, refusal: str, reason: str
    ) -> None:
        server.refusal = refusal
        with pytest.raises(MailFailed, match=reason):
            mail.send(IDA, "Order", "Text", settings=settings(server.port))

    def test_no_server_is_listening(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(MailFailed, match="cannot be reached"):
            mail.send(IDA, "Order", "Text", settings=settings(port))

    def test_a_silent_server_times_out(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            port = silent.getsockname()[1]
            with pytest.raises(MailFailed, match="in time"):
                mail.send(IDA, "Order", "Text", settings=settings(port), time_limit=0.2)

    def test_without_a_server(self) -> None:
        with pytest.raises(MailFailed, match="SMTP_URL"):
            mail.send(IDA, "Order", "Text", settings=Settings())


class TestSettings:
    @pytest.fixture
    def read(self, tmp_path: Path) -> Callable[..., Settings]:
        return lambda **named: read_settings({"DATA_DIR": str(tmp_path), **named})

    @pytest.mark.parametrize(
        "address",
        ["smtp://host", "smtp://user:p%40ss@host:587", "smtps://host/", "smtp://[::1]:25?tls=off"],
    )
    def test_a_server_can_be_named(self, read: Callable[..., Settings], address: str) -> None:
        found = read(SMTP_URL=address, MAIL_FROM=SENDER)
        assert (found.smtp_url, mail.is_configured(found)) == (address, True)
        assert not mail.is_configured(read())

    @pytest.mark.parametrize(
        ("address", "sender", "named"),
        [
            ("host", SENDER, "SMTP_URL"),
            ("http://host", SENDER, "SMTP_URL"),
            ("smtp://", SENDER, "SMTP_URL"),
            ("smtp://host:port", SENDER, "SMTP_URL"),
            ("smtp://host/path", SENDER, "SMTP_URL"),
            ("smtp://host?tls=on", SENDER, "SMTP_URL"),
            ("smtps://host?tls=off", SENDER, "SMTP_URL"),
            ("smtp://host", "", "MAIL_FROM"),
            ("smtp://host", "workshop", "MAIL_FROM"),
            ("smtp://host", "a@x.example\nBcc: b@x.example", "MAIL_FROM"),
        ],
    )
    def test_a_bad_value_stops_the_start_and_keeps_the_password(
        self, read: Callable[..., Settings], address: str, sender: str, named: str
    ) -> None:
        secret = address.replace("://", "://user:hidden@")
        with pytest.raises(BadSetting, match=named) as refused:
            read(SMTP_URL=secret, MAIL_FROM=sender)
        assert "hidden" not in str(refused.value)
