"""Code samples that send a request, in five languages. Tests run them exactly as shown.

The code itself is in templates/reference/code/, with one file for each language.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, FileSystemLoader

from orders.settings import ASSETS

TIMEOUT = 10  # seconds
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
# Nothing is escaped here: this is code, and the page escapes it as a whole.
_templates = Environment(  # noqa: S701 - for the reason above
    loader=FileSystemLoader(ASSETS / "templates" / "reference" / "code"),
    trim_blocks=True,
    keep_trailing_newline=True,
)


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the value as JSON text, indented by two spaces; non-ASCII is not escaped."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _in_double_quotes(text: str) -> str:
    """Return a string as a literal in double quotes, for JSON, Python and JavaScript."""
    return json.dumps(text, ensure_ascii=False)


def _in_single_quotes(text: str) -> str:
    """Return a string as a single-quoted literal of PHP or Ruby, which does not interpolate."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _javascript_key(key: str) -> str:
    return key if _NAME.fullmatch(key) else _in_double_quotes(key)


@dataclass(frozen=True, slots=True)
class Language:
    """A programming language of the samples, and how it writes JSON values.

    `key` identifies the language in HTML and names its template; `name` is shown to people. `text`
    converts a string to a literal, and `object_key` converts a key of an object. `indent` is a
    number of spaces. `pair` joins a key with its value, `braces` enclose an object, and
    `empty_object` is the code for an object without keys. `constants` maps `true`, `false` and
    `null` to the language's own words where these differ.
    """

    key: str
    name: str
    text: Callable[[str], str] = _in_double_quotes
    object_key: Callable[[str], str] = _in_double_quotes
    indent: int = 2
    pair: str = ": "
    braces: tuple[str, str] = ("{", "}")
    empty_object: str = "{}"
    constants: Mapping[str, str] = field(default_factory=dict)

    def literal(self, value: Any, depth: int = 0) -> str:  # noqa: ANN401 - any JSON value
        """Return a JSON value as source code, with a line for each entry of an object or list.

        The line on which the value begins is indented by `depth` times `indent` spaces.
        """
        match value:
            case dict():
                entries = [
                    f"{self.object_key(key)}{self.pair}{self.literal(inner, depth + 1)}"
                    for key, inner in value.items()
                ]
                return self._block(entries, self.braces, depth) if entries else self.empty_object
            case list():
                entries = [self.literal(one, depth + 1) for one in value]
                return self._block(entries, ("[", "]"), depth) if entries else "[]"
            case str():
                return self.text(value)
            case _:
                return self.constants.get(json.dumps(value), json.dumps(value))

    def _block(self, entries: list[str], brackets: tuple[str, str], depth: int) -> str:
        outer = " " * self.indent * depth
        lines = "".join(f"{outer}{' ' * self.indent}{entry},\n" for entry in entries)
        return f"{brackets[0]}\n{lines}{outer}{brackets[1]}"


LANGUAGES = (
    Language("shell", "Shell", shlex.quote),
    Language(
        "python", "Python", indent=4, constants={"true": "True", "false": "False", "null": "None"}
    ),
    Language("javascript", "JavaScript", object_key=_javascript_key),
    Language(
        "php", "PHP", _in_single_quotes, _in_single_quotes, indent=4,
        pair=" => ", braces=("[", "]"), empty_object="new stdClass()",
    ),
    Language(
        "ruby", "Ruby", _in_single_quotes, _in_single_quotes,
        pair=" => ", constants={"null": "nil"},
    ),
)  # fmt: skip
_templates.filters["json_text"] = json_text


def code_for(
    method: str, address: str, *, needs_token: bool, body: object = None, file: str = ""
) -> dict[str, str]:
    """Return source code that sends a request, for each language by its `Language.key`.

    `address` is an absolute URL. With `needs_token`, the code sends a bearer token. `body` is a
    JSON value, or None for no body. The code writes the response to the file named `file`, or
    prints it if `file` is empty.
    """
    return {
        language.key: _templates.get_template(f"{language.key}.jinja").render(
            method=method, address=address, needs_token=needs_token, body=body, file=file,
            literal=language.literal, timeout=TIMEOUT,
        )
        for language in LANGUAGES
    }  # fmt: skip
