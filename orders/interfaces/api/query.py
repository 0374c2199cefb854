"""Reading the query parameters of lists: filters, page and sort.

Old clients send each value as JSON text (`perPage=20`, `name="Hall"`, `platform={"id":"A-1"}`), and
new ones as plain text. Both are accepted. All malformed parameters are reported together, by name.
"""

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from orders.domain import short_id
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.identifiers import canonical_configuration_id, read_uuid
from orders.domain.inputs import Limits
from orders.domain.json_values import find_unstorable, join_path, parse_json_text
from orders.domain.moments import NOT_A_MOMENT, is_day, read_moment
from orders.domain.short_id import MistypedShortId
from orders.services.accounts.access import Actor, refuse_foreign_org
from orders.storage.pages import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE, Paging, settled_until

MAX_TEXT = 255  # characters of a text that is looked for
DEFAULT_SORT = "-createdAt"

_NUMBER = re.compile(r"[0-9]{1,12}")


class Query:
    """The query parameters of one request, with a method to read each type of parameter.

    If a parameter is malformed, the method adds an error; `refuse` raises InvalidInput with all
    errors.
    """

    def __init__(
        self, parameters: MultiDict[str, str], limits: Limits, errors: Iterable[FieldError] = ()
    ) -> None:
        self._parameters = parameters
        self._limits = limits
        self._errors = list(errors)

    def text(self, name: str) -> str | None:
        """Return a text of at most MAX_TEXT characters; None if it is missing or malformed."""
        sent = self._one(name)
        return None if sent is None else self._checked_text(name, sent)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a parameter's valid texts; none if it is missing.

        The parameter may be repeated, or be a JSON array of texts.
        """
        found: list[str] = []
        for sent in self._all(name):
            value: Any = parse_json_text(sent) if sent.startswith("[") else [sent]
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                self.add_error(name, "Text, or a JSON array of texts.")
                continue
            if not value:  # without the filter everything would be found
                self.add_error(name, "At least one text.")
                continue
            checked = (self._checked_text(name, one) for one in value)
            found += [one for one in checked if one is not None]
        return tuple(found)

    def choices(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        """Return the values of a parameter that may be repeated; `()` if one is not in `known`."""
        values = self.texts(name)
        if any(value not in known for value in values):
            self.add_error(name, f"One of: {', '.join(known)}.")
            return ()
        return values

    def short_ids(self, name: str) -> tuple[str, ...]:
        """Return the short IDs of orders, converted from any spelling to canonical form.

        Short IDs of another platform are returned unchanged, because no order has them. If a short
        ID is mistyped, adds an error and returns `()`.
        """
        try:
            return tuple(
                code if short_id.is_foreign(code) else short_id.normalise(code)
                for code in self.texts(name)
            )
        except MistypedShortId as error:
            self.add_error(name, str(error))
            return ()

    def configuration_id(self, name: str) -> str | None:
        """Return a configuration's canonical UUID or short ID; None if missing or malformed."""
        sent = self._one(name)
        if sent is None:
            return None
        found = canonical_configuration_id(sent)
        if found is None:
            self.add_error(name, "A UUID, or the short ID of a saved configuration.")
        return found

    def json_object(self, name: str) -> dict[str, Any] | None:
        """Return an object that was sent as JSON text, or None if it is missing or malformed."""
        sent = self._one(name)
        if sent is None:
            return None
        value = parse_json_text(sent)
        if not isinstance(value, dict):
            self.add_error(name, 'A JSON object, such as {"id": "A-1"}.')
            return None
        if errors := find_unstorable(value, name, nesting=self._limits.nesting):
            self._errors += errors
            return None
        return value

    def members(self, name: str) -> dict[str, Any]:
        """Return an object that was sent as JSON text, or {} if it is missing or malformed.

        Adds an error for each value that is itself an object or an array.
        """
        found = self.json_object(name) or {}
        for key, value in found.items():
            if isinstance(value, dict | list):
                self.add_error(join_path(name, key), "Text, a number, a boolean or null.")
        return found

    def moment(self, name: str, *, is_end: bool = False) -> datetime | None:
        """Return a time in UTC, or None if it is missing or malformed.

        A time without a zone is taken as UTC. A date without a time means the first moment of the
        day or, with `is_end`, its last millisecond.
        """
        sent = self._one(name)
        if sent is None:
            return None
        try:
            moment = read_moment(sent)
            if is_end and is_day(sent):
                moment += timedelta(days=1)
                moment -= timedelta(milliseconds=1)
            return moment
        except (ValueError, OverflowError):
            self.add_error(name, NOT_A_MOMENT)
            return None

    def uuid(self, name: str) -> str | None:
        """Return a UUID in canonical form, or None if it is missing or malformed."""
        sent = self._one(name)
        if sent is None:
            return None
        found = read_uuid(sent)
        if found is None:
            self.add_error(name, "A UUID.")
        return found

    def paging(self, sortable: Collection[str]) -> Paging:
        """Return the page, page size and sort order that the query asks for.

        Reads `page`, `after`, `perPage` and `sort`; the default replaces one that is missing or
        malformed. `sortable` are the JSON names of fields that `sort` may name (`createdAt`).
        """
        page = self._number("page", 1, MAX_PAGE)
        per_page = self._number("perPage", DEFAULT_PER_PAGE, MAX_PER_PAGE)
        sort = self._one("sort")
        if sort is None:
            sort = DEFAULT_SORT
        elif sort.removeprefix("-") not in sortable:
            self.add_error("sort", f"One of: {', '.join(sortable)}; - in front reverses the order.")
            sort = DEFAULT_SORT
        # An empty `after` begins a walk: it is not the same as none.
        after = (self._one("after") or "") if "after" in self._parameters else None
        if after is not None and page > 1:
            self.add_error("after", "Send either page or after.")
        is_poll = after is not None and sort.endswith("At") and not sort.startswith("-")
        settled = settled_until() if is_poll else None
        return Paging(page, per_page, sort, after, settled)

    def boolean(self, name: str) -> bool | None:
        """Return whether a parameter is `true`; None if it is missing or malformed."""
        return self.flag(name) if self._one(name) is not None else None

    def flag(self, name: str) -> bool:
        """Return whether a parameter is `true`; False if it is missing or malformed."""
        sent = (self._one(name) or "false").lower()  # Python's clients write True
        if sent not in {"true", "false"}:
            self.add_error(name, "true or false.")
        return sent == "true"

    def require_own_org(self, actor: Actor) -> None:
        """Raise Forbidden if the parameter `orgId` names an org other than that of `actor`."""
        for sent in self._all("orgId") if self._parameters else ():
            refuse_foreign_org(sent, actor)

    def names_short_ids(self) -> bool:
        """Return whether the parameter `shortId` restricts the list to certain short IDs.

        Also returns True if a parameter was malformed: such a request is refused later, when its
        filters are read.
        """
        return bool(self.texts("shortId") or self._errors)

    def add_error(self, name: str, message: str) -> None:
        """Add an error for `refuse` to raise; only the first error of each parameter is kept."""
        if all(error.path != name for error in self._errors):
            self._errors.append(FieldError(name, message))

    def refuse(self) -> None:
        """Raise InvalidInput with all collected errors; do nothing if there are none."""
        if self._errors:
            raise InvalidInput(self._errors)

    def _all(self, name: str) -> list[str]:
        return [text for sent in self._parameters.getlist(name) if (text := _unquoted(sent))]

    def _one(self, name: str) -> str | None:
        sent = list(dict.fromkeys(self._all(name)))
        if len(sent) > 1:
            self.add_error(name, "Send this parameter only once.")
        return sent[0] if len(sent) == 1 else None

    def _number(self, name: str, default: int, most: int) -> int:
        sent = self._one(name)
        if sent is None:
            return default
        if not _NUMBER.fullmatch(sent) or not 1 <= int(sent) <= most:
            self.add_error(name, f"A whole number from 1 to {most:,}.")
            return default
        return int(sent)

    def _checked_text(self, name: str, text: str) -> str | None:
        if len(text) > MAX_TEXT:
            self.add_error(name, f"At most {MAX_TEXT} characters; this has {len(text):,}.")
            return None
        if errors := find_unstorable(text, name, nesting=0):
            self.add_error(name, errors[0].message)
            return None
        return text


def _unquoted(sent: str) -> str:
    """Return the text inside a JSON string (`Hall` for `"Hall"`), or any other text unchanged."""
    if len(sent) >= 2 and sent.startswith('"') and sent.endswith('"'):
        value = parse_json_text(sent)
        return value if isinstance(value, str) else sent
    return sent
