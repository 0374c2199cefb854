"""What another org has looks like what no org has: at every address, and whatever is chosen."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from orders.domain import short_id
from orders.domain.attributes import AttributeRule, Kind
from orders.domain.errors import Taken
from orders.domain.inputs import Limits
from orders.interfaces.api.application import all_endpoints
from orders.services.accounts import invitations
from orders.services.customers import customers
from orders.services.imports import upload
from orders.services.orders import bulk, drafts, saved_views
from orders.services.orders.bulk import BulkAction
from orders.services.webhooks import webhooks
from orders.storage import database, tables
from orders.storage.models.base import Base
from orders.storage.models.people import PasskeyRow, StaffAccount
from orders.storage.org_rows import belongs_to
from tests.actors import Org
from tests.api.calls import Answer, Api
from tests.api.conftest import caller
from tests.bad_orders import CHAIR
from tests.html import read

pytestmark = pytest.mark.usefixtures("one_request_id")

UNKNOWN = "3f6c2b1e-8f7d-4c52-9d0a-5b1e6f7a8c9d"
UNKNOWN_CODE = short_id.generate()
CART = [{"configurationId": CHAIR, "count": 1}]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c636060606000000005000157a2f4ef0000000049454e44ae426082"
)


@pytest.fixture
def theirs(client: FlaskClient, org: Org) -> Api:
    """The API of the org whose data the others ask for."""
    return caller(client, org, org.private)


@pytest.fixture
def asking(client: FlaskClient, other_org: Org) -> Api:
    return caller(client, other_org, other_org.private)


def ids_in(app: Flask, org: Org, theirs: Api, mark: str = "theirs") -> dict[str, list[str]]:
    """Return the IDs of something of the org for each name of a parameter, by that name.

    `mark` is part of IDs that the org chooses; two orgs have different ones.
    """
    hook = {"topic": "order.created", "address": "https://shop.example/hook"}
    webhook = theirs.call("POST", "/webhooks", hook).json["webhook"]
    theirs.call("POST", "/customers", {"customerId": "K-4711", "name": "Hall"})
    saved: Any = theirs.client.post(
        "/api/configurations",
        headers=theirs.headers,
        data={"shortId": f"{mark}-1", "thumbnail": (BytesIO(PNG), "a.png")},
    ).json
    order = theirs.create({"cart": CART, "customerId": "K-4711"}).json
    member, admin = org.staff(), org.admin()
    org.sign_in(app.test_client())
    org.define(AttributeRule("room", "Room", Kind.TEXT))
    change, draft = str(uuid.uuid4()), mark.ljust(22, "0")
    with app.app_context():
        bulk.change_orders([], BulkAction.BIN, change_id=change, actor=member.actor)
        drafts.save_draft(
            draft, [["name", "Hall"]], actor=member.actor, title="", lines=0, version=0, page=""
        )
        sheet = f"order,configurationId,count\nA,{CHAIR},1\n".encode()
        found = upload.upload("a.csv", sheet, actor=member.actor, limits=Limits(), key="key")
        made = {
            "change_id": [change],
            "import_id": [found.id],
            "template_id": [drafts.save_template("Hall", [], actor=member.actor)],
            "view_id": [saved_views.save_view(member, name="Mine", is_shared=True, address=())],
            "invitation_id": [
                invitations.invite(org.id, email="kim@a.example", role="sales", by=admin.id).id
            ],
        }

        passkey = {"credential_id": mark, "public_key": "", "sign_count": 0, "name": "Phone"}
        owner = {"org_id": org.id, "staff_id": member.id, "created_at": datetime.now(UTC)}
        database.execute(insert(PasskeyRow).values(id=str(uuid.uuid4()), **passkey, **owner))

        def first(name: str) -> list[str]:
            table = Base.metadata.tables[name]
            return [database.fetch_value(select(table.c.id).where(belongs_to(table, org.id)))]

        return {
            **made,
            "orders": [order["id"], order["shortId"]],
            "configurations": [saved["id"], saved["shortId"]],
            "name": [saved["thumbnail"].rpartition("/")[2]],
            "customer_id": ["K-4711"],
            "webhook_id": [webhook["id"]],
            "delivery_id": first("webhook_delivery"),
            "token_id": [org.private.id],
            "attribute_id": first("attribute"),
            "staff_id": [member.id],
            "session_id": first("staff_session"),
            "passkey_id": first("passkey"),
            "note_id": [UNKNOWN],  # below an order
            "key": ["thumbnail"],
            "draft": [draft],
        }


def unknown_like(known: str) -> str:
    """Return an ID of the same kind that nothing has."""
    if known == "thumbnail":
        return known  # of a file, below its configuration
    if re.fullmatch("[0-9a-f-]{36}", known):
        return UNKNOWN
    return UNKNOWN_CODE if re.fullmatch("[0-9A-Z]{12}", known) else "x" + known[1:]


def pairs(
    path: str, names: list[str], ids: Mapping[str, list[str]]
) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Return parameters that name something of the org, and the same that name nothing."""
    ids = {**ids, "reference": ids["orders" if "/orders" in path else "configurations"]}
    ids["key"] = ids["draft" if "/drafts/" in path else "key"]
    most = max(len(ids[name]) for name in names)
    known = [{name: ids[name][at % len(ids[name])] for name in names} for at in range(most)]
    return [(one, {name: unknown_like(value) for name, value in one.items()}) for one in known]


