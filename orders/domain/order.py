"""Orders: the one table of their fields, the classes that services pass around, and their JSON.

Everything that handles an order field by field reads ORDER_FIELDS: schemas, change detection,
merging, history, labels, import, export, search, sorting, and the API reference. Only code that
runs for each order that is written or read names the fields itself: the classes and `order_fields`
here, and `orders/services/orders/queries.py` (docs/extending.md, "An order field").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as own_field
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from orders.domain.errors import FieldError
from orders.domain.fields import (
    EMPTY_ARRAY,
    EXAMPLE_ORG_ID,
    AlsoSent,
    AnyObject,
    AnyValue,
    CartLineInput,
    MetadataObject,
    Moment,
    OrderStatus,
    OrgId,
    PlatformInput,
    ShopId,
    ShortIdText,
    ShortText,
    Uuid,
    keywords,
)
from orders.domain.moments import wire_time
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext


class FieldKind(Enum):
    """The kind of value that a field has, which decides how it is compared, merged and shown."""

    ID = "an ID that the service sets"
    TIME = "a time that the service sets"
    TEXT = "a text of at most 255 characters, or null"
    STATUS = "one of the five states"
    OBJECT = "an object, merged key by key"
    LINES = "the lines of the cart"
    LIST = "an array that is kept as it was sent"


@dataclass(frozen=True, slots=True)
class OrderField:
    """A field of an order, or a part of a field: a key of `platform` that the service knows.

    `name` is the attribute of `Order`, the column of the table `orders`, and the form field; for a
    part, it is the key. `wire_name` is the path in JSON. `sent` is the pydantic type in a request,
    or None for a field that only the service sets. `answered` is the type in a response if it
    differs. `default` is the value if a new order leaves the field out; `dict` and `list` mean an
    empty one. `column_words` has the names by which a column of an imported file is recognized,
    separated by spaces; each is in lowercase, without spaces and punctuation. A field without any
    is not in IMPORTED_FIELDS.
    """

    name: str
    wire_name: str
    kind: FieldKind
    label: str = ""
    sent: Any = None
    answered: Any = None
    default: Any = None
    description: str | None = None
    answer_description: str | None = None
    examples: tuple[Any, ...] | None = None
    is_editable: bool = False
    is_recorded: bool = False
    column_words: str = ""
    is_exported: bool = False
    is_searchable: bool = False
    is_sortable: bool = False
    parts: tuple["OrderField", ...] = ()


_PLATFORM_PARTS = (
    OrderField(
        "id", "platform.id", FieldKind.TEXT, lazy_gettext("Platform order ID"),
        column_words="platformid platformorderid orderid orderno ordernumber ordernr shoporder "
        "shoporderid externalid externalorderid reference ponumber po bestellnummer bestellnr "
        "auftragsnummer auftragsnr bestellid",
        is_exported=True, is_searchable=True,
    ),
    OrderField(
        "platform", "platform.platform", FieldKind.TEXT, lazy_gettext("Platform"),
        column_words="platformplatform platform plattform channel kanal source shopsystem",
        is_exported=True, is_searchable=True,
    ),
    OrderField(
        "storeName", "platform.storeName", FieldKind.TEXT, lazy_gettext("Store name"),
        column_words="platformstorename storename store shop shopname filiale geschaeft geschäft",
        is_exported=True, is_searchable=True,
    ),
)  # fmt: skip

# In the order in which people meet the fields on the form; errors are listed in it, too.
ORDER_FIELDS = (
    OrderField(
        "id", "id", FieldKind.ID, answered=Uuid,
        description="The order's UUID, made by the service and never used again.",
        examples=("0199f0c2-5d1e-7c3a-9b52-64f1c8a70e11",),
    ),
    OrderField(
        "short_id", "shortId", FieldKind.ID, answered=ShortIdText,
        description="The order's code, which people can read out over the phone: eleven random "
        "characters and a check character. Unique across all orgs.",
        examples=("7KQ4M2XD9T3X",), is_exported=True, is_searchable=True, is_sortable=True,
    ),
    OrderField(
        "org_id", "orgId", FieldKind.ID, sent=OrgId, answered=Uuid,
        answer_description="The org of the token.", examples=(EXAMPLE_ORG_ID,),
    ),
    OrderField(
        "origin_org_id", "originOrgId", FieldKind.TEXT, lazy_gettext("Original organization"),
        sent=ShortText | None, default="",
        description="The org that the order came from: the owner or a reseller. `orgId` when it "
        "is left out or empty.", examples=(EXAMPLE_ORG_ID,),
    ),
    OrderField(
        "name", "name", FieldKind.TEXT, lazy_gettext("Order name"), sent=ShortText | None,
        description="What people call the order.", examples=("Reception",),
        is_editable=True, is_exported=True, is_searchable=True, is_sortable=True,
        column_words="name ordername bestellname auftragsname title titel description bezeichnung "
        "betreff",
    ),
    OrderField(
        "customer_id", "customerId", FieldKind.TEXT, lazy_gettext("Customer ID"),
        sent=ShopId | None, answered=ShortText | None,
        description="The customer, by the client's own ID; a number is kept as its text.",
        examples=("C-1042",),
        is_editable=True, is_exported=True, is_searchable=True, is_sortable=True,
        column_words="customerid customer customerno customernumber customernr client clientid "
        "buyer kunde kundennummer kundennr kundenid debitor account",
    ),
    OrderField(
        "status", "status", FieldKind.STATUS, lazy_gettext("Status"),
        sent=OrderStatus, answered=Status, default=Status.NEW, examples=("New",),
        is_editable=True, is_exported=True, is_sortable=True,
        column_words="status state zustand orderstatus bestellstatus",
    ),
    OrderField(
        "platform", "platform", FieldKind.OBJECT,
        sent=Annotated[PlatformInput, AlsoSent(EMPTY_ARRAY)], answered=AnyObject,
        answer_description="As sent; `{}` when it was left out.",
        is_editable=True, is_exported=True, parts=_PLATFORM_PARTS,
    ),
    OrderField(
        "metadata", "metadata", FieldKind.OBJECT, sent=MetadataObject, answered=AnyObject,
        default=dict,
        description="Attributes of the org with their values, and any other keys unless the org "
        "is strict. Defaults of attributes are filled in. `{}` when it is left out.",
        answer_description="As sent, with the defaults of attributes.",
        examples=({"finish": "matt"},), is_editable=True, is_exported=True, is_searchable=True,
    ),
    OrderField(
        "derivative", "derivative", FieldKind.OBJECT, sent=MetadataObject, answered=AnyObject,
        default=dict, description="A second object of attributes, by the same rules as `metadata`.",
        answer_description="As sent, with the defaults of attributes.",
        examples=({},), is_editable=True, is_exported=True, is_searchable=True,
    ),
    OrderField(
        "cart", "cart", FieldKind.LINES, lazy_gettext("Cart"), sent=list[CartLineInput],
        description="The lines, in the order in which they are sent. From the status `New` on at "
        "least one is needed.",
        answer_description="The lines, in the order in which they were sent.",
        is_editable=True,
    ),
    OrderField(
        "items", "items", FieldKind.LIST,
        # Not pydantic's own mark: it would warn whenever the field is read.
        sent=Annotated[list[AnyValue], keywords(deprecated=True)],
        answered=Annotated[list[Any], keywords(deprecated=True)],
        default=list,
        description="The old name of the cart, kept and returned as it came. Without `cart`, "
        "entries of the form `{id or configurationId, count?, metadata?}` also become the cart, "
        "all of them or none; `warnings` of the answer say why not. Here a count may be a text of "
        "digits, and is 1 when it is missing.",
        answer_description="The `items` that were sent, unchanged.",
    ),
    OrderField(
        "created_at", "createdAt", FieldKind.TIME, answered=Moment | None,
        description="When it was created: UTC, ISO 8601 with milliseconds and `Z`. Null only where "
        "it is withheld from a public token.",
        examples=("2026-11-24T09:30:00.000Z",), is_exported=True, is_sortable=True,
    ),
    OrderField(
        "updated_at", "updatedAt", FieldKind.TIME, answered=Moment | None,
        description="When it was changed last: UTC, ISO 8601 with milliseconds and `Z`. Null only "
        "where it is withheld from a public token.",
        examples=("2026-11-24T09:30:00.000Z",), is_exported=True, is_sortable=True,
    ),
    OrderField(
        "created_by", "createdBy", FieldKind.ID, answered=str,
        description="Who created it: the ID of a staff account or of a token, never a secret.",
        examples=("c0d1b1a4-93a5-4a39-8a50-4f7d6a0a0d0e",), is_exported=True,
    ),
    OrderField(
        "deleted_at", "deletedAt", FieldKind.TIME, answered=Moment | None,
        description="Since when it is in the bin; null when it is not there.", examples=(None,),
    ),
    OrderField(
        "canceled_at", "canceledAt", FieldKind.TIME, answered=Moment | None,
        description="Since when it is canceled; null for an order that is not canceled. `status` "
        "does not change.", examples=(None,), is_exported=True,
    ),
    OrderField(
        "cancel_reason", "cancelReason", FieldKind.TEXT, lazy_gettext("Reason"),
        answered=ShortText | None,
        description="Why it was canceled, for the team; null if nobody said why.",
        examples=(None,), is_exported=True, is_searchable=True, is_recorded=True,
    ),
)  # fmt: skip

# The keys of `platform` that have a meaning here, with their labels.
PLATFORM_LABELS = {part.name: part.label for part in _PLATFORM_PARTS}
FIELD_BY_PATH = {one.wire_name: one for field in ORDER_FIELDS for one in (field, *field.parts)}
# What people call the fields, by their paths in JSON.
LABELS = {path: field.label for path, field in FIELD_BY_PATH.items() if field.label}
EDITABLE_FIELDS = tuple(field for field in ORDER_FIELDS if field.is_editable)
RECORDED_FIELDS = tuple(field for field in ORDER_FIELDS if field.is_editable or field.is_recorded)
IMPORTED_FIELDS = tuple(field for field in FIELD_BY_PATH.values() if field.column_words)
# The fields that a form has as one line of text.
TEXT_FIELDS = tuple(field for field in EDITABLE_FIELDS if field.kind is FieldKind.TEXT)
OBJECT_FIELDS = tuple(field for field in ORDER_FIELDS if field.kind is FieldKind.OBJECT)
SORTABLE_FIELDS = tuple(field for field in ORDER_FIELDS if field.is_sortable)
READ_ONLY = frozenset(field.wire_name for field in ORDER_FIELDS if field.sent is None)
# An old client sends a whole order back after changing one field of it. What cannot be changed is
# accepted when it is unchanged, and refused otherwise.
UNCHANGEABLE = tuple(field.wire_name for field in ORDER_FIELDS if not field.is_editable)


def answer_types(**own: Any) -> dict[str, Any]:  # noqa: ANN401 - types
    """Return the fields of an order in responses, as `pydantic.create_model` takes them.

    `own` has types that replace those in ORDER_FIELDS, by field name: `cart=list[MyLine]`.
    """
    types = {}
    for field in ORDER_FIELDS:
        words = Field(
            description=field.answer_description or field.description,
            examples=None if field.examples is None else list(field.examples),
        )
        kind = own.get(field.name) or field.answered or field.sent
        types[field.name] = (Annotated[kind, words], ...)
    return types


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line of an order: a configuration and its quantity.

    `configuration_id` is a UUID in lowercase, or a short ID as it was sent. `metadata` is None if
    the line was sent without it. `line_id` identifies the line within its order whatever is changed
    in it (orders/domain/line_ids.py), and is None for a line that is not stored yet. It is not part
    of the line's JSON, and does not count when lines are compared.
    """

    configuration_id: str
    count: int
    metadata: dict[str, Any] | None = None
    line_id: int | None = own_field(default=None, compare=False)


