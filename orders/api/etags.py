"""Versions of an order as HTTP knows them: ETag, If-Match, If-None-Match (RFC 9110, section 13)."""

from flask import Response, request

from orders.editing import VersionCheck
from orders.rules.order import Order


def etag_of(order: Order) -> str:
    """Give the strong ETag of an order: every change gives it another."""
    return f'"{order.version}"'


def version_wanted() -> VersionCheck:
    """Give the check that the request's `If-Match` asks for; None when it asks for none."""
    if "If-Match" not in request.headers:
        return None
    wanted = request.if_match
    return lambda version: wanted.contains(str(version))


def not_modified(order: Order) -> Response | None:
    """Answer 304 when the caller has this version already; None when it has not."""
    if request.if_none_match.contains_weak(str(order.version)):
        return Response(status=304, headers={"ETag": etag_of(order), "Cache-Control": "no-store"})
    return None
