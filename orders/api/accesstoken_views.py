"""The JSON door to access tokens: which there are, never their secrets."""

from typing import Any

from flask import Response

from orders import administration
from orders.access import Actor
from orders.administration import SORTABLE_TOKEN_FIELDS, AccessToken
from orders.api.answers import JsonAnswer
from orders.api.authentication import current_actor
from orders.api.blueprint import api
from orders.api.query import read_query
from orders.rules.errors import Forbidden, NotFound
from orders.rules.moments import wire_time


@api.get("/accesstokens")
def list_accesstokens() -> Response:
    """List the tokens of the org that work."""
    actor, query = _private_actor(), read_query()
    query.own_org(actor)
    paging = query.paging(SORTABLE_TOKEN_FIELDS)
    query.refuse()
    page = administration.list_active_tokens(actor.org_id, paging)
    return JsonAnswer(
        {
            "accesstokens": [_fields(token) for token in page.entries],
            "count": page.count,
            "page": paging.page,
            "perPage": paging.per_page,
            "sort": paging.sort,
        }
    )


@api.get("/accesstokens/<token_id>")
def read_accesstoken(token_id: str) -> Response:
    """Read one token of the org; a revoked one is there no more."""
    token = administration.find_token(_private_actor().org_id, token_id.lower())
    if token.revoked_at is not None:
        raise NotFound("There is no token with this ID.")
    return JsonAnswer(_fields(token))


def _private_actor() -> Actor:
    actor = current_actor()
    if not actor.is_private:
        raise Forbidden("Access tokens are told to private tokens only.")
    return actor


def _fields(token: AccessToken) -> dict[str, Any]:
    """Give the token as it stands in answers (docs/contract.md, "Access tokens")."""
    used = token.last_used_at
    return {
        "id": token.id,
        "orgId": token.org_id,
        "name": token.name,
        "domains": token.domains,
        "permissions": "private" if token.is_private else "public",
        # A token acts under its own ID: that is what `createdBy` holds.
        "serviceAccountId": token.id,
        **({"lastUsedOn": wire_time(used)} if used else {}),
        "createdAt": wire_time(token.created_at),
    }
