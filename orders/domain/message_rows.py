"""Read lines of the cart from one line of a message, and say how certain each is."""

# ruff: noqa: RUF001 - multiplication signs and dashes as people write them
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from orders.domain.identifiers import plain_characters
from orders.domain.line_reading import Named, id_of, names_in, unbulleted
from orders.domain.message_facts import MAX_LINE
from orders.domain.message_lines import LineKind, looks_ordered, without_facts
from orders.domain.pasted_lines import read_rows

AMBIGUOUS = "?"  # the ID of a name that several products have
MAX_SEGMENT_WORDS = 40
MAX_NAME_WORDS = 6
MIN_LIKE_ID = 6  # characters of an unknown ID
MAX_SHORT = 6  # words of a line that is no sentence
_NUMBER_LIKE = re.compile(r"[0-9][0-9.,'’]*")
_NUMBERED = re.compile(r"([0-9]{1,3})[.)] +(?=\S)")
_SEGMENTS = re.compile(r"[,;]| and | und | sowie | plus |\. |: ", re.IGNORECASE)
_WORDS = {
    word: str(count)
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    )
    for count, word in enumerate(words.split(), start=1)
}
SUMS = re.compile(
    r"(?:sub-?|grand |zwischen|gesamt|end)?(?:total|sum|summe|betrag|gesamt|netto|brutto|net|gross)"
    r"\b|(?:vat|mwst|ust|tax|steuer|shipping|versand|fracht|freight|discount|rabatt)\b",
    re.IGNORECASE,
)
# A number behind such a word is that of an address, a room, or a page.
_BEFORE_NUMBER = re.compile(
    r"(?:straße|strasse|str\.|weg|gasse|platz|allee|street|road|room|zimmer|raum|floor|etage|page|"
    r"seite|nr\.?|no\.?|number|nummer|week|kw|tel\.?|version|pos\.?|position|item|line)$",
    re.IGNORECASE,
)
_COUNT_FIRST = re.compile(r"([0-9]{1,4})(?: ?[x×*])?")
_UNIT = re.compile(r"(?:x|×|\*|pcs|pc|pieces?|st|stk|stck|stück|units?)\.?", re.IGNORECASE)
_YEAR_LIKE = re.compile(r"(?:19|20)[0-9]{2}")
# `+` behind a count of repeats: what it took is not given back, which would take long in blanks.
_TAIL = re.compile(
    r"[ ,;:.@à*¹²³-]{0,9}+(?:each|je|a|à|per piece|pro stück|please|bitte)?[ ,;:.@*-]{0,9}$", re.I
)


