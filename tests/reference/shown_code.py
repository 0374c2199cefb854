"""Read the code of the reference page as a person copies it, and run it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import playwright

# What runs the file of a language, with the file's name. JavaScript's own runs modules by `.mjs`.
FILES = {
    "shell": "try.sh", "python": "try.py", "javascript": "try.mjs", "php": "try.php",
    "ruby": "try.rb",
}  # fmt: skip
PATIENCE = 60  # seconds


def program_of(language: str) -> str | None:
    """Find what runs a language; None when this machine does not have it."""
    bundled_node = Path(playwright.__file__).parent / "driver" / "node"
    return {
        "shell": shutil.which("bash") if shutil.which("curl") else None,
        "python": sys.executable,
        "javascript": shutil.which("node") or str(bundled_node),
        "php": shutil.which("php"),
        "ruby": shutil.which("ruby"),
    }[language]


class ShownCode(HTMLParser):
    """Collects the code blocks of the page by operation and language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.blocks: dict[tuple[str, str], str] = {}
        self._place: tuple[str, str] | None = None
        self._is_code = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "figure":
            name, language = found.get("data-operation"), found.get("data-language")
            self._place = (name, language) if name and language else None
        elif tag == "code" and self._place:
            self._is_code = True
            self.blocks[self._place] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._is_code = False
        elif tag == "figure":
            self._place = None

    def handle_data(self, data: str) -> None:
        if self._is_code and self._place:
            self.blocks[self._place] += data


@dataclass(frozen=True)
class Outcome:
    """What a piece of code has printed: the answer's body as JSON, and whether it was content."""

    is_good: bool
    body: Any
    said: str


def run(language: str, code: str, folder: Path, token: str) -> Outcome:
    """Run the code with the token in its environment, as the page says."""
    program = program_of(language)
    assert program is not None
    file = folder / FILES[language]
    file.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [program, file], env=_environment(token), capture_output=True, text=True, check=False,
        timeout=PATIENCE, cwd=folder,
    )  # fmt: skip
    said = f"{done.stdout}\n{done.stderr}"
    # All but the shell print the status before the body.
    _, _, printed = done.stdout.partition(" ") if language != "shell" else ("", "", done.stdout)
    try:
        body = json.loads(printed)
    except ValueError:
        body = None
    return Outcome(done.returncode == 0, body, said)


def _environment(token: str) -> Mapping[str, str]:
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    return {**kept, "TOKEN": token}
