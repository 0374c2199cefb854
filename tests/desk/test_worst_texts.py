"""The worst texts through the paste of the order form and the import: in linear time, or refused.

`tests/test_patterns.py` times each regular expression alone.
"""

import io
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.messages import MAX_LINES, MAX_MESSAGE
from tests.actors import Org

pytestmark = [
    pytest.mark.one_database(reason="how texts are read is the same on both"),
    pytest.mark.usefixtures("csrf_off"),
    # A large upload leaves its temporary file to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# What a text repeats.
UNITS = {
    "spaces": " ", "digits": "1", "tabs": "\t", "quotes": '"', "parentheses": "(", "closed": ")",
    "commas": ",", "semicolons": ";", "dots": ".", "hyphens": "-", "letters": "x", "blanks": "\n",
    "numbers": "1 ", "words": "x ", "times": "2x(", "prices": "12,50 € ", "dates": "12.3.2026 ",
    "weeks": "KW 12 ", "phones": "+49 ", "mails": "a@", "addresses": "https://a.example/",
    "headers": "From: a@b.example\n", "quoted": "> ", "open quotes": '"a\n', "cells": '"\t',
    "names": "2 Oslo chair 1, ", "lines": "OSL-1 2\n", "mixed": '1 x (\t",;', "bars": "| ",
    "brackets": "[", "no-break": "\u00a0", "returns": "\r", "feeds": "\x0b",
}  # fmt: skip
# Those that are read fast, so that a quadratic step shows.
OFTEN = ("spaces", "digits", "quotes", "parentheses", "brackets", "letters", "mails")
# Seconds; and how much longer a text of twice the length may take, with other work on the machine.
AT_ONCE, TWICE = 0.3, 3.5


def text_of(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def seconds(send: Callable[[str], int], text: str) -> float:
    """Return the seconds of the processor that a request with this text takes."""
    started = time.process_time()
    assert send(text) < 500
    return time.process_time() - started


def grows_too_fast(send: Callable[[str], int], unit: str, length: int) -> str:
    """Return the times for a text and one of twice the length, if it takes far more than twice."""
    short, long = text_of(unit, length), text_of(unit, 2 * length)
    if seconds(send, long) < AT_ONCE:
        return ""
    times = [min(seconds(send, one) for _ in range(3)) for one in (short, long)]
    return f"{unit[:20]!r}: {times}" if times[1] > TWICE * times[0] else ""


@pytest.fixture
def paste(app: Flask, org: Org) -> Callable[[str], int]:
    client = org.sign_in(app.test_client())
    return lambda text: client.post("/orders/new/paste", data={"paste": text}).status_code


@pytest.fixture
def upload(app: Flask, org: Org) -> Callable[[str], int]:
    client = org.sign_in(app.test_client())

    def send(text: str) -> int:
        file = (io.BytesIO(text.encode()), "a.csv")
        return client.post("/orders/import", data={"file": file, "key": "k"}).status_code

    return send


@pytest.mark.parametrize("name", OFTEN)
def test_bad_texts_are_read_in_linear_time(
    paste: Callable[[str], int], upload: Callable[[str], int], name: str
) -> None:
    for send in (paste, upload):
        assert not grows_too_fast(send, UNITS[name], 24_000)


@pytest.mark.soak
@pytest.mark.parametrize("name", UNITS)
def test_worst_texts_are_read_in_linear_time(
    paste: Callable[[str], int], upload: Callable[[str], int], name: str
) -> None:
    for send in (paste, upload):
        for length in (24_000, 48_000, MAX_MESSAGE // 2, 500_000):
            assert not grows_too_fast(send, UNITS[name], length)


def test_long_texts_are_refused_before_they_are_read(staff_client: FlaskClient) -> None:
    for text, sentence in (
        ("(" * 1_000_000, f"At most {MAX_MESSAGE:,} characters; this has 1,000,000."),
        ("\n" * (MAX_LINES + 1), f"At most {MAX_LINES:,} lines; this has {MAX_LINES + 1:,}."),
    ):
        started = time.process_time()
        answer = staff_client.post("/orders/new/paste", data={"paste": text})
        assert time.process_time() - started < AT_ONCE
        assert sentence in answer.text
        assert len(answer.data) < 1_000
