"""Who acts: the person, token, or command on whose behalf the services run at the moment.

The interfaces say it once for each request, so that every change of settings can be recorded with
its author without an argument of each function. Outside of requests it is a command.
"""

from contextvars import ContextVar, Token
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """The kinds of authors of events.

    UNKNOWN is a stranger, such as one who fails to sign in, and PROVIDER that of company accounts,
    which may say the role of a person.
    """

    STAFF = "staff"
    TOKEN = "token"  # noqa: S105 - no secret
    COMMAND = "command"
    UNKNOWN = "unknown"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Doer:
    """The author of an event; `id` is that of the account or token, and None for other kinds."""

    kind: ActorKind
    id: str | None = None


COMMAND = Doer(ActorKind.COMMAND)
STRANGER = Doer(ActorKind.UNKNOWN)
PROVIDER = Doer(ActorKind.PROVIDER)
_doer: ContextVar[Doer] = ContextVar("doer", default=COMMAND)


def begin_request() -> Token[Doer]:
    """Let a stranger act until `act_as` is called; return what `end_request` needs."""
    return _doer.set(STRANGER)


def end_request(before: Token[Doer]) -> None:
    """Let the one act again who did so before the request."""
    _doer.reset(before)


def act_for(doer: Doer) -> None:
    """Let this author act in the current thread, which works for the author's request."""
    _doer.set(doer)


def act_as(kind: ActorKind, actor_id: str) -> None:
    """Let this account or token be the one that acts, until the end of the request."""
    _doer.set(Doer(kind, actor_id))


def current_doer() -> Doer:
    return _doer.get()
