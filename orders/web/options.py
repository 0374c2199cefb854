"""The options of a configured product, as people read them."""

from collections.abc import Mapping

from orders.rules.configuration import option_text
from orders.web.language import translated


def read_options(variant: Mapping[str, object]) -> list[tuple[str, str]]:
    """Give names and values in the page's language, without what only a configurator reads."""
    texts = ((name, option_text(value)) for name, value in variant.items())
    return [(name, translated(text)) for name, text in texts if text is not None]


def options_line(variant: Mapping[str, object] | None) -> str:
    """Give the same as one line; empty without any: `Wood: Oak · Legs: Ash`."""
    return " · ".join([f"{name}: {text}" for name, text in read_options(variant or {})])
