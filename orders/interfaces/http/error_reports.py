"""Reports of errors to Sentry, or to a service that takes its messages.

What is reported is each log line of the level ERROR with its traceback, and the IDs of the request.
Neither headers, bodies and cookies nor the values of variables are sent.
"""

from typing import TYPE_CHECKING, Any, cast

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration

from orders import __version__
from orders.interfaces.http.logs import masked
from orders.interfaces.http.observers import current_request

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint


def start_reporting(dsn: str) -> None:
    """Report errors of this process from now on; a thread sends them to the address `dsn`."""
    sentry_sdk.init(
        dsn=dsn,
        release=f"shortorder@{__version__}",
        # Only log lines: other integrations would send requests and statements with them.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None)],
        include_local_variables=False,
        max_breadcrumbs=0,
        before_send=_with_ids,
    )


def _with_ids(event: "Event", _hint: "Hint") -> "Event":
    """Return the event with the IDs of the request, and with secrets masked."""
    tags: dict[str, Any] = {}
    request = current_request()
    if request is not None:
        tags = {
            "request_id": request.id, "org_id": request.org_id, "actor_id": request.actor_id,
            "route": request.route,
        }  # fmt: skip
    return cast("Event", {**_masked_all(event), "tags": {**event.get("tags", {}), **tags}})


def _masked_all(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: _masked_all(one) for name, one in value.items()}
    return [_masked_all(one) for one in value] if isinstance(value, list) else value
