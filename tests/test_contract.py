"""Which test holds which rule of docs/contract.md; a rule whose test is gone fails here."""

import ast
from functools import lru_cache

import pytest

from orders.settings import PROJECT

FIELDS, CART, LIMITS = (
    f"rules/test_schema{part}.py" for part in ("_fields", "_cart", "_limits")
)  # fmt: skip
CREATE, TOKENS, CODE = "api/test_create_order.py", "api/test_tokens.py", "rules/test_short_id.py"
ATTRIBUTES, DOMAINS = "rules/test_attributes.py", "rules/test_domains.py"

# Of each section: rule, file below tests/, test.
RULES = {
    "The order": [
        ("every answer holds every field; id is a UUID", CREATE, "test_the_answer_holds_every_field"),
        ("shortId is unique: a taken one is replaced", CREATE, "test_a_taken_short_id_is_replaced_without_a_word"),
        ("orgId is the token's, 403 otherwise", CREATE, "test_the_own_org_may_be_named_and_another_is_403"),
        ("originOrgId: an empty string counts as not sent", CREATE, "test_an_empty_origin_org_counts_as_not_sent_and_null_stays_null"),
        ("name: 255 characters, not bytes", FIELDS, "test_up_to_255_characters_not_bytes_are_taken"),
        ("name, customerId: 256 are refused", FIELDS, "test_256_characters_are_refused"),
        ("platform: other keys are kept", FIELDS, "test_other_keys_of_the_platform_are_kept_as_they_come"),
        ("metadata, derivative: kinds of values", FIELDS, "test_values_are_texts_numbers_booleans_null_or_objects_of_these"),
        ("objects and defaults come back as sent", CREATE, "test_every_field_comes_back_as_sent"),
        ("status: five names", FIELDS, "test_only_the_five_states_are_taken"),
        ("createdAt, updatedAt: UTC, milliseconds, equal", CREATE, "test_times_are_utc_with_milliseconds_and_equal_on_a_new_order"),
        ("createdBy is an ID, deletedAt null", CREATE, "test_the_answer_holds_every_field"),
        ("unknown and read-only fields are refused by name", CREATE, "test_unknown_and_read_only_fields_are_refused_by_name"),
        ("left out and null are two things", FIELDS, "test_null_is_not_the_same_as_left_out"),
        ("a limit says which and what it is", LIMITS, "test_too_many_are_refused_with_both_numbers"),
        ("sizes are bytes of compact JSON", LIMITS, "test_sizes_are_bytes_of_compact_utf_8"),
        ("nesting has a limit", LIMITS, "test_nesting_ends_at_the_limit"),
    ],
    "The cart": [
        ("configurationId: UUID or short ID", CART, "test_a_line_names_a_uuid_or_a_short_id"),
        ("a short ID is of a saved configuration", CREATE, "test_a_short_id_must_be_of_a_saved_configuration"),
        ("count: a whole number from 1 to 1,000,000", CART, "test_a_count_is_a_whole_number_from_1_to_1_000_000"),
        ("2.0 is 2", CART, "test_two_point_zero_is_two"),
        ("a line's metadata is kept exactly", CART, "test_the_metadata_of_a_line_is_kept_exactly"),
        ("lines keep their order, twice the same is fine", CART, "test_lines_keep_their_order_and_may_name_the_same_configuration"),
        ("open carts may be empty", CREATE, "test_an_open_cart_may_be_empty"),
        ("from New on a line is needed", CREATE, "test_from_new_on_an_order_needs_a_line"),
    ],
    "items, the old name": [
        ("stored as sent, converted where it can be", CREATE, "test_convertible_items_fill_the_cart_and_stay_as_sent"),
        ("one odd entry and none is converted", CREATE, "test_one_odd_entry_and_none_is_converted"),
        ("both sent: the cart counts", CREATE, "test_when_both_are_sent_the_cart_counts"),
        ("whatever stands in items, nothing fails", "rules/test_legacy_items.py", "test_whatever_stands_in_items_nothing_fails"),
        ("not through the web form", CART, "test_the_web_form_does_not_know_items"),
    ],
    "The short ID": [
        ("twelve characters of the alphabet", CODE, "test_a_generated_code_has_twelve_characters_of_the_alphabet_and_is_canonical"),
        ("55 random bits", CODE, "test_a_code_holds_all_of_its_55_random_bits"),
        ("every wrong character is caught", CODE, "test_every_single_wrong_character_is_caught"),
        ("every swap is caught", CODE, "test_every_swap_of_two_characters_neighbours_or_not_is_caught"),
        ("all spellings find the order", CREATE, "test_all_spellings_find_the_order"),
        ("mistyped is told at once", CREATE, "test_a_wrong_check_character_is_told_as_mistyped"),
        ("without asking the database", "customer/test_look_up.py", "test_the_database_is_asked_for_well_formed_codes_only"),
        ("groups of four", CODE, "test_the_groups_of_four_can_be_typed_back"),
    ],
    "Attributes": [
        ("a value must be valid for its attribute", ATTRIBUTES, "test_a_value_of_a_defined_attribute_must_be_valid_for_it"),
        ("required", ATTRIBUTES, "test_null_means_no_value_fine_unless_the_attribute_is_required"),
        ("default", ATTRIBUTES, "test_a_default_fills_in_a_key_that_was_left_out_and_no_other"),
        ("where it applies", ATTRIBUTES, "test_an_attribute_applies_to_metadata_derivative_or_both"),
        ("undefined keys: kept, or refused by a strict org", ATTRIBUTES, "test_undefined_keys_are_kept_by_default_and_refused_by_a_strict_org"),
        ("what customers see", "customer/test_what_customers_see.py", "test_visible_attributes_are_shown_with_their_labels"),
        ("and nothing else", "customer/test_what_customers_see.py", "test_nothing_else_leaks"),
    ],
    "Tokens": [
        ("in the query", TOKENS, "test_a_private_token_may_come_in_the_query"),
        ("both at once: the same", TOKENS, "test_the_same_token_twice_is_fine"),
        ("two different ones: 401", TOKENS, "test_two_different_tokens_are_401"),
        ("none: 401", TOKENS, "test_no_token_is_401_with_a_challenge"),
        ("unknown: 401", TOKENS, "test_an_unknown_token_is_401"),
        ("revoked: 401", TOKENS, "test_a_revoked_token_is_401_at_once"),
        ("any token may create", CREATE, "test_public_and_private_tokens_may_create"),
        ("a public one from its own domains", TOKENS, "test_from_its_own_domains_a_public_token_works"),
        ("exact host, wildcard, port", DOMAINS, "test_an_entry_means_its_host_or_every_subdomain_and_only_a_given_port"),
        ("a wildcard is below, never itself", DOMAINS, "test_a_wildcard_means_names_below_it_and_never_itself"),
        ("Referer without Origin", TOKENS, "test_the_referer_counts_where_no_origin_is_sent"),
        ("null, missing, foreign: 403", TOKENS, "test_from_elsewhere_it_is_403_without_cors"),
        ("missing: 403", TOKENS, "test_without_origin_and_referer_it_is_403"),
        ("CORS preflight for its domains", TOKENS, "test_a_domain_of_the_token_is_allowed"),
        ("and none for others", TOKENS, "test_others_are_not"),
        ("a private token gets no CORS permission", TOKENS, "test_a_private_token_never_gets_a_cors_permission"),
        ("secrets are stored as hashes", TOKENS, "test_secrets_are_stored_as_hashes_only"),
        ("lastUsedAt is kept", TOKENS, "test_the_last_use_is_kept"),
        ("another org's orders are 404", TOKENS, "test_an_order_of_another_org_is_404"),
        ("secrets never reach a log", "processes/test_serve.py", "test_the_access_log_never_holds_a_token"),
    ],
}  # fmt: skip


@lru_cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((PROJECT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("section", RULES)
def test_every_rule_has_its_test(section: str) -> None:
    gone = [rule for rule, file, name in RULES[section] if name not in names_in(file)]
    assert gone == []


def test_every_section_of_rules_is_in_the_docs() -> None:
    text = (PROJECT / "docs" / "contract.md").read_text(encoding="utf-8").replace("`", "")
    headings = {line.lstrip("# ") for line in text.splitlines() if line.startswith("##")}
    assert RULES.keys() <= headings
