"""The command `shortorder`: all commands, without the need to name the application."""

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import ScriptInfo

from orders import __version__
from orders.data_folder import DataFolder
from orders.domain.errors import OrderError
from orders.interfaces.cli.commands import COMMANDS
from orders.interfaces.cli.config import environment_settings
from orders.interfaces.cli.output import FOR_PEOPLE, fail, is_for_people
from orders.settings import Settings, settings_or_exit

# Commands that may create a database, or make one in another place.
BEGINNING = {"serve", "work", "database upgrade", "restore"}


def command_line(create_app: Callable[[Settings], Flask]) -> click.Group:
    """Return the command `shortorder`; its commands create the application when they need it."""

    def create() -> Flask:
        _require_database(environment_settings())
        return create_app(settings_or_exit())

    @click.group(context_settings={"obj": ScriptInfo(create_app=create)})
    @click.version_option(__version__, prog_name="Shortorder")
    @click.pass_context
    def shortorder(context: click.Context) -> None:
        """The order desk for configured products."""
        context.meta[FOR_PEOPLE] = True

    for command in COMMANDS:
        shortorder.add_command(command)
    return shortorder


def _require_database(settings: Settings) -> None:
    """Refuse the current command if it needs an SQLite file that does not exist.

    It was then probably called in another folder than `shortorder serve`.
    """
    file = DataFolder(settings.data_dir, settings.database_url).database
    if file is None or file.exists() or _current_command() in BEGINNING:
        return
    missing = OrderError(
        f"There is no database {file}. Run the command in the folder in which `shortorder serve`"
        " was started, or let DATA_DIR name the data folder. `shortorder database upgrade` creates"
        " a new database."
    )
    as_json = click.get_current_context().params.get("as_json", False)
    fail(missing, is_json=not is_for_people(as_json=as_json))


def _current_command() -> str:
    """Return the names of the current command and its groups, such as "database upgrade"."""
    context: click.Context | None = click.get_current_context()
    names: list[str] = []
    while context is not None and context.parent is not None:
        names.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(names)
