"""A search finds what contains its words, whether the index has the order yet or not."""

import random
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError

from orders.domain.inputs import Limits
from orders.domain.order import Order, OrderChanges
from orders.domain.search_text import fold, search_text, words_of
from orders.services import quick_search
from orders.services.accounts.access import Actor
from orders.services.accounts.acting import COMMAND
from orders.services.orders import (
    changes,
    intake,
    order_erasure,
    order_list,
    order_text,
    pending_changes,
)
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import NEWEST_FIRST
from orders.storage import database, tables
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.plans import noted_plans

NAMES = [
    "Müller & Söhne", "O\u2019Connery", "100% wool", "a_b", r"back\slash", 'say "oak"',
    "AND OR NOT",
    "日本の椅子", "x" * 60, "PO-2026/0017", "two\twords", "ab", "0" * 30, "*", "order_trigram",
    "🪑🪑🪑",
]  # fmt: skip
WORDS = [
    "muller", "sohne", "o'conn", "100%", "%", "_", "a_b", "axb", "\\sla", '"oak"', "and", "or not",
    "本の椅", "椅子", "xxxx", "x" * 61, "2026/0017", "0017", "wo words", "ab", "000", "0" * 31,
    "*", "trigram", "🪑🪑🪑", "loulou", "NEAR(a b)", "sohne muller", "oak NOT", "back slash",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> Iterator[None]:
    """Every test ends with an index that fits its table."""
    with app.app_context():
        yield
        if database.db.engine.dialect.name == "sqlite":
            check = "INSERT INTO order_trigram (order_trigram, rank) VALUES ('integrity-check', 1)"
            with database.transaction() as connection:
                connection.execute(text(check))


@pytest.fixture
def actor(org: Org) -> Actor:
    return org.staff().actor


def place(actor: Actor, **own: Any) -> Order:  # noqa: ANN401 - JSON
    raw = {"status": "New", "cart": [{"configurationId": CHAIR, "count": 1}], **own}
    draft = intake.check_order(raw, actor=actor, limits=Limits())
    return intake.create_order(draft, actor=actor)


def settle() -> None:
    while pending_changes.settle():
        pass


def search(org: Org, words: str, **wanted: Any) -> set[str]:  # noqa: ANN401 - fields of OrderFilter
    page = order_list.list_page(org.id, OrderFilter(search=words, **wanted), NEWEST_FIRST)
    return {one.id for one in page.rows}


def candidates(org: Org, folded: str) -> set[str] | None:
    with database.read() as connection:
        found = order_text.find_candidates(connection, org.id, folded)
    return None if found is None else set(found)


def contain(made: list[Order], words: str) -> set[str]:
    """Return the IDs of those orders whose text has all words, by reading all of them."""
    sought = [fold(one) for one in words_of(words)]
    return {one.id for one in made if all(part in search_text(one) for part in sought)}


class TestFinding:
    @pytest.mark.parametrize("is_settled", [True, False])
    def test_every_word_is_found_where_it_is(
        self, org: Org, other_org: Org, actor: Actor, *, is_settled: bool
    ) -> None:
        made = [
            place(actor, name=name, metadata={"n": f"note {at}"}) for at, name in enumerate(NAMES)
        ]
        for name in NAMES:
            place(other_org.staff().actor, name=name)
        if is_settled:
            settle()
        for words in WORDS:
            assert search(org, words) == contain(made, words), words
        own = made[3]
        for words in (own.short_id, own.short_id.lower(), own.id, own.short_id[:7], "note 3"):
            assert own.id in search(org, words), words

    def test_what_is_found_is_what_the_order_is_now(self, org: Org, actor: Actor) -> None:
        order = place(actor, name="Harbor", metadata={"note": "oakwood"})
        settle()
        changes.change_order(order.id, OrderChanges(metadata={"note": "walnut"}), actor=actor)
        for _ in range(2):
            assert search(org, "oakwood") == set()
            assert search(org, "walnut") == search(org, "harbor walnut") == {order.id}
            settle()
        assert candidates(org, "oakwood") == set()

    def test_orders_in_the_bin_are_found_there_until_they_are_deleted(
        self, org: Org, actor: Actor
    ) -> None:
        order = place(actor, name="Harbor")
        settle()
        changes.bin_order(order.id, actor=actor)
        for _ in range(2):
            assert search(org, "harbor") == set()
            assert search(org, "harbor", in_bin=True) == {order.id}
            settle()
        order_erasure.delete_binned(datetime.now(UTC) + timedelta(minutes=1))
        assert candidates(org, "harbor") == set()
        settle()
        assert database.fetch_all(select(tables.order_text)) == []

    def test_an_erased_customer_is_gone_from_the_index_at_once(
        self, org: Org, actor: Actor
    ) -> None:
        order = place(actor, name="Ada Lovelace", customerId="C-1815")
        settle()
        with database.transaction() as connection:
            order_erasure.erase_orders(connection, [order.id], actor.org, COMMAND)
        [row] = database.fetch_all(select(tables.order_text.c.text))
        assert "lovelace" not in row.text
        assert "1815" not in row.text
        assert candidates(org, "lovelace") == candidates(org, "c-1815") == set()

    def test_what_many_contain_is_read_from_the_newest_orders(
        self, org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = [place(actor, name=f"Harbor {at * 6} quay") for at in "uvwxy"]
        settle()
        monkeypatch.setattr(order_text, "MOST_CANDIDATES", 2)
        assert candidates(org, "harbor") is None
        assert search(org, "harbor") == {one.id for one in made}
        assert search(org, "harbor xxxxxx quay") == {made[3].id}
        assert candidates(org, "xxxxx quay") == {made[3].id}

    def test_short_words_are_in_no_index_and_found(self, org: Org, actor: Actor) -> None:
        order = place(actor, name="xq")
        settle()
        assert candidates(org, "xq") is None
        assert search(org, "xq") == {order.id}

    def test_a_product_of_few_orders_is_found_with_a_word_of_the_order(
        self, org: Org, actor: Actor
    ) -> None:
        sofa = org.save("Harbor sofa", "HS-77")
        line = {"configurationId": sofa.short_id, "count": 1}
        made = [place(actor, name=name, cart=[line]) for name in ("Ada", "Bob")]
        other = place(actor, name="Harbor")
        settle()
        assert search(org, "harbor") == {*(one.id for one in made), other.id}
        assert search(org, "hs-77 bob") == {made[1].id}

    @pytest.mark.parametrize("seed", [7, pytest.param(None, marks=pytest.mark.soak)])
    def test_any_writes_in_any_order(self, org: Org, actor: Actor, seed: int | None) -> None:
        seed = secrets.randbits(32) if seed is None else seed
        chance = random.Random(seed)  # noqa: S311 - content only
        made: dict[str, Order] = {}

        def words() -> str:
            return "".join(chance.choices("aabbccö- '", k=chance.randint(1, 9))).strip() or "abc"

        for _ in range(120):
            name = words()
            order = chance.choice([*made.values()]) if made else None
            match chance.choice(["place", "place", "name", "note", "settle", "search", "search"]):
                case "settle":
                    pending_changes.settle()
                case "search":
                    assert search(org, name) == contain([*made.values()], name), (seed, name)
                case "name" | "note" as kind if order is not None:
                    changed = {"name": name} if kind == "name" else {"metadata": {"note": name}}
                    what = OrderChanges(**changed)
                    made[order.id] = changes.change_order(order.id, what, actor=actor)
                case _:
                    order = place(actor, name=name, metadata={"note": words()})
                    made[order.id] = order
        settle()
        assert pending_changes.find_differences() == []


class TestIndex:
    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("words", ["harbor", "S-000123", "harbor S-000123", "loulou"])
    def test_a_search_for_few_reads_no_other_orders(
        self, org: Org, actor: Actor, words: str
    ) -> None:
        place(actor, name="Harbor", platform={"id": "S-000123"})
        settle()
        with noted_plans() as steps:
            search(org, words)
        assert any("order_trigram VIRTUAL TABLE INDEX" in step for step in steps), steps
        of_orders = [step for step in steps if " orders " in f"{step} "]
        assert of_orders
        assert all("(id=?)" in step or "(short_id=?)" in step for step in of_orders), steps

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_postgresql_finds_candidates_by_its_index(self, org: Org, actor: Actor) -> None:
        place(actor, name="Harbor")
        settle()
        with database.read() as connection:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            sought = "EXPLAIN SELECT order_id FROM order_text WHERE text LIKE '%harbor%'"
            plan = "\n".join(row[0] for row in connection.execute(text(sought)))
        assert "Bitmap Index Scan on ix_order_text_trigrams" in plan

    def test_wrong_texts_are_found_and_stored_again(
        self, app: Flask, org: Org, other_org: Org, actor: Actor
    ) -> None:
        made = [place(actor, name=f"Harbor {at}") for at in range(3)]
        settle()
        runner = app.test_cli_runner()
        assert runner.invoke(args=["database", "check"]).exit_code == 0
        table = tables.order_text
        first = update(tables.orders).where(tables.orders.c.id == made[0].id)
        for wrong in (
            first.values(search_text="harbor first"),
            first.values(search_text="harbor second"),
            delete(table).where(table.c.order_id == made[1].id),
            update(table).values(text="lost"),
            update(table).where(table.c.order_id == made[2].id).values(order_id="no order"),
            update(table).where(table.c.order_id == made[2].id).values(org_id=other_org.id),
        ):
            database.execute(wrong)
            result = runner.invoke(args=["database", "check"])
            assert result.exit_code == 1
            assert "Orders that a search may miss" in result.output
            if "second" in str(wrong.compile().params):
                assert runner.invoke(args=["database", "reindex"]).exit_code == 0
            else:
                assert pending_changes.repair(lambda: False) > 0
            assert runner.invoke(args=["database", "check"]).exit_code == 0
        assert search(org, "harbor") == {one.id for one in made}

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    @pytest.mark.parametrize(
        ("damage", "is_repaired"),
        [
            ("INSERT INTO order_trigram (order_trigram) VALUES ('delete-all')", True),
            ("UPDATE order_trigram_data SET block = zeroblob(length(block)) WHERE id > 10", False),
        ],
    )
    def test_a_damaged_index_is_noticed_and_written_again(
        self, app: Flask, org: Org, actor: Actor, damage: str, *, is_repaired: bool
    ) -> None:
        order = place(actor, name="Harbor")
        settle()
        database.execute(text(damage))
        runner = app.test_cli_runner()
        result = runner.invoke(args=["database", "check"])
        assert (result.exit_code, "The index of the search is damaged." in result.output) == (
            1,
            True,
        )
        if is_repaired:
            assert pending_changes.repair(lambda: False) == 1
        else:
            assert runner.invoke(args=["database", "reindex"]).exit_code == 0
        assert runner.invoke(args=["database", "check"]).exit_code == 0
        assert search(org, "harbor") == {order.id}

    def test_the_jump_field_finds_old_orders_too(
        self, org: Org, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(quick_search, "LOOKED_THROUGH", 1)
        made = [place(actor, name=f"Harbor {at}") for at in ("east", "south", "west")]
        for _ in range(2):
            found = quick_search.find_quickly("harbor east", actor)
            assert [one.id for one in found.orders] == [made[0].id]
            settle()

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    def test_a_busy_database_is_no_damaged_index(self, org: Org, actor: Actor) -> None:
        place(actor, name="Harbor")
        settle()
        file = str(database.db.engine.url.database)
        with database.db.engine.connect() as reader, closing(sqlite3.connect(file)) as other:
            reader.exec_driver_sql("PRAGMA busy_timeout = 0")
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError, match="locked"):
                order_text.is_damaged(reader)
            reader.exec_driver_sql("PRAGMA busy_timeout = 10000")
