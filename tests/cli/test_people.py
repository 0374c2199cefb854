"""`shortorder` for people: which org is meant, what is refused, and how an admin gets back in."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.cli.main import command_line
from orders.services.accounts import access, orgs
from tests.actors import Org
from tests.html import attribute
from tests.mail_server import mail_server

pytestmark = pytest.mark.one_database(reason="what commands print")
Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    settings = app.config["SETTINGS"]
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))

    def run(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - as click has it
        shortorder = command_line(lambda _: app)
        return CliRunner().invoke(shortorder, arguments, input=input, catch_exceptions=False)

    return run


@pytest.mark.usefixtures("csrf_off")
def test_an_admin_who_is_locked_out_is_back_by_one_command(
    run: Run, org: Org, client: FlaskClient
) -> None:
    email = org.admin().email
    made = run("user", "reset-password", email.upper(), "--json")
    link = urlsplit(json.loads(made.stdout)["link"])
    address = f"{link.path}?{link.query}"
    page = client.get(address, follow_redirects=True)
    assert page.status_code == 200
    password = {attribute(page.text, "[type=password]", "name"): "a new staple, battery"}
    sent = client.post(link.path, data=password, follow_redirects=True)
    assert sent.status_code == 200
    signed_in = {"email": email, "password": "a new staple, battery"}
    assert client.post("/sign-in", data=signed_in).location == "/"


def test_the_org_is_named_only_if_there_are_several(run: Run, org: Org, other_org: Org) -> None:
    add = ("user", "add", "new@desk.example", "--role", "sales")
    several = run(*add)
    assert several.exit_code == 1
    assert org.id in several.stderr
    assert other_org.id in several.stderr
    assert run(*add, "--org", "nowhere").exit_code == 1
    assert "no active token with this name" in run("token", "revoke", "Nope").stderr
    assert run(*add, "--org", "another WORKSHOP").exit_code == 0
    listed = json.loads(run("user", "list", "--org", other_org.id, "--json").stdout)
    assert [one["email"] for one in listed] == ["new@desk.example"]


def test_refusals_are_sentences_for_people_and_json_for_scripts(run: Run, org: Org) -> None:
    unknown = run("user", "disable", "nobody@desk.example")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr == "Error: There is no account with this e-mail address.\n"
    bad = run("org", "add", "", "--json")
    assert json.loads(bad.stderr)["errors"][0]["path"] == "name"
    assert "name: 1 to" in run("org", "add", "").stderr
    last_admin = run("user", "disable", org.admin().email)
    assert "last admin" in last_admin.stderr
    assert run("user", "disable", "no\0body@desk.example").exit_code == 1


def test_tables_show_no_control_characters(run: Run, org: Org) -> None:
    run("org", "add", "A\x1b[31mred")
    listed = run("org", "list")
    assert "\x1b" not in listed.stdout
    assert "A [31mred" in listed.stdout


def test_a_damaged_or_outdated_database_is_reported(run: Run, app: Flask, org: Org) -> None:
    file = app.config["SETTINGS"].database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("DELETE FROM org")  # without the check of foreign keys
        damaged = run("database", "check")
        [(current,)] = connection.execute("SELECT version_num FROM alembic_version")
        connection.execute("UPDATE alembic_version SET version_num = '0029'")
        outdated = run("database", "check")
        connection.execute("UPDATE alembic_version SET version_num = ?", [current])
    assert "of token refers to a missing row of org" in damaged.stderr
    assert "shortorder database upgrade" in outdated.stderr
    assert damaged.exit_code == outdated.exit_code == 1


def test_a_command_in_another_folder_creates_no_database(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATA_DIR", f"{tmp_path}/elsewhere")
    for command in (("user", "list"), ("database", "copy", "--to", "sqlite:///other.sqlite3")):
        refused = run(*command)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("Error: There is no database")
        as_json = run(*command, "--json")
        assert as_json.exit_code == 1
        assert json.loads(as_json.stderr)["error"].startswith("There is no database")
    assert not (tmp_path / "elsewhere").exists()


def test_passwords_are_read_from_standard_input(run: Run, app: Flask, org: Org) -> None:
    email, chosen = "kim@desk.example", "correct horse battery"
    add = ("user", "add", email, "--role", "sales", "--password-stdin")
    made = run(*add, "--json", input=f"{chosen}\n")
    assert json.loads(made.stdout).keys() == {"id", "email"}
    reset = ("user", "reset-password", email, "--password-stdin")
    with app.app_context():
        member = access.sign_in(email, chosen)
        assert member is not None
        assert not member.must_change_password
        assert run(*reset, input="a new staple, battery\r\n").exit_code == 0
        assert access.sign_in(email, chosen) is None
        assert access.sign_in(email, "a new staple, battery") is not None
    nothing_read = run(*reset, input="")
    assert nothing_read.exit_code == 1
    assert nothing_read.stderr.startswith("Error: password: ")


def test_invitations_are_mailed_where_mail_is_set_up(
    run: Run, app: Flask, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invite(name: str, *more: str) -> Result:
        return run("user", "invite", f"{name}@desk.example", "--role", "sales", *more)

    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}?tls=off"
        more = {"smtp_url": address, "mail_from": "desk@example.com"}
        url = "https://desk.example"
        settings = replace(app.config["SETTINGS"], **more, public_url=url)
        monkeypatch.setitem(app.config, "SETTINGS", settings)
        with app.app_context():
            orgs.change_customer_page(
                org.id, customer_check="none", accent="", contact="", language="de"
            )
        mailed = invite("kim")
        printed = invite("lee", "--print")
        server.refusal = "550 no"
        refused = invite("max")
    assert mailed.stdout.startswith("kim@desk.example was sent a link")
    assert "link=" not in mailed.stdout
    [message] = server.received
    assert f"{url}/invitation?link=" in message.get_content()
    assert "lädt Sie" in message.get_content()
    assert f"{url}/invitation?link=" in printed.stdout
    assert "Nothing was mailed." in refused.stderr
    assert f"{url}/invitation?link=" in refused.stdout
