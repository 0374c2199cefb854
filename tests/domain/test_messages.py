"""Reading a pasted message: its lines of the cart, what is in doubt, and what else it says."""

import time

import pytest

from orders.domain.errors import InvalidInput
from orders.domain.message_facts import CustomerHints, FactReader, customer_hints
from orders.domain.message_rows import MessageRow
from orders.domain.messages import MAX_MESSAGE, read_message
from tests.messages import FACTS, INDEX, MESSAGES, PATHS, RULES, TODAY, MessageText, look_up

OAK = "OSL-CH-OAK-02"


def _row(row: MessageRow) -> list[str]:
    sku = row.product_id or look_up({row.reference}).get(row.reference)
    if sku is None:
        return [row.reference, row.count, "unknown"]
    return [sku, row.count, str(row.mark) if row.count.isdigit() else "unclear"]


@pytest.mark.parametrize("one", MESSAGES, ids=lambda one: one.name)
def test_a_message_is_read_as_its_sender_meant_it(one: MessageText) -> None:
    message = read_message(one.text, look_up, INDEX.named)
    assert [_row(row) for row in message.rows] == one.rows
    found: dict[str, str] = {}
    for fact in FactReader(RULES, TODAY).read(message.about):
        name = next(key for key, path in PATHS.items() if path == fact.path)
        found.setdefault(name if fact.is_exact else f"maybe_{name}", fact.value)
    expected = {key: one.facts[key] for key in one.facts if key.removeprefix("maybe_") in FACTS}
    assert found == expected


@pytest.mark.parametrize("one", MESSAGES, ids=lambda one: one.name)
def test_no_line_of_a_message_is_lost(one: MessageText) -> None:
    message = read_message(one.text, look_up, INDEX.named)
    kept = " ".join([*message.unused, *(row.source for row in message.rows)])
    words = {word.strip(">|*-•;:") for word in " ".join(kept.split()).split()}
    for line in one.text.splitlines():
        written = [word.strip(">|*-•;:") for cell in line.split(";") for word in cell.split()]
        is_heading = any(word in {"SKU", "Qty", "Menge", "Article"} for word in written)
        assert is_heading or set(written) - {""} <= words | {"1."}, line


def test_the_table_has_sixty_texts_and_no_name_twice() -> None:
    assert len(MESSAGES) >= 60
    assert len({one.name for one in MESSAGES}) == len(MESSAGES)


@pytest.mark.parametrize(
    "line",
    [
        "+49 30 123456", "Tel. 0512 123456", "10115 Berlin", "A-6020 Innsbruck", "1010 Wien",
        "12 Pier Street", "Hauptstraße 12", "18.01.2027", "149,00 €", "EUR 149", "1.490,00",
        "KW 3", "9:30", "10 Uhr", "19 %", "PO 4711", "2027", "IBAN DE02 1203 0000",
        "Order no. 300", "in 14 days",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{line}", "{sku} {line}", "{line} {sku}", "{sku}, {line}"])
def test_a_number_that_is_no_count_never_becomes_one(line: str, form: str) -> None:
    text = f"Hello,\n{form.format(line=line, sku=OAK)}\nRegards"
    for row in read_message(text, look_up, INDEX.named).rows:
        # One piece that nobody has counted is marked.
        assert (row.reference, row.count) in {(OAK, "1"), (OAK, "")}
        assert row.mark or not row.count


def test_a_text_without_words_of_a_message_is_a_list_of_lines() -> None:
    message = read_message("yellow lamp\n3 x blue chair", look_up, INDEX.named)
    assert [(row.reference, row.count) for row in message.rows] == [
        ("yellow lamp", "1"),
        ("blue chair", "3"),
    ]
    assert message.unused == ()


def test_a_line_that_names_a_product_and_is_no_row_is_open() -> None:
    text = f"Hello,\nthe {OAK} arrived yesterday, many thanks for it all.\nRegards\n> 2 x {OAK}"
    message = read_message(f"{text}\nTom\n3 LUM-TL-MUS-01", look_up, INDEX.named)
    assert message.open == (text.split("\n")[1],)
    assert len(message.rows) == 1


def test_more_lines_than_an_order_may_have_are_refused() -> None:
    text = "Hello,\n" + f"2 x {OAK}\n" * 4 + "Regards"
    assert len(read_message(text, look_up, INDEX.named, 4).rows) == 4
    for refused in (text, f"2 x {OAK}\n" * 4):
        with pytest.raises(InvalidInput):
            read_message(refused, look_up, INDEX.named, 3)
    with pytest.raises(InvalidInput):
        read_message("x" * (MAX_MESSAGE + 1), look_up, INDEX.named)


@pytest.mark.parametrize("piece", [".", "1", "1 x ", "+0", "€", "> ", "- ", "1. ", "Am x ", "a@"])
def test_odd_texts_take_no_longer_than_their_length_allows(piece: str) -> None:
    begun = time.process_time()
    text = "Hello,\n" + piece * ((MAX_MESSAGE - 10) // len(piece))
    read = read_message(text, look_up, INDEX.named)
    FactReader(RULES, TODAY).read(read.about)
    customer_hints(read.about)
    assert time.process_time() - begun < 5


def test_what_may_name_the_customer_is_found() -> None:
    hints = customer_hints(
        ["From: Hans <Einkauf@Zur-Linde.example>", "Customer no.: C-204", "Gasthof Zur Linde"]
    )
    assert hints.labelled == ("C-204",)
    assert hints.mails == ("einkauf@zur-linde.example",)
    assert "Gasthof Zur Linde" in hints.names
    assert customer_hints(["", "\0"]) == CustomerHints()
