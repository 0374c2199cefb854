"""Actors of the tests: an org with its tokens and people, created by the product's own services."""

import contextlib
import re
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule
from orders.domain.configuration import ConfigurationInput
from orders.domain.errors import Conflict
from orders.interfaces.http.session import SECRET
from orders.services.accounts import access, accounts, attributes, orgs, sessions, tokens
from orders.services.accounts.access import Actor, StaffMember
from orders.services.accounts.sessions import Browser, Lifetimes
from orders.services.catalog import configurations, products

# A thousand tests sign in. `test_sign_in.py` checks the product's own cost, and that this works.
PRODUCT_HASHER = access.password_hasher
access.password_hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

LIFETIMES = Lifetimes(timedelta(hours=12), timedelta(days=14))
PASSWORD = "correct horse battery"
DOMAINS = ("shop.example", "*.stores.example", "localhost:3000")


@dataclass(frozen=True)
class Org:
    """An org and how to act in it."""

    app: Flask
    id: str
    private: tokens.NewToken
    public: tokens.NewToken
    email: str

    def staff(self) -> StaffMember:
        """Return the salesperson; the account is created when first needed: argon2 is slow."""
        return self._member(self.email, "sales")

    def admin(self) -> StaffMember:
        """Return the admin."""
        return self._member(f"admin.{self.email}", "admin")

    def _member(self, email: str, role: str) -> StaffMember:
        with self.app.app_context():
            with contextlib.suppress(Conflict):
                accounts.add_staff(self.id, email=email, role=role, password=PASSWORD)
            member = access.sign_in(email, PASSWORD)
            assert member is not None
            return member

    def actor(self) -> Actor:
        """Return the private token as an actor."""
        with self.app.app_context():
            return access.authenticate(self.private.secret, origin=None)

    def define(self, *rules: AttributeRule) -> None:
        """Define attributes."""
        with self.app.app_context():
            for rule in rules:
                attributes.add_attribute(self.id, rule)

    def save(self, name: str, sku: str) -> products.ConfigurationSummary:
        """Save a configuration and return its summary."""
        with self.app.app_context():
            [made] = configurations.save_configurations(
                [
                    ConfigurationInput.model_construct(
                        variant={"Wood": "Oak", "Legs": "Brass"},
                        metadata={"name": name, "sku": sku},
                    )
                ],
                org_id=self.id,
                created_by=self.private.id,
            )
            return products.resolve([made], self.id)[made]

    def sign_in(self, client: FlaskClient, member: StaffMember | None = None) -> FlaskClient:
        """Make a client the browser of a signed-in person, who is the salesperson by default."""
        with client.session_transaction() as session:
            session[SECRET] = session_of(self.app, member or self.staff())
        return client


def session_of(app: Flask, member: StaffMember) -> str:
    """Begin a session of a person and return its secret."""
    with app.app_context():
        return sessions.begin(member, Browser("", ""), kind=None)


def make_org(app: Flask, name: str) -> Org:
    """Create an org with a private and a public token and a salesperson."""
    email = f"{re.sub('[^a-z0-9]+', '-', name.lower())}@desk.example"
    with app.app_context():
        org_id = orgs.add_org(name)
        private = tokens.add_token(org_id, name="script", is_private=True)
        public = tokens.add_token(org_id, name="shop", is_private=False, allowed=DOMAINS)
    return Org(app, org_id, private, public, email)
