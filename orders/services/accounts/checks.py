"""Helpers of the account services: checks of input, new secrets and passwords, edit versions."""

import hashlib
import secrets
from typing import Any

from sqlalchemy import Connection, Executable

from orders.domain.errors import Conflict, FieldError, InvalidInput, NotFound
from orders.domain.identifiers import read_uuid
from orders.domain.json_values import find_unstorable
from orders.domain.preferences import MAX_PERSON_NAME
from orders.domain.texts import lazy_gettext

MAX_NAME = 255  # characters, of an org or a token
CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
SYLLABLES = 10  # of 70 kinds each: 61 bits


class ChangedMeanwhile(Conflict):
    """Raised when someone else has changed an object since the caller read it for editing.

    `version` is the version that is stored now. Submitting the form again with this version
    overwrites the other person's change.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(lazy_gettext("Someone else changed this in the meantime."))


def version_of(*values: object) -> str:
    """Return a hash of the values (16 hexadecimal digits), which serves as an object's version."""
    return hashlib.sha256(repr(values).encode("utf-8", "replace")).hexdigest()[:16]


def require_version(sent: str | None, stored: str) -> None:
    """Raise ChangedMeanwhile if the version `sent` by a client is not the `stored` one.

    Nothing is checked if `sent` is None, which means that the client sent no version.
    """
    if sent is not None and sent != stored:
        raise ChangedMeanwhile(stored)


def find_row(connection: Connection, statement: Executable, row_id: str, message: str) -> Any:  # noqa: ANN401 - a row of the statement
    """Run `statement`, which must select the row with the ID `row_id`, and return the row.

    Raises NotFound with `message` if there is no such row, or if `row_id` is not a canonical UUID.
    """
    # Other texts are not sent to the database: PostgreSQL rejects NUL characters.
    row = connection.execute(statement).one_or_none() if read_uuid(row_id) == row_id else None
    if row is None:
        raise NotFound(message)
    return row


def refuse(errors: list[FieldError]) -> None:
    """Raise InvalidInput with the errors; do nothing if there are none."""
    if errors:
        raise InvalidInput(errors)


def name_errors(name: str, most: int = MAX_NAME) -> list[FieldError]:
    """Return the errors in a name; the list is empty if there are none.

    A valid name has 1 to `most` characters, all of which can be stored.
    """
    if not 1 <= len(name.strip()) <= most:
        return [FieldError("name", lazy_gettext("1 to %(most)s characters.", most=most))]
    return find_unstorable(name, "name", nesting=0)


def person_name_errors(name: str) -> list[FieldError]:
    """Return the errors in a person's name; the list is empty if there are none.

    The name may be empty, but must have at most MAX_PERSON_NAME characters, all of them printable.
    """
    if len(name) > MAX_PERSON_NAME:
        return [
            FieldError("name", lazy_gettext("At most %(most)s characters.", most=MAX_PERSON_NAME))
        ]
    if not all(one.isprintable() for one in name):
        return [FieldError("name", lazy_gettext("Readable text on one line."))]
    return find_unstorable(name, "name", nesting=0)


def readable_password() -> str:
    """Return a random password of syllables that are easy to read aloud and type: `daki-romu-…`."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(SYLLABLES)]
    return "-".join("".join(syllables[at : at + 2]) for at in range(0, SYLLABLES, 2))


def new_link_secret() -> str:
    """Return a new secret for a link that can be used once: 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)
