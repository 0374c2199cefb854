"""The schemas of the document: JSON Schema of the very classes that validate."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from orders.rules.fields import SHARED, SHARED_BASE

Mode = Literal["validation", "serialization"]
PLACE = "#/components/schemas/"


def schemas_of(models: Iterable[tuple[type[BaseModel], Mode]]) -> dict[str, Any]:
    """Give the schemas of the models and of everything that they hold, by name."""
    _, found = models_json_schema(
        list(models), by_alias=True, ref_template=f"{PLACE}{{model}}", schema_generator=_Schemas
    )
    text = json.dumps({**found.get("$defs", {}), **SHARED})
    schemas: dict[str, Any] = json.loads(text.replace(SHARED_BASE, PLACE))
    return dict(sorted(schemas.items()))


class _Schemas(GenerateJsonSchema):
    """Pydantic's generator, in our words."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        """Give fields no title: it would be their name once more."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out defaults that only mean "not sent" inside; where they matter, words say it."""
        made = super().default_schema(schema)
        if made.get("default") in (None, "", [], {}):
            made.pop("default", None)
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Write a plain type or null as two types, which reads better than two schemas."""
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), str) and "enum" not in inner:
            return {**inner, "type": [inner["type"], "null"]}
        return super().nullable_schema(schema)
