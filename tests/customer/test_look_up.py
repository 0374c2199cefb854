"""A customer finds an order by its code, in any spelling (docs/contract.md, "The short ID")."""

import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update
from werkzeug.test import TestResponse

from orders.domain.code_hints import MISTYPED
from orders.domain.short_id import ALPHABET, grouped
from orders.interfaces.customer.blueprint import UNKNOWN, ConstantTimeAnswer
from orders.storage import database, tables
from orders.storage.database import db
from tests.actors import Org
from tests.customer.conftest import CODE, UNKNOWN_CODE, Clock, PlaceOrder
from tests.html import texts

LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 12}

SPELLINGS: dict[str, Callable[[str], str]] = {
    "small letters": str.lower,
    "groups": grouped,
    "spaces": " ".join,
    "spaces around": lambda code: f"  {code} ",
    "hyphens anywhere": "-".join,
    "O for 0": lambda code: code.replace("0", "O"),
    "o for 0": lambda code: code.replace("0", "o"),
    "I for 1": lambda code: code.replace("1", "I"),
    "i for 1": lambda code: code.replace("1", "i"),
    "L for 1": lambda code: code.replace("1", "L"),
    "l for 1": lambda code: code.replace("1", "l"),
    "all at once": lambda code: grouped(code.replace("0", "o").replace("1", "l").lower()) + " ",
}


def find(client: FlaskClient, typed: str) -> TestResponse:
    return client.get("/find", query_string={"code": typed})


def test_it_works(client: FlaskClient, org: Org, place_order: PlaceOrder) -> None:
    card = org.save("Oslo chair", "OSL-1")
    place_order(status="In Progress", cart=[{"configurationId": card.id, "count": 1200}])
    answer = find(client, grouped(CODE))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/o/{CODE}")
    page = client.get(f"/o/{CODE}")
    assert page.status_code == 200
    for shown in (grouped(CODE), "In production", "Oslo chair", "Wood", "Oak", "1,200"):
        assert shown in page.text


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_finds_the_order(
    client: FlaskClient, place_order: PlaceOrder, spelling: Callable[[str], str]
) -> None:
    place_order(cart=[LINE])
    typed = spelling(CODE)
    assert find(client, typed).headers["Location"] == f"/o/{CODE}"
    page = client.get(f"/o/{quote(typed)}", follow_redirects=True)
    assert page.status_code == 200
    assert page.request.path == f"/o/{CODE}"
    assert grouped(CODE) in page.text


def test_a_wrong_or_swapped_character_is_mistyped(
    client: FlaskClient, clock: Clock, place_order: PlaceOrder
) -> None:
    place_order(cart=[LINE])
    wrong = [
        CODE[:place] + ALPHABET[(ALPHABET.index(CODE[place]) + 7) % 32] + CODE[place + 1 :]
        for place in range(12)
    ]
    swapped = [
        CODE[:place] + CODE[place + 1] + CODE[place] + CODE[place + 2 :]
        for place in range(11)
        if CODE[place] != CODE[place + 1]
    ]
    for typed in wrong + swapped:
        for answer in (find(client, typed), client.get(f"/o/{typed}")):
            assert answer.status_code == 404
            assert MISTYPED in answer.text
            assert f'value="{typed}"' in answer.text


ODD = {
    "nothing": "",
    "letters whose capitals are ASCII": CODE.replace("1", "ı"),  # noqa: RUF001
    "NUL": CODE[:-1] + "\0",
    "NUL behind": CODE + "\0",
    "too short": CODE[:-1],
    "too long": CODE + "0",
    "very long": CODE * 200,
    "letters outside the alphabet": "U" * 12,
    "markup": '"><script>alert(1)</script>',
    "not UTF-8": "\udcff" * 12,
    "an emoji": "🪑" * 12,
    "a template": "{{ 7*7 }}{{ config }}",
}


@pytest.mark.parametrize("typed", ODD.values(), ids=ODD)
@pytest.mark.one_database(reason="no statement runs for such a text")
def test_odd_texts_are_mistyped_codes(client: FlaskClient, clock: Clock, typed: str) -> None:
    encoded = quote(typed.encode("utf-8", "surrogateescape"))
    answers = [client.get(f"/find?code={encoded}")]
    if typed:
        answers.append(client.get(f"/o/{encoded}"))
    for answer in answers:
        assert answer.status_code == 404
        assert MISTYPED in answer.text
        assert "<script>alert" not in answer.text
        assert "\0" not in answer.text
        assert len(answer.data) < 6000


@pytest.mark.parametrize(
    "pasted",
    [
        CODE + "\n", "\t" + CODE, CODE.replace("0", "\uff10"), CODE + "/", f"“{grouped(CODE)}”",
        f"Code: {grouped(CODE)}.", f"http://localhost/o/{CODE}?lang=de", f"\u202a{CODE}\u202c",
    ],
)  # fmt: skip
@pytest.mark.one_database(reason="what is read out of the text is the same on both")
def test_the_code_is_taken_out_of_what_was_pasted(
    client: FlaskClient, clock: Clock, place_order: PlaceOrder, pasted: str
) -> None:
    place_order(cart=[LINE])
    assert find(client, pasted).location == f"/o/{CODE}"
    assert client.get(f"/o/{quote(CODE + ').')}").location == f"/o/{CODE}"


