"""The org's products as a table, whose columns are those that an import reads."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from orders.domain.configuration import FIELDS, configuration_fields
from orders.domain.sheet_reading import write_value
from orders.services.catalog.configuration_import import OBJECTS, SHORT_NAMES
from orders.services.catalog.configuration_queries import find_configurations
from orders.storage import database
from orders.storage.tables import configuration

# Products that are read at a time.
BATCH = 500
# What belongs to one installation, or is no text.
_LEFT_OUT = {"orgId", "sceneGraphState", *OBJECTS}
_SHORT = {path: name for name, path in SHORT_NAMES.items()}


def current_ids(org_id: str) -> list[str]:
    """Return the IDs of the org's products that are neither deleted nor retired, oldest first."""
    statement = select(configuration.c.id).where(
        configuration.c.org_id == org_id,
        configuration.c.deleted_at.is_(None),
        configuration.c.retired_at.is_(None),
    )
    ordered = statement.order_by(configuration.c.created_at, configuration.c.id)
    return [row.id for row in database.fetch_all(ordered)]


def product_table(org_id: str, ids: Sequence[str]) -> tuple[list[str], Iterator[list[str]]]:
    """Return the names of the columns, and an iterator over the rows of these products.

    Options, metadata, and attachments have a column for each key that occurs. Columns without a
    value in any row are left out.
    """
    used = {path for values in _values(org_id, ids) for path in values}
    fixed = [*_SHORT, *(name for name in FIELDS if name not in _LEFT_OUT)]
    paths = [path for path in fixed if path in used]
    paths += sorted(used - set(paths), key=lambda path: (OBJECTS.index(path.split(".")[0]), path))
    rows = ([values.get(path, "") for path in paths] for values in _values(org_id, ids))
    return [_SHORT.get(path, path) for path in paths], rows


def _values(org_id: str, ids: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the texts of each product by the paths of their fields, without empty ones."""
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        found = find_configurations(batch, org_id)
        for one in (configuration_fields(found[name]) for name in batch if name in found):
            values = {name: one.get(name) for name in FIELDS if name not in _LEFT_OUT}
            for area in OBJECTS:
                values |= {f"{area}.{key}": value for key, value in (one.get(area) or {}).items()}
            yield {
                path: write_value(value, is_text=isinstance(value, str))
                for path, value in values.items()
                if value not in (None, "")
            }
