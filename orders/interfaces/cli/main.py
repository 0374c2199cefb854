"""The command `shortorder`: all commands, without the need to name the application."""

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import ScriptInfo

from orders import __version__
from orders.interfaces.cli.commands import COMMANDS
from orders.interfaces.cli.output import FOR_PEOPLE


def command_line(create_app: Callable[[], Flask]) -> click.Group:
    """Return the command `shortorder`; its commands create the application when they need it."""

    @click.group(context_settings={"obj": ScriptInfo(create_app=create_app)})
    @click.version_option(__version__, prog_name="Shortorder")
    @click.pass_context
    def shortorder(context: click.Context) -> None:
        """The order desk for configured products."""
        context.meta[FOR_PEOPLE] = True

    for command in COMMANDS:
        shortorder.add_command(command)
    return shortorder
