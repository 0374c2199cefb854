"""The recorder is bounded, never blocks a request, and starts again in a forked process."""

import logging
import os
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from orders.domain.errors import ServiceBusy
from orders.services import request_log
from orders.services.request_log import RequestRecord, RequestRecorder
from orders.storage import database, tables
from tests.actors import Org


@pytest.fixture
def recorder(app: Flask) -> Iterator[RequestRecorder]:
    recorder = RequestRecorder(14, app.app_context)
    yield recorder
    recorder.close()


def record(recorder: RequestRecorder, org: Org, times: int = 1) -> None:
    for _ in range(times):
        recorder.log_request(org.id, org.private.id, "GET", "/api/orders/x", 200, "")


def stored(app: Flask) -> int:
    with app.app_context(), database.read() as connection:
        count = select(func.count()).select_from(tables.request_log)
        return connection.execute(count).scalar_one()


def test_the_thread_writes_by_itself(
    app: Flask, org: Org, recorder: RequestRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "PAUSE", 0.01)
    for expected in (3, 6):
        record(recorder, org, 3)
        while stored(app) < expected:
            time.sleep(0.01)
    assert stored(app) == 6


def test_closing_writes_the_queue_and_a_later_request_starts_the_thread_again(
    app: Flask, org: Org, recorder: RequestRecorder
) -> None:
    record(recorder, org)
    recorder.close()
    assert stored(app) == 1
    record(recorder, org)
    recorder.close()
    assert stored(app) == 2


def test_more_rows_than_one_statement_takes(
    app: Flask, org: Org, recorder: RequestRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "CHUNK", 7)
    record(recorder, org, 30)
    recorder.flush()
    assert stored(app) == 30


def test_records_beyond_the_limit_are_dropped_and_counted(
    app: Flask, org: Org, recorder: RequestRecorder, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(request_log, "MOST_WAITING", 5)
    record(recorder, org, 8)
    recorder.flush()
    assert stored(app) == 5
    assert caplog.messages == ["3 requests were left out of the request log."]
    record(recorder, org)
    recorder.flush()
    assert stored(app) == 6
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("error", [ServiceBusy("Busy."), LookupError("broken")])
def test_records_that_cannot_be_written_are_dropped_without_an_error(
    app: Flask, org: Org, recorder: RequestRecorder, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, error: Exception,
) -> None:  # fmt: skip
    def fail(_records: list[RequestRecord]) -> None:
        raise error

    record(recorder, org, 4)
    with monkeypatch.context() as patch:
        patch.setattr(request_log, "store", fail)
        recorder.flush()
    assert "4 requests were left out of the request log." in caplog.messages
    assert any(one.levelno == logging.ERROR for one in caplog.records) == (
        not isinstance(error, ServiceBusy)
    )
    record(recorder, org)
    recorder.flush()
    assert stored(app) == 1


def test_requests_during_a_batch_are_written_with_the_next(
    app: Flask, org: Org, recorder: RequestRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, batches = request_log.store, []

    def store_while_requests_arrive(records: list[RequestRecord]) -> None:
        batches.append(len(records))
        record(recorder, org, 2)
        store(records)

    monkeypatch.setattr(request_log, "store", store_while_requests_arrive)
    record(recorder, org)
    recorder.flush()
    assert batches == [1]
    assert stored(app) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # of Python 3.12
def test_a_forked_process_does_not_write_its_parents_records(
    app: Flask, org: Org, recorder: RequestRecorder
) -> None:
    record(recorder, org, 2)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with app.app_context():
                database.db.engine.dispose(close=False)  # PostgreSQL's belong to the parent
            record(recorder, org)
            recorder.close()  # by a thread of its own
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert stored(app) == 1
    recorder.close()
    assert stored(app) == 3


def test_old_rows_are_deleted_from_time_to_time(
    app: Flask, org: Org, recorder: RequestRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "PAUSE", 0.01)
    monkeypatch.setattr(request_log, "FORGETTING_PAUSE", 0.01)
    recorder.reset()
    fortnight = 15 * 24 * 3600 * 1000
    old = RequestRecord(
        org.id, org.private.id, int(time.time() * 1000) - fortnight, "GET", "/old", 200, ""
    )
    with app.app_context():
        request_log.store([old, old])
    record(recorder, org)
    while stored(app) != 1:
        time.sleep(0.01)
    recorder.close()
    assert stored(app) == 1


def test_the_log_keeps_a_number_of_rows(
    app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "PAUSE", 0.01)
    monkeypatch.setattr(request_log, "FORGETTING_PAUSE", 0.01)
    monkeypatch.setattr(request_log, "DELETE_BATCH", 4)
    recorder = RequestRecorder(14, app.app_context, most=5)
    record(recorder, org, 12)
    recorder.flush()
    assert stored(app) == 12
    record(recorder, org)
    while stored(app) != 5:
        time.sleep(0.01)
    recorder.close()
    assert stored(app) == 5


@pytest.mark.one_database(reason="what waits in memory")
def test_long_texts_are_cut_before_they_wait_in_memory(
    app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[RequestRecord] = []
    monkeypatch.setattr(request_log, "store", waiting.extend)
    recorder = RequestRecorder(14, app.app_context)
    recorder.log_request(org.id, org.private.id, "GET", "/" * 300_000, 200, "x" * 300_000)
    recorder.close()
    assert len(waiting) == 1
    assert max(len(waiting[0].path), len(waiting[0].user_agent)) == request_log.MOST_KEPT_TEXT
