"""`Idempotency-Key`: a request that creates or changes something may safely be sent again."""

from collections.abc import Callable
from typing import Any

from orders.domain.errors import Conflict, InvalidInput, StaleVersion
from orders.interfaces.api.endpoints import REPLAYED, Endpoint
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import EndpointResult, RenderedResponse, render
from orders.services import idempotency
from orders.services.idempotency import IdempotencyKey, KeyAlreadyUsed

clearing = idempotency.Clearing()


def run_once(
    call: Call, endpoint: Endpoint, key: str, run: Callable[[], RenderedResponse]
) -> RenderedResponse:
    """Return the response of `run`, which runs the endpoint, or the first response to this key.

    The key is stored with that response in the transaction of what the endpoint makes; requests
    with the same key and content get it again for a day. Raises InvalidInput for a key that came
    with other content, and whatever `run` raises.
    """
    clearing.maybe_clear()
    request = call.request
    content = endpoint.content(call.body)
    fingerprint = idempotency.fingerprint([request.method, request.path, content])
    if stored := idempotency.find_answer(key, fingerprint, call.actor):
        return _replayed(stored)
    present, status, root = endpoint.present or _unchanged, endpoint.status, request.root_path

    def to_store(made: Any) -> idempotency.Answer:  # noqa: ANN401 - whatever the service makes
        response = render(present(made), status, root)
        return {**response._asdict(), "body": response.body.decode()}

    call.once = IdempotencyKey(key, fingerprint, to_store)
    try:
        return run()
    except (KeyAlreadyUsed, Conflict, StaleVersion, InvalidInput):
        # The same request at the same moment may be why: its own first answer is what it gets.
        if stored := _stored(key, fingerprint, call):
            return _replayed(stored)
        raise


def _unchanged(made: EndpointResult) -> EndpointResult:
    return made


def _stored(key: str, fingerprint: str, call: Call) -> idempotency.Answer | None:
    try:
        return idempotency.find_answer(key, fingerprint, call.actor)
    except InvalidInput:  # the key belongs to another request, which is refused for its own reason
        return None


def _replayed(stored: idempotency.Answer) -> RenderedResponse:
    headers = {**stored["headers"], REPLAYED: "true"}
    return RenderedResponse(stored["status"], headers, stored["body"].encode())
