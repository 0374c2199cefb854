"""Dumps of a PostgreSQL database, made and restored by its own programs."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, Select, func, inspect, select, table, text

from orders.domain.errors import BackupError
from orders.storage.database import db

# Seconds between two looks at whether a running program is still wanted.
PAUSE = 0.2
# As in the text of a dump: COPY public.orders (id, name) FROM stdin;
_COPY = re.compile(rb'COPY (?:\w+|"[^"]+")\.(\w+|"[^"]+") \(.*\) FROM stdin;\n')
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")

# Without what another role may own: comments include that of an extension.
_ONLY_DATA_AND_TABLES = ("--no-owner", "--no-privileges", "--no-comments")


def dump(
    target: Path, names: Select[Any], interrupt: Callable[[], None]
) -> tuple[dict[str, int], list[str]]:
    """Write the database as it is now into the file `target`, in the custom format of `pg_dump`.

    Returns the number of rows of each table and the first column of `names`, both as they are in
    the dump. `interrupt` is called again and again, and may raise an exception to end the dump.
    Raises BackupError, also if `pg_dump` is missing or older than the server.
    """
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        with_no_limits(connection)
        program = _program("pg_dump", connection)
        counts = {
            name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
            for name in inspect(connection).get_table_names()
        }
        found = [row[0] for row in connection.execute(names)]
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        _run(
            [program, "--format=custom", *_ONLY_DATA_AND_TABLES,
             f"--snapshot={snapshot}", f"--file={target}"],
            connection, interrupt,
        )  # fmt: skip
    return counts, found


def restore(file: Path) -> None:
    """Restore a dump into the database, in one transaction. Raises BackupError."""
    with db.engine.connect() as connection:
        program = _program("pg_restore", connection)
        _run(
            [program, "--single-transaction", "--exit-on-error", *_ONLY_DATA_AND_TABLES, str(file)],
            connection, lambda: None,
        )  # fmt: skip


def count_rows(file: Path) -> dict[str, int]:
    """Return the number of rows of each table in a dump, after reading all of it.

    This needs no server. Raises BackupError for a dump that cannot be read.
    """
    program = _installed("pg_restore")
    counts: dict[str, int] = {}
    with tempfile.TemporaryFile() as problems:
        with subprocess.Popen(  # noqa: S603 - our own command line
            [program, "--file=-", str(file)], stdout=subprocess.PIPE, stderr=problems
        ) as process:
            name = ""
            for line in cast(BinaryIO, process.stdout):
                if name and line == b"\\.\n":
                    name = ""
                elif name:
                    counts[name] += 1
                elif found := _COPY.fullmatch(line):
                    name = found[1].decode().strip('"')
                    counts[name] = 0
        _refuse_failure(process.returncode, problems, program)
    return counts


def with_no_limits(connection: Connection) -> None:
    """Let the current transaction take as long as it takes."""
    for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {limit} = 0"))


def _installed(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise BackupError(
            f"{name} is not installed. It is in PostgreSQL's package for clients, such as Debian's"
            " postgresql-client."
        )
    return program


def _program(name: str, connection: Connection) -> str:
    """Return the path of a program that is not older than the server, which it would refuse."""
    program = _installed(name)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - as above
    found = _VERSION.search(said.stdout)
    server = _driver(connection).info.server_version // 10_000
    if found is None or int(found[1]) < server:
        raise BackupError(
            f"{program} is of version {found[1] if found else 'unknown'}, and the server of version"
            f" {server}: install PostgreSQL's programs of version {server} or newer, first in PATH."
        )
    return program


def _run(command: Sequence[str], connection: Connection, interrupt: Callable[[], None]) -> None:
    """Run a program on the server of this connection. Raises BackupError if it fails."""
    info = _driver(connection).info
    # Not in the list of processes.
    secret = {"PGPASSWORD": info.password} if info.password else {}
    # Not above: an installation with SQLite does not need it.
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    address = make_conninfo(info.dsn, host=info.host, port=info.port)
    with tempfile.TemporaryFile() as problems:
        process = subprocess.Popen(  # noqa: S603 - as above
            [*command, f"--dbname={address}"],
            env={**os.environ, **secret}, stdin=subprocess.DEVNULL, stderr=problems,
        )  # fmt: skip
        try:
            while process.poll() is None:
                interrupt()
                try:
                    process.wait(PAUSE)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.kill()
            process.wait()
        _refuse_failure(process.returncode, problems, command[0])


def _refuse_failure(code: int, problems: Any, program: str) -> None:  # noqa: ANN401 - a temporary file
    if code:
        problems.seek(0)
        said = problems.read().decode("utf-8", "replace").strip().splitlines()
        raise BackupError(f"{Path(program).name} failed: {said[0] if said else f'code {code}'}.")


def _driver(connection: Connection) -> Any:  # noqa: ANN401 - psycopg's connection
    return connection.connection.driver_connection
