"""Errors of the services. Each message is a sentence that a customer may read."""

# ruff: noqa: N818 - the names say what happened; "Error" would be said by all of them

from collections.abc import Iterable
from dataclasses import dataclass

from orders.domain.texts import lazy_gettext, lazy_ngettext


@dataclass(frozen=True, slots=True, order=True)
class FieldError:
    """One error in the input; `message` is a sentence for people.

    `path` joins keys and positions with dots (`cart.0.count`); `""` means the whole document.
    """

    path: str
    message: str


class OrderError(Exception):
    """Base of all errors of the services; `str(error)` is the message in English.

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
            lazy_ngettext(
                "One field needs another look.",
                "%(num)s fields need another look.",
                len(self.errors),
            )
        )


class InvalidOrder(InvalidInput):
    """The input is not a valid order, or not a valid change of one."""


class NotJson(OrderError):
    """The body of a request cannot be parsed as JSON, or is JSON of a type that is not expected."""


class Unauthorized(OrderError):
    """The request has no credentials, or invalid ones."""


class Forbidden(OrderError):
    """The person or token is authenticated but may not do this."""


class NotFound(OrderError):
    """Nothing with this ID or name exists, or it is not visible to the person or token."""


class Conflict(OrderError):
    """The request contradicts what is stored."""


class StaleVersion(OrderError):
    """The object was changed since the caller read it, so the caller's change was not made."""

    def __init__(self) -> None:
        super().__init__(
            lazy_gettext("It was changed meanwhile. Read it again, then send the change again.")
        )


class Taken(Conflict):
    """A value that must be unique is in use already; `path` names its field, as in FieldError."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(message)


class ServiceBusy(OrderError):
    """The request cannot be handled now, as the database is locked or unreachable; retry later."""


class WaitedTooLong(ServiceBusy):
    """A write did not begin in time, and nothing was stored: its times would be out of date."""
