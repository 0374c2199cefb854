"""Indexes that only one of the databases has."""

from sqlalchemy import Index


def only_on(dialect: str, index: Index) -> Index:
    """Keep an index to one of the databases; migrations are compared with it by `info`."""
    index.info["dialect"] = dialect
    index.ddl_if(dialect=dialect)
    return index
