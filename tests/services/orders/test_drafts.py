"""Drafts and templates: kept per person or org, never overwritten unseen, gone when placed."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from orders.domain.errors import InvalidInput, NotFound
from orders.domain.inputs import Limits
from orders.services.accounts.access import StaffMember
from orders.services.idempotency import IdempotencyKey
from orders.services.orders import drafts, intake
from orders.services.orders.drafts import DraftChanged, Fields
from tests.actors import Org

KEY, OTHER_KEY = "D" * 22, "E" * 22
TYPED: Fields = [["name", "Oak table"], ["cart.0.count", "12"]]
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.fixture
def member(app: Flask, org: Org) -> StaffMember:
    return org.staff()


def save(
    member: StaffMember,
    fields: Fields = TYPED,
    *,
    key: str = KEY,
    version: int = 0,
    page: str = "first",
) -> int:
    return drafts.save_draft(
        key, fields, actor=member.actor, title="Oak table", lines=1, version=version, page=page,
        now=NOW,
    )  # fmt: skip


def test_what_was_typed_comes_back(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        assert save(member) == 1
        kept = drafts.find_draft(KEY, member.actor)
        assert kept is not None
        assert (kept.fields, kept.version, kept.changed_at) == (TYPED, 1, NOW)
        [listed] = drafts.list_drafts(member.actor)
        assert (listed.key, listed.title, listed.lines) == (KEY, "Oak table", 1)
        assert drafts.list_drafts(member.actor, but=KEY) == []


def test_the_newest_draft_is_first(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        save(member)
        drafts.save_draft(
            OTHER_KEY, TYPED, actor=member.actor, title="", lines=0, version=0,
            page="first", now=NOW + timedelta(seconds=1),
        )  # fmt: skip
        assert [one.key for one in drafts.list_drafts(member.actor)] == [OTHER_KEY, KEY]


def test_a_second_window_overwrites_nothing(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        first = save(member)
        second = save(member, [["name", "Ash table"]], version=first, page="second")
        assert second == 2
        with pytest.raises(DraftChanged):
            save(member, [["name", "Elm table"]], version=first)
        kept = drafts.find_draft(KEY, member.actor)
        assert kept is not None
        assert kept.fields == [["name", "Ash table"]]


def test_a_page_follows_its_own_saves(app: Flask, member: StaffMember) -> None:
    # Its last answer may have been lost, or two of its saves may be on their way at once.
    with app.app_context():
        save(member)
        save(member, [["name", "Ash table"]], version=1)
        assert save(member, [["name", "Elm table"]], version=1) == 3


def test_the_same_content_again_is_no_change(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        assert save(member) == save(member) == 1


def test_a_draft_is_its_person_s_own(app: Flask, org: Org, other_org: Org) -> None:
    with app.app_context():
        save(org.staff())
        for stranger in (org.admin(), other_org.staff()):
            assert drafts.find_draft(KEY, stranger.actor) is None
            assert drafts.list_drafts(stranger.actor) == []
            drafts.discard_draft(KEY, stranger.actor)
        assert drafts.find_draft(KEY, org.staff().actor) is not None


def test_a_placed_order_leaves_no_draft(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        save(member)
        draft = intake.check_order({"status": "List"}, actor=member.actor, limits=Limits())
        intake.create_order(draft, actor=member.actor, key=IdempotencyKey(KEY, "f" * 64))
        assert drafts.find_draft(KEY, member.actor) is None
        assert drafts.list_drafts(member.actor) == []
        assert save(member, [["name", "late"]], version=1) == 0
        assert drafts.list_drafts(member.actor) == []


def test_a_discarded_draft_can_be_brought_back(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        save(member)
        drafts.discard_draft(KEY, member.actor)
        drafts.discard_draft(OTHER_KEY, member.actor)
        assert drafts.list_drafts(member.actor) == []
        assert drafts.find_draft(KEY, member.actor) is not None
        save(member, [["name", "Ash table"]], version=1)
        assert [one.key for one in drafts.list_drafts(member.actor)] == [KEY]


def test_old_drafts_are_deleted(app: Flask, member: StaffMember) -> None:
    with app.app_context():
        save(member)
        assert drafts.clear_old(NOW + drafts.KEPT_FOR - timedelta(seconds=1)) == 0
        assert drafts.clear_old(NOW + drafts.KEPT_FOR) == 1
        assert drafts.find_draft(KEY, member.actor) is None


class TestTemplates:
    def test_the_whole_org_uses_them(self, app: Flask, org: Org, other_org: Org) -> None:
        with app.app_context():
            made = drafts.save_template(" Weekly \n shelf ", TYPED, actor=org.staff().actor)
            colleague = org.admin().actor
            assert [one.name for one in drafts.list_templates(colleague)] == ["Weekly shelf"]
            assert drafts.find_template(made, colleague) == TYPED
            stranger = other_org.staff().actor
            assert drafts.list_templates(stranger) == []
            for act in (drafts.find_template, drafts.remove_template):
                with pytest.raises(NotFound):
                    act(made, stranger)
            assert drafts.remove_template(made, colleague) == "Weekly shelf"
            with pytest.raises(NotFound):
                drafts.find_template(made, colleague)

    def test_the_same_name_is_replaced(self, app: Flask, member: StaffMember) -> None:
        with app.app_context():
            first = drafts.save_template("Weekly", TYPED, actor=member.actor)
            again = drafts.save_template("Weekly", [["name", "x"]], actor=member.actor)
            assert first == again
            assert drafts.find_template(first, member.actor) == [["name", "x"]]

    @pytest.mark.parametrize("name", ["", " \0\n", "x" * 101])
    def test_a_name_is_needed(self, app: Flask, member: StaffMember, name: str) -> None:
        with app.app_context(), pytest.raises(InvalidInput) as refused:
            drafts.save_template(name, TYPED, actor=member.actor)
        assert refused.value.errors[0].path == "templateName"
