"""Attributes: valid values, defaults, and strict orgs."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.attribute_definition import check_definition
from orders.domain.attributes import (
    Applies,
    AttributeRule,
    Kind,
    Option,
    apply_attributes,
    display,
    value_fault,
)
from orders.domain.errors import FieldError
from tests.domain.json_strategies import any_json, clean_json

COLORS = tuple(Option(value, value.title()) for value in ("red", "green", "blue"))
COLOR = AttributeRule("color", "Color", Kind.OPTION, COLORS)
NOTE = AttributeRule("note", "Note", Kind.TEXT)
WIDTH = AttributeRule("width", "Width", Kind.NUMBER)
GIFT = AttributeRule("gift", "Gift", Kind.BOOLEAN)


def errors_of(
    metadata: dict[str, Any],
    *rules: AttributeRule,
    derivative: dict[str, Any] | None = None,
    strict: bool = False,
) -> list[tuple[str, str]]:
    result = apply_attributes(metadata, derivative or {}, rules, strict=strict)
    return [(error.path, error.message) for error in result.errors]


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        (COLOR, "red", None),
        (COLOR, "purple", "“purple” is not one of: red, green, blue."),
        (COLOR, "Red", "“Red” is not one of: red, green, blue."),
        (COLOR, "red ", "“red ” is not one of: red, green, blue."),
        (COLOR, "", "“” is not one of: red, green, blue."),
        (COLOR, 1, "One of: red, green, blue."),
        (COLOR, ["red"], "One of: red, green, blue."),
        (COLOR, {"red": 1}, "One of: red, green, blue."),
        (NOTE, "", None),
        (NOTE, "any text ☕", None),
        (NOTE, 1, "Text."),
        (NOTE, True, "Text."),
        (NOTE, {}, "Text."),
        (WIDTH, 0, None),
        (WIDTH, -1.5, None),
        (WIDTH, "1", "A number, such as 2 or 1.5."),
        (WIDTH, True, "A number, such as 2 or 1.5."),
        (WIDTH, [1], "A number, such as 2 or 1.5."),
        (GIFT, True, None),
        (GIFT, False, None),
        (GIFT, 1, "True or false."),
        (GIFT, "true", "True or false."),
    ],
)
def test_a_value_of_a_defined_attribute_must_be_valid_for_it(
    rule: AttributeRule, value: object, message: str | None
) -> None:
    reported = [(f"metadata.{rule.key}", message)] if message else []
    assert errors_of({rule.key: value}, rule) == reported


def test_a_message_lists_ten_options_at_most_and_cuts_the_value() -> None:
    options = tuple(Option(f"v{n}", "x") for n in range(11))
    rule = replace(COLOR, options=options)
    listed = "v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, …"
    assert value_fault(rule, "x" * 61) == f"“{'x' * 60}…” is not one of: {listed}"
    assert value_fault(replace(rule, options=options[:10]), 1) == f"One of: {listed[:-3]}."


@pytest.mark.parametrize("rule", [COLOR, NOTE, WIDTH, GIFT])
def test_null_means_no_value_fine_unless_the_attribute_is_required(rule: AttributeRule) -> None:
    assert errors_of({rule.key: None}, rule) == []
    required = replace(rule, required=True)
    path = f"metadata.{rule.key}"
    assert errors_of({rule.key: None}, required) == [(path, "This is required.")]
    assert errors_of({}, required) == [(path, "This is required.")]
    assert errors_of({}, rule) == []


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\u00a0"])
def test_a_required_text_must_not_be_blank_and_is_reported_once(blank: str) -> None:
    for rule in (NOTE, COLOR):
        reported = errors_of({rule.key: blank}, replace(rule, required=True))
        assert reported == [(f"metadata.{rule.key}", "This is required.")]


def test_false_and_zero_are_values_of_required_attributes() -> None:
    assert errors_of({"gift": False}, replace(GIFT, required=True)) == []
    assert errors_of({"width": 0}, replace(WIDTH, required=True)) == []


def test_a_default_fills_in_a_key_that_was_left_out_and_no_other() -> None:
    rule = replace(COLOR, default="green", required=True)
    assert apply_attributes({"a": 1}, {}, [rule], strict=False).metadata == {
        "a": 1,
        "color": "green",
    }
    kept = apply_attributes({"color": "red"}, {}, [rule], strict=False)
    assert (kept.metadata, kept.errors) == ({"color": "red"}, ())
    assert errors_of({"color": None}, rule) == [("metadata.color", "This is required.")]
    optional = apply_attributes({"color": None}, {}, [replace(rule, required=False)], strict=False)
    assert (optional.metadata, optional.errors) == ({"color": None}, ())


@pytest.mark.parametrize("default", [False, 0, ""])
def test_a_default_may_be_false_zero_or_an_empty_text(default: bool | float | str) -> None:
    kinds = {bool: Kind.BOOLEAN, int: Kind.NUMBER, str: Kind.TEXT}
    rule = AttributeRule("key", "Key", kinds[type(default)], default=default)
    assert apply_attributes({}, {}, [rule], strict=True).metadata == {"key": default}


def test_an_attribute_applies_to_metadata_derivative_or_both() -> None:
    there = replace(COLOR, applies=Applies.DERIVATIVE)
    both = replace(COLOR, applies=Applies.BOTH)
    bad = {"color": "purple"}
    message = "“purple” is not one of: red, green, blue."
    assert errors_of(bad, there) == []
    assert errors_of({}, there, derivative=bad) == [("derivative.color", message)]
    assert errors_of({}, COLOR, derivative=bad) == []
    assert errors_of(bad, both, derivative=bad) == [
        ("metadata.color", message),
        ("derivative.color", message),
    ]


def test_a_required_attribute_of_both_may_be_in_either_and_is_reported_at_metadata() -> None:
    rule = replace(NOTE, applies=Applies.BOTH, required=True)
    missing = [("metadata.note", "This is required.")]
    assert errors_of({"note": "x"}, rule) == []
    assert errors_of({}, rule, derivative={"note": "x"}) == []
    assert errors_of({"note": None}, rule, derivative={"note": "x"}) == []
    assert errors_of({}, rule) == missing
    assert errors_of({}, rule, derivative={"note": " "}) == missing
    assert errors_of({"note": None}, rule, derivative={"note": None}) == missing


def test_a_default_of_both_is_filled_in_once() -> None:
    rule = replace(NOTE, applies=Applies.BOTH, default="x")
    result = apply_attributes({}, {}, [rule], strict=True)
    assert (result.metadata, result.derivative) == ({"note": "x"}, {})
    result = apply_attributes({}, {"note": "y"}, [rule], strict=True)
    assert (result.metadata, result.derivative) == ({}, {"note": "y"})


def test_undefined_keys_are_kept_by_default_and_refused_by_a_strict_org() -> None:
    metadata = {"color": "red", "own": {"a": [1]}, "a.b": 1}
    result = apply_attributes(metadata, {"color": 5}, [COLOR], strict=False)
    assert (result.metadata, result.derivative, result.errors) == (metadata, {"color": 5}, ())
    assert errors_of(metadata, COLOR, derivative={"color": 5}, strict=True) == [
        ("metadata.own", "Unknown attribute."),
        ("metadata.a.b", "Unknown attribute."),
        ("derivative.color", "Unknown attribute."),
    ]


definitions = st.builds(
    AttributeRule,
    key=st.sampled_from(["a", "b", "c", "d"]),
    label=st.just("Label"),
    kind=st.sampled_from(Kind),
    options=st.sampled_from([COLORS, ()]),
    applies=st.sampled_from(Applies),
    required=st.booleans(),
    default=st.none() | st.sampled_from(["red", 1, 2.5, True, ""]),
).filter(lambda rule: not check_definition(rule))
objects = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e"]), st.sampled_from(["red", "", 1, True]) | clean_json
)


@given(objects, objects, st.lists(definitions, unique_by=lambda rule: rule.key), st.booleans())
def test_what_was_sent_is_never_changed_only_added_to(
    metadata: dict[str, Any], derivative: dict[str, Any], rules: list[AttributeRule], strict: bool
) -> None:
    before = copy.deepcopy((metadata, derivative))
    result = apply_attributes(metadata, derivative, rules, strict=strict)
    assert (metadata, derivative) == before
    for sent, given_back in ((metadata, result.metadata), (derivative, result.derivative)):
        assert list(given_back)[: len(sent)] == list(sent)
        assert {key: given_back[key] for key in sent} == sent
        added = given_back.keys() - sent.keys()
        assert added <= {rule.key for rule in rules if rule.default is not None}
    paths = [error.path for error in result.errors]
    assert len(set(paths)) == len(paths)
    if not result.errors:
        again = apply_attributes(result.metadata, result.derivative, rules, strict=strict)
        assert again == result


@given(definitions, any_json)
def test_a_value_is_refused_exactly_when_it_is_not_of_the_kind(
    rule: AttributeRule, value: object
) -> None:
    valid = {
        Kind.OPTION: type(value) is str and value in {"red", "green", "blue"},
        Kind.TEXT: type(value) is str,
        Kind.NUMBER: type(value) in {int, float},
        Kind.BOOLEAN: type(value) is bool,
        Kind.MULTILINE: type(value) is str,
    }
    message = value_fault(rule, value)
    if rule.kind in valid:
        assert (message is None) == valid[rule.kind]
    assert message is None or message.encode()


@pytest.mark.parametrize(
    "rule",
    [COLOR, NOTE, WIDTH, GIFT,
     replace(COLOR, default="red", required=True), replace(NOTE, default=""),
     replace(WIDTH, default=1.5), replace(GIFT, default=False), replace(NOTE, key="k" * 255)],
)  # fmt: skip
def test_a_valid_definition_is_accepted(rule: AttributeRule) -> None:
    assert check_definition(rule) == []


@pytest.mark.parametrize(
    ("rule", "paths"),
    [
        (replace(NOTE, key=""), {"key"}),
        (replace(NOTE, key="k" * 256), {"key"}),
        (replace(NOTE, key=" note"), {"key"}),
        (replace(NOTE, key="a.b"), {"key"}),
        (replace(NOTE, key="a\0"), {"key"}),
        (replace(NOTE, label=" "), {"label"}),
        (replace(NOTE, label="l" * 256), {"label"}),
        (replace(NOTE, label="l" + " " * 255), {"label"}),
        (replace(NOTE, label="\ud800"), {"label"}),
        (replace(COLOR, options=()), {"option"}),
        (replace(COLOR, options=(*COLORS, Option("red", "Other red"))), {"option"}),
        (replace(COLOR, options=(Option(" ", "Blank"),)), {"option"}),
        (replace(COLOR, options=(Option("a\0", "A"),)), {"option"}),
        (replace(COLOR, options=(Option("a", "\udfff"),)), {"option"}),
        (replace(NOTE, options=COLORS), {"option"}),
        (replace(COLOR, default="purple"), {"default"}),
        (replace(NOTE, default=1), {"default"}),
        (replace(NOTE, default="\0"), {"default"}),
        (replace(NOTE, default=" ", required=True), {"default"}),
        (replace(WIDTH, default="1"), {"default"}),
        (replace(WIDTH, default=float("inf")), {"default"}),
        (replace(WIDTH, default=2**63), {"default"}),
        (replace(GIFT, default=1), {"default"}),
        (replace(COLOR, key="", label="", options=()), {"key", "label", "option"}),
    ],
)
def test_an_invalid_definition_is_refused_by_field(rule: AttributeRule, paths: set[str]) -> None:
    errors = check_definition(rule)
    assert {error.path for error in errors} == paths
    assert all(isinstance(error, FieldError) and error.message for error in errors)


def test_people_read_labels_and_yes_or_no() -> None:
    assert display(COLOR, "red") == "Red"
    assert display(COLOR, "retired") == "retired"
    assert (display(GIFT, True), display(GIFT, False)) == ("Yes", "No")
    assert display(WIDTH, 2.5) == "2.5"
