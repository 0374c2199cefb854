"""The orders of a checked file are created, on both databases, and never twice."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from orders.domain.errors import Conflict, InvalidInput
from orders.services.idempotency import IdempotencyKey
from orders.services.imports import claim, control, records, work
from orders.services.imports.claim import ClaimLost
from orders.services.imports.plan import Plan
from orders.services.imports.records import Counts, Import, ImportState, OrderState
from orders.services.orders import changes, intake, queries
from orders.services.webhooks import webhooks
from orders.storage import database, tables
from orders.storage.models.people import StaffAccount
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.services.imports.steps import (
    GOOD,
    HEADS,
    LIMITS,
    MIXED,
    checked,
    started,
    stored,
    worked,
)
from tests.sheets import csv_of


def test_it_works(org: Org) -> None:
    one = checked(org, GOOD)
    assert one.state == ImportState.CHECKED
    assert one.order_count == 3
    assert records.counts(one) == Counts(good=3)
    assert stored(org) == []
    done = worked(started(one, org), org)
    assert done.state == ImportState.DONE
    assert records.counts(done) == Counts(made=3)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]
    [first, *_] = records.read_orders(done)
    made = queries.find_order(first.short_id or "", org.id)
    assert (made.id, made.name, made.created_by) == (first.order_id, "Reception", org.staff().id)
    assert [entry.action for entry in queries.read_history(made)] == ["imported"]


def test_skipping_bad_rows_creates_the_good_orders(org: Org) -> None:
    one = checked(org, MIXED)
    assert records.counts(one) == Counts(good=2, bad=1)
    done = worked(started(one, org), org)
    assert (done.state, records.counts(done)) == (ImportState.DONE, Counts(made=2, bad=1))
    assert [name for name, _ in stored(org)] == ["Fine", "Good"]


def test_all_or_nothing_does_not_start_with_a_bad_row(org: Org) -> None:
    one = checked(org, MIXED)
    with pytest.raises(InvalidInput) as refused:
        started(one, org, all_or_nothing=True)
    assert refused.value.errors[0].path == "mode"
    assert worked(one, org).state == ImportState.CHECKED
    assert stored(org) == []


def test_all_or_nothing_creates_none_when_one_has_become_invalid(org: Org) -> None:
    card = org.save("Chair", "CHAIR-1")
    one = checked(org, csv_of(HEADS, ("A", "a", CHAIR, 1), ("B", "b", card.short_id, 1)))
    at = datetime.now(UTC)
    bin_it = update(tables.configuration).where(tables.configuration.c.id == card.id)
    database.write(lambda c: c.execute(bin_it.values(deleted_at=at)).rowcount)
    failed = worked(started(one, org, all_or_nothing=True), org)
    assert failed.state == ImportState.FAILED
    assert "One order has errors" in (failed.message or "")
    assert records.counts(failed) == Counts(good=1, bad=1)
    assert stored(org) == []
    database.write(lambda c: c.execute(bin_it.values(deleted_at=None)).rowcount)
    control.carry_on(failed)
    assert worked(failed, org).state == ImportState.DONE
    assert len(stored(org)) == 2


def made_and_not_noted(one: Import, org: Org, *positions: int) -> None:
    """Make orders as a process did that died before it could note them."""
    actor = org.staff().actor
    plan = Plan(one, actor, LIMITS)
    for position in positions:
        draft = plan.draft(plan.order(position))
        once = IdempotencyKey(work.key_of(one.id, position), plan.fingerprint(position))
        intake.create_order(draft, actor=actor, key=once)


def test_orders_of_a_killed_process_are_not_created_again(org: Org) -> None:
    one = started(checked(org, GOOD), org)
    count, since = claim.backlog(datetime.now(UTC))
    assert (count, since is not None and since <= datetime.now(UTC)) == (1, True)
    dead = claim.claim_next()
    assert dead is not None
    assert claim.backlog(datetime.now(UTC)) == (0, None)
    made_and_not_noted(one, org, 0, 1)
    assert not work.work_next(LIMITS), "the claim of the dead still lasts"
    assert len(stored(org)) == 2
    later = datetime.now(UTC) + claim.LEASE
    assert work.work_next(LIMITS, now=lambda: later)
    assert records.counts(one) == Counts(made=3)
    assert stored(org) == [("Canteen", [1]), ("Reception", [2, 3]), ("Roof", [4])]


def test_a_process_that_was_only_slow_writes_no_order_twice(org: Org) -> None:
    one = started(checked(org, GOOD), org)
    slow = claim.claim_next()
    assert slow is not None
    later = datetime.now(UTC) + claim.LEASE
    assert work.work_next(LIMITS, now=lambda: later)
    with pytest.raises(ClaimLost):
        slow.keep()
    made_and_not_noted(one, org, 0, 1, 2)
    assert len(stored(org)) == 3


def test_parallel_workers_create_each_order_once(app: Flask, org: Org) -> None:
    """As the processes on several machines do, whose claims are all over at once."""
    one = started(checked(org, csv_of(HEADS, *((n, f"{n:02}", CHAIR, 1) for n in range(40)))), org)
    ahead = itertools.count()

    def hurry(_: int) -> None:
        with app.app_context():
            # Each of them comes so late that the claim of the one before is over.
            while work.work_next(
                LIMITS, now=lambda: datetime.now(UTC) + 10 * next(ahead) * claim.LEASE
            ):
                pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hurry, range(4)))
    assert worked(one, org).state == ImportState.DONE
    assert [name for name, _ in stored(org)] == [f"{n:02}" for n in range(40)]


def test_after_a_stop_the_next_process_continues_at_once(org: Org) -> None:
    one = started(checked(org, csv_of(HEADS, *((n, f"{n:02}", CHAIR, 1) for n in range(25)))), org)
    asked = iter((False, True))
    assert work.work_next(LIMITS, lambda: next(asked))
    assert records.counts(one) == Counts(made=10, good=15)
    assert worked(one, org).state == ImportState.DONE
    assert len(stored(org)) == 25


def test_cancelling_stops_after_the_current_batch_and_lists_what_was_created(org: Org) -> None:
    one = started(checked(org, csv_of(HEADS, *((n, f"{n:02}", CHAIR, 1) for n in range(25)))), org)

    def cancels() -> bool:
        control.cancel(one)
        return False

    assert work.work_next(LIMITS, cancels)
    assert records.find(one.id, org.id).state == ImportState.CANCELLING
    cancelled = worked(one, org)
    assert cancelled.state == ImportState.CANCELLED
    assert records.counts(one) == Counts(made=10, good=15)
    assert len(stored(org)) == 10
    control.carry_on(cancelled)
    assert worked(one, org).state == ImportState.DONE
    assert len(stored(org)) == 25


def test_cancelling_before_the_start_creates_nothing(org: Org) -> None:
    one = checked(org, GOOD)
    control.cancel(one)
    assert worked(one, org).state == ImportState.CANCELLED
    started(one, org)
    with pytest.raises(Conflict):
        started(records.find(one.id, org.id), org)
    with pytest.raises(Conflict):
        control.carry_on(records.find(one.id, org.id))
    assert stored(org) == []


def test_a_second_click_on_start_changes_nothing(org: Org) -> None:
    one = checked(org, MIXED)
    started(one, org)
    started(one, org)
    started(records.find(one.id, org.id), org, all_or_nothing=True)
    assert not records.find(one.id, org.id).is_all_or_nothing
    worked(one, org)
    started(records.find(one.id, org.id), org)
    assert worked(one, org).state == ImportState.DONE
    assert len(stored(org)) == 2


def test_the_same_content_again_needs_a_confirmation(org: Org) -> None:
    worked(started(checked(org, GOOD), org), org)
    second = checked(org, GOOD.replace(",", ";"), "another form")
    assert [one.state for one in records.earlier_runs(second)] == [ImportState.DONE]
    with pytest.raises(InvalidInput) as refused:
        started(second, org)
    assert refused.value.errors[0].path == "again"
    assert len(stored(org)) == 3
    worked(started(second, org, again=True), org)
    assert len(stored(org)) == 6


def test_an_import_finishes_although_its_account_was_disabled(org: Org) -> None:
    one = started(checked(org, GOOD), org)
    gone = update(StaffAccount).where(StaffAccount.id == org.staff().id)
    database.write(lambda c: c.execute(gone.values(disabled_at=datetime.now(UTC))).rowcount)
    assert worked(one, org).state == ImportState.DONE
    assert len(stored(org)) == 3


def test_webhooks_are_sent_for_imported_orders(org: Org) -> None:
    webhooks.create(
        {"topic": "order.created", "address": "https://shop.example/hook"},
        actor=org.actor(), limits=LIMITS, allow_private=False,
    )  # fmt: skip
    worked(started(checked(org, GOOD), org), org)
    with database.read() as connection:
        delivered = connection.execute(select(tables.webhook_delivery.c.order_id)).all()
    assert len(delivered) == 3


def test_states_of_orders_are_known() -> None:
    assert {str(state) for state in OrderState} == {"good", "bad", "made", "skipped", "binned"}
    assert timedelta(seconds=1) < claim.LEASE < timedelta(minutes=1)


def test_undoing_goes_on_where_a_killed_process_was(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MADE_AT_ONCE", 1)
    one = worked(started(checked(org, GOOD), org), org)
    [first, second, _] = records.read_orders(one)
    actor = org.staff().actor
    changes.bin_order(second.order_id or "", actor=actor)
    undoer = org.admin()
    control.undo(one, actor=undoer.actor)
    answers = iter([False, True])
    assert work.work_next(LIMITS, lambda: next(answers))
    assert records.counts(one) == Counts(made=2, binned=1)
    done = worked(one, org)
    assert done.state == ImportState.UNDONE
    assert records.counts(done) == Counts(binned=3)
    assert stored_in_bin(org) == 3
    order = queries.find_any_order(first.short_id or "", org.id)
    assert [(one.action, one.actor_name) for one in queries.read_history(order)] == [
        ("imported", org.email), ("binned", f"admin.{org.email}"),
    ]  # fmt: skip
    [noted] = records.read_noted(done, OrderState.BINNED, most=9)
    assert noted.position == second.position
    assert "It was already deleted" in noted.faults[0].message


def stored_in_bin(org: Org) -> int:
    binned = select(tables.orders.c.id).where(
        tables.orders.c.org_id == org.id, tables.orders.c.deleted_at.is_not(None)
    )
    return len(database.fetch_all(binned))
