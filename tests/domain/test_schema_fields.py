"""What each field of an order accepts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.order_shapes import FIELDS, LINE, READ_ONLY, draft_of, errors_of, texts, with_line


class TestNameAndOtherTexts:
    @given(st.integers(0, 255), st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    def test_up_to_255_characters_not_bytes_are_accepted(self, length: int, character: str) -> None:
        text = character * length
        draft = draft_of(with_line(name=text, customerId=text, platform={"storeName": text}))
        assert (draft.name, draft.customer_id) == (text, text)

    @pytest.mark.parametrize(
        "path",
        [
            "name",
            "customerId",
            "originOrgId",
            "platform.id",
            "platform.platform",
            "platform.storeName",
        ],
    )
    @pytest.mark.parametrize("character", ["a", "é", "😀"])
    def test_256_characters_are_refused(self, path: str, character: str) -> None:
        text = character * 256
        field, _, key = path.partition(".")
        raw = with_line(**{field: {key: text} if key else text})
        assert errors_of(raw) == {path: "At most 255 characters; this has 256."}

    @pytest.mark.parametrize("value", [1, True, [], {}, 1.5])
    def test_another_type_is_refused(self, value: object) -> None:
        reported = errors_of(
            with_line(name=value, customerId=value, platform={"id": value}, orgId=value)
        )
        is_text = type(value) in {int, float}  # shops have numbers for these two
        paths = ("name",) if is_text else ("name", "customerId", "platform.id")
        assert reported == {**dict.fromkeys(paths, "Text or null."), "orgId": "Text."}

    @pytest.mark.parametrize(
        ("number", "text"), [(4711, "4711"), (0, "0"), (-1, "-1"), (7.0, "7"), (1.5, "1.5")]
    )
    def test_a_number_is_the_text_of_an_id(self, number: float, text: str) -> None:
        draft = draft_of(with_line(customerId=number, platform={"id": number}))
        assert (draft.customer_id, draft.platform) == (text, {"id": text})

    def test_null_is_a_value_of_these_and_empty_texts_are_kept(self) -> None:
        draft = draft_of(
            with_line(name=None, customerId="", platform={"id": None, "storeName": ""})
        )
        assert (draft.name, draft.customer_id) == (None, "")
        assert draft.platform == {"id": None, "storeName": ""}

    def test_an_origin_org_that_is_empty_or_null_counts_as_not_sent(self) -> None:
        assert draft_of(with_line()).origin_org_id == ""
        assert draft_of(with_line(originOrgId="")).origin_org_id == ""
        assert draft_of(with_line(originOrgId=None)).origin_org_id == ""
        assert draft_of(with_line(originOrgId="reseller-7")).origin_org_id == "reseller-7"


class TestFields:
    @pytest.mark.parametrize("field", [field for field in FIELDS if field != "cart"])
    def test_null_is_the_same_as_left_out(self, field: str) -> None:
        assert draft_of({"cart": [LINE], field: None}) == draft_of({"cart": [LINE]})
        assert draft_of({"cart": None, "status": "List"}) == draft_of({"status": "List"})

    @given(texts.filter(lambda key: key not in FIELDS and "." not in key))
    @example("Name")
    @example("customer_id")
    @example("statuss")
    def test_an_unknown_field_is_refused_by_its_name(self, key: str) -> None:
        sentence = "Set by the service; leave it out." if key in READ_ONLY else "Unknown field."
        assert errors_of({**with_line(), key: 1}) == {key: sentence}

    @pytest.mark.parametrize("field", READ_ONLY)
    def test_what_the_service_sets_cannot_be_sent(self, field: str) -> None:
        assert errors_of(with_line(**{field: "x"})) == {field: "Set by the service; leave it out."}

    @pytest.mark.parametrize("status", ["", "new", "NEW", "New ", "InCart", "Done", 1, [], {}])
    def test_only_the_five_statuses_are_accepted(self, status: object) -> None:
        sentence = "One of: List, In Cart, New, In Progress, Complete."
        assert errors_of(with_line(status=status)) == {"status": sentence}

    def test_other_keys_of_the_platform_are_kept_as_they_come(self) -> None:
        platform = {"z": [1, {"a": [None]}], "id": "7", "store_name": 5, "a": {"b": True}}
        assert list(draft_of(with_line(platform=platform)).platform.items()) == list(
            platform.items()
        )

    @pytest.mark.parametrize("field", ["platform", "metadata", "derivative"])
    @pytest.mark.parametrize("value", ["text", 1, True, [["a", 1]]])
    def test_objects_are_objects(self, field: str, value: object) -> None:
        assert errors_of(with_line(**{field: value})) == {field: "An object."}
        assert getattr(draft_of(with_line(**{field: []})), field) == {}

    @pytest.mark.parametrize("field", ["metadata", "derivative"])
    def test_values_are_any_json_and_kept_exactly(self, field: str) -> None:
        value = {"a": "x", "b": 1, "c": 1.5, "d": True, "e": None, "f": {"g": {"h": ""}}, "": {}}
        assert getattr(draft_of(with_line(**{field: value})), field) == value
        lists = {"a": [], "b": {"c": ["x"], "d": 1, "e": {"f": [{}]}}}
        assert getattr(draft_of(with_line(**{field: lists})), field) == lists
