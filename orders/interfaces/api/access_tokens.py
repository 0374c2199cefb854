"""JSON endpoints for access tokens; they never return a token's secret."""

from typing import Any

from orders.domain.errors import NotFound
from orders.domain.moments import wire_time
from orders.interfaces.api import schemas
from orders.interfaces.api.endpoints import EXAMPLES, Access, Resource, Success, link
from orders.interfaces.api.parameters import ORG_ID, path_parameter, query_filter
from orders.interfaces.api.query import Query
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import EndpointResult, list_result
from orders.services.accounts import tokens
from orders.services.accounts.tokens import SORTABLE_TOKEN_FIELDS, AccessToken

resource = Resource(
    "Access tokens",
    "The tokens of the org. They are created and revoked at the desk, which shows a secret once.",
)

TOKEN_ID = path_parameter("token_id", "The `id` of the token.", schemas.EXAMPLE_ACTOR_ID)
PUBLIC_TOKEN = EXAMPLES["token"]
TOKENS = schemas.example_page("All tokens", "accesstokens", PUBLIC_TOKEN["token"].value)
FIRST = link(
    "readAccessToken", {"token_id": "$response.body#/accesstokens/0/id"}, "Read the first of them."
)


@resource.endpoint(
    "GET /api/accesstokens",
    Access.PRIVATE,
    Success(
        200,
        "A page of tokens.",
        schemas.AccessTokenList,
        {"tokens": TOKENS},
        links={"first": FIRST},
    ),
    parameters=(ORG_ID,),
    filters=(
        query_filter(
            "serviceAccountId",
            "token_id",
            Query.uuid,
            "The token that acts under this ID.",
            {"type": "string", "format": "uuid"},
            schemas.EXAMPLE_ACTOR_ID,
        ),
    ),
    sortable=SORTABLE_TOKEN_FIELDS,
)
def list_access_tokens(call: Call) -> EndpointResult:
    """List the tokens.

    Returns the org's tokens that are not revoked, public and private.
    """
    page = tokens.list_active_tokens(call.actor.org_id, call.paging, **call.filters)
    return list_result("accesstokens", page, token_fields, call.ignored)


@resource.endpoint(
    "GET /api/accesstokens/{token_id}",
    Access.PRIVATE,
    Success(200, "The token.", schemas.AccessTokenAnswer, PUBLIC_TOKEN),
    parameters=(TOKEN_ID,),
    errors={404: "The org has no such token, or it is revoked."},
)
def read_access_token(call: Call, token_id: str) -> EndpointResult:
    """Read a token.

    Finds it by its `id`.
    """
    token = tokens.find_token(call.actor.org_id, token_id.lower())
    if token.revoked_at is not None:
        raise NotFound("There is no token with this ID.")
    return EndpointResult(token_fields(token))


def token_fields(token: AccessToken) -> dict[str, Any]:
    """Return a token as a JSON object, without its secret (docs/contract.md, "Access tokens")."""
    used = token.last_used_at
    return {
        "id": token.id,
        "orgId": token.org_id,
        "name": token.name,
        "domains": token.domains,
        "permissions": "private" if token.is_private else "public",
        # A token acts under its own ID, which `createdBy` contains.
        "serviceAccountId": token.id,
        **({"lastUsedOn": wire_time(used)} if used else {}),
        "createdAt": wire_time(token.created_at),
    }
