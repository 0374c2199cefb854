"""Customer records: the classes that services pass around, their JSON, and their validation.

A record describes the customer whose ID orders contain as `customerId`. Orders need no record.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, cast

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from orders.domain.attributes import AttributeRule, value_fault
from orders.domain.countries import read_country
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.fields import (
    MAX_TEXT,
    NO_NUL,
    NULL,
    NUMBER,
    AlsoSent,
    MetadataObject,
    OrgId,
    ShortText,
    keywords,
    refusal,
)
from orders.domain.identifiers import clean_reference
from orders.domain.inputs import Inspection, Limits, MessageRules, StrictInput, inspect, too_large
from orders.domain.json_values import join_path, same_json
from orders.domain.mail_server import is_mail_address
from orders.domain.moments import wire_fields, wire_time
from orders.domain.normalization import is_number, number_text
from orders.domain.texts import Figure, lazy_gettext

MAX_ADDRESSES = 20
MAX_ADDRESS_LINES = 6
MAX_NOTES = 5_000  # characters
EXAMPLE_CUSTOMER_ID = "C-1042"


class Customer(NamedTuple):
    """A stored customer record with all its fields. Times are timezone-aware and in UTC.

    `id` is internal; others know the record by `customer_id`. `addresses` are JSON objects with all
    keys of an address. `version` increases with every change.
    """

    id: str
    org_id: str
    customer_id: str
    name: str | None
    contact: str | None
    email: str | None
    phone: str | None
    addresses: list[dict[str, Any]]
    notes: str | None
    defaults: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    created_by: str
    deleted_at: datetime | None
    version: int

    @property
    def shown_name(self) -> str:
        """The customer's name; their ID if the record has no name."""
        return self.name or self.customer_id


# The fields that a client can set, in the order of responses, by their names in Python.
EDITABLE = ("name", "contact", "email", "phone", "addresses", "notes", "defaults")
_ANSWERED = ("customer_id", *EDITABLE, "created_at", "updated_at")
_WIRE_NAMES = tuple(map(to_camel, _ANSWERED))
# What only the service sets; a client that sends a whole record back sends it unchanged.
_UNCHANGEABLE = ("customerId", "createdAt", "updatedAt")


def customer_fields(customer: Customer) -> dict[str, Any]:
    """Return a customer record as JSON, by wire names; times are UTC text."""
    return wire_fields(_WIRE_NAMES, (getattr(customer, name) for name in _ANSWERED))


def customer_difference(before: Customer, after: Customer) -> dict[str, Any]:
    """Return the editable fields that differ, as `{wire name: {"from": old, "to": new}}`.

    The history stores the result; it is {} if none of them differs.
    """
    return {
        to_camel(name): {"from": getattr(before, name), "to": getattr(after, name)}
        for name in EDITABLE
        if not same_json(getattr(before, name), getattr(after, name))
    }


def _customer_id(value: str) -> str:
    cleaned = clean_reference(value)
    if not cleaned:
        raise refusal(lazy_gettext("1 to %(most)s characters.", most=MAX_TEXT))
    return cleaned


def _email(value: str) -> str | None:
    address = value.strip()
    if address and not is_mail_address(address):
        raise refusal(lazy_gettext("Enter an e-mail address."))
    return address or None


def _country(value: str) -> str | None:
    code = read_country(value)
    if code is None and value.strip():
        raise refusal(lazy_gettext("A country code of two letters (ISO 3166), such as DE."))
    return code


def _lines(value: list[str]) -> list[str]:
    if len(value) > MAX_ADDRESS_LINES:
        raise refusal(_too_many_lines(len(value)))
    return value


def _too_many_lines(count: int) -> str:
    most = Figure(MAX_ADDRESS_LINES)
    return lazy_gettext(
        "At most %(most)s lines; this has %(count)s.", most=most, count=Figure(count)
    )


def _addresses(value: list[Any]) -> list[Any]:
    if len(value) > MAX_ADDRESSES:
        most, count = Figure(MAX_ADDRESSES), Figure(len(value))
        raise refusal(
            lazy_gettext("At most %(most)s addresses; this has %(count)s.", most=most, count=count)
        )
    return value


