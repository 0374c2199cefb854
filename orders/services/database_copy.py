"""The whole database copied into another one, such as from SQLite to PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from orders.domain.errors import OrderError, ServiceBusy
from orders.services.progress import Begin, no_progress
from orders.storage import table_copies
from orders.storage.database import db
from orders.storage.startup import schema_version
from orders.storage.table_copies import UNFINISHED, TableContent, reading, writing

# Reads of the service write them, so they may change during a copy.
_WRITTEN_BY_READS = frozenset({"rate_count", "request_log", "staff_session"})


class CopyError(OrderError):
    """The database was not copied, or not all of it; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table of both databases; `is_copied` is False if it was the same before."""

    name: str
    here: TableContent
    there: TableContent
    is_copied: bool


def copy_database(
    url: str, *, goes_on: bool = False, progress: Begin = no_progress
) -> list[TableCopy]:
    """Copy all rows of the database into the one at `url`, and return what is in both.

    That must have the tables of the same version, and no rows. With `goes_on` it may be one into
    which a copy was interrupted: tables that are the same are kept, and the others emptied and
    copied. Until all is copied, the service does not start with it. Raises CopyError for a database
    that is not such a one, and if something cannot be read or written, or is not the same
    afterwards.
    """
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    with _understood(url):
        revision = schema_version()
        found = _revision_there(engine, url)
        if found not in {revision, f"{UNFINISHED}{revision}"}:
            raise CopyError(_not_the_same_schema(revision, found))
        is_begun = found != revision
        if is_begun and not goes_on:
            raise CopyError("A copy into this database was interrupted. Continue it: --continue")
        if not is_begun:
            _refuse_rows(engine)
        with writing(engine) as target:
            table_copies.mark_revision(target, f"{UNFINISHED}{revision}")
        with reading(db.engine) as source:
            copies = _copy(source, engine, progress, is_begun=is_begun)
            before = table_copies.counts(source)
        _refuse_differences(copies, before)
        with writing(engine) as target:
            table_copies.mark_revision(target, str(revision))
    return copies


def _copy(
    source: Connection, engine: Engine, progress: Begin, *, is_begun: bool
) -> list[TableCopy]:
    tables = table_copies.copied_tables()
    # Every row is read here and written there, read again there, and before that to go on.
    step = progress(
        "Copying rows", sum(table_copies.counts(source).values()) * (4 if is_begun else 2)
    )
    here = {}
    kept: set[str] = set()
    if is_begun:
        with reading(engine) as target:
            for one in tables:
                here[one.name] = table_copies.content_of(source, one, step)
                parents = {key.column.table.name for key in one.foreign_keys}
                if parents <= kept and here[one.name] == table_copies.content_of(target, one, step):
                    kept.add(one.name)
    missing = [one for one in tables if one.name not in kept]
    with writing(engine) as target:
        table_copies.empty(target, missing)
    for one in missing:
        with writing(engine) as target:
            here[one.name] = table_copies.copy_rows(source, target, one, step)
    with reading(engine) as target:
        return [
            TableCopy(
                one.name,
                here[one.name],
                table_copies.content_of(target, one, step),
                is_copied=one.name not in kept,
            )
            for one in tables
        ]


def _revision_there(engine: Engine, url: str) -> str | None:
    try:
        return schema_version(engine)
    except ServiceBusy as error:
        reason = " ".join(str(getattr(error.__cause__, "orig", error.__cause__)).split())
        raise CopyError(f"The database {_shown(url)} cannot be opened: {reason}") from error


def _not_the_same_schema(here: str | None, there: str | None) -> str:
    if there is None:
        return (
            "The other database has no tables. Create them by `shortorder database upgrade` with"
            " its address as DATABASE_URL."
        )
    return (
        f"The other database has the schema {there}, and this one {here}: bring both up to date by"
        " `shortorder database upgrade`."
    )


def _refuse_rows(engine: Engine) -> None:
    with reading(engine) as target:
        used = [name for name, count in table_copies.counts(target).items() if count]
    if used:
        raise CopyError(f"The other database is not empty: it has rows in {', '.join(used)}.")


def _refuse_differences(copies: Sequence[TableCopy], before: dict[str, int]) -> None:
    differing = [one.name for one in copies if one.here != one.there]
    if differing:
        raise CopyError(
            f"The rows of {', '.join(differing)} differ after the copy. Repeat it with --continue."
        )
    with reading(db.engine) as source:
        now = table_copies.counts(source)
    changed = [
        name
        for name, count in before.items()
        if count != now[name] and name not in _WRITTEN_BY_READS
    ]
    if changed:
        raise CopyError(
            f"While it was copied, the service has written to {', '.join(changed)}. Stop it, and"
            " repeat the copy with --continue."
        )


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Raise what the libraries say about a database as a CopyError."""
    try:
        yield
    except SQLAlchemyError as error:
        # The first line alone: others may quote what is stored.
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CopyError(
            f"The copy to {_shown(url)} ended: {reason}. Repeat it with --continue."
        ) from error


def _shown(url: str) -> str:
    return make_url(url).render_as_string()  # without the password
