"""Base classes of the models: types of columns, names of constraints, indexes of one database."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from orders.storage.types import JsonText, UtcDateTime

# PostgreSQL counts history rows in 64 bits; SQLite numbers rows by itself only for INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all models; names constraints, so that migrations can drop them on both databases."""

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
    """Columns of a model whose rows belong to one org: ID, the org's ID, time of creation."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    created_at: Mapped[datetime]


def only_on(dialect: str, index: Index) -> Index:
    """Return the index, set to be created on one database only ("sqlite" or "postgresql").

    The check of models against migrations skips it on the other one, by `info`.
    """
    index.info["dialect"] = dialect
    index.ddl_if(dialect=dialect)
    return index


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Return an index of only the rows for which the SQL condition `where` is true.

    A database uses it only for queries that contain the condition in the same words.
    """
    condition = text(where)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)
