"""Files that come with a configuration: which key each belongs to, and whether it can be taken."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orders.rules.configuration import THUMBNAIL
from orders.rules.configuration_schema import FILE_NAME_SENTENCE, is_file_name
from orders.rules.errors import FieldError
from orders.rules.file_types import PICTURES, UNDECLARED, content_type_of, is_true
from orders.rules.json_values import find_unstorable, join_path
from orders.rules.limits import Limits
from orders.rules.texts import Figure, Text, mark

# Names of the parts that bring files; `files[key]` names the key at once.
REPEATED = frozenset({"files", "file", "files[]", "file[]"})
_KEYED = re.compile(r"files?\[(.+)\]", re.DOTALL)
NO_PART_SENTENCE = mark(
    "No such file is known: send files as “files”, or the picture as “thumbnail”."
)
PICTURE_SENTENCE = mark("A picture: PNG, JPEG, WebP or GIF.")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it came: the name of its part, and what the client says of it."""

    part: str
    file_name: str
    declared_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class NewFile:
    """A checked file and the key under which it is kept."""

    key: str
    file_name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Assigned:
    """The files by their keys, the attachments that name all of them, and what is wrong."""

    files: tuple[NewFile, ...]
    attachments: dict[str, str]
    errors: tuple[FieldError, ...]


def assign_files(
    sent: Sequence[SentFile], attachments: Mapping[str, object], limits: Limits
) -> Assigned:
    """Find the keys of the files: by `attachments`, which names files, or by the part's own name.

    A file that nothing names is kept under its own name. One that several keys name belongs to all
    of them. Never raises; with errors, `files` are of no use.
    """
    named = {key: name for key, name in attachments.items() if isinstance(name, str)}
    errors: list[FieldError] = []
    files: dict[str, NewFile] = {}
    seen: set[str] = set()
    if len(sent) > limits.files:
        most, count = Figure(limits.files), Figure(len(sent))
        sentence = mark("At most %(most)s files; this has %(count)s.", most=most, count=count)
        errors.append(FieldError("files", sentence))
    position = 0
    for one in sent:
        keyed = THUMBNAIL if one.part == THUMBNAIL else _key_of(one.part)
        if one.part in REPEATED:
            path = f"files.{position}"
            position += 1
        elif keyed is None:
            errors.append(FieldError(join_path("", one.part), NO_PART_SENTENCE))
            continue
        else:
            path = THUMBNAIL if one.part == THUMBNAIL else join_path("files", keyed)
        name = base_name(one.file_name)
        message = _fault(one, name, limits) or _key_fault(keyed, one, name, named, seen, files)
        if message:
            errors.append(FieldError(path, message))
            continue
        seen.add(name)
        kind = content_type_of(one.declared_type, name, one.content)
        for key in [keyed] if keyed is not None else _keys(one, name, named):
            named.setdefault(key, name)
            files[key] = NewFile(key, name, kind, one.content)
    return Assigned(tuple(files.values()), named, tuple(errors))


def base_name(name: str) -> str:
    """Give the last part of a path: some clients send where the file lay on their disk."""
    return re.split(r"[/\\]", name)[-1]


def _key_of(part: str) -> str | None:
    found = _KEYED.fullmatch(part)
    return found[1] if found and part not in REPEATED else None


def _keys(one: SentFile, name: str, named: Mapping[str, str]) -> list[str]:
    """Give the keys under which `attachments` names the file; without any, its own name."""
    return [key for key, value in named.items() if value in {one.file_name, name}] or [name]


def _key_fault(
    keyed: str | None,
    one: SentFile,
    name: str,
    named: Mapping[str, str],
    seen: set[str],
    files: Mapping[str, NewFile],
) -> str | None:
    if keyed is not None and (not is_file_name(keyed) or find_unstorable(keyed, nesting=0)):
        return mark("A key of 1 to 255 characters, none of them a control character.")
    keys = [keyed] if keyed is not None else _keys(one, name, named)
    if any(key in files for key in keys):
        return mark("Another file was sent for the same key.")
    if keyed is None and name in seen:
        return mark("Another file was sent with the same name.")
    others = [key for key in keys if named.get(key, name) not in {name, one.file_name}]
    if others:
        return mark("“attachments” names another file for the key “%(key)s”.", key=others[0])
    return None


def _fault(one: SentFile, name: str, limits: Limits) -> str | None:
    """Give what is wrong with the file itself."""
    if not is_file_name(name) or find_unstorable(one.file_name, nesting=0):
        return FILE_NAME_SENTENCE
    size = len(one.content)
    if size == 0:
        return mark("This file is empty.")
    if size > limits.file_bytes:
        return too_many_bytes(limits.file_bytes, size)
    return _type_fault(one, content_type_of(one.declared_type, name, one.content), limits)


def too_many_bytes(most: int, size: int) -> Text:
    """Say that something is larger than `most` bytes."""
    return mark(
        "At most %(most)s bytes; this has %(count)s.", most=Figure(most), count=Figure(size)
    )


def _type_fault(one: SentFile, kind: str, limits: Limits) -> str | None:
    if one.part == THUMBNAIL and kind not in PICTURES:
        return PICTURE_SENTENCE
    if kind not in limits.file_types:
        known = ", ".join(sorted(limits.file_types))
        if kind in UNDECLARED:
            return mark(
                "Nothing tells which type this file has. Possible types: %(types)s.", types=known
            )
        return mark(
            "The type %(type)s is not possible. Possible types: %(types)s.",
            type=kind[:100], types=known,
        )  # fmt: skip
    if is_true(kind, one.content):
        return None
    return mark("The content of this file is not %(type)s.", type=kind)
