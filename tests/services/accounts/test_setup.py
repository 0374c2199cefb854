"""The setup of an empty desk: which links work, and that only one org is ever created by them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from orders.domain.errors import Conflict, InvalidInput, NotFound
from orders.services.accounts import access, orgs, setup
from orders.services.accounts.setup import SETUP_WITHIN, FirstOrg
from orders.settings import Settings
from orders.storage import database
from orders.storage.models.orgs import Org, SetupRow
from orders.storage.models.people import AuditEvent, StaffAccount
from tests.actors import PASSWORD
from tests.databases import own_app
from tests.services.accounts.test_parallel_use import at_once

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
FORM = FirstOrg(
    org_name=" Workshop ", name=" Ada ", email=" Ada@Desk.example ", password=PASSWORD,
    time_zone="Europe/Berlin", language="de",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def count(table: type[Org | StaffAccount]) -> int:
    return int(database.fetch_value(select(func.count()).select_from(table)))


def test_the_link_creates_an_org_and_its_admin() -> None:
    assert setup.is_open()
    staff_id = setup.set_up(setup.new_link().secret, FORM)
    member = access.sign_in("ada@desk.example", PASSWORD)
    assert member is not None
    assert (member.id, member.role, member.name) == (staff_id, "admin", "Ada")
    assert (member.preferences.time_zone, member.preferences.language) == ("Europe/Berlin", "de")
    page = orgs.find_customer_page(member.org_id)
    assert (page.org_name, page.language) == ("Workshop", "de")
    assert not setup.is_open()


def test_only_a_hash_of_the_secret_is_stored() -> None:
    made = setup.new_link()
    stored = database.fetch_one(select(SetupRow))
    assert stored is not None
    assert made.secret not in repr((stored, made))
    assert len(made.secret) >= 43


def test_a_link_works_for_an_hour() -> None:
    made = setup.new_link(now=NOW)
    assert made.expires_at == NOW + SETUP_WITHIN == NOW + timedelta(hours=1)
    late = made.expires_at
    for call in (
        partial(setup.require_link, made.secret),
        partial(setup.set_up, made.secret, FORM),
    ):
        with pytest.raises(NotFound):
            call(now=late)
    assert count(Org) == 0
    setup.set_up(made.secret, FORM, now=late - timedelta(seconds=1))
    assert count(Org) == 1


@pytest.mark.parametrize("wrong", ["", "x", "\0", "\ud800", "é" * 200])
def test_a_wrong_secret_is_refused(wrong: str) -> None:
    for has_link in (False, True):
        if has_link:
            setup.new_link()
        with pytest.raises(NotFound):
            setup.set_up(wrong, FORM)
    assert setup.is_open()


def test_a_new_link_replaces_the_old_one() -> None:
    old, new = setup.new_link(), setup.new_link()
    with pytest.raises(NotFound):
        setup.set_up(old.secret, FORM)
    setup.set_up(new.secret, FORM)


def test_a_preset_secret_is_renewed_by_each_start() -> None:
    secret = "s" * 32
    for at in (NOW, NOW + timedelta(hours=5)):
        assert setup.new_link(secret, now=at).secret == secret
        setup.require_link(secret, now=at)


def test_looking_at_a_link_does_not_use_it_up() -> None:
    made = setup.new_link()
    for _ in range(3):
        setup.require_link(made.secret)
    setup.set_up(made.secret, FORM)


def test_a_refused_form_does_not_use_the_link_up() -> None:
    made = setup.new_link()
    bad = FirstOrg("\0", "a\nb", "nobody", "short", "Mars/Olympus", "xx")
    with pytest.raises(InvalidInput) as refused:
        setup.set_up(made.secret, bad)
    paths = [error.path for error in refused.value.errors]
    assert paths == ["org_name", "name", "email", "password", "time_zone", "language"]
    assert (count(Org), count(StaffAccount)) == (0, 0)
    setup.set_up(made.secret, FORM)


def test_nothing_is_stored_if_the_account_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    made = setup.new_link()
    with monkeypatch.context() as broken:
        broken.setattr(setup, "new_account", lambda *_args, **_values: {"id": None})
        with pytest.raises(Exception, match="staff_account"):
            setup.set_up(made.secret, FORM)
    assert (count(Org), setup.is_open()) == (0, True)
    setup.set_up(made.secret, FORM)


def test_there_is_no_setup_after_the_first_org() -> None:
    made = setup.new_link()
    orgs.add_org("By a command")
    calls: tuple[Callable[[], object], ...] = (
        setup.new_link,
        partial(setup.require_link, made.secret),
        partial(setup.set_up, made.secret, FORM),
    )
    for _ in range(2):
        for call in calls:
            with pytest.raises(Conflict):
                call()
        # An org that is gone has existed.
        database.execute(delete(AuditEvent))
        database.execute(delete(Org))
    assert not setup.is_open()


def test_a_used_link_is_refused() -> None:
    made = setup.new_link()
    setup.set_up(made.secret, FORM)
    with pytest.raises(Conflict):
        setup.set_up(made.secret, replace(FORM, email="eve@desk.example"))
    assert (count(Org), count(StaffAccount)) == (1, 1)


def test_parallel_requests_create_one_org(app: Flask, settings: Settings) -> None:
    made = setup.new_link()

    def set_up(number: int) -> str:
        return setup.set_up(made.secret, replace(FORM, email=f"{number}@desk.example"))

    results = at_once(app, [partial(set_up, number) for number in range(6)])
    assert sum(isinstance(one, str) for one in results) == 1
    assert sum(isinstance(one, Conflict) for one in results) == 5
    assert (count(Org), count(StaffAccount)) == (1, 1)


def test_two_processes_create_one_org(app: Flask, settings: Settings) -> None:
    """Two applications with connections of their own share nothing but the database."""
    made = setup.new_link()
    with own_app(settings) as other:

        def in_other(number: int) -> str:
            with other.app_context():
                return set_up(number)

        def set_up(number: int) -> str:
            return setup.set_up(made.secret, replace(FORM, email=f"{number}@desk.example"))

        callers = (set_up, in_other, set_up, in_other)
        results = at_once(app, [partial(one, number) for number, one in enumerate(callers)])
    assert sum(isinstance(one, str) for one in results) == 1
    assert sum(isinstance(one, Conflict) for one in results) == 3
    assert (count(Org), count(StaffAccount)) == (1, 1)


def test_an_org_by_command_and_the_setup_at_the_same_time(app: Flask) -> None:
    made = setup.new_link()
    by_link, by_command = at_once(
        app, [partial(setup.set_up, made.secret, FORM), partial(orgs.add_org, "By a command")]
    )
    assert isinstance(by_command, str)
    assert count(Org) == (2 if isinstance(by_link, str) else 1)
    assert count(StaffAccount) == count(Org) - 1
    assert not setup.is_open()
