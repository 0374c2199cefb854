"""The OpenAPI document with everything that the application accepts, for tests that send all of it.

The published document leaves out what generators of clients make nothing of, or make bad types of:
other forms of a value (`x-also-sent`), values that contain values, conditions.
"""

import json
from typing import Any

from orders.domain.fields import ALSO_SENT, ANY_VALUE, NO_NUL, NUMBER

SCHEMAS = "#/components/schemas/"
JSON = "application/json"
RECURSIVE: dict[str, Any] = {
    "JsonValue": {
        "anyOf": [
            {"type": "string", "pattern": NO_NUL},
            NUMBER,
            {"type": ["boolean", "null"]},
            {"$ref": f"{SCHEMAS}JsonObject"},
            {"type": "array", "items": {"$ref": f"{SCHEMAS}JsonValue"}},
        ]
    },
    "JsonObject": {
        "type": "object",
        "propertyNames": {"pattern": NO_NUL},
        "additionalProperties": {"$ref": f"{SCHEMAS}JsonValue"},
    },
}


def exact(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with schemas that accept what the application accepts, and no more."""
    whole: dict[str, Any] = exact_part(document)
    whole["components"]["schemas"] |= RECURSIVE
    return whole


def exact_part(part: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a schema, or whatever has schemas in it, in its exact form."""
    if isinstance(part, list):
        return [exact_part(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part == ANY_VALUE:
        return {"$ref": f"{SCHEMAS}JsonValue"}
    if isinstance(part.get("schema"), dict) and "contentSchema" in part["schema"]:
        part = _with_content(part)
    found = {key: exact_part(value) for key, value in part.items()}
    if found.get("format") == "date-or-time":
        found = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
    if "if" in found:
        either = found.pop("else")["anyOf"]
        found["anyOf"] = [found.pop("if"), *either]
    if "examples" in found and isinstance(found.get(ALSO_SENT), dict):
        found["examples"] |= found.pop(ALSO_SENT)
    if isinstance(found.get(ALSO_SENT), list):
        others = found.pop(ALSO_SENT)
        found = {"anyOf": [found, *others]}
    return found


def _with_content(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter that is JSON text with the schema of the value in it."""
    rest = {key: value for key, value in parameter.items() if key not in {"schema", "example"}}
    content = {"schema": parameter["schema"]["contentSchema"]}
    if "example" in parameter:
        content["example"] = json.loads(parameter["example"])
    return {**rest, "content": {JSON: content}}
