"""Lazy texts and their translation in an interface."""

import json

import pytest
from flask import Flask

from orders.domain.errors import InvalidInput, NotFound
from orders.domain.texts import (
    Figure,
    Text,
    joined,
    lazy_gettext,
    lazy_ngettext,
    pack,
    pack_line,
    unpack,
    unpack_line,
)
from orders.interfaces.http.i18n import translated

ONE, MANY = "One field is invalid.", "%(num)s fields are invalid."


def test_a_text_is_its_english_sentence() -> None:
    assert lazy_gettext("At most %(most)s lines.", most=3) == "At most 3 lines."
    assert lazy_gettext("100% as written") == "100% as written"
    assert lazy_ngettext(ONE, MANY, 1) == ONE
    assert lazy_ngettext(ONE, MANY, 2) == "2 fields are invalid."
    assert json.dumps(lazy_gettext("Not %(what)s", what="so")) == '"Not so"'


def test_an_error_returns_its_message_untranslated() -> None:
    sentence = lazy_gettext("Page not found")
    assert NotFound(sentence).sentence is sentence
    assert NotFound().sentence == ""
    assert isinstance(InvalidInput([]).sentence, Text)


@pytest.mark.parametrize(
    "text",
    [
        lazy_gettext("Page not found"),
        lazy_gettext("%(option)s (no longer available)", option="50% off"),
        lazy_gettext("%(option)s (no longer available)", option=lazy_ngettext(ONE, MANY, 3)),
        lazy_gettext("%(option)s (no longer available)", option=lazy_gettext("New")),
        lazy_gettext("%(option)s (no longer available)", option=Figure(1_234.5)),
        lazy_ngettext(ONE, MANY, 1),
    ],
)
def test_a_packed_text_is_the_same_again(app: Flask, text: Text) -> None:
    again = unpack(json.loads(json.dumps(pack(text))))
    assert again == text
    in_a_line = unpack_line(pack_line(text))
    with app.test_request_context("/orders?lang=de"):
        assert translated(again) == translated(in_a_line) == translated(text) != str(text)


def test_a_value_that_a_person_wrote_is_not_translated(app: Flask) -> None:
    text = lazy_gettext("%(option)s (no longer available)", option="New")
    with app.test_request_context("/orders?lang=de"):
        assert translated(unpack(pack(text))) == translated(text) == "New (nicht mehr im Angebot)"


def test_a_text_that_was_stored_before_texts_were_packed_stays_readable() -> None:
    assert unpack_line("100% of {it}") == unpack("100% of {it}") == "100% of {it}"


def test_numbers_are_written_as_the_language_does(app: Flask) -> None:
    text = lazy_gettext("%(option)s (no longer available)", option=Figure(1_234_567))
    assert text == "1,234,567 (no longer available)"
    with app.test_request_context("/orders?lang=de"):
        assert translated(text) == "1.234.567 (nicht mehr im Angebot)"


def test_sentences_that_are_joined_keep_what_they_are(app: Flask) -> None:
    text = joined([lazy_gettext("Page not found"), "Oslo", lazy_ngettext(ONE, MANY, 2)])
    assert text == "Page not found Oslo 2 fields are invalid."
    assert joined([]) == ""
    with app.test_request_context("/orders?lang=de"):
        assert translated(text).startswith("Nicht gefunden Oslo 2 Felder")


def test_values_are_translated_too_and_plain_texts_never(app: Flask) -> None:
    nested = lazy_gettext("%(option)s (no longer available)", option=lazy_gettext("New"))
    with app.test_request_context("/orders?lang=de"):
        assert translated(nested) == "Neu (nicht mehr im Angebot)"
        assert translated(lazy_ngettext(ONE, MANY, 1000)).startswith("1000 Felder")
        assert translated("New") == "New"  # a product may have this name
        assert translated(lazy_gettext("")) == ""
    with app.test_request_context("/api/orders?lang=de"):
        assert translated(nested) == "New (no longer available)"
