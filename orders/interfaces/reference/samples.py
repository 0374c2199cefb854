"""Code samples for a request in five languages. Tests run them as they are shown."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT = 10  # seconds
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def in_double_quotes(text: str) -> str:
    """Return a text as a literal of JSON, Python and JavaScript."""
    return json.dumps(text, ensure_ascii=False)


def in_single_quotes(text: str) -> str:
    """Return a text as a literal of PHP and Ruby, without interpolation."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _javascript_key(key: str) -> str:
    return key if _NAME.fullmatch(key) else in_double_quotes(key)


@dataclass(frozen=True, slots=True)
class Style:
    """How a language writes JSON values; `pair` joins a written key with a written value."""

    indent: int = 2
    true: str = "true"
    false: str = "false"
    null: str = "null"
    text: Callable[[str], str] = in_double_quotes
    key: Callable[[str], str] = in_double_quotes
    pair: str = ": "
    object: tuple[str, str] = ("{", "}")
    empty_object: str = "{}"

    def write(self, value: Any, depth: int = 0) -> str:  # noqa: ANN401 - any JSON value
        """Return the value as a literal; lines after the first are indented for this depth."""
        if isinstance(value, dict):
            entries = [
                f"{self.key(key)}{self.pair}{self.write(inner, depth + 1)}"
                for key, inner in value.items()
            ]
            return self._block(entries, self.object, depth) if entries else self.empty_object
        if isinstance(value, list):
            return self._block([self.write(one, depth + 1) for one in value], ("[", "]"), depth)
        if isinstance(value, str):
            return self.text(value)
        known = {None: self.null, True: self.true, False: self.false}
        return known[value] if value is None or isinstance(value, bool) else json.dumps(value)

    def _block(self, entries: list[str], brackets: tuple[str, str], depth: int) -> str:
        first, last = brackets
        if not entries:
            return first + last
        inner, outer = " " * self.indent * (depth + 1), " " * self.indent * depth
        lines = "".join(f"{inner}{entry},\n" for entry in entries)
        return f"{first}\n{lines}{outer}{last}"


PYTHON = Style(4, "True", "False", "None")
JAVASCRIPT = Style(key=_javascript_key)
PHP = Style(
    indent=4, text=in_single_quotes, key=in_single_quotes,
    pair=" => ", object=("[", "]"), empty_object="new stdClass()",
)  # fmt: skip
RUBY = Style(null="nil", text=in_single_quotes, key=in_single_quotes, pair=" => ")


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request to write code for; `file` names the file for a response that is no text."""

    method: str
    address: str
    needs_token: bool
    has_body: bool
    body: Any = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its key in HTML and file names, its name, and its code generator."""

    key: str
    name: str
    write: Callable[[SampleRequest], str]


