"""The list of orders: search, filters, sort and columns."""

# ruff: noqa: RUF001 - signs that look alike are the subject
import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from orders.domain import short_id
from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from orders.interfaces.desk.order_list.list_address import LABELS
from orders.storage import database, tables
from tests.actors import Org
from tests.desk.test_pages import make_order
from tests.html import Part, attribute, read

FINISH = AttributeRule(
    "finish", "Finish", Kind.OPTION, (Option("matt", "Matt"), Option("oil", "Oiled"))
)
GRADE = AttributeRule(
    "grade", "Grade", Kind.OPTION, (Option("a", "A"), Option("b", "B")), applies=Applies.BOTH
)  # fmt: skip
Rows = dict[str, Any]
ODD = ("\0", "é" * 999, "%", "' OR 1=1", "9999-99-99", "-1", "[]", "\ufffd", "2026-01-01T00:00")


def codes(client: FlaskClient, query: str | dict[str, object] = "") -> list[str]:
    answer = client.get("/orders", query_string=query)
    assert answer.status_code == 200, answer.text
    return rows_of(read(answer.text))


def rows_of(page: Part) -> list[str]:
    """Return the codes of the rows of a page."""
    return [one["id"].removeprefix("row-") for one in page.all("[id^=row-]")]


def all_pages(client: FlaskClient, query: str) -> list[list[str]]:
    """Follow the links from page to page, to the last one."""
    pages, address = [], f"/orders?{query}"
    while True:
        page = read(client.get(address).text)
        pages.append(rows_of(page))
        if not page.has("[rel=next]"):
            return pages
        address = page.first("[rel=next]")["href"]


def change(org: Org, code: str, **values: object) -> None:
    """Change the time at which an order was created."""
    with org.app.app_context():
        statement = update(tables.orders).where(tables.orders.c.short_id == code).values(**values)
        database.write(lambda connection: connection.execute(statement).close())


