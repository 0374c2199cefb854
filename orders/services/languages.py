"""The available languages: English, and all others with a compiled catalog (docs/languages.md)."""

from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

from orders.settings import ASSETS

ENGLISH = "en"
CATALOGS = ASSETS / "translations"


@lru_cache(maxsize=8)
def languages(folder: Path = CATALOGS) -> dict[str, str]:
    """Return the available languages: their own names (`Deutsch`) by code (`de`).

    English comes first. `folder` contains the compiled catalogs.
    """
    compiled = sorted(folder.glob("*/LC_MESSAGES/messages.mo"))
    codes = [ENGLISH, *(file.parent.parent.name for file in compiled)]
    return {code: name for code in codes if (name := _name(code))}


def _name(code: str) -> str | None:
    """Return the name of a language in that language, capitalized; None for an unknown code."""
    try:
        name = Locale.parse(code).get_display_name()
    except (UnknownLocaleError, ValueError):
        return None
    return name[:1].upper() + name[1:] if name else None
