"""No English text on a screen uses the words that were replaced by plainer ones.

The texts are those that `make translations` collects from templates, code and scripts, and the
pages of the API reference, which are not translated.
"""

import re

import pytest

from orders.settings import PROJECT
from tests.test_translations import collected

# A word or phrase that is gone, as a pattern for whole words in any case, and what to say instead.
GONE = {
    "whoever|somebody": "anyone who, someone",
    "(?:go|goes|going|went) on": "continue",
    "stands?|stood|stands in|in its place stands": "is, stored in",
    "(?:into|in|from) the bin|binned": "delete, deleted orders",
    "ticks?|ticked": "select",
    "by it": "the thing's name",
    "(?:sign in|object) with it": "the thing's name",
    "thereof|therein|anew|meanwhile": "of it, again, in the meantime",
    "present password|another password": "current password, change password",
    "(?:make|made) the (?:token|order|webhook)": "create",
    "may sign in": "active",
    "i have it": "done",
    "another look": "fix",
    "nothing is lost": "your work is safe",
    "went quiet": "stale",
    "orders of today|figures as a table": "today's orders, show as table",
    "enter another|back without saving": "new order, discard changes",
    "where it came from|only colleagues see": "source, visible to your team only",
    "kept as a draft": "draft saved",
    "filled in from order": "copied from order",
    "your values stand|changed the same meanwhile": "someone else changed the same fields",
    "do not belong together|there is nothing at this": "wrong …, page not found",
    "short id of a saved configuration": "a name, SKU, or ID",
    "^being (?:read|checked|stopped|undone|sent|prepared)": "reading, checking, …",
    "^(?:holds|is|stands in)$": "sample values, import as, stored in",
    "all is done": "complete",
    "is it %.*": "did you mean …?",
    "drawn|joined": "rendered, merged",
}
PATTERNS = {
    re.compile(rf"(?<!\w)(?:{gone})(?!\w)" if gone[0] != "^" else gone, re.IGNORECASE): use
    for gone, use in GONE.items()
}


def faults(texts: set[str]) -> list[str]:
    return sorted(
        f"{found[0]!r} in {text!r}: say {use}"
        for text in texts
        for pattern, use in PATTERNS.items()
        if (found := pattern.search(text))
    )


def test_no_text_of_the_pages_uses_a_word_that_is_gone() -> None:
    assert faults(collected()) == []


def test_no_text_of_the_reference_uses_a_word_that_is_gone() -> None:
    pages = sorted((PROJECT / "templates" / "reference").glob("*.html"))
    assert pages
    untagged = (re.sub(r"{[{%#].*?[}%#]}|<[^>]*>", "\n", one.read_text("utf-8")) for one in pages)
    lines = {line.strip() for page in untagged for line in page.split("\n")}
    assert faults(lines) == []


@pytest.mark.parametrize(
    "text",
    [
        "Whoever has none sets one up before going on.", "Your values stand in the form.",
        "I have it: go on", "Into the bin: put the order in the bin", "Present password",
        "Make the token", "Being read", "Holds", "Is it %(name)s?", "3 ticked",
    ],
)  # fmt: skip
def test_a_word_that_is_gone_is_found(text: str) -> None:
    assert faults({text})


def test_plain_texts_are_left_alone() -> None:
    plain = {
        "Standard", "Sign in to continue.", "Is required", "Go online",
        "The message is being sent again.",
    }  # fmt: skip
    assert faults(plain) == []
