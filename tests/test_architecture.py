"""The house is as docs/architecture.md draws it; `lint-imports` holds the floors, this the rest."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from orders.settings import PROJECT

LONGEST = 400  # lines of a file that one still reads in one go
LONGEST_VIEW = 20  # lines, without docstring and decorators
MEDIAN_VIEW = 8
# A function with such a decorator is a view: of a blueprint, or an endpoint of the JSON API.
ROUTE_DECORATORS = {"get", "post", "put", "patch", "delete", "route", "endpoint"}
SOURCES = sorted((PROJECT / "orders").rglob("*.py"))


def calls(file: Path) -> Iterator[ast.Call]:
    """Give every call that stands in the file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def test_orders_are_created_by_both_doors_the_import_and_the_demo_only() -> None:
    callers = {
        file.relative_to(PROJECT).as_posix()
        for file in SOURCES
        if any(ast.unparse(call.func) == "intake.create_order" for call in calls(file))
        or any(ast.unparse(call.func) == "create_order" for call in calls(file))
    }
    assert callers == {
        "orders/api/orders.py",
        "orders/imports/work.py",
        "orders/staff/entry/entry_views.py",
        "orders/demo/seed.py",
    }


def test_both_doors_check_by_the_same_function() -> None:
    callers = {
        file.relative_to(PROJECT / "orders").parts[0]
        for file in SOURCES
        if any(name_of(call) == "check_order" for call in calls(file))
    }
    assert callers == {"api", "staff", "demo", "imports"}


def test_only_intake_and_editing_write_orders_lines_and_history() -> None:
    written = {"orders", "cart_line", "order_history", "submission"}
    inserting = {
        file.name
        for file in SOURCES
        for call in calls(file)
        if name_of(call) == "insert" and call.args
        if ast.unparse(call.args[0]).rpartition(".")[2] in written
        or ast.unparse(call.args[0]) in {"OrderRow", "CartLineRow", "OrderHistory", "Submission"}
    }
    asking = {
        file.name
        for file in SOURCES
        for call in calls(file)
        if ast.unparse(call.func) == "database.insert"
    }
    assert inserting | asking == {"intake.py", "editing.py"}


def test_no_file_is_too_long_to_read() -> None:
    written_by_hand = [
        *SOURCES,
        PROJECT / "app.py",
        *(PROJECT / "templates").rglob("*.html"),
        *(PROJECT / "static").glob("*.*s"),
    ]
    lengths = {file: len(file.read_text("utf-8").splitlines()) for file in written_by_hand}
    assert {file.name: n for file, n in lengths.items() if n > LONGEST} == {}


def is_view(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in ROUTE_DECORATORS
        for one in function.decorator_list
    )


def length_of(function: ast.FunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    assert function.end_lineno is not None
    return function.end_lineno - body[0].lineno + 1


def test_views_are_short() -> None:
    lengths = {
        f"{file.relative_to(PROJECT)}:{node.name}": length_of(node)
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and is_view(node)
    }
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > LONGEST_VIEW} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_VIEW


def test_the_composition_root_is_short() -> None:
    assert len((PROJECT / "app.py").read_text("utf-8").splitlines()) <= 120


def test_whatever_services_refuse_can_be_translated() -> None:
    others = {"api", "staff", "docs", "demo"}
    refusals = {
        "BadDomain", "Conflict", "DetailError", "FieldError", "Forbidden", "MailFailed", "NotFound",
        "NotJson", "RowError", "RowFault", "ServiceBusy", "Taken", "Unauthorized",
        "UnreadableSheet", "refusal",
    }  # fmt: skip
    plain = [
        f"{file.relative_to(PROJECT)}:{call.lineno}"
        for file in SOURCES
        if file.relative_to(PROJECT / "orders").parts[0] not in others
        for call in calls(file)
        if name_of(call) in refusals
        and call.args
        and isinstance(call.args[-1], ast.Constant | ast.JoinedStr)
    ]
    assert plain == []
