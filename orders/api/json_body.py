"""Reads the JSON body of a request, strictly."""

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from orders.rules.errors import NotJson
from orders.rules.json_values import JsonValue, parse_json

UTF_8 = {"utf-8", "utf8"}


def json_object() -> dict[str, JsonValue]:
    """Give the body as an object; raises as `json_value` does, and NotJson for an array."""
    value = json_value()
    if not isinstance(value, dict):
        raise NotJson("The body must be a JSON object.")
    return value


def json_value() -> dict[str, JsonValue] | list[JsonValue]:
    """Give the body as an object or array.

    Raises UnsupportedMediaType unless the type is JSON in UTF-8, and NotJson for a body that is no
    JSON, or neither of these. Values that JSON allows but the service does not (repeated keys,
    numbers out of range) pass through: the shared check names their paths.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    is_json = request.mimetype == "application/json" or (
        request.mimetype.startswith("application/") and request.mimetype.endswith("+json")
    )
    if not is_json or charset not in UTF_8:
        raise UnsupportedMediaType("Send JSON in UTF-8, with Content-Type: application/json.")
    value = parse_json(request.get_data())
    if not isinstance(value, dict | list):
        raise NotJson("The body must be a JSON object or array.")
    return value
