"""Pages of a list, as every list of the JSON door has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 1_000
# Far beyond any list, and small enough for the databases' 64-bit offsets.
MAX_PAGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page: `page` from 1, `per_page` entries on each.

    `sort` is the wire name of a field, with a hyphen in front for the other direction.
    """

    page: int = 1
    per_page: int = DEFAULT_PER_PAGE
    sort: str = "-createdAt"

    @property
    def offset(self) -> int:
        """How many entries lie before the page."""
        return (self.page - 1) * self.per_page

    @property
    def sort_field(self) -> str:
        """The wire name of the field, without direction."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        """Whether the largest or newest comes first."""
        return self.sort.startswith("-")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The entries of one page, and how many there are on all pages together."""

    entries: Sequence[T]
    count: int
    paging: Paging
