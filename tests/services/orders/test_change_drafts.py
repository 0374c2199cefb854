"""Unsaved changes of a stored order: one a person, never overwritten, never back once ended."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from orders.domain.inputs import Limits
from orders.domain.order import Order
from orders.services.accounts.access import StaffMember
from orders.services.orders import changes as order_changes
from orders.services.orders import drafts, intake
from orders.services.orders.drafts import DraftChanged, Fields
from tests.actors import Org

TYPED: Fields = [["version", "1"], ["name", "Ash table"]]
OTHER: Fields = [["version", "1"], ["name", "Elm table"]]


@pytest.fixture
def member(app: Flask, org: Org) -> StaffMember:
    return org.staff()


@pytest.fixture
def order(app: Flask, org: Org) -> Order:
    with app.app_context():
        draft = intake.check_order({"status": "List"}, actor=org.actor(), limits=Limits())
        return intake.create_order(draft, actor=org.actor())


def keep(
    order: Order, who: StaffMember, fields: Fields = TYPED, *, version: int = 0, page: str = "first"
) -> int:
    return drafts.save_change(order, fields, actor=who.actor, version=version, page=page)


def kept(order: Order, who: StaffMember) -> Fields | None:
    found = drafts.find_change(order, who.actor)
    return None if found is None else found.fields


def test_what_was_typed_comes_back(app: Flask, member: StaffMember, order: Order) -> None:
    with app.app_context():
        assert kept(order, member) is None
        assert keep(order, member) == 1
        assert kept(order, member) == TYPED


def test_it_is_no_draft_of_a_new_order(app: Flask, member: StaffMember, order: Order) -> None:
    with app.app_context():
        keep(order, member)
        assert drafts.list_drafts(member.actor) == []


def test_a_change_draft_belongs_to_its_person(
    app: Flask, org: Org, other_org: Org, order: Order
) -> None:
    with app.app_context():
        keep(order, org.staff())
        for stranger in (org.admin(), other_org.staff()):
            assert kept(order, stranger) is None
            drafts.end_change(order, stranger.actor, version=1, page="first")
        assert kept(order, org.staff()) == TYPED
        assert keep(order, org.admin(), OTHER, page="second") == 2  # after an end of their own
        assert kept(order, org.staff()) == TYPED


def test_a_second_window_overwrites_nothing(app: Flask, member: StaffMember, order: Order) -> None:
    with app.app_context():
        keep(order, member)
        with pytest.raises(DraftChanged):
            keep(order, member, OTHER, page="second")
        assert kept(order, member) == TYPED
        # One that has gone on with it has it from then on.
        assert keep(order, member, OTHER, version=1, page="second") == 2
        with pytest.raises(DraftChanged):
            keep(order, member, version=1)
        assert kept(order, member) == OTHER


def test_only_the_window_that_saved_it_can_end_it(
    app: Flask, member: StaffMember, order: Order
) -> None:
    with app.app_context():
        keep(order, member)
        assert not drafts.end_change(order, member.actor, version=0, page="second")
        assert kept(order, member) == TYPED
        assert drafts.end_change(order, member.actor, version=0, page="first")
        assert kept(order, member) is None


def test_a_late_save_of_an_ended_page_restores_nothing(
    app: Flask, member: StaffMember, order: Order
) -> None:
    with app.app_context():
        version = keep(order, member)
        drafts.end_change(order, member.actor, version=version, page="first")
        with pytest.raises(DraftChanged):
            keep(order, member, OTHER, version=version)
        assert kept(order, member) is None
        assert keep(order, member, OTHER, page="second") > version
        assert kept(order, member) == OTHER


def test_a_late_first_save_of_an_ended_page_restores_nothing(
    app: Flask, member: StaffMember, order: Order
) -> None:
    with app.app_context():
        drafts.end_change(order, member.actor, version=0, page="first")
        with pytest.raises(DraftChanged):
            keep(order, member)
        assert kept(order, member) is None


def test_what_is_typed_back_is_no_change(app: Flask, member: StaffMember, order: Order) -> None:
    with app.app_context():
        assert keep(order, member, []) == 0
        version = keep(order, member)
        version = keep(order, member, [], version=version)
        assert kept(order, member) is None
        # The page types on, and so may another: nothing would be overwritten.
        assert keep(order, member, OTHER, page="second") == version + 1
        assert kept(order, member) == OTHER


def test_it_waits_while_the_order_is_in_the_bin(
    app: Flask, org: Org, member: StaffMember, order: Order
) -> None:
    with app.app_context():
        keep(order, member)
        binned = order_changes.bin_order(order.id, actor=org.actor())
        assert kept(binned, member) is None
        assert kept(order_changes.restore_order(order.id, actor=org.actor()), member) == TYPED


def test_old_drafts_are_deleted_and_ends_soon_too(
    app: Flask, member: StaffMember, order: Order
) -> None:
    now = datetime.now(UTC)
    with app.app_context():
        version = keep(order, member)
        assert drafts.clear_old(now + drafts.END_KEPT_FOR + timedelta(minutes=1)) == 0
        assert drafts.clear_old(now + drafts.KEPT_FOR + timedelta(minutes=1)) == 1
        keep(order, member)
        drafts.end_change(order, member.actor, version=version, page="first")
        assert drafts.clear_old(now) == 0
        assert drafts.clear_old(now + drafts.END_KEPT_FOR + timedelta(minutes=1)) == 1
