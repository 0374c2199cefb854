"""Code, comments, tests and docs use standard words; docs/glossary.md has the list.

Texts on the pages are left out: they are translated by what they say, and are rewritten with them.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orders.settings import PROJECT

TRANSLATED = {"lazy_gettext", "lazy_ngettext", "gettext", "ngettext", "_", "tr", "trn"}

# A word that is gone, as a pattern for whole words, and what to say instead.
GONE = {
    # A town house is an order of the demo.
    r"doors?|floors|(?<!Town )house": "interface, layer, module or package, architecture",
    # As classes; not the adverb, not the note of a test, not "Repeated keys".
    r"Once(?=[\](){}:,.|]| \||$)|Repeated(?! keys)": "IdempotencyKey",
    r"turns\.(?:take|give|skip)|take_turn": "request_lock.acquire, request_lock.release",
    r"express[ _]lane|ExpressLane": "one path for every request",
    r"OneOf|one_of": "in_array",
    r"Readers|Prepared": "ConnectionCache, CompiledSelect",
    r"Insertion|insert_together": "BatchInsert, insert_batch",
    r"[Cc]ourier": "WebhookClient",
    r"ConfigurationCard": "ConfigurationSummary",
    r"Wanted|Listed|Glimpse|at_a_glance": "OrderFilter, OrderSummary, DashboardSummary, dashboard",
    r"mark_many": "lazy_ngettext",
    r"_?draw|draws|_draw\w+": "render",
    r"row_acts?": "row_actions",
    # A template is a prefilled form.
    r"carried|prefilled(?! (?:order )?forms?)|clash(?:es)?": "resumed, copied, conflicts",
    r"pace|MissPace": "rate limit, constant-time answer",
    r"noting|note_request": "log_request",
    r"look_views|own_look": "theme, preferences",
    r"second_fact": "verification",
    r"in_force": "current settings",
    # Operation IDs of the OpenAPI document begin with it, and stay as they are.
    r"told(?!\{)": "errors, reported",
    r"so many|see to|(?<!keyed )by it": "the constant's name, handle, the thing's name",
    # "Save it anew as XLSX" is a text of the pages.
    r"mend|mends|mended|mending|anew(?! as XLSX)|whoever": "fix, again, anyone who",
}
PATTERNS = {re.compile(rf"(?<!\w)(?:{gone})(?!\w)"): use for gone, use in GONE.items()}
# Names of Hypothesis, which its tests use.
HYPOTHESIS = re.compile(r"\bst\.one_of\b|\bdraw(?=\(|: st\.DrawFn)")
DOCSTRING = re.compile(r'"""(?:Give|Tell|Say|Draw)\b')

# This file, and the list of words that are gone from the pages.
LISTS_OF_WORDS = {Path(__file__), PROJECT / "tests" / "test_screen_words.py"}
FOLDERS = ("orders", "tests", "benchmarks", "docs")
CODE = [
    file
    for folder in FOLDERS
    for file in sorted((PROJECT / folder).rglob("*.py"))
    # A migration stays as it ran.
    if "migrations" not in file.parts and file not in LISTS_OF_WORDS
]
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *(file for file in sorted((PROJECT / "docs").rglob("*.md")) if file.name != "glossary.md"),
]


def _without_page_texts(source: str) -> list[str]:
    """Return the lines of a module, with the texts that its pages show blanked out."""
    if re.search(r"^from hypothesis import", source, re.MULTILINE):
        source = HYPOTHESIS.sub("_", source)
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name_of(node.func) in TRANSLATED:
            for text in (one for one in ast.walk(node) if isinstance(one, ast.Constant)):
                if isinstance(text.value, str):
                    for number in range(text.lineno - 1, text.end_lineno or text.lineno):
                        lines[number] = ""
    return lines


def _name_of(called: ast.expr) -> str:
    """Return the last part of a called name: "text" for `errors.text`; "" for anything else."""
    return getattr(called, "attr", getattr(called, "id", ""))


def _faults(file: Path, lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        for pattern, use in PATTERNS.items():
            if found := pattern.search(line):
                yield f"{file.relative_to(PROJECT)}:{number}: {found[0]!r}: say {use}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_code_uses_the_words_of_the_glossary(folder: str) -> None:
    faults = [
        fault
        for file in CODE
        if file.relative_to(PROJECT).parts[0] == folder
        for fault in _faults(file, _without_page_texts(file.read_text("utf-8")))
    ]
    assert faults == []


def test_docs_use_the_words_of_the_glossary() -> None:
    faults = [
        fault for file in PAGES for fault in _faults(file, file.read_text("utf-8").split("\n"))
    ]
    assert faults == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_are_in_the_imperative_of_the_field(folder: str) -> None:
    found = [
        f"{file.relative_to(PROJECT)}: {match[0]}"
        for file in CODE
        if file.relative_to(PROJECT).parts[0] == folder
        for match in DOCSTRING.finditer(file.read_text("utf-8"))
    ]
    assert found == []


def test_a_word_that_is_gone_is_found() -> None:
    """The patterns find their words; a text of a page is left out."""
    lines = _without_page_texts('x = 1  # whoever\ny = lazy_gettext("Whoever, anew")\n')
    assert [fault.partition(": ")[2] for fault in _faults(Path(__file__), lines)] == [
        "'whoever': say fix, again, anyone who"
    ]
