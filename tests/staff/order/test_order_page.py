"""The page of one order: its status, the bin and back, notes and the customer's link."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders import editing, notes, queries
from orders.rules.change_schema import OrderChanges
from orders.rules.order import Order
from orders.rules.status import Status
from orders.settings import Settings
from tests.actors import Org
from tests.conftest import settings_for
from tests.mail_server import MailServer, mail_server
from tests.staff.test_pages import make_order

pytestmark = pytest.mark.usefixtures("csrf_off")
KEY = "N" * 22
IDA = "ida@customer.example"
POSTS = ("status", "bin", "restore", "notes", "notes/00000000-0000-4000-8000-000000000001/delete",
         "link")  # fmt: skip


@pytest.fixture
def code(org: Org) -> str:
    return make_order(org, name="Lobby")["shortId"]


def stored(org: Org, code: str) -> Order:
    with org.app.app_context():
        return queries.find_any_order(code, org.id)


def actions(org: Org, code: str) -> list[str]:
    with org.app.app_context():
        return [one.action for one in queries.read_history(queries.find_any_order(code, org.id))]


def post(client: FlaskClient, code: str, act: str, **fields: object) -> TestResponse:
    return client.post(f"/orders/{code}/{act}", data=fields)


def page(client: FlaskClient, code: str) -> str:
    answer = client.get(f"/orders/{code}")
    assert answer.status_code == 200
    return answer.text


def undo_fields(text: str) -> dict[str, str]:
    """Read the form behind the message's Undo button."""
    form = re.search(r'<form class="undo" method="post" action="([^"]+)">(.*?)</form>', text, re.S)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    return {"action": form[1], **fields}


def send_undo(client: FlaskClient, text: str) -> TestResponse:
    fields = undo_fields(text)
    return client.post(fields.pop("action"), data=fields)


