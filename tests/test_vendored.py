"""The vendored files match their list."""

import base64
import hashlib
import re

import pytest

from orders.interfaces.http.assets import HASH_LENGTH
from orders.settings import PROJECT

VENDOR = PROJECT / "static" / "vendor"


def test_each_vendored_file_has_the_noted_checksum() -> None:
    noted = dict(
        re.findall(
            r"\| `([^`]+)` \|.*\| `sha384-([^`]+)` \|", (VENDOR / "README.md").read_text("utf-8")
        )
    )
    files = {
        file.name for file in VENDOR.iterdir() if file.suffix in {".js", ".svg", ".css", ".woff2"}
    }
    assert set(noted) == files
    for name, checksum in noted.items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == checksum, name


@pytest.mark.parametrize("name", ["desk.css", "sheet.css"])
def test_the_sheets_name_the_fonts_as_the_pages_preload_them(name: str) -> None:
    """Another address would be loaded a second time, and be asked for again on every page."""
    sheet = (VENDOR.parent / name).read_text("utf-8")
    named = dict(re.findall(r'url\("vendor/([\w-]+\.woff2)\?v=(\w+)"\)', sheet))
    fonts = {file.name: file.read_bytes() for file in VENDOR.glob("*.woff2")}
    assert named == {
        name: hashlib.sha256(content).hexdigest()[:HASH_LENGTH] for name, content in fonts.items()
    }