class Mark(StrEnum):
    """Why someone should look at a line of the cart that was read from a text."""

    NONE = ""
    NAME = "name"  # a name decided, not an ID or SKU
    SENTENCE = "sentence"  # the line was part of a sentence
    QUOTED = "quoted"  # the line was quoted from another message
    COUNT = "count"  # the quantity was a word, or may be another number


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A line of the cart that was read from a text.

    `reference` and `count` are as in PastedLine. `source` is the text that it was read from. If a
    name decided, `product_id` is the ID of the product.
    """

    reference: str
    count: str
    source: str
    mark: Mark = Mark.NONE
    product_id: str = ""


@dataclass(frozen=True)
class Catalog:
    """Which of the texts in a message name products: by ID or SKU, and by name."""

    exact: Named
    by_name: Named

    def all(self) -> Named:
        return {**self.by_name, **self.exact}


def _is_like_id(word: str) -> bool:
    return any(map(str.isdigit, word)) and not word.isdigit()


def has_product(line: str, catalog: Catalog) -> bool:
    """Return whether a word of a line is the ID or SKU of a product."""
    return any(id_of(_plain(word), catalog.exact) for word in line[:MAX_LINE].split())


def names_exactly(cell: str, catalog: Catalog) -> bool:
    """Return whether an ID or SKU in a cell names a product."""
    return any(id_of(name, catalog.exact) for name in names_in(cell))


def parts_of(line: str) -> Iterator[str]:
    """Yield the texts in a line of a message that are looked up, beside those of `read_rows`."""
    bare = without_facts(line)
    yield from names_in(_TAIL.sub("", bare))
    yield from names_in(_spelled(bare))
    words = unbulleted(bare).split()
    yield from (_plain(word) for word in words if len(words) <= MAX_SHORT or _is_like_id(word))
    for segment in _segments(line):
        for at, word in enumerate(segment):
            start = _start_of_name(segment, at) if _count_in(word) else len(segment)
            for end in range(start + 1, min(start + MAX_NAME_WORDS, len(segment)) + 1):
                yield _plain(" ".join(segment[start:end]))


def is_no_count(count: str, source: str) -> bool:
    """Return whether a number beside a name is more likely a year or a postal code."""
    is_alone = re.search(rf"(?<![\w.,]){count}(?! ?(?:x|×|pcs|st))(?![\w.,])", source, re.I)
    is_odd = count.startswith("0") or len(count) > 4 or bool(_YEAR_LIKE.fullmatch(count))
    return bool(count) and is_odd and is_alone is not None


def read_message_line(line: str, kind: LineKind, catalog: Catalog) -> list[MessageRow]:
    """Return the lines of the cart in a line of a message; [] if it only says something."""
    source = " ".join(plain_characters(line).split())
    if SUMS.match(unbulleted(source)) and not names_exactly(source, catalog):
        return []
    whole = _line_alone(line, source, catalog, has_names=kind is not LineKind.SIGNATURE)
    if whole is not None:
        return [replace(whole, mark=whole.mark or Mark.SENTENCE) if kind is LineKind.SIGNATURE
                else whole]  # fmt: skip
    if kind is LineKind.SIGNATURE:
        return []
    return list(_in_sentence(line, source, catalog)) or _in_short_line(line, source, catalog)


def _in_short_line(line: str, source: str, catalog: Catalog) -> list[MessageRow]:
    if named := _named_alone(line, catalog):
        return [MessageRow(*named, source, Mark.COUNT)]
    bare = unbulleted(_spelled(without_facts(line)))
    ordered = looks_ordered(bare) or _like_an_order(bare.split())
    return [MessageRow(*ordered, source, Mark.COUNT)] if ordered else []


def _like_an_order(words: Sequence[str]) -> tuple[str, str] | None:
    """Return (name, count) of two words of which one is like an ID: "OSL-XX-99 4"; else None."""
    for name, count in (words, words[::-1]) if len(words) == 2 else ():
        plain = _plain(name)
        is_id = len(plain) >= MIN_LIKE_ID and "-" in plain and _is_like_id(plain)
        if is_id and _COUNT_FIRST.fullmatch(count) and _count_in(count):
            return plain, str(_count_in(count))
    return None


def _line_alone(line: str, source: str, catalog: Catalog, *, has_names: bool) -> MessageRow | None:
    """Return the row that a whole line is, if it names a product and says a count."""
    bare = _TAIL.sub("", without_facts(line))
    for text in dict.fromkeys((line, bare, _spelled(bare))):
        for row in _rows_of(text, catalog.exact):
            if id_of(row.reference, catalog.exact) is None or not row.count.isdigit():
                continue
            if not _has_count(row, bare) and text is line and bare != line:
                continue  # the count was part of a day, a price or the like
            is_certain = text in {line, bare} and not _is_unsaid(row, text)
            if is_no_count(row.count, source):
                return MessageRow(row.reference, "", source, Mark.COUNT)
            return replace(row, source=source, mark=Mark.NONE if is_certain else Mark.COUNT)
    for text in dict.fromkeys((bare, _spelled(bare))) if has_names else ():
        for row in _rows_of(text, catalog.all()):
            own = catalog.by_name.get(row.reference)
            if own and row.count.isdigit() and not _is_unsaid(row, text):
                if is_no_count(row.count, source):
                    return None
                return _named_row(row.reference, row.count, source, own)
    return None


def _named_row(name: str, count: str, source: str, own: str) -> MessageRow:
    """Return the row of a name; if several products have it, the row names none."""
    if own == AMBIGUOUS:
        return MessageRow(name, count, source, Mark.COUNT)
    return MessageRow(name, count, source, Mark.NAME, own)


def _rows_of(text: str, named: Named) -> list[MessageRow]:
    lines = read_rows(text, lambda _: named)
    return (
        [MessageRow(line.reference, line.count, "") for line, _ in lines] if len(lines) == 1 else []
    )


def _has_count(row: MessageRow, text: str) -> bool:
    return row.count == "1" or re.search(rf"(?<![0-9]){row.count}(?![0-9])", text) is not None


def _is_unsaid(row: MessageRow, text: str) -> bool:
    """Return whether a count of 1 is not in the text beside the reference."""
    rest = text.replace(row.reference, " ", 1)
    return row.count == "1" and re.search(r"(?<![0-9])1(?![0-9])", rest) is None


def _segments(line: str) -> list[list[str]]:
    bare = unbulleted(without_facts(line))
    return [part.split()[:MAX_SEGMENT_WORDS] for part in _SEGMENTS.split(f"{bare} ")]


def _plain(text: str) -> str:
    return text.strip(" .,;:!?()\"'“”„‘’")


def _in_sentence(line: str, source: str, catalog: Catalog) -> Iterator[MessageRow]:
    """Yield the lines of the cart inside of a sentence: a count, and a product right behind it."""
    for words in _segments(line):
        at = 0
        while at < len(words):
            is_label = at > 0 and _BEFORE_NUMBER.search(words[at - 1]) is not None
            count = None if is_label else _count_in(words[at])
            start = _start_of_name(words, at)
            name, end = _longest_name(words, start, catalog) if count else ("", at)
            if name:
                if id_of(name, catalog.exact):
                    yield MessageRow(name, str(count), source, Mark.SENTENCE)
                else:
                    yield _named_row(name, str(count), source, catalog.by_name[name])
            at = max(end, at + 1)


def _start_of_name(words: Sequence[str], at: int) -> int:
    """Return where a name begins behind the count at `at`: behind its unit, if it has one."""
    has_unit = len(words) > at + 1 and _UNIT.fullmatch(words[at + 1]) is not None
    return at + 1 + has_unit


def _count_in(word: str) -> str | None:
    match = _COUNT_FIRST.fullmatch(word)
    if match is not None:
        is_count = not match[1].startswith("0") and not (
            _YEAR_LIKE.fullmatch(match[1]) and match[0] == match[1]
        )
        return match[1] if is_count else None
    return _WORDS.get(word.casefold())


def _longest_name(words: Sequence[str], at: int, catalog: Catalog) -> tuple[str, int]:
    """Return the longest text from `at` on that names a product, and where it ends.

    IDs and SKUs go before names. A single word that is part of a name counts at the end only,
    because more words may say another product.
    """
    ends = range(min(at + MAX_NAME_WORDS, len(words)), at, -1)
    names = [(_plain(" ".join(words[at:end])), end) for end in ends]
    for name, end in names:
        if id_of(name, catalog.exact):
            return name, end
    for name, end in names:
        if name in catalog.by_name and (end - at > 1 or end == len(words)):
            return name, end
    return "", at


def _named_alone(line: str, catalog: Catalog) -> tuple[str, str] | None:
    """Return (reference, count) of a short line with one product's ID or SKU.

    The count is a number as it is written, such as "1.000", which the check of the line refuses; or
    "" if there is none.
    """
    words = unbulleted(without_facts(line)).split()
    found = {
        own: name
        for word in words
        if (name := _plain(word)) and (own := id_of(name, catalog.exact))
    }
    if len(found) != 1 or len(words) > MAX_SHORT or words[-1][-1] in ".!?":
        return None
    [name] = found.values()
    numbers = [word for word in words if _NUMBER_LIKE.fullmatch(word) and not word.isdigit()]
    return name, numbers[0] if len(numbers) == 1 else ""


def _spelled(line: str) -> str:
    """Return a line with the number words at its ends as digits, and without its list number."""
    bare = _NUMBERED.sub("", unbulleted(line), count=1)
    words = bare.split()
    if len(words) > 1:
        words[0] = _WORDS.get(words[0].casefold(), words[0])
        words[-1] = _WORDS.get(words[-1].casefold(), words[-1])
    return " ".join(words)
