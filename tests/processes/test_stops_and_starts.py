"""Stops while workers start, kills of several processes at once, and starts that cannot succeed."""

import fcntl
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import make_url

from orders.interfaces.cli import upgrade
from orders.interfaces.cli.server import _begin
from orders.interfaces.http.memory import ThreadWatch
from orders.interfaces.http.server import AGAIN, _Server
from orders.settings import BadSetting, read_settings
from orders.storage import database
from orders.storage.startup import schema_version
from tests.databases import copy_sqlite, own_app, settings_for, sqlite_template
from tests.postgres import free_port
from tests.processes.calls import LINE, call
from tests.processes.commands import Command
from tests.processes.server import Server, running

SOON = 2.0  # seconds


def seconds_until(condition: Callable[[], object]) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + 30
        time.sleep(0.005)
    return time.monotonic() - started


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_background_work_is_started_again_and_no_worker_outlives_its_supervisor(
    tmp_path: Path,
) -> None:
    with running(tmp_path, WORKERS="1") as server:
        [background] = server.background()
        os.kill(background, signal.SIGKILL)
        seconds_until(lambda: server.background() not in ([], [background]))
        said = "Background work ended (code -9); starting it again."
        assert said in server.log.read_text("utf-8")
        granian, _worker = server.children()
        os.kill(server.process.pid, signal.SIGSTOP)  # it must not end the others meanwhile
        os.kill(granian, signal.SIGKILL)
        os.kill(server.process.pid, signal.SIGKILL)
        assert seconds_until(lambda: is_free(server.port)) < SOON


@pytest.mark.parametrize("fault", ["cannot begin", "has ended"])
def test_a_process_ends_when_a_thread_is_of_no_use_any_more(fault: str) -> None:
    child = os.fork()
    if child == 0:
        thread = threading.Thread()
        if fault == "cannot begin":
            threading._limbo[thread] = thread  # type: ignore[attr-defined]  # as `start` does
        watch = ThreadWatch([thread] if fault == "has ended" else [])
        if fault == "cannot begin":
            watch.look()  # it may be about to begin
        watch.look()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == os.EX_OSERR


def test_a_stop_while_workers_start_is_fast(tmp_path: Path) -> None:
    copy_sqlite(tmp_path, "shortorder.sqlite3")
    port, log = free_port(), tmp_path / "server.log"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PORT": str(port), "DEMO": "0"}
    process = Command("serve", environment=environment, log=log)
    server = Server("", port, environment, log, process)
    try:
        seconds_until(lambda: len(server.children()) > 1)
        process.terminate()
        started = time.monotonic()
        assert process.wait(timeout=30) == 0
        assert time.monotonic() - started < SOON
    finally:
        process.kill()


@pytest.mark.parametrize("ends", ["asked to stop", "supervisor killed"])
def test_a_stop_lets_a_request_finish_that_waits_for_a_second(tmp_path: Path, ends: str) -> None:
    """The server asks its workers to stop ten times a second until they have ended."""
    with running(tmp_path, WORKERS="1") as server, ThreadPoolExecutor() as pool:
        org = server.command("org", "add", "Workshop")["id"]
        token = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        file = tmp_path / "shortorder.sqlite3.writer-lock"
        with file.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = pool.submit(call, server, token, "POST", "/api/orders", {"cart": [LINE]})
            seconds_until(lambda: waits_for(file))
            processes = [server.process.pid, *server.children()]
            server.process.terminate() if ends == "asked to stop" else server.process.kill()
            time.sleep(10 * AGAIN)
        started = time.monotonic()
        assert waiting.result()[0] == 201
        seconds_until(lambda: not any(map(lives, processes)))
        assert time.monotonic() - started < SOON


def waits_for(file: Path) -> bool:
    """Return whether a process waits for the lock on a file."""
    inode = str(file.stat().st_ino)
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in one and one.split()[-3].endswith(f":{inode}") for one in lines)