class TestStatus:
    def test_the_next_step_is_the_main_button(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        for name, following in zip([*Status][2:], [*Status][3:], strict=False):
            assert f"Mark as {following}" in page(staff_client, code)
            answer = post(
                staff_client, code, "status", status=following, version=stored(org, code).version
            )
            assert (answer.status_code, answer.location) == (303, f"/orders/{code}")
            assert (stored(org, code).status, name) == (following, name)
        assert "Mark as" not in page(staff_client, code)

    def test_the_menu_offers_all_others(self, staff_client: FlaskClient, code: str) -> None:
        options = re.findall(r'<option value="([^"]+)">([^<]+)</option>', page(staff_client, code))
        assert options == [(one, one) for one in ("List", "In Cart", "Complete")]

    def test_the_message_takes_it_back(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        text = page(staff_client, code)
        assert "The order is Complete now; it was New." in text
        send_undo(staff_client, text)
        text = page(staff_client, code)
        assert "The order is New again." in text
        assert 'class="undo"' not in text
        assert stored(org, code).status == "New"
        assert actions(org, code) == ["created", "changed", "changed"]

    def test_undo_is_offered_once_and_on_its_own_order(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        assert 'class="undo"' in page(staff_client, code)
        assert 'class="undo"' not in page(staff_client, code)
        post(staff_client, code, "status", status="New", version=2)
        assert 'class="undo"' not in page(staff_client, make_order(org)["shortId"])

    def test_undo_is_not_offered_when_something_has_happened_meanwhile(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        with app.app_context():
            editing.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        text = page(staff_client, code)
        assert "The order is Complete now" in text
        assert 'class="undo"' not in text

    def test_an_undo_that_comes_too_late_changes_nothing(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="Complete", version=1)
        text = page(staff_client, code)
        with app.app_context():
            editing.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        assert send_undo(staff_client, text).status_code == 409
        assert (stored(org, code).status, stored(org, code).name) == ("Complete", "Theirs")

    def test_of_a_stale_form_it_shows_what_changed_and_asks_again(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            theirs = OrderChanges(name="Theirs", status=Status.IN_PROGRESS)
            editing.change_order(code, theirs, actor=org.actor())
        answer = post(staff_client, code, "status", status="Complete", version=1)
        assert answer.status_code == 409
        assert "The order was changed meanwhile. Nothing of it was overwritten." in answer.text
        notice = answer.text.partition('id="stale-title"')[2].partition("</section>")[0]
        for shown in ("script", "Lobby", "Theirs", "New", "In Progress", "Leave it In Progress"):
            assert shown in notice, shown
        assert stored(org, code).status == "In Progress"
        assert "Mark as Complete all the same" in notice
        again = re.search(r'name="version" value="(\d+)"', notice)
        assert again is not None
        post(staff_client, code, "status", status="Complete", version=again[1])
        assert stored(org, code).status == "Complete"

    def test_two_who_want_the_same_are_both_content(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            editing.change_order(code, OrderChanges(status=Status.COMPLETE), actor=org.actor())
        answer = post(staff_client, code, "status", status="Complete", version=1)
        assert "It is Complete now, as you wanted." in answer.text
        assert actions(org, code) == ["created", "changed"]

    def test_the_same_status_again_writes_nothing(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "status", status="New", version=1)
        assert "The order was New already." in page(staff_client, code)
        assert actions(org, code) == ["created"]

    def test_an_order_without_lines_is_told_in_place(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        empty = make_order(org, cart=[], status="In Cart")["shortId"]
        answer = post(staff_client, empty, "status", status="New", version=1)
        assert answer.status_code == 422
        assert "<title>Error: " in answer.text
        error = answer.text.partition('id="status-error"')[2].partition("</p>")[0]
        assert "At least one line" in error
        assert stored(org, empty).status == "In Cart"

    @pytest.mark.parametrize("status", ["", "new", "Done", "\0", "é" * 500])
    def test_an_unknown_status_is_refused(
        self, staff_client: FlaskClient, org: Org, code: str, status: str
    ) -> None:
        assert post(staff_client, code, "status", status=status, version=1).status_code == 422
        assert actions(org, code) == ["created"]

    @pytest.mark.parametrize("version", ["", "0", "2", "-1", "x", "\uff11", "9" * 40])
    def test_without_the_right_version_nothing_changes(
        self, staff_client: FlaskClient, org: Org, code: str, version: str
    ) -> None:
        for act in ("status", "bin"):
            answer = post(staff_client, code, act, status="Complete", version=version)
            assert answer.status_code in {303, 409}
        assert actions(org, code) == ["created"]


class TestBin:
    def test_in_and_out_by_the_messages_undo(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "bin", version=1)
        assert stored(org, code).deleted_at is not None
        text = page(staff_client, code)
        assert "The order is in the bin: no customer, shop or script sees it." in text
        send_undo(staff_client, text)
        assert stored(org, code).deleted_at is None
        text = page(staff_client, code)
        assert "The order is restored, as it was before." in text
        assert 'class="undo"' not in text
        assert actions(org, code) == ["created", "binned", "restored"]

    def test_its_page_is_there_for_reading_and_for_nothing_else(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            note = notes.add_note(code, "Ring before nine", actor=org.staff().actor)
        post(staff_client, code, "bin", version=1)
        text = page(staff_client, code)
        for shown in ("In the bin since", "Restore the order", "Ring before nine", "Lobby"):
            assert shown in text, shown
        for hidden in ("Mark as", "Add the note", "Delete it", "qr.svg", "/print", "bin the"):
            assert hidden not in text, hidden
        with app.app_context():
            before = queries.read_history(stored(org, code))
        for act, fields in (
            ("status", {"status": "Complete", "version": 2}), ("notes", {"note": "x", "key": KEY}),
            (f"notes/{note}/delete", {}), ("link", {"to": IDA}), ("bin", {"version": 2}),
        ):  # fmt: skip
            answer = post(staff_client, code, act, **fields)
            assert (answer.status_code, answer.location) == (303, f"/orders/{code}"), act
            assert "Restore it first; nothing was changed." in page(staff_client, code), act
        with app.app_context():
            assert queries.read_history(stored(org, code)) == before
            assert [one.text for one in notes.list_notes(stored(org, code))] == ["Ring before nine"]
        for path in ("qr.svg", "placed", "print"):
            assert staff_client.get(f"/orders/{code}/{path}").status_code == 404

    def test_restore_of_one_that_is_not_there_says_so(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "restore", version=1)
        assert "The order is not in the bin." in page(staff_client, code)
        assert actions(org, code) == ["created"]

    def test_a_stale_form_puts_nothing_into_the_bin(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        with app.app_context():
            editing.change_order(code, OrderChanges(name="Theirs"), actor=org.actor())
        post(staff_client, code, "bin", version=1)
        assert "changed meanwhile, so this was not done" in page(staff_client, code)
        assert stored(org, code).deleted_at is None


class TestNotes:
    def test_a_note_is_added_and_shown_with_its_author(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        answer = post(staff_client, code, "notes", note="Yard gate\r\n<b>", key=KEY)
        assert re.fullmatch(f"/orders/{code}#note-[0-9a-f-]{{36}}", answer.location)
        text = page(staff_client, code)
        assert "Yard gate\n&lt;b&gt;" in text
        assert org.email in text.partition('class="notes"')[2]

    def test_a_double_click_adds_one(self, staff_client: FlaskClient, org: Org, code: str) -> None:
        for _ in range(2):
            post(staff_client, code, "notes", note="Once", key=KEY)
        assert page(staff_client, code).count('<p class="note-text">') == 1

    @pytest.mark.parametrize("note", ["", "x" * 2001, "a\0"])
    def test_what_is_not_fit_keeps_what_was_typed(
        self, staff_client: FlaskClient, code: str, note: str
    ) -> None:
        answer = post(staff_client, code, "notes", note=note, key=KEY)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert f">\n{note}</textarea>" in answer.text
        assert "No notes yet." in answer.text

    def test_nobody_else_sees_them(
        self, client: FlaskClient, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        post(staff_client, code, "notes", note="Between ourselves", key=KEY)
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        for path in (f"/api/orders/{code}", "/api/orders", f"/o/{code}"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200
            assert "Between ourselves" not in answer.text

    def test_only_ones_own_are_deleted(
        self, app: Flask, staff_client: FlaskClient, admin_client: FlaskClient, org: Org, code: str
    ) -> None:
        made = post(staff_client, code, "notes", note="Mine", key=KEY).location[-36:]
        assert "Delete it for good" not in page(admin_client, code)
        post(admin_client, code, f"notes/{made}/delete")
        text = page(admin_client, code)
        assert "Only its author may delete a note." in text
        assert "Mine" in text
        post(staff_client, code, f"notes/{made}/delete")
        assert "The note is deleted." in page(staff_client, code)
        with app.app_context():
            assert notes.list_notes(stored(org, code)) == ()


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
        )

    def test_it_goes_out_with_link_and_code_and_is_noted(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str, server: MailServer
    ) -> None:
        assert "Send the link" in page(staff_client, code)
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
        assert f"The link is on its way to {IDA}." in text
        assert "Link sent to the customer" in text
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
        assert "Nothing was sent." in answer.text
        assert ">\nKept</textarea>" in answer.text
        assert server.received == []
        assert actions(org, code) == ["created"]

    def test_what_the_server_refuses_is_told_and_not_noted(
        self, staff_client: FlaskClient, org: Org, code: str, server: MailServer
    ) -> None:
        server.refusal = "550 No such mailbox"
        answer = post(staff_client, code, "link", to=IDA, message="x" * 5001)
        assert "At most 5,000 characters." in answer.text
        answer = post(staff_client, code, "link", to=IDA)
        assert answer.status_code == 422
        assert "550 No such mailbox. Nothing was sent." in answer.text
        assert actions(org, code) == ["created"]

    def test_nobody_sends_out_hundreds(self, staff_client: FlaskClient, code: str) -> None:
        answers = [post(staff_client, code, "link", to="x").status_code for _ in range(21)]
        assert set(answers[:-1]) == {422}
        assert answers[-1] == 429

    def test_the_address_that_the_order_holds_is_filled_in(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        order = make_order(org, metadata={"email": IDA})
        assert f'value="{IDA}"' in page(staff_client, order["shortId"])


def test_without_a_mail_server_the_persons_own_program_writes(
    staff_client: FlaskClient, code: str
) -> None:
    text = page(staff_client, code)
    assert "Send the link" not in text
    link = re.search(r'href="mailto:\?subject=Your%20order%20[^"]+body=([^"]+)"', text)
    assert link is not None
    assert f"%2Fo%2F{code}" in link[1] or f"/o/{code}" in link[1]
    answer = post(staff_client, code, "link", to=IDA)
    assert answer.status_code == 303
    assert "SMTP_URL" in page(staff_client, code)


class TestWhoMay:
    @pytest.mark.parametrize("act", POSTS)
    def test_a_stranger_finds_nothing(
        self, client: FlaskClient, org: Org, other_org: Org, code: str, act: str
    ) -> None:
        theirs = other_org.sign_in(client)
        answer = post(theirs, code, act, status="Complete", version=1, note="x", key=KEY, to=IDA)
        assert answer.status_code == 404
        assert (stored(org, code).version, actions(org, code)) == (1, ["created"])

    @pytest.mark.parametrize("act", POSTS)
    def test_who_is_signed_out_is_asked_to_sign_in(
        self, client: FlaskClient, org: Org, code: str, act: str
    ) -> None:
        answer = post(client, code, act, status="Complete", version=1)
        assert (answer.status_code, answer.location[:9]) == (303, "/sign-in?")
        htmx = client.post(f"/orders/{code}/{act}", headers={"HX-Request": "true"})
        assert htmx.status_code == 401
        assert actions(org, code) == ["created"]

    @pytest.mark.parametrize("act", POSTS)
    def test_a_forged_request_does_nothing(
        self, app: Flask, staff_client: FlaskClient, org: Org, code: str, act: str
    ) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        answer = post(staff_client, code, act, status="Complete", version=1, note="x", to=IDA)
        assert answer.status_code == 400
        assert actions(org, code) == ["created"]

    def test_a_stranger_does_not_see_what_is_in_the_bin(
        self, app: Flask, client: FlaskClient, org: Org, other_org: Org, code: str
    ) -> None:
        with app.app_context():
            editing.bin_order(code, actor=org.actor())
        assert other_org.sign_in(client).get(f"/orders/{code}").status_code == 404


def test_an_act_by_htmx_leads_to_the_page_too(
    staff_client: FlaskClient, org: Org, code: str
) -> None:
    answer = staff_client.post(
        f"/orders/{code}/status", data={"status": "Complete", "version": 1},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert answer.headers["HX-Redirect"] == f"/orders/{code}"
    assert stored(org, code).status == "Complete"