@pytest.mark.own_database(reason="it listens to the connections from the first one on")
def test_only_well_formed_codes_reach_the_database(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    # The look-up goes past SQLAlchemy, so the drivers themselves are watched.
    def watch(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(asked.append)

    run = psycopg.Connection.execute

    def note(connection: Any, statement: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - as the method
        asked.append(statement)
        return run(connection, statement, *rest, **options)

    if database_url.startswith("sqlite"):
        with app.app_context():
            event.listen(db.engine, "connect", watch)
    else:
        monkeypatch.setattr(psycopg.Connection, "execute", note)
    mistyped = UNKNOWN_CODE[:-1] + ("0" if UNKNOWN_CODE[-1] != "0" else "1")
    find(client, mistyped)
    client.get(f"/o/{mistyped}")
    # The look of the only org is read; what is typed reaches no statement.
    assert not any("orders" in statement for statement in asked)
    client.get(f"/o/{UNKNOWN_CODE}")
    assert any("orders" in statement for statement in asked)


class TestMisses:
    MISTYPED_CODE = UNKNOWN_CODE[:-1] + ("0" if UNKNOWN_CODE[-1] != "0" else "1")

    def test_an_unknown_code_gets_its_own_message(self, client: FlaskClient, clock: Clock) -> None:
        answer = client.get(f"/o/{UNKNOWN_CODE}")
        assert answer.status_code == 404
        assert texts(answer.text, "#code-message") == [UNKNOWN]

    def test_an_unknown_code_is_unknown_in_every_spelling(
        self, client: FlaskClient, clock: Clock
    ) -> None:
        assert UNKNOWN in find_page(client, UNKNOWN_CODE.lower())
        assert UNKNOWN in client.get(f"/o/{UNKNOWN_CODE.lower()}").text

    def test_an_order_in_the_bin_is_unknown(
        self, app: Flask, client: FlaskClient, clock: Clock, place_order: PlaceOrder
    ) -> None:
        order = place_order(cart=[LINE])
        with app.app_context():
            database.write(
                lambda connection: connection.execute(
                    update(tables.orders).values(deleted_at=order.created_at)
                )
            )
        never_placed = client.get(f"/o/{UNKNOWN_CODE}")
        in_bin = client.get(f"/o/{CODE}")
        assert in_bin.status_code == 404
        assert in_bin.text == never_placed.text.replace(UNKNOWN_CODE, CODE)

    @pytest.mark.usefixtures("one_request_id")
    def test_all_misses_have_the_same_size_and_headers(
        self, client: FlaskClient, clock: Clock
    ) -> None:
        unknown = client.get(f"/o/{UNKNOWN_CODE}")
        mistyped = client.get(f"/o/{self.MISTYPED_CODE}")
        typed_in = find(client, self.MISTYPED_CODE)
        assert unknown.data != mistyped.data
        assert mistyped.data == typed_in.data
        assert unknown.status_code == mistyped.status_code == 404
        assert len(unknown.data) == len(mistyped.data)
        # The rate limit counts down with each look-up, found or not.
        counting = {"X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"}
        seen = [
            sorted((name, value) for name, value in answer.headers if name not in counting)
            for answer in (unknown, mistyped, typed_in)
        ]
        assert seen[0] == seen[1] == seen[2]

    @pytest.mark.parametrize("code", [UNKNOWN_CODE, MISTYPED_CODE])
    def test_each_miss_is_answered_after_the_same_time(
        self, client: FlaskClient, clock: Clock, code: str
    ) -> None:
        clock.busy = 0.003
        client.get(f"/o/{code}")
        assert clock.slept == [pytest.approx(0.017)]

    def test_a_found_order_is_not_delayed(
        self, client: FlaskClient, clock: Clock, place_order: PlaceOrder
    ) -> None:
        place_order(cart=[LINE])
        assert client.get(f"/o/{CODE}").status_code == 200
        assert client.get("/find").status_code == 200
        assert clock.slept == []

    def test_a_late_miss_is_not_delayed_further(self) -> None:
        clock = Clock(now=10.0)
        ConstantTimeAnswer(0.02, clock.read, clock.sleep).wait_since(9.5)
        assert clock.slept == []


def find_page(client: FlaskClient, typed: str) -> str:
    """Submit a code and follow the redirect."""
    page = client.get("/find", query_string={"code": typed}, follow_redirects=True)
    return str(page.text)


def test_the_form_works_without_javascript_and_keeps_the_input(
    client: FlaskClient, clock: Clock
) -> None:
    empty = client.get("/find")
    assert empty.status_code == 200
    assert 'method="get"' in empty.text
    assert "Error" not in empty.text
    answer = find(client, "7kq4 m2xd 9t3<")
    assert 'value="7kq4 m2xd 9t3&lt;"' in answer.text
    assert "<title>Error:" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "code-error" in answer.text.partition("aria-describedby=")[2].partition(">")[0]


def test_a_link_without_a_code_redirects_to_the_form(client: FlaskClient) -> None:
    assert client.get("/o/").headers["Location"] == "/find"
    assert client.get("/o", follow_redirects=True).request.path == "/find"


def test_pages_are_not_cached_or_indexed(
    client: FlaskClient, clock: Clock, place_order: PlaceOrder
) -> None:
    place_order(cart=[LINE])
    addresses = ["/find", f"/find?code={CODE}", "/find?code=x", f"/o/{CODE}", "/o/x"]
    for address in [*addresses, f"/o/{CODE.lower()}", f"/o/{UNKNOWN_CODE}"]:
        headers = client.get(address).headers
        assert headers["Cache-Control"] == "no-store"
        assert "noindex" in headers["X-Robots-Tag"]
        # The code in the URL is not sent to other sites.
        assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
        assert "Set-Cookie" not in headers


def test_only_get_and_head_are_allowed(client: FlaskClient, place_order: PlaceOrder) -> None:
    place_order(cart=[LINE])
    for address in ("/find", f"/o/{CODE}"):
        head = client.head(address)
        assert (head.status_code, head.data) == (200, b"")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = client.open(address, method=method)
            assert answer.status_code == 405
            assert "GET" in answer.headers["Allow"]