def lives(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_pages_are_compiled_before_workers_have_to_begin(
    new_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings = settings_for(new_sqlite, tmp_path)
    with own_app(settings) as app, app.app_context():
        _begin(app, settings, is_first=False)
        pages = app.jinja_env.list_templates(extensions=["html"])
    assert len(list(tmp_path.glob("_jinja2-cache-*/*"))) >= len(pages) > 100


def refused(url: str, folder: Path, **settings: object) -> str:
    """Run `serve` with a database that cannot be used; return its one line."""
    environment = {
        **os.environ, "DATA_DIR": str(folder), "PORT": str(free_port()), "DATABASE_URL": url,
        "DATABASE_WAIT": "0", "DEMO": "0",
    }  # fmt: skip
    log = folder / "serve.log"
    log.unlink(missing_ok=True)
    code = Command("serve", environment=environment, log=log).wait(timeout=30)
    said = log.read_text("utf-8")
    assert (code, said.count("\n")) == (1, 1), said
    return said


def test_a_database_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    for where in (f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()},localhost:{free_port()}"):
        said = refused(f"postgresql://user:SECRET@{where}/orders", tmp_path)
        assert said.startswith("Error: The database cannot be reached: connection")
        assert "SECRET" not in said
    (tmp_path / "notes.txt").write_text("not a database" * 99)
    said = refused(f"sqlite:///{tmp_path}/notes.txt", tmp_path)
    assert said == "Error: The database cannot be reached: file is not a database\n"
    copy_sqlite(tmp_path, "new.sqlite3")
    with (
        own_app(settings_for(f"sqlite:///{tmp_path}/new.sqlite3", tmp_path)) as app,
        app.app_context(),
    ):
        with database.transaction() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        said = refused(f"sqlite:///{tmp_path}/new.sqlite3", tmp_path)
    assert said.startswith("Error: The database has schema 9999, which a newer Shortorder has made")


def test_a_copy_without_its_log_is_refused_and_a_new_database_is_not(tmp_path: Path) -> None:
    new, copy = tmp_path / "new.sqlite3", tmp_path / "copy.sqlite3"
    new.touch()
    with own_app(settings_for(f"sqlite:///{new}", tmp_path)) as app, app.app_context():
        # As after a first start that was killed before the migrations.
        assert schema_version() is None
        database.close()
        assert new.stat().st_size
        upgrade.migrate(0)
        assert schema_version() is not None
        shutil.copy(new, copy)  # the tables are still in the log
    assert copy.stat().st_size < 10_000
    before = copy.read_bytes()
    said = refused(f"sqlite:///{copy}", tmp_path)
    assert said.startswith("Error: The database has no tables: it is probably a copy")
    assert copy.read_bytes() == before


def test_a_start_waits_for_a_database_that_is_late(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "late.sqlite3"
    file.write_text("not yet" * 99)
    late = threading.Timer(0.3, lambda: file.write_bytes(sqlite_template().read_bytes()))
    with own_app(settings_for(f"sqlite:///{file}", tmp_path)) as app, app.app_context():
        late.start()
        upgrade.migrate(20)
        assert schema_version() is not None
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        "Waiting up to 20 s for the database (DATABASE_WAIT): file is not a database"
    )


def test_several_hosts_are_understood_and_a_bad_address_is_named(tmp_path: Path) -> None:
    def read(url: str) -> str:
        return read_settings({"DATA_DIR": str(tmp_path), "DATABASE_URL": url}).database_url

    url = make_url(read("postgres://me:word@one:5432,two:5433/orders?target_session_attrs=any"))
    assert url.get_dialect()().create_connect_args(url)[1] == {
        "user": "me", "password": "word", "dbname": "orders", "host": "one,two",
        "port": "5432,5433", "target_session_attrs": "any",
    }  # fmt: skip
    with pytest.raises(BadSetting, match="DATABASE_URL cannot be read") as refusal:
        read("postgresql://me:SECRET@one:port/orders")
    assert "SECRET" not in str(refusal.value)


def test_a_stop_waits_for_no_lock_of_the_thread_that_it_interrupts() -> None:
    server = object.__new__(_Server)
    server.interrupt_signal, server.main_loop_interrupt = False, threading.Event()

    def interrupted() -> None:
        # As in the middle of its `wait` or `clear`.
        with server.main_loop_interrupt._cond:  # type: ignore[attr-defined]
            server.signal_handler_interrupt()

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(SOON)
    assert not thread.is_alive()
    assert server.interrupt_signal
