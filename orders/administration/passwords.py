"""Passwords of staff: what may be one, how it is stored, and one to take over."""

import secrets

from orders.access import password_hasher
from orders.rules.errors import FieldError
from orders.rules.json_values import find_unstorable
from orders.rules.texts import Figure, mark

MIN_PASSWORD = 10  # characters
MAX_PASSWORD = 1000  # characters; longer ones only cost time
CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
SYLLABLES = 10  # of 70 kinds each: 61 bits


def password_faults(password: str) -> list[FieldError]:
    """Say what is wrong with a password that somebody wants to have."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        sentence = mark(
            "From %(least)s to %(most)s characters.", least=MIN_PASSWORD, most=Figure(MAX_PASSWORD)
        )
        return [FieldError("password", sentence)]
    return find_unstorable(password, "password", nesting=0)


def hash_password(password: str) -> str:
    """Give the form in which a password is stored: argon2id."""
    return password_hasher.hash(password)


def readable_password() -> str:
    """Make a random password of syllables that can be read out and typed: `daki-romu-…`."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(SYLLABLES)]
    return "-".join("".join(syllables[at : at + 2]) for at in range(0, SYLLABLES, 2))
