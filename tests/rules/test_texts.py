"""Texts that remember what they were made of, and their translation at the door."""

import json

import pytest
from flask import Flask

from orders.rules.errors import InvalidInput, NotFound
from orders.rules.texts import (
    Figure,
    Text,
    joined,
    mark,
    mark_many,
    pack,
    pack_line,
    unpack,
    unpack_line,
)
from orders.web.language import translated

ONE, MANY = "One field needs another look.", "%(num)s fields need another look."


def test_a_text_is_its_english_sentence() -> None:
    assert mark("At most %(most)s lines.", most=3) == "At most 3 lines."
    assert mark("100% as written") == "100% as written"
    assert mark_many(ONE, MANY, 1) == ONE
    assert mark_many(ONE, MANY, 2) == "2 fields need another look."
    assert json.dumps(mark("Not %(what)s", what="so")) == '"Not so"'


def test_an_error_gives_its_sentence_as_it_was_marked() -> None:
    sentence = mark("Not found")
    assert NotFound(sentence).sentence is sentence
    assert NotFound().sentence == ""
    assert isinstance(InvalidInput([]).sentence, Text)


@pytest.mark.parametrize(
    "text",
    [
        mark("Not found"),
        mark("%(option)s (not offered any more)", option="50% off"),
        mark("%(option)s (not offered any more)", option=mark_many(ONE, MANY, 3)),
        mark("%(option)s (not offered any more)", option=mark("New")),
        mark("%(option)s (not offered any more)", option=Figure(1_234.5)),
        mark_many(ONE, MANY, 1),
    ],
)
def test_a_packed_text_is_the_same_again(app: Flask, text: Text) -> None:
    again = unpack(json.loads(json.dumps(pack(text))))
    assert again == text
    in_a_line = unpack_line(pack_line(text))
    with app.test_request_context("/orders?lang=de"):
        assert translated(again) == translated(in_a_line) == translated(text) != str(text)


def test_a_value_of_somebody_s_own_is_not_translated_when_it_comes_back(app: Flask) -> None:
    text = mark("%(option)s (not offered any more)", option="New")
    with app.test_request_context("/orders?lang=de"):
        assert translated(unpack(pack(text))) == translated(text) == "New (nicht mehr im Angebot)"


def test_a_text_that_was_stored_before_texts_were_packed_stays_readable() -> None:
    assert unpack_line("100% of {it}") == unpack("100% of {it}") == "100% of {it}"


def test_numbers_are_written_as_the_language_does(app: Flask) -> None:
    text = mark("%(option)s (not offered any more)", option=Figure(1_234_567))
    assert text == "1,234,567 (not offered any more)"
    with app.test_request_context("/orders?lang=de"):
        assert translated(text) == "1.234.567 (nicht mehr im Angebot)"


def test_sentences_that_are_joined_keep_what_they_are(app: Flask) -> None:
    text = joined([mark("Not found"), "Oslo", mark_many(ONE, MANY, 2)])
    assert text == "Not found Oslo 2 fields need another look."
    assert joined([]) == ""
    with app.test_request_context("/orders?lang=de"):
        assert translated(text).startswith("Nicht gefunden Oslo 2 Felder")


def test_values_are_translated_too_and_plain_texts_never(app: Flask) -> None:
    nested = mark("%(option)s (not offered any more)", option=mark("New"))
    with app.test_request_context("/orders?lang=de"):
        assert translated(nested) == "Neu (nicht mehr im Angebot)"
        assert translated(mark_many(ONE, MANY, 1000)).startswith("1000 Felder")
        assert translated("New") == "New"  # somebody may have named a product so
        assert translated(mark("")) == ""
    with app.test_request_context("/api/orders?lang=de"):
        assert translated(nested) == "New (not offered any more)"
