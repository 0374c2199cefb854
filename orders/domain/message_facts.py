"""Find in a pasted text what an order says beside its lines: customer, order number, days, weeks.

All rules are fixed: a number, day or week counts only beside a word that says what it is. Words are
English and German, and the labels of the org's own attributes. Every pattern looks at one line of
at most MAX_LINE characters, so that reading takes time in proportion to the text.
"""

# ruff: noqa: RUF001 - dashes and quotation marks as people write them
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.column_matching import plain_name
from orders.domain.identifiers import plain_characters
from orders.domain.repeated_numbers import PO_KEYS
from orders.domain.search_text import fold
from orders.domain.value_formats import read_date, read_week

MAX_LINE = 500  # characters of a line in which facts are looked for
MAX_PHRASES = 4_000  # texts that may be the name of a customer
MAX_TOKENS = 2_000  # texts that may be the ID of a customer
MAX_PHRASE_WORDS = 6
MIN_ID, MIN_NAME = 4, 4  # characters
CUSTOMER = "customerId"

_MONTH = (
    r"(?:jan(?:uary|uar)?|jän(?:ner)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|mrz|apr(?:il)?|may|mai|"
    r"june?|juni?|july?|juli?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|okt(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|dez(?:ember)?)\b\.?"
)
_YEAR = r"(?:20[0-9]{2}|[0-9]{2}(?![0-9.]))"
DATE = re.compile(
    rf"(?<![0-9.])(?:20[0-9]{{2}}-[01]?[0-9]-[0-3]?[0-9](?![0-9-])"
    rf"|[0-3]?[0-9]\. ?[01]?[0-9]\.(?: ?{_YEAR})?(?![0-9])"
    rf"|[0-3]?[0-9]([/-])[0-3]?[0-9]\1{_YEAR}(?![0-9])"
    rf"|[0-3]?[0-9](?:\.|st|nd|rd|th)? ?(?:of )?{_MONTH},?(?: {_YEAR})?"
    rf"|{_MONTH} [0-3]?[0-9](?:st|nd|rd|th)?(?![0-9]),?(?: 20[0-9]{{2}})?)",
    re.IGNORECASE,
)
WEEK = re.compile(
    r"\b(?:20[0-9]{2}[ /-]?W(?:eek)? ?[0-9]{1,2}"
    r"|(?:kalenderwoche|calendar week|week|woche|wk|kw|cw)(?: no)?\.? ?[0-9]{1,2}"
    r"(?: ?[/,.-] ?20[0-9]{2}| of 20[0-9]{2}| 20[0-9]{2})?)(?![0-9])",
    re.IGNORECASE,
)
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}\b")
_LABEL_END = r"(?:[ .-]{0,2}(?:numbers?|nummern?|no|nr|num|ids?|#|ref(?:erence)?|zeichen))"
_NUMBER = r"[:.#]{0,2} {0,3}[\"“„]?(?P<number>[A-Za-z0-9][A-Za-z0-9/_.-]{0,40}[A-Za-z0-9]|[0-9])"
_PO = re.compile(
    r"(?<![\w-])(?:"
    rf"p\.? ?o\.?(?![\w]| ?box){_LABEL_END}?[ -]?"
    rf"|(?:customer |purchase )?order{_LABEL_END}|purchase[ -]order{_LABEL_END}?"
    rf"|(?:kunden)?bestell(?:ung(?:s)?)?{_LABEL_END}|auftrags?{_LABEL_END}"
    r"|bestellung(?= [0-9/-]{3,}(?:$|[,.; )]))|our ref(?:erence)?"
    rf"){_NUMBER}",
    re.IGNORECASE,
)
_YOURS = re.compile(r"\b(?:your|ihre?[rnms]?|eure?[rnms]?) *$", re.IGNORECASE)
_CUSTOMER_ID = re.compile(
    r"(?<![\w-])(?:(?:customer|client|account|kunden|kd)"
    rf"{_LABEL_END}){_NUMBER}",
    re.IGNORECASE,
)
# What says that a day or week is that of the delivery.
_DELIVERY = re.compile(
    r"deliver|liefer|zustell|ship|versand|dispatch|arriv|eintreff|needed|wanted|wunschtermin|"
    r"benötig|due\b|fällig|anliefer",
    re.IGNORECASE,
)
_DEADLINE = re.compile(
    r"\b(?:by|until|before|no later than|latest|bis(?: zum)?|vor dem|spätestens(?: am)?)\W{1,3}$",
    re.IGNORECASE,
)
# What asks for something: a deadline beside it is that of the delivery.
_WANTED = re.compile(
    r"\b(?:send|need|require|order|please|schick|brauch|benötig|bestell|bitte)", re.IGNORECASE
)
MAX_ALONE = 6  # words of a line that says a deadline and nothing else
_DELIVERY_STEMS = (
    "deliver", "liefer", "zustell", "ship", "versand", "due", "termin", "arriv", "wunsch", "fallig",
)  # fmt: skip
_WORD = re.compile(r"[^\W_]{4,}")
_NAME_PART = re.compile(r"[\w&.'’+-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A value that a text has for a field of the order.

    `path` is the field's path, such as "metadata.poNumber". `value` is the value as JSON has it,
    and `text` the words from which it was read. `is_exact` is false if something was inferred, such
    as the year of a week.
    """

    path: str
    value: str
    text: str
    is_exact: bool


@dataclass(frozen=True, slots=True)
class CustomerHints:
    """Texts in a message that may name its customer.

    `labelled` are IDs behind a label ("Customer no. 12"), `tokens` are words that may be an ID,
    `mails` are e-mail addresses in lowercase, and `names` are phrases that may be a name.
    """

    labelled: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass
class FactReader:
    """Reads the facts of an order from lines of text.

    `rules` are the org's attributes. `today` decides the year of a day or week without one: it is
    the next one.
    """

    rules: Sequence[AttributeRule]
    today: date
    _found: dict[str, dict[str, Found]] = field(default_factory=dict)

    def read(self, lines: Iterable[str]) -> list[Found]:
        """Return what the lines say for the order's fields, by field in the order of `rules`.

        A field for which they say several things has several entries, none of which is exact.
        """
        self._found = {}
        for line in lines:
            text = " ".join(plain_characters(line[:MAX_LINE]).split())
            self._read_numbers(text)
            self._read_days(text)
        return [
            found if len(values) == 1 else Found(found.path, found.value, found.text, False)
            for rule in self.rules
            for values in (self._found.get(rule.path, {}),)
            for found in values.values()
        ]

    def _add(self, path: str, value: str, text: str, *, is_exact: bool) -> None:
        values = self._found.setdefault(path, {})
        if value not in values or (is_exact and not values[value].is_exact):
            values[value] = Found(path, value, text, is_exact)

    def _read_numbers(self, line: str) -> None:
        rule = po_rule(self.rules)
        if rule is None:
            return
        for match in _PO.finditer(line):
            number = match["number"]
            if any(map(str.isdigit, number)) and not DATE.fullmatch(number):
                # In a customer's words, “your order” has the number that we have given it.
                is_ours = _YOURS.search(line[: match.start()]) is not None
                self._add(rule.path, number, match[0].strip(), is_exact=not is_ours)
                return
        for name in rule.names:
            at = line.casefold().find(name.casefold())
            rest = re.match(_NUMBER, line[at + len(name) :].lstrip()) if at >= 0 and name else None
            if rest is not None and any(map(str.isdigit, rest["number"])):
                self._add(rule.path, rest["number"], line[at : at + 80], is_exact=True)
                return

    def _read_days(self, line: str) -> None:
        for match in WEEK.finditer(line):
            if week := self._week(match[0]):
                self._place(line, match, Kind.WEEK, week[0], is_whole=week[1])
        for match in DATE.finditer(line):
            if day := self._day(match[0]):
                self._place(line, match, Kind.DATE, day[0], is_whole=day[1])

    def _place(
        self, line: str, match: re.Match[str], kind: Kind, value: str, *, is_whole: bool
    ) -> None:
        """Note a day or week for the attribute that the words of its line name, if it is one."""
        rules = [rule for rule in self.rules if rule.kind is kind]
        words = set(map(fold, _WORD.findall(line)))
        own = [rule for rule in rules if words & _words_of(rule)]
        is_said = bool(_DELIVERY.search(line))
        is_delivery = is_said or bool(_DEADLINE.search(line[: match.start()]))
        is_sure = is_said or bool(_WANTED.search(line)) or len(line.split()) <= MAX_ALONE
        if len(own) != 1 and is_delivery:
            own = [rule for rule in (own or rules) if _is_of_delivery(rule)]
            own = own or (rules if len(rules) == 1 else [])
        if len(own) == 1:
            is_exact = is_whole and (is_sure or bool(words & _words_of(own[0])))
            self._add(own[0].path, value, _around(line, match), is_exact=is_exact)
        elif kind is Kind.DATE and is_delivery and not rules:
            year, week, _ = date.fromisoformat(value).isocalendar()
            weeks = [rule for rule in self.rules if rule.kind is Kind.WEEK]
            weeks = [rule for rule in weeks if _is_of_delivery(rule)] or weeks
            if len(weeks) == 1:
                text = _around(line, match)
                self._add(weeks[0].path, f"{year}-W{week:02}", text, is_exact=False)

    def _week(self, text: str) -> tuple[str, bool] | None:
        """Return a week in ISO 8601, and whether its year was written."""
        week = read_week(re.sub(r"(?i)calendar week|(?<=week) no\.?", "week", text))
        if week != text or re.fullmatch(r"20[0-9]{2}-W[0-9]{2}", week):
            return (week, True) if _monday(week) else None
        [number] = re.findall(r"[0-9]{1,2}", text)[-1:] or ["0"]
        year = self.today.isocalendar().year
        for candidate in (f"{year}-W{int(number):02}", f"{year + 1}-W{int(number):02}"):
            monday = _monday(candidate)
            if monday is not None and monday + timedelta(days=6) >= self.today:
                return candidate, False
        return None

    def _day(self, text: str) -> tuple[str, bool] | None:
        """Return a day in ISO 8601, and whether its year was written in full."""
        bare = re.sub(r" of ", " ", text.strip(" ,"))
        if _is_day(day := read_date(bare)):
            return day, True
        short = re.sub(r"([0-9./-]{3,10}|[a-zäA-ZÄ.]{3,12},? )([0-9]{2})$", r"\g<1>20\2", bare)
        if short != bare and _is_day(day := read_date(short)):
            return day, False
        for year in (self.today.year, self.today.year + 1):
            day = read_date(f"{bare}{'' if bare.endswith('.') else ' '}{year}")
            if _is_day(day) and date.fromisoformat(day) >= self.today:
                return day, False
        return None


def po_rule(rules: Iterable[AttributeRule]) -> AttributeRule | None:
    """Return the first attribute whose key or label is that of a purchase order number."""
    kinds = {Kind.TEXT, Kind.NUMBER}
    for rule in rules:
        if rule.kind in kinds and any(plain_name(name) in PO_KEYS for name in rule.names):
            return rule
    return None


def customer_hints(lines: Iterable[str]) -> CustomerHints:
    """Return the texts in lines that may name the customer."""
    labelled: dict[str, None] = {}
    tokens: dict[str, None] = {}
    mails: dict[str, None] = {}
    names: dict[str, None] = {}
    for line in lines:
        text = " ".join(plain_characters(line[:MAX_LINE]).replace("\0", " ").split())
        labelled |= {match["number"]: None for match in _CUSTOMER_ID.finditer(text)}
        mails |= {match[0].lower(): None for match in MAIL.finditer(text)}
        if len(tokens) < MAX_TOKENS:
            tokens |= dict.fromkeys(filter(_may_be_id, re.findall(r"[\w./-]+", text)))
        if len(names) < MAX_PHRASES:
            names |= dict.fromkeys(_phrases(text))
    return CustomerHints(tuple(labelled), tuple(tokens), tuple(mails), tuple(names))


def _may_be_id(token: str) -> bool:
    return len(token) >= MIN_ID and not token.isdigit()


def _phrases(line: str) -> Iterator[str]:
    words = _NAME_PART.findall(line)[:40]
    for at, word in enumerate(words):
        if word[0].isupper() or word[0].isdigit():
            for end in range(at + 1, min(at + MAX_PHRASE_WORDS, len(words)) + 1):
                phrase = " ".join(words[at:end]).rstrip(".")
                if len(phrase) >= MIN_NAME:
                    yield phrase


def _words_of(rule: AttributeRule) -> set[str]:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", " ".join(rule.names))
    return {fold(word) for word in _WORD.findall(split)} - {"date", "week", "datum", "woche"}


def _is_of_delivery(rule: AttributeRule) -> bool:
    names = fold(" ".join(rule.names))
    return any(stem in names for stem in _DELIVERY_STEMS)


def _around(line: str, match: re.Match[str]) -> str:
    """Return the words before a day or week, and itself."""
    return line[max(0, match.start() - 40) : match.end()].strip(" ,.;:")


def _monday(week: str) -> date | None:
    with suppress(ValueError):
        return date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)
    return None


def _is_day(text: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None
