"""Files and forms as clients send them."""

import json
from dataclasses import dataclass, field
from typing import Any

# The smallest contents that are what they say.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763606060"
    "000000040001f61738550000000049454e44ae426082"
)
JPEG = bytes.fromhex("ffd8 ffc0 000b 08 0001 0001 01 011100 ffd9")
GIF = b"GIF89a\x01\0\x01\0\0\0\0;"
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0/" + b"\0" * 9
PDF = b"%PDF-1.7\n%%EOF\n"
GLB = b"glTF\x02\0\0\0\x0c\0\0\0"
ZIP = b"PK\x03\x04" + b"\0" * 26
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BOUNDARY = "formboundary7MA4"


@dataclass
class Form:
    """A form to send, part by part, with its exact bytes."""

    parts: list[bytes] = field(default_factory=list)

    def text(self, name: str, value: str | bytes) -> "Form":
        """Add a field."""
        content = value if isinstance(value, bytes) else value.encode()
        return self.part(f'Content-Disposition: form-data; name="{name}"', content)

    def json(self, name: str, value: Any) -> "Form":  # noqa: ANN401 - any JSON value
        """Add a field of JSON text."""
        return self.text(name, json.dumps(value))

    def file(self, name: str, file_name: str, content: bytes, kind: str | None = None) -> "Form":
        """Add a file."""
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"'
        return self.part(head if kind is None else f"{head}\r\nContent-Type: {kind}", content)

    def part(self, head: str, content: bytes) -> "Form":
        """Add a part with these headers."""
        self.parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
        return self

    def body(self) -> bytes:
        """Return the body, of content type `KIND`."""
        mark = f"--{BOUNDARY}".encode()
        return b"".join(mark + b"\r\n" + part for part in self.parts) + mark + b"--\r\n"


KIND = f"multipart/form-data; boundary={BOUNDARY}"