def said(answer: Any, sent: Mapping[str, str]) -> tuple[int, str, str]:  # noqa: ANN401 - the test client's answer
    """Return status, address and text of an answer, without the IDs that were sent."""
    text, location = answer.text, answer.headers.get("Location", "")
    if answer.mimetype == "text/html" and "<main" in text:
        text = " ".join(read(text).first("main").text.split())
    return answer.status_code, without_ids(location, sent), without_ids(text, sent)


def without_ids(text: str, sent: Mapping[str, str]) -> str:
    for name, value in sent.items():
        text = text.replace(value, name)
        code = " ".join(re.findall("....", value)) if len(value) == 12 else value
        text = text.replace(code.replace(" ", "-"), name).replace(code, name)
    return text


@pytest.mark.one_database(reason="the same conditions on both")
def test_the_api_answers_for_what_another_org_has_as_for_nothing(
    app: Flask, org: Org, theirs: Api, asking: Api
) -> None:
    ids, bodies = ids_in(app, org, theirs), {"PUT": {"name": "x"}, "POST": {}}
    for endpoint in all_endpoints():
        if not endpoint.path_names:
            continue
        is_cart = endpoint.path.endswith(("/cart", "/items"))
        body = CART if is_cart else bodies.get(endpoint.method)
        for known, unknown in pairs(endpoint.path, list(endpoint.path_names), ids):
            answers = [
                said(asking.call(endpoint.method, endpoint.path.format(**one)[4:], body), one)
                for one in (known, unknown)
            ]
            assert answers[0] == answers[1], f"{endpoint.method} {endpoint.path}"
            assert answers[0][0] in {404, 422}, endpoint.path


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.one_database(reason="the same conditions on both")
def test_the_desk_answers_for_what_another_org_has_as_for_nothing(
    app: Flask, org: Org, other_org: Org, theirs: Api
) -> None:
    ids = ids_in(app, org, theirs)
    browser = other_org.sign_in(app.test_client(), other_org.admin())
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("desk.") or not rule.arguments:
            continue
        for known, unknown in pairs(rule.rule, sorted(rule.arguments), ids)[:1]:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                answers = []
                for one in (known, unknown):
                    with app.test_request_context():
                        built = rule.build(one)
                    assert built is not None
                    answers.append(said(browser.open(built[1], method=method), one))
                assert answers[0] == answers[1], f"{method} {rule.rule} {known}"
                assert answers[0][0] < 500


