"""The README lists all settings, and the paths, links, and pages in the docs exist."""

import re
from dataclasses import fields
from pathlib import Path

from orders.settings import LIMIT_VARIABLES, PROJECT, Settings

README = (PROJECT / "README.md").read_text("utf-8")
# What is superseded describes the files as they were; so does the changelog.
DOCS = [
    file
    for folder in (".", "docs", "orders")
    for file in sorted((PROJECT / folder).rglob("*.md") if folder != "." else PROJECT.glob("*.md"))
    if file.name != "CHANGELOG.md" and "**Superseded" not in file.read_text("utf-8")
]
# A path, perhaps with a placeholder such as `<code>` or `…`, or a pattern.
LINK = re.compile(r"\]\(([^)\s:#]*)(?:#([^)\s]*))?\)")
PATH = re.compile(r"`((?:orders|tests|templates|static|benchmarks|docs)/[^`\s]*)`")


def test_every_setting_is_in_the_readme() -> None:
    names = {one.name.upper() for one in fields(Settings) if one.name != "limits"}
    missing = {name for name in names | set(LIMIT_VARIABLES) if f"`{name}`" not in README}
    assert missing == set()


def test_paths_in_docs_exist() -> None:
    missing = {
        f"{file.relative_to(PROJECT)}: {path}"
        for file in DOCS
        for path in PATH.findall(file.read_text("utf-8"))
        if not any(PROJECT.glob(re.sub(r"<\w+>|…", "*", path.partition("::")[0].rstrip("/"))))
    }
    assert missing == set()


def test_links_in_docs_lead_to_pages_and_headings() -> None:
    broken = set()
    for file in DOCS:
        for path, anchor in LINK.findall(re.sub(r"(?s)```.*?```", "", file.read_text("utf-8"))):
            target = (file.parent / path).resolve() if path else file
            is_there = target.exists() and (not anchor or anchor in anchors(target))
            if not is_there:
                broken.add(f"{file.relative_to(PROJECT)}: {path}#{anchor}")
    assert broken == set()


def anchors(file: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"(?m)^#+ (.*)$", file.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_in_the_index() -> None:
    index = (PROJECT / "docs" / "README.md").read_text("utf-8")
    pages = {file.name for file in (PROJECT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page}" not in index} == set()
