"""Reads a configuration as it is sent: as JSON, or as a form with files."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from flask import request

from orders.api.json_body import json_object
from orders.rules.configuration import FIELDS, OBJECTS
from orders.rules.errors import FieldError, InvalidInput, NotJson
from orders.rules.json_values import join_path, parse_json
from orders.rules.uploads import REPEATED, SentFile
from orders.web.multipart import MULTIPART, Part, read_parts


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: fields as a JSON parser gives them, files, and fields that cannot be read."""

    raw: dict[str, Any]
    files: list[SentFile] = field(default_factory=list)
    faults: list[FieldError] = field(default_factory=list)

    def content(self) -> list[Any]:
        """Give everything that was sent as JSON can hold it; files by their hashes."""
        files = [
            [one.part, one.file_name, one.declared_type, hashlib.sha256(one.content).hexdigest()]
            for one in self.files
        ]
        return [self.raw, files, [error.path for error in self.faults]]


def configuration_body() -> Sent:
    """Read the body of the request by its type.

    Raises what `json_object` raises, and BadRequest for a form that is broken.
    """
    if request.mimetype != MULTIPART:
        return Sent(json_object())
    parts = read_parts(request.get_data(), request.mimetype_params.get("boundary", ""))
    sent = Sent({})
    told = set()
    for part in parts:
        if _is_file(part):
            sent.files.append(
                SentFile(part.name, part.file_name or "", part.content_type, part.content)
            )
        elif part.name in sent.raw or part.name in told:
            sent.raw.pop(part.name, None)
            told.add(part.name)
        else:
            _read_field(part, sent)
    sent.faults.extend(FieldError(join_path("", name), "Send it once.") for name in sorted(told))
    return sent


def _is_file(part: Part) -> bool:
    """Tell whether a part is a file; browsers send a field as one when it is a Blob of JSON."""
    is_field = part.name in FIELDS and part.name != "thumbnail"
    return part.file_name is not None and not is_field


def _read_field(part: Part, sent: Sent) -> None:
    """Add a field to what was sent: JSON text where an object belongs, else plain text."""
    message = None
    try:
        text = part.content.decode("utf-8")
        if part.name in REPEATED:
            message = "A file, not a text." if text else None
        elif part.name in OBJECTS:
            # What nobody filled in is not sent; everything else must be JSON.
            sent.raw[part.name] = parse_json(part.content, "This") if text else None
        else:
            sent.raw[part.name] = text
    except UnicodeDecodeError:
        message = "Text in UTF-8."
    except (NotJson, InvalidInput) as error:
        message = error.errors[0].message if isinstance(error, InvalidInput) else str(error)
    if message:
        sent.faults.append(FieldError(join_path("", part.name), message))
