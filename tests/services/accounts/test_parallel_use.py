"""Links and codes that are used several times at the same moment: each works once."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask

from orders.domain.errors import Conflict, NotFound
from orders.services.accounts import access, invitations, resets, second_factor
from orders.services.accounts.access import StaffMember
from orders.services.accounts.second_factor import MOST_WRONG, CodeResult
from tests.actors import PASSWORD, Org
from tests.desk.people.links_and_codes import code_of, with_factor

KIM = "kim@desk.example"
PASSWORDS = [f"battery number {number}" for number in range(6)]


def at_once(app: Flask, calls: list[Callable[[], object]]) -> list[object]:
    """Run calls at the same time and return the result, NotFound or Conflict of each."""
    results: list[object] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(at: int) -> None:
        with app.app_context():
            start.wait()
            try:
                results[at] = calls[at]()
            except (NotFound, Conflict) as error:
                results[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> object:
    with app.app_context():
        yield


def test_an_invitation_creates_one_account(app: Flask, org: Org) -> None:
    made = invitations.invite(org.id, email=KIM, role="sales", by=org.admin().id)
    calls: list[Callable[[], object]] = [
        partial(invitations.accept, made.secret, name="", password=one) for one in PASSWORDS
    ]
    results = at_once(app, calls)
    assert sum(isinstance(one, str) for one in results) == 1
    can_sign_in = [access.sign_in(KIM, one) is not None for one in PASSWORDS]
    assert can_sign_in == [isinstance(one, str) for one in results]


def test_an_address_is_invited_once(app: Flask, org: Org) -> None:
    invite = partial(invitations.invite, org.id, email=KIM, role="sales", by=org.admin().id)
    results = at_once(app, [invite] * 6)
    assert sum(isinstance(one, Conflict) for one in results) == 5
    assert len(invitations.list_invitations(org.id)) == 1


def test_an_invitation_is_either_accepted_or_withdrawn(app: Flask, org: Org) -> None:
    made = invitations.invite(org.id, email=KIM, role="sales", by=org.admin().id)
    accepted, withdrawn = at_once(
        app,
        [
            partial(invitations.accept, made.secret, name="", password=PASSWORD),
            partial(invitations.withdraw, org.id, made.id),
        ],
    )
    assert isinstance(accepted, NotFound) != isinstance(withdrawn, NotFound)
    assert (access.sign_in(KIM, PASSWORD) is None) == isinstance(accepted, NotFound)


def test_a_reset_link_sets_one_password(app: Flask, org: Org) -> None:
    made = resets.make_reset(org.id, org.staff().id, by=org.admin().id)
    calls: list[Callable[[], object]] = [
        partial(resets.set_by_reset, made.secret, password=one) for one in PASSWORDS
    ]
    results = at_once(app, calls)
    assert sum(isinstance(one, NotFound) for one in results) == 5
    can_sign_in = [access.sign_in(org.email, one) is not None for one in PASSWORDS]
    assert can_sign_in == [isinstance(one, str) for one in results]


@pytest.fixture
def factor(app: Flask, org: Org) -> tuple[StaffMember, str, list[str]]:
    member = org.staff()
    return member, *with_factor(app, member)


def test_a_code_works_once(app: Flask, factor: tuple[StaffMember, str, list[str]]) -> None:
    member, secret, codes = factor
    for code, outcome in (
        (code_of(secret, 1), CodeResult.BY_APP),
        (codes[0], CodeResult.BY_RECOVERY_CODE),
    ):
        results = at_once(app, [partial(second_factor.check, member, code)] * 6)
        assert results.count(outcome) == 1
        assert results.count(CodeResult.WRONG) == 5


def test_parallel_wrong_codes_are_all_counted(
    app: Flask, factor: tuple[StaffMember, str, list[str]]
) -> None:
    member, _secret, codes = factor
    results = at_once(app, [partial(second_factor.check, member, "x")] * (MOST_WRONG + 4))
    assert results.count(CodeResult.WRONG) == MOST_WRONG
    assert results.count(CodeResult.LOCKED) == 4
    assert second_factor.check(member, codes[0]) is CodeResult.LOCKED


def test_the_second_factor_is_turned_on_once(app: Flask, org: Org) -> None:
    member = org.staff()
    secrets = [second_factor.new_secret() for _ in range(4)]
    calls: list[Callable[[], object]] = [
        partial(second_factor.turn_on, member, secret, code_of(secret)) for secret in secrets
    ]
    results = at_once(app, calls)
    [codes] = [one for one in results if isinstance(one, list)]
    assert second_factor.state_of(member).codes_left == 10
    assert second_factor.check(member, codes[0]) is CodeResult.BY_RECOVERY_CODE
