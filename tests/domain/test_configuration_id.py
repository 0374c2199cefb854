"""How a cart line may refer to a configuration."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.identifiers import (
    canonical_configuration_id,
    clean_reference,
    is_short_id,
    plain_characters,
    read_uuid,
)


@given(st.uuids(), st.booleans())
def test_a_uuid_is_read_in_any_case_and_returned_in_lowercase(
    one: uuid.UUID, in_capitals: bool
) -> None:
    typed = str(one).upper() if in_capitals else str(one)
    assert read_uuid(typed) == str(one)
    assert canonical_configuration_id(typed) == str(one)


@given(st.from_regex(r"[A-Za-z0-9_-]{7,14}", fullmatch=True))
def test_a_short_id_has_7_to_14_letters_digits_underscores_and_hyphens(text: str) -> None:
    assert is_short_id(text)
    assert canonical_configuration_id(text) == text


@given(st.text(max_size=40))
def test_nothing_else_names_a_configuration(text: str) -> None:
    plain = plain_characters(text)
    is_ascii_name = re.fullmatch(r"[A-Za-z0-9_-]{7,14}", plain) is not None
    try:
        is_uuid = str(uuid.UUID(plain)) == plain.lower() and plain.isascii()
    except ValueError:
        is_uuid = False
    assert (
        (canonical_configuration_id(text) == plain.lower())
        if is_uuid
        else (canonical_configuration_id(text) == (plain if is_ascii_name else None))
    )


@pytest.mark.parametrize(
    "odd",
    ["", "abc123", "a" * 15, "abc 1234", "abcdefg\n", "\nabcdefg", "abcdefg\0", "äbcdefg",
     "\u0661\u0662\u0663\u0664\u0665\u0666\u0667",
     "0b1f3c526a1d4f0e9a550c7a4b8f1d11", "{0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11}",
     "urn:uuid:0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11\n",
     "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d1g", "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d1\u0661"],
)  # fmt: skip
def test_lookalikes_are_refused(odd: str) -> None:
    assert canonical_configuration_id(odd) is None


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        ("OSL\u2011CH\u2013OAK\u201402", "OSL-CH-OAK-02"), ("\u200bOSL\u200d-1\ufeff", "OSL-1"),
        ("\u202aOSL-1\u202c", "OSL-1"), ("\u2066OSL-1\u2069", "OSL-1"),
        ("\uff2f\uff33\uff2c\uff0d\uff11", "OSL-1"),
        ("DESK\u00a0140", "DESK 140"), ("DESK\u2007140\u202f", "DESK 140"),
        ("OSL\u2212\uff11", "OSL-1"), ("OSL\u00ad-1", "OSL-1"), ("OSL-1\ufe0f", "OSL-1"),
        ("Äsche-²", "Äsche-²"), (" x ", "x"), ("", ""),
    ],
)  # fmt: skip
def test_marks_that_copying_adds_are_removed(pasted: str, plain: str) -> None:
    assert clean_reference(pasted) == plain
    assert clean_reference(plain) == plain


def test_an_id_with_such_marks_is_the_id() -> None:
    assert canonical_configuration_id("abc\u2011defg\u200b") == "abc-defg"
    dashes = "0b1f3c52\u20136a1d\u20134f0e\u20139a55\u20130c7a4b8f1d11"
    assert read_uuid(dashes) == "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
