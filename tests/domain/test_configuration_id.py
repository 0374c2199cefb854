"""How a cart line may refer to a configuration."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.identifiers import canonical_configuration_id, is_short_id, read_uuid


@given(st.uuids(), st.booleans())
def test_a_uuid_is_read_in_any_case_and_returned_in_lowercase(
    one: uuid.UUID, in_capitals: bool
) -> None:
    typed = str(one).upper() if in_capitals else str(one)
    assert read_uuid(typed) == str(one)
    assert canonical_configuration_id(typed)


@given(st.from_regex(r"[A-Za-z0-9_-]{7,14}", fullmatch=True))
def test_a_short_id_has_7_to_14_letters_digits_underscores_and_hyphens(text: str) -> None:
    assert is_short_id(text)
    assert canonical_configuration_id(text)


@given(st.text(max_size=40))
def test_nothing_else_names_a_configuration(text: str) -> None:
    is_ascii_name = re.fullmatch(r"[A-Za-z0-9_-]{7,14}", text) is not None
    try:
        is_uuid = str(uuid.UUID(text)) == text.lower() and text.isascii()
    except ValueError:
        is_uuid = False
    assert (canonical_configuration_id(text) is not None) == (is_ascii_name or is_uuid)


@pytest.mark.parametrize(
    "odd",
    ["", "abc123", "a" * 15, "abc 1234", "abcdefg\n", "\nabcdefg", "abcdefg\0", "äbcdefg",
     "\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
     "0b1f3c526a1d4f0e9a550c7a4b8f1d11", "{0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11}",
     "urn:uuid:0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11\n",
     "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d1g", "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d1\uff11"],
)  # fmt: skip
def test_lookalikes_are_refused(odd: str) -> None:
    assert not canonical_configuration_id(odd)