Cart = tuple[CartLine, ...]


# Named tuples: several are made for each request, and a frozen data class takes four times as long.
class OrderDraft(NamedTuple):
    """A validated order that is not stored yet. `origin_org_id` is "" if it was not sent.

    `warnings` are hints for the sender, such as entries of `items` that cannot become cart lines.
    """

    name: str | None
    customer_id: str | None
    platform: dict[str, Any]
    metadata: dict[str, Any]
    derivative: dict[str, Any]
    cart: Cart
    items: list[Any]
    status: Status
    origin_org_id: str | None = ""
    warnings: tuple[FieldError, ...] = ()


class Order(NamedTuple):
    """A stored order with all its fields. Times are timezone-aware and in UTC.

    `version` increases with every change. `warnings` are for the request that has just created or
    changed the order; they are not stored.
    """

    id: str
    short_id: str
    org_id: str
    origin_org_id: str | None
    name: str | None
    customer_id: str | None
    platform: dict[str, Any]
    metadata: dict[str, Any]
    derivative: dict[str, Any]
    cart: Cart
    items: list[Any]
    status: Status
    created_at: datetime
    updated_at: datetime
    created_by: str
    deleted_at: datetime | None
    version: int = 1
    warnings: tuple[FieldError, ...] = ()
    canceled_at: datetime | None = None
    cancel_reason: str | None = None


