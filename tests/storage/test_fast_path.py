"""SQLite's fast path is behind database.py, and can be deleted without touching services."""

import ast

from orders.settings import PROJECT

FAST = "orders.storage.sqlite"


def imports(text: str) -> set[str]:
    """Return the names of all modules that are imported, with those that may be modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{one.name}" for one in node.names)
    return found


# These are about a lock and about files, not about statements.
OTHERS = tuple(f"{FAST}.{name}" for name in ("request_lock", "database_files", "snapshot"))


def test_only_the_database_module_imports_the_fast_path() -> None:
    users = {
        file.relative_to(PROJECT).as_posix()
        for file in (PROJECT / "orders").rglob("*.py")
        if FAST.replace(".", "/") not in file.as_posix()
        for name in imports(file.read_text("utf-8"))
        if name.startswith(FAST) and name != FAST and not name.startswith(OTHERS)
    }
    assert users == {"orders/storage/database.py"}


def test_every_module_of_it_is_in_its_readme() -> None:
    folder = PROJECT / FAST.replace(".", "/")
    readme = (folder / "README.md").read_text("utf-8")
    modules = {file.name for file in folder.glob("*.py")} - {"__init__.py"}
    assert {name for name in modules if f"`{name}`" not in readme} == set()
