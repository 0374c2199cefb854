"""How long sessions last, what is stored of them, and which passwords are accepted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from orders.domain.errors import Forbidden
from orders.services.accounts import access, accounts, passwords, sessions
from orders.services.accounts.passwords import COMMON, PERSONAL, password_errors
from orders.services.accounts.sessions import USE_PRECISION, Browser, network_of
from orders.storage import database
from orders.storage.models.people import StaffSessionRow
from tests.actors import LIFETIMES, PASSWORD, Org

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
BROWSER = Browser("x" * 5000, "2001:db8:0:1::7")


@pytest.fixture(autouse=True)
def app_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def secret(org: Org) -> str:
    return sessions.begin(org.staff(), BROWSER, now=START)


def test_none_begins_with_what_was_changed_or_disabled_meanwhile(org: Org) -> None:
    member, admin = org.staff(), org.admin()
    accounts.disable_staff(org.id, member.id, by=admin.id)
    with pytest.raises(Forbidden):
        sessions.begin(member, BROWSER)
    accounts.enable_staff(org.id, member.id)
    sessions.begin(member, BROWSER)
    accounts.set_password(org.id, member.id, password="another battery", by=admin.id)
    with pytest.raises(Forbidden):
        sessions.begin(member, BROWSER)
    assert sessions.list_sessions(org.id, member.id, LIFETIMES) == []


def last_use() -> datetime:
    found: datetime = database.fetch_value(select(StaffSessionRow.last_used_at))
    return found


def test_only_a_hash_is_stored_and_the_address_is_shortened(secret: str) -> None:
    row = database.fetch_one(select(StaffSessionRow.__table__))
    assert row is not None
    assert secret not in map(str, row)
    assert access.hash_secret(secret) in row
    assert (len(row.user_agent), row.network) == (255, "2001:db8:0:x")


def test_a_session_ends_when_it_is_not_used(secret: str) -> None:
    at = START + LIFETIMES.idle
    assert sessions.find(secret, LIFETIMES, now=at) is not None
    at += LIFETIMES.idle
    assert sessions.find(secret, LIFETIMES, now=at) is not None
    assert sessions.find(secret, LIFETIMES, now=at + LIFETIMES.idle * 1.01) is None


def test_a_session_ends_however_much_it_is_used(secret: str) -> None:
    at, last = START, START + LIFETIMES.total
    while at < last:
        assert sessions.find(secret, LIFETIMES, now=at) is not None
        at += LIFETIMES.idle
    assert sessions.find(secret, LIFETIMES, now=last + timedelta(seconds=1)) is None
    for late, left in ((0, 1), (1, 0)):
        sessions.clear_old(LIFETIMES, now=last + timedelta(seconds=late))
        assert len(database.fetch_all(select(StaffSessionRow.id))) == left


def test_the_last_use_is_written_once_a_minute(secret: str) -> None:
    for seconds, expected in ((30, 0), (59, 0), (61, 61), (100, 61), (200, 200)):
        sessions.find(secret, LIFETIMES, now=START + timedelta(seconds=seconds))
        assert last_use() == START + timedelta(seconds=expected)
    assert timedelta(seconds=60) == USE_PRECISION


def test_odd_secrets_are_no_sessions(secret: str) -> None:
    for odd in ("", "\0", "x", "\ud800", secret + " ", access.hash_secret(secret)):
        assert sessions.find(odd, LIFETIMES, now=START) is None


@pytest.mark.one_database(reason="what an address is shortened to follows from its text")
@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.77", "203.0.113.x"), ("::ffff:203.0.113.77", "203.0.113.x"), ("", ""),
     ("fe80::1%eth0", "fe80:0:0:x"), ("unix:", "")],
)  # fmt: skip
def test_addresses_are_shortened_to_their_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.one_database(reason="whether a password is accepted follows from its text")
@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("password123", COMMON), ("QwertyUiop", COMMON), ("1qaz2wsx3edc", COMMON),
        ("Ada Lovelace", PERSONAL), ("ada.lovelace2026", PERSONAL), ("lovelacelovelace", PERSONAL),
        ("a.lovelace@oslo.example", PERSONAL), ("Oslo Workshop 1", PERSONAL),
        ("shortorder!", PERSONAL), ("workshop-oslo", PERSONAL),
        (PASSWORD, None), ("oslo-kitchen-tiles", None), ("ada counts to 1000", None),
        ("!?!?!?!?!?", None),
    ],
)  # fmt: skip
def test_common_passwords_and_those_made_of_names_are_refused(
    password: str, refusal: str | None
) -> None:
    about = ("Ada Lovelace", "a.lovelace@oslo.example", "Oslo Workshop")
    errors = [error.message for error in password_errors(password, about)]
    assert errors == ([refusal] if refusal else [])


def test_the_names_of_a_person_are_found(org: Org) -> None:
    assert passwords.words_about(org.staff().id) == ("", org.email, "Workshop")
    assert passwords.org_words(org.id) == ("Workshop",)
