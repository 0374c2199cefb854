"""Errors of the services. Each message is a sentence that a customer may read."""

# ruff: noqa: N818 - the names say what happened; "Error" would be said by all of them

from collections.abc import Iterable
from dataclasses import dataclass

from orders.domain.texts import lazy_gettext, lazy_ngettext


@dataclass(frozen=True, slots=True, order=True)
class FieldError:
    """One error in the input; `message` is a sentence for people.

    `path` is where the error is: keys and array positions joined with dots (`cart.0.count`), or
    `""` for the whole document.
    """

    path: str
    message: str


class OrderError(Exception):
    """Base of all errors that services raise; `str(error)` is the message in English.

    `sentence` is the same message in its translatable form.
    """

    @property
    def sentence(self) -> str:
        """The message: a translatable `Text`, or a plain string; `""` for an error without one."""
        return self.args[0] if self.args else ""


class InvalidInput(OrderError):
    """The input is not valid; `errors` has every error, never only the first."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(
            lazy_ngettext("One field is invalid.", "%(num)s fields are invalid.", len(self.errors))
        )


class InvalidOrder(InvalidInput):
    """The input is not a valid order, or not a valid change to an order."""


class NotJson(OrderError):
    """The body of a request is not valid JSON, or its JSON has a type that is not expected."""


class Unauthorized(OrderError):
    """The request has no credentials, or invalid ones."""


class Forbidden(OrderError):
    """The person or token is authenticated but may not do this."""


class NotFound(OrderError):
    """Nothing with this ID or name exists, or the person or token may not see it."""


class TooManyTries(OrderError):
    """No try is left; `wait` is the number of seconds until the next one is allowed."""

    def __init__(self, message: str, wait: int) -> None:
        self.wait = wait
        super().__init__(message)


class Conflict(OrderError):
    """The request contradicts what is stored."""


class StaleVersion(OrderError):
    """The object has changed since the caller read it, so the caller's change was rejected."""

    def __init__(self) -> None:
        super().__init__(
            lazy_gettext(
                "This has changed since you read it. Read it again, then resend your change."
            )
        )


class Taken(Conflict):
    """A value that must be unique is already in use; `path` is its field, as in FieldError."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(message)


BUSY = lazy_gettext("The service is busy. Please try again.")


class ServiceBusy(OrderError):
    """The database is locked or unreachable, so the request cannot be handled now; retry later."""


class BackupError(OrderError):
    """A backup or a restore did not happen; the message says why, and nothing is half done."""
