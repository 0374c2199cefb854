"""Many rows of the request log by one statement, which takes them all as one text of JSON.

The usual ways make values and statements of each row in Python, which the requests that are being
answered meanwhile would feel (docs/benchmarks.md). Here the database takes the text apart.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

# Of each row: org, token, milliseconds since 1970, method, path, status, user agent. The columns
# get what the types of the model would write (orders.storage.types.UtcDateTime).
_STATEMENTS = {
    "sqlite": text(
        "INSERT INTO request_log (org_id, token_id, at, method, path, status, user_agent) "
        "SELECT value->>0, value->>1, "
        "strftime('%Y-%m-%d %H:%M:%f', (value->>2) / 1000.0, 'unixepoch') || '000', "
        "value->>3, value->>4, value->>5, value->>6 FROM json_each(:rows)"
    ),
    "postgresql": text(
        "INSERT INTO request_log (org_id, token_id, at, method, path, status, user_agent) "
        "SELECT value->>0, value->>1, "
        "to_timestamp(0) + CAST(value->>2 AS bigint) * interval '1 millisecond', "
        "value->>3, value->>4, CAST(value->>5 AS integer), value->>6 "
        "FROM json_array_elements(CAST(:rows AS json))"
    ),
}


def insert_requests(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of the request log, all or none, in the order in which they are given."""
    sent = {"rows": orjson.dumps(rows).decode()}
    connection.execute(_STATEMENTS[connection.dialect.name], sent)
