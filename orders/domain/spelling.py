"""How a code is spelled out on the phone: digits as they are, each letter by a word.

The words are those of the ICAO alphabet. A language may have its own: the German catalog has the
words of DIN 5009 (2022).
"""

from orders.domain.texts import Text, lazy_gettext

WORDS: dict[str, Text] = {
    "A": lazy_gettext("Alfa"), "B": lazy_gettext("Bravo"), "C": lazy_gettext("Charlie"),
    "D": lazy_gettext("Delta"), "E": lazy_gettext("Echo"), "F": lazy_gettext("Foxtrot"),
    "G": lazy_gettext("Golf"), "H": lazy_gettext("Hotel"), "J": lazy_gettext("Juliett"),
    "K": lazy_gettext("Kilo"), "M": lazy_gettext("Mike"), "N": lazy_gettext("November"),
    "P": lazy_gettext("Papa"), "Q": lazy_gettext("Quebec"), "R": lazy_gettext("Romeo"),
    "S": lazy_gettext("Sierra"), "T": lazy_gettext("Tango"), "V": lazy_gettext("Victor"),
    "W": lazy_gettext("Whiskey"), "X": lazy_gettext("X-ray"), "Y": lazy_gettext("Yankee"),
    "Z": lazy_gettext("Zulu"),
}  # fmt: skip
GROUP = 4  # characters that people read out together


def spelled(short_id: str) -> list[tuple[str, list[str]]]:
    """Return each group of a short ID with what is said for each of its characters."""
    groups = [short_id[at : at + GROUP] for at in range(0, len(short_id), GROUP)]
    return [(group, [WORDS.get(one, one) for one in group]) for group in groups]
