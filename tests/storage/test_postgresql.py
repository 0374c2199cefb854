"""PostgreSQL behind PgBouncer in transaction mode, and what may not take long."""

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Integer, Text, bindparam, cast, func, literal_column, make_url, select, text
from sqlalchemy.exc import DBAPIError

from orders.domain.errors import ServiceBusy
from orders.interfaces.cli.upgrade import CannotStart, migrate
from orders.settings import Settings
from orders.storage import database, postgresql_dump
from orders.storage.startup import schema_version, search_hindrance
from orders.storage.tables import orders
from tests.actors import Org, make_org
from tests.bad_orders import CHAIR
from tests.databases import own_app, settings_for
from tests.postgres import SERVER_USER, binaries, die_with_parent, free_port, wait_for_server

NAMES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
LIMITS = ["30s", "5s", "1min"]


@pytest.fixture
def pooled(new_postgresql: str) -> Iterator[str]:
    """The URL of a database through PgBouncer, whose two sessions serve all transactions."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "pgbouncer is missing: .ci/run installs it"
    server, port = make_url(new_postgresql), free_port()
    folder = Path(tempfile.mkdtemp(prefix="shortorder-pgbouncer-"))
    folder.chmod(0o755)  # for the user below
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n{server.database} = host=127.0.0.1 port={server.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
        f"auth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = 2\n"
    )
    user = SERVER_USER if os.geteuid() == 0 else None  # it refuses to run as root
    bouncer = subprocess.Popen(
        [program, "-q", folder / "ini"], user=user, cwd="/",
        preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call
    )  # fmt: skip
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/{server.database}"
        wait_for_server(lambda: psycopg.connect(url).close())
        yield url
    finally:
        bouncer.send_signal(signal.SIGINT)
        bouncer.wait(timeout=30)
        shutil.rmtree(folder)


def limits() -> list[str]:
    with database.read() as connection:
        return [str(connection.execute(text(f"SHOW {name}")).scalar()) for name in NAMES]


def create(org: Org) -> int:
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    return org.app.test_client().post("/api/orders", json=order, headers=headers).status_code


def test_a_process_keeps_its_connections(new_postgresql: str, tmp_path: Path) -> None:
    """As many as it has threads and more, or a request would have to open one."""
    with own_app(settings_for(new_postgresql, tmp_path)) as app, app.app_context():
        assert Settings().database_pool > Settings().threads
        engine = database.db.engine
        for _ in range(2):
            used = [engine.connect() for _ in range(Settings().database_pool)]
            processes = {one.exec_driver_sql("SELECT pg_backend_pid()").scalar() for one in used}
            for one in used:
                one.close()
            assert engine.pool.checkedin() == len(processes) == 10  # type: ignore[attr-defined]


def test_it_works_behind_pgbouncer_in_transaction_mode(pooled: str, tmp_path: Path) -> None:
    with own_app(settings_for(pooled, tmp_path)) as app:
        org = make_org(app, "Workshop")
        statuses: list[int] = []

        def run() -> None:
            statuses.extend(create(org) for _ in range(12))

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [201] * 72
        with app.app_context():
            assert limits() == LIMITS
    with psycopg.connect(pooled) as other:  # what the product sets does not stay in a session
        assert other.execute("SHOW lock_timeout").fetchone() == ("0",)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lock_of_another_program_stops_others_for_a_limited_time(
    settings: Settings, org: Org
) -> None:
    with own_app(replace(settings, lock_timeout=1)) as app:
        ours = replace(org, app=app)
        with app.app_context():
            assert limits() == ["30s", "1s", "1min"]
        with psycopg.connect(settings.database_url) as other:
            other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            started = time.monotonic()
            assert create(ours) == 503
            assert 0.9 < time.monotonic() - started < 3
        assert create(ours) == 201


@pytest.mark.own_database(reason="it becomes read-only")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_became_read_only_is_a_busy_one_until_it_is_another(
    settings: Settings, org: Org
) -> None:
    name = make_url(settings.database_url).database

    def switch(value: str) -> None:
        own = "-c default_transaction_read_only=off"
        with psycopg.connect(settings.database_url, autocommit=True, options=own) as other:
            other.execute(
                f"ALTER DATABASE {name} SET default_transaction_read_only = {value}".encode()
            )

    assert create(org) == 201
    switch("on")
    with org.app.app_context():
        database.close()
    assert create(org) == 503
    switch("off")
    # On a new connection: those to the old server are of no more use.
    assert create(org) == 201


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_descriptor_for_a_connection_is_a_busy_database(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with app.app_context():
        database.close()
        with monkeypatch.context() as patch:
            patch.setattr(psycopg, "connect", fail)
            with pytest.raises(ServiceBusy), database.read():
                pass
        with database.read():
            pass


@pytest.mark.one_database(reason="SQLite has one encoding")
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_store_every_text_is_refused(
    postgres: str, encoding: str, tmp_path: Path
) -> None:
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE narrow TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'".encode()
        )
        with own_app(settings_for(f"{postgres}/narrow", tmp_path)) as app, app.app_context():
            with pytest.raises(CannotStart, match=f"{encoding}, which cannot store every text"):
                migrate(0)
            database.close()
        connection.execute("DROP DATABASE narrow WITH (FORCE)")


@pytest.fixture
def narrow(postgres: str) -> Iterator[str]:
    """The URL of a database whose role may create tables in it, but no extension."""
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute("CREATE ROLE narrow LOGIN PASSWORD 'narrow'")
        connection.execute("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'UTF8'")
        with psycopg.connect(f"{postgres}/narrow", autocommit=True) as own:
            own.execute("GRANT ALL ON SCHEMA public TO narrow")
        url = make_url(f"{postgres}/narrow").set(username="narrow", password="narrow")
        yield url.render_as_string(hide_password=False)
        connection.execute("DROP DATABASE narrow WITH (FORCE)")
        connection.execute("DROP ROLE narrow")


@pytest.mark.one_database(reason="SQLite needs no extension")
def test_a_role_that_may_not_create_the_extension_can_do_everything_else(
    narrow: str, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{binaries()}:{os.environ['PATH']}")
    with (
        psycopg.connect(f"{postgres}/narrow", autocommit=True) as admin,
        own_app(settings_for(narrow, tmp_path)) as app,
        app.app_context(),
    ):
        with pytest.raises(CannotStart, match="run CREATE EXTENSION pg_trgm in this database"):
            migrate(0)
        assert schema_version() is None
        admin.execute("CREATE SCHEMA elsewhere")
        admin.execute("CREATE EXTENSION pg_trgm SCHEMA elsewhere")
        with pytest.raises(CannotStart, match="in a schema that is not in the search_path"):
            migrate(0)
        admin.execute("ALTER EXTENSION pg_trgm SET SCHEMA public")
        admin.execute("DROP SCHEMA elsewhere")
        migrate(0)
        kept = tmp_path / "kept.dump"
        postgresql_dump.dump(kept, select(orders.c.id), lambda: None)
        admin.execute("DROP OWNED BY narrow CASCADE")
        admin.execute("GRANT ALL ON SCHEMA public TO narrow")
        assert schema_version() is None
        postgresql_dump.restore(kept)
        assert schema_version() is not None
        database.close()


@pytest.mark.one_database(reason="SQLite needs no extension")
def test_servers_that_start_at_once_do_not_blame_each_other(postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE new TEMPLATE template0 ENCODING 'UTF8'")
        with own_app(settings_for(f"{postgres}/new", tmp_path)) as app:
            found: list[str | None] = []

            def look() -> None:
                with app.app_context():
                    found.append(search_hindrance())

            threads = [threading.Thread(target=look) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert found == [None] * 6
            with app.app_context():
                database.close()
        connection.execute("DROP DATABASE new WITH (FORCE)")


@pytest.mark.own_database(reason="its connections are ended")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
class TestSelectsByTheDriver:
    """Connections of the pool are used outside of transactions, and are as before afterwards."""

    ONE = database.CompiledSelect(select(literal_column("1").label("one")))
    NUMBER = database.CompiledSelect(
        select(cast(bindparam("sent", type_=Text), Integer).label("one"))
    )

    def test_connections_have_transactions_again(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise MemoryError

        with app.app_context():
            assert [row.one for row in database.rows(self.ONE, {})] == [1]
            with pytest.raises(DBAPIError):
                database.rows(self.NUMBER, {"sent": "x"})
            with monkeypatch.context() as patched:
                patched.setattr(database.CompiledSelect, "rows_of_driver", fail)
                with pytest.raises(MemoryError):
                    database.rows(self.ONE, {})
            with database.db.engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert isinstance(driver, psycopg.Connection)
                assert not driver.autocommit
            assert database.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue

    def test_lost_connections_are_replaced(self, app: Flask, database_url: str) -> None:
        with app.app_context():
            engine = database.db.engine
            with engine.connect() as first, engine.connect() as second:
                kept = [one.scalar(select(func.pg_backend_pid())) for one in (first, second)]
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) pid", [kept])
            assert [row.one for row in database.rows(self.ONE, {})] == [1]
            with engine.connect() as connection:
                assert connection.scalar(select(func.pg_backend_pid())) not in kept
