"""The settings' pages of webhooks: creating, changing, the bin, the secret, the messages."""

import re
import socket
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.webhook import Webhook
from orders.interfaces.desk.settings.webhook_views import DELIVERIES_A_PAGE
from orders.services.webhooks import webhooks
from orders.services.webhooks.webhook_client import PostResult
from orders.settings import Settings
from orders.storage.pages import Paging
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.html import attribute, attributes
from tests.receiver import Receiver
from tests.services.webhooks.desk import send_next

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="pages; tests/services/webhooks tests the SQL on both"),
]

ADDRESS = "https://shop.example/hook"
KEY = "K" * 22
LIST = "/settings/webhooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")


def form(**fields: str | list[str]) -> dict[str, str | list[str]]:
    return {"topic": "order.created", "address": ADDRESS, "key": KEY, **fields}


def make(client: FlaskClient, **fields: str | list[str]) -> str:
    """Create a webhook by the form and return the address of its page."""
    answer = client.post(f"{LIST}/new", data=form(**fields))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def stored(app: Flask, org: Org, *, in_bin: bool = False) -> list[Webhook]:
    with app.app_context():
        return list(webhooks.list_webhooks(org.id, Paging(), in_bin=in_bin).entries)


def version_in(page: str) -> str:
    return attribute(page, "[name=version]", "value")


def send(app: Flask, outcome: PostResult) -> None:
    """Send all that is due, to a receiver that answers so."""
    with app.app_context():
        while send_next(lambda _message, /, *, at=None: outcome):
            pass