class TestSearch:
    def test_an_order_is_found_by_everything_in_it(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        wanted = make_order(
            org, name="Reception desk", customerId="ACME-7", metadata={"po": "PO-4711", "n": 88123},
            derivative={"note": {"inner": "Ring Twice"}},
            platform={"id": "SHOP-55", "platform": "magento", "storeName": "Fjordstore"},
        )  # fmt: skip
        make_order(org, name="Other")
        code = wanted["shortId"]
        for search in ("reception", "DESK acme", "po-4711", "88123", "twice ring", "shop-55",
                       "magento", "fjordSTORE", "desk fjord 4711", wanted["id"],
                       f"{code[:4]}-{code[4:8]}", f"{code} reception"):  # fmt: skip
            assert codes(staff_client, {"q": search}) == [code], search
        assert codes(staff_client, {"q": "reception nowhere"}) == []

    def test_accents_quotes_dashes_and_unicode_forms_make_no_difference(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        chair = org.save("Stühle „Łódź“", "STU\u2011ŁÓ-1")
        wanted = make_order(
            org, name="O’Connery", customerId="Mu\u0308llersta\u0308dt",
            metadata={"place": "Ørsta–Å"}, cart=[{"configurationId": chair.id, "count": 1}],
        )  # fmt: skip
        make_order(org, name="OConnery")
        for search in ("O'Connery", "o’connery", "Mullerstadt", "Müllerstädt", "orsta-a",
                       "MU\u0308LLERSTADT", "Stuhle", '"lodz"', "stu-lo-1",
                       "mullerstädt stuhle"):  # fmt: skip
            assert codes(staff_client, {"q": search}) == [wanted["shortId"]], search

    def test_suggestions_are_found_without_accents(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.save("Stühle", "STU-1")
        make_order(org, customerId="O’Connery")
        found = staff_client.get("/orders/new/configurations", query_string={"q": "stuhle"})
        assert "Stühle" in found.text
        found = staff_client.get("/orders/new/customers", query_string={"q": "o'conn"})
        assert "O’Connery" in found.text

    def test_codes_that_are_not_in_the_list_are_named_by_the_reason(
        self, staff_client: FlaskClient, org: Org, other_org: Org, client: FlaskClient
    ) -> None:
        found, binned, filtered = (
            make_order(org, status=status)["shortId"] for status in ("New", "New", "Complete")
        )
        foreign = make_order(other_org)["shortId"]
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        assert client.delete(f"/api/orders/{binned}", headers=headers).status_code < 300
        unknown = [short_id.generate() for _ in range(700)]
        wrong = found[:-1] + ("0" if found[-1] != "0" else "1")
        search = "\n".join([found, binned, filtered, foreign, wrong, *unknown])
        answer = staff_client.get("/orders", query_string={"q": search, "status": "New"})
        page = read(answer.text)
        assert rows_of(page) == [found]
        assert page.first("#unlisted b").text == "704 of 705 codes are not in this list."
        mistyped, missing, in_bin, left_out = page.all("#unlisted li")
        assert mistyped.text == f"Looks mistyped: {wrong}"
        assert missing.text.split(": ")[1].split(", ") == [
            short_id.grouped(one) for one in (foreign, *unknown)
        ]
        assert short_id.grouped(binned) in in_bin.text
        assert short_id.grouped(filtered) in left_out.text
        assert not read(staff_client.get(f"/orders?q={found}").text).has("#unlisted")

    def test_a_search_that_is_too_long_is_an_error(self, staff_client: FlaskClient) -> None:
        for search in (" ".join(map(str, range(21))), "x" * 501):
            answer = staff_client.get("/orders", query_string={"q": search})
            assert answer.status_code == 422
            assert "at most 20 words and 500 characters" in answer.text

    def test_a_change_is_found_by_its_new_values(
        self, staff_client: FlaskClient, org: Org, client: FlaskClient
    ) -> None:
        code = make_order(org, metadata={"po": "before"})["shortId"]
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        changed = client.put(
            f"/api/orders/{code}", json={"metadata": {"po": "afterwards"}}, headers=headers
        )
        assert changed.status_code == 200
        assert codes(staff_client, {"q": "afterwards"}) == [code]
        assert codes(staff_client, {"q": "before"}) == []

    def test_products_of_the_lines_are_found_by_name_sku_and_option(
        self, staff_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        chair, lamp = org.save("Oslo chair", "OSL-1"), org.save("Bergen lamp", "BRG-2")
        other_org.save("Foreign sofa", "FRN-3")
        by_uuid = make_order(org, name="One", cart=[{"configurationId": chair.id, "count": 1}])
        by_code = make_order(
            org, name="Two", cart=[{"configurationId": chair.short_id, "count": 1},
                                   {"configurationId": lamp.id, "count": 2}],
        )  # fmt: skip
        one, two = by_uuid["shortId"], by_code["shortId"]
        assert set(codes(staff_client, {"q": "oslo"})) == {one, two}
        assert codes(staff_client, {"q": "BRG-2"}) == [two]
        assert codes(staff_client, {"q": "osl-1 lamp"}) == [two]
        assert codes(staff_client, {"q": "\u200bBRG\u20112"}) == [two]
        assert codes(staff_client, {"q": f"\u202a{one[:6]}\u2013{one[6:]}\u202c"}) == [one]
        assert codes(staff_client, {"q": "chair one"}) == [one]
        assert set(codes(staff_client, {"q": "brass"})) == {one, two}
        assert codes(staff_client, {"q": "sofa"}) == []

    def test_a_product_of_many_orders_is_found(
        self, staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chairs = [org.save(f"Chair {n}", f"CH-{n}") for n in range(4)]
        made = [
            make_order(org, name=str(n), cart=[{"configurationId": chair.short_id, "count": 1}])
            for n, chair in enumerate(chairs)
        ]
        make_order(org)
        every = {one["shortId"] for one in made}
        assert set(codes(staff_client, {"q": "chair"})) == every
        monkeypatch.setattr("orders.services.orders.order_search.MOST_ORDERS", 2)
        assert set(codes(staff_client, {"q": "chair"})) == every
        assert codes(staff_client, {"q": "chair 2"}) != []
        monkeypatch.setattr("orders.services.orders.order_search.MOST_NAMED", 1)
        assert set(codes(staff_client, {"q": "chair"})) == every
        assert codes(staff_client, {"q": "chair ch-3"}) == [made[3]["shortId"]]

    def test_counting_stops_at_the_limit(
        self, staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            make_order(org)
        assert "3 orders" in staff_client.get("/orders").text
        monkeypatch.setattr("orders.services.orders.order_list.COUNTED_ON_DESK", 2)
        monkeypatch.setattr("orders.services.orders.order_list.PAGE_SIZE", 2)
        assert "More than" in staff_client.get("/orders").text


class TestFilters:
    def test_filters_work_alone_and_together(self, staff_client: FlaskClient, org: Org) -> None:
        org.define(FINISH, GRADE)
        first = make_order(
            org, name="First", status="New", metadata={"finish": "matt", "grade": "a"},
            platform={"platform": "shopify", "storeName": "North"},
        )["shortId"]  # fmt: skip
        second = make_order(
            org, name="Second", status="In Cart", metadata={"finish": "oil"},
            derivative={"grade": "a"}, platform={"platform": "shopify", "storeName": "South"},
        )["shortId"]  # fmt: skip
        third = make_order(org, name="Third", status="Complete", metadata={"grade": "b"})["shortId"]
        found = {
            "status=New": {first},
            "status=New&status=In+Cart": {first, second},
            "platform=shopify": {first, second},
            "platform=Shopify": set(),
            "store=South": {second},
            "metadata.finish=matt": {first},
            "metadata.grade=a": {first, second},
            "metadata.grade=b": {third},
            "metadata.grade=a&metadata.finish=oil": {second},
            "status=New&platform=shopify&store=North&metadata.finish=matt&q=first": {first},
            "status=Complete&store=North": set(),
            f"creator={org.private.id}": {first, second, third},
            f"creator={org.staff().id}": set(),
            "status=&platform=&store=&q=&from=&to=&bin=&sort=": {first, second, third},
        }
        for query, expected in found.items():
            assert set(codes(staff_client, query)) == expected, query

    def test_days_are_whole_days_in_utc(self, staff_client: FlaskClient, org: Org) -> None:
        made = {}
        for name, text in {
            "before": "2026-03-09T23:59:59.999", "first": "2026-03-10T00:00:00",
            "last": "2026-03-11T23:59:59.999", "after": "2026-03-12T00:00:00",
        }.items():  # fmt: skip
            made[name] = make_order(org, name=name)["shortId"]
            change(org, made[name], created_at=datetime.fromisoformat(text).replace(tzinfo=UTC))
        both = codes(staff_client, "from=2026-03-10&to=2026-03-11")
        assert both == [made["last"], made["first"]]
        assert set(codes(staff_client, "to=2026-03-10")) == {made["first"], made["before"]}
        assert made["before"] not in codes(staff_client, "from=2026-03-10")
        assert len(codes(staff_client, "from=0001-01-01&to=9999-12-31")) == 4

    @pytest.mark.usefixtures("csrf_off")
    def test_days_are_those_of_the_person_s_zone(self, staff_client: FlaskClient, org: Org) -> None:
        preferences = {"time_zone": "Europe/Berlin", "date_format": "iso", "theme": "system",
                       "density": "comfortable", "name": ""}  # fmt: skip
        assert staff_client.post("/account/preferences", data=preferences).status_code == 303
        made = make_order(org)["shortId"]
        # Half past midnight in Berlin, where the clocks have gone forward.
        change(org, made, created_at=datetime(2026, 7, 9, 22, 30, tzinfo=UTC))
        assert "2026-07-10 00:30" in staff_client.get("/orders").text
        assert "Berlin time" in staff_client.get("/orders").text
        assert codes(staff_client, "from=2026-07-10") == [made]
        assert codes(staff_client, "to=2026-07-09") == []

    def test_the_bin_has_only_deleted_orders(
        self, staff_client: FlaskClient, org: Org, client: FlaskClient
    ) -> None:
        kept, binned = make_order(org)["shortId"], make_order(org)["shortId"]
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        client.delete(f"/api/orders/{binned}", headers=headers)
        assert codes(staff_client) == [kept]
        assert codes(staff_client, "bin=1") == [binned]
        assert codes(staff_client, {"q": binned}) == []
        page = staff_client.get("/orders?bin=1").text
        assert f'href="/orders/{binned}"' not in page

    def test_each_filter_is_a_chip_that_removes_it(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.define(FINISH)
        page = staff_client.get(
            "/orders?status=New&status=List&q=oak&metadata.finish=oil&sort=name"
        ).text
        chips = [(chip["href"], *chip.strings()[1:3]) for chip in read(page).all(".chip")]
        assert {(label.strip(": "), text) for _, label, text in chips} == {
            ("Status", "New"), ("Status", "List"), ("Search", "oak"), ("Finish", "Oiled"),
        }  # fmt: skip
        rests = {text: rest for rest, _, text in chips}
        assert rests["New"] == "/orders?q=oak&status=List&metadata.finish=oil&sort=name"
        assert 'class="clear" href="/orders?sort=name"' in page

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("from=nope", "a date"), ("to=2026-02-30", "a date"), ("from=2026-1-1", "a date"),
            ("from=2026-03-02&to=2026-03-01", "The end date is before the start date"),
            ("status=Newest", "One or more of:"), ("sort=shoe", "cannot be sorted"),
            ("creator=nobody", "No one in this"), ("bin=2", "Enter 1 or leave it empty"),
            ("metadata.finish=wood", "is not one of: matt, oil"), ("metadata.x=1", "No attribute"),
            ("platform=%00", "NUL"), (f"store={'x' * 256}", "At most 255"),
        ],
    )  # fmt: skip
    @pytest.mark.one_database(reason="such a filter is not searched for")
    def test_invalid_values_are_reported_at_their_fields(
        self, staff_client: FlaskClient, org: Org, query: str, sentence: str
    ) -> None:
        org.define(FINISH)
        make_order(org)
        answer = staff_client.get(f"/orders?{query}")
        assert answer.status_code == 422
        assert sentence in answer.text
        assert "<title>Error: " in answer.text
        assert 'id="row-' not in answer.text

    def test_odd_values_do_not_break_the_list(self, staff_client: FlaskClient, org: Org) -> None:
        org.define(FINISH)
        make_order(org)
        names = [*LABELS, "sort", "view", "columns", "older", "newer", "done"]
        for name in [*names, "metadata.finish", "derivative.", "x"]:
            for odd in ODD:
                answer = staff_client.get("/orders", query_string={name: odd})
                assert answer.status_code in {200, 422}, (name, odd)


class TestSort:
    def test_pages_have_every_order_once_and_links_back(
        self, staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orders.services.orders.order_list.PAGE_SIZE", 3)
        names = itertools.cycle(["b", "A", None, "c", "B", None])
        customers = itertools.cycle(["2", None, "1"])
        states = itertools.cycle(["New", "List", "Complete", "In Cart"])
        start = datetime(2026, 1, 1, tzinfo=UTC)
        for n in range(10):
            made = make_order(
                org, name=next(names), customerId=next(customers), status=next(states)
            )
            at = start + timedelta(minutes=n // 2)
            change(org, made["shortId"], created_at=at, updated_at=at + timedelta(minutes=n % 3))
        with org.app.app_context(), database.read() as connection:
            rows: Rows = {row.short_id: row for row in connection.execute(tables.orders.select())}
        fields = ("createdAt", "updatedAt", "name", "customerId", "status")
        for sort in itertools.chain(fields, (f"-{field}" for field in fields)):
            page = read(staff_client.get(f"/orders?sort={sort}").text)
            pages = [rows_of(page)]
            while page.has("[rel=next]"):
                page = read(staff_client.get(page.first("[rel=next]")["href"]).text)
                pages.append(rows_of(page))
            assert [len(page) for page in pages] == [3, 3, 3, 1], sort
            assert list(itertools.chain(*pages)) == self.expected(rows, sort), sort
            back = [rows_of(page)]
            while page.has("[rel=prev]"):
                page = read(staff_client.get(page.first("[rel=prev]")["href"]).text)
                back.insert(0, rows_of(page))
            assert back == pages, sort

    def expected(self, rows: Rows, sort: str) -> list[str]:
        steps = ["List", "In Cart", "New", "In Progress", "Complete"]
        values: dict[str, Callable[[Any], Any]] = {
            "createdAt": lambda row: row.created_at, "updatedAt": lambda row: row.updated_at,
            "name": lambda row: row.name and (row.name.lower(), row.name.isupper()),
            "customerId": lambda row: row.customer_id,
            "status": lambda row: steps.index(row.status),
        }  # fmt: skip
        value = values[sort.removeprefix("-")]
        turned = sort.startswith("-")
        there = [row for row in rows.values() if value(row) is not None]
        empty = [row for row in rows.values() if value(row) is None]
        there.sort(key=lambda row: (value(row), row.id), reverse=turned)
        empty.sort(key=lambda row: row.id, reverse=turned)
        return [row.short_id for row in there + empty]

    def test_a_cursor_of_another_sort_is_the_first_page(
        self, staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orders.services.orders.order_list.PAGE_SIZE", 1)
        make_order(org, name="a")
        make_order(org, name="b")
        text = staff_client.get("/orders?sort=name").text
        older = attribute(text, "[rel=next]", "href").partition("older=")[2]
        assert older
        assert codes(staff_client, f"sort=-name&older={older}") == codes(staff_client, "sort=-name")


@pytest.mark.usefixtures("csrf_off")
class TestColumns:
    def heads(self, client: FlaskClient, query: str = "") -> list[str]:
        text = client.get(f"/orders?{query}").text
        heads = read(text).all("th[scope=col]")
        return [re.sub(r"\s+|[↓↑]", "", head.text) for head in heads][1:]

    def test_each_person_selects_their_own_columns(
        self, staff_client: FlaskClient, app: Flask, org: Org
    ) -> None:
        org.define(FINISH)
        made = make_order(
            org, metadata={"finish": "oil"}, platform={"id": "S-1", "storeName": "North"}
        )
        assert self.heads(staff_client) == [
            "Code", "Name", "Customer", "Status", "Lines", "Items", "Created(UTC)", "Createdby",
        ]  # fmt: skip
        ticked = {
            "column": ["store", "platformOrder", "metadata.finish", "nothing"],
            "state": "q=S-1",
        }
        answer = staff_client.post("/orders/columns", data=ticked)
        assert answer.location == "/orders?q=S-1"
        assert self.heads(staff_client) == ["Code", "Platformorder", "Store", "Finish"]
        row = staff_client.get("/orders").text
        assert "Oiled" in row
        assert "North" in row
        assert made["shortId"] in row
        other = org.sign_in(app.test_client(), org.admin())
        assert self.heads(other)[:2] == ["Code", "Name"]
        staff_client.post("/orders/columns", data={})
        assert self.heads(staff_client) == ["Code"]
        staff_client.post("/orders/columns", data={"do": "reset"})
        assert self.heads(staff_client)[:2] == ["Code", "Name"]

    def test_columns_in_the_address_take_precedence(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        make_order(org)
        assert self.heads(staff_client, "columns=changed,name") == ["Code", "Name", "Changed(UTC)"]
        assert self.heads(staff_client, "columns=code") == ["Code"]
        assert self.heads(staff_client, "columns=nothing")[:2] == ["Code", "Name"]
