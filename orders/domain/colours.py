"""Make an org's color legible, both as the color of text and as the background of text.

Contrast is the WCAG 2 contrast ratio, from 1 to 21; text needs at least 4.5. Colors are written as
`#rrggbb`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LEGIBLE = 4.5
WHITE, BLACK = "#ffffff", "#000000"
# `--paper` and `--card` of static/desk.css, the backgrounds of text; a test compares them.
LIGHT_GROUNDS = ("#f6f7f6", WHITE)
DARK_GROUNDS = ("#121513", "#1a1e1b")
# The share of the color in the background of buttons and steps.
LIGHT_WASH, DARK_WASH = 0.10, 0.18
STEPS = 50  # steps from the color to black or white

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shades:
    """An org's color adapted to one theme, light or dark; all values are `#rrggbb`.

    `accent` is the color of links and buttons, `ink` is the color of text on `accent` (black or
    white), and `wash` is a pale background for text in the color `accent`.
    """

    accent: str
    ink: str
    wash: str


@dataclass(frozen=True, slots=True)
class Look:
    """The colors of an org's pages.

    `brand` is the org's own color, and `brand_ink` is the color of text on it (black or white).
    `light` and `dark` are the shades of the brand color in the light and in the dark theme.
    """

    brand: str
    brand_ink: str
    light: Shades
    dark: Shades


def read_colour(text: str) -> str | None:
    """Parse `#0b6b4b`, `0B6B4B` or `#abc`; return it as `#rrggbb`, or None for any other text."""
    found = _HEX.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def contrast(one: str, other: str) -> float:
    """Return the WCAG 2 contrast of two `#rrggbb` colors: 1 if equal, 21 for black and white."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """Return a mix of two `#rrggbb` colors; `share`, from 0 to 1, is the proportion of `other`."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def look_of(brand: str) -> Look:
    """Return the colors of an org's pages, with legible text in both themes.

    `brand` is the org's own color, as `#rrggbb`.
    """
    return Look(
        brand=brand,
        brand_ink=_ink_on(brand),
        light=_shades(brand, LIGHT_GROUNDS, mixed(WHITE, brand, LIGHT_WASH), BLACK),
        dark=_shades(brand, DARK_GROUNDS, mixed(DARK_GROUNDS[0], brand, DARK_WASH), WHITE),
    )


def style_sheet(look: Look, selector: str) -> str:
    """Return a CSS rule that sets the color variables of static/desk.css to the colors of `look`.

    `selector` is the CSS selector of the rule.
    """
    tokens = {
        "--brand": look.brand,
        "--brand-ink": look.brand_ink,
        "--accent": f"light-dark({look.light.accent}, {look.dark.accent})",
        "--accent-ink": f"light-dark({look.light.ink}, {look.dark.ink})",
        "--accent-wash": f"light-dark({look.light.wash}, {look.dark.wash})",
    }
    body = "".join(f" {name}: {value};" for name, value in tokens.items())
    return f"{selector} {{{body} }}\n"


def _shades(brand: str, grounds: Sequence[str], wash: str, towards: str) -> Shades:
    """Return the shades of one theme for an org's color.

    `accent` is `brand`, mixed with `towards` (black or white) until it is legible on every
    background: the colors `grounds` of the page, and `wash`, the color of buttons.
    """
    for step in range(STEPS + 1):
        accent = mixed(brand, towards, step / STEPS)
        if all(contrast(accent, ground) >= LEGIBLE for ground in (*grounds, wash)):
            break
    return Shades(accent, _ink_on(accent), wash)


def _ink_on(ground: str) -> str:
    """Return black or white, whichever contrasts more with the color `ground`.

    The contrast is always 4.5 or more.
    """
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, ground))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = (channel / 255 for channel in _channels(colour))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
