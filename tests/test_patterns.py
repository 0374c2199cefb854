"""Pieces of pages that repeat: drawn once, filled in many times."""

import pytest
from flask import Flask
from markupsafe import Markup

from orders.web.language import options_line
from orders.web.patterns import fill


def test_values_are_made_safe_and_safe_ones_stay() -> None:
    pattern = Markup('<b title="%(name)s">%(name)s%(mark)s</b> 100 %%')
    filled = fill(pattern, name='<i>"&', mark=Markup("<br>"))
    assert filled == '<b title="&lt;i&gt;&#34;&amp;">&lt;i&gt;&#34;&amp;<br></b> 100 %'
    assert isinstance(filled, Markup)


def test_a_value_is_no_pattern_itself() -> None:
    assert fill(Markup("%(first)s %(second)s"), first="%(second)s", second="%") == "%(second)s %"


def test_a_name_without_a_value_is_no_empty_place() -> None:
    with pytest.raises(KeyError):
        fill(Markup("%(missing)s"))


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
