"""Strategies for JSON values, valid ones and ones with errors, for property-based tests."""

from hypothesis import strategies as st

# Characters that UTF-8 can write down, without NUL.
clean_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
clean_numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
clean_scalars = st.none() | st.booleans() | clean_numbers | clean_text
clean_json = st.recursive(
    clean_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text, inner, max_size=4),
    max_leaves=12,
)
# Floats have several shortest forms (1e16, 1e+16); of everything else there is one.
json_of_one_form = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | clean_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text, inner, max_size=4),
    max_leaves=12,
)
clean_objects = st.dictionaries(clean_text, clean_json, max_size=4)

# Everything that Python's parser can give, broken characters and endless numbers included, and
# values that it never returns.
any_text = st.text(st.characters(), max_size=8) | st.sampled_from(["\0", "\ud800", "a\udfffb"])
any_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | any_text
    | st.sampled_from([2**63, -(2**63) - 1, 10**400, b"bytes", (1, 2), object()])
)
any_json = st.recursive(
    any_scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(any_text | st.integers(), inner, max_size=4)
    ),
    max_leaves=15,
)
