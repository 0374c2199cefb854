"""An org in an archive, and from there in another installation, of either kind."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Connection, insert, select, update

from orders.domain.errors import ServiceBusy
from orders.services import org_archive
from orders.services.accounts import access, second_factor
from orders.services.backup import pack
from orders.services.backup_archive import ArchiveWriter
from orders.services.files import new_name
from orders.services.imports.records import ImportState
from orders.services.stored_secrets import can_read_secrets
from orders.services.webhooks import webhooks
from orders.settings import Settings
from orders.storage import age, database, org_rows, table_copies, tables
from orders.storage.encryption import use_keys
from orders.storage.models.imports import OrderImport
from orders.storage.snapshots import Snapshot
from orders.storage.table_copies import add_rows
from tests.actors import PASSWORD, Org, make_org
from tests.api.calls import Api
from tests.api.conftest import caller
from tests.databases import copy_sqlite, own_app, settings_for
from tests.postgres import binaries, new_database
from tests.services.test_backup import ORDER, answers, back_up, fill, restored, state_of

PASSPHRASE = "correct horse battery"
OTHER_KEY = "the key of the other installation"


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys cheaply; use the programs of the tests' PostgreSQL."""
    monkeypatch.setattr(age, "COST", 8)
    monkeypatch.setenv("PATH", f"{binaries()}:{os.environ['PATH']}")


@pytest.fixture
def api(app: Flask, org: Org) -> Api:
    return caller(app.test_client(), org, org.private)


@pytest.fixture
def there(settings: Settings, postgres: str, tmp_path: Path) -> Iterator[Flask]:
    """Another installation, of the other kind, with an org of its own and another key."""
    folder = tmp_path / "there"
    folder.mkdir()
    copy_sqlite(folder, "there.sqlite3")
    with new_database(postgres, "imported_orgs") as postgres_url:
        is_sqlite = settings.database_url.startswith("sqlite:")
        url = postgres_url if is_sqlite else f"sqlite:///{folder / 'there.sqlite3'}"
        own = replace(settings_for(url, folder), secret_key=OTHER_KEY)
        with own_app(replace(own, backup_passphrase=PASSPHRASE)) as app:
            make_org(app, "Neighbor")
            use_keys([settings.secret_key])  # the last application to be made has set its own
            yield app


def command(app: Flask, *arguments: object, passphrase: str = PASSPHRASE) -> Result:
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, backup_passphrase=passphrase)
    try:
        return app.test_cli_runner().invoke(args=[str(one) for one in arguments])
    finally:
        app.config["SETTINGS"] = before


def exported(app: Flask, org: Org, folder: Path) -> Path:
    file = folder / "org.tar.gz.age"
    done = command(app, "export", "org", "--org", org.id, "--to", file)
    assert done.exit_code == 0, done.output
    return file


def place_order(app: Flask, org: Org, key: str = "") -> str:
    api = caller(app.test_client(), org, org.private)
    headers = {**api.headers, **({"Idempotency-Key": key} if key else {})}
    placed = api.client.post("/api/orders", json=ORDER, headers=headers)
    assert placed.status_code == 201, placed.text
    made: str = placed.get_json()["id"]
    return made


def rows_of(app: Flask, org: Org) -> dict[str, list[str]]:
    """Return the rows of the org by table, without the numbers that databases give."""
    found = {}
    with app.app_context(), database.read() as connection:
        for one in org_rows.tables_of_orgs():
            columns = [column for column in one.c if column is not one.autoincrement_column]
            mine = select(*columns).where(org_rows.belongs_to(one, org.id))
            found[one.name] = sorted(map(repr, connection.execute(mine).all()))
    return found


def everything(app: Flask) -> dict[str, list[str]]:
    with app.app_context(), database.read() as connection:
        return {
            one.name: sorted(map(repr, connection.execute(select(one)).all()))
            for one in table_copies.copied_tables()
        }


