"""Encryption at rest: secrets that must be read again are stored encrypted.

Passwords, tokens and links are stored as hashes. The secrets of webhooks and authenticator apps are
needed themselves, so they are encrypted with a key that is not in the database: a copy of the
database alone reveals none of them (docs/decisions/0049-secrets-are-stored-encrypted.md).
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Column, Connection, String, select, type_coerce, update
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# One process serves one installation. The first cipher encrypts, and any of them decrypts.
_ciphers: list[Fernet] = []


class WrongKey(Exception):  # noqa: N818 - named as our other errors
    """A stored secret was encrypted with a key that is not among the current keys."""


def use_keys(keys: Sequence[str]) -> None:
    """Encrypt with the first of these keys from now on, and decrypt with any of them.

    Keys are texts of any length; call this with at least one before the first secret is stored.
    Keys from earlier calls in this process still decrypt.
    """
    _ciphers[:0] = _made_of(keys)


def _made_of(keys: Sequence[str]) -> list[Fernet]:
    return [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys]


def encrypt(text: str) -> str:
    """Return the text encrypted with the current key, about twice as long plus 100 characters."""
    return _ciphers[0].encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return the text that `encrypt` was given. Raises WrongKey if none of the keys fits."""
    try:
        return MultiFernet(_ciphers).decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise WrongKey from error


def renew(connection: Connection, column: Column[Any], *, old: str = "", new: str = "") -> None:
    """Encrypt a column's values again that were not encrypted with the current key.

    With `old`, that key decrypts them instead of the keys of the process, and with `new`, that one
    is the current key. The type of the column must be EncryptedText, and the table's primary key
    must be `id`. Raises WrongKey if a value cannot be decrypted; the caller's transaction must then
    be rolled back.
    """
    decrypts = MultiFernet(_made_of([old]) if old else _ciphers)
    current = _made_of([new])[0] if new else _ciphers[0]
    table, encrypted = column.table, type_coerce(column, String)
    for row_id, text in connection.execute(
        select(table.c.id, encrypted).where(column.is_not(None))
    ).all():
        try:
            plain = decrypts.decrypt(text.encode())
        except InvalidToken as error:
            raise WrongKey from error
        if not _is_by(current, text):
            made = type_coerce(current.encrypt(plain).decode(), String)
            statement = update(table).where(table.c.id == row_id, encrypted == text)
            connection.execute(statement.values({column.name: made}))


def can_read(connection: Connection, column: Column[Any], keys: Sequence[str]) -> bool:
    """Return whether each value of a column of the type EncryptedText fits one of these keys."""
    cipher = MultiFernet(_made_of(keys))
    statement = select(type_coerce(column, String)).where(column.is_not(None))
    try:
        for text in connection.execute(statement).scalars():
            cipher.decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def _is_by(cipher: Fernet, text: str) -> bool:
    with suppress(InvalidToken):
        cipher.decrypt(text.encode())
        return True
    return False


class EncryptedText(TypeDecorator[str]):
    """A text that is stored encrypted, and is a plain text in Python.

    Its length is that of the encrypted text: 255 characters are enough for a text of 110. It cannot
    be searched for, because encrypting the same text again gives another result. Reading raises
    WrongKey if it was encrypted with a key that the process does not have.
    """

    impl = String
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002 - the signature of SQLAlchemy
        return lambda text: None if text is None else encrypt(text)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None]:  # noqa: ARG002 - as above
        return lambda text: None if text is None else decrypt(text)
