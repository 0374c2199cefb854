"""The operations of access tokens in the document; views in `orders.api.accesstoken_views`."""

from orders.administration import SORTABLE_TOKEN_FIELDS
from orders.api.answer_schema import EXAMPLE_ACTOR_ID, AccessTokenAnswer, AccessTokenList
from orders.api.description.parameters import ORG_ID, paging
from orders.api.description.parts import (
    Answer,
    Chapter,
    Example,
    Link,
    Operation,
    Parameter,
    Tokens,
)
from orders.api.description.refusals import READING, READING_ONE
from orders.rules.fields import EXAMPLE_ORG_ID

_PUBLIC = {
    "id": EXAMPLE_ACTOR_ID,
    "orgId": EXAMPLE_ORG_ID,
    "name": "Online shop",
    "domains": ["shop.example", "*.shop.example"],
    "permissions": "public",
    "serviceAccountId": EXAMPLE_ACTOR_ID,
    "lastUsedOn": "2026-11-24T09:30:00.000Z",
    "createdAt": "2026-10-01T08:00:00.000Z",
}
_TOKEN = Example("A public token", _PUBLIC)
_LIST = Example(
    "All tokens",
    {"accesstokens": [_PUBLIC], "count": 1, "page": 1, "perPage": 50, "sort": "-createdAt"},
)

ACCESSTOKEN_CHAPTER = Chapter(
    "Access tokens",
    "Which tokens there are. They are made and revoked at the desk, where a secret is shown once.",
    (
        Operation(
            "GET",
            "/api/accesstokens",
            "listAccessTokens",
            "List the tokens",
            "Those of the org that are not revoked, public and private.",
            "Access tokens",
            Tokens.PRIVATE,
            (
                Answer(
                    200,
                    "A page of tokens.",
                    AccessTokenList,
                    {"tokens": _LIST},
                    links={
                        "first": Link(
                            "readAccessToken",
                            {"token_id": "$response.body#/accesstokens/0/id"},
                            "Read the first of them.",
                        )
                    },
                ),
            ),
            {**READING, 422: "A query parameter is malformed."},
            (ORG_ID, *paging(SORTABLE_TOKEN_FIELDS)),
        ),
        Operation(
            "GET",
            "/api/accesstokens/{token_id}",
            "readAccessToken",
            "Read a token",
            "By its `id`.",
            "Access tokens",
            Tokens.PRIVATE,
            (Answer(200, "The token.", AccessTokenAnswer, {"token": _TOKEN}),),
            {**READING_ONE, 404: "There is no such token in the org, or it is revoked."},
            (
                Parameter(
                    "token_id",
                    "path",
                    "The `id` of the token.",
                    {"type": "string", "minLength": 1},
                    EXAMPLE_ACTOR_ID,
                    required=True,
                ),
            ),
        ),
    ),
)
