"""Orgs: their names, the rules for their orders, and how their customer pages look."""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import Connection, bindparam, insert, select, update

from orders.domain.colours import read_colour
from orders.domain.customer_wording import Wording
from orders.domain.errors import FieldError, NotFound
from orders.domain.permissions import CustomerCheck, PublicReads
from orders.domain.preferences import UTC_NAME
from orders.domain.texts import lazy_gettext
from orders.domain.uploads import content_type_of, is_true, size_fault, too_many_bytes
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import (
    find_row,
    name_errors,
    refuse,
    require_version,
    version_of,
)
from orders.services.accounts.customer_page_checks import contact_errors, look_errors
from orders.services.files import FileStore, new_name
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orgs import Org
from orders.storage.tables import customer_page, setup, upsert

SETUP_ID = 1  # of the only row of the table `setup`
MAX_LOGO = 262_144  # bytes
LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
NO_LOGO = lazy_gettext("There is no such logo.")

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PAGE_KEY = re.compile(r"[A-Za-z0-9_-]{16}", re.ASCII)
_page = select(
    *(Org.id, Org.name, Org.page_key),
    *(column for column in customer_page.c if column.name != "org_id"),
).outerjoin(customer_page, customer_page.c.org_id == Org.id)
_page_by_org = CompiledSelect(_page.where(Org.id == bindparam("org_id")))
_page_by_key = CompiledSelect(_page.where(Org.page_key == bindparam("key")))
UNKNOWN_ORG = lazy_gettext("There is no org with this ID.")
_settings = select(
    *(Org.id, Org.name, Org.is_strict, Org.may_public_list),
    Org.needs_second_factor,
    Org.trusts_provider,
    Org.has_public_pictures,
    Org.public_reads,
    Org.refuses_address_tokens,
)


@dataclass(frozen=True, slots=True)
class OrgSettings:
    """The settings of an org that an admin may change (explained at `storage.models.orgs.Org`)."""

    id: str
    name: str
    is_strict: bool
    may_public_list: bool
    needs_second_factor: bool = False
    has_public_pictures: bool = False
    public_reads: str = PublicReads.BY_CHECK
    refuses_address_tokens: bool = False
    trusts_provider: bool = False

    @property
    def version(self) -> str:
        return version_of(*astuple(self))


class SomeSettings(TypedDict, total=False):
    """Settings of an org to change, by the names that OrgSettings has for them."""

    is_strict: bool
    may_public_list: bool
    needs_second_factor: bool
    has_public_pictures: bool
    public_reads: str
    refuses_address_tokens: bool
    trusts_provider: bool


def add_org(name: str) -> str:
    """Create an org and return its ID. Raises InvalidInput for an invalid name."""
    refuse(name_errors(name))
    with database.transaction() as connection:
        return insert_org(connection, name, at=datetime.now(UTC))


def insert_org(connection: Connection, name: str, *, at: datetime) -> str:
    """Insert an org with a checked name in the caller's transaction, and return its ID.

    Also ends the setup in the browser, which is only for databases without an org. `at` is the time
    of creation.
    """
    org_id = str(uuid.uuid4())
    upsert(connection, setup, {"id": SETUP_ID}, {"secret_hash": None}, {"closed_at": at})
    is_first = (setup.c.id == SETUP_ID, setup.c.closed_at.is_(None))
    connection.execute(update(setup).where(*is_first).values(closed_at=at))
    connection.execute(insert(Org), {"id": org_id, "name": name.strip(), "created_at": at})
    record(connection, org_id, EventKind.ORG_CREATED)
    return org_id


def find_org(org_id: str) -> OrgSettings:
    """Return the settings of an org. Raises NotFound for an unknown org."""
    with database.read() as connection:
        return _read_settings(connection, org_id)


def change_org(
    org_id: str, *, name: str, version: str | None = None, **settings: Unpack[SomeSettings]
) -> None:
    """Change the settings of an org; all later requests use the new ones.

    A setting that is not given stays unchanged; `public_reads` is a value of PublicReads. `version`
    is the OrgSettings.version that the caller has read, or None to skip the check. Raises
    InvalidInput for an invalid name or value, NotFound for an unknown org, and ChangedMeanwhile if
    the settings have changed since.
    """
    errors = name_errors(name)
    if settings.get("public_reads", PublicReads.BY_CHECK) not in set(PublicReads):
        errors.append(FieldError("public_reads", lazy_gettext("Choose a value from the list.")))
    refuse(errors)

    with database.transaction() as connection:
        bump_rules_version(connection, org_id)
        before = _read_settings(connection, org_id)
        require_version(version, before.version)
        values: dict[str, Any] = {"name": name.strip(), **settings}
        connection.execute(update(Org).where(Org.id == org_id).values(values))
        old = {key: getattr(before, key) for key in values}
        changes = [f"{key}: {old[key]} → {new}" for key, new in values.items() if old[key] != new]
        if changes:
            record(connection, org_id, EventKind.SETTINGS, detail="; ".join(changes))


