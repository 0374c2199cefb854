"""Texts of the rules that people read in their own language.

The rules know no languages: they mark a text, so that `make translations` finds it, and a door
translates it (docs/languages.md).
"""


def mark(text: str) -> str:
    """Give the text as it is; the mark is for those who collect texts to translate."""
    return text
