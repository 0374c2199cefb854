"""A page on which `shortorder doctor` sees how its own request arrives, through all proxies."""

from flask import Flask, abort, current_app, jsonify, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

PATH = "/self-check"
MAX_AGE = 60  # seconds for which a key is valid, so that one in a log is of no use


def start_self_check(app: Flask) -> None:
    """Add the page to the application."""
    app.add_url_rule(PATH, "self_check", _show_request)


def new_key(secret_key: str) -> str:
    """Return a key that opens the page of a service with this SECRET_KEY for MAX_AGE seconds."""
    return str(_serializer(secret_key).dumps(PATH))


def _show_request() -> Response:
    try:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        _serializer(str(current_app.secret_key)).loads(key, max_age=MAX_AGE)
    except BadSignature:
        abort(404)
    return jsonify(
        client=request.remote_addr,
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        address=request.host_url,
    )


def _serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="self-check")
