"""The org's recent requests to each endpoint, which the reference page shows."""

from functools import lru_cache
from typing import Any

from flask import current_app
from werkzeug.exceptions import HTTPException

from orders.interfaces.api.application import Router, all_endpoints
from orders.services import request_log
from orders.services.accounts.access import StaffMember
from orders.services.request_log import RequestRecorder

SEARCHED = 1_000  # of the org's newest requests; the log has an index for these, and no other
SHOWN = 5  # of each endpoint


def recent_requests(member: StaffMember | None) -> dict[str, list[Any]] | None:
    """Return up to SHOWN recent requests of the org to each endpoint, newest first.

    The result maps the endpoints' operation IDs to the requests. It is None if nobody is signed in,
    if a required second factor is missing, or if no log is kept.
    """
    recorder: RequestRecorder = current_app.extensions["request_recorder"]
    if member is None or member.lacks_second_factor or not recorder.days:
        return None
    found: dict[str, list[Any]] = {}
    for one in request_log.newest_requests(
        member.org_id, kept_since=recorder.kept_since(), most=SEARCHED
    ):
        operation = _operation(one.method, one.path)
        if operation and len(found.setdefault(operation, [])) < SHOWN:
            found[operation].append(one)
    return found


@lru_cache(maxsize=1)
def _router() -> Router:
    return Router(all_endpoints())


def _operation(method: str, path: str) -> str | None:
    """Return the operation ID of the endpoint with this method and path, or None."""
    try:
        return _router().match(path, method)[0].id
    except HTTPException:
        return None
