"""Secrets that must be read again are nowhere stored as they are."""

import json

import flask_migrate
import pyotp
import pytest
from flask import Flask
from sqlalchemy import text

from orders.interfaces.api.application import all_endpoints
from orders.interfaces.api.endpoints import Endpoint
from orders.interfaces.cli.upgrade import CannotStart, migrate
from orders.services import stored_secrets
from orders.services.accounts import second_factor
from orders.services.webhooks import webhooks
from orders.settings import PROJECT
from orders.storage import database, encryption
from tests.actors import Org

ADDRESS = "https://shop.example/hook"
EARLIER, CURRENT, FOREIGN = "the earlier key of us", "the current key of us", "a key of others"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test change the keys of the process."""
    monkeypatch.setattr(encryption, "_ciphers", [])


def stored() -> str:
    """Return all that the tables with secrets contain, as it is stored."""
    with database.read() as connection:
        tables = ("webhook", "submission", "staff_account")
        rows = [connection.execute(text(f"SELECT * FROM {one}")).all() for one in tables]  # noqa: S608 - names from above
    return repr(rows)


def test_a_database_alone_reveals_no_secret_of_a_webhook(app: Flask, org: Org) -> None:
    def post() -> dict[str, str]:
        headers = {"Authorization": f"Bearer {org.private.secret}", "Idempotency-Key": "once"}
        body = {"topic": "order.created", "address": ADDRESS}
        answer = app.test_client().post("/api/webhooks", json=body, headers=headers)
        assert answer.status_code == 201
        made: dict[str, str] = answer.get_json()["webhook"]
        return made

    made = post()
    assert post() == made
    with app.app_context():
        rolled = webhooks.roll_secret(made["id"], org.id)
        assert webhooks.read_secret(made["id"], org.id) == rolled
        assert ADDRESS in stored()
        assert made["secret"] not in stored()
        assert rolled not in stored()


def test_a_database_alone_reveals_no_secret_of_an_app(app: Flask, org: Org) -> None:
    secret = second_factor.new_secret()
    member = org.staff()
    with app.app_context():
        assert second_factor.turn_on(member, secret, pyotp.TOTP(secret).now())
        assert member.email in stored()
        assert secret not in stored()


def test_responses_with_a_secret_are_declared() -> None:
    def has_secret(endpoint: Endpoint) -> bool:
        examples = [one.value for answer in endpoint.responses for one in answer.examples.values()]
        return '"secret"' in json.dumps(examples)

    endpoints = list(all_endpoints())
    assert [one.id for one in endpoints if has_secret(one)] == ["createWebhook"]
    assert [one.id for one in endpoints if one.shows_secret] == ["createWebhook"]


def test_a_start_encrypts_with_the_current_key(app: Flask, org: Org, keys: None) -> None:
    with app.app_context():
        encryption.use_keys([EARLIER])
        made = webhooks.create(
            {"topic": "order.created", "address": ADDRESS},
            actor=org.actor(), limits=app.config["SETTINGS"].limits, allow_private=False,
        )  # fmt: skip
        encryption.use_keys([CURRENT])
        stored_secrets.renew_encryption()
        before = stored()
        stored_secrets.renew_encryption()
        assert stored() == before
        encryption._ciphers.clear()
        encryption.use_keys([CURRENT])
        assert webhooks.read_secret(made.webhook.id, org.id) == made.secret


def test_a_start_with_a_foreign_key_ends_with_a_sentence(app: Flask, org: Org, keys: None) -> None:
    encryption.use_keys([EARLIER])
    with app.app_context():
        webhooks.create(
            {"topic": "order.created", "address": ADDRESS},
            actor=org.actor(), limits=app.config["SETTINGS"].limits, allow_private=False,
        )  # fmt: skip
        before = stored()
        encryption._ciphers.clear()
        encryption.use_keys([FOREIGN])
        with pytest.raises(CannotStart, match=r"Append the earlier .* after a comma"):
            migrate(0)
        assert stored() == before


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_secrets_from_before_the_migration_are_encrypted(app: Flask, org: Org) -> None:
    folder = str(PROJECT / "orders" / "storage" / "migrations")
    secret = second_factor.new_secret()
    member = org.staff()
    with app.app_context():
        second_factor.turn_on(member, secret, pyotp.TOTP(secret).now())
        made = webhooks.create(
            {"topic": "order.created", "address": ADDRESS},
            actor=org.actor(), limits=app.config["SETTINGS"].limits, allow_private=False,
        )  # fmt: skip
        database.close()
        flask_migrate.downgrade(directory=folder, revision="0026")
        plain = stored()
        flask_migrate.upgrade(directory=folder)
        assert secret in plain
        assert made.secret in plain
        assert secret not in stored()
        assert made.secret not in stored()
        assert webhooks.read_secret(made.webhook.id, org.id) == made.secret
