"""Compares the order form with what is usual for its customer, and says so at the fields."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from orders.domain.attributes import AttributeRule, Kind, display
from orders.domain.habits import differences
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.i18n import gettext, translated
from orders.services.accounts.access import StaffMember
from orders.services.orders.customer_habits import CustomerHabits, load_habits

MAX_SHOWN = 60  # characters of a value in a sentence
# Words that only the beginning of a text gives a capital letter, in the languages of the pages.
_ENGLISH = "a|an|and|as|at|by|for|from|in|into|no|not|of|off|on|only|onto|the|to|up|with|without"
_GERMAN = (
    "ab|als|am|an|auf|aus|bei|bis|das|dem|den|der|die|ein|eine|frei|für|im|in|ins|kein|keine|mit"
    "|nach|nicht|nur|ohne|und|unter|vom|von|vor|zu|zum|zur"
)
_SMALL_WORDS = frozenset(f"{_ENGLISH}|{_GERMAN}".split("|"))


@dataclass(frozen=True, slots=True)
class Difference:
    """An attribute of the form whose value is not the usual one of the customer.

    `field` is the name of its form field; `now` and `usual` are its values as people read them, and
    `now` is "" for no value.
    """

    path: str
    field: str
    label: str
    now: str
    usual: str

    @property
    def note(self) -> str:
        """The sentence at the field."""
        return gettext("usually %(value)s", value=self.usual)


def habits_of(entry: OrderEntry, member: StaffMember) -> CustomerHabits:
    """Return what is known of the customer in the form; it is read once for each customer."""
    typed = entry.form.customer_id.data or ""
    known = entry.habits.get(typed)
    if known is None:
        known = load_habits(typed, member.org_id, member.actor.org.attributes, but=entry.own_code)
        entry.habits[typed] = known
    return known


def differences_in(entry: OrderEntry, member: StaffMember) -> list[Difference]:
    """Return the attributes in the form that differ from what is usual for its customer."""
    habits = habits_of(entry, member).values
    if not habits:
        return []
    fields = {one.path: one for one in entry.attributes}
    values = {path: one.value for path, one in fields.items()}
    rules = [one.rule for one in entry.attributes]
    return [
        Difference(
            rule.path, fields[rule.path].field.name, rule.label,
            within_sentence(shown_value(rule, values[rule.path]), values[rule.path]),
            within_sentence(shown_value(rule, habit.value), habit.value),
        )
        for rule, habit in differences(values, habits, rules)
    ]  # fmt: skip


def shown_value(rule: AttributeRule, value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return a value as one short line of text in the page's language; "" for no value."""
    if value in (None, "", []):
        return gettext("No") if rule.kind is Kind.BOOLEAN else ""
    text = " ".join(translated(display(rule, value)).split())
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def within_sentence(text: str, value: object) -> str:
    """Return an option's text as it is written inside a sentence.

    Its first letter becomes small only where that is safe: if the option's value is the same word
    in small letters, or if the text begins with a word such as “into” or “zum”. Names and German
    nouns keep their capital.
    """
    first = text.partition(" ")[0]
    is_small = text.lower() == value or (first != text and first.lower() in _SMALL_WORDS)
    return text[:1].lower() + text[1:] if is_small else text


def said_value(rule: AttributeRule, value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return a value as `shown_value`, but a box by its label if it is ticked, else ""."""
    if rule.kind is Kind.BOOLEAN:
        return rule.label if value is True else ""
    return within_sentence(shown_value(rule, value), value)


def flag(field_id: str, note: str) -> Markup:
    """Return the HTML of a note about a value that differs: a mark, words, and an ID."""
    return Markup(
        '<span class="differs" id="{}-differs"><span aria-hidden="true">▲</span> {}</span>'
    ).format(field_id, note)
