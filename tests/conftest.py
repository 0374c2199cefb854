"""Fixtures that most tests share: an application on a clean database, and its clients."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck
from hypothesis import settings as profiles
from sqlalchemy import func, select

from orders.interfaces.http import request_ids
from orders.services import request_log
from orders.settings import Settings
from orders.storage import database, rate_counts, tables
from tests.actors import Org, make_org
from tests.databases import (
    Database,
    PostgresDatabase,
    SharedApp,
    SqliteDatabase,
    copy_sqlite,
    migrate,
    own_app,
    settings_for,
)
from tests.postgres import new_database, postgres_server
from tests.receiver import Receiver, receiving

# No deadline: a busy machine is no fault of a rule. The same examples in every run: what fails,
# fails for everybody and at once. `make soak` looks further, with other examples each time.
profiles.register_profile(
    "fixed",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
profiles.register_profile(
    "soak", profiles.get_profile("fixed"), max_examples=2_000, derandomize=False
)
profiles.load_profile("fixed")

# What takes long begins first, so that both processes of `make test` end together.
LONG_FIRST = (
    "tests/browser/",
    "tests/api/test_schemathesis.py",
    "tests/processes/",
    "tests/reference/",
)


# The browser's files are two groups, each with a served desk and a Chromium: one would take longer
# than all other tests together.
BROWSER_MIDDLE = "tests/browser/test_l"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        return next((n for n, one in enumerate(LONG_FIRST) if item.nodeid.startswith(one)), 99)

    items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:  # noqa: ANN401 - xdist's own
    """Run each file in one process, for its shared fixtures, and all browser tests in one."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only where it is installed

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            file, _, _test = nodeid.partition("::")
            if not file.startswith("tests/browser/"):
                return file
            return "browser, first half" if file < BROWSER_MIDDLE else "browser, second half"

    config.option.loadscopereorder = False
    return Scheduling(config, log)


# Tests write the request log when they look at it, and at their end; no thread does meanwhile.
request_log.PAUSE = 3600.0
rate_counts.PAUSE = 3600.0


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the session, with a migrated template; return the URL without a database."""
    with postgres_server() as url:
        with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE template_orders")
        migrate(settings_for(f"{url}/template_orders", tmp_path_factory.mktemp("pg")))
        yield url


@pytest.fixture
def new_sqlite(tmp_path: Path) -> str:
    """A database that no other test uses."""
    copy_sqlite(tmp_path)
    return f"sqlite:///{tmp_path / 'orders.sqlite3'}"


@pytest.fixture
def new_postgresql(postgres: str) -> Iterator[str]:
    """A database that no other test uses."""
    with new_database(postgres, "own_orders") as url:
        yield url


@pytest.fixture(scope="session")
def shared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    yield from shared_app(SqliteDatabase(tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(scope="session")
def shared_postgresql(
    postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedApp]:
    with new_database(postgres, "orders") as url:
        yield from shared_app(PostgresDatabase(url, tmp_path_factory.mktemp("postgresql")))


def shared_app(database: Database) -> Iterator[SharedApp]:
    shared = SharedApp(database)
    yield shared
    shared.close()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test whose subject is not the database on SQLite alone, see docs/testing.md."""
    mark = metafunc.definition.get_closest_marker("one_database")
    if mark is None or "database_url" not in metafunc.fixturenames:
        return
    assert mark.kwargs.get("reason"), (
        f"{metafunc.definition.nodeid}: say why one database is enough"
    )
    named = metafunc.definition.iter_markers("parametrize")
    if not any("database_url" in str(one.args[0]) for one in named):
        metafunc.definition.add_marker(
            # In front, so that the names of the tests are the same as on both databases.
            pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
            append=False,
        )


def shared_of(request: pytest.FixtureRequest) -> SharedApp | None:
    """Return the application whose database a test uses; none for a test with its own."""
    if request.node.get_closest_marker("own_database"):
        return None
    kind = request.node.callspec.params["database_url"]
    shared: SharedApp = request.getfixturevalue(f"shared_{kind}")
    return shared


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A clean, migrated database; each test that uses it runs on both kinds."""
    if request.node.get_closest_marker("own_database"):
        url: str = request.getfixturevalue(f"new_{request.param}")
        return url
    shared: SharedApp = request.getfixturevalue(f"shared_{request.param}")
    shared.database.clean()
    return shared.database.url


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    shared = shared_of(request)
    return shared.settings if shared else settings_for(database_url, tmp_path)


@pytest.fixture
def app(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Flask]:
    """The application that the tests share, as new; for other settings one of its own."""
    shared = shared_of(request)
    if shared is not None and settings == shared.settings:
        yield shared.app
        shared.renew()
    else:
        with own_app(settings) as app:
            yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def org(app: Flask) -> Org:
    """An org with a private and a public token, two accounts and a saved configuration."""
    return make_org(app, "Workshop")


@pytest.fixture
def other_org(app: Flask) -> Org:
    return make_org(app, "Another workshop")


@pytest.fixture
def staff_client(app: Flask, org: Org) -> FlaskClient:
    """The browser of a signed-in salesperson."""
    return org.sign_in(app.test_client())


@pytest.fixture
def admin_client(app: Flask, org: Org) -> FlaskClient:
    """The browser of a signed-in admin."""
    return org.sign_in(app.test_client(), org.admin())


@pytest.fixture
def csrf_off(app: Flask) -> None:
    """Most tests of forms speak for a page that has its token; some test the token itself."""
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def one_request_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests get the same ID, for tests that compare whole answers."""
    monkeypatch.setattr(request_ids, "new_request_id", lambda: "0" * 32)


StoredRows = Callable[[], dict[str, int]]


@pytest.fixture
def stored_rows(app: Flask) -> StoredRows:
    """Count the rows of every table that an order is written to."""

    def count() -> dict[str, int]:
        written = (tables.orders, tables.cart_line, tables.order_history, tables.submission)
        with app.app_context(), database.read() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in written
            }

    return count


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that receives webhooks."""
    with receiving() as receiver:
        yield receiver
