"""Country codes of ISO 3166-1, as addresses contain them."""

import functools

from babel import Locale

# Codes of Babel's list that belong to no country: groupings, parts of countries, and test codes.
_NO_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)


@functools.cache
def country_codes() -> frozenset[str]:
    """Return the two-letter codes of all countries, such as "DE"."""
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2) - _NO_COUNTRIES


def read_country(text: str) -> str | None:
    """Return a country code in capital letters, or None if there is no such country.

    Lowercase letters and white space around the code are accepted.
    """
    code = text.strip().upper()
    return code if code in country_codes() else None


@functools.cache
def _codes_by_name() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in ("de", "en"):
        territories = Locale(language).territories
        names |= {str(territories[code]).casefold(): code for code in country_codes()}
    return names


def named_country(text: str) -> str | None:
    """Return the code of the country with this code, or with this English or German name.

    None if there is no such country.
    """
    return read_country(text) or _codes_by_name().get(text.strip().casefold())