def test_an_org_is_the_same_in_another_installation(
    app: Flask, org: Org, other_org: Org, api: Api, there: Flask, tmp_path: Path
) -> None:
    fill(app, org, api)
    place_order(app, other_org)
    secret, member = second_factor.new_secret(), org.staff()
    with app.app_context():
        second_factor.turn_on(member, secret, pyotp.TOTP(secret).now())
    said = answers(app, api)
    [hook] = json.loads(said["/api/webhooks"])["webhooks"]
    with app.app_context():
        signing = webhooks.read_secret(hook["id"], org.id)
    file = exported(app, org, tmp_path)
    stored = rows_of(app, org)
    assert {name for name, rows in stored.items() if rows} >= {
        "org", "orders", "cart_line", "order_history", "customer", "customer_history", "attribute",
        "configuration", "configuration_file", "token", "staff_account", "recovery_code",
        "webhook", "staff_event",
    }  # fmt: skip
    before = everything(there)
    use_keys([OTHER_KEY])
    done = command(there, "import", "org", file)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["org"], report["orders"], report["files"]) == (org.id, 1, 2)
    found = rows_of(there, org)
    apart = {"webhook", "staff_event"}
    assert {one: found[one] for one in found if one not in apart} == {
        one: stored[one] for one in stored if one not in apart
    }
    assert len(found["staff_event"]) == len(stored["staff_event"]) + 1
    with there.app_context():
        with database.read() as connection:
            assert can_read_secrets(connection, [OTHER_KEY])
        assert webhooks.find(hook["id"], org.id).switched_off_at is not None
        assert webhooks.read_secret(hook["id"], org.id) == signing
        assert access.sign_in(org.email, PASSWORD) is not None
    webhook_paths = {one for one in said if one.startswith("/api/webhooks")}
    answered = answers(there, api)
    assert {one: answered[one] for one in answered.keys() - webhook_paths} == {
        one: said[one] for one in said.keys() - webhook_paths
    }
    # What was there is untouched.
    after = everything(there)
    for name, rows in before.items():
        assert set(rows) <= set(after[name]), name
    # New rows of its history get numbers that are free.
    place_order(there, org)


@pytest.mark.one_database(reason="the archive is an SQLite file in any case")
def test_the_archive_has_nothing_of_other_orgs_and_is_an_installation_of_its_own(
    app: Flask, org: Org, other_org: Org, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, org, api)
    place_order(app, other_org)
    file = exported(app, org, tmp_path)
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "new.sqlite3").touch()
    monkeypatch.setenv("BACKUP_PASSPHRASE", PASSPHRASE)
    checked = command(app, "backup", "--check", file)
    assert json.loads(checked.stdout)["isSound"]
    alone = settings_for(f"sqlite:///{folder / 'new.sqlite3'}", folder)
    made = back_up(app, tmp_path / "backups")
    with restored(replace(made, address=str(file)), alone, PASSPHRASE) as there:
        assert other_org.id not in repr(everything(there))
        said, answered = answers(app, api), answers(there, api)
        assert answered["/api/orders"] == said["/api/orders"]
        assert len([one for one in folder.joinpath("files").rglob("*") if one.is_file()]) == 2


def refused(there: Flask, file: Path, passphrase: str = PASSPHRASE) -> str:
    """Try to import, and see that nothing was; return the one sentence."""
    before, files = everything(there), state_of(there.config["SETTINGS"].data_dir / "files")
    done = command(there, "import", "org", file, passphrase=passphrase)
    assert done.exit_code == 1
    assert everything(there) == before
    assert state_of(there.config["SETTINGS"].data_dir / "files") == files
    assert not [*there.config["SETTINGS"].data_dir.glob(".shortorder-*")]
    said: str = json.loads(done.stderr)["error"]
    return said


def test_what_is_under_way_is_not_done_twice(
    app: Flask, org: Org, there: Flask, tmp_path: Path
) -> None:
    made = place_order(app, org, key="sent twice")
    now = datetime.now(UTC)
    with app.app_context(), database.transaction() as connection:
        connection.execute(
            insert(OrderImport).values(
                id=str(uuid.uuid4()), org_id=org.id, created_at=now, file_name="orders.csv",
                created_by=org.private.id, state=ImportState.RUNNING, waiting_since=now,
                columns=[], notes=[], row_count=0, content_hash="", headers_hash="", reading={},
                matching={}, order_count=0, message="",
            )
        )  # fmt: skip
    left = there.config["SETTINGS"].data_dir / ".shortorder-org-left"
    left.mkdir()
    done = command(there, "import", "org", exported(app, org, tmp_path))
    assert done.exit_code == 0, done.output
    assert not left.exists()
    # A request that is repeated there, or a draft that was placed here, makes no second order.
    assert place_order(there, org, key="sent twice") == made
    with there.app_context():
        [row] = database.fetch_all(select(tables.order_import))
        assert (row.state, row.waiting_since) == (ImportState.CANCELLED, None)