@pytest.mark.one_database(reason="the same conditions on both")
def test_what_a_client_chooses_may_be_what_another_org_has_chosen(
    org: Org, other_org: Org, theirs: Api, asking: Api
) -> None:
    once = {"Idempotency-Key": "one"}
    for api in (theirs, asking):
        customer = {"customerId": "K-4711", "name": api.org_id}
        assert api.call("POST", "/customers", customer).json["name"] == api.org_id
        assert api.call("POST", "/orders", {"cart": CART}, headers=once).json["orgId"] == api.org_id

    def refusals(path: str, bodies: list[dict[str, Any]]) -> set[tuple[int, str]]:
        answers: list[Answer] = [asking.call("POST", path, one) for one in bodies]
        return {(one.status_code, one.text.replace("theirs-1", "nobody-1")) for one in answers}

    theirs.call("POST", "/configurations", {"shortId": "theirs-1"})
    carts = [[{"configurationId": one, "count": 1}] for one in ("theirs-1", "nobody-1")]
    for path, bodies, status in (
        ("/orders", [{"cart": CART, "orgId": one} for one in (org.id, UNKNOWN)], 403),
        ("/webhooks", [{"orgId": one} for one in (org.id, UNKNOWN)], 403),
        ("/orders", [{"cart": one} for one in carts], 422),
    ):
        [answer] = refusals(path, bodies)
        assert answer[0] == status


@pytest.mark.one_database(reason="the same conditions on both")
def test_a_record_id_of_another_org_returns_nothing_of_it(
    app: Flask, org: Org, other_org: Org, theirs: Api
) -> None:
    theirs.call("POST", "/customers", {"customerId": "K-4711", "name": "Secret hall"})
    with app.app_context():
        [known] = database.fetch_all(select(tables.customer.c.id))
        raw = {"customerId": "K-1", "name": "Own"}
        actor = other_org.admin().actor
        with pytest.raises(Taken):
            customers.create(raw, actor=actor, limits=Limits(), record_id=known.id)
        raw = {"topic": "order.created", "address": "https://other.example/hook"}
        hook = theirs.call("POST", "/webhooks", raw).json["webhook"]
        with pytest.raises(IntegrityError):
            webhooks.create(
                raw, actor=actor, limits=Limits(), allow_private=False, webhook_id=hook["id"]
            )


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.one_database(reason="the same conditions on both")
def test_an_org_learns_of_few_addresses_that_they_have_an_account(
    app: Flask, org: Org, other_org: Org
) -> None:
    email = org.staff().email
    browser = other_org.sign_in(app.test_client(), other_org.admin())
    forms = {
        "/settings/staff/invite": {"role": "sales"},
        "/settings/staff/new": {"role": "sales", "password": "an unusual lantern"},
    }

    def send(path: str, address: str) -> int:
        data = {"email": address, **forms[path]}
        return browser.post(path, data=data).status_code

    tries = [send(path, email) for _ in range(5) for path in forms]
    assert tries == [409] * 10
    for path in forms:  # and now the answers are the same for all
        assert [send(path, one) for one in (email, "new@desk.example")] == [429, 429]
        assert browser.get(path).status_code == 200
    own = org.sign_in(app.test_client(), org.admin())
    for number in range(11):  # what tells nothing is not limited
        data = {"email": f"{number}@desk.example", "role": "sales"}
        assert own.post("/settings/staff/invite", data=data).status_code == 200
    with app.app_context():
        found = select(StaffAccount.email).where(StaffAccount.org_id == other_org.id)
        assert {row.email for row in database.fetch_all(found)} == {other_org.admin().email}


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.one_database(reason="the same conditions on both")
@pytest.mark.parametrize("path", ["/sign-in", "/forgot-password"])
def test_pages_for_everyone_do_not_tell_who_has_an_account(app: Flask, org: Org, path: str) -> None:
    answers = []
    for email in (org.staff().email, "nobody@desk.example"):
        sent = {"email": email, "password": "wrong"}
        answer = app.test_client().post(path, data=sent)
        answers.append(said(answer, sent))
    assert answers[0] == answers[1]
