"""The options of a configured product, as a page shows them."""

import pytest
from flask import Flask

from orders.interfaces.http.i18n import option_values_line, options_line


def test_options_are_one_line_of_what_people_can_read() -> None:
    reference = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
    assert options_line({"Wood": "Oak", "Fabric": reference, "Mesh": {"id": 7}}) == "Wood: Oak"
    assert options_line({}) == options_line(None) == options_line({"Mesh": [1]}) == ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Wood: Oak · Drawer: Yes · Width: 1,200.5"),
        ("de", "Wood: Oak · Drawer: Ja · Width: 1.200,5"),
    ],
)
def test_options_are_in_the_language_of_the_page(app: Flask, language: str, text: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert options_line({"Wood": "Oak", "Drawer": True, "Width": 1200.5}) == text


def test_values_alone_say_what_they_are(app: Flask) -> None:
    with app.test_request_context():
        variant = {"Wood": "Oak", "Drawer": True, "Lamp": False, "Dimmer": "No", "Seats": "2"}
        assert option_values_line({**variant, "Width": 120}) == "Oak, Drawer, Seats 2, Width 120"
        assert option_values_line(None) == ""
