"""Progress bars, which people see at a terminal alone."""

import io
import sys
from pathlib import Path

import pytest
from flask import Flask

from orders.interfaces.cli.progress import progress_bars
from orders.services import backup
from orders.settings import Settings

pytestmark = pytest.mark.one_database(reason="what is printed")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_backups_show_bars_at_a_terminal_alone(
    app: Flask,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
) -> None:
    shown = stream()
    monkeypatch.setattr(sys, "stderr", shown)
    with app.app_context(), progress_bars() as begin:
        store = app.extensions["files"]
        made = backup.back_up(settings, store, "0", to=str(tmp_path / "made"), progress=begin)
    with progress_bars() as begin:
        backup.check(made.address, "", None, begin)
    if stream is io.StringIO:
        assert shown.getvalue() == ""
        return
    for label in ("Packing the database", "Verifying the archive"):
        last = [part for part in shown.getvalue().split("\r") if label in part][-1]
        assert "100%" in last, label