def bump_rules_version(connection: Connection, org_id: str) -> None:
    """Increment `rules_version` of an org, so that every process reloads the org's OrgRules.

    Call this first in a transaction: it locks the org's row, so that other changes of the org's
    rules wait.
    """
    connection.execute(
        update(Org).where(Org.id == org_id).values(rules_version=Org.rules_version + 1)
    )


def has_orgs() -> bool:
    return database.fetch_one(select(Org.id).limit(1)) is not None


def require_org(connection: Connection, org_id: str, *, lock: bool = False) -> None:
    """Raise NotFound for an unknown org.

    If `lock` is true, the org's row stays locked until the end of the transaction.
    """
    statement = select(Org.id).where(Org.id == org_id)
    if lock:
        # FOR UPDATE would block new orders, because each has a foreign key to its org.
        statement = statement.with_for_update(key_share=True)
    if connection.execute(statement).first() is None:
        raise NotFound(UNKNOWN_ORG)


def _read_settings(connection: Connection, org_id: str) -> OrgSettings:
    row = find_row(connection, _settings.where(Org.id == org_id), org_id, UNKNOWN_ORG)
    return OrgSettings(**row._mapping)


@dataclass(frozen=True, slots=True)
class Logo:
    """The logo of an org. Its URL contains `sha256`, the hexadecimal SHA-256 of the file.

    `stored_as` is the file's name in the file store.
    """

    content_type: str
    sha256: str
    stored_as: str


@dataclass(frozen=True, slots=True)
class ContactLinks:
    """A phone number and an e-mail address as they were typed; an empty text means none."""

    phone: str = ""
    email: str = ""


NO_LINKS = ContactLinks()


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """How an org's customer pages look; a field that is None means the service's default.

    `check` is what customers must enter in addition to the order's code. `accent` is a color
    (`#rrggbb`), `contact` is a line of text, and `language` is a code such as "de". Times are shown
    in `time_zone`, an IANA name, also at the desk to people who have chosen none. `wording` are the
    org's own words for the steps of an order. `key` names the org in the address of its look-up
    page; nobody can guess it.
    """

    org_id: str
    org_name: str
    check: CustomerCheck = CustomerCheck.NONE
    accent: str | None = None
    contact: str | None = None
    language: str | None = None
    logo: Logo | None = None
    phone: str | None = None
    email: str | None = None
    time_zone: str = UTC_NAME
    wording: Wording = field(default_factory=dict)
    key: str | None = field(default=None, compare=False)

    @property
    def version(self) -> str:
        """The version of all fields except logo and wording, to detect changes by other people."""
        return version_of(
            self.check, self.accent, self.contact, self.language, self.phone, self.email,
            self.time_zone,
        )  # fmt: skip


def find_customer_page(org_id: str) -> CustomerPage:
    """Return the settings of an org's customer pages. Raises NotFound for an unknown org."""
    return _page_from(database.rows(_page_by_org, {"org_id": org_id}))


def find_look_up_page(key: str) -> CustomerPage | None:
    """Return the settings of the org whose look-up page has this key in its address.

    For any other key they are those of the only org, and None if there are several orgs.
    """
    # Other texts are not sent to the database: PostgreSQL rejects NUL characters.
    named = database.rows(_page_by_key, {"key": key}) if _PAGE_KEY.fullmatch(key) else ()
    found = named or database.fetch_all(_page.limit(2))
    return _page_from(found) if len(found) == 1 else None


def change_customer_page(
    org_id: str,
    *,
    customer_check: str,
    accent: str,
    contact: str,
    language: str,
    time_zone: str = "",
    links: ContactLinks = NO_LINKS,
    version: str | None = None,
) -> None:
    """Replace the settings of an org's customer pages, except for the logo and the wording.

    `customer_check` is a value of CustomerCheck, `accent` a color, `contact` one line of text,
    `language` a code, and `time_zone` an IANA name. All but the first may be empty to use the
    service's default or to show no contact; so may the texts in `links`. `version` is the
    CustomerPage.version that the caller has read, or None to skip the check. Raises InvalidInput
    for invalid values, NotFound for an unknown org, and ChangedMeanwhile if the settings have
    changed since.
    """
    color = read_colour(accent) if accent.strip() else None
    refuse(
        [
            *look_errors(customer_check, accent, language, time_zone),
            *contact_errors(contact, links.phone.strip(), links.email.strip()),
        ]
    )
    values = {
        "customer_check": customer_check,
        "accent": color,
        "contact": contact.strip() or None,
        "language": language or None,
        "phone": links.phone.strip() or None,
        "email": links.email.strip() or None,
        "time_zone": time_zone or None,
    }

    with database.transaction() as connection:
        bump_rules_version(connection, org_id)  # what public tokens read may depend on the check
        require_version(version, read_customer_page(connection, org_id).version)
        write_customer_page(connection, org_id, values)
        record(connection, org_id, EventKind.CUSTOMER_PAGE)


