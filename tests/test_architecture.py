"""The rules of docs/architecture.md that `lint-imports` cannot check."""

import ast
import statistics
from collections import defaultdict
from collections.abc import Iterator

from orders.settings import PROJECT

LONGEST = 400  # lines of a file
LONGEST_VIEW = 20  # lines, without docstring and decorators
MEDIAN_VIEW = 8
# A function with such a decorator is a view: of a blueprint, or an endpoint of the JSON API.
ROUTE_DECORATORS = {"get", "post", "put", "patch", "delete", "route", "endpoint"}
SOURCES = {
    file.relative_to(PROJECT).as_posix(): ast.parse(file.read_text("utf-8"))
    for file in sorted((PROJECT / "orders").rglob("*.py"))
    if "migrations" not in file.parts
}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Return all calls in a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    """Return the name of a called function or method, without what is in front of the dot."""
    return ast.unparse(call.func).rpartition(".")[2]


def callers_of(function: str) -> set[str]:
    """Return the modules that call a function of this name."""
    return {
        path
        for path, tree in SOURCES.items()
        if any(name_of(call) == function for call in calls(tree))
    }


def test_orders_are_created_by_the_interfaces_and_the_import_only() -> None:
    assert callers_of("create_order") == {
        "orders/interfaces/api/orders.py",
        "orders/interfaces/cli/demo/seed.py",
        "orders/interfaces/desk/order_form/entry_views.py",
        "orders/services/imports/work.py",
    }


def test_all_interfaces_check_orders_by_the_same_function() -> None:
    assert {path.split("/")[2] for path in callers_of("check_order")} == {
        "api", "cli", "desk", "imports",
    }  # fmt: skip


def test_only_three_modules_write_orders_lines_and_history() -> None:
    written = {"orders", "cart_line", "order_history", "submission"}
    models = {"OrderRow", "CartLineRow", "OrderHistory", "Submission"}
    inserting = {
        path
        for path, tree in SOURCES.items()
        for call in calls(tree)
        if name_of(call) == "insert" and call.args
        if ast.unparse(call.args[0]).rpartition(".")[2] in written
        or ast.unparse(call.args[0]) in models
        or ast.unparse(call.func) == "database.insert"
    }
    folder = "orders/services/orders"
    assert inserting == {
        f"{folder}/changes.py", f"{folder}/intake.py", f"{folder}/order_erasure.py"
    }  # fmt: skip


def test_no_file_is_too_long_to_read() -> None:
    written_by_hand = [
        *(PROJECT / path for path in SOURCES),
        PROJECT / "app.py",
        *(PROJECT / "templates").rglob("*.html"),
        *(PROJECT / "static").glob("*.*s"),
    ]
    lengths = {file: len(file.read_text("utf-8").splitlines()) for file in written_by_hand}
    assert {file.name: n for file, n in lengths.items() if n > LONGEST} == {}


def test_each_class_name_exists_once() -> None:
    places = defaultdict(list)
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def is_view(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in ROUTE_DECORATORS
        for one in function.decorator_list
    )


def length_of(function: ast.FunctionDef) -> int:
    """Return the number of lines of a function's body without its docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    assert function.end_lineno is not None
    return function.end_lineno - body[0].lineno + 1


def test_views_are_short() -> None:
    lengths = {
        f"{path}:{node.name}": length_of(node)
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and is_view(node)
    }
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > LONGEST_VIEW} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_VIEW


def test_the_composition_root_is_short() -> None:
    assert len((PROJECT / "orders" / "application.py").read_text("utf-8").splitlines()) <= 120


def test_the_server_loads_no_commands() -> None:
    """They load Alembic and more; `lint-imports` checks that no other interface does."""
    tree = SOURCES["orders/application.py"]
    at_first = {one.module for one in tree.body if isinstance(one, ast.ImportFrom) and one.module}
    assert "orders.interfaces.desk" in at_first
    assert not [
        name for name in at_first if name.startswith(("orders.interfaces.cli", "flask_migr"))
    ]


def test_no_exception_is_swallowed_without_a_log_line() -> None:
    """A broad handler logs, raises, or hands the error on to its caller."""
    silent = [
        f"{path}:{node.lineno}"
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not any(
            isinstance(one, ast.Raise)
            or (
                isinstance(one, ast.Call)
                and name_of(one) in {"exception", "error", "warning", "debug"}
            )
            or (isinstance(one, ast.Name) and one.id == node.name)
            for one in ast.walk(node)
        )
    ]
    assert silent == []


def test_all_refusals_of_services_can_be_translated() -> None:
    untranslated = (
        "orders/interfaces/api/",
        "orders/interfaces/reference/",
        "orders/interfaces/cli/",
    )
    refusals = {
        "BadDomain", "Conflict", "DetailError", "FieldError", "Forbidden", "MailFailed", "NotFound",
        "NotJson", "RowError", "RowFault", "ServiceBusy", "Taken", "Unauthorized",
        "UnreadableSheet", "refusal",
    }  # fmt: skip
    plain = [
        f"{path}:{call.lineno}"
        for path, tree in SOURCES.items()
        if not path.startswith(untranslated)
        for call in calls(tree)
        if name_of(call) in refusals
        and call.args
        and isinstance(call.args[-1], ast.Constant | ast.JoinedStr)
    ]
    assert plain == []
