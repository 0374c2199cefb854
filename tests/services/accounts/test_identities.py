"""Identities of company accounts in the database: one account each, also at the same time."""

import dataclasses

import pytest
from flask import Flask
from sqlalchemy import func, select

from orders.domain.company_accounts import CompanyIdentity
from orders.domain.errors import Conflict
from orders.services.accounts import identities, passkeys
from orders.services.accounts.passkeys import Site
from orders.storage import database
from orders.storage.models.people import StaffIdentity
from tests.actors import Org
from tests.authenticator import HOST, ORIGIN, SoftPasskey
from tests.services.accounts.test_parallel_use import at_once

KIM = CompanyIdentity("https://login.example", "kim", "kim@acme.example", is_verified=True)


def test_an_identity_belongs_to_one_account(app: Flask, org: Org) -> None:
    member, admin = org.staff(), org.admin()
    with app.app_context():
        own = dataclasses.replace(KIM, email=member.email)
        for _ in range(2):
            identities.connect(member, own)
        with pytest.raises(Conflict):
            identities.connect(admin, dataclasses.replace(KIM, email=admin.email))
        assert database.fetch_value(select(func.count()).select_from(StaffIdentity)) == 1
        assert identities.sign_in(own).id == member.id


def test_first_sign_ins_at_the_same_time_make_one_account(app: Flask, org: Org) -> None:
    found = at_once(app, [lambda: identities.sign_in(KIM, org_id=org.id).id] * 2)
    assert len(set(found)) == 1
    assert None not in found


def test_a_passkey_is_stored_and_used(app: Flask, org: Org) -> None:
    member, key, site = org.staff(), SoftPasskey(count=2**32 - 2), Site(HOST, ORIGIN)
    with app.app_context():
        challenge = passkeys.new_challenge()
        answer = key.create(passkeys.options_to_add(member, site, challenge))
        passkeys.add(member, answer, name="Phone", site=site, challenge=challenge)
        key.count += 1
        challenge = passkeys.new_challenge()
        answer = key.use(passkeys.options_to_use(site, challenge))
        found = passkeys.use(answer, site=site, challenge=challenge)
    assert found is not None
    assert found.id == member.id
