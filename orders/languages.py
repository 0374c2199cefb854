"""The languages of the pages: English, in which they are written, and each that has a catalogue.

A language is there once `translations/<code>/LC_MESSAGES/messages.mo` is (docs/languages.md).
"""

from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

from orders.settings import PROJECT

ENGLISH = "en"
CATALOGUES = PROJECT / "translations"


@lru_cache(maxsize=8)
def languages(folder: Path = CATALOGUES) -> dict[str, str]:
    """Give the code of each language with what the language calls itself; English is the first."""
    compiled = sorted(folder.glob("*/LC_MESSAGES/messages.mo"))
    codes = [ENGLISH, *(file.parent.parent.name for file in compiled)]
    return {code: name for code in codes if (name := _name(code))}


def _name(code: str) -> str | None:
    """Give a language's name for itself, with a capital; None for a folder of something else."""
    try:
        name = Locale.parse(code).get_display_name()
    except (UnknownLocaleError, ValueError):
        return None
    return name[:1].upper() + name[1:] if name else None
