"""Contract: the fields of a webhook."""

from typing import Any

import pytest

from orders.domain.domains import MAX_ADDRESS
from orders.domain.errors import InvalidInput
from orders.domain.inputs import Limits
from orders.domain.webhook import check_change, check_webhook

ADDRESS = "https://shop.example/hook"
GOOD = {"topic": "order.created", "address": ADDRESS}
STATUSES = "One of: List, In Cart, New, In Progress, Complete."
TOPICS = "One of: order.created, order.updated, order.canceled, order.deleted."


def check(raw: object, *, allow_private: bool = False) -> dict[str, Any]:
    return check_webhook(raw, limits=Limits(), allow_private=allow_private)


def change(raw: object) -> dict[str, Any]:
    return check_change(raw, limits=Limits(), allow_private=False)


def faults(raw: object, *, allow_private: bool = False) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        check(raw, allow_private=allow_private)
    return {error.path: error.message for error in refused.value.errors}


@pytest.mark.parametrize("topic", ["order.created", "order.updated", "order.deleted"])
def test_topic_and_address_are_enough(topic: str) -> None:
    draft = check({**GOOD, "topic": topic})
    assert draft == {"topic": topic, "address": ADDRESS, "filter": {}}


def test_a_filter_names_statuses() -> None:
    sent = {"status": ["New", "Complete"]}
    assert check({**GOOD, "filter": sent})["filter"] == sent
    assert check({**GOOD, "filter": {}})["filter"] == {}


def test_every_error_is_reported_by_its_path() -> None:
    sent = {
        "topic": "order.read", "address": "shop.example", "id": "x", "secret": "x", "colour": 1,
        "filter": {"status": ["new", "New", 7, None], "colour": 1},
    }  # fmt: skip
    assert faults(sent) == {
        "topic": TOPICS,
        "address": "An address that starts with https:// or http://.",
        "filter.status.0": STATUSES,
        "filter.status.2": STATUSES,
        "filter.status.3": STATUSES,
        "filter.colour": "Unknown field.",
        "id": "Set by the service; leave it out.",
        "secret": "Set by the service; leave it out.",
        "colour": "Unknown field.",
    }


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {"topic": "This is required.", "address": "This is required."}),
        ([], {"": "An object with the fields of a webhook."}),
        (None, {"": "An object with the fields of a webhook."}),
        ({"topic": None, "address": None}, {"topic": TOPICS, "address": "Text."}),
        ({"topic": ["order.created"], "address": 7}, {"topic": TOPICS, "address": "Text."}),
        ({**GOOD, "filter": None}, {"filter": "An object."}),
        ({**GOOD, "filter": []}, {"filter": "An object."}),
        ({**GOOD, "filter": {"status": "New"}}, {"filter.status": "An array."}),
        ({**GOOD, "filter": {"status": None}}, {"filter.status": "An array."}),
    ],
)
def test_each_field_has_its_kind(sent: object, expected: dict[str, str]) -> None:
    assert faults(sent) == expected


def test_a_filter_without_any_status_is_refused_for_it_could_mean_two_things() -> None:
    assert "leave the filter out" in faults({**GOOD, "filter": {"status": []}})["filter.status"]


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example", "http://shop.example:8080/a/b?c=d@e&f=/g", "HTTPS://Shop.Example/",
        "https://xn--bcher-kva.example/%C3%BC", "https://8.8.8.8/", "https://[2606:4700::1111]:8443/x",
        "https://shop.example/{id}", "https://shop.example/" + "x" * (MAX_ADDRESS - 21),
    ],
)  # fmt: skip
def test_addresses_that_are_accepted_unchanged(address: str) -> None:
    assert check({**GOOD, "address": address})["address"] == address


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r\n", "\u00a0"])
def test_blanks_around_an_address_are_dropped(blank: str) -> None:
    sent = {**GOOD, "address": f"{blank}https://shop.example/hook{blank}"}
    assert check(sent)["address"] == change(sent)["address"] == "https://shop.example/hook"
    private = {**GOOD, "address": f"{blank}http://127.0.0.1/{blank}"}
    assert "address" in faults(private)


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("", "spaces"), ("ftp://shop.example", "https://"), ("//shop.example", "https://"),
        ("javascript:alert(1)", "https://"), ("https://", "host"), ("https:///x", "host"),
        ("https://user@shop.example", "password"), ("https://u:p@shop.example/x", "password"),
        ("https://shop.example#top", "#"), ("https://shop.example/a b", "spaces"),
        ("https://shop.example/\nx", "spaces"), ("https:// shop.example", "spaces"),
        ("https://bücher.example", "xn--"), ("https://shop.example:0", "host"),
        ("https://shop.example:65536", "host"), ("https://shop.example:x", "host"),
        ("https://[::1", "host"), ("https://a.example\\@b.example", "host"),
        ("https://shop..example", "host"), ("https://" + "x" * MAX_ADDRESS, "At most 2,000"),
    ],
)  # fmt: skip
def test_refused_addresses_have_a_reason(address: str, word: str) -> None:
    assert word in faults({**GOOD, "address": address})["address"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST", "localhost:8000", "shop.localhost", "127.0.0.1", "127.1",
        "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0",  # noqa: S104 - not to listen on
         "10.0.0.7", "172.16.0.1",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "[::1]", "[::]", "[fe80::1]",
        "[fec0::1]", "[::7f00:1]", "[64:ff9b::a00:1]", "[2002:a00:1::]",
        "[fd00::1]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]",
    ],
)  # fmt: skip
def test_what_is_plainly_in_a_private_network_is_refused_unless_it_is_allowed(host: str) -> None:
    sent = {**GOOD, "address": f"http://{host}/hook"}
    assert "private network" in faults(sent)["address"]
    assert check(sent, allow_private=True)["address"] == sent["address"]


def test_what_the_databases_cannot_store_is_refused() -> None:
    for bad in ("\0", "\ud800"):
        assert faults({**GOOD, "address": f"{ADDRESS}{bad}"}).keys() == {"address"}
        assert faults({**GOOD, "filter": {"status": [bad]}}).keys() == {"filter.status.0"}
    assert "As a key" in faults({**GOOD, "a\0b": 1})["a\\u0000b"]
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"x": deep}
    assert any("deeper" in message for message in faults({**GOOD, "filter": deep}).values())


def test_a_change_contains_the_fields_that_were_sent_and_no_others() -> None:
    assert change({}) == {}
    assert change({"filter": {}}) == {"filter": {}}
    assert change({"topic": "order.deleted"}) == {"topic": "order.deleted"}
    with pytest.raises(InvalidInput):
        change({"address": "http://127.0.0.1"})
    with pytest.raises(InvalidInput):
        change({"address": None})
