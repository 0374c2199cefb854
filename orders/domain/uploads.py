"""Files sent with a configuration: their keys, their types, and whether they are accepted."""

import itertools
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orders.domain.configuration import FILE_NAME_SENTENCE, THUMBNAIL, is_file_name
from orders.domain.errors import FieldError
from orders.domain.inputs import Limits
from orders.domain.json_values import find_unstorable, join_path
from orders.domain.pictures import MAX_PIXELS, is_too_large, picture_size
from orders.domain.texts import Figure, Text, lazy_gettext

# Names of the parts that bring files; `files[key]` names the key at once.
REPEATED = frozenset({"files", "file", "files[]", "file[]"})
_KEYED = re.compile(r"files?\[(.+)\]", re.DOTALL)
_THUMBNAIL_NAME = re.compile(r"thumbnail\.\w+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent.

    `part` is the name of its form field; `file_name` and `declared_type` are what the client says.
    """

    part: str
    file_name: str
    declared_type: str
    content: bytes

    @property
    def name(self) -> str:
        """The file name without its path: some clients send the path on their own disk."""
        return re.split(r"[/\\]", self.file_name)[-1]

    @property
    def key(self) -> str | None:
        """The key that the name of the form field contains, or None.

        That is `key` for a form field `files[key]`, and "thumbnail" for the form field `thumbnail`.
        """
        found = None if self.part in REPEATED else _KEYED.fullmatch(self.part)
        return found[1] if found else THUMBNAIL if self.part == THUMBNAIL else None

    @property
    def content_type(self) -> str:
        """The media type to store; see `content_type_of`."""
        return content_type_of(self.declared_type, self.name, self.content)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A validated file to store, and its key in the configuration's `attachments`."""

    key: str
    file_name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Assigned:
    """The result of `assign_files`.

    `files` are the files to store. `attachments` maps keys to file names, including those of the
    configuration itself. Ignore both if there are `errors`.
    """

    files: tuple[NewFile, ...]
    attachments: dict[str, str]
    errors: tuple[FieldError, ...]


def assign_files(
    sent: Sequence[SentFile], attachments: Mapping[str, object], limits: Limits
) -> Assigned:
    """Validate a configuration's files, and find the keys under which to store each.

    If the name of the form field contains the key, that is used. Otherwise the keys are all those
    that have the file's name in `attachments`, or, if there are none, the file's name. Never
    raises: errors are in the result.
    """
    named = {key: name for key, name in attachments.items() if isinstance(name, str)}
    errors: list[FieldError] = []
    files: dict[str, NewFile] = {}
    if len(sent) > limits.files:
        most, count = Figure(limits.files), Figure(len(sent))
        sentence = lazy_gettext(
            "At most %(most)s files; this has %(count)s.", most=most, count=count
        )
        errors.append(FieldError("files", sentence))
    positions = itertools.count()
    for one in sent:
        if one.part in REPEATED:
            path = f"files.{next(positions)}"
        elif one.key is None:
            sentence = lazy_gettext(
                "Unknown file field: send files as “files”, or the picture as “thumbnail”."
            )
            errors.append(FieldError(join_path("", one.part), sentence))
            continue
        else:
            path = THUMBNAIL if one.part == THUMBNAIL else join_path("files", one.key)
        keys = _keys(one, named)
        message = _fault(one, limits) or _key_fault(one, keys, named, files)
        if message:
            errors.append(FieldError(path, message))
            continue
        for key in keys:
            named.setdefault(key, one.name)
            files[key] = NewFile(key, one.name, one.content_type, one.content)
    return Assigned(tuple(files.values()), named, tuple(errors))


def _keys(one: SentFile, named: Mapping[str, str]) -> list[str]:
    """Return the keys under which to store a file.

    `named` maps keys to file names. A picture named `thumbnail.…` also gets the key THUMBNAIL,
    unless that is in `named`.
    """
    if one.key is not None:
        return [one.key]
    keys = [key for key, name in named.items() if name in {one.file_name, one.name}] or [one.name]
    is_thumbnail = _THUMBNAIL_NAME.fullmatch(one.name) and one.content_type in PICTURES
    return [*keys, THUMBNAIL] if is_thumbnail and THUMBNAIL not in named else keys


def _key_fault(
    one: SentFile, keys: Sequence[str], named: Mapping[str, str], files: Mapping[str, NewFile]
) -> str | None:
    """Return the error message if a file's keys are invalid or already used, else None.

    `named` maps keys to file names; `files` maps keys to the files accepted so far.
    """
    if one.key is not None and (not is_file_name(one.key) or find_unstorable(one.key, nesting=0)):
        return lazy_gettext("A key of 1 to 255 characters, none of them a control character.")
    if any(key in files for key in keys):
        return lazy_gettext("Another file was sent for the same key.")
    if one.key is None and any(file.file_name == one.name for file in files.values()):
        return lazy_gettext("Another file was sent with the same name.")
    others = [key for key in keys if named.get(key, one.name) not in {one.name, one.file_name}]
    if others:
        return lazy_gettext(
            "“attachments” lists a different file for the key “%(key)s”.", key=others[0]
        )
    return None


def _fault(one: SentFile, limits: Limits) -> str | None:
    """Return the error message if a file's name, size or type is invalid, else None."""
    if not is_file_name(one.name) or find_unstorable(one.file_name, nesting=0):
        return FILE_NAME_SENTENCE
    if not one.content:
        return lazy_gettext("This file is empty.")
    if len(one.content) > limits.file_bytes:
        return too_many_bytes(limits.file_bytes, len(one.content))
    return _type_fault(one, one.content_type, limits)


def _type_fault(one: SentFile, kind: str, limits: Limits) -> str | None:
    if one.part == THUMBNAIL and kind not in PICTURES:
        return lazy_gettext("A picture: PNG, JPEG, WebP or GIF.")
    if kind not in limits.file_types:
        known = ", ".join(sorted(limits.file_types))
        if kind in UNDECLARED:
            return lazy_gettext("The file type is missing. Possible types: %(types)s.", types=known)
        return lazy_gettext(
            "The type %(type)s is not supported. Possible types: %(types)s.",
            type=kind[:100], types=known,
        )  # fmt: skip
    if not is_true(kind, one.content):
        return lazy_gettext("The content of this file is not %(type)s.", type=kind)
    return size_fault(kind, one.content)


def size_fault(kind: str, content: bytes) -> str | None:
    """Return the error message for a picture that `is_too_large`, else None."""
    if not is_too_large(kind, content):
        return None
    size = picture_size(kind, content)
    if size is None:
        return lazy_gettext("The size of this picture cannot be read. Save it again as a picture.")
    width, height = size
    return lazy_gettext(
        "At most %(most)s pixels; this picture has %(width)s × %(height)s.",  # noqa: RUF001 - a multiplication sign
        most=Figure(MAX_PIXELS), width=Figure(width), height=Figure(height),
    )  # fmt: skip


# Endings of the types that are allowed by default.
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "image/svg+xml": (".svg",),
    "application/pdf": (".pdf",),
    "application/json": (".json",),
    "application/zip": (".zip",),
    "text/plain": (".txt", ".log", ".md", ".text"),
    "text/csv": (".csv",),
    "model/gltf-binary": (".glb",),
    "model/gltf+json": (".gltf",),
    "model/vnd.usdz+zip": (".usdz",),
}