def new_order(
    draft: OrderDraft, *, order_id: str, short_id: str, org_id: str, created_by: str, at: datetime
) -> Order:
    """Build the order to store from a draft, with `at` as creation time; nothing is stored here.

    If the draft's `origin_org_id` is empty, it is set to `org_id`.
    """
    fields = draft._asdict()
    if draft.origin_org_id == "":
        fields["origin_org_id"] = org_id
    return Order(
        **fields, id=order_id, short_id=short_id, org_id=org_id, created_by=created_by,
        created_at=at, updated_at=at, deleted_at=None,
    )  # fmt: skip


def order_fields(order: Order) -> dict[str, Any]:
    """Return an order as JSON: every field by wire name, times as UTC text with milliseconds."""
    return {
        "id": order.id,
        "shortId": order.short_id,
        "orgId": order.org_id,
        "originOrgId": order.origin_org_id,
        "name": order.name,
        "customerId": order.customer_id,
        "platform": order.platform,
        "metadata": order.metadata,
        "derivative": order.derivative,
        "cart": [line_fields(line) for line in order.cart],
        "items": order.items,
        "status": str(order.status),
        "createdAt": wire_time(order.created_at),
        "updatedAt": wire_time(order.updated_at),
        "createdBy": order.created_by,
        "deletedAt": None if order.deleted_at is None else wire_time(order.deleted_at),
        "canceledAt": None if order.canceled_at is None else wire_time(order.canceled_at),
        "cancelReason": order.cancel_reason,
    }


