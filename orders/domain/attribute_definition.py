"""The check of an attribute's definition: its key, texts, options, and what it is used for."""

import re
from collections.abc import Iterable

from orders.domain import value_formats
from orders.domain.attributes import (
    DATED,
    MAX_GROUP,
    MAX_KEY,
    SUMMABLE,
    WITH_OPTIONS,
    Applies,
    AttributeRule,
    Kind,
    has_value,
    value_fault,
)
from orders.domain.errors import FieldError
from orders.domain.json_values import find_unstorable, printable
from orders.domain.texts import lazy_gettext

_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z0-9]{2,8})*")


def check_definition(rule: AttributeRule) -> list[FieldError]:
    """Return the errors in an attribute's definition; [] if it is valid.

    The path of each error is `key`, `label`, `labels.<code>`, `hint`, `placeholder`, `group`,
    `option`, `options.<code>`, `default`, `is_due` or `total`.
    """
    errors = []
    if not 1 <= len(rule.key) <= MAX_KEY or rule.key != rule.key.strip() or "." in rule.key:
        sentence = lazy_gettext(
            "1 to %(most)s characters, no dots, no spaces at either end.", most=MAX_KEY
        )
        errors.append(FieldError("key", sentence))
    if not rule.label.strip() or len(rule.label) > MAX_KEY:
        sentence = lazy_gettext("1 to %(most)s characters.", most=MAX_KEY)
        errors.append(FieldError("label", sentence))
    options = [text for option in rule.options for text in (option.value, option.label)]
    for path, value in (("key", rule.key), ("label", rule.label), ("default", rule.default)):
        errors += find_unstorable(value, path, nesting=1)
    errors += [FieldError("option", error.message) for error in find_unstorable(options, nesting=1)]
    errors += _option_faults(rule)
    errors += _text_faults(rule)
    errors += _use_faults(rule)
    if not errors and rule.default is not None:
        message = value_fault(rule, rule.default)
        if rule.required and not has_value(rule.default):
            message = lazy_gettext("A required attribute cannot have an empty default.")
        errors += [FieldError("default", message)] if message else []
    return errors


def _option_faults(rule: AttributeRule) -> Iterable[FieldError]:
    values = [option.value for option in rule.options]
    if rule.kind not in WITH_OPTIONS:
        if values:
            yield FieldError("option", lazy_gettext("This kind has no options."))
        return
    if rule.kind is Kind.MONEY:
        known = value_formats.all_currencies()
        if not known.issuperset(values):
            sentence = lazy_gettext("Codes of currencies, such as EUR, one in each line.")
            yield FieldError("option", sentence)
    elif not values:
        yield FieldError("option", lazy_gettext("Add at least one option."))
    if len(set(values)) < len(values):
        yield FieldError("option", lazy_gettext("Use each value only once."))
    if not all(value.strip() for value in values):
        yield FieldError("option", lazy_gettext("The value cannot be empty."))
    # Each option is written in one line, `value=Label`, and must be read back the same.
    if any("=" in value or value != value.strip() for value in values) or any(
        set("\r\n") & set(option.value + option.label) for option in rule.options
    ):
        sentence = lazy_gettext(
            "One option per line; a value cannot contain “=” or start or end with a space."
        )
        yield FieldError("option", sentence)


def _text_faults(rule: AttributeRule) -> Iterable[FieldError]:
    """Yield the errors in hint, placeholder, group, and labels in other languages."""
    limits = {"hint": MAX_KEY, "placeholder": MAX_KEY, "group": MAX_GROUP}
    texts = {name: (str(getattr(rule, name)), most) for name, most in limits.items()}
    texts |= {f"labels.{code}": (label, MAX_KEY) for code, label in rule.labels.items()}
    of_options = {
        (f"options.{code}", label)
        for option in rule.options
        for code, label in option.labels.items()
    }
    for path, text, most in (
        *((path, text, most) for path, (text, most) in texts.items()),
        *((path, label, MAX_KEY) for path, label in sorted(of_options)),
    ):
        code = path.partition(".")[2]
        if code and not _LANGUAGE.fullmatch(code):
            yield FieldError(printable(path), lazy_gettext("A code of a language, such as de."))
        elif len(text) > most:
            yield FieldError(path, lazy_gettext("At most %(most)s characters.", most=most))
        elif set("\r\n") & set(text):
            yield FieldError(path, lazy_gettext("One line."))
        elif code and not text.strip():
            sentence = lazy_gettext("1 to %(most)s characters.", most=most)
            yield FieldError(path, sentence)
        else:
            yield from find_unstorable(text, path, nesting=0)


def _use_faults(rule: AttributeRule) -> Iterable[FieldError]:
    """Yield the errors in `is_due` and `total`, which few kinds of attributes can have."""
    is_of_lines = rule.applies is Applies.LINE
    if rule.is_due and (rule.kind not in DATED or is_of_lines):
        sentence = lazy_gettext("Only a date or a calendar week of the whole order can be due.")
        yield FieldError("is_due", sentence)
    if rule.total and (rule.kind not in SUMMABLE or not is_of_lines):
        sentence = lazy_gettext("Only numbers and amounts of money of lines can be added up.")
        yield FieldError("total", sentence)