def too_many_bytes(most: int, size: int) -> Text:
    return lazy_gettext(
        "At most %(most)s bytes; this has %(count)s.", most=Figure(most), count=Figure(size)
    )


# Pictures that every browser shows and that cannot contain a script.
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
# What clients declare when they know nothing of the file.
UNDECLARED = frozenset({"", "application/octet-stream", "binary/octet-stream"})

# First bytes of each type. Formats that are ZIP archives differ only by the declared type.
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
# Types that are text, besides JSON, `text/…` and `…+xml`.
_TEXTS = frozenset({"application/xml", "model/obj"})
_OLD_NAMES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-zip-compressed": "application/zip",
    "application/x-pdf": "application/pdf",
    "text/json": "application/json",
}
# Endings that Python's own table does not know on every machine.
_KNOWN_ENDINGS = mimetypes.MimeTypes()  # its own table: no file of the machine changes it
_KNOWN_ENDINGS.add_type("model/gltf-binary", ".glb")
_KNOWN_ENDINGS.add_type("model/gltf+json", ".gltf")
_KNOWN_ENDINGS.add_type("model/vnd.usdz+zip", ".usdz")
_KNOWN_ENDINGS.add_type("image/webp", ".webp")


def download_name(file_name: str, content_type: str) -> str:
    """Return the name under which a file is downloaded; its ending fits its type.

    Systems choose by the ending what opens a file: a text named `.hta` would run as a program. The
    ending of the type is added where it is missing. Names of types that an operator has allowed
    beside the usual ones are returned unchanged.
    """
    endings = _ENDINGS.get(content_type)
    if endings is None or file_name.lower().endswith(endings):
        return file_name
    return file_name + endings[0]


def content_type_of(declared: str, file_name: str, content: bytes) -> str:
    """Return the media type to store: the declared one, or one found by name or content.

    The name and the content matter only if no type, or a generic one, is declared; if they do not
    show the type, the result is `application/octet-stream`. Parameters (`; charset=…`) are dropped,
    and old names of types are replaced. Not checked here: whether the type is allowed, and whether
    the content fits it.
    """
    kind = declared.partition(";")[0].strip().lower()
    kind = _OLD_NAMES.get(kind, kind)
    if kind not in UNDECLARED:
        return kind
    by_name = _KNOWN_ENDINGS.guess_type(file_name)[0]
    by_content = _by_content(content)
    # A USDZ file starts like a ZIP archive: the name says more.
    if by_name is not None and (by_content is None or is_true(by_name, content)):
        return by_name
    return by_content or "application/octet-stream"


def is_true(content_type: str, content: bytes) -> bool:
    """Return whether the content can be of this media type.

    Types with a known signature are checked by their first bytes. Text types must be UTF-8 without
    NUL, and JSON types must also be valid JSON. Content of any other type is accepted unless it
    begins with the signature of a known type. A ZIP signature is fine there, because many formats
    are ZIP archives.
    """
    if content_type == "image/webp":
        return _is_webp(content)
    if content_type in _BEGINNINGS:
        return content.startswith(_BEGINNINGS[content_type])
    is_json = content_type == "application/json" or content_type.endswith("+json")
    is_text = content_type.startswith("text/") or content_type.endswith("+xml")
    if is_json or is_text or content_type in _TEXTS:
        return _is_text(content, is_json=is_json)
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


def _is_text(content: bytes, *, is_json: bool) -> bool:
    try:
        text = content.decode("utf-8-sig")
        if is_json:
            json.loads(text)
    except (ValueError, RecursionError):
        return False
    return "\0" not in text
