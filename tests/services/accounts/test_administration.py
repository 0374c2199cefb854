"""Services for tokens, accounts and attributes, also when two requests come at the same time."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from flask import Flask

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.errors import Conflict, InvalidInput, NotFound, Taken
from orders.services.accounts import (
    access,
    accounts,
    attributes,
    checks,
    org_rules,
    passwords,
    sessions,
    tokens,
)
from orders.services.accounts.checks import ChangedMeanwhile
from orders.storage.pages import Paging
from tests.actors import DOMAINS, LIFETIMES, PASSWORD, Org, session_of

NOBODY = "00000000-0000-4000-8000-000000000000"
NOTE = AttributeRule("note", "Note", Kind.TEXT)
COLOR = AttributeRule("color", "Color", Kind.OPTION, (Option("red", "Red"), Option("blue", "Blue")))


def paths_of(call: Callable[[], object]) -> set[str]:
    """Return the paths of the errors that a call raises."""
    with pytest.raises(InvalidInput) as refused:
        call()
    return {error.path for error in refused.value.errors}


def at_once(app: Flask, *calls: Callable[[], object]) -> list[BaseException | None]:
    """Run calls at the same time and return the Conflict raised by each, or None."""
    raised: list[BaseException | None] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(at: int) -> None:
        with app.app_context():
            start.wait()
            try:
                calls[at]()
            except Conflict as error:
                raised[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> object:
    with app.app_context():
        yield


class TestTokens:
    def test_name_and_domains_change_and_the_secret_stays(self, org: Org) -> None:
        tokens.change_token(
            org.id, org.public.id, name=" Web ", allowed=["New.example", "new.example"]
        )
        token = tokens.find_token(org.id, org.public.id)
        assert (token.name, token.domains) == ("Web", ("new.example",))
        origin = access.Origin("new.example", 443)
        assert access.authenticate(org.public.secret, origin=origin).id == org.public.id

    def test_all_errors_are_reported(self, org: Org) -> None:
        with pytest.raises(InvalidInput) as refused:
            tokens.change_token(
                org.id, org.public.id, name="a\0", allowed=["https://x", "fine.example", "*"]
            )
        assert [error.path for error in refused.value.errors] == ["name", "domain", "domain"]
        token = tokens.find_token(org.id, org.public.id)
        assert (token.name, token.domains) == ("shop", DOMAINS)

    def test_a_private_token_never_has_domains(self, org: Org) -> None:
        tokens.change_token(org.id, org.private.id, name="cron", allowed=["a.example"])
        token = tokens.find_token(org.id, org.private.id)
        assert (token.name, token.domains) == ("cron", ())

    def test_a_revoked_token_cannot_be_changed(self, org: Org) -> None:
        tokens.revoke_token(org.public.id, org_id=org.id)
        tokens.revoke_token(org.public.id, org_id=org.id)
        with pytest.raises(Conflict):
            tokens.change_token(org.id, org.public.id, name="x", allowed=DOMAINS)

    def test_revoked_tokens_come_last_and_are_not_active(self, org: Org) -> None:
        tokens.revoke_token(org.private.id, org_id=org.id)
        assert [one.id for one in tokens.list_tokens(org.id)] == [
            org.public.id, org.private.id,
        ]  # fmt: skip
        page = tokens.list_active_tokens(org.id, Paging())
        assert ([one.id for one in page.entries], page.count) == ([org.public.id], 1)

    @pytest.mark.parametrize("unknown", [NOBODY, "nonsense", "\0", "\ud800", "x" * 5000, ""])
    def test_an_unknown_id_is_not_found(self, org: Org, unknown: str) -> None:
        for call in (
            lambda: tokens.find_token(org.id, unknown),
            lambda: tokens.revoke_token(unknown, org_id=org.id),
            lambda: tokens.revoke_token(unknown),
            lambda: tokens.change_token(org.id, unknown, name="x", allowed=()),
        ):
            with pytest.raises(NotFound):
                call()

    def test_objects_of_another_org_are_not_found(self, org: Org, other_org: Org) -> None:
        with pytest.raises(NotFound):
            tokens.revoke_token(other_org.private.id, org_id=org.id)
        with pytest.raises(NotFound):
            tokens.change_token(org.id, other_org.private.id, name="x", allowed=())
        assert access.authenticate(other_org.private.secret, origin=None)

    def test_two_admins_do_not_overwrite_each_other(self, org: Org) -> None:
        seen = tokens.find_token(org.id, org.public.id).version
        tokens.change_token(org.id, org.public.id, name="first", allowed=DOMAINS, version=seen)
        with pytest.raises(ChangedMeanwhile) as refused:
            tokens.change_token(org.id, org.public.id, name="second", allowed=DOMAINS, version=seen)
        assert tokens.find_token(org.id, org.public.id).name == "first"
        tokens.change_token(
            org.id, org.public.id, name="third", allowed=DOMAINS, version=refused.value.version
        )

    def test_one_form_creates_one_token(self, app: Flask, org: Org) -> None:
        def create() -> None:
            tokens.add_token(org.id, name="twice", is_private=True, token_id=NOBODY)

        raised = at_once(app, create, create, create)
        assert sum(error is None for error in raised) == 1
        assert [one.name for one in tokens.list_tokens(org.id)].count("twice") == 1


class TestAccounts:
    @pytest.fixture
    def me(self, org: Org) -> str:
        return org.admin().id

    @pytest.fixture
    def other(self, org: Org) -> str:
        return org.staff().id

    def test_nobody_demotes_or_disables_themselves(self, org: Org, me: str) -> None:
        with pytest.raises(Conflict, match="You cannot "):
            accounts.change_role(org.id, me, role="sales", by=me)
        with pytest.raises(Conflict, match="You cannot "):
            accounts.disable_staff(org.id, me, by=me)
        assert accounts.find_staff(org.id, me).role == "admin"

    def test_of_two_admins_who_demote_each_other_one_remains(
        self, app: Flask, org: Org, me: str, other: str
    ) -> None:
        def demote(target: str, by: str) -> None:
            accounts.change_role(org.id, target, role="sales", by=by)

        def disable(target: str, by: str) -> None:
            accounts.disable_staff(org.id, target, by=by)

        for change in (demote, disable):
            for one in (me, other):
                accounts.enable_staff(org.id, one)
                accounts.change_role(org.id, one, role="admin", by=NOBODY)
            raised = at_once(app, partial(change, other, me), partial(change, me, other))
            assert sum(isinstance(error, Conflict) for error in raised) == 1
            admins = [
                account
                for account in accounts.list_staff(org.id)
                if account.role == "admin" and account.disabled_at is None
            ]
            assert len(admins) == 1

    def test_disabling_an_account_ends_its_session_and_can_be_undone(
        self, org: Org, me: str, other: str
    ) -> None:
        session = session_of(org.app, org.staff())
        accounts.disable_staff(org.id, other, by=me)
        accounts.disable_staff(org.id, other, by=me)
        assert sessions.find(session, LIFETIMES) is None
        assert access.sign_in(org.email, PASSWORD) is None
        accounts.enable_staff(org.id, other)
        assert access.sign_in(org.email, PASSWORD) is not None
        assert sessions.find(session, LIFETIMES) is None

    def test_a_new_password_ends_sessions_and_replaces_the_old_one(
        self, org: Org, other: str, me: str
    ) -> None:
        session = session_of(org.app, org.staff())
        accounts.set_password(org.id, other, password="another battery", by=me)
        assert sessions.find(session, LIFETIMES) is None
        assert access.sign_in(org.email, PASSWORD) is None
        assert access.sign_in(org.email, "another battery") is not None

    def test_errors_are_reported_at_their_fields(self, org: Org, other: str, me: str) -> None:
        def add(email: str, role: str, password: str) -> Callable[[], object]:
            return lambda: accounts.add_staff(org.id, email=email, role=role, password=password)

        assert paths_of(add("nobody", "boss", "short")) == {"email", "role", "password"}
        assert paths_of(add("a\0@x.example", "sales", "\ud800" * 10)) == {"email", "password"}
        assert paths_of(add("a@x.example", "sales", "x" * 1001)) == {"password"}
        assert paths_of(lambda: accounts.change_role(org.id, other, role="", by=me)) == {"role"}
        assert paths_of(lambda: accounts.set_password(org.id, other, password="1", by=me))

    def test_an_address_is_unique_over_all_orgs_and_in_any_case(
        self, org: Org, other_org: Org, other: str
    ) -> None:
        with pytest.raises(Taken) as refused:
            accounts.add_staff(
                other_org.id, email=f" {org.email.upper()}", role="sales", password=PASSWORD
            )
        assert refused.value.path == "email"

    def test_objects_of_another_org_are_not_found(self, org: Org, other_org: Org, me: str) -> None:
        theirs = other_org.staff().id
        for unknown in (theirs, NOBODY, "\0", "x"):
            for call in (
                lambda one=unknown: accounts.find_staff(org.id, one),
                lambda one=unknown: accounts.change_role(org.id, one, role="admin", by=me),
                lambda one=unknown: accounts.set_password(org.id, one, password=PASSWORD, by=me),
                lambda one=unknown: accounts.disable_staff(org.id, one, by=me),
                lambda one=unknown: accounts.enable_staff(org.id, one),
            ):
                with pytest.raises(NotFound):
                    call()
        assert accounts.find_staff(other_org.id, theirs).role == "sales"

    def test_a_suggested_password_is_long_and_random(self) -> None:
        offered = {checks.readable_password() for _ in range(50)}
        assert len(offered) == 50
        assert all(len(one) >= passwords.MIN_PASSWORD for one in offered)


class TestAttributes:
    def keys(self, org: Org) -> list[str]:
        """Return the keys in the order of the form, which is that of the rules."""
        rules = org_rules.org_rules_of(org.id).attributes
        assert [one.rule for one in attributes.list_attributes(org.id)] == list(rules)
        return [rule.key for rule in rules]

    def test_every_change_applies_to_the_next_order(self, org: Org) -> None:
        note = attributes.add_attribute(org.id, NOTE)
        color = attributes.add_attribute(org.id, COLOR)
        assert self.keys(org) == ["note", "color"]
        changed = replace(COLOR, label="Colour", default="red", required=True)
        attributes.change_attribute(org.id, color, changed)
        assert org_rules.org_rules_of(org.id).attributes[1] == changed
        assert attributes.move_attribute(org.id, color, "up") == 1
        assert self.keys(org) == ["color", "note"]
        assert attributes.move_attribute(org.id, color, "up") == 1
        attributes.remove_attribute(org.id, color)
        assert self.keys(org) == ["note"]
        attributes.add_attribute(org.id, COLOR)
        assert self.keys(org) == ["note", "color"]
        assert attributes.move_attribute(org.id, note, "down") == 2
        assert self.keys(org) == ["color", "note"]

    def test_a_key_cannot_be_changed(self, org: Org) -> None:
        made = attributes.add_attribute(org.id, NOTE)
        attributes.change_attribute(org.id, made, replace(NOTE, key="other", label="New"))
        found = attributes.find_attribute(org.id, made).rule
        assert (found.key, found.label) == ("note", "New")

    def test_a_key_is_unique_in_an_org(self, app: Flask, org: Org, other_org: Org) -> None:
        def add() -> None:
            attributes.add_attribute(org.id, NOTE)

        raised = at_once(app, add, add)
        [refused] = [error for error in raised if error is not None]
        assert isinstance(refused, Taken)
        assert refused.path == "key"
        attributes.add_attribute(other_org.id, NOTE)

    def test_two_admins_do_not_overwrite_each_other(self, org: Org) -> None:
        made = attributes.add_attribute(org.id, NOTE)
        seen = attributes.find_attribute(org.id, made).version
        first = replace(NOTE, label="First")
        attributes.change_attribute(org.id, made, first, version=seen)
        with pytest.raises(ChangedMeanwhile):
            attributes.change_attribute(org.id, made, replace(NOTE, label="Second"), version=seen)
        assert attributes.find_attribute(org.id, made).rule == first

    def test_parallel_moves_lose_and_duplicate_nothing(self, app: Flask, org: Org) -> None:
        made = [attributes.add_attribute(org.id, replace(NOTE, key=f"note{n}")) for n in range(5)]
        moves = [
            lambda one=one, way=way: attributes.move_attribute(org.id, one, way)
            for one, way in zip(made, ("down", "up", "down", "up", "up"), strict=True)
        ]
        assert at_once(app, *moves) == [None] * 5
        assert sorted(self.keys(org)) == [f"note{n}" for n in range(5)]

    def test_objects_of_another_org_are_not_found(self, org: Org, other_org: Org) -> None:
        theirs = attributes.add_attribute(other_org.id, NOTE)
        for unknown in (theirs, NOBODY, "\0", "x"):
            for call in (
                lambda one=unknown: attributes.find_attribute(org.id, one),
                lambda one=unknown: attributes.change_attribute(org.id, one, COLOR),
                lambda one=unknown: attributes.move_attribute(org.id, one, "up"),
                lambda one=unknown: attributes.remove_attribute(org.id, one),
            ):
                with pytest.raises(NotFound):
                    call()
        assert self.keys(other_org) == ["note"]

    def test_an_invalid_definition_changes_nothing(self, org: Org) -> None:
        made = attributes.add_attribute(org.id, COLOR)
        bad = replace(COLOR, label="", options=(), default="green")
        assert paths_of(lambda: attributes.change_attribute(org.id, made, bad)) == {
            "label", "option",
        }  # fmt: skip
        assert attributes.find_attribute(org.id, made).rule == COLOR