class TestCreating:
    def test_it_is_stored_as_typed_and_shown(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(
            admin_client, **{"filter.status": ["New", "Complete"]}, address=f" {ADDRESS} "
        )
        [webhook] = stored(app, org)
        assert webhook.address == ADDRESS
        assert webhook.filter == {"status": ["New", "Complete"]}
        assert webhook.created_by == org.admin().id
        assert address == f"{LIST}/{webhook.id}"
        page = admin_client.get(address).text
        assert (
            "Webhook created. Give the secret to the receiver, so it can verify our messages"
        ) in page
        assert "An order is created (New, Complete)" in page
        assert page.count("checked") == 2
        assert ADDRESS in admin_client.get(LIST).text

    def test_a_double_click_creates_one_webhook(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        assert make(admin_client) == make(admin_client)
        assert len(stored(app, org)) == 1
        make(admin_client, key="L" * 22)
        assert len(stored(app, org)) == 2

    @pytest.mark.parametrize(
        ("field", "value", "name"),
        [
            ("address", "", "address"), ("address", "shop.example", "address"),
            ("address", "http://127.0.0.1/", "address"), ("address", "http://a\0b", "address"),
            ("topic", "order.read", "topic"), ("filter.status", "Lost", "filter.status.0"),
        ],
    )  # fmt: skip
    def test_errors_are_shown_and_nothing_is_stored(
        self, app: Flask, admin_client: FlaskClient, org: Org, field: str, value: str, name: str
    ) -> None:
        answer = admin_client.post(f"{LIST}/new", data=form(**{field: value}))
        assert answer.status_code == 422
        assert "<title>Error: New webhook" in answer.text
        assert f'data-path="{name}"' in answer.text
        if field != "filter.status":
            slot = answer.text.partition(f'id="{name}-error"')[2].partition("</p>")[0]
            assert "<span>" in slot
        assert stored(app, org) == []


class TestChanging:
    def test_a_change_is_saved(self, app: Flask, admin_client: FlaskClient, org: Org) -> None:
        address = make(admin_client, **{"filter.status": ["New"]})
        version = version_in(admin_client.get(address).text)
        sent = {"topic": "order.deleted", "address": f"{ADDRESS}/2", "version": version}
        assert admin_client.post(address, data=sent).status_code == 303
        [webhook] = stored(app, org)
        assert (webhook.topic, webhook.address) == ("order.deleted", f"{ADDRESS}/2")
        assert webhook.filter == {}
        assert "Webhook saved." in admin_client.get(address).text

    def test_a_change_of_somebody_else_is_not_overwritten(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        version = version_in(admin_client.get(address).text)
        for text, status in (("/first", 303), ("/second", 409)):
            sent = {"topic": "order.created", "address": ADDRESS + text, "version": version}
            answer = admin_client.post(address, data=sent)
            assert answer.status_code == status
        assert "Someone else changed this in the meantime" in answer.text
        assert f'value="{ADDRESS}/second"' in answer.text
        assert [webhook.address for webhook in stored(app, org)] == [f"{ADDRESS}/first"]
        again = {**sent, "version": version_in(answer.text)}
        assert admin_client.post(address, data=again).status_code == 303

    def test_a_refused_change_keeps_what_was_typed(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        sent = {"topic": "order.created", "address": "ftp://x",
                "version": version_in(admin_client.get(address).text)}  # fmt: skip
        answer = admin_client.post(address, data=sent)
        assert answer.status_code == 422
        assert 'value="ftp://x"' in answer.text
        assert [webhook.address for webhook in stored(app, org)] == [ADDRESS]


class TestBin:
    def test_a_webhook_can_be_binned_and_restored(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        assert admin_client.post(f"{address}/bin").location == LIST
        assert stored(app, org) == []
        page = admin_client.get(LIST).text
        assert "Webhook deleted" in page
        assert "Deleted: 1" in page
        page = admin_client.get(address).text
        assert "Restore webhook" in page
        for gone in ("Save", "Show secret", "Delete webhook"):
            assert gone not in page
        assert admin_client.post(f"{address}/secret").status_code == 404
        assert admin_client.post(f"{address}/restore").location == address
        assert len(stored(app, org)) == 1
        assert "Active" in admin_client.get(address).text


class TestSecret:
    def test_the_secret_is_shown_only_on_request(self, admin_client: FlaskClient, org: Org) -> None:
        address = make(admin_client)
        for path in (LIST, address, f"{LIST}/new"):
            assert "whsec_" not in admin_client.get(path).text
        answer = admin_client.post(f"{address}/secret")
        assert len(set(SECRET.findall(answer.text))) == 1
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Location" not in answer.headers

    def test_a_new_secret_is_created_once_for_each_page(
        self, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        [first] = set(SECRET.findall(admin_client.post(f"{address}/secret").text))
        version = {"version": version_in(admin_client.get(address).text)}
        answer = admin_client.post(f"{address}/roll", data=version)
        [second] = set(SECRET.findall(answer.text))
        assert second != first
        assert answer.headers["Cache-Control"] == "no-store"
        # A second click would shorten the time of the first secret.
        again = admin_client.post(f"{address}/roll", data=version)
        assert again.location == address
        assert (
            "The secret was already changed. Nothing was changed again"
            in admin_client.get(address).text
        )
        assert second in admin_client.post(f"{address}/secret").text


class TestMessages:
    def test_each_message_shows_its_state(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        order = make_order(org)
        page = admin_client.get(address).text
        assert f'href="/orders/{order["shortId"]}"' in page
        assert "Waiting" in page
        send(app, PostResult(500, "Out of <order>\nat all"))
        page = admin_client.get(address).text
        for shown in ("Trying again", "<b>500</b>", "Out of &lt;order&gt;"):
            assert shown in page
        assert "<order>" not in page
        send_again = attribute(page, "form[action$='/again']", "action")
        assert admin_client.post(send_again).location == address
        assert (
            "The message is being sent again. The result appears here in a moment"
            in admin_client.get(address).text
        )
        send(app, PostResult(204, ""))
        page = admin_client.get(address).text
        assert "Delivered" in page
        assert '<td data-label="Attempts" class="figure">2</td>' in page

    def test_pages_have_links_to_the_next_and_previous(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        codes = [make_order(org)["shortId"] for _ in range(DELIVERIES_A_PAGE + 1)]
        first, second = (admin_client.get(f"{address}?page={page}").text for page in (1, 2))
        assert f'rel="next" href="{address}?page=2#messages-title"' in first
        assert 'rel="prev"' not in first
        assert f'rel="prev" href="{address}?page=1#messages-title"' in second
        shown = [attributes(page, "main a[href^='/orders/']", "href") for page in (first, second)]
        assert [len(codes) for codes in shown] == [DELIVERIES_A_PAGE, 1]
        assert set(shown[0] + shown[1]) == {f"/orders/{code}" for code in codes}
        for odd in ("0", "x", "9" * 30, "-1", "٣"):
            assert admin_client.get(address, query_string={"page": odd}).status_code == 200

    def test_an_order_in_the_bin_is_marked_and_not_linked(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        order = make_order(org)
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        gone = app.test_client().delete(f"/api/orders/{order['id']}", headers=headers)
        assert gone.status_code == 200
        page = admin_client.get(address).text
        assert "deleted" in page
        assert f'href="/orders/{order["shortId"]}"' not in page


class TestTestMessage:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, webhook_private_network=True)

    @pytest.mark.parametrize(
        ("answer", "shown"),
        [
            ((204, b""), "Test message delivered: the receiver answered 204."),
            ((500, b"Out of <order>"), "the receiver answered 500. Out of &lt;order&gt;"),
            ((410, b""), "Test message not accepted: the receiver answered 410."),
        ],
    )
    def test_the_receivers_answer_is_shown(
        self, admin_client: FlaskClient, receiver: Receiver, answer: tuple[int, bytes], shown: str
    ) -> None:
        receiver.answer_with([answer])
        address = make(admin_client, address=receiver.address)
        [secret] = set(SECRET.findall(admin_client.post(f"{address}/secret").text))
        assert "Send test message" in admin_client.get(address).text
        assert admin_client.post(f"{address}/test").location == address
        page = admin_client.get(address).text
        assert shown in page
        assert "No messages yet." in page
        [got] = receiver.received
        sent = got.verified(secret)
        assert sent["type"] == "webhook.test"
        assert sent["data"] == {"webhookId": address.rpartition("/")[2]}

    def test_a_receiver_that_is_not_there_is_reported(
        self, admin_client: FlaskClient, receiver: Receiver
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        address = make(admin_client, address=f"http://127.0.0.1:{port}/")
        admin_client.post(f"{address}/test")
        page = admin_client.get(address).text
        assert "Test message not delivered. The receiver could not be reached" in page


class TestSwitchedOff:
    def test_the_page_says_why_and_an_admin_switches_it_on_again(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        address = make(admin_client)
        [webhook] = stored(app, org)
        make_order(org)
        with app.app_context():
            assert webhooks.switch_off(webhook.id, address="https://moved.example") is None
            assert webhooks.switch_off(webhook.id, address=ADDRESS) is not None
            assert webhooks.switch_off(webhook.id, address=ADDRESS) is None
        page = admin_client.get(address).text
        for shown in ("answered 410 Gone", "Turned off", "Given up", "Turn back on"):
            assert shown in page
        assert "Turned off" in admin_client.get(LIST).text
        make_order(org)
        assert len(attributes(admin_client.get(address).text, "tbody a", "href")) == 1
        assert admin_client.post(f"{address}/restore").location == address
        page = admin_client.get(address).text
        assert "Webhook turned on. It receives messages about new events" in page
        assert "Active" in page
        assert "410 Gone" not in page


def test_webhooks_and_messages_of_another_org_are_404(
    app: Flask, admin_client: FlaskClient, other_org: Org
) -> None:
    other = other_org.sign_in(app.test_client(), other_org.admin())
    address = make(other)
    make_order(other_org)
    again = attribute(other.get(address).text, "form[action$='/again']", "action")
    before = stored(app, other_org)
    assert admin_client.get(address).status_code == 404
    for path in (address, f"{address}/secret", f"{address}/roll", f"{address}/bin",
                 f"{address}/test", f"{address}/restore", again):  # fmt: skip
        assert admin_client.post(path, data=form()).status_code == 404, path
    assert stored(app, other_org) == before
    assert ADDRESS not in admin_client.get(LIST).text
