"""The command `shortorder`: all commands, without the need to name the application."""

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import ScriptInfo

from orders import __version__
from orders.interfaces.cli.commands import COMMANDS


def command_line(create_app: Callable[[], Flask]) -> click.Group:
    """Return the command `shortorder`; its commands create the application when they need it."""

    @click.group(context_settings={"obj": ScriptInfo(create_app=create_app)})
    @click.version_option(__version__, prog_name="Shortorder")
    def shortorder() -> None:
        """The order desk for configured products."""

    for command in COMMANDS:
        shortorder.add_command(command)
    return shortorder
