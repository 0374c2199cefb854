"""Days, weeks, money, and addresses: what is valid, and what is read from what people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.attributes import AttributeRule, Kind, Option, display, value_fault
from orders.domain.typed_values import read_attribute, write_attribute

DRINKS = (Option("tea", "Tea", {"de": "Tee"}), Option("milk", "Milk, cold"))


def rule_of(kind: Kind) -> AttributeRule:
    return AttributeRule("key", "Key", kind, DRINKS if kind is Kind.MANY else ())


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DATE, "2027-01-18"),
        (Kind.DATE, "2028-02-29"),
        (Kind.WEEK, "2027-W03"),
        (Kind.WEEK, "2026-W53"),
        (Kind.MONEY, {"amount": "12.50", "currency": "EUR"}),
        (Kind.MONEY, {"amount": "-0.5", "currency": "KWD"}),
        (Kind.EMAIL, "ada@example.com"),
        (Kind.PHONE, "+49 (0)30 1234-56 ext. 12"),
        (Kind.PHONE, "030/12345"),
        (Kind.URL, "https://example.com/a?b=c#d"),
        (Kind.URL, "http://[::1]:8080/"),
        (Kind.MULTILINE, "one\ntwo"),
        (Kind.MANY, ["milk", "tea"]),
        (Kind.MANY, []),
    ],
)
def test_a_value_of_the_kind_is_valid(kind: Kind, value: object) -> None:
    assert value_fault(rule_of(kind), value) is None


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Kind.DATE, "2027-02-29", "A date, such as 2027-01-18."),
        (Kind.DATE, "2027-1-18", "A date, such as 2027-01-18."),
        (Kind.DATE, "2027-01-18T00:00:00Z", "A date, such as 2027-01-18."),
        (Kind.DATE, 20270118, "A date, such as 2027-01-18."),
        (Kind.WEEK, "2027-W53", "2027 has no week 53."),
        (Kind.WEEK, "2027-W00", "2027 has no week 00."),
        (Kind.WEEK, "0000-W01", "0000 has no week 01."),
        (Kind.WEEK, "2027-3", "A week, such as 2027-W03."),
        (Kind.WEEK, "2027-W03\n", "A week, such as 2027-W03."),
        (Kind.MONEY, "12.50 EUR", "An amount and a currency, such as 12.50 EUR."),
        (Kind.MONEY, {"amount": "1"}, "An amount and a currency, such as 12.50 EUR."),
        (
            Kind.MONEY,
            {"amount": "1", "currency": "EUR", "tax": 1},
            "An amount and a currency, such as 12.50 EUR.",
        ),
        (
            Kind.MONEY,
            {"amount": 12.5, "currency": "EUR"},
            "An amount as text with at most six decimals, such as “12.50”.",
        ),
        (
            Kind.MONEY,
            {"amount": "1e3", "currency": "EUR"},
            "An amount as text with at most six decimals, such as “12.50”.",
        ),
        (
            Kind.MONEY,
            {"amount": "1", "currency": "eur"},
            "A currency code of three letters, such as EUR.",
        ),
        (
            Kind.MONEY,
            {"amount": "1", "currency": ["EUR"]},
            "A currency code of three letters, such as EUR.",
        ),
        (Kind.EMAIL, "ada@", "An e-mail address, such as ada@example.com."),
        (Kind.EMAIL, "ada@x.example, bob@x.example", "An e-mail address, such as ada@example.com."),
        (Kind.PHONE, "1234", "A phone number, such as +49 30 1234-56."),
        (Kind.PHONE, "12x34567", "A phone number, such as +49 30 1234-56."),
        (Kind.PHONE, "call Ada", "A phone number, such as +49 30 1234-56."),
        (Kind.URL, "example.com", "A web address, such as https://example.com."),
        (Kind.URL, "javascript:alert(1)", "A web address, such as https://example.com."),
        (Kind.URL, "https://a b", "A web address, such as https://example.com."),
        (Kind.URL, "https://[::1", "A web address, such as https://example.com."),
        (Kind.MULTILINE, 1, "Text."),
        (Kind.MANY, "tea", "A list with some of: tea, milk."),
        (Kind.MANY, ["tea", "tea"], "Use each value only once."),
        (Kind.MANY, ["tea", "beer"], "“beer” is not one of: tea, milk."),
        (Kind.MANY, [["tea"]], "One of: tea, milk."),
    ],
)  # fmt: skip
def test_any_other_value_is_refused(kind: Kind, value: object, message: str) -> None:
    assert value_fault(rule_of(kind), value) == message


def test_an_attribute_of_money_may_name_its_currencies() -> None:
    rule = AttributeRule("price", "Price", Kind.MONEY, (Option("EUR", "EUR"), Option("CHF", "CHF")))
    assert value_fault(rule, {"amount": "1", "currency": "CHF"}) is None
    message = value_fault(rule, {"amount": "1", "currency": "USD"})
    assert message == "The currency is one of: EUR, CHF."


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2027-01-18", "2027-01-18"),
        ("18.1.2027", "2027-01-18"),
        ("18/01/2027", "2027-01-18"),
        ("01/18/2027", "2027-01-18"),
        ("5/5/2027", "2027-05-05"),
        ("18 January 2027", "2027-01-18"),
        ("Jan 18, 2027", "2027-01-18"),
        ("1. März 2027", "2027-03-01"),
        ("2027-01-18 00:00:00", "2027-01-18"),
        # Two days, no day, and a year of two digits are left for the check.
        ("03/04/2027", "03/04/2027"),
        ("31.02.2027", "31.02.2027"),
        ("18.01.27", "18.01.27"),
        ("soon", "soon"),
    ],
)
def test_a_day_is_read_if_it_can_be_one_day_only(text: str, read: str) -> None:
    assert read_attribute(rule_of(Kind.DATE), text) == read


@pytest.mark.parametrize("text", ["2027-W03", "2027W3", "KW 3/2027", "week 3, 2027", "W03 2027"])
def test_a_week_is_read_as_people_write_it(text: str) -> None:
    assert read_attribute(rule_of(Kind.WEEK), text) == "2027-W03"
    assert read_attribute(rule_of(Kind.WEEK), "3/2027") == "3/2027"


@pytest.mark.parametrize(
    ("text", "with_point", "with_comma"),
    [
        ("12.50 EUR", "12.50", "12.50"),
        ("12,50 €", "12.50", "12.50"),
        ("€ 12", "12", "12"),
        ("-3 EUR", "-3", "-3"),
        ("1.250,00 €", "1250.00", "1250.00"),
        ("1,250.00 EUR", "1250.00", "1250.00"),
        # What is one and a quarter to some, and a thousand to others, is read where it is one.
        ("1.250 EUR", "1.250", None),
        ("1,250 EUR", None, "1.250"),
        ("12.50", None, None),
        ("$12.50", None, None),
        ("many EUR", None, None),
    ],
)
def test_money_is_read_by_the_language(
    text: str, with_point: str | None, with_comma: str | None
) -> None:
    for amount, decimal_comma in ((with_point, False), (with_comma, True)):
        expected = text if amount is None else {"amount": amount, "currency": "EUR"}
        read = read_attribute(rule_of(Kind.MONEY), text, decimal_comma=decimal_comma)
        assert read == expected


def test_several_options_are_read_by_value_or_label_in_any_language() -> None:
    rule = rule_of(Kind.MANY)
    assert read_attribute(rule, "tea; milk") == ["tea", "milk"]
    assert read_attribute(rule, "Tee,beer") == ["tea", "beer"]
    assert read_attribute(rule, "Milk, cold") == ["milk"]
    assert read_attribute(rule, '["milk"]') == ["milk"]


@given(st.decimals(-(10**9), 10**9, places=3), st.sampled_from(["EUR", "KWD", "JPY"]))
def test_what_an_export_writes_is_read_back_the_same(amount: object, currency: str) -> None:
    money = {"amount": f"{amount}", "currency": currency}
    written = write_attribute(rule_of(Kind.MONEY), money)
    for decimal_comma in (False, True):
        if written is not None:
            read = read_attribute(rule_of(Kind.MONEY), written, decimal_comma=decimal_comma)
            assert read == money


def test_a_list_that_would_be_read_otherwise_is_not_written_as_text() -> None:
    assert write_attribute(rule_of(Kind.MANY), ["tea", "milk"]) == "tea, milk"
    assert write_attribute(rule_of(Kind.MANY), ["a, b"]) is None
    assert write_attribute(rule_of(Kind.MANY), []) is None


@given(st.text() | st.text("0123456789.,'/-: €EURKWeek", max_size=14))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    for kind in Kind:
        value_fault(rule_of(kind), read_attribute(rule_of(kind), text))


def test_people_read_days_weeks_and_lists() -> None:
    assert display(rule_of(Kind.WEEK), "2027-W03") == "Week 3, 2027"
    assert display(rule_of(Kind.MANY), ["tea", "beer"]) == "Tea, beer"
    assert display(rule_of(Kind.DATE), "2027-01-18") == "2027-01-18"
    money = {"amount": "12.50", "currency": "EUR"}
    assert display(rule_of(Kind.MONEY), money) == "12.50 EUR"
    # A value of another kind is shown as it is.
    assert display(rule_of(Kind.DATE), "soon") == "soon"
    assert display(rule_of(Kind.MONEY), {"amount": 1}) == '{"amount": 1}'
