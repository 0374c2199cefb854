"""Access tokens through the API: a list for private tokens only, and never a secret."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import Connection, update

from orders.services.accounts import access, orgs
from orders.services.accounts import tokens as access_tokens
from orders.storage import database
from orders.storage.models.orgs import Token
from tests.actors import DOMAINS, Org
from tests.api.calls import Answer, Api

URL = "/api/accesstokens"


def get(api: Api, path: str = URL, **query: str) -> Answer:
    return cast(Answer, api.client.get(path, query_string=query, headers=api.headers))


@pytest.fixture
def made(app: Flask, org: Org) -> list[str]:
    """Three more tokens, oldest first, each an hour younger; never used."""
    with app.app_context():
        ids = [
            access_tokens.add_token(org.id, name=name, is_private=True).id
            for name in ("c", "a", "b")
        ]

        def spread(connection: Connection) -> None:
            # Made within one millisecond, their order would be nobody's.
            for hour, token_id in enumerate([org.private.id, org.public.id, *ids]):
                moment = datetime(2026, 3, 18, hour, tzinfo=UTC)
                own = update(Token).where(Token.id == token_id)
                connection.execute(own.values(created_at=moment))

        database.write(spread)
    return ids


def test_the_list_contains_every_field(api: Api, org: Org) -> None:
    answer = get(api)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    body = answer.json
    assert {key: body[key] for key in ("count", "page", "perPage", "sort")} == {
        "count": 2, "page": 1, "perPage": 50, "sort": "-createdAt",
    }  # fmt: skip
    tokens = {token["id"]: token for token in body["accesstokens"]}
    public, private = tokens[org.public.id], tokens[org.private.id]
    assert {key: value for key, value in public.items() if key != "createdAt"} == {
        "id": org.public.id,
        "orgId": org.id,
        "name": "shop",
        "domains": list(DOMAINS),
        "permissions": "public",
        "serviceAccountId": org.public.id,
    }
    assert (private["permissions"], private["domains"]) == ("private", [])
    # The very request has used it; what was never used has no such field.
    used = datetime.fromisoformat(private["lastUsedOn"])
    assert abs((datetime.now(UTC) - used).total_seconds()) < 600
    assert private["createdAt"].endswith("Z")


def test_the_account_of_a_token_is_the_value_of_created_by(api: Api, org: Org) -> None:
    order = api.create({"status": "List"}).json
    token = get(api, f"{URL}/{org.private.id}").json
    assert order["createdBy"] == token["serviceAccountId"]


def test_one_of_them_is_the_same_as_in_the_list(api: Api, org: Org) -> None:
    listed = {token["id"]: token for token in get(api).json["accesstokens"]}
    for token_id, token in listed.items():
        assert get(api, f"{URL}/{token_id}").json == token
        assert get(api, f"{URL}/{token_id.upper()}").json == token


def test_no_secret_and_no_hash_is_returned(api: Api, org: Org) -> None:
    text = get(api).text + get(api, f"{URL}/{org.public.id}").text
    for secret in (org.private.secret, org.public.secret):
        assert secret not in text
        assert access.hash_secret(secret) not in text


def test_public_tokens_are_403(public_api: Api, app: Flask, org: Org) -> None:
    with app.app_context():
        orgs.change_org(org.id, name="x", is_strict=False, may_public_list=True)
    for path in (URL, f"{URL}/{org.public.id}", f"{URL}/nothing"):
        assert get(public_api, path).status_code == 403
    assert public_api.client.get(URL).status_code == 401


def test_revoked_ones_are_there_no_more(api: Api, app: Flask, org: Org) -> None:
    with app.app_context():
        access_tokens.revoke_token(org.public.id)
    assert [token["id"] for token in get(api).json["accesstokens"]] == [org.private.id]
    assert get(api).json["count"] == 1
    assert get(api, f"{URL}/{org.public.id}").status_code == 404


def test_those_of_another_org_do_not_exist(api: Api, foreign_api: Api, org: Org) -> None:
    assert get(foreign_api).json["count"] == 2
    assert get(foreign_api, f"{URL}/{org.private.id}").status_code == 404
    assert get(api, orgId=org.id).status_code == 200
    assert get(api, orgId=foreign_api.org_id).status_code == 403


@pytest.mark.parametrize("odd", ["%00", "x", "é", "%0A", "0" * 3000, "a/b"])
def test_an_odd_id_is_404(api: Api, odd: str) -> None:
    answer = get(api, f"{URL}/{odd}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


@pytest.mark.usefixtures("made")
class TestParameters:
    def names(self, api: Api, **query: str) -> list[str]:
        answer = get(api, **query)
        assert answer.status_code == 200, answer.text
        return [token["name"] for token in answer.json["accesstokens"]]

    def test_sorted_by_time_name_or_last_use(self, api: Api) -> None:
        assert self.names(api) == ["b", "a", "c", "shop", "script"]
        assert self.names(api, sort="createdAt") == ["script", "shop", "c", "a", "b"]
        assert self.names(api, sort="name") == ["a", "b", "c", "script", "shop"]
        assert self.names(api, sort="-name") == ["shop", "script", "c", "b", "a"]
        # Never used comes last in both directions.
        for sort in ("lastUsedOn", "-lastUsedOn"):
            assert self.names(api, sort=sort)[0] == "script"

    def test_pages_show_each_once(self, api: Api) -> None:
        pages = [get(api, perPage="2", page=str(n)).json for n in (1, 2, 3, 4)]
        assert [len(page["accesstokens"]) for page in pages] == [2, 2, 1, 0]
        assert all(page["count"] == 5 for page in pages)
        assert pages[1]["page"] == 2
        assert pages[1]["perPage"] == 2
        ids = [token["id"] for page in pages for token in page["accesstokens"]]
        assert len(set(ids)) == 5

    def test_values_may_be_json_text_and_unknown_parameters_are_ignored(self, api: Api) -> None:
        query = {"perPage": json.dumps(1), "sort": json.dumps("name"), "_": "17", "cache": "x"}
        assert self.names(api, **query) == ["a"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [("page", "0"), ("page", "x"), ("perPage", "1.5"), ("perPage", "9999999"),
         ("sort", "secret_hash"), ("sort", "secretHash"), ("sort", "--name")],
    )  # fmt: skip
    @pytest.mark.one_database(reason="the parameters are refused before the search")
    def test_a_malformed_one_is_reported_by_its_name(self, api: Api, name: str, value: str) -> None:
        answer = get(api, **{name: value})
        assert answer.status_code == 422
        assert [error["path"] for error in answer.json["errors"]] == [name]


def test_reading_them_counts_as_use(
    api: Api, org: Org, last_use: Callable[[str], datetime | None]
) -> None:
    get(api)
    assert last_use(org.private.id) is not None
