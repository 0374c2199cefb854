"""What the services of the administration share: checks of input, and of who came first."""

import hashlib

from orders.rules.errors import Conflict, FieldError, InvalidInput, NotFound
from orders.rules.identifiers import read_uuid
from orders.rules.json_values import find_unstorable
from orders.rules.texts import mark

MAX_NAME = 255  # characters, of an org or a token


class ChangedMeanwhile(Conflict):
    """What is to be changed is no longer what the form was drawn from.

    `version` names what is stored now; sent with the next try it says that somebody has seen it.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(mark("Somebody else has changed this meanwhile."))


def version_of(*values: object) -> str:
    """Name what is stored, by 64 bits of its hash: another value has another name."""
    return hashlib.sha256(repr(values).encode("utf-8", "replace")).hexdigest()[:16]


def require_version(sent: str | None, stored: str) -> None:
    """Raise ChangedMeanwhile when a form was drawn from something else; None asks for nothing."""
    if sent is not None and sent != stored:
        raise ChangedMeanwhile(stored)


def name_faults(name: str) -> list[FieldError]:
    """Say what is wrong with the name of an org or a token."""
    if not 1 <= len(name.strip()) <= MAX_NAME:
        return [FieldError("name", mark("From 1 to %(most)s characters.", most=MAX_NAME))]
    return find_unstorable(name, "name", nesting=0)


def require_id(text: str, message: str) -> None:
    """Raise NotFound for what is no UUID as it is stored; PostgreSQL would not even compare NUL."""
    if read_uuid(text) != text:
        raise NotFound(message)


def refuse(errors: list[FieldError]) -> None:
    """Raise InvalidInput when anything is wrong with the input."""
    if errors:
        raise InvalidInput(errors)
