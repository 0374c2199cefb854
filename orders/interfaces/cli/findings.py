"""What the checks of `shortorder doctor` look at, and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from orders.data_folder import DataFolder
from orders.settings import Settings

# Seconds to wait for another server.
PATIENCE = 5


class State(StrEnum):
    """How bad a finding is: a fault keeps something from working, or from being safe."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


class Finding(NamedTuple):
    """A result of a check: a sentence about what was found, and one about what to do, or ""."""

    state: State
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Examined:
    """An installation: its settings, without the secret that is kept in its data folder."""

    settings: Settings
    environment: Mapping[str, str]
    now: datetime

    @property
    def folder(self) -> DataFolder:
        return DataFolder(self.settings.data_dir, self.settings.database_url)

    @property
    def has_database(self) -> bool:
        """Whether there is a database to connect to: SQLite would create a missing file."""
        file = self.folder.database
        return file is None or (file.is_file() and file.stat().st_size > 0)

    @property
    def secret_key(self) -> str:
        """The setting SECRET_KEY, else the secret in the data folder, else ""."""
        file: Path = self.folder.secret_key
        if self.settings.secret_key or not file.is_file():
            return self.settings.secret_key
        return file.read_text("ascii").strip()

    def engine(self) -> Engine:
        """Return a new engine for the database, which keeps no connections."""
        file = self.folder.database
        if file is not None:
            return create_engine(f"sqlite:///{file}", poolclass=NullPool)
        return _server(self.settings.database_url)

    def replica_engine(self) -> Engine:
        """Return a new engine for the replica, which keeps no connections."""
        return _server(self.settings.database_read_url)


def _server(url: str) -> Engine:
    options = {"connect_timeout": PATIENCE}
    return create_engine(url, poolclass=NullPool, connect_args=options, hide_parameters=True)


def ok(message: str) -> list[Finding]:
    """Return one finding that nothing has to be done about."""
    return [Finding(State.OK, message)]


def warning(message: str, advice: str) -> Finding:
    return Finding(State.WARNING, message, advice)


def fault(message: str, advice: str) -> Finding:
    return Finding(State.FAULT, message, advice)
