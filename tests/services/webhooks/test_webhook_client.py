"""One message posted to a real receiver: signed, with time limits, never to a private address."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from orders.services.webhooks.webhook_client import MAX_ANSWER, Message, WebhookClient
from orders.settings import PROJECT
from tests.mail_server import certificate
from tests.receiver import Receiver, receiving

SECRET, OLD_SECRET = "whsec_" + "QUJD" * 10, "whsec_" + "WFla" * 10
TEXT = '{"type":"order.created","data":{"name":"Zoë 🪑"}}'


def message(address: str, *secrets: str) -> Message:
    return Message("0197-id", address, TEXT, secrets or (SECRET,))


@pytest.fixture
def client() -> WebhookClient:
    return WebhookClient(allow_private=True)


@contextlib.contextmanager
def raw_server(*parts: bytes, pause: float = 0.0) -> Iterator[str]:
    """Answer the first connection with these bytes, slowly."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            for part in parts:
                connection.sendall(part)
                if stopping.wait(pause):
                    break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    stopping.set()
    thread.join()
    listener.close()


def test_a_receiver_can_verify_what_it_gets(client: WebhookClient, receiver: Receiver) -> None:
    outcome = client.post(message(receiver.address))
    assert (outcome.status, outcome.answer, outcome.is_delivered) == (204, "", True)
    [got] = receiver.received
    assert got.body == TEXT.encode()
    assert got.verified(SECRET)["data"]["name"] == "Zoë 🪑"
    assert got.headers["webhook-id"] == "0197-id"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("Shortorder")
    assert not {"authorization", "cookie", "referer"} & set(got.headers)


def test_the_signature_is_of_the_moment_of_the_attempt(
    client: WebhookClient, receiver: Receiver
) -> None:
    at = datetime(2026, 11, 25, 9, 30, 0, 999_000, tzinfo=UTC)
    client.post(message(receiver.address), at=at)
    assert receiver.received[0].headers["webhook-timestamp"] == str(int(at.timestamp()))


def test_both_secrets_sign_while_one_is_being_changed(
    client: WebhookClient, receiver: Receiver
) -> None:
    client.post(message(receiver.address, SECRET, OLD_SECRET))
    [got] = receiver.received
    assert got.verified(SECRET) == got.verified(OLD_SECRET)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_is_no_delivery(
    client: WebhookClient, receiver: Receiver, status: int
) -> None:
    receiver.answer_with([(status, b"elsewhere")])
    receiver.headers["Location"] = receiver.address
    outcome = client.post(message(receiver.address))
    assert (outcome.status, outcome.answer, outcome.is_delivered) == (status, "elsewhere", False)
    assert len(receiver.received) == 1


def test_of_an_answer_a_thousand_printable_characters_are_kept(
    client: WebhookClient, receiver: Receiver
) -> None:
    receiver.answer_with([(500, ("a\0b\x1b[31m\ud7ff é\r\n<b>".encode() + b"\xff" + b"x" * 9999))])
    answer = client.post(message(receiver.address)).answer
    assert answer.startswith("a b [31m\ud7ff é \n<b>\ufffdxxx")
    assert len(answer) == MAX_ANSWER


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/hook", "http://localhost:{port}/hook", "http://0.0.0.0:{port}/hook",
        "http://2130706433:{port}/hook", "http://[::1]:{port}/hook", "http://[::ffff:7f00:1]:{port}/",
        "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/",
    ],
)  # fmt: skip
def test_nothing_is_sent_into_the_private_network(receiver: Receiver, address: str) -> None:
    port = receiver.address.rpartition(":")[2].partition("/")[0]
    outcome = WebhookClient(allow_private=False).post(message(address.format(port=port)))
    assert (outcome.status, outcome.is_delivered) == (None, False)
    assert "private network" in outcome.answer
    assert receiver.received == []


def test_a_public_name_that_resolves_to_loopback_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.address.rpartition(":")[2].partition("/")[0])
    monkeypatch.setattr(socket, "getaddrinfo", answer_of_a_name_server("127.0.0.1", port))
    address = f"http://hooks.shop.example:{port}/hook"
    assert "private network" in WebhookClient(allow_private=False).post(message(address)).answer
    assert receiver.received == []
    # The name itself is not what is refused: where it is allowed, it leads to the receiver.
    assert WebhookClient(allow_private=True).post(message(address)).is_delivered


