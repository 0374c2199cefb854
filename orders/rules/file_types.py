"""What a file is: its declared type, held against its name and its first bytes."""

import json
import mimetypes

# Pictures that every browser shows and that cannot hold a script.
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
# What clients declare when they know nothing of the file.
UNDECLARED = frozenset({"", "application/octet-stream", "binary/octet-stream"})

# Beginnings that tell a type. Formats that are ZIP archives are told apart by what was declared.
_ZIP = b"PK\x03\x04"
_BEGINNINGS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "application/pdf": (b"%PDF-",),
    "model/gltf-binary": (b"glTF",),
    "application/zip": (_ZIP, b"PK\x05\x06"),
    "model/vnd.usdz+zip": (_ZIP,),
}
# Types that are text, beside `text/…` and `…+json`, `…+xml`.
_TEXTS = frozenset({"application/json", "application/xml", "image/svg+xml", "model/obj"})
_OLD_NAMES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-zip-compressed": "application/zip",
    "application/x-pdf": "application/pdf",
    "text/json": "application/json",
}
# Endings that Python's own table does not know on every machine.
_ENDINGS = {
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".usdz": "model/vnd.usdz+zip",
    ".webp": "image/webp",
}
_KNOWN_ENDINGS = mimetypes.MimeTypes()  # its own table: no file of the machine changes it
for _ending, _type in _ENDINGS.items():
    _KNOWN_ENDINGS.add_type(_type, _ending)


def content_type_of(declared: str, file_name: str, content: bytes) -> str:
    """Give the type to store: the declared one, or for none what content and name tell.

    Parameters (`; charset=…`) are dropped and old names replaced. A type that nobody can tell is
    `application/octet-stream`. Whether it is allowed, and true, is not judged here.
    """
    kind = declared.partition(";")[0].strip().lower()
    kind = _OLD_NAMES.get(kind, kind)
    if kind not in UNDECLARED:
        return kind
    by_name = _KNOWN_ENDINGS.guess_type(file_name)[0]
    by_content = _by_content(content)
    # A USDZ file begins as a ZIP archive does: the name says more.
    if by_name is not None and (by_content is None or is_true(by_name, content)):
        return by_name
    return by_content or "application/octet-stream"


def is_true(content_type: str, content: bytes) -> bool:
    """Tell whether the content can be what the type says, as far as its first bytes show it.

    Types that are text are UTF-8 without NUL, and JSON can be parsed. Of a type that is none of
    these and has no known beginning, anything is taken that does not begin as another does.
    """
    if content_type == "image/webp":
        return _is_webp(content)
    if content_type in _BEGINNINGS:
        return content.startswith(_BEGINNINGS[content_type])
    if _is_text_type(content_type):
        return _is_text(content) and (not _is_json_type(content_type) or _is_json(content))
    found = _by_content(content)
    # Many formats are ZIP archives under another name.
    return found is None or found == "application/zip"


def _by_content(content: bytes) -> str | None:
    if _is_webp(content):
        return "image/webp"
    found = (kind for kind, begins in _BEGINNINGS.items() if content.startswith(begins))
    return next(found, None)


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _is_text_type(kind: str) -> bool:
    return kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml"))


def _is_json_type(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True
