"""A file of orders is stored completely and once, and a person chooses what its columns are."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from orders.domain.column_matching import Matching
from orders.domain.errors import Conflict, InvalidInput, NotFound
from orders.domain.inputs import Limits
from orders.domain.sheet_reading import UnreadableSheet
from orders.services.imports import control, preview, records, upload, work
from orders.services.imports.records import Counts, ImportState
from orders.storage import database, tables
from orders.storage.pages import Paging
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
    uploaded,
    worked,
)
from tests.sheets import csv_of


def test_the_same_form_twice_is_one_import(org: Org) -> None:
    assert uploaded(org, GOOD).id == uploaded(org, GOOD).id
    assert uploaded(org, MIXED).id != uploaded(org, GOOD).id


def test_the_choice_of_columns_is_remembered_by_the_headings(org: Org, other_org: Org) -> None:
    text = csv_of(("Ref", "Thing", "How many"), ("A", CHAIR, 2))
    actor = org.staff().actor
    one = uploaded(org, text)
    # What its cells name is certain, what the numbers count is not.
    assert upload.suggest(one, actor).targets == ("", "configurationId", "")
    chosen = Matching(("name", "configurationId", "count"), 0)
    upload.match(one, chosen, actor=actor)
    other = uploaded(org, text.replace("A,", "B,"), "other")
    assert upload.suggest(other, actor) == chosen
    stranger = other_org.staff().actor
    assert upload.suggest(uploaded(other_org, text), stranger).targets == (
        "", "configurationId", "",
    )  # fmt: skip


def test_a_choice_that_makes_no_sense_is_refused(org: Org) -> None:
    one = uploaded(org, GOOD)
    actor = org.staff().actor
    for matching, paths in (
        (Matching(("", "name", "", "count"), None), [""]),
        (Matching(("name", "name", "sku", "nonsense"), 9), ["column.1", "column.3", "group"]),
        (Matching(("metadata.not-of-this-file", "", "sku", ""), 0), ["column.0"]),
    ):
        with pytest.raises(InvalidInput) as refused:
            upload.match(one, matching, actor=actor)
        assert [error.path for error in refused.value.errors] == paths
    assert records.find(one.id, org.id).state == ImportState.MATCHING


def test_columns_can_be_changed_until_the_start(org: Org) -> None:
    one = checked(org, GOOD)
    actor = org.staff().actor
    upload.match(one, Matching(("", "name", "sku", "count"), None), actor=actor)
    again = worked(one, org)
    assert (again.order_count, records.counts(again)) == (4, Counts(good=4))
    worked(started(again, org), org)
    with pytest.raises(Conflict):
        upload.match(again, Matching(("", "name", "sku", "count"), 1), actor=actor)
    assert len(stored(org)) == 4


def test_another_choice_restarts_a_running_check(org: Org) -> None:
    one = uploaded(org, csv_of(HEADS, *((n, "x", CHAIR, 1) for n in range(450))))
    actor = org.staff().actor
    upload.match(one, upload.suggest(one, actor), actor=actor)
    asked = iter((False, True, False, False, False, False, False))

    def chooses_anew() -> bool:
        if next(asked):
            upload.match(one, Matching(("", "", "sku", "count"), 1), actor=actor)
        return False

    assert work.work_next(LIMITS, chooses_anew)
    again = worked(one, org)
    assert (again.order_count, records.counts(again)) == (1, Counts(good=1))


def test_other_orgs_do_not_see_it(org: Org, other_org: Org) -> None:
    one = checked(org, GOOD)
    with pytest.raises(NotFound):
        records.find(one.id, other_org.id)
    assert records.list_imports(other_org.id, Paging()).count == 0
    theirs = checked(other_org, GOOD)
    worked(started(theirs, other_org), other_org)
    assert records.earlier_runs(one) == []
    assert stored(org) == []


def test_a_file_that_is_too_long_is_refused_and_not_stored(org: Org) -> None:
    text = csv_of(HEADS, *((n, "x", CHAIR, 1) for n in range(6)))
    with pytest.raises(UnreadableSheet, match="The limit is 5"):
        upload.upload(
            "a.csv", text.encode(), actor=org.staff().actor, limits=Limits(order_rows=5), key="k"
        )
    assert records.list_imports(org.id, Paging()).count == 0


def test_an_interrupted_upload_is_not_visible_until_it_is_complete(org: Org) -> None:
    one = uploaded(org, GOOD)
    half = update(tables.order_import).values(state=ImportState.READING)
    database.write(lambda c: c.execute(half).rowcount)
    some = delete(tables.order_import_row).where(tables.order_import_row.c.number > 3)
    database.write(lambda c: c.execute(some).rowcount)
    with pytest.raises(NotFound):
        records.find(one.id, org.id)
    assert uploaded(org, GOOD).id == one.id
    assert len(records.read_sheet(one).rows) == 4


def test_files_that_were_never_started_are_deleted_after_a_week(org: Org) -> None:
    new = checked(org, GOOD)
    run = worked(started(checked(org, MIXED), org), org)
    assert control.forget_old() == 0
    later = datetime.now(UTC) + control.KEPT_FOR
    assert control.forget_old(lambda: later) == 1
    assert [one.id for one, _ in records.list_imports(org.id, Paging()).entries] == [run.id]
    for table in (tables.order_import_row, tables.order_import_order):
        with database.read() as connection:
            left = connection.execute(select(table.c.import_id)).scalars().all()
        assert set(left) == {run.id}
    with pytest.raises(NotFound):
        records.find(new.id, org.id)
    assert preview.result_csv(run).count("\r\n") == 4