def set_locale(connection: Connection, org_id: str, *, language: str, time_zone: str) -> None:
    """Set language and time zone of an org's customer pages in the caller's transaction.

    They are a known code and a known IANA name, or empty for the service's defaults.
    """
    write_customer_page(
        connection, org_id, {"language": language or None, "time_zone": time_zone or None}
    )


def set_logo(
    org_id: str, *, file_name: str, declared_type: str, content: bytes, store: FileStore
) -> None:
    """Replace an org's logo with an uploaded PNG, JPEG or WebP file of at most MAX_LOGO bytes.

    `declared_type` is the content type that the browser sent. Raises InvalidInput for any other
    file, NotFound for an unknown org, and ServiceBusy if `store` cannot be written.
    """
    kind = content_type_of(declared_type, file_name, content)
    refuse(_logo_errors(kind, content))
    logo = Logo(kind, hashlib.sha256(content).hexdigest(), new_name(org_id))
    store.put(logo.stored_as, content)
    _replace_logo(org_id, logo, store)


def remove_logo(org_id: str, *, store: FileStore) -> None:
    """Remove the logo of an org, if it has one, together with the file in `store`.

    Raises NotFound for an unknown org.
    """
    _replace_logo(org_id, None, store)


def find_logo(sha256: str) -> Logo:
    """Return the logo with this hexadecimal SHA-256, which may be the logo of any org.

    Raises NotFound if there is none.
    """
    if not _SHA256.fullmatch(sha256):
        raise NotFound(NO_LOGO)
    statement = select(customer_page).where(customer_page.c.logo_sha256 == sha256)
    row = database.fetch_one(statement)
    if row is None:
        raise NotFound(NO_LOGO)
    return Logo(row.logo_type, row.logo_sha256, row.logo_stored_as)


def _replace_logo(org_id: str, logo: Logo | None, store: FileStore) -> None:
    values = {
        "logo_type": logo and logo.content_type,
        "logo_sha256": logo and logo.sha256,
        "logo_stored_as": logo and logo.stored_as,
    }

    with database.transaction() as connection:
        require_org(connection, org_id, lock=True)
        old = read_customer_page(connection, org_id).logo
        write_customer_page(connection, org_id, values)
        record(connection, org_id, EventKind.CUSTOMER_PAGE, detail="logo")
    if old is not None and old != logo:
        store.discard([old.stored_as])


def write_customer_page(connection: Connection, org_id: str, values: dict[str, Any]) -> None:
    """Set columns of the org's customer page, with checked values, in the caller's transaction."""
    new = {"customer_check": str(CustomerCheck.NONE)}
    upsert(connection, customer_page, {"org_id": org_id}, values, new)


def read_customer_page(connection: Connection, org_id: str) -> CustomerPage:
    """Like `find_customer_page`, in the caller's transaction."""
    return _page_from(_page_by_org.rows(connection, {"org_id": org_id}))


def _page_from(rows: Sequence[Any]) -> CustomerPage:
    if not rows:
        raise NotFound(UNKNOWN_ORG)
    row = rows[0]
    if row.customer_check is None:  # outer join without a match
        return CustomerPage(row.id, row.name, key=row.page_key)
    return CustomerPage(
        org_id=row.id,
        org_name=row.name,
        check=CustomerCheck(row.customer_check),
        accent=row.accent,
        contact=row.contact,
        language=row.language,
        logo=row.logo_type and Logo(row.logo_type, row.logo_sha256, row.logo_stored_as),
        phone=row.phone,
        email=row.email,
        time_zone=row.time_zone or UTC_NAME,
        wording=row.wording,
        key=row.page_key,
    )


def _logo_errors(kind: str, content: bytes) -> list[FieldError]:
    if not content:
        return [FieldError("logo", lazy_gettext("Choose a file. This one is empty."))]
    if len(content) > MAX_LOGO:
        return [FieldError("logo", too_many_bytes(MAX_LOGO, len(content)))]
    # SVG is not allowed: it may contain scripts and references to other sites.
    if kind not in LOGO_TYPES or not is_true(kind, content):
        return [FieldError("logo", lazy_gettext("Choose a PNG, JPEG, or WebP picture."))]
    fault = size_fault(kind, content)
    return [FieldError("logo", fault)] if fault else []