CustomerId = Annotated[
    ShortText,
    AfterValidator(_customer_id),
    AlsoSent(NUMBER),
    Field(
        description="The customer, by the client's own ID, as orders contain it. Invisible "
        "characters and blanks at its ends are removed; a number is kept as its text.",
        examples=[EXAMPLE_CUSTOMER_ID],
    ),
    keywords(format="customer-id", minLength=1),
]
Email = Annotated[
    str, AfterValidator(_email), WithJsonSchema({"type": "string", "format": "mail-address"})
]
Country = Annotated[
    str, AfterValidator(_country), WithJsonSchema({"type": "string", "format": "country-code"})
]
AddressLines = Annotated[
    list[ShortText], AfterValidator(_lines), keywords(maxItems=MAX_ADDRESS_LINES)
]
Notes = Annotated[str, StringConstraints(max_length=MAX_NOTES), keywords(pattern=NO_NUL)]


class AddressInput(StrictInput):
    """An address of a customer."""

    label: ShortText | None = Field(
        None, description="What the address is for.", examples=["Delivery"]
    )
    lines: Annotated[AddressLines | None, AlsoSent(NULL)] = Field(
        None, description="Street, building and the like.", examples=[["Hauptplatz 3"]]
    )
    city: ShortText | None = Field(None, examples=["Graz"])
    postal_code: ShortText | None = Field(None, examples=["8010"])
    country: Country | None = Field(None, description="ISO 3166-1, two letters.", examples=["AT"])

    def fields(self) -> dict[str, Any]:
        """Return the address as JSON with all its keys."""
        return {**self.model_dump(by_alias=True), "lines": self.lines or []}


Addresses = Annotated[
    list[AddressInput],
    AfterValidator(_addresses),
    keywords(maxItems=MAX_ADDRESSES),
    Field(description="The customer's addresses, in the order in which they are sent."),
]
Defaults = Annotated[
    MetadataObject,
    Field(
        description="What the desk fills in for a new order of the customer: keys of `metadata` "
        "with values. A value for an attribute of the org must be valid for it.",
        examples=[{"finish": "matt"}],
    ),
]


class CustomerChangesInput(StrictInput):
    """Fields of a customer record to replace; a field that is left out stays as it is."""

    org_id: OrgId = cast(str, None)
    name: ShortText | None = Field(
        None, description="What people call the customer.", examples=["Gasthof Zur Linde"]
    )
    contact: ShortText | None = Field(
        None, description="A person to talk to.", examples=["Maria Huber"]
    )
    email: Email | None = Field(None, examples=["huber@zur-linde.example"])
    phone: ShortText | None = Field(None, examples=["+43 316 5550 140"])
    addresses: Addresses = cast(list[AddressInput], None)
    notes: Notes | None = Field(
        None, description="Notes of the team.", examples=["Delivery before 10 a.m."]
    )
    defaults: Defaults = cast(dict[str, Any], None)


class CustomerInput(CustomerChangesInput):
    """A new customer record. Null counts as not sent."""

    customer_id: CustomerId
    addresses: Annotated[Addresses | None, AlsoSent(NULL)] = None  # type: ignore[assignment]  # null too
    defaults: Annotated[Defaults | None, AlsoSent(NULL)] = None  # type: ignore[assignment]  # null too


_WORDS = MessageRules(
    lazy_gettext("An object with the fields of a customer."),
    nullable=frozenset({"name", "contact", "email", "phone", "notes"}),
    read_only=frozenset({"createdAt", "updatedAt"}),
)
# Errors are listed in the order of the fields.
_PLACES = {name: place for place, name in enumerate(_WIRE_NAMES)}


def check_customer(raw: object, *, limits: Limits) -> dict[str, Any]:
    """Validate a new customer record as a client sent it; `raw` is the output of a JSON parser.

    Returns the values of `customer_id` and of all fields in EDITABLE, by these names. Raises
    InvalidInput with all errors. Values in `defaults` are not compared with the org's attributes:
    see `default_errors`.
    """
    document = _normalized(raw)
    seen = _inspected(document, CustomerInput, limits)
    values = _values(cast(CustomerInput, seen.parsed), (*EDITABLE, "customer_id"))
    return {**values, "addresses": values["addresses"] or [], "defaults": values["defaults"] or {}}


