"""The access tokens of an org: private ones for servers, public ones for web pages."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain import domains
from orders.domain.errors import Conflict, FieldError
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import hash_secret
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import (
    find_row,
    name_errors,
    refuse,
    require_version,
    version_of,
)
from orders.services.accounts.orgs import require_org
from orders.storage import database
from orders.storage.models.orgs import Token
from orders.storage.pages import Page, Paging, numbered_page
from orders.storage.tables import columns_of, token

# Wire names of the fields by which tokens can be sorted.
SORTABLE_TOKEN_FIELDS = {
    "createdAt": Token.created_at,
    "name": Token.name,
    "lastUsedOn": Token.last_used_at,
}
UNKNOWN = lazy_gettext("There is no token with this ID.")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token. Its secret cannot be read later, because only a hash is stored."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A stored token, without its secret.

    `last_in_address_at` is when a private token was last sent in an address, where the logs of
    servers and proxies keep it; None if it never was.
    """

    id: str
    org_id: str
    name: str
    is_private: bool
    domains: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    last_in_address_at: datetime | None
    revoked_at: datetime | None

    @property
    def version(self) -> str:
        return version_of(self.name, self.domains)


def add_token(
    org_id: str,
    *,
    name: str,
    is_private: bool,
    allowed: Sequence[str] = (),
    token_id: str | None = None,
    succeeds: str | None = None,
) -> NewToken:
    """Create a token with a secret of 256 random bits; return the token's ID and the secret.

    `allowed` are the domains of a public token, which needs at least one; a private token must have
    none. `token_id` is a UUID that the caller may choose: if a token with this ID exists, for
    example because a form was sent twice, Conflict is raised. `succeeds` is the ID of the org's
    token that the new one takes the place of: it reads the orders of that token, and of those that
    it succeeded, as its own. The other token keeps working until it is revoked. Raises InvalidInput
    for an invalid name or domain, and NotFound for an unknown org or predecessor.
    """
    errors = name_errors(name)
    if is_private and allowed:
        errors.append(FieldError("domain", lazy_gettext("A private token has no domains.")))
    elif not is_private:
        errors += _domain_errors(allowed)
    refuse(errors)
    secret = f"so_{'prv' if is_private else 'pub'}_{secrets.token_urlsafe(32)}"
    row = {
        "id": token_id or str(uuid.uuid4()),
        "org_id": org_id,
        "name": name.strip(),
        "is_private": is_private,
        "secret_hash": hash_secret(secret),
        "domains": _canonical(allowed),
        "created_at": datetime.now(UTC),
    }

    try:
        with database.transaction() as connection:
            require_org(connection, org_id)
            row["succeeds"] = _predecessors(connection, org_id, succeeds)
            connection.execute(insert(Token), row)
            record(connection, org_id, EventKind.TOKEN_CREATED, str(row["id"]), name.strip())
    except IntegrityError as error:
        raise Conflict(
            lazy_gettext(
                "This token was already created, and its secret was shown once. If it is "
                "lost, revoke the token and create another."
            )
        ) from error
    return NewToken(str(row["id"]), secret)


def _predecessors(connection: Connection, org_id: str, succeeds: str | None) -> list[str]:
    if succeeds is None:
        return []
    statement = select(Token.succeeds).where(Token.org_id == org_id, Token.id == succeeds)
    return [succeeds, *find_row(connection, statement, succeeds, UNKNOWN).succeeds]


def list_tokens(org_id: str) -> list[AccessToken]:
    """Return all tokens of the org, sorted by name, with revoked tokens last."""
    statement = _tokens(org_id).order_by(
        Token.revoked_at.is_not(None), func.lower(Token.name), Token.created_at, Token.id
    )
    return [_token(row) for row in database.fetch_all(statement)]


def list_active_tokens(
    org_id: str, paging: Paging, *, token_id: str | None = None
) -> Page[AccessToken]:
    """Return a page of the org's active tokens, sorted by a field in SORTABLE_TOKEN_FIELDS.

    If `token_id` is given, the list contains only that token, or nothing if it is not an active
    token of the org. Raises InvalidInput for an invalid cursor in `paging`.
    """
    active = _tokens(org_id).where(Token.revoked_at.is_(None))
    if token_id is not None:
        active = active.where(Token.id == token_id)
    with database.read() as connection:
        return numbered_page(
            connection, active, paging, sortable=SORTABLE_TOKEN_FIELDS, tie=Token.id, make=_token
        )


def find_token(org_id: str, token_id: str) -> AccessToken:
    """Return a token of the org, active or revoked. Raises NotFound if it has none with this ID."""
    statement = _tokens(org_id).where(Token.id == token_id)
    with database.read() as connection:
        return _token(find_row(connection, statement, token_id, UNKNOWN))


def change_token(
    org_id: str, token_id: str, *, name: str, allowed: Sequence[str], version: str | None = None
) -> None:
    """Change the name of a token and, if it is public, its domains (`allowed`).

    For a private token `allowed` is ignored. `version` is the AccessToken.version that the caller
    has read, or None to skip the check. Raises InvalidInput for an invalid name or domain, NotFound
    for an unknown token, Conflict for a revoked one, and ChangedMeanwhile if the token has changed
    since.
    """
    own = _tokens(org_id).where(Token.id == token_id).with_for_update(key_share=True)

    with database.transaction() as connection:
        stored = _token(find_row(connection, own, token_id, UNKNOWN))
        if stored.revoked_at is not None:
            raise Conflict(lazy_gettext("This token is revoked and cannot be changed."))
        refuse(name_errors(name) + ([] if stored.is_private else _domain_errors(allowed)))
        require_version(version, stored.version)
        values: dict[str, Any] = {"name": name.strip()}
        if not stored.is_private:
            values["domains"] = _canonical(allowed)
        connection.execute(update(Token).where(Token.id == token_id).values(values))
        record(connection, org_id, EventKind.TOKEN_CHANGED, token_id, values["name"])


def revoke_token(token_id: str, *, org_id: str | None = None) -> None:
    """Revoke a token permanently; do nothing if it is already revoked.

    If `org_id` is None, the token may belong to any org. Raises NotFound if there is no such token.
    """
    own = [Token.id == token_id]
    if org_id is not None:
        own.append(Token.org_id == org_id)
    revoked = update(Token).where(*own, Token.revoked_at.is_(None))

    with database.transaction() as connection:
        named = select(Token.org_id, Token.name).where(*own)
        found = find_row(connection, named, token_id, UNKNOWN)
        if connection.execute(revoked.values(revoked_at=datetime.now(UTC))).rowcount:
            record(connection, found.org_id, EventKind.TOKEN_REVOKED, token_id, found.name)


def _domain_errors(allowed: Sequence[str]) -> list[FieldError]:
    if not allowed:
        return [FieldError("domain", lazy_gettext("A public token needs a domain."))]
    errors = []
    for domain in allowed:
        try:
            domains.check_domain(domain)
        except domains.BadDomain as error:
            errors.append(FieldError("domain", error.sentence))
    return errors


def _canonical(allowed: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(domains.check_domain(domain) for domain in allowed))


def _tokens(org_id: str) -> Select[Any]:
    return select(*columns_of(AccessToken, token)).where(Token.org_id == org_id)


def _token(row: Any) -> AccessToken:  # noqa: ANN401 - a row of `_tokens`
    values = {name: getattr(row, name) for name in AccessToken.__dataclass_fields__}
    return AccessToken(**{**values, "domains": tuple(row.domains)})
