"""The OpenAPI document of this door: made once, open to everybody."""

import hashlib
from functools import lru_cache

import orjson
from flask import Response, request

from orders.api.blueprint import api
from orders.api.description.document import document
from orders.rules.inputs import Limits
from orders.web.in_force import limits_in_force

MAX_AGE = 300  # seconds; afterwards the ETag makes asking again cheap


@api.get("/openapi.json")
def read_document() -> Response:
    """Answer with the document; any page may read it, and caches may keep it for a while."""
    body, etag = _written(limits_in_force(), request.root_path or "/")
    response = Response(body, content_type="application/json")
    response.set_etag(etag)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.make_conditional(request)
    return response


@lru_cache(maxsize=8)
def _written(limits: Limits, server: str) -> tuple[bytes, str]:
    body = orjson.dumps(document(limits, server), option=orjson.OPT_NON_STR_KEYS)
    return body, hashlib.sha256(body).hexdigest()[:32]
