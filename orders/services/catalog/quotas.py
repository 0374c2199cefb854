"""How many configurations an org may have, and how many bytes of their files.

A page with a public token may save configurations, so anyone can fill the disk with them. To count
all of an org's rows takes longer than to save one. So each process counts them once in RECOUNT
seconds, or less often where that takes long, and adds its own in between: the quota can be exceeded
by what other processes save within that time.
"""

import time
from dataclasses import dataclass

from sqlalchemy import func, select

from orders.domain.errors import Conflict
from orders.domain.inputs import Limits
from orders.domain.texts import Figure, lazy_gettext
from orders.storage import database
from orders.storage.tables import configuration, configuration_file

RECOUNT = 60.0  # seconds
MOST_SHARE = 0.01  # of a process's time for counting


@dataclass(slots=True)
class _Usage:
    """What an org has; `until` is when it is counted again."""

    configurations: int
    file_bytes: int
    until: float


_usages: dict[str, _Usage] = {}


def require_room(org_id: str, limits: Limits, *, configurations: int, file_bytes: int = 0) -> None:
    """Raise Conflict if the org has no room for more configurations or bytes of files.

    `configurations` and `file_bytes` are how many will be saved; they count as saved from now on.
    """
    if not limits.org_configurations and not limits.org_file_bytes:
        return
    usage = _usages.get(org_id)
    if usage is None or usage.until <= time.monotonic():
        usage = _usages[org_id] = _count(org_id)
    _refuse_over(limits, usage.configurations + configurations, usage.file_bytes + file_bytes)
    usage.configurations += configurations
    usage.file_bytes += file_bytes


def _refuse_over(limits: Limits, configurations: int, file_bytes: int) -> None:
    if 0 < limits.org_configurations < configurations:
        raise Conflict(
            lazy_gettext(
                "This organization can have at most %(most)s configurations "
                "(MAX_ORG_CONFIGURATIONS).",
                most=Figure(limits.org_configurations),
            )
        )
    if 0 < limits.org_file_bytes < file_bytes:
        raise Conflict(
            lazy_gettext(
                "This organization can have at most %(most)s bytes of files (MAX_ORG_FILE_BYTES).",
                most=Figure(limits.org_file_bytes),
            )
        )


def _count(org_id: str) -> _Usage:
    is_own = configuration.c.org_id == org_id
    files = (
        select(func.coalesce(func.sum(configuration_file.c.size), 0))
        .join(configuration, configuration.c.id == configuration_file.c.configuration_id)
        .where(is_own)
    )
    began = time.monotonic()
    with database.read() as connection:
        count = connection.execute(select(func.count()).where(is_own)).scalar_one()
        file_bytes = int(connection.execute(files).scalar_one())
    now = time.monotonic()
    return _Usage(count, file_bytes, now + max(RECOUNT, (now - began) / MOST_SHARE))
