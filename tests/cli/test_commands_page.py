"""Every command has an example in docs/commands.md, and the examples print what is shown there."""

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
from orders.interfaces.cli.main import command_line
from orders.services.imports import customer_import
from orders.settings import PROJECT, Settings
from tests.databases import copy_sqlite
from tests.mail_server import mail_server

pytestmark = pytest.mark.one_database(reason="what commands print")
PAGES = {file.name: file.read_text("utf-8") for file in sorted((PROJECT / "docs").glob("*.md"))}
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
EXAMPLE = re.compile(r"^\$ shortorder (.*)$", re.MULTILINE)
# They take longer: tests/processes/test_package.py, tests/processes/test_serve.py, test_seed.py.
ELSEWHERE = {"serve", "work", "seed demo"}
INPUTS = {"password.txt": "correct horse battery\n"}
PRODUCT = "e5d536ec-e89c-46fc-8773-7e54ba70517a"
FILES = {
    "customers.csv": customer_import.SAMPLE,
    "orders.csv": f"order,name,configurationId,count\n1,Hall,{PRODUCT},4\n2,Bar,{PRODUCT},2\n",
}


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}?tls=off"
        yield replace(settings, smtp_url=address, mail_from="desk@example.com")


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


def test_the_examples_print_what_is_shown(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data_dir", "database_url", "secret_key"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    DataFolder(settings.data_dir, settings.database_url).close_to_others()
    copy_sqlite(settings.data_dir, "copy.sqlite3")
    for name, text in FILES.items():
        Path(name).write_text(text, "utf-8")
    shortorder = command_line(lambda _: app)
    for line, shown in examples(PAGES["commands.md"]):
        arguments, _, file = line.partition(" < ")
        result = CliRunner().invoke(
            shortorder, shlex.split(arguments), input=INPUTS.get(file), catch_exceptions=False
        )
        assert result.exit_code == 0, f"{line}\n{result.output}"
        # `…` is anything, and columns are as wide as what is in them.
        pattern = ".*".join(re.escape(one.strip(" ")) for one in shown.split("…"))
        printed = result.output.strip("\n")
        assert re.fullmatch(pattern, printed, re.DOTALL), f"{line}\n{printed}\n{shown}"
