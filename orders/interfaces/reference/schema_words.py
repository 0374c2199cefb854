"""JSON Schema in words: the fields of a body or a response as rows of a table."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

ANY = "any value"
PLACE = "#/components/schemas/"
# What a format asks for, where its name does not say it.
FORMATS = {
    "uuid": "a UUID",
    "date": "a date",
    "date-time": "a time: ISO 8601",
    "binary": "a file",
    "uri": "an address",
    "uri-reference": "an address",
    "email": "an e-mail address",
}
# A name inside another one, as people write it: `cart[].count`, `platform.id`.
OF_OBJECT, OF_ARRAY = ".", "[]."


@dataclass(frozen=True, slots=True)
class Field:
    """A field with its full name; `depth` says in how many others it lies."""

    name: str
    depth: int
    type: str
    is_required: bool
    is_deprecated: bool
    rule: str
    description: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One form that a body may have: what it is, its fields, and conditions on all of them."""

    title: str
    fields: tuple[Field, ...]
    conditions: tuple[str, ...]


class SchemaWords:
    """Reads schemas that may refer to the document's shared ones."""

    def __init__(self, shared: Mapping[str, Schema]) -> None:
        """Take the shared schemas by name."""
        self._shared = shared

    def resolve(self, schema: Schema) -> Schema:
        """Follow references; words beside one count more than those behind it."""
        while "$ref" in schema:
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._shared[schema["$ref"].removeprefix(PLACE)], **beside}
        return schema

    def shapes(self, schema: Schema) -> tuple[Shape, ...]:
        """Return the forms that a body may have, each with its fields."""
        whole = self.resolve(schema)
        variants = [self.resolve(one) for one in whole.get("anyOf", whole.get("oneOf", ()))]
        if not variants or whole.get("properties"):
            conditions = tuple(one["title"] for one in variants if "title" in one)
            return (Shape(_sentence(whole), tuple(self._fields(whole)), conditions),)
        return tuple(shape for variant in variants for shape in self.shapes(variant))

    def type_of(self, schema: Schema, *, is_inside: bool = False) -> str:
        """Return what kind of value it is: `string or null`, `array of objects`."""
        whole = self.resolve(schema)
        if "const" in whole:
            return _kind_of_value(whole["const"])
        kinds = whole.get("type")
        if kinds is None and "enum" in whole:
            return "string"
        if kinds is None:
            variants = whole.get("anyOf", whole.get("oneOf", ()))
            # Values inside values may be of the same kind again: their types are not followed.
            found = [] if is_inside else [self.type_of(one, is_inside=True) for one in variants]
            return " or ".join(dict.fromkeys(found)) or ANY
        names = [kinds] if isinstance(kinds, str) else list(kinds)
        return " or ".join(self._array(whole) if one == "array" else one for one in names)

    def rule_of(self, schema: Schema) -> str:
        """Return what a value must keep to."""
        return "; ".join(_rules(self.resolve(schema)))

    def _array(self, schema: Schema) -> str:
        items = self.type_of(schema.get("items") or {}, is_inside=True)
        return "array" if items == ANY else f"array of {items.replace(' or ', 's or ')}s"

    def _fields(
        self, schema: Schema, prefix: str = "", depth: int = 0, above: tuple[Schema, ...] = ()
    ) -> Iterator[Field]:
        """Return the fields of an object or of an array's entries, outer ones before inner ones."""
        whole = self.resolve(schema)
        if "array" in _kinds(whole):
            yield from self._fields(whole.get("items") or {}, prefix + OF_ARRAY, depth, above)
            return
        if whole in above:
            return
        for name, inner in whole.get("properties", {}).items():
            if inner is False:
                continue
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


def _sentence(schema: Schema) -> str:
    return str(schema.get("description") or schema.get("title") or "")


def _kind_of_value(value: object) -> str:
    return "boolean" if isinstance(value, bool) else "string"


def _rules(schema: Schema) -> Iterator[str]:
    if "const" in schema:
        yield f"`{_shown(schema['const'])}`"
    if "enum" in schema:
        yield "one of " + ", ".join(f"`{one}`" for one in schema["enum"])
    entry = schema.get("items") or {}
    if "enum" in entry:
        yield "each one of " + ", ".join(f"`{one}`" for one in entry["enum"])
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
