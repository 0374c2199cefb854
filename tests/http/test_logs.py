"""Log lines: as text and as JSON, with the IDs of their request, and without secrets."""

import json
import logging

import pytest

from orders.interfaces.http import logs
from orders.interfaces.http.logs import JsonLines, TextLines, masked
from orders.interfaces.http.observers import begin_request, set_actor

PREFIX = "2027-01-18T09:30:00.250Z WARNING orders.x: "


def record(message: str, *values: object) -> logging.LogRecord:
    """Return a record that a handler of ours has seen."""
    made = logging.LogRecord("orders.x", logging.WARNING, "x.py", 1, message, values, None)
    made.created, made.msecs = 1800264600.25, 250.0
    logs._add_request(made)
    return made


@pytest.fixture
def _request() -> None:
    environ = {"PATH_INFO": "/", "REQUEST_METHOD": "GET", "HTTP_X_REQUEST_ID": "proxy-1"}
    begin_request(environ, is_api=False)
    set_actor("org-1", "")


@pytest.mark.usefixtures("_request")
def test_lines_name_their_request() -> None:
    line = TextLines().format(record("%d rows", 3))
    assert line == f"{PREFIX}3 rows [requestId=proxy-1 orgId=org-1]"
    members = json.loads(JsonLines().format(record("%d rows", 3)))
    assert members["time"] == "2027-01-18T09:30:00.250Z"
    assert (members["level"], members["logger"], members["message"]) == (
        "WARNING", "orders.x", "3 rows",
    )  # fmt: skip
    assert (members["requestId"], members["orgId"]) == ("proxy-1", "org-1")
    assert "actorId" not in members
    # The gateway knows the request before it begins.
    early = logging.makeLogRecord({"request_id": "proxy-2"})
    logs._add_request(early)
    assert json.loads(JsonLines().format(early))["requestId"] == "proxy-2"


@pytest.mark.usefixtures("_request")
def test_a_client_cannot_begin_a_line() -> None:
    line = TextLines().format(record("%s failed.", "/a\nb\r\x1b[2J\u2028"))
    assert "/a\\x0ab\\x0d\\x1b[2J\\u2028 failed." in line
    assert "\n" not in JsonLines().format(record("a\nb \ud800"))


def test_exceptions_are_part_of_the_line() -> None:
    made = record("It failed.")
    error = LookupError("so_prv_SECRET")
    made.exc_info = (LookupError, error, None)
    for text in (TextLines().format(made), JsonLines().format(made)):
        assert "LookupError" in text
        assert "SECRET" not in text
    assert "\n" not in JsonLines().format(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so_prv_SECRET-_1 and so_pub_SECRET", "so_prv_… and so_pub_…"),
        ("'whsec_SECRET+/='", "'whsec_…'"),
        ("/x?bearer_token=SECRET&page=2", "/x?bearer_token=…&page=2"),
        ("/setup?token=SECRET", "/setup?token=…"),
        ("Authorization: Bearer SECRET", "Authorization: Bearer …"),
        ("postgresql://user:SEC:RET@host:5432/name", "postgresql://user:…@host:5432/name"),
        ("postgresql://user:SEC/RET@host/name", "postgresql://user:…@host/name"),
        ("postgresql://user:SEC@RET@host/name", "postgresql://user:…@host/name"),
        ('postgresql://user:SEC"RET@host/name', "postgresql://user:…@host/name"),
        ("smtps://user:SECRET@mail.example", "smtps://user:…@mail.example"),
        ("http://host:8000/a?b=1 at 12:30", "http://host:8000/a?b=1 at 12:30"),
    ],
)
def test_secrets_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
