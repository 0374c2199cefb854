"""Commands that need no installation, on a machine that has none."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from orders.interfaces.cli.main import command_line
from orders.services import backup
from orders.settings import Settings

pytestmark = pytest.mark.one_database(reason="no database is opened")


def no_installation(_settings: Settings) -> Flask:
    raise AssertionError("the command asked for an installation")


def test_archives_versions_and_settings_need_no_installation(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        made = backup.back_up(settings, app.extensions["files"], "0", to=str(tmp_path / "made"))
    empty = tmp_path / "nothing-here"
    monkeypatch.setenv("DATA_DIR", str(empty))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    shortorder = command_line(no_installation)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(shortorder, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "The archive is sound: 0 orders, 0 files." in run("backup", "--check", made.address)
    assert "Shortorder" in run("--version")
    for command in ([], ["backup"], ["restore"], ["user", "add"]):
        assert "Usage:" in run(*command, "--help")
    assert str(empty) in run("config", "show")
    assert not empty.exists()
    refused = CliRunner().invoke(shortorder, ["backup", str(tmp_path / "other")])
    assert refused.exit_code == 1
    assert "There is no database" in refused.stderr
