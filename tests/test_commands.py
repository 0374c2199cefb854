"""Each command prints one JSON object; a failed one prints one too, and exits with 1."""

import json

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from orders import __version__
from tests.bad_orders import CHAIR

UNKNOWN = "00000000-0000-4000-8000-000000000000"
PASSWORD = "correct horse battery"


def ran(runner: FlaskCliRunner, *arguments: str, stdin: str = "") -> dict[str, str]:
    result = runner.invoke(args=arguments, input=stdin)
    assert result.exit_code == 0, result.output
    answer: dict[str, str] = json.loads(result.stdout)
    return answer


def refused(runner: FlaskCliRunner, *arguments: str, stdin: str = "") -> dict[str, str]:
    result = runner.invoke(args=arguments, input=stdin)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    answer: dict[str, str] = json.loads(result.stderr)
    return answer


@pytest.fixture
def org_id(runner: FlaskCliRunner) -> str:
    return ran(runner, "org", "add", "Workshop")["id"]


def test_from_nothing_to_an_order_by_commands_alone(
    runner: FlaskCliRunner, client: FlaskClient, org_id: str
) -> None:
    own = ("--org", org_id)
    options = ("--option", "matt=Matt", "--option", "gloss=Gloss", "--applies", "both")
    ran(runner, "attribute", "add", *own, "--key", "finish", "--label", "Finish", "--kind",
        "option", *options, "--required")  # fmt: skip
    made = ran(runner, "token", "add", *own, "--name", "script", "--private")
    assert set(made) == {"id", "token"}
    headers = {"Authorization": f"Bearer {made['token']}"}
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    assert client.post("/api/orders", json=order, headers=headers).status_code == 422
    order["metadata"] = {"finish": "matt"}  # type: ignore[assignment]  # one field of another kind
    assert client.post("/api/orders", json=order, headers=headers).status_code == 201
    ran(runner, "token", "revoke", made["id"])
    assert client.post("/api/orders", json=order, headers=headers).status_code == 401


def test_a_public_token_lists_its_domains(runner: FlaskCliRunner, org_id: str) -> None:
    domains = ("--domain", "shop.example", "--domain", "*.shop.example")
    made = ran(runner, "token", "add", "--org", org_id, "--name", "web", "--public", *domains)
    assert made["token"].startswith("so_pub_")
    for bad in ((), ("--domain", "https://x"), ("--domain", "*")):
        refused(runner, "token", "add", "--org", org_id, "--name", "web", "--public", *bad)
    private = ("--private", "--domain", "shop.example")
    refused(runner, "token", "add", "--org", org_id, "--name", "x", *private)


def test_a_staff_account_is_added_once(runner: FlaskCliRunner, org_id: str) -> None:
    add = ("staff", "add", "--org", org_id, "--role", "sales", "--password-stdin", "--email")
    assert set(ran(runner, *add, "a@desk.example", stdin=PASSWORD + "\n")) == {"id"}
    assert "already" in refused(runner, *add, "A@desk.example", stdin=PASSWORD)["error"]
    assert "errors" in refused(runner, *add, "b@desk.example", stdin="short")
    assert "errors" in refused(runner, *add, "nonsense", stdin=PASSWORD)


def test_what_is_unknown_or_there_already_is_refused(runner: FlaskCliRunner, org_id: str) -> None:
    refused(runner, "token", "revoke", UNKNOWN)
    refused(runner, "token", "add", "--org", UNKNOWN, "--name", "x", "--private")
    refused(runner, "org", "add", "")
    text = ("--key", "note", "--label", "Note", "--kind", "text")
    refused(runner, "attribute", "add", "--org", UNKNOWN, *text)
    ran(runner, "attribute", "add", "--org", org_id, *text)
    refused(runner, "attribute", "add", "--org", org_id, *text)
    option = ("--key", "color", "--label", "Color", "--kind", "option")
    refused(runner, "attribute", "add", "--org", org_id, *option)


def test_an_attribute_has_labels_in_other_languages_and_defaults_of_every_kind(
    runner: FlaskCliRunner, client: FlaskClient, org_id: str
) -> None:
    add = ("attribute", "add", "--org", org_id)
    ran(runner, *add, "--key", "a", "--label", "A", "--kind", "many", "--option", "x=X",
        "--option", "y=Y", "--option-in", "de:x=Ix", "--label-in", "de=Ah", "--default", "x, y",
        "--hint", "h", "--placeholder", "p", "--group", "g", "--not-copied")  # fmt: skip
    ran(runner, *add, "--key", "b", "--label", "B", "--kind", "money", "--default", "12.50 EUR")
    ran(runner, *add, "--key", "c", "--label", "C", "--kind", "date", "--default", "2027-01-18")
    refused(runner, *add, "--key", "d", "--label", "D", "--kind", "date", "--default", "soon")
    refused(runner, *add, "--key", "d", "--label", "D", "--kind", "date", "--label-in", "no")
    made = ran(runner, "token", "add", "--org", org_id, "--name", "script", "--private")
    headers = {"Authorization": f"Bearer {made['token']}"}
    order = {"cart": [{"configurationId": CHAIR, "count": 1}]}
    placed = client.post("/api/orders", json=order, headers=headers).json
    assert placed is not None
    assert placed["metadata"] == {
        "a": ["x", "y"],
        "b": {"amount": "12.50", "currency": "EUR"},
        "c": "2027-01-18",
    }


@pytest.mark.one_database(reason="nothing is read")
def test_staff_see_the_version(staff_client: FlaskClient, client: FlaskClient) -> None:
    shown = f"Shortorder {__version__}"
    assert shown in staff_client.get("/account").text
    assert shown not in client.get("/find").text