def test_a_name_that_points_elsewhere_a_moment_later_is_asked_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.address.rpartition(":")[2].partition("/")[0])
    asked: list[str] = []
    private = answer_of_a_name_server("127.0.0.1", port, asked)
    found = iter([answer_of_a_name_server("8.8.8.8", port, asked)])
    connected: list[str] = []

    def resolve(host: str, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - as the system's own
        return next(found, private)(host, *rest, **options)

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise OSError("no way out of the tests")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    WebhookClient(allow_private=False).post(message(f"http://rebinding.example:{port}/"))
    assert asked == ["rebinding.example"]
    assert connected == ["8.8.8.8"]


def answer_of_a_name_server(ip: str, port: int, asked: list[str] | None = None) -> Any:  # noqa: ANN401 - a function like the system's own
    """Return a resolver for which every name has this address; there is no name server in tests."""

    def resolve(host: str, *_: object, **__: object) -> list[Any]:
        if asked is not None:
            asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    return resolve


def test_proxies_and_passwords_of_this_machine_are_not_used(
    client: WebhookClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setattr(requests.sessions, "get_netrc_auth", lambda _url: ("user", "password"))
    assert client.post(message(receiver.address)).is_delivered
    assert "authorization" not in receiver.received[0].headers


def test_messages_after_each_other_use_one_connection(
    client: WebhookClient, receiver: Receiver
) -> None:
    receiver.answer_with([204, (200, b"thanks"), (500, b"x" * 3_000), 204])
    receiver.headers["Set-Cookie"] = "visitor=7"
    with client.connection() as connection:
        for _ in range(5):
            connection.post(message(receiver.address))
    assert len({one.port for one in receiver.received}) == 1
    assert not any("cookie" in one.headers for one in receiver.received)


def test_a_connection_that_the_receiver_has_closed_is_replaced(
    client: WebhookClient, receiver: Receiver
) -> None:
    receiver.headers["Connection"] = "close"
    with client.connection() as connection:
        assert all(connection.post(message(receiver.address)).is_delivered for _ in range(3))
    assert len({one.port for one in receiver.received}) == 3


@pytest.mark.parametrize(
    "behind", [b"OK", b"\r\n", b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"]
)
def test_what_comes_behind_an_answer_is_no_answer_to_the_next_message(
    client: WebhookClient, behind: bytes
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        for _ in range(3):
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                seen.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                time.sleep(0.05)
                connection.sendall(behind)
                seen.append(connection.recv(65_536))  # the end of the connection

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with client.connection() as connection:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for _ in range(3):
            assert connection.post(message(address)).status == 204
            time.sleep(0.2)
    thread.join()
    listener.close()
    assert [one[:6] for one in seen if one] == [b"POST /"] * 3  # each message once


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("120", 120), (" 7 ", 7), ("0", 0), ("9" * 40, 86_400),
        ("Wed, 25 Nov 2026 09:31:00 GMT", 60),
        ("Wed, 25 Nov 2020 09:31:00 GMT", 0), ("Wed, 25 Nov 2099 09:31:00 GMT", 86_400),
        ("-5", None), ("1.5", None), ("soon", None), ("", None), ("Mon, 99 Foo 99999", None),
        ("٣", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(sent: str, seconds: int | None) -> None:
    at = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    head = f"HTTP/1.1 503 Busy\r\nRetry-After: {sent}\r\nContent-Length: 0\r\n\r\n".encode()
    with raw_server(head) as address:
        result = WebhookClient(allow_private=True).post(message(address), at=at)
    assert result.status == 503
    assert result.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_a_refused_connection_is_an_outcome(client: WebhookClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = client.post(message(f"http://127.0.0.1:{port}/"))
    assert outcome.status is None
    assert "could not be reached" in outcome.answer


def test_an_unknown_name_is_an_outcome() -> None:
    for allow_private in (False, True):
        client = WebhookClient(allow_private=allow_private)
        outcome = client.post(message("http://nobody.invalid/"))
        assert outcome.answer == "The host name could not be resolved."


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 2"])
def test_an_invalid_answer_is_an_outcome(client: WebhookClient, answer: bytes) -> None:
    with raw_server(answer) as address:
        outcome = client.post(message(address))
    assert (outcome.status, outcome.is_delivered) == (None, False)
    assert outcome.answer


def test_a_plain_server_at_an_https_address_is_an_outcome(
    client: WebhookClient, receiver: Receiver
) -> None:
    outcome = client.post(message(receiver.address.replace("http:", "https:")))
    assert outcome.status is None
    assert "certificate" in outcome.answer or "reached" in outcome.answer


def test_a_certificate_must_be_trusted_and_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path)
    untrusted = "Not trusted: the receiver's certificate could not be verified."
    with receiving(context) as receiver:
        assert WebhookClient(allow_private=True).post(message(receiver.address)).answer == untrusted
        monkeypatch.setattr("orders.services.webhooks.webhook_client.where", lambda: str(authority))
        client = WebhookClient(allow_private=True)
        with client.connection() as connection:
            assert all(connection.post(message(receiver.address)).is_delivered for _ in range(3))
        assert len({one.port for one in receiver.received}) == 1
        other = receiver.address.replace("127.0.0.1", "localhost")
        assert client.post(message(other)).answer == untrusted
    assert len(receiver.received) == 3


def test_a_name_is_verified_though_its_ip_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is of the IP address, which is what the name resolves to."""
    context, authority = certificate(tmp_path)
    with receiving(context) as receiver:
        port = int(receiver.address.rpartition(":")[2].partition("/")[0])
        monkeypatch.setattr(socket, "getaddrinfo", answer_of_a_name_server("127.0.0.1", port))
        monkeypatch.setattr("orders.services.webhooks.webhook_client.where", lambda: str(authority))
        monkeypatch.setattr(
            "orders.services.webhooks.timed_connections.filter_host", lambda *_, **__: "127.0.0.1"
        )
        client = WebhookClient(allow_private=False)
        named = client.post(message(f"https://hooks.shop.example:{port}/hook"))
        assert named.answer == "Not trusted: the receiver's certificate could not be verified."
        assert client.post(message(receiver.address)).is_delivered
    assert [one.headers["host"] for one in receiver.received] == [f"127.0.0.1:{port}"]


def test_a_receiver_that_drips_its_head_is_cut_off() -> None:
    # Each byte comes within the timeout of the socket; all of them would take for ever.
    with raw_server(b"HTTP/1.1 200 OK\r\nX-A: ", *[b"a"] * 600, pause=0.1) as address:
        begun = time.monotonic()
        outcome = WebhookClient(allow_private=True, time_limit=0.5).post(message(address))
        took = time.monotonic() - begun
    assert outcome.answer == "No complete answer within 0.5 seconds."
    assert took < 30, "all bytes would have taken a minute"


def test_a_status_counts_though_the_text_behind_it_never_ends() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nthanks"
    with raw_server(head, *[b"!"] * 600, pause=0.1) as address:
        outcome = WebhookClient(allow_private=True, time_limit=0.5).post(message(address))
    assert outcome.is_delivered


def test_a_receiver_that_never_answers_times_out(client: WebhookClient) -> None:
    with raw_server(b"", pause=60) as address:
        outcome = WebhookClient(allow_private=True, time_limit=0.3).post(message(address))
    assert outcome.answer == "No complete answer within 0.3 seconds."


def test_the_receiver_in_the_docs_accepts_our_messages_and_refuses_others(
    client: WebhookClient, receiver: Receiver
) -> None:
    text = (PROJECT / "docs" / "webhooks.md").read_text("utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    kept: list[tuple[str, dict[str, object]]] = []
    names: dict[str, Any] = {
        "__name__": "example",
        "remember": lambda *arguments: kept.append(arguments),
    }
    exec(example.replace("whsec_…", SECRET), names)  # noqa: S102 - our own docs
    service = names["app"].test_client()
    client.post(message(receiver.address))
    [got] = receiver.received
    headers = {name: value for name, value in got.headers.items() if name != "host"}
    assert service.post("/hooks/orders", data=got.body, headers=headers).status_code == 204
    assert [(key, arguments["type"]) for key, arguments in kept] == [("0197-id", "order.created")]
    changed = got.body.replace(b"order.created", b"order.deleted")
    assert service.post("/hooks/orders", data=changed, headers=headers).status_code == 400
    assert len(kept) == 1
