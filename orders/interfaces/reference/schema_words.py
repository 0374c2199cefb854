"""Describes JSON Schema in words and lists of fields, for the API reference page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

ANY = "any value"
SCHEMAS = "#/components/schemas/"
# Formats in words.
FORMATS = {
    "uuid": "a UUID",
    "date": "a date",
    "date-time": "a time: ISO 8601",
    "date-or-time": "a time or a day: ISO 8601",
    "binary": "a file",
    "uri": "an address",
    "uri-reference": "an address",
    "email": "an e-mail address",
}
# Separators of nested names: `cart[].count`, `platform.id`.
OF_OBJECT, OF_ARRAY = ".", "[]."


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body; `name` is its path (`cart[].count`), and `depth` its nesting level from 0.

    `type` and `rule` are in words, as `SchemaWords.type_of` and `rule_of` return them.
    """

    name: str
    depth: int
    type: str
    is_required: bool
    is_deprecated: bool
    rule: str
    description: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One of the forms that a body can have, such as an object or an array, with its fields.

    `conditions` are the titles of alternatives, such as "At least one line", of which the body must
    meet one. It is empty if there are none.
    """

    title: str
    fields: tuple[Field, ...]
    conditions: tuple[str, ...]


class SchemaWords:
    """Describes JSON Schema in words; `shared` maps names to the schemas that a `$ref` may name."""

    def __init__(self, shared: Mapping[str, Schema]) -> None:
        self._shared = shared

    def resolve(self, schema: Schema) -> Schema:
        """Return the schema with its `$ref` replaced by the keys of the schema that it names.

        Keys next to the `$ref` take precedence.
        """
        while "$ref" in schema:
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._shared[schema["$ref"].removeprefix(SCHEMAS)], **beside}
        return schema

    def shapes(self, schema: Schema) -> tuple[Shape, ...]:
        """Return the forms that a body may have: one for each `anyOf` or `oneOf`, or just one."""
        whole = self.resolve(schema)
        variants = [self.resolve(one) for one in whole.get("anyOf", whole.get("oneOf", ()))]
        if not variants or whole.get("properties"):
            either = (*variants, whole.get("if", {}), *whole.get("else", {}).get("anyOf", ()))
            conditions = tuple(one["title"] for one in either if "title" in one)
            title = str(whole.get("description") or whole.get("title") or "")
            return (Shape(title, tuple(self._fields(whole)), conditions),)
        return tuple(shape for variant in variants for shape in self.shapes(variant))

    def type_of(self, schema: Schema, *, is_inside: bool = False) -> str:
        """Return the type of a value in words, such as `string or null`; ANY if none is set.

        `is_inside` is True for entries of an array and for alternatives. For these, further
        alternatives are not followed but described as ANY, because a schema may contain itself.
        """
        whole = self.resolve(schema)
        if "const" in whole:
            return "boolean" if isinstance(whole["const"], bool) else "string"
        kinds = whole.get("type")
        if kinds is None and "enum" in whole:
            return "string"
        if kinds is None:
            variants = whole.get("anyOf", whole.get("oneOf", ()))
            found = [] if is_inside else [self.type_of(one, is_inside=True) for one in variants]
            return " or ".join(dict.fromkeys(found)) or ANY
        return " or ".join(self._array(whole) if one == "array" else one for one in _kinds(whole))

    def rule_of(self, schema: Schema) -> str:
        """Return a value's limits and default, such as `from 1 to 9`; empty if there are none."""
        whole = self.resolve(schema)
        return "; ".join(_rules({**whole, "items": self.resolve(whole.get("items", {}))}))

    def _array(self, schema: Schema) -> str:
        items = self.type_of(schema.get("items") or {}, is_inside=True)
        return "array" if items == ANY else f"array of {items.replace(' or ', 's or ')}s"

    def _fields(
        self, schema: Schema, prefix: str = "", depth: int = 0, above: tuple[Schema, ...] = ()
    ) -> Iterator[Field]:
        """Yield the fields of an object or of an array's entries, parents before children.

        `prefix` is the start of the fields' names, such as `cart[].`, and `depth` their nesting
        level. `above` are the schemas that contain this one. Nothing is yielded for a schema that
        is already in `above`, or for one without properties.
        """
        whole = self.resolve(schema)
        if "array" in _kinds(whole):
            yield from self._fields(whole.get("items") or {}, prefix + OF_ARRAY, depth, above)
            return
        if whole in above:
            return
        for name, inner in whole.get("properties", {}).items():
            found = self.resolve(inner)
            yield Field(
                name=(prefix + name).removeprefix(OF_OBJECT),
                depth=depth,
                type=self.type_of(found),
                is_required=name in whole.get("required", ()),
                is_deprecated=bool(found.get("deprecated")),
                rule=self.rule_of(found),
                description=str(found.get("description", "")),
            )
            is_array = "array" in _kinds(found)
            holder = self.resolve(found.get("items") or {}) if is_array else found
            yield from self._fields(
                holder, prefix + name + (OF_ARRAY if is_array else OF_OBJECT), depth + 1,
                (*above, whole),
            )  # fmt: skip


def _kinds(schema: Schema) -> tuple[str, ...]:
    kinds = schema.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def _rules(schema: Schema) -> Iterator[str]:
    if "const" in schema:
        yield f"`{_shown(schema['const'])}`"
    if "enum" in schema:
        yield "one of " + ", ".join(f"`{one}`" for one in schema["enum"])
    if "enum" in schema["items"]:
        yield "each one of " + ", ".join(f"`{one}`" for one in schema["items"]["enum"])
    if schema.get("format") in FORMATS:
        yield FORMATS[schema["format"]]
    yield from _bounds(schema, "minimum", "maximum", "")
    yield from _bounds(schema, "minLength", "maxLength", " characters")
    yield from _bounds(schema, "minItems", "maxItems", " entries")
    if "default" in schema:
        yield f"`{_shown(schema['default'])}` when left out"


def _bounds(schema: Schema, low: str, high: str, unit: str) -> Iterator[str]:
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        yield f"from {least:,} to {most:,}{unit}"
    elif most is not None:
        yield f"at most {most:,}{unit}"
    elif least == 1 and unit:
        yield "not empty"
    elif least:
        yield f"at least {least:,}{unit}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
