"""The customer's link: sent by mail, or by the person's own mail program."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.orders import queries
from orders.settings import Settings
from tests.actors import Org
from tests.databases import settings_for
from tests.desk.order.order_actions import IDA, actions, page, post, stored
from tests.desk.test_pages import make_order
from tests.html import attribute
from tests.mail_server import MailServer, mail_server

pytestmark = pytest.mark.usefixtures("csrf_off")


class TestLink:
    @pytest.fixture
    def server(self) -> Iterator[MailServer]:
        with mail_server() as server:
            yield server

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path, server: MailServer) -> Settings:
        return replace(
            settings_for(database_url, tmp_path),
            smtp_url=f"smtp://127.0.0.1:{server.port}?tls=off",
            mail_from="orders@workshop.example",
            public_url="https://orders.workshop.example",
            allowed_hosts="localhost",
        )

    def test_the_mail_has_link_and_code_and_is_recorded(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str, server: MailServer
    ) -> None:
        assert "Send link" in page(staff_client, code)
        assert server.received == []
        post(staff_client, code, "link", to=f" {IDA} ", message="Thank you!\r\nBest")
        grouped = f"{code[:4]}-{code[4:8]}-{code[8:]}"
        [message] = server.received
        assert server.receivers == [[IDA]]
        assert message["Subject"] == f"Your order {grouped}"
        text = message.get_content()
        assert text.startswith("Thank you!\r\nBest\r\n\r\n")
        assert f"https://orders.workshop.example/o/{code}" in text
        assert grouped in text
        text = page(staff_client, code)
        assert f"Link sent to {IDA}." in text
        assert "Link sent to customer" in text
        with app.app_context():
            last = queries.read_history(stored(org, code))[-1]
        assert (last.action, last.changes, last.actor_name) == ("link sent", {"to": IDA}, org.email)
        assert stored(org, code).version == 1

    @pytest.mark.parametrize(
        "to", ["", "ida", f"{IDA}\r\nBcc: spy@evil.example", f"{IDA},spy@evil.example"]
    )
    def test_a_bad_address_sends_nothing_and_keeps_what_was_typed(
        self, staff_client: FlaskClient, org: Org, code: str, server: MailServer, to: str
    ) -> None:
        answer = post(staff_client, code, "link", to=to, message="Kept")
        assert answer.status_code == 422
        assert "The e-mail was not sent." in answer.text
        assert ">\nKept</textarea>" in answer.text
        assert server.received == []
        assert actions(org, code) == ["created"]

    def test_a_refused_mail_is_reported_and_not_recorded(
        self, staff_client: FlaskClient, org: Org, code: str, server: MailServer
    ) -> None:
        server.refusal = "550 No such mailbox"
        answer = post(staff_client, code, "link", to=IDA, message="x" * 5001)
        assert "At most 5,000 characters." in answer.text
        answer = post(staff_client, code, "link", to=IDA)
        assert answer.status_code == 422
        assert "550 No such mailbox. The e-mail was not sent." in answer.text
        assert actions(org, code) == ["created"]

    def test_the_number_of_mails_is_limited(self, staff_client: FlaskClient, code: str) -> None:
        answers = [post(staff_client, code, "link", to="x").status_code for _ in range(22)]
        assert set(answers[:20]) == {422}
        assert 429 in answers[20:]  # one more may pass where a minute ends

    def test_the_address_in_the_order_is_filled_in(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        order = make_order(org, metadata={"email": IDA})
        assert f'value="{IDA}"' in page(staff_client, order["shortId"])


def test_without_a_mail_server_a_mailto_link_is_offered(
    staff_client: FlaskClient, code: str
) -> None:
    text = page(staff_client, code)
    assert "Send link" not in text
    link = attribute(text, "a[href^='mailto:?subject=Your%20order%20']", "href")
    body = link.partition("body=")[2]
    assert f"%2Fo%2F{code}" in body or f"/o/{code}" in body
    answer = post(staff_client, code, "link", to=IDA)
    assert answer.status_code == 303
    assert "SMTP_URL" in page(staff_client, code)
