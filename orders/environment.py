"""Where settings come from: environment variables, files of secrets, and an env file."""

import os
import re
from collections.abc import Collection, Mapping, MutableMapping
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

ENV_FILE = "ENV_FILE"
FILE_END = "_FILE"
# How much of a name has to be the same, from 0 to 1, so that it is taken for a typing error.
NEAR = 0.85
# By its name, so that a new setting is masked and may be in a file without further ado. URLs are
# secrets because of the password that they may contain.
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|DSN|_URL|_STORAGE)\Z")
# From the first colon behind `//` to the last @: drivers also take a password with / : and @ in it.
_PASSWORD = re.compile(r"\A([^/]*//[^/:@]*:).*(?=@)|((?:\A|[?&])\w*password=)[^&]*")
MASK = "******"
# The variables that this process has from its env file.
_added: set[str] = set()


class BadSetting(Exception):  # noqa: N818 - named as the other errors
    """An environment variable has a value that cannot be used."""


def is_secret(variable: str) -> bool:
    """Return whether a setting may contain a secret; then `<variable>_FILE` is read, too."""
    return _SECRET.search(variable) is not None


def masked(variable: str, value: str) -> str:
    """Return a value to show: without a secret, and without the password of a URL."""
    if value and is_secret(variable) and not variable.endswith(("_URL", "_STORAGE")):
        return MASK
    return _PASSWORD.sub(rf"\1\2{MASK}", value)


def env_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the absolute path of the env file; None if there is none.

    It is the file that ENV_FILE names, or `.env` in the working directory. Raises BadSetting if
    ENV_FILE names a file that does not exist.
    """
    named = environment.get(ENV_FILE, "")
    file = Path(named or ".env").expanduser().absolute()
    if file.is_file():
        return file
    if named:
        raise BadSetting(f"{ENV_FILE} is {named}, but there is no such file.")
    return None


def read_env_file(file: Path) -> dict[str, str]:
    """Return the variables in an env file; `$` has no meaning in it.

    Raises BadSetting if it cannot be read.
    """
    try:
        found = dotenv_values(file, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"The env file {file} cannot be read: {error}.") from error
    return {name: value for name, value in found.items() if value is not None}


def load_env_file(environment: MutableMapping[str, str] = os.environ) -> None:
    """Add the variables of the env file to the environment; what is set there stays as it is.

    Processes that this one starts inherit them. They may run in other folders, so relative paths of
    files of secrets become absolute. Raises BadSetting as `env_file` and `read_env_file` do.
    """
    if file := env_file(environment):
        for name, value in read_env_file(file).items():
            if name not in environment:
                environment[name] = value
                _added.add(name)
    for name, value in list(environment.items()):
        if name.endswith(FILE_END) and is_secret(name.removesuffix(FILE_END)) and value:
            environment[name] = str(Path(value).expanduser().absolute())


def inherited_environment() -> dict[str, str]:
    """Return the environment of this process without what its env file has added.

    A process that starts with it reads that file again.
    """
    return {name: value for name, value in os.environ.items() if name not in _added}


def text_of(environment: Mapping[str, str], variable: str) -> str:
    """Return the text of a setting without spaces around it; "" if it is not set.

    That of a secret may be in the file that `<variable>_FILE` names. Raises BadSetting if the file
    cannot be read, or if both variables are set.
    """
    text = environment.get(variable, "").strip()
    name = variable + FILE_END
    file = environment.get(name, "").strip() if is_secret(variable) else ""
    if not file:
        return text
    if text:
        raise BadSetting(f"{variable} and {name} are both set; unset one of them.")
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{name} is {file}, which cannot be read: {error}.") from error


def near_misses(environment: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Return the variables that are probably misspelled settings, with the names they should have.

    `known` are the names of all settings.
    """
    readable = {*known, ENV_FILE, *(one + FILE_END for one in known if is_secret(one))}
    found = {}
    for name in sorted(set(environment) - readable):
        if close := get_close_matches(name.upper(), sorted(readable), n=1, cutoff=NEAR):
            found[name] = close[0]
    return found
