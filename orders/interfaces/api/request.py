"""Requests to the API: the request object, its JSON body, and the meaning of its headers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from werkzeug.datastructures import ETags
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request

from orders.domain import domains
from orders.domain.errors import FieldError, InvalidInput, NotJson, Unauthorized
from orders.domain.inputs import Limits
from orders.domain.json_values import JsonValue, parse_json
from orders.interfaces.api.query import Query
from orders.interfaces.http.rate_limits import RequestLimits
from orders.services.accounts.access import Actor, Origin
from orders.services.files import FileStore
from orders.services.health import HealthCheck
from orders.services.idempotency import KEY_HEADER, MAX_KEY, IdempotencyKey
from orders.services.orders.changes import VersionCheck
from orders.settings import Settings
from orders.storage.pages import Paging

# Characters of a sent customer ID that are read: one has at most 255, plus spaces between them.
MAX_CUSTOMER_ID = 1000
UTF_8 = {"utf-8", "utf8"}
FIRST_PAGE = Paging()

_BEARER = re.compile(r"Bearer +([^\s]+) *", re.IGNORECASE)
_CODING_SUFFIX = re.compile(r"(?:--?|;)(?:gzip|br|deflate|df|zstd)$")
_KEY = re.compile(rf"[\x21-\x7e](?:[\x20-\x7e]{{0,{MAX_KEY - 2}}}[\x21-\x7e])?")


class ApiRequest(Request):
    """A request to the API, with properties that interpret its headers and its token."""

    @cached_property
    def secret(self) -> str | None:
        """The token in `Authorization: Bearer` or the parameter `bearer_token`; None if not sent.

        The same token may be sent in both. Raises Unauthorized for two different tokens.
        """
        header = _BEARER.fullmatch(self.environ.get("HTTP_AUTHORIZATION", ""))
        sent = {*self._secrets_in_address, *([header[1]] if header else [])}
        if len(sent) > 1:
            raise Unauthorized("Two different tokens were sent. Send only one.")
        return sent.pop() if sent else None

    @property
    def has_secret_in_address(self) -> bool:
        """Whether the parameter `bearer_token` has a token."""
        return bool(self._secrets_in_address)

    @cached_property
    def _secrets_in_address(self) -> list[str]:
        return list(filter(None, self.args.getlist("bearer_token"))) if self.query_string else []

    @property
    def origin_header(self) -> str | None:
        """The `Origin` header, which a browser sets and a page cannot change; None if not sent."""
        origin: str | None = self.environ.get("HTTP_ORIGIN")
        return origin

    @property
    def page_origin(self) -> Origin | None:
        """The calling page's host and port, from `Origin` or else `Referer`; None if unknown."""
        if self.origin_header is not None:
            found = domains.origin_host(self.origin_header)
        elif "HTTP_REFERER" in self.environ:
            found = domains.referer_host(self.environ["HTTP_REFERER"])
        else:
            return None
        return None if found is None else Origin(*found)

    @property
    def is_preflight(self) -> bool:
        """Whether this is a CORS preflight request (it has `Access-Control-Request-Method`)."""
        return "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in self.environ

    @property
    def preflight_headers(self) -> str:
        """The comma-separated names in `Access-Control-Request-Headers`; empty if not sent."""
        names: str = self.environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
        return names

    def accepts_gzip(self) -> bool:
        """Return whether the response may be compressed with gzip (`Accept-Encoding`)."""
        return "gzip" in self.environ.get("HTTP_ACCEPT_ENCODING", "") and bool(
            self.accept_encodings["gzip"]
        )

    @property
    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key`, or None if not sent. Raises InvalidInput if it is malformed."""
        key: str | None = self.environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is not None and not _KEY.fullmatch(key):
            message = (
                f"From 1 to {MAX_KEY} printable ASCII characters, without a space at either end."
            )
            raise InvalidInput([FieldError(KEY_HEADER, message)])
        return key

    @property
    def customer_id(self) -> str | None:
        """The customer ID in `Customer-Id`, percent-decoded as UTF-8; None if not sent."""
        sent: str | None = self.environ.get("HTTP_CUSTOMER_ID")
        return None if sent is None else unquote(sent)[:MAX_CUSTOMER_ID]

    @property
    def version_check(self) -> VersionCheck:
        """A function that checks whether a version satisfies `If-Match`; None without `If-Match`.

        See RFC 9110, 13.1.1.
        """
        if "HTTP_IF_MATCH" not in self.environ:
            return None
        wanted = self.if_match
        return lambda version: _names(wanted, str(version))

    def has_version(self, etag: str) -> bool:
        """Return whether `If-None-Match` names this ETag, which is given without quotes.

        False if the request is not a GET or HEAD.
        """
        return (
            "HTTP_IF_NONE_MATCH" in self.environ
            and self.method in {"GET", "HEAD"}
            and _names(self.if_none_match, etag)
        )


def _names(tags: ETags, version: str) -> bool:
    """Return whether the ETags of a header include this version or are `*`.

    A proxy that compresses may make an ETag weak or append the encoding: `W/"4"`, `"4-gzip"`. Both
    count as `"4"`, because our ETags identify a version of the object, not its bytes.
    """
    known = tags.as_set(include_weak=True)
    return tags.star_tag or version in {_CODING_SUFFIX.sub("", tag) for tag in known}


def read_json_object(request: ApiRequest) -> dict[str, JsonValue]:
    """Return the request's body, which must be a JSON object.

    Raises UnsupportedMediaType and NotJson as `read_json` does, and NotJson for an array.
    """
    value = read_json(request)
    if not isinstance(value, dict):
        raise NotJson("The body must be a JSON object.")
    return value


def read_json(request: ApiRequest) -> dict[str, JsonValue] | list[JsonValue]:
    """Return the request's body, which must be a JSON object or array.

    Raises UnsupportedMediaType unless the content type is JSON in UTF-8, and NotJson unless the
    body is a JSON object or array. Repeated keys and numbers out of range are accepted: the
    validation of the object reports them with their paths.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    # `application/json-patch+json` and its like are JSON with another meaning.
    if request.mimetype != "application/json" or charset not in UTF_8:
        raise UnsupportedMediaType("Send JSON in UTF-8, with Content-Type: application/json.")
    value = parse_json(request.get_data())
    if not isinstance(value, dict | list):
        raise NotJson("The body must be a JSON object or array.")
    return value


@dataclass(slots=True)
class Call:
    """An API request that is being handled, with what has been read and checked so far.

    An endpoint function gets this object and the parameters of its path.
    """

    request: ApiRequest
    settings: Settings
    health: HealthCheck
    files: FileStore
    rates: RequestLimits
    # The path of the endpoint as it is declared; empty for an unknown URL.
    route: str = ""
    # Who calls; None until the token is authenticated.
    caller: Actor | None = None
    # The body as the endpoint's `read_body` returns it, and the query with its filters and page.
    body: Any = None
    query: Query | None = None
    # Names of sent query parameters that a list does not know.
    ignored: Sequence[str] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    paging: Paging = FIRST_PAGE
    # The idempotency key, for the service to store in the same transaction.
    once: IdempotencyKey | None = None
    # How many short IDs in the query or body nothing has, or of those chosen are taken.
    misses: int = 0
    # Writes of the thread that were committed before the endpoint ran; None until it does.
    writes: int | None = None

    @property
    def actor(self) -> Actor:
        """The authenticated caller. Raises LookupError if the endpoint needs no token."""
        if self.caller is None:
            raise LookupError("This endpoint is declared without a token.")
        return self.caller

    def flag(self, name: str) -> bool:
        """Return whether the query parameter `name` is `true`; False if it is missing.

        Raises InvalidInput if it is neither `true` nor `false`.
        """
        if self.query is None:
            return False
        is_set = self.query.flag(name)
        self.query.refuse()
        return is_set

    @property
    def address(self) -> str:
        """The service's absolute URL without a final slash, from PUBLIC_URL or else the request."""
        origin = self.settings.public_origin or self.request.host_url.rstrip("/")
        return origin + self.request.root_path

    @property
    def limits(self) -> Limits:
        """The configured limits for what clients send, such as the nesting depth of JSON."""
        return self.settings.limits
