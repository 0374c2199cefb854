"""No file that a person can download runs a formula, in whatever program they open it.

The bytes of every file are read as programs do, also by those that take another sign for the
separator, or that know no quotation marks. What was entered is read back as it was.
"""

# ruff: noqa: RUF001 - full-width signs are a subject
import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.sheet_reading import read_value, unguard
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.customers.test_customers import add
from tests.desk.imports.test_imports import matched, work_off
from tests.desk.order_list.test_export import workbook
from tests.desk.test_pages import make_order
from tests.sheets import csv_of

pytestmark = [
    pytest.mark.one_database(reason="how cells are written"),
    pytest.mark.usefixtures("csrf_off"),
]

SIGNS = "=+-@＝＋－＠"
COMMAND = "cmd|'/C calc'!A0"
# A name has one line; metadata, notes and lines of addresses may have more.
SHORT = [f"{sign}{COMMAND}" for sign in SIGNS] + [
    f"a{separator}{sign}{COMMAND}" for separator in (";", ",") for sign in SIGNS
] + ['=HYPERLINK("http://a.example")', 'a";=1', "'=1", "a; =1", "'; @b"]  # fmt: skip
LONG = [f"a{separator}{sign}{COMMAND}" for separator in ("\t", "\n", "\r", '\n"') for sign in SIGNS]
LONG += ["\t=1", "\n+1", "\r-1"]


def runs(cell: str) -> bool:
    """Return whether a program would run a cell; a number is none, although it may begin by -."""
    return cell.startswith(tuple(SIGNS)) and not cell.replace(".", "").removeprefix("-").isdigit()


def read(content: bytes, separator: str) -> list[list[str]]:
    """Return the rows of a file, and check that nobody who reads it finds a formula."""
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    for other in ",;\t":
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=other)
        bad = [cell for row in rows for cell in row if runs(cell) or cell[:1] in {"\t", "\r", "\n"}]
        bad += [
            cell for line in text.splitlines() for cell in line.split(other)
            if runs(cell.strip('" '))
        ]  # fmt: skip
        assert not bad, other
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def columns(rows: list[list[str]]) -> dict[str, list[str]]:
    """Return the cells below each heading, as the import reads them."""
    named = zip(rows[0], zip(*rows[1:], strict=True), strict=True)
    return {unguard(name): [unguard(cell) for cell in cells] for name, cells in named}


@pytest.fixture
def placed(org: Org) -> list[str]:
    """Orders with a risky text wherever a text can be; the texts of their metadata."""
    org.define(
        AttributeRule("note", "=Note", Kind.TEXT),
        AttributeRule("net", "Net", Kind.NUMBER),
        AttributeRule("mark", "Mark", Kind.TEXT, applies=Applies.LINE),
    )
    for text in (every := [*SHORT, *LONG]):
        make_order(
            org, name=text if text in SHORT else "x", customerId=text if text in SHORT else "x",
            metadata={"note": text, "=key": text, "free": {"a": [text]}, "net": -5},
            cart=[{"configurationId": CHAIR, "count": 1, "metadata": {"mark": text, "x": text}}],
            platform={"storeName": text if text in SHORT else "x"},
        )  # fmt: skip
    return every


def exported(client: FlaskClient) -> Iterator[list[list[str]]]:
    for name, separator in (("comma", ","), ("semicolon", ";"), ("tab", "\t")):
        answer = client.get(f"/orders/export.csv?separator={name}")
        yield read(answer.data, separator)
    rows = workbook(client)  # which fails at a cell that is a formula
    assert not [cell for row in rows for cell in row if runs(cell)]
    yield [row + [""] * (len(rows[0]) - len(row)) for row in rows]


def test_orders(staff_client: FlaskClient, placed: list[str]) -> None:
    for rows in exported(staff_client):
        found = columns(rows)
        assert sorted(found["metadata.note"]) == sorted(placed)
        assert found["cart.metadata.mark"] == found["metadata.note"]
        for note, own, free in zip(
            *(found[f"metadata.{name}"] for name in ("note", "=key", "free")), strict=True
        ):
            assert (read_value(own), read_value(free)) == (note, {"a": [note]})
        assert set(found["metadata.net"]) == {"-5"}
        for name in ("name", "customerId", "platform.storeName"):
            assert set(found[name]) == {*SHORT, "x"}


def test_customers(staff_client: FlaskClient, org: Org) -> None:
    for at, text in enumerate(every := [*SHORT, *LONG]):
        add(org, f"C-{at:03}", notes=text.strip(), name=text if text in SHORT else "x",
            addresses=[{"lines": [text] if text in SHORT else ["a", "=1"], "city": "@Graz"}],
            defaults={"=key": text})  # fmt: skip
    for name, separator in (("comma", ","), ("semicolon", ";")):
        answer = staff_client.get(f"/customers/export.csv?separator={name}")
        found = columns(read(answer.data, separator))
        assert found["name"][: len(SHORT)] == SHORT
        assert [one.replace("\r", "\n") for one in found["notes"]] == [
            one.strip().replace("\r", "\n") for one in every
        ]
        assert [read_value(cell) for cell in found["defaults.=key"]] == every
        assert set(found["addresses.0.city"]) == {"@Graz"}


def test_reports_of_an_import(app: Flask, staff_client: FlaskClient) -> None:
    quoted = [text.replace('"', '""') for text in SHORT]
    rows = [(f"o{at}", f'"{text}"', CHAIR, "=2+3") for at, text in enumerate(quoted)]
    good = ("good", "Fine", CHAIR, 1)
    file = csv_of(("order", "name", "configurationId", "count", "=total"), *(
        (*row, '"-1;=1"') for row in (*rows, good)
    ))  # fmt: skip
    address = matched(staff_client, file)
    assert staff_client.post(f"{address}/start").status_code == 303
    work_off(app)
    for name, count in (("errors", len(SHORT)), ("result", len(SHORT) + 1)):
        answer = staff_client.get(f"{address}/{name}.csv")
        found = columns(read(answer.data, ","))
        # An apostrophe in the file itself was one that keeps a formula from running.
        assert found["name"][: len(SHORT)] == list(map(unguard, SHORT))
        assert len(found["=total"]) == count
        assert set(found["=total"]) == {"-1;=1"}
        assert found["count"][0] == "=2+3"
        assert "count" in found["error"][0]
