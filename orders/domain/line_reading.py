"""Read a cart line from text: which product, and how many.

The catalog is consulted first: text that names a saved configuration is a reference to it, and only
the rest can be a count. If text can be read in two ways, neither is chosen: the line keeps the text
as it was written, without a count, so that the check of the line reports it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from orders.domain.column_matching import COUNT_WORDS, plain_name
from orders.domain.identifiers import clean_reference, plain_characters, read_uuid
from orders.domain.typed_values import read_whole

# A text (ID, short ID or SKU) -> the ID of the only saved configuration that it names.
Named: TypeAlias = Mapping[str, str]
# Returns those of the texts that name a saved configuration, with its ID.
LookUp: TypeAlias = Callable[[set[str]], Named]
MAX_PROSE = 300  # characters of a line in which a count is looked for
MAX_CELL_READ = 1_000  # characters of a cell in which references are looked for
MAX_LINES = 5  # lines of a cell that may each be a reference
MAX_COUNT = 24  # characters of a count of six digits, because seven can be a short ID
_UNITS = COUNT_WORDS | {"pc", "piece", "unit", "ea", "each", "st", "x"}
_COUNT = re.compile(
    r"(\()?(?:[x×*] ?|([^\W\d_]{1,8})[.:]? )?([0-9]{1,6})(?: ?(?:[×*]|([^\W\d_]{1,8})\.?))?(\))?",  # noqa: RUF001
    re.IGNORECASE,
)
# What spreadsheets make of a whole number. Three zeros would be a thousand to many.
_WITH_ZEROS = re.compile(r"([0-9]{1,18})[.,]0{1,2}")
# A count that follows without a blank: `A-1:4`, `A-1(4)`.
_AT_THE_END = re.compile(r"(?=\([^()]*\)$)|(?<=[:=])(?=[0-9]+$)")
_LIKE_AN_ID = re.compile(r"(?=.*[0-9])(?=.*[A-Z_-]).+")
_BULLETS = re.compile(r"(?:[>*•·-]\s+)+")  # lists and quotations in e-mails
# What says that a number is that of a product: "Art.-Nr. 4711", "SKU: 4711". It is only left out at
# the beginning: within a text it is part of what was typed.
_LABEL = re.compile(
    r"(?:(?:art(?:icle|ikel)?|item|prod(?:uct|ukt)?|part|material)[. -]{0,2}"
    r"(?:nr|no|num(?:ber|mer))\b|sku\b)[.:# -]{1,3}(?=\S)",
    re.IGNORECASE,
)
_SIGNS = " .,;:'“”„‘’"  # noqa: RUF001 - around a cell that names something
_ENDS = " .,;:=-\"'“”„‘’"  # noqa: RUF001 - signs around a reference in a sentence


@dataclass(frozen=True, slots=True)
class PastedLine:
    """A cart line read from text.

    `reference` is the text that names the configuration, and `count` has the digits of the count.
    Each is "" if it is missing or uncertain.
    """

    reference: str
    count: str


@dataclass(frozen=True, slots=True)
class LineColumns:
    """The positions of the columns from which cart lines are read.

    `references` are the columns that name configurations, the best one first. `count` is the column
    of counts, or None if there is none.
    """

    references: tuple[int, ...]
    count: int | None


def names_in(cell: str) -> Iterator[str]:
    """Yield the texts in a cell that may name a configuration.

    Yields nothing for a cell of more than MAX_CELL_READ characters.
    """
    if len(cell) > MAX_CELL_READ:
        return
    for text in (cell, unbulleted(cell)):
        yield from _names(text)
        yield " ".join(text.split())
        yield from (reference for reference, *_ in _readings(text))


def _names(cell: str) -> Iterator[str]:
    """Yield what may name a configuration: the whole cell, cleaned, and its first lines.

    At most MAX_LINES lines are read.
    """
    if "\n" not in cell:
        yield clean_reference(cell)
        yield cell.strip(_SIGNS)
        if (rest := without_label(cell)) != cell:
            yield rest.strip(_SIGNS)
    else:
        yield " ".join(cell.split())
        yield from (clean_reference(line) for line in cell.split("\n", MAX_LINES)[:MAX_LINES])


def unbulleted(text: str) -> str:
    """Return text without bullets and quote marks at its start ("- ", "> ").

    Text that would be empty without them is returned unchanged.
    """
    bullets = _BULLETS.match(text)
    return text[bullets.end() :] if bullets and bullets.end() < len(text) else text


def id_of(name: str, named: Named) -> str | None:
    """Return the ID of the configuration that a text names, or None.

    `named` maps texts to the IDs of saved configurations. A text that is itself a UUID is returned
    in canonical form, even if it is not in `named`.
    """
    return named.get(name) or read_uuid(name)


def names_of(cell: str, named: Named) -> dict[str, str]:
    """Return the IDs of all configurations that a cell names, each mapped to the text naming it."""
    return {own: name for name in _names(cell) if (own := id_of(name, named))}


def named_by(cell: str, named: Named) -> str | None:
    """Return the text in a cell that names a configuration, or None if that is not certain.

    None if the cell names no configuration or several, or if one of its other lines may be a count
    or another cart line.
    """
    found = names_of(cell, named)
    if len(found) != 1:
        return None
    [name] = found.values()
    if "\n" not in cell or name == " ".join(cell.split()):
        return name
    others = (line for line in cell.split("\n") if not id_of(clean_reference(line), named))
    return name if all(map(_describes, others)) else None


def _describes(line: str) -> bool:
    """Return whether a line of a cell can only be a description, not a count or a reference.

    A description is empty, or has several words, none of which is a count or looks like an ID.
    """
    words = unbulleted(line.strip()).split()
    has_count = any(count_of(" ".join(words[at : at + 2])) for at in range(len(words)))
    has_count = has_count or any(_readings(" ".join(words)))
    return len(words) != 1 and not has_count and not any(map(_LIKE_AN_ID.fullmatch, words))


def count_of(cell: str) -> str | None:
    """Return the digits of a count ("3", "3 x", "(3 pcs)"); None for any other text."""
    match = _COUNT.fullmatch(cell) if len(cell) <= MAX_COUNT else None
    if match is None:
        return None
    opened, before, digits, behind, closed = match.groups()
    is_unit = {plain_name(word) for word in (before, behind) if word} <= _UNITS
    return digits if is_unit and bool(opened) == bool(closed) else None


def read_count(text: str) -> int | str:
    """Return a count ("3", "3 pcs", "3.0") as an int; any other text in plain characters."""
    bare = plain_characters(text).strip(" ")
    match = _WITH_ZEROS.fullmatch(bare)
    digits = match[1] if match else count_of(bare)
    return int(digits) if digits else read_whole(bare)


def line_of(cells: Sequence[str], columns: LineColumns, named: Named) -> PastedLine:
    """Return the cart line in a row whose columns are known.

    The count is taken from the count column, or else from the text of the reference ("3 x
    OSL-CH-01"). If neither has one, the count is "1" without a count column, and "" with one. It is
    also "" if it is uncertain.
    """
    own = [cells[at] for at in columns.references if at < len(cells) and cells[at]]
    reference = own[0] if own else ""
    at = columns.count
    typed = cells[at] if at is not None and at < len(cells) else ""
    count = str(read_count(typed))
    if name := named_by(reference, named):
        return PastedLine(name, count if at is not None else "1")
    if count or not reference:
        return PastedLine(reference, count)
    line = read_line(reference, named)
    return line if at is None or line.reference != reference else PastedLine(reference, "")


def read_line(text: str, named: Named) -> PastedLine:
    """Return the cart line in text such as "3 x OSL-CH-01"; the count is "1" if the text has none.

    If it is uncertain which part is the count, `reference` is the whole text and `count` is "".
    """
    text = text if named_by(text, named) else unbulleted(text)
    if name := named_by(text, named):
        return PastedLine(name, "1")
    if (count := count_of(text)) and not text.isdigit():
        return PastedLine("", count)
    readings = list(_readings(text))
    known = {
        (own, count): reference
        for reference, count, _ in readings
        if (own := id_of(reference, named))
    }
    joined = " ".join(text.split())
    has_more = "\n" in text and bool(names_of(text, named))
    if has_more or id_of(joined, named):  # with another gap between its words
        return PastedLine(joined, "" if known or has_more else "1")
    if len(known) == 1:
        [((_, count), reference)] = known.items()
        return PastedLine(reference, count)
    said = {(reference, count) for reference, count, is_said in readings if is_said}
    if known or (readings and len(said) != 1):
        return PastedLine(text, "")
    return PastedLine(*said.pop()) if said else PastedLine(text, "1")


def without_label(reference: str) -> str:
    """Return a reference without "SKU:" or "Art.-Nr." at its beginning."""
    label = _LABEL.match(reference)
    return reference[label.end() :] if label else reference


def _readings(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (reference, count, is certain) for each way to find a count at either end of a text.

    A bare number next to several words is not certain, because it may belong to a product's name.
    Yields nothing for text without a count, with line breaks, or longer than MAX_PROSE.
    """
    if len(text) > MAX_PROSE or "\n" in text:
        return
    words = _AT_THE_END.sub(" ", text).split()
    for size in range(1, min(3, len(words))):
        for number, rest in ((words[:size], words[size:]), (words[-size:], words[:-size])):
            typed, count = " ".join(number), count_of(" ".join(number))
            reference = without_label(" ".join(rest).strip(_ENDS))
            if count and reference and plain_name(reference) not in _UNITS:
                is_alone = typed.isdigit() and len(rest) > 1 and rest[-1][-1] not in ",:;=-"
                yield reference, count, not is_alone


def has_said_count(text: str) -> bool:
    """Return whether part of a line of text is certainly a count, such as "3 pcs"."""
    return any(is_said for *_, is_said in _readings(text))
