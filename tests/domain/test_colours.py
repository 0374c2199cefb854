"""Whatever color an org chooses, text in it and on it is readable in both themes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.colours import (
    BLACK,
    DARK_GROUNDS,
    LEGIBLE,
    LIGHT_GROUNDS,
    WHITE,
    contrast,
    look_of,
    mixed,
    read_colour,
    style_sheet,
)
from orders.settings import PROJECT

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("text", "colour"), [("#0B6B4B", "#0b6b4b"), ("0b6b4b", "#0b6b4b"), (" #abc ", "#aabbcc")]
)
def test_colours_are_read_as_people_write_them(text: str, colour: str) -> None:
    assert read_colour(text) == colour


@pytest.mark.parametrize(
    "text", ["", "#", "red", "#12345", "#1234567", "#gggggg", "rgb(0,0,0)", "#12345٣", "#abc;x"]
)
def test_anything_else_is_not_a_color(text: str) -> None:
    assert read_colour(text) is None


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)
    assert contrast(WHITE, "#777777") == contrast("#777777", WHITE)


@given(colours)
def test_every_colour_can_be_read_in_both_themes(colour: str) -> None:
    look = look_of(colour)
    for shades, grounds in ((look.light, LIGHT_GROUNDS), (look.dark, DARK_GROUNDS)):
        assert all(contrast(shades.accent, ground) >= LEGIBLE for ground in (*grounds, shades.wash))
        assert contrast(shades.ink, shades.accent) >= LEGIBLE
    assert contrast(look.brand_ink, look.brand) >= LEGIBLE
    assert look.brand == colour


@given(colours)
def test_ordinary_text_can_be_read_on_the_wash(colour: str) -> None:
    look = look_of(colour)
    assert contrast("#171d19", look.light.wash) >= LEGIBLE
    assert contrast("#e8ece9", look.dark.wash) >= LEGIBLE


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert look_of("#0b6b4b").light.accent == "#0b6b4b"
    assert look_of("#5fd0a2").dark.accent == "#5fd0a2"


def test_mixing_goes_from_one_to_the_other() -> None:
    assert [mixed(BLACK, WHITE, share) for share in (0, 0.5, 1)] == [BLACK, "#808080", WHITE]


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    desk = (PROJECT / "static" / "desk.css").read_text("utf-8")
    tokens = re.findall(r"--(?:paper|card): light-dark\((#\w+), (#\w+)\)", desk)
    light, dark = zip(*tokens, strict=True)
    assert tuple(read_colour(one) for one in light[:2]) == LIGHT_GROUNDS
    assert dark[:2] == DARK_GROUNDS


@given(colours)
def test_the_sheet_contains_tokens_and_nothing_else(colour: str) -> None:
    sheet = style_sheet(look_of(colour), ":root")
    value = r"(#[0-9a-f]{6}|light-dark\(#[0-9a-f]{6}, #[0-9a-f]{6}\))"
    assert re.fullmatch(rf":root \{{( --[a-z-]+: {value};)+ \}}\n", sheet)