def check_customer_changes(raw: object, *, limits: Limits) -> tuple[dict[str, Any], dict[str, Any]]:
    """Validate a change to a customer record, as far as possible without the stored record.

    Returns two dictionaries: the new values of the fields that were sent, by their names in
    EDITABLE, and the fields that cannot be changed but were sent, by wire name. The latter must be
    checked with `unchangeable_errors`. Raises InvalidInput with all errors.
    """
    document = _normalized(raw)
    unchangeable: dict[str, Any] = {}
    # `type`: an object with repeated keys is refused as it came.
    if type(document) is dict:
        unchangeable = {name: document[name] for name in _UNCHANGEABLE if name in document}
        document = {name: value for name, value in document.items() if name not in unchangeable}
    seen = _inspected(document, CustomerChangesInput, limits)
    parsed = cast(CustomerChangesInput, seen.parsed)
    return _values(parsed, parsed.model_fields_set & set(EDITABLE)), unchangeable


def unchangeable_errors(customer: Customer, sent: Mapping[str, Any]) -> list[FieldError]:
    """Return an error for each field that cannot be changed and differs from the stored record.

    `sent` are such fields by wire name, as `check_customer_changes` returns them.
    """
    stored = {
        "customerId": customer.customer_id,
        "createdAt": wire_time(customer.created_at),
        "updatedAt": wire_time(customer.updated_at),
    }
    errors = []
    for name, value in sent.items():
        if name == "customerId":
            if not same_json(_plain_id(value), stored[name]):
                sentence = lazy_gettext("The ID of a customer cannot be changed.")
                errors.append(FieldError(name, sentence))
        elif not same_json(value, stored[name]):
            sentence = lazy_gettext("Set by the service and not changed; leave it out.")
            errors.append(FieldError(name, sentence))
    return errors


def _plain_id(value: object) -> object:
    """Return a customer ID as records store it; any other JSON value unchanged."""
    text = number_text(cast(float, value)) if is_number(value) else value
    return clean_reference(text) if isinstance(text, str) else text


def default_errors(
    defaults: Mapping[str, Any],
    rules: Sequence[AttributeRule],
    before: Mapping[str, Any] | None = None,
) -> list[FieldError]:
    """Return an error for each default whose value the org's attributes (`rules`) do not allow.

    Null means "no value". Keys that are not attributes of `metadata` may have any value. A value
    that the stored defaults `before` have, too, is not checked: an option may have been removed
    since.
    """
    errors = []
    for rule in rules:
        value = defaults.get(rule.key)
        if "metadata" not in rule.areas or value is None:
            continue
        if before is not None and same_json(before.get(rule.key), value):
            continue
        if message := value_fault(rule, value):
            errors.append(FieldError(join_path("defaults", rule.key), message))
    return errors


def place(error: FieldError) -> int:
    """Return the sort key of an error: the position of its field in responses."""
    return _PLACES.get(error.path.partition(".")[0], len(_PLACES))


def _normalized(raw: object) -> object:
    """Return a document with a number as `customerId` as text, and `[]` for `defaults` as {}."""
    if type(raw) is not dict:
        return raw
    meant: dict[str, Any] = {}
    if is_number(raw.get("customerId")):
        meant["customerId"] = number_text(raw["customerId"])
    if raw.get("defaults") == []:
        meant["defaults"] = {}
    return {**raw, **meant} if meant else raw


def _inspected(
    document: object, model: type[CustomerChangesInput], limits: Limits
) -> Inspection[CustomerChangesInput]:
    seen = inspect(document, model, _WORDS, limits=limits)
    if isinstance(document, dict) and not seen.is_unreadable:
        defaults = document.get("defaults")
        own = [("defaults", defaults)] if isinstance(defaults, dict) else []
        seen.add(too_large(own, limits.metadata_bytes))
    if seen.errors or seen.parsed is None:
        raise InvalidInput(sorted(seen.errors.values(), key=place))
    return seen


def _values(parsed: CustomerChangesInput, names: Iterable[str]) -> dict[str, Any]:
    values = {name: getattr(parsed, name) for name in names}
    if values.get("addresses") is not None:
        values["addresses"] = [one.fields() for one in parsed.addresses]
    return values
