"""Each text of the table, read as lines of a cart."""

import pytest

from orders.domain.pasted_lines import read_pasted_lines
from tests.pasted_texts import TEXTS, PastedText


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: one.name)
def test_a_text_is_read_as_its_sender_meant_it(one: PastedText) -> None:
    lines = read_pasted_lines(one.text, one.known)
    assert [(line.reference, line.count) for line in lines] == one.read


def test_the_table_has_many_texts_and_no_name_twice() -> None:
    assert len(TEXTS) >= 150
    assert len({one.name for one in TEXTS}) == len(TEXTS)
