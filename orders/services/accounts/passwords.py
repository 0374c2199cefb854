"""Which passwords are accepted: long ones, neither common nor made of the person's names."""

import re
from collections.abc import Iterable
from functools import cache

from sqlalchemy import select

from orders.domain.errors import FieldError
from orders.domain.json_values import find_unstorable
from orders.domain.texts import Figure, lazy_gettext
from orders.storage import database
from orders.storage.models.orgs import Org
from orders.storage.models.people import StaffAccount

MIN_PASSWORD = 10  # characters
MAX_PASSWORD = 1000  # characters; hashing longer ones only costs time
MIN_PART = 4  # characters of a part of a name that counts as that name
MIN_OWN = 6  # characters that a password must have beside names
PRODUCT = "Shortorder"
COMMON = lazy_gettext("This is one of the most common passwords. Choose another one.")
PERSONAL = lazy_gettext(
    "Too easy to guess: it is made of the name, the e-mail address, or the organization."
)
_NO_LETTERS = re.compile(r"[\W_]+")


def password_errors(password: str, about: Iterable[str] = ()) -> list[FieldError]:
    """Return the errors in a new password; the list is empty if there are none.

    `about` are texts that a guesser knows: the person's name and e-mail address, and the name of
    their org. The password must not be too short or too long, contain characters that cannot be
    stored, be one of the most common ones, or have fewer than MIN_OWN characters beside those
    texts.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        sentence = lazy_gettext(
            "%(least)s to %(most)s characters.", least=MIN_PASSWORD, most=Figure(MAX_PASSWORD)
        )
        return [FieldError("password", sentence)]
    if password.casefold() in _common_passwords():
        return [FieldError("password", COMMON)]
    if _is_personal(password, [PRODUCT, *about]):
        return [FieldError("password", PERSONAL)]
    return find_unstorable(password, "password", nesting=0)


def words_about(staff_id: str) -> tuple[str, ...]:
    """Return the name, e-mail address and org of an account, for `password_errors`.

    The tuple is empty if there is no such account.
    """
    statement = select(StaffAccount.name, StaffAccount.email, Org.name).join(
        Org, Org.id == StaffAccount.org_id
    )
    found = database.fetch_one(statement.where(StaffAccount.id == staff_id))
    return () if found is None else tuple(found)


def org_words(org_id: str) -> tuple[str, ...]:
    """Return the name of an org, for `password_errors`; an empty tuple for an unknown ID."""
    name = database.fetch_value(select(Org.name).where(Org.id == org_id))
    return () if name is None else (name,)


@cache
def _common_passwords() -> frozenset[str]:
    """Return the 30,000 most common passwords, without those that are too short for us."""
    # Not above: only people who choose a password need the lists, which take some memory.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(one for one in FREQUENCY_LISTS["passwords"] if len(one) >= MIN_PASSWORD)


def _is_personal(password: str, about: Iterable[str]) -> bool:
    words = {
        _folded(part)
        for text in about
        for part in (text, *_NO_LETTERS.split(text))
        if len(part) >= MIN_PART
    }
    rest = folded = _folded(password)
    for word in sorted(words - {""}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(rest) < min(MIN_OWN, len(folded))


def _folded(text: str) -> str:
    return _NO_LETTERS.sub("", text).casefold()
