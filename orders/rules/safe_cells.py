"""Texts in files that spreadsheets open: none of them may become a formula.

A text that begins like a formula gets an apostrophe in front, which spreadsheets read as "text
follows". What is read from a file loses it again, so that a file comes back as it went.
"""

import re

# With apostrophes in front of it too: else taking one off would change what was written.
_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Give the text as it may stand in a cell."""
    return f"'{text}" if _LIKE_A_FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Take off the apostrophe that `guarded` has put in front."""
    return text[1:] if _GUARDED.match(text) else text
