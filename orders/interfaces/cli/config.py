"""`shortorder config show`: the settings, and where each of them comes from."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from orders.environment import (
    FILE_END,
    BadSetting,
    env_file,
    load_env_file,
    masked,
    near_misses,
    read_env_file,
)
from orders.interfaces.cli.output import prints
from orders.settings import LIMIT_VARIABLES, SETTING_VARIABLES, Settings, parse_settings

config = click.Group("config", help="The settings.")


class EffectiveSetting(NamedTuple):
    """A setting as it applies: the name of its variable, its source, and its masked value."""

    setting: str
    source: str
    value: str


def load_environment() -> None:
    """Add the env file to the environment, and report names that are probably misspelled.

    An env file that cannot be read ends the process with a sentence.
    """
    try:
        load_env_file()
    except BadSetting as error:
        raise SystemExit(str(error)) from error
    for name, meant in misspelled(os.environ).items():
        click.secho(f"{name} is not a setting. Did you mean {meant}?", err=True, fg="yellow")


def environment_settings() -> Settings:
    """Return the settings of the environment and the env file, without creating an application.

    Nothing is created in the data folder. Raises ClickException for a bad value.
    """
    load_environment()
    try:
        return parse_settings(os.environ)
    except BadSetting as error:
        raise click.ClickException(str(error)) from error


def misspelled(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are probably misspelled, with the names they should have."""
    return near_misses(environment, (*SETTING_VARIABLES, *LIMIT_VARIABLES))


@config.command("show")
@prints()
def show_config() -> list[dict[str, Any]]:
    """Show each setting with its value and its source; secrets are masked."""
    load_environment()
    try:
        return [one._asdict() for one in effective_settings(os.environ)]
    except BadSetting as error:
        raise click.ClickException(str(error)) from error


def effective_settings(environment: Mapping[str, str]) -> list[EffectiveSetting]:
    """Return all settings as they apply, those of Limits last. Raises BadSetting for a bad value.

    The sources are "default", "environment", and the paths of the env file, of a file that contains
    a secret, and of the data folder, which contains what is made by a first start.
    """
    settings, file = parse_settings(environment), env_file(environment)
    in_file = read_env_file(file) if file else {}

    def source(variable: str) -> str:
        if name := environment.get(variable + FILE_END, ""):
            return name
        if not (text := environment.get(variable, "")):
            return "default"
        return str(file) if in_file.get(variable) == text else "environment"

    values = [
        *((variable, getattr(settings, name)) for variable, name in SETTING_VARIABLES.items()),
        *((variable, getattr(settings.limits, name)) for variable, name in LIMIT_VARIABLES.items()),
    ]
    shown = [EffectiveSetting(one, source(one), masked(one, _text(value))) for one, value in values]
    return [one if one.setting != "SECRET_KEY" else _kept(one, settings) for one in shown]


def _text(value: object) -> str:
    """Return the value of a setting as it would be written in the environment."""
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def _kept(secret_key: EffectiveSetting, settings: Settings) -> EffectiveSetting:
    """Return the setting SECRET_KEY with the file that it is kept in, if it is not set."""
    if settings.secret_key:
        return secret_key
    return secret_key._replace(source=str(settings.data_dir / "secret_key"))
