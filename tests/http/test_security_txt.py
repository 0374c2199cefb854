"""`/.well-known/security.txt`, for people who have found a vulnerability."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from orders.settings import BadSetting, Settings, parse_settings
from tests.databases import own_app

pytestmark = pytest.mark.one_database(reason="the page asks no database")
PATH = "/.well-known/security.txt"


def test_there_is_none_unless_the_setting_is_there(client: FlaskClient) -> None:
    assert client.get(PATH).status_code == 404


@pytest.mark.parametrize(
    ("contact", "uri"),
    [
        ("security@example.com", "mailto:security@example.com"),
        ("https://example.com/report", "https://example.com/report"),
    ],
)
def test_it_says_where_to_write_and_expires_within_a_year(
    settings: Settings, contact: str, uri: str
) -> None:
    with own_app(replace(settings, security_contact=contact)) as app:
        answer = app.test_client().get(PATH)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert "Set-Cookie" not in answer.headers
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    expires = datetime.fromisoformat(fields.pop("Expires"))
    assert timedelta(days=30) < expires - datetime.now(UTC) < timedelta(days=365)
    assert fields == {"Contact": uri, "Preferred-Languages": "en"}


@pytest.mark.parametrize("contact", ["security", "http://example.com", "a@b.example\nContact: x"])
def test_a_contact_that_nobody_can_use_stops_the_start(contact: str) -> None:
    with pytest.raises(BadSetting, match="SECURITY_CONTACT"):
        parse_settings({"SECURITY_CONTACT": contact})