def _shell(call: SampleRequest) -> str:
    is_default = call.method == ("POST" if call.has_body else "GET")  # what curl does by itself
    method = "" if is_default else f" -X {call.method}"
    lines = [f"curl --fail-with-body{method}", f"  {shlex.quote(call.address)}"]
    if call.needs_token:
        lines.append('  -H "Authorization: Bearer $TOKEN"')
    if call.has_body:
        text = json.dumps(call.body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        lines += ["  -H 'Content-Type: application/json'", f"  -d {shlex.quote(text)}"]
    if call.file:
        lines.append(f"  --output {shlex.quote(call.file)}")
    return " \\\n".join(lines) + "\n"


def _python(call: SampleRequest) -> str:
    imports = "import os\n\nimport requests\n" if call.needs_token else "import requests\n"
    arguments = [in_double_quotes(call.address)]
    if call.needs_token:
        arguments.append('headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"}')
    if call.has_body:
        arguments.append(f"json={PYTHON.write(call.body, 1)}")
    arguments.append(f"timeout={TIMEOUT}")
    inside = "".join(f"    {argument},\n" for argument in arguments)
    end = "print(answer.status_code, answer.text)\nanswer.raise_for_status()\n"
    if call.file:
        end = (
            "answer.raise_for_status()\n"
            f'with open({in_double_quotes(call.file)}, "wb") as file:\n'
            "    file.write(answer.content)\n"
        )
    return f"""\
{imports}
answer = requests.{call.method.lower()}(
{inside})
{end}"""


def _javascript(call: SampleRequest) -> str:
    options = []
    if call.method != "GET":
        options.append(f"  method: {in_double_quotes(call.method)},\n")
    headers: list[str] = []
    if call.needs_token:
        headers.append("    Authorization: `Bearer ${token}`,\n")
    if call.has_body:
        headers.append('    "Content-Type": "application/json",\n')
    if headers:
        options.append(f"  headers: {{\n{''.join(headers)}  }},\n")
    if call.has_body:
        options.append(f"  body: JSON.stringify({JAVASCRIPT.write(call.body, 1)}),\n")
    second = f", {{\n{''.join(options)}}}" if options else ""
    token = (
        "// From the environment in Node; in a web page, write your public token here.\n"
        'const token = globalThis.process?.env.TOKEN ?? "YOUR_PUBLIC_TOKEN";\n\n'
        if call.needs_token
        else ""
    )
    content = "(await answer.blob()).size" if call.file else "await answer.text()"
    return f"""\
{token}const answer = await fetch({in_double_quotes(call.address)}{second});
console.log(answer.status, {content});
if (!answer.ok) throw new Error(`The order desk answered ${{answer.status}}.`);
"""


def _php(call: SampleRequest) -> str:
    headers = []
    if call.needs_token:
        headers.append("        'Authorization: Bearer ' . getenv('TOKEN'),\n")
    if call.has_body:
        headers.append("        'Content-Type: application/json',\n")
    options = []
    if call.method != "GET":
        options.append(f"    CURLOPT_CUSTOMREQUEST => {in_single_quotes(call.method)},\n")
    if headers:
        options.append(f"    CURLOPT_HTTPHEADER => [\n{''.join(headers)}    ],\n")
    if call.has_body:
        options.append(f"    CURLOPT_POSTFIELDS => json_encode({PHP.write(call.body, 1)}),\n")
    options += ["    CURLOPT_RETURNTRANSFER => true,\n", f"    CURLOPT_TIMEOUT => {TIMEOUT},\n"]
    end = (
        f"file_put_contents({in_single_quotes(call.file)}, $answer);\n"
        if call.file
        else "echo $status, ' ', $answer === false ? curl_error($curl) : $answer, \"\\n\";\n"
    )
    return f"""\
<?php
$curl = curl_init({in_single_quotes(call.address)});
curl_setopt_array($curl, [
{"".join(options)}]);
$answer = curl_exec($curl);
$status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
{end}exit($status >= 200 && $status < 300 ? 0 : 1);
"""


def _ruby(call: SampleRequest) -> str:
    parts = []
    if call.needs_token:
        parts.append("request['Authorization'] = \"Bearer #{ENV.fetch('TOKEN')}\"\n")
    if call.has_body:
        parts.append("request['Content-Type'] = 'application/json'\n")
        parts.append(f"request.body = JSON.generate({RUBY.write(call.body)})\n")
    imports = "require 'json'\n" if call.has_body else ""
    end = (
        f"File.binwrite({in_single_quotes(call.file)}, answer.body)\n"
        if call.file
        else 'puts "#{answer.code} #{answer.body}"\n'
    )
    return f"""\
{imports}require 'net/http'

uri = URI({in_single_quotes(call.address)})
request = Net::HTTP::{call.method.title()}.new(uri)
{"".join(parts)}\
answer = Net::HTTP.start(uri.hostname, uri.port, use_ssl: uri.scheme == 'https') do |http|
  http.request(request)
end
{end}exit answer.is_a?(Net::HTTPSuccess)
"""


LANGUAGES = (
    Language("shell", "Shell", _shell),
    Language("python", "Python", _python),
    Language("javascript", "JavaScript", _javascript),
    Language("php", "PHP", _php),
    Language("ruby", "Ruby", _ruby),
)


def code_for(call: SampleRequest) -> Mapping[str, str]:
    """Return the code of the request by the languages' keys."""
    return {language.key: language.write(call) for language in LANGUAGES}