@pytest.mark.one_database(reason="what is refused is refused before rows are written")
def test_an_archive_reaches_no_other_org(
    app: Flask, org: Org, there: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with there.app_context():
        [neighbor] = database.fetch_all(select(tables.org))

    def as_the_neighbor(*arguments: Any, **named: Any) -> object:  # noqa: ANN401 - those of `pack`
        return pack(*arguments, **{**named, "org_id": neighbor.id})

    monkeypatch.setattr(org_archive, "pack", as_the_neighbor)
    assert "it has org of another org than it says" in refused(there, exported(app, org, tmp_path))


@pytest.mark.one_database(reason="what is refused is refused before rows are written")
def test_an_archive_reaches_no_file_of_another_org(
    app: Flask, org: Org, there: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with there.app_context():
        [neighbor] = database.fetch_all(select(tables.org))
        name = new_name(neighbor.id)
        there.extensions["files"].put(name, b"the neighbor's")
    with app.app_context():
        app.extensions["files"].put(name, b"another one")

    def with_a_foreign_file(
        archive: ArchiveWriter,
        snapshot: Snapshot,
        *rest: Any,  # noqa: ANN401 - those of `pack`
        **named: Any,  # noqa: ANN401 - as above
    ) -> object:
        return pack(archive, replace(snapshot, names=[name]), *rest, **named)

    monkeypatch.setattr(org_archive, "pack", with_a_foreign_file)
    assert "it has files of another org than it says" in refused(
        there, exported(app, org, tmp_path)
    )
    with there.app_context():
        assert there.extensions["files"].get(name) == b"the neighbor's"


@pytest.mark.one_database(reason="what is refused is refused before rows are written")
def test_what_cannot_be_imported_is_one_sentence_and_leaves_nothing(
    app: Flask, org: Org, api: Api, there: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, org, api)
    org.staff()
    file = exported(app, org, tmp_path)
    assert "wrong" in refused(there, file, "another passphrase")
    assert "set BACKUP_PASSPHRASE" in refused(there, file, "")
    short = tmp_path / "short"
    short.write_bytes(file.read_bytes()[:-100])
    assert "cut off" in refused(there, short)
    whole = back_up(app, tmp_path / "backups", PASSPHRASE).address
    assert "`shortorder restore` restores" in refused(there, Path(whole))
    with monkeypatch.context() as patched:
        patched.setattr("orders.interfaces.cli.org_archives.knows_schema", lambda _: False)
        assert "is newer than this one" in refused(there, file)
    assert f"({org.id})" in refused(app, file)

    # By another org there.
    neighbor = make_org(there, "Second neighbor")
    with there.app_context():
        member = neighbor.staff()
        database.execute(
            update(tables.staff_account)
            .where(tables.staff_account.c.id == member.id)
            .values(email=org.email)
        )
    assert f"the e-mail address {org.email} is in use" in refused(there, file)
    monkeypatch.setattr(org_archive, "find_taken", lambda *_: "")
    assert "something that must be unique is here already" in refused(there, file)


def test_an_import_that_is_interrupted_leaves_nothing(
    app: Flask, org: Org, api: Api, there: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, org, api)
    file = exported(app, org, tmp_path)

    def interrupted(source: object, target: object, of: object, step: object) -> None:
        if of is tables.order_history:
            raise KeyboardInterrupt
        add_rows(source, target, of, step)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(org_archive, "add_rows", interrupted)
    before = everything(there)
    done = command(there, "import", "org", file)
    assert done.exit_code != 0
    assert everything(there) == before
    assert state_of(there.config["SETTINGS"].data_dir / "files") == {}
    monkeypatch.setattr(org_archive, "add_rows", add_rows)
    assert command(there, "import", "org", file).exit_code == 0


def test_files_stay_if_the_rows_are_stored_after_all(
    app: Flask, org: Org, api: Api, there: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, org, api)
    file, said = exported(app, org, tmp_path), answers(app, api)
    transaction = database.transaction

    @contextmanager
    def without_an_answer() -> Iterator[Connection]:
        with transaction() as connection:
            yield connection
        raise ServiceBusy("The connection was lost.")

    with monkeypatch.context() as patched:
        patched.setattr(database, "transaction", without_an_answer)
        assert command(there, "import", "org", file).exit_code == 1
    pictures = [one for one in said if "/files/" in one]
    assert pictures
    answered = answers(there, api)
    assert {one: answered[one] for one in pictures} == {one: said[one] for one in pictures}


@pytest.mark.one_database(reason="nothing is read")
def test_an_export_needs_a_passphrase_and_a_place(app: Flask, org: Org, tmp_path: Path) -> None:
    file = tmp_path / "org"
    asked = command(app, "export", "org", "--to", file, passphrase="")
    assert asked.exit_code != 0
    assert "Passphrase" in asked.stderr
    assert not file.exists()
    nowhere = command(app, "export", "org", "--to", tmp_path / "missing" / "org")
    assert "cannot be written" in json.loads(nowhere.stderr)["error"]


@pytest.mark.one_database(reason="the conditions are the same")
def test_each_table_has_an_owner_or_is_left_out_on_purpose(app: Flask, org: Org, api: Api) -> None:
    fill(app, org, api)
    place_order(app, org, key="x")
    for one in table_copies.copied_tables():
        if one in org_rows.LEFT_OUT:
            continue
        with app.app_context(), database.read() as connection:
            mine = select(one).where(org_rows.belongs_to(one, org.id))
            every = connection.execute(select(one)).all()
            assert sorted(map(repr, connection.execute(mine))) == sorted(map(repr, every)), one.name
            others = select(one).where(org_rows.belongs_to(one, "another"))
            assert connection.execute(others).all() == [], one.name
