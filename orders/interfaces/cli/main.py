"""The command `shortorder`: all commands, without the need to name the application."""

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import ScriptInfo

from orders import __version__
from orders.data_folder import DataFolder
from orders.domain.errors import OrderError
from orders.environment import BadSetting
from orders.interfaces.cli.commands import COMMANDS
from orders.interfaces.cli.config import load_environment
from orders.interfaces.cli.output import FOR_PEOPLE, fail, is_for_people
from orders.settings import Settings, parse_settings, settings_or_exit

# Commands that may create a database, or make one in another place.
BEGINNING = {"serve", "work", "upgrade", "restore"}


def command_line(create_app: Callable[[Settings], Flask]) -> click.Group:
    """Return the command `shortorder`; its commands create the application when they need it."""

    def create() -> Flask:
        load_environment()
        _require_database()
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


def _require_database() -> None:
    """Refuse the current command if it needs an SQLite file that does not exist.

    It was then probably called in another folder than `shortorder serve`.
    """
    context = click.get_current_context()
    is_json = not is_for_people(as_json=context.params.get("as_json", False))
    try:
        settings = parse_settings()
    except BadSetting as error:
        fail(OrderError(str(error)), is_json=is_json)
    file = DataFolder(settings.data_dir, settings.database_url).database
    if file is None or file.exists() or context.info_name in BEGINNING:
        return
    missing = OrderError(
        f"There is no database {file}. Run the command in the folder in which `shortorder serve`"
        " was started, or let DATA_DIR name the data folder. `shortorder database upgrade` creates"
        " a new database."
    )
    fail(missing, is_json=is_json)
