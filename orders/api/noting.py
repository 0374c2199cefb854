"""Notes each request of a known token in its org's request log."""

import contextlib

from flask import Response, current_app, g, request

from orders.access import Actor
from orders.api.authentication import refused_secret
from orders.recording import request_log
from orders.recording.request_log import Caller
from orders.recording.request_recorder import RequestRecorder
from orders.rules.errors import ServiceBusy
from orders.web.security import is_for_programs


def note_request(response: Response) -> Response:
    """Note the request that is answered so; one of an unknown token belongs to nobody's log.

    A browser's question beforehand (`OPTIONS`) is its own, and no request of the token.
    """
    if is_for_programs(request) and request.method != "OPTIONS":
        recorder: RequestRecorder = current_app.extensions["request_recorder"]
        if recorder.days and (caller := _caller(response.status_code)):
            agent = request.environ.get("HTTP_USER_AGENT", "")
            recorder.note(*caller, request.method, request.path, response.status_code, agent)
    return response


def _caller(status: int) -> Caller | None:
    """Find out who called. Refusals belong to the log too, and are what people look for."""
    actor: Actor | None = g.get("actor")
    if actor is not None:
        return Caller(actor.org_id, actor.id)
    secret = None if status == 503 else refused_secret()  # a database that is away is not asked
    with contextlib.suppress(ServiceBusy):
        return None if secret is None else request_log.find_caller(secret)
    return None
