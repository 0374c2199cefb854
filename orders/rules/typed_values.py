"""Values as people type them into fields and cells: what cannot be read stays the text that it is.

The shared check then refuses it in its own words.
"""

import re

from orders.rules.attributes import AttributeRule, Kind
from orders.rules.status import Status

_WHOLE = re.compile(r"-?[0-9]{1,18}")
# What spreadsheets make of a whole number. Three zeros would be a thousand to many.
_WHOLE_WITH_ZEROS = re.compile(r"([0-9]{1,18})[.,]0{1,2}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
_YES = frozenset({"yes", "y", "true", "1", "x", "ja", "j", "wahr"})
_NO = frozenset({"no", "n", "false", "0", "nein", "falsch"})
_STATUS_WORDS = {
    "liste": Status.LIST,
    "merkliste": Status.LIST,
    "im warenkorb": Status.IN_CART,
    "warenkorb": Status.IN_CART,
    "neu": Status.NEW,
    "in bearbeitung": Status.IN_PROGRESS,
    "in arbeit": Status.IN_PROGRESS,
    "fertig": Status.COMPLETE,
    "abgeschlossen": Status.COMPLETE,
    "erledigt": Status.COMPLETE,
}


def read_whole(text: str) -> int | str:
    """Read a whole number: digits alone; a dot would be a thousand to one, a decimal to another."""
    bare = text.strip()
    return int(bare) if _WHOLE.fullmatch(bare) else text


def read_count(text: str) -> int | str:
    """Read a count out of a file: digits, or what a spreadsheet makes of them (2.0)."""
    match = _WHOLE_WITH_ZEROS.fullmatch(text)
    return int(match[1]) if match else read_whole(text)


def read_number(text: str) -> int | float | str:
    """Read a number with a dot; a comma would be a thousand to one and a decimal to another."""
    bare = text.strip()
    return float(bare) if _DECIMAL.fullmatch(bare) else read_whole(text)


def read_status_word(text: str) -> str:
    """Give the wire name of a state, in any letters or in German."""
    word = " ".join(text.casefold().split())
    known = {str(status).casefold(): status for status in Status} | _STATUS_WORDS
    return str(known.get(word, text))


def read_attribute(rule: AttributeRule, text: str) -> str | int | float | bool | None:
    """Read the value of an attribute: an option by its value or label, yes and no, a number."""
    if rule.kind is Kind.TEXT:
        return text
    if rule.kind is not Kind.OPTION and text == "null":  # as an export writes it
        return None
    if rule.kind is Kind.NUMBER:
        return read_number(text)
    word = text.casefold()
    if rule.kind is Kind.BOOLEAN:
        return True if word in _YES else False if word in _NO else text
    values = [option.value for option in rule.options]
    if text in values:
        return text
    alike = [
        option.value
        for option in rule.options
        if word in {option.value.casefold(), option.label.casefold()}
    ]
    return alike[0] if len(alike) == 1 else text
