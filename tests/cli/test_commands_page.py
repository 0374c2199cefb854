"""Every command has an example in the docs, and the examples print what is shown there."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from orders.data_folder import DataFolder
from orders.environment import read_env_file
from orders.interfaces.cli.config import misspelled
from orders.interfaces.cli.main import command_line
from orders.services.imports import customer_import
from orders.settings import PROJECT, Settings, parse_settings
from tests.databases import copy_sqlite
from tests.mail_server import mail_server

pytestmark = pytest.mark.one_database(reason="what commands print")
PAGES = {file.name: file.read_text("utf-8") for file in sorted((PROJECT / "docs").glob("*.md"))}
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
# A command in a sentence, or a line of a script: up to a comment, a redirection, or an ellipsis.
NAMED = re.compile(r"(?:`|^(?:\$ )?)shortorder ([a-z][^`\n#<…]*)", re.MULTILINE)
EXAMPLE = re.compile(r"^\$ shortorder (.*)$", re.MULTILINE)
# They take longer, or need two installations: tests/processes/test_package.py and test_serve.py,
# tests/cli/test_seed.py, tests/services/test_org_archive.py.
ELSEWHERE = {"serve", "work", "seed demo", "import org"}
INPUTS = {"password.txt": "correct horse battery\n"}
# Pages whose examples run from top to bottom, and the command before the first one.
ORG = "org add Workshop"
RUN = {"commands.md": "", "install.md": "", "api-guide.md": ORG, "from-spreadsheets.md": ORG}


@pytest.fixture(params=RUN)
def doc(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


PRODUCT = "e5d536ec-e89c-46fc-8773-7e54ba70517a"
FILES = {
    "customers.csv": customer_import.SAMPLE,
    "orders.csv": f"order,name,configurationId,count\n1,Hall,{PRODUCT},4\n2,Bar,{PRODUCT},2\n",
}


@pytest.fixture
def settings(settings: Settings, doc: str, tmp_path: Path) -> Iterator[Settings]:
    """A mail server, a passphrase, and on the page of the first start a folder for backups."""
    passphrase = "" if doc == "install.md" else "correct horse battery staple"
    backup_to = str(tmp_path / "backups") if doc == "install.md" else ""
    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}?tls=off"
        yield replace(
            settings, smtp_url=address, mail_from="desk@example.com", backup_to=backup_to,
            backup_passphrase=passphrase,
        )  # fmt: skip


def leaves(group: click.Group, *names: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *names, name)
        else:
            yield " ".join((*names, name))


def examples(page: str) -> Iterator[tuple[str, str]]:
    """Yield each command line of a page, without `shortorder`, and what is shown below it."""
    for block in BLOCK.findall(page):
        found = [*EXAMPLE.finditer(block)]
        ends = [*(one.start() for one in found[1:]), len(block)]
        for one, end in zip(found, ends, strict=True):
            yield one[1], block[one.end() : end].strip("\n")


def test_every_command_has_an_example() -> None:
    shown = [line for page in PAGES.values() for line, _ in examples(page)]
    missing = {
        command
        for command in leaves(command_line(lambda _: Flask("unused")))
        if not any(f"{line} ".startswith(f"{command} ") for line in shown)
    }
    assert missing - ELSEWHERE == set()
    assert all(f"`shortorder {command}`" in PAGES["commands.md"] for command in ELSEWHERE)


def test_every_command_in_the_docs_exists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).touch()
    named = {(name, line) for name, page in PAGES.items() for line in NAMED.findall(page)}
    assert len(named) > 40
    shortorder = command_line(lambda _: Flask("unused"))
    faults = {
        f"{name}: {line}: {fault}"
        for name, line in named
        if (fault := unknown_in(shortorder, line))
    }
    assert faults == set()


def unknown_in(shortorder: click.Group, line: str) -> str:
    """Return which part of a command line does not exist; "" if all do, or more is needed."""
    command: click.Command = shortorder
    arguments, context = shlex.split(line), None
    try:
        while True:
            context = command.make_context(command.name, arguments, parent=context)
            if not isinstance(command, click.Group):
                return ""
            _, found, arguments = command.resolve_command(
                context, [*context._protected_args, *context.args]
            )
            assert found
            command = found
    except click.MissingParameter:
        return ""
    except click.UsageError as error:
        return error.message


def test_the_examples_print_what_is_shown(
    app: Flask, settings: Settings, doc: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data_dir", "database_url", "secret_key"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    DataFolder(settings.data_dir, settings.database_url).close_to_others()
    copy_sqlite(settings.data_dir, "copy.sqlite3")
    for name, text in FILES.items():
        Path(name).write_text(text, "utf-8")
    shortorder = command_line(lambda _: app)
    if RUN[doc]:
        CliRunner().invoke(shortorder, shlex.split(RUN[doc]), catch_exceptions=False)
    for line, shown in examples(PAGES[doc]):
        arguments, _, file = line.partition(" < ")
        result = CliRunner().invoke(
            shortorder, shlex.split(arguments), input=INPUTS.get(file), catch_exceptions=False
        )
        assert result.exit_code == 0, f"{line}\n{result.output}"
        # `…` is anything, and columns are as wide as what is in them.
        pattern = ".*".join(re.escape(one.strip(" ")) for one in shown.split("…"))
        printed = result.output.strip("\n")
        assert re.fullmatch(pattern, printed, re.DOTALL), f"{line}\n{printed}\n{shown}"


def test_the_settings_of_the_first_start_can_be_used(tmp_path: Path) -> None:
    [written] = re.findall(r"```ini\n(.*?)```", PAGES["install.md"], re.DOTALL)
    (tmp_path / "backup-passphrase").write_text("correct horse battery staple")
    (tmp_path / "env").write_text(written.replace("/etc/shortorder", str(tmp_path)))
    found = read_env_file(tmp_path / "env")
    assert misspelled(found) == {}
    settings = parse_settings(found)
    assert settings.hosts == ("orders.example.com",)
    assert settings.backup_passphrase == "correct horse battery staple"