def line_fields(line: CartLine) -> dict[str, Any]:
    """Return a cart line as JSON; the key `metadata` is missing if the line has none."""
    fields: dict[str, Any] = {"configurationId": line.configuration_id, "count": line.count}
    if line.metadata is not None:
        fields["metadata"] = line.metadata
    return fields


def lines_as_json(cart: Cart) -> list[dict[str, Any]]:
    return [line_fields(line) for line in cart]


class OrderChanges:
    """The validated changes to an order: `values` maps field names of `Order` to new values.

    Fields that are not in `values` stay unchanged. `metadata` and `derivative` are as sent, without
    the attributes' defaults. `unchangeable` has (wire name, value) for read-only fields that were
    sent: the values must equal the stored ones. Raises TypeError for the name of a field that
    cannot be edited.
    """

    __slots__ = ("unchangeable", "values")

    def __init__(self, *, unchangeable: tuple[tuple[str, Any], ...] = (), **values: Any) -> None:  # noqa: ANN401 - values of fields
        unknown = values.keys() - _EDITABLE_NAMES
        if unknown:
            raise TypeError(f"These fields of an order cannot be changed: {sorted(unknown)}.")
        self.values: Mapping[str, Any] = values
        self.unchangeable = unchangeable


_EDITABLE_NAMES = frozenset(field.name for field in EDITABLE_FIELDS)
