"""Which test checks which rule of docs/contract.md; a rule without its test fails here."""

import ast
from functools import lru_cache

import pytest

from orders.settings import PROJECT
from tests.contract_rules import RULES


@lru_cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((PROJECT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("section", RULES)
def test_every_rule_has_its_test(section: str) -> None:
    gone = [rule for rule, file, name in RULES[section] if name not in names_in(file)]
    assert gone == []


def test_every_section_of_rules_is_in_the_docs() -> None:
    text = (PROJECT / "docs" / "contract.md").read_text(encoding="utf-8").replace("`", "")
    headings = {line.lstrip("# ") for line in text.splitlines() if line.startswith("##")}
    assert RULES.keys() <= headings
