"""The vendored files match their list."""

import base64
import hashlib
import re

from orders.settings import PROJECT

VENDOR = PROJECT / "static" / "vendor"


def test_each_vendored_file_has_the_noted_checksum() -> None:
    noted = dict(
        re.findall(
            r"\| `([^`]+)` \|.*\| `sha384-([^`]+)` \|", (VENDOR / "README.md").read_text("utf-8")
        )
    )
    files = {file.name for file in VENDOR.iterdir() if file.suffix in {".js", ".svg", ".css"}}
    assert set(noted) == files
    for name, checksum in noted.items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == checksum, name
