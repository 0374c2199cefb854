"""Pieces of a page that repeat hundreds of times: drawn once as a pattern, then filled in.

A template's expressions take some ten times as long as the filling of a pattern does.
"""

from markupsafe import Markup, escape


def fill(pattern: Markup, **values: object) -> Markup:
    """Put values at a pattern's `%(name)s`, each made safe unless it is; a `%` itself is `%%`.

    Raises KeyError for a name without a value.
    """
    # Not `pattern % values`: it would make a value safe anew at each place where it stands.
    safe = {name: escape(value) for name, value in values.items()}
    return Markup(str(pattern) % safe)  # noqa: S704 - the pattern is safe, and the values are now
