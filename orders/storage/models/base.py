"""Base classes of the models, with column types, constraint names and special indexes."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from orders.storage.types import JsonText, UtcDateTime

# PostgreSQL counts history rows in 64 bits; SQLite numbers rows by itself only for INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all models. It names constraints so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        dict[str, Any]: JsonText,
        list[Any]: JsonText,
    }


class OwnedByOrg:
    """Columns of a model whose rows belong to one org: ID, the org's ID and time of creation."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    created_at: Mapped[datetime]


def only_on(dialect: str, index: Index) -> Index:
    """Make the index exist on one database only, and return it.

    `dialect` is that database: "sqlite" or "postgresql". It is also stored in the index's `info`,
    so that the check that compares models with migrations skips the index on the other database.
    """
    index.info["dialect"] = dialect
    index.ddl_if(dialect=dialect)
    return index


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Return an index of only the rows for which the SQL condition `where` is true.

    A database uses the index only for queries that contain the same condition, word for word.
    """
    condition = text(where)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)
