"""Bad orders for all interfaces: the same error as JSON and as form data.

Each changes one good order. `None` as a form value removes the field.
"""

from dataclasses import dataclass, field
from typing import Any

CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": CHAIR, "count": 1}
COUNT = "A whole number from 1 to 1,000,000."


def good_json() -> dict[str, Any]:
    """Return an order that all interfaces accept, as JSON."""
    return {"status": "New", "metadata": {"finish": "matt"}, "cart": [dict(LINE)]}


def good_form() -> dict[str, str]:
    """Return the same order as form data."""
    return {
        "status": "New",
        "metadata.finish": "matt",
        "cart.0.configurationId": CHAIR,
        "cart.0.count": "1",
    }


@dataclass(frozen=True)
class BadOrder:
    """An error: how it changes the good order, and the paths that must be reported."""

    name: str
    json: dict[str, Any]
    form: dict[str, str | None]
    paths: tuple[str, ...]
    message: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the order as JSON."""
        order = {**good_json(), **self.json}
        order["metadata"] = {**order["metadata"], **self.metadata}
        return order

    def as_form(self) -> dict[str, str]:
        """Return the order as form data."""
        changed = {**good_form(), **self.form}
        return {name: value for name, value in changed.items() if value is not None}


def _line(name: str, count: Any, typed: str, message: str = COUNT) -> BadOrder:  # noqa: ANN401 - any JSON value
    line = {"configurationId": CHAIR, "count": count}
    return BadOrder(name, {"cart": [line]}, {"cart.0.count": typed}, ("cart.0.count",), message)


def _reference(name: str, text: str) -> BadOrder:
    return BadOrder(
        name,
        {"cart": [{"configurationId": text, "count": 1}]},
        {"cart.0.configurationId": text},
        ("cart.0.configurationId",),
    )


def _text(name: str, path: str, value: str, message: str | None = None) -> BadOrder:
    if "." in path:
        area, key = path.split(".")
        return BadOrder(name, {area: {key: value}}, {path: value}, (path,), message)
    return BadOrder(name, {path: value}, {path: value}, (path,), message)


def _finish(name: str, value: str | None, message: str | None = None) -> BadOrder:
    sent = value or ""
    return BadOrder(
        name, {}, {"metadata.finish": sent}, ("metadata.finish",), message, {"finish": value}
    )


def _extra(name: str, key: str, value: str, path: str) -> BadOrder:
    return BadOrder(
        name, {}, {"extra.0.key": key, "extra.0.value": value}, (path,), None, {key: value}
    )


TOO_LONG = "At most 255 characters; this has 256."

BAD_ORDERS = [
    _text("name of 256 characters", "name", "x" * 256, TOO_LONG),
    _text("name of 256 characters beyond the basic plane", "name", "😀" * 256, TOO_LONG),
    _text(
        "name of 10,000 characters",
        "name",
        "x" * 10_000,
        "At most 255 characters; this has 10,000.",
    ),
    _text("name with NUL", "name", "a\0b"),
    _text("customer ID of 256 characters", "customerId", "c" * 256, TOO_LONG),
    _text("customer ID with NUL", "customerId", "\0"),
    _text("platform of 256 characters", "platform.platform", "p" * 256, TOO_LONG),
    _text("platform with NUL", "platform.platform", "p\0"),
    _text("platform order ID of 256 characters", "platform.id", "i" * 256, TOO_LONG),
    _text("platform order ID with NUL", "platform.id", "1\0"),
    _text("store name of 256 characters", "platform.storeName", "s" * 256, TOO_LONG),
    _text("store name with NUL", "platform.storeName", "\0s"),
    _text(
        "status in small letters",
        "status",
        "new",
        "One of: List, In Cart, New, In Progress, Complete.",
    ),
    _text("status unknown", "status", "Done"),
    _text("status with a blank", "status", "New "),
    _text("status empty", "status", ""),
    _text("status with a newline", "status", "New\n"),
    _line("count 0", 0, "0"),
    _line("count -1", -1, "-1"),
    _line("count 1.5", 1.5, "1.5"),
    _line("count 1,000,001", 1_000_001, "1000001"),
    _line("count beyond 64 bits", 2**64, "18446744073709551616"),
    _line("count in words", "two", "two"),
    _line("count true", True, "true"),
    _line("count with a decimal comma", "1,5", "1,5"),
    _line("count with a thousands separator", "1,000", "1,000"),
    _line("count with a dot for thousands", "1.000", "1.000"),
    _line("count with a unit", "3 pcs", "3 pcs"),
    _line("count in full-width digits", "１２", "１２"),  # noqa: RUF001 - the point of the case
    _line("count in Arabic digits", "٣", "٣"),
    _line("count as an exponent", "1e3", "1e3"),
    _line("count as hexadecimal", "0x10", "0x10"),
    _line("count with a plus sign", "+5", "+5"),
    _line("count infinite", "Infinity", "Infinity"),
    BadOrder(
        "count missing",
        {"cart": [{"configurationId": CHAIR}]},
        {"cart.0.count": ""},
        ("cart.0.count",),
        "This is required.",
    ),
    BadOrder(
        "configuration ID missing",
        {"cart": [{"count": 5}]},
        {"cart.0.configurationId": "", "cart.0.count": "5"},
        ("cart.0.configurationId",),
        "This is required.",
    ),
    _reference("configuration ID too short", "abc"),
    _reference("configuration ID too long", "a" * 15),
    _reference("configuration ID with blanks", "ab cd efg"),
    _reference("configuration ID with NUL", "abcdefg\0"),
    _reference("configuration ID in other letters", "конфигур"),
    _reference("UUID without hyphens", CHAIR.replace("-", "")),
    _reference("UUID in braces", "{" + CHAIR + "}"),
    _reference("UUID with a letter too few", CHAIR[:-1]),
    _reference("short ID of no saved configuration", "unknown-1"),
    BadOrder(
        "an empty cart",
        {"cart": []},
        {"cart.0.configurationId": "", "cart.0.count": ""},
        ("cart",),
        "At least one line is needed for status New.",
    ),
    BadOrder(
        "an empty cart of a complete order",
        {"cart": [], "status": "Complete"},
        {"cart.0.configurationId": "", "cart.0.count": "1", "status": "Complete"},
        ("cart",),
    ),
    BadOrder(
        "too many lines",
        {"cart": [LINE] * 1001},
        {
            f"cart.{row}.{cell}": value
            for row in range(1001)
            for cell, value in (("configurationId", CHAIR), ("count", "1"))
        },
        ("cart",),
        "At most 1,000 lines; this has 1,001.",
    ),
    BadOrder(
        "an error in the third line",
        {"cart": [LINE, LINE, {"configurationId": CHAIR, "count": 0}]},
        {
            "cart.7.configurationId": CHAIR,
            "cart.7.count": "1",
            "cart.3.configurationId": CHAIR,
            "cart.3.count": "0",
        },
        ("cart.2.count",),
        COUNT,
    ),
    BadOrder(
        "everything at once",
        {
            "name": "x" * 256,
            "status": "?",
            "cart": [{"configurationId": "?", "count": 0}],
            "customerId": "c" * 256,
        },
        {
            "name": "x" * 256,
            "status": "?",
            "customerId": "c" * 256,
            "cart.0.configurationId": "?",
            "cart.0.count": "0",
        },
        ("name", "customerId", "status", "cart.0.configurationId", "cart.0.count"),
    ),
    _finish("option that does not exist", "purple"),
    _finish("option by its label", "Matt"),
    _finish("option with a blank", "matt "),
    BadOrder(
        "required attribute missing",
        {"metadata": {"finish": None}},
        {"metadata.finish": ""},
        ("metadata.finish",),
        "This is required.",
    ),
    BadOrder(
        "number attribute in words",
        {},
        {"metadata.weight": "heavy"},
        ("metadata.weight",),
        None,
        {"weight": "heavy"},
    ),
    BadOrder(
        "number attribute with commas",
        {},
        # One comma is a decimal comma in German.
        {"metadata.weight": "1,500,0"},
        ("metadata.weight",),
        None,
        {"weight": "1,500,0"},
    ),
    BadOrder(
        "number attribute in other digits",
        {},
        {"metadata.weight": "٣"},
        ("metadata.weight",),
        None,
        {"weight": "٣"},
    ),
    _extra("other metadata with NUL", "note", "a\0", "metadata.note"),
    _extra("other metadata too large", "note", "x" * 70_000, "metadata"),
]
