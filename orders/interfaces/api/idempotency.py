"""`Idempotency-Key`: lets clients safely repeat a request that creates or changes something."""

import contextlib
from collections.abc import Callable
from typing import Any

from orders.domain.errors import Conflict, InvalidInput, StaleVersion
from orders.interfaces.api.endpoints import REPLAYED, Endpoint
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import RenderedResponse, render
from orders.services import idempotency
from orders.services.idempotency import IdempotencyKey, KeyAlreadyUsed

clearing = idempotency.Clearing()


def run_once(
    call: Call, endpoint: Endpoint, key: str, run: Callable[[], RenderedResponse]
) -> RenderedResponse:
    """Call `run` and return its response, or return the first response if the key was used before.

    `run` runs the endpoint. Its service stores the key and the response in the same transaction as
    the change. For a day, requests with the same key and content get that response. Raises
    InvalidInput if the key was already used for other content, and whatever `run` raises.
    """
    clearing.maybe_clear()
    request = call.request
    content = endpoint.content(call.body)
    fingerprint = idempotency.fingerprint([request.method, request.path, content])
    if stored := idempotency.find_answer(key, fingerprint, call.actor):
        return _replayed(stored)
    # Not the call itself: the response may be rendered in another request's thread.
    present, status = endpoint.present, endpoint.status
    root = request.root_path
    # Only what came with files has a picture here.
    address = call.address if endpoint.takes_files else ""

    def to_store(made: Any) -> idempotency.Answer:  # noqa: ANN401 - whatever the service makes
        response = render(made if present is None else present(made), status, root, address)
        return {**response._asdict(), "body": response.body.decode()}

    call.once = IdempotencyKey(key, fingerprint, to_store, is_secret=endpoint.shows_secret)
    try:
        return run()
    except (KeyAlreadyUsed, Conflict, StaleVersion, InvalidInput):
        # The reason may be the same request at the same moment: this one gets its response. If the
        # key came with another request, this one is refused for its own reason.
        with contextlib.suppress(InvalidInput):
            if stored := idempotency.find_answer(key, fingerprint, call.actor):
                return _replayed(stored)
        raise


def _replayed(stored: idempotency.Answer) -> RenderedResponse:
    headers = {**stored["headers"], REPLAYED: "true"}
    return RenderedResponse(stored["status"], headers, stored["body"].encode())
