"""Fixtures that most tests share: an application on a clean database, and who calls it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import func, select

from app import create_app
from orders.recording import request_recorder
from orders.settings import PROJECT, Settings
from orders.storage import database, tables
from orders.storage.database import close
from tests.actors import Org, make_org
from tests.postgres import postgres_server
from tests.receiver import Receiver, receiving

# Tests write the request log when they look at it, and at their end; no thread does meanwhile.
request_recorder.PAUSE = 3600.0


def settings_for(url: str, folder: Path) -> Settings:
    """Give the settings of an application under test."""
    return Settings(
        data_dir=folder,
        database_url=url,
        secret_key="only for tests, 32 characters..",
        demo=False,
        lookup_limit="1000 per second",
        sign_in_limit="1000 per second",
    )


def migrate(url: str, folder: Path) -> None:
    """Bring a database up to date."""
    app = create_app(settings_for(url, folder))
    with app.app_context():
        flask_migrate.upgrade(directory=str(PROJECT / "orders" / "storage" / "migrations"))
        close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    migrate(f"sqlite:///{folder / 'template.sqlite3'}", folder)
    return folder / "template.sqlite3"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the session, with a migrated template; gives the URL without a database."""
    with postgres_server() as url:
        with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE template_orders")
        migrate(f"{url}/template_orders", tmp_path_factory.mktemp("pg"))
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "orders.sqlite3")
    return f"sqlite:///{tmp_path / 'orders.sqlite3'}"


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_orders TEMPLATE template_orders")
        yield f"{postgres}/test_orders"
        connection.execute("DROP DATABASE test_orders WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A clean, migrated database; each test that uses it runs on both kinds."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.testing = True
    yield app
    app.extensions["request_recorder"].close()
    with app.app_context():
        close()


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
    """A server that is told of orders."""
    with receiving() as receiver:
        yield receiver
