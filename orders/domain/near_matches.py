"""Find products by the words of a text, and products whose SKU or name is close to a text.

Both compare folded text (`search_text.fold`) with a catalog in memory. Distances are those of
Damerau and Levenshtein in the restricted form (optimal string alignment): an insertion, a deletion,
a replacement, or a swap of two neighbors counts 1.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from orders.domain.search_text import fold

MOST_NEAR = 3  # products that are offered for a text
MAX_DISTANCE = 2  # changes between a text and a SKU or name
MIN_FOR_TWO = 6  # characters from which two changes are few; shorter texts may have one
MIN_NEAR = 3  # characters of a text for which close ones are looked for
MOST_KEPT = 1_000  # answers that an index keeps
MAX_NAME = 100  # characters of a text that is compared
MAX_WORDS = 10  # of a text that is compared
MIN_STEM = 4  # letters that remain of a word without its plural ending
MIN_WORD = 3  # letters of at least one word in a text that names a product
_WORDS = re.compile(r"[^\W_]+")
_ENDINGS = ("es", "en", "er", "s", "e", "n")  # plurals in English and German
_FILLER_WORDS = (
    "a an the of in with and for each please color colour der die das des dem den ein eine mit "
    "und aus bitte farbe je"
)
_FILLERS = frozenset(_FILLER_WORDS.split())


class KnownProduct(NamedTuple):
    """A product of the catalog: its ID, and the texts by which people name it.

    `text` is the folded text of its name, SKU, short ID and options.
    """

    id: str
    sku: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Near:
    """The products that an unknown text may mean, the closest first; at most MOST_NEAR.

    `is_clear` is true if the first one is closer than all the others.
    """

    ids: tuple[str, ...] = ()
    is_clear: bool = False


class ProductIndex:
    """A catalog that finds products by words and by closeness."""

    def __init__(self, products: Sequence[KnownProduct]) -> None:
        self.products = products
        self._near: dict[str, Near] = {}
        # The places of the products with each name and each SKU, and with each word.
        self._by_name: dict[str, list[int]] = {}
        self._by_word: dict[str, set[int]] = {}
        for at, one in enumerate(products):
            for text in {" ".join(fold(text).split()) for text in (one.name, one.sku)} - {""}:
                self._by_name.setdefault(text, []).append(at)
            for word in _WORDS.findall(one.text):
                self._by_word.setdefault(word, set()).add(at)
        self._spellings = _by_length(self._by_name)
        self._vocabulary = _by_length(self._by_word)

    def named(self, text: str) -> tuple[str, ...]:
        """Return the IDs of the products that the words of a text name; () if there are none.

        Products with exactly this name or SKU come alone. Otherwise every word must be one of the
        words in a product's name, SKU or options; articles and the like do not count, and a word
        may have the ending of a plural.
        """
        folded = " ".join(fold(text[: MAX_NAME + 1]).split())
        if not folded or len(folded) > MAX_NAME:
            return ()
        if whole := self._by_name.get(folded):
            return tuple(self.products[at].id for at in whole)
        words = _WORDS.findall(folded)
        telling = [word for word in words if word not in _FILLERS]
        if len(words) > MAX_WORDS or not any(
            len(word) >= MIN_WORD and word.isalpha() for word in telling
        ):
            return ()
        found: set[int] | None = None
        for word in telling:
            places = self._places(word)
            found = places if found is None else found & places
            if not found:
                return ()
        return tuple(self.products[at].id for at in sorted(found or ()))

    def near(self, text: str) -> Near:
        """Return the products that are closest to a text that names none.

        Those whose words include all of the text's words are closest, then those whose SKU or
        name differs in at most MAX_DISTANCE characters, then those that share most words.
        """
        folded = " ".join(fold(text[:MAX_NAME]).split())
        if len(self._near) > MOST_KEPT:
            self._near.clear()
        if folded not in self._near:
            self._near[folded] = self._find_near(folded) if folded else Near()
        return self._near[folded]

    def _find_near(self, folded: str) -> Near:
        scores: dict[int, float] = {}
        words = [one for one in _WORDS.findall(folded)[:MAX_WORDS] if one not in _FILLERS]
        long = [word for word in words if len(word) >= MIN_WORD and not word.isdigit()]
        if words and long:
            counted: dict[int, int] = {}
            for word in words:
                for at in self._places(word) or self._similar(word):
                    counted[at] = counted.get(at, 0) + 1
            most = max(counted.values(), default=0)
            # Half of the words, or one that few products have, say something.
            if 2 * most >= len(words):
                scores = {
                    at: 10 * (1 - count / len(words)) + MAX_DISTANCE + 1
                    for at, count in counted.items()
                    if count == most
                }
                if most == len(words):
                    scores = dict.fromkeys(scores, 0.5)
        for at, distance in self._distances(folded):
            scores[at] = min(scores.get(at, distance), distance)
        ranked = sorted(
            scores, key=lambda at: (scores[at], len(self.products[at].text), self.products[at].text)
        )[: MOST_NEAR + 1]
        is_clear = len(ranked) == 1 or (len(ranked) > 1 and scores[ranked[0]] < scores[ranked[1]])
        return Near(tuple(self.products[at].id for at in ranked[:MOST_NEAR]), is_clear)

    def _distances(self, folded: str) -> Iterable[tuple[int, float]]:
        if len(folded) < MIN_NEAR:
            return
        most = MAX_DISTANCE if len(folded) >= MIN_FOR_TWO else 1
        for length in range(len(folded) - most, len(folded) + most + 1):
            alike = self._spellings.get(length, ())
            for spelled, distance, _ in process.extract(
                folded, alike, scorer=OSA.distance, score_cutoff=most, limit=MOST_NEAR + 1
            ):
                for at in self._by_name[spelled][: MOST_NEAR + 1]:
                    yield at, float(distance)

    def _similar(self, word: str) -> set[int]:
        """Return the places of products with a word that differs from `word` in one character."""
        if len(word) < MIN_STEM or word.isdigit():
            return set()
        near: set[int] = set()
        for length in range(len(word) - 1, len(word) + 2):
            alike = self._vocabulary.get(length, ())
            found = process.extract(
                word, alike, scorer=OSA.distance, score_cutoff=1, limit=MOST_NEAR
            )
            near.update(*(self._by_word[one] for one, *_ in found))
        return near

    def _places(self, word: str) -> set[int]:
        found = set(self._by_word.get(word, ()))
        for ending in _ENDINGS:
            stem = word.removesuffix(ending)
            if stem != word and len(stem) >= MIN_STEM:
                found |= self._by_word.get(stem, set())
        return found


def _by_length(texts: Iterable[str]) -> dict[int, list[str]]:
    """Return the texts by their number of characters."""
    found: dict[int, list[str]] = {}
    for text in texts:
        found.setdefault(len(text), []).append(text)
    return found
