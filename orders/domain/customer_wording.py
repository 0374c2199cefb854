"""The words for the steps of an order on the customer pages, which an org can replace by its own.

Customers see steps in place of statuses: both statuses of an open cart are one step, and being
canceled is a step, too. The words concern the customer pages only; the API sends statuses.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeAlias

from orders.domain.errors import FieldError
from orders.domain.json_values import find_unstorable
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext

MAX_WORDING = 40  # characters: on a phone, a step has one line


class Step(StrEnum):
    """The steps of an order as customers see them, in sequence; CANCELED replaces the others."""

    OPEN = "open"
    NEW = "new"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    CANCELED = "canceled"


# An org's own words by language code and step: {"de": {"complete": "Abholbereit"}}.
Wording: TypeAlias = Mapping[str, Mapping[str, str]]

DEFAULT_WORDING: dict[Step, str] = {
    Step.OPEN: lazy_gettext("Not submitted yet"),
    Step.NEW: lazy_gettext("Received"),
    Step.IN_PROGRESS: lazy_gettext("In production"),
    Step.COMPLETE: lazy_gettext("Ready"),
    Step.CANCELED: lazy_gettext("Canceled"),
}
_STEPS = {
    Status.LIST: Step.OPEN,
    Status.IN_CART: Step.OPEN,
    Status.NEW: Step.NEW,
    Status.IN_PROGRESS: Step.IN_PROGRESS,
    Status.COMPLETE: Step.COMPLETE,
}


def step_of(status: Status) -> Step:
    """Return the step of an order that is not canceled."""
    return _STEPS[status]


def words_for(step: Step, wording: Wording, language: str) -> str | None:
    """Return the org's own words for a step in a language; None if the default applies."""
    return wording.get(language, {}).get(step) or None


def wording_errors(wording: Wording, languages: Collection[str]) -> list[FieldError]:
    """Return the errors in an org's words; the path of each is `<language>.<step>`.

    `languages` are the codes that are allowed. Each text must be one line of at most MAX_WORDING
    characters that can be stored.
    """
    errors = []
    for code, texts in wording.items():
        for step, text in texts.items():
            path = f"{code}.{step}"
            if code not in languages or step not in set(Step):
                errors.append(FieldError(path, lazy_gettext("Choose a language from the list.")))
            elif len(text) > MAX_WORDING:
                sentence = lazy_gettext("At most %(most)s characters.", most=MAX_WORDING)
                errors.append(FieldError(path, sentence))
            elif not text.isprintable():
                errors.append(FieldError(path, lazy_gettext("Readable text on one line.")))
            else:
                errors += find_unstorable(text, path, nesting=0)
    return errors
