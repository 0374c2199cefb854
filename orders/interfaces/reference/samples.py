"""Ready code for a request, in five languages. Tests run it as it is shown."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orders.interfaces.reference.literals import (
    JAVASCRIPT,
    PHP,
    PYTHON,
    RUBY,
    in_double_quotes,
    in_single_quotes,
)

TIMEOUT = 10  # seconds


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request that code is written for: its whole address, its body if it has one.

    `file` names the file into which an answer goes that is no text.
    """

    method: str
    address: str
    needs_token: bool
    has_body: bool
    body: Any = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its key in addresses and files, its name, and what writes the code."""

    key: str
    name: str
    write: Callable[[SampleRequest], str]


def _shell(call: SampleRequest) -> str:
    lines = [f"curl --fail-with-body{_method(call)}", f"  {shlex.quote(call.address)}"]
    if call.needs_token:
        lines.append('  -H "Authorization: Bearer $TOKEN"')
    if call.has_body:
        text = json.dumps(call.body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        lines += ["  -H 'Content-Type: application/json'", f"  -d {shlex.quote(text)}"]
    if call.file:
        lines.append(f"  --output {shlex.quote(call.file)}")
    return " \\\n".join(lines) + "\n"


def _method(call: SampleRequest) -> str:
    is_default = call.method == ("POST" if call.has_body else "GET")  # what curl does by itself
    return "" if is_default else f" -X {call.method}"


def _python(call: SampleRequest) -> str:
    imports = "import os\n\nimport requests\n" if call.needs_token else "import requests\n"
    arguments = [in_double_quotes(call.address)]
    if call.needs_token:
        arguments.append('headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"}')
    if call.has_body:
        arguments.append(f"json={PYTHON.write(call.body, 1)}")
    arguments.append(f"timeout={TIMEOUT}")
    inside = "".join(f"    {argument},\n" for argument in arguments)
    return f"""\
{imports}
answer = requests.{call.method.lower()}(
{inside})
{_python_end(call)}"""


def _python_end(call: SampleRequest) -> str:
    if not call.file:
        return "print(answer.status_code, answer.text)\nanswer.raise_for_status()\n"
    return (
        "answer.raise_for_status()\n"
        f'with open({in_double_quotes(call.file)}, "wb") as file:\n'
        "    file.write(answer.content)\n"
    )


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
    """Write the code of the request in every language, by the language's key."""
    return {language.key: language.write(call) for language in LANGUAGES}
