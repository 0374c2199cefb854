"""Writes JSON values as literals of the languages in which code is shown."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


@dataclass(frozen=True, slots=True)
class Style:
    """How a language writes values; `pair` joins a key with its value, both written already."""

    indent: int
    true: str
    false: str
    null: str
    text: Callable[[str], str]
    key: Callable[[str], str]
    pair: str
    object: tuple[str, str]
    array: tuple[str, str]
    empty_object: str

    def write(self, value: Any, depth: int = 0) -> str:  # noqa: ANN401 - any JSON value
        """Write the value; lines behind the first are indented for this depth."""
        if isinstance(value, dict):
            entries = [
                f"{self.key(key)}{self.pair}{self.write(inner, depth + 1)}"
                for key, inner in value.items()
            ]
            return self._block(entries, self.object, depth) if entries else self.empty_object
        if isinstance(value, list):
            return self._block([self.write(one, depth + 1) for one in value], self.array, depth)
        if isinstance(value, str):
            return self.text(value)
        if value is None:
            return self.null
        if isinstance(value, bool):
            return self.true if value else self.false
        return json.dumps(value)

    def _block(self, entries: list[str], brackets: tuple[str, str], depth: int) -> str:
        first, last = brackets
        if not entries:
            return first + last
        inner, outer = " " * self.indent * (depth + 1), " " * self.indent * depth
        lines = "".join(f"{inner}{entry},\n" for entry in entries)
        return f"{first}\n{lines}{outer}{last}"


def in_double_quotes(text: str) -> str:
    """Write a text as JSON, Python and JavaScript read it."""
    return json.dumps(text, ensure_ascii=False)


def in_single_quotes(text: str) -> str:
    """Write a text as PHP and Ruby read it, with nothing in it that they would fill in."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _javascript_key(key: str) -> str:
    return key if _NAME.fullmatch(key) else in_double_quotes(key)


PYTHON = Style(
    indent=4, true="True", false="False", null="None", text=in_double_quotes, key=in_double_quotes,
    pair=": ", object=("{", "}"), array=("[", "]"), empty_object="{}",
)  # fmt: skip
JAVASCRIPT = Style(
    indent=2, true="true", false="false", null="null", text=in_double_quotes, key=_javascript_key,
    pair=": ", object=("{", "}"), array=("[", "]"), empty_object="{}",
)  # fmt: skip
PHP = Style(
    indent=4, true="true", false="false", null="null", text=in_single_quotes, key=in_single_quotes,
    pair=" => ", object=("[", "]"), array=("[", "]"), empty_object="new stdClass()",
)  # fmt: skip
RUBY = Style(
    indent=2, true="true", false="false", null="nil", text=in_single_quotes, key=in_single_quotes,
    pair=" => ", object=("{", "}"), array=("[", "]"), empty_object="{}",
)  # fmt: skip
