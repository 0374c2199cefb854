"""The keys with which stored secrets are encrypted, checked whenever the server starts."""

from collections.abc import Sequence

from sqlalchemy import Connection

from orders.storage import database, encryption
from orders.storage.tables import staff_account, webhook

SECRET_COLUMNS = (webhook.c.secret, webhook.c.old_secret, staff_account.c.totp_secret)


def renew_encryption() -> None:
    """Encrypt all stored secrets with the current key, so that earlier keys are no longer needed.

    Raises WrongKey if a secret was encrypted with a key that is not among the current and earlier
    ones; nothing is changed then. Raises ServiceBusy if the database cannot be written.
    """
    with database.transaction() as connection:
        for column in SECRET_COLUMNS:
            encryption.renew(connection, column)


def can_read_secrets(connection: Connection, keys: Sequence[str]) -> bool:
    """Return whether these keys decrypt all stored secrets."""
    return all(encryption.can_read(connection, column, keys) for column in SECRET_COLUMNS)
