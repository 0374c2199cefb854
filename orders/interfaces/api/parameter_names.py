"""The names of query parameters, in the spellings that clients use.

PHP and axios write arrays as `status[]` and objects as `platform[id]`; generated clients write
`customer_id`. Such a spelling is accepted if its meaning is certain. A name that is almost a
declared one is an error, because a list without the intended filter would return unwanted entries.
All other unknown names are ignored and reported.
"""

import json
import re
from collections.abc import Iterable

from rapidfuzz.distance import OSA
from werkzeug.datastructures import MultiDict

from orders.domain.errors import FieldError
from orders.domain.json_values import join_path
from orders.interfaces.api.parameters import Parameter

# Names of other kinds of clients for ours, beside those in snake case.
OTHER_NAMES = {"limit": "perPage"}
# A name of this many letters may differ by one letter from what was sent, a longer one by two.
SHORT_NAME = 5
LONGEST_EXTRA = 8  # characters that a near miss has more at most, with its underscores
TOKEN = "bearer_token"  # noqa: S105 - the name of a parameter

_KEYS = re.compile(r"([^\[\].]+)((?:\[[^\[\]]*\])+|\.[^\[\]]+)?")
_SNAKE = re.compile(r"_([a-z])")


class SentParameters:
    """Query parameters of a list endpoint, with other spellings changed to the declared names.

    `values` has the texts by declared name, and `ignored` the unknown names as they were sent.
    `errors` are about names that probably mean a declared one, and about brackets (`name[key]`)
    that a parameter does not allow.
    """

    def __init__(self, sent: MultiDict[str, str], known: Iterable[Parameter]) -> None:
        self.values: MultiDict[str, str] = MultiDict()
        self.ignored: list[str] = []
        self.errors: list[FieldError] = []
        self._known = {parameter.name: parameter for parameter in known}
        objects: dict[str, dict[str, str]] = {}
        for name, texts in sent.lists():
            self._take(name, texts, objects)
        for name, members in objects.items():
            self.values.add(name, json.dumps(members))

    def _take(self, sent: str, texts: list[str], objects: dict[str, dict[str, str]]) -> None:
        if sent == TOKEN:
            return
        found = _KEYS.fullmatch(sent)
        name, keys = (found[1], found[2] or "") if found else (sent, "")
        known = self._known.get(self._declared(name))
        if known is None and (key := _member(keys)) and self._declared(key) in self._known:
            self._refuse(sent, f"Send this as {self._declared(key)}.")  # filter[status]
        elif known is None:
            self._refuse_or_ignore(sent, name)
        elif not keys or (not known.is_json and _is_array(keys)):
            self.values.setlistdefault(known.name).extend(texts)
        elif known.is_json and (key := _member(keys)):
            members = [text for text in (*texts, objects.get(known.name, {}).get(key, "")) if text]
            if len(set(members)) > 1:
                self._refuse(sent, "Send this parameter only once.")
            elif members:
                objects.setdefault(known.name, {})[key] = members[0]
        else:
            self._refuse(sent, f"Send this as {known.name}.")

    def _declared(self, name: str) -> str:
        return OTHER_NAMES.get(name) or _SNAKE.sub(lambda found: found[1].upper(), name)

    def _refuse_or_ignore(self, sent: str, name: str) -> None:
        for parameter in self._known.values():
            if name in parameter.members:
                example = f'{parameter.name}={{"{name}": "…"}}'
                self._refuse(sent, f"Not a parameter of its own: send {example}.")
                return
        near = [(distance, known) for known in self._known if (distance := _distance(name, known))]
        if near:
            self._refuse(sent, f"Unknown parameter. Did you mean {min(near)[1]}?")
        else:
            self.ignored.append(sent)

    def _refuse(self, name: str, message: str) -> None:
        self.errors.append(FieldError(join_path("", name), message))


def _is_array(keys: str) -> bool:
    """Return whether `keys`, the text after a parameter's name, is `[]` or an index like `[0]`."""
    return re.fullmatch(r"\[[0-9]*\]", keys) is not None


def _member(keys: str) -> str:
    """Return the key in `[key]` or `.key`, or "" for any other text, such as `[a][b]`."""
    found = re.fullmatch(r"\[([^\[\].]+)\]|\.([^\[\].]+)", keys)
    return (found[1] or found[2]) if found else ""


def _distance(sent: str, known: str) -> float:
    """Return how much a sent name differs from a known one, or 0 if it is not similar.

    For similar names the result is at least 0.5, even if they are equal. Case, underscores and
    hyphens are ignored, and two swapped letters count as one difference.
    """
    if len(sent) > len(known) + LONGEST_EXTRA:
        return 0
    one, other = (re.sub("[_-]", "", name).casefold() for name in (sent, known))
    most = 1 if len(known) <= SHORT_NAME else 2
    distance = OSA.distance(one, other, score_cutoff=most)
    return distance + 0.5 if distance <= most else 0
