"""JSON endpoints for customer records, for private tokens only."""

from urllib.parse import quote

from orders.domain.customer import (
    EXAMPLE_CUSTOMER_ID,
    Customer,
    CustomerChangesInput,
    CustomerInput,
    customer_fields,
)
from orders.interfaces.api import schemas
from orders.interfaces.api.endpoints import (
    EXAMPLES,
    Access,
    Example,
    RequestBody,
    Resource,
    Success,
    link,
)
from orders.interfaces.api.parameters import (
    CHANGED_PERIOD,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    ORG_ID,
    path_parameter,
    text_filter,
)
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import EndpointResult, list_result
from orders.services.customers import customer_queries, customers
from orders.services.customers.customer_queries import CustomerFilter

resource = Resource(
    "Customers",
    "Records of the customers that orders name by `customerId`: names, addresses and defaults. An "
    "order needs no record, and none refers to it.",
)

CUSTOMER_ID = path_parameter(
    "customer_id",
    "The `customerId` of the record, percent-encoded: it may contain `/` and any other characters.",
    EXAMPLE_CUSTOMER_ID,
    kind="customer-reference",
    pattern="(?s:.+)",
)
_EMPTY: dict[str, object] = {
    "addresses": [],
    "contact": None,
    "email": None,
    "phone": None,
    "notes": None,
}
_TIMES = {"createdAt": schemas.MOMENT, "updatedAt": schemas.MOMENT}


def _stored(summary: str, example: Example, **fields: object) -> Example:
    stored = {**_EMPTY, "defaults": {}, **example.value, **_TIMES, **fields}
    return Example(summary, stored)


_NEW = EXAMPLES["newCustomers"]
STORED = {
    "customer": _stored("The whole record", _NEW["customer"]),
    "named": _stored("A record with only a name", _NEW["named"]),
}
ONE = {"customer": _stored("The whole record", _NEW["customer"], customerId=EXAMPLE_CUSTOMER_ID)}
CUSTOMERS = schemas.example_page("All customers", "customers", STORED["customer"].value)

FILTERS = (
    text_filter("name", "name", "Customers with exactly this name.", "Gasthof Zur Linde"),
    text_filter(
        "email", "email", "Customers with exactly this e-mail address.", "huber@zur-linde.example"
    ),
    *CHANGED_PERIOD,
)
PRIVATE_ONLY = {403: "The token is public, or `orgId` is another org."}
GONE = {404: "The org of the token has no record of this customer."}
TAKEN = {409: "The customer has a record already; `PUT` changes it."}

_THIS = {"customer_id": "$response.body#/customerId"}
LINKS = {
    "read": link("readCustomer", _THIS, "Read the record."),
    "change": link("changeCustomer", _THIS, "Change it."),
    "delete": link("deleteCustomer", _THIS, "Delete it."),
}


def present_customer(customer: Customer) -> EndpointResult:
    return EndpointResult(customer_fields(customer), etag=str(customer.version))


def present_new_customer(customer: Customer) -> EndpointResult:
    location = f"/api/customers/{quote(customer.customer_id, safe='')}"
    return present_customer(customer)._replace(location=location)


@resource.endpoint(
    "POST /api/customers",
    Access.PRIVATE,
    Success(
        201, "The complete record.", schemas.CustomerAnswer, STORED, ("Location", "ETag"), LINKS,
    ),
    parameters=(ORG_ID, IDEMPOTENCY_KEY),
    bodies=(RequestBody(CustomerInput, _NEW),),
    errors={**PRIVATE_ONLY, **TAKEN},
    present=present_new_customer,
)  # fmt: skip
def create_customer(call: Call) -> Customer:
    """Create a customer record.

    A customer has at most one record. Orders with the same `customerId` belong to it, those from
    before included.
    """
    return customers.create(call.body, actor=call.actor, limits=call.limits, key=call.once)


@resource.endpoint(
    "GET /api/customers",
    Access.PRIVATE,
    Success(200, "A page of records.", schemas.CustomerList, {"customers": CUSTOMERS}),
    parameters=(ORG_ID,),
    filters=FILTERS,
    sortable=customer_queries.SORTABLE,
    errors=PRIVATE_ONLY,
)
def list_customers(call: Call) -> EndpointResult:
    """List customer records.

    Returns the records of the org that match all filters.
    """
    page = customer_queries.list_customers(
        call.actor.org_id, CustomerFilter(**call.filters), call.paging
    )
    return list_result("customers", page, customer_fields, call.ignored)


@resource.endpoint(
    "GET /api/customers/{customer_id}",
    Access.PRIVATE,
    Success(200, "The complete record.", schemas.CustomerAnswer, ONE, ("ETag",)),
    Success(304, "The version is still the one in `If-None-Match`.", None, headers=("ETag",)),
    parameters=(CUSTOMER_ID, ORG_ID, IF_NONE_MATCH),
    errors={**PRIVATE_ONLY, **GONE},
    present=present_customer,
)
def read_customer(call: Call, customer_id: str) -> Customer:
    """Read a customer record.

    Finds it by the customer's ID.
    """
    return customer_queries.find_customer(customer_id, call.actor.org_id)


@resource.endpoint(
    "PUT /api/customers/{customer_id}",
    Access.PRIVATE,
    Success(200, "The record after the change.", schemas.CustomerAnswer, ONE, ("ETag",)),
    parameters=(CUSTOMER_ID, ORG_ID, IF_MATCH),
    bodies=(RequestBody(CustomerChangesInput, EXAMPLES["customerChanges"]),),
    errors={**PRIVATE_ONLY, **GONE},
    present=present_customer,
)
def change_customer(call: Call, customer_id: str) -> Customer:
    """Change a customer record.

    Fields that you send are replaced; others stay as they are. You can send a complete record back:
    fields that cannot be changed are accepted if they are unchanged.
    """
    return customers.change(
        customer_id,
        call.body,
        actor=call.actor,
        limits=call.limits,
        is_current=call.request.version_check,
    )


@resource.endpoint(
    "DELETE /api/customers/{customer_id}",
    Access.PRIVATE,
    Success(200, "The record as it was.", schemas.CustomerAnswer, ONE, ("ETag",)),
    parameters=(CUSTOMER_ID, ORG_ID, IF_MATCH),
    errors={**PRIVATE_ONLY, **GONE},
    present=present_customer,
)
def delete_customer(call: Call, customer_id: str) -> Customer:
    """Delete a customer record.

    Orders of the customer stay as they are.
    """
    return customers.remove(customer_id, actor=call.actor, is_current=call.request.version_check)
