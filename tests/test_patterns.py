"""Every regular expression takes time in proportion to the text, whatever the text is.

All patterns of the product are found: those in modules, and those that are written where they are
used. From each, texts are made of what it looks for, and of that with something else behind it.
"""

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import orders
from orders.interfaces.api.application import Router, all_endpoints
from orders.settings import PROJECT

METHODS = {"match", "fullmatch", "search", "split", "sub", "subn", "findall", "finditer"}
# Patterns that contain a value, and why that value is harmless.
MADE_WHERE_USED = {
    "orders/domain/message_rows.py": "a count of at most four digits",
    "orders/interfaces/api/application.py": "the declared paths; see `test_paths_are_found…`",
    "orders/interfaces/api/endpoints.py": "the declared path of an endpoint",
}
TAILS = ("", "!", "\n")
LONGEST = 40  # characters of a text that is repeated
# Characters, and seconds, of a search that is too slow: in linear time, it takes less than a tenth.
SHORT, LONG = (1_000, 2_000), (8_000, 16_000)
TOO_SLOW = 0.002
TRIES = 7


class Use(NamedTuple):
    """A pattern, a method that it is used with, and where."""

    pattern: re.Pattern[Any]  # of texts or of bytes
    method: str
    place: str


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(orders.__path__, "orders."):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(patterns_in, value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from chain.from_iterable(map(patterns_in, value))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


def uses() -> list[Use]:
    """Return each pattern with each method that any module calls on a thing of its name."""
    loaded = list(modules())
    trees = {one.__name__: ast.parse(Path(str(one.__file__)).read_text("utf-8")) for one in loaded}
    methods: dict[str, set[str]] = {}
    found = []
    for module in loaded:
        for node in ast.walk(trees[module.__name__]):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                name = getattr(node.value, "attr", "") or getattr(node.value, "id", "")
                methods.setdefault(name, set()).add(node.attr)
        for call, function in calls(trees[module.__name__]):
            owner = function.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name == "re" and function.attr in METHODS:
                text = constant(call.args[0], module)
                if text is not None:
                    flags = re.I if "re.I" in ast.unparse(call) else re.NOFLAG
                    found.append(Use(re.compile(text, flags), function.attr, module.__name__))
    seen = {
        (pattern, f"{module.__name__}.{name}")
        for module in loaded
        for name, value in vars(module).items()
        for pattern in patterns_in(value)
    }
    for pattern, place in seen:
        # One in a tuple is used under the name of a loop's variable.
        used = methods.get(place.rpartition(".")[2], {"fullmatch"})
        found += [Use(pattern, method, place) for method in used]
    unique = {(one.pattern.pattern, one.pattern.flags, one.method): one for one in found}
    return list(unique.values())


def constant(node: ast.expr, module: ModuleType) -> Any:  # noqa: ANN401 - of texts or of bytes
    """Return a pattern that is written down, or None."""
    if isinstance(node, ast.Constant):
        return node.value
    value = getattr(module, node.id, None) if isinstance(node, ast.Name) else None
    return value if isinstance(value, str | bytes) else None


def test_patterns_are_made_when_a_module_is_loaded() -> None:
    for module in modules():
        place = str(Path(str(module.__file__)).relative_to(PROJECT))
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call, called in calls(function):
                if getattr(called.value, "id", "") != "re" or called.attr == "escape":
                    continue
                is_written = called.attr != "compile" and constant(call.args[0], module) is not None
                assert is_written or place in MADE_WHERE_USED, f"{place}:{call.lineno}"


def pieces(parsed: Any) -> Iterator[str]:  # noqa: ANN401 - of the parser
    """Yield short texts that parts of a parsed pattern match."""
    whole = sample(parsed)
    yield whole
    for op, argument in parsed:
        yield sample([(op, argument)])
        if str(op) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            yield from pieces(argument[2])
        elif str(op) == "SUBPATTERN":
            yield from pieces(argument[3])
        elif str(op) == "BRANCH":
            for branch in argument[1]:
                yield from pieces(branch)
        elif str(op) in {"ASSERT", "ASSERT_NOT"}:
            yield from pieces(argument[1])


def sample(parsed: Any) -> str:  # noqa: ANN401 - of the parser
    text = ""
    for op, argument in parsed:
        match str(op):
            case "LITERAL":
                text += chr(argument)
            case "NOT_LITERAL":
                text += "a" if argument != 97 else "b"
            case "ANY":
                text += "a"
            case "IN":
                text += member(argument)
            case "BRANCH":
                text += sample(argument[1][0])
            case "SUBPATTERN":
                text += sample(argument[3])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                text += sample(argument[2]) * max(1, min(argument[0], 4))
    return text


def member(items: Any) -> str:  # noqa: ANN401 - of the parser
    """Return a character of a class."""
    is_negated = str(items[0][0]) == "NEGATE"
    shape = re.compile("|".join(map(written, items[1:] if is_negated else items)))
    wanted = (chr(code) for code in chain(range(97, 123), range(32, 127), (9, 10, 160, 252)))
    return next((one for one in wanted if bool(shape.fullmatch(one)) != is_negated), "\uff1d")


def written(item: Any) -> str:  # noqa: ANN401 - of the parser
    op, argument = item
    match str(op):
        case "LITERAL":
            return re.escape(chr(argument))
        case "RANGE":
            return f"[{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}]"
    name = str(argument).removeprefix("CATEGORY_")
    return {
        "DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S",
        "WORD": r"\w", "NOT_WORD": r"\W",
    }[name]  # fmt: skip


def texts(pattern: re.Pattern[Any]) -> list[Callable[[int], str]]:
    """Return functions that make a text of a length, of which the pattern may think long."""
    parsed = re._parser.parse(pattern.pattern, pattern.flags)
    found = list(dict.fromkeys(one[:LONGEST] for one in pieces(parsed) if one))
    # What is repeated, behind the beginning of a match and behind nothing.
    repeated = dict.fromkeys(
        [*found, *(a + b for a, b in pairwise(found)), " ", "1", "a", "a ", "1 "]
    )
    heads = ("", found[0][: max(1, len(found[0]) // 2)] if found else "")

    def maker(head: str, one: str, tail: str) -> Callable[[int], str]:
        return lambda length: (head + one * (length // len(one)))[:length] + tail

    return [maker(head, one, tail) for one in repeated for head in heads for tail in TAILS]


def seconds(use: Use, text: str) -> float:
    function = getattr(use.pattern, use.method)
    is_text = isinstance(use.pattern.pattern, str)
    sent = text if is_text else text.encode("latin-1", "replace")
    started = time.thread_time()  # without the time that other processes got
    found = function(sent[:0], sent) if use.method in {"sub", "subn"} else function(sent)
    if use.method == "finditer":
        list(found)
    return time.thread_time() - started


def slow_uses(sizes: tuple[int, int], budget: float) -> list[str]:
    """Return the uses that take far more than twice as long for a text of twice the length."""
    slow = []
    for use in uses():
        for make in texts(use.pattern):
            short, long = map(make, sizes)
            if seconds(use, long) < budget:
                continue
            # The best of several: a busy machine is no fault of a pattern.
            pairs = [(seconds(use, short), seconds(use, long)) for _ in range(TRIES)]
            times = [min(one) for one in zip(*pairs, strict=True)]
            if times[1] > 3 * times[0] and times[1] > budget:
                slow.append(f"{use.place} {use.method} {times} {long[:60]!r}")
                break
    return slow


def test_all_patterns_are_found() -> None:
    found = uses()
    assert len(found) > 120
    places = {one.place for one in found}
    assert "orders.domain.message_lines._ORDERED_BEHIND" in places
    assert "orders.domain.pictures._MARKER" in places  # of bytes


def test_every_pattern_takes_linear_time() -> None:
    assert slow_uses(SHORT, TOO_SLOW) == []


@pytest.mark.soak
def test_every_pattern_takes_linear_time_for_long_texts() -> None:
    assert slow_uses(LONG, TOO_SLOW) == []


def test_paths_are_found_in_linear_time() -> None:
    use = Use(Router(all_endpoints())._pattern, "fullmatch", "router")
    for path in ("/", "/a", "/api/orders/", "-", "a"):
        assert seconds(use, "/api/orders/" + path * 20_000) < 0.1


def test_a_quadratic_pattern_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns: list[str | bytes] = [r"\s+$", "[a-z]+@", r"\[[^\]]*\]", rb"\xff[^\x00]*\x00"]
    slow = [Use(re.compile(one), "search", repr(one)) for one in patterns]
    monkeypatch.setattr("tests.test_patterns.uses", lambda: slow)
    assert len(slow_uses(SHORT, TOO_SLOW)) == len(slow)
