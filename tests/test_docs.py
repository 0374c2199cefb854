"""The README lists all settings and commands."""

from dataclasses import fields

import click
from flask import Flask

from orders.settings import LIMIT_VARIABLES, PROJECT, Settings

README = (PROJECT / "README.md").read_text("utf-8")


def test_every_setting_is_in_the_readme() -> None:
    names = {one.name.upper() for one in fields(Settings) if one.name != "limits"}
    missing = {name for name in names | set(LIMIT_VARIABLES) if f"`{name}`" not in README}
    assert missing == set()


def test_every_command_is_in_the_readme(app: Flask) -> None:
    for name in ("org", "token", "staff", "attribute", "files", "seed"):
        group = app.cli.commands[name]
        assert isinstance(group, click.Group)
        for command in group.commands:
            assert f"`{name} {command}" in README, f"{name} {command}"
