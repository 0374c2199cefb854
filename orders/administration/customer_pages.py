"""How an org's customers see it: colour, logo, contact, language, and what they are asked for."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from orders.administration.checks import name_faults, refuse, require_version, version_of
from orders.administration.orgs import require_org
from orders.files import FileStore, new_name
from orders.languages import languages
from orders.rules.colours import read_colour
from orders.rules.errors import FieldError, NotFound
from orders.rules.permissions import CustomerCheck
from orders.rules.texts import mark
from orders.rules.uploads import content_type_of, is_true, too_many_bytes
from orders.storage import database
from orders.storage.org_models import Org
from orders.storage.prepared import Prepared
from orders.storage.tables import customer_page, insert_new

MAX_CONTACT = 255  # characters
MAX_LOGO = 262_144  # bytes
LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
NO_LOGO = mark("There is no such logo.")
NO_COLOUR = mark("A colour of six digits from 0 to f, such as #0b6b4b.")
NOT_A_LINE = mark("One line of at most %(most)s characters.", most=MAX_CONTACT)

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_page_by_org = Prepared(
    select(Org.id, Org.name, *(column for column in customer_page.c if column.name != "org_id"))
    .outerjoin(customer_page, customer_page.c.org_id == Org.id)
    .where(Org.id == bindparam("org_id"))
)


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo's file: its type, its hash, by which pages name it, and where the store keeps it."""

    content_type: str
    sha256: str
    stored_as: str


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """How the customers' pages of an org look. `accent` is `#rrggbb`; None stands for our own."""

    org_id: str
    org_name: str
    check: CustomerCheck = CustomerCheck.NONE
    accent: str | None = None
    contact: str | None = None
    language: str | None = None
    logo: Logo | None = None

    @property
    def version(self) -> str:
        """Names what the form holds, so that a change of others shows. The logo has its own."""
        return version_of(self.check, self.accent, self.contact, self.language)


def find_customer_page(org_id: str) -> CustomerPage:
    """Read how the customers' pages of an org look. Raises NotFound for an unknown org."""
    return _page(database.rows(_page_by_org, {"org_id": org_id}))


def change_customer_page(
    org_id: str,
    *,
    customer_check: str,
    accent: str,
    contact: str,
    language: str,
    version: str | None = None,
) -> None:
    """Change how the customers' pages look; `""` stands for what the service has by itself.

    Raises InvalidInput for what cannot be used, NotFound for an unknown org, and ChangedMeanwhile
    when `version` is not that of what is stored.
    """
    colour = read_colour(accent) if accent.strip() else None
    refuse(_faults(customer_check, accent, contact, language, colour))
    values = {
        "customer_check": customer_check,
        "accent": colour,
        "contact": contact.strip() or None,
        "language": language or None,
    }

    def work(connection: Connection) -> None:
        require_org(connection, org_id, alone=True)
        require_version(version, _read(connection, org_id).version)
        _write(connection, org_id, values)

    database.write(work)


def set_logo(
    org_id: str, *, file_name: str, declared_type: str, content: bytes, store: FileStore
) -> None:
    """Keep a logo in place of the one that there was.

    Raises InvalidInput for a file that is no PNG, JPEG or WebP of at most MAX_LOGO bytes, and
    NotFound for an unknown org.
    """
    kind = content_type_of(declared_type, file_name, content)
    refuse(_logo_faults(kind, content))
    logo = Logo(kind, hashlib.sha256(content).hexdigest(), new_name(org_id))
    store.put(logo.stored_as, content)
    _replace_logo(org_id, logo, store)


def remove_logo(org_id: str, *, store: FileStore) -> None:
    """Remove the logo, if there is one."""
    _replace_logo(org_id, None, store)


def find_logo(sha256: str) -> Logo:
    """Find a logo that some org's pages show by the hash of its content.

    Raises NotFound for any other hash, and for a text that is none.
    """
    if not _SHA256.fullmatch(sha256):
        raise NotFound(NO_LOGO)
    statement = select(customer_page).where(customer_page.c.logo_sha256 == sha256)
    with database.read() as connection:
        row = connection.execute(statement.limit(1)).one_or_none()
    logo = None if row is None else _logo(row)
    if logo is None:
        raise NotFound(NO_LOGO)
    return logo


def _replace_logo(org_id: str, logo: Logo | None, store: FileStore) -> None:
    values = {
        "logo_type": logo and logo.content_type,
        "logo_sha256": logo and logo.sha256,
        "logo_stored_as": logo and logo.stored_as,
    }

    def work(connection: Connection) -> Logo | None:
        require_org(connection, org_id, alone=True)
        old = _read(connection, org_id).logo
        _write(connection, org_id, values)
        return old

    old = database.write(work)
    # A repeat of the transaction finds the new one there already.
    if old is not None and old != logo:
        store.discard([old.stored_as])


def _write(connection: Connection, org_id: str, values: dict[str, Any]) -> None:
    plain = {column.name: None for column in customer_page.c}
    row = {**plain, "customer_check": str(CustomerCheck.NONE), **values, "org_id": org_id}
    if not insert_new(connection, customer_page, row):
        mine = customer_page.c.org_id == org_id
        connection.execute(update(customer_page).where(mine).values(values))


def _read(connection: Connection, org_id: str) -> CustomerPage:
    return _page(_page_by_org.rows(connection, {"org_id": org_id}))


def _page(rows: Sequence[Any]) -> CustomerPage:
    if not rows:
        raise NotFound(mark("There is no org with this ID."))
    row = rows[0]
    if row.customer_check is None:
        return CustomerPage(row.id, row.name)
    return CustomerPage(
        org_id=row.id,
        org_name=row.name,
        check=CustomerCheck(row.customer_check),
        accent=row.accent,
        contact=row.contact,
        language=row.language,
        logo=_logo(row),
    )


def _logo(row: Any) -> Logo | None:  # noqa: ANN401 - a row of `customer_page`
    if row.logo_stored_as is None:
        return None
    return Logo(row.logo_type, row.logo_sha256, row.logo_stored_as)


def _faults(
    customer_check: str, accent: str, contact: str, language: str, colour: str | None
) -> list[FieldError]:
    errors = []
    if customer_check not in set(CustomerCheck):
        errors.append(FieldError("customer_check", mark("One of: none, customerId.")))
    if accent.strip() and colour is None:
        errors.append(FieldError("accent", NO_COLOUR))
    errors += _contact_faults(contact)
    if language not in _known(languages()):
        errors.append(FieldError("language", mark("One of the languages of the list.")))
    return errors


def _known(codes: Collection[str]) -> set[str]:
    return {"", *codes}


def _contact_faults(contact: str) -> list[FieldError]:
    if not contact.strip():
        return []
    if len(contact.strip()) > MAX_CONTACT or len(contact.strip().splitlines()) > 1:
        return [FieldError("contact", NOT_A_LINE)]
    return [FieldError("contact", fault.message) for fault in name_faults(contact)]


def _logo_faults(kind: str, content: bytes) -> list[FieldError]:
    if not content:
        return [FieldError("logo", mark("Choose a file. This one is empty."))]
    if len(content) > MAX_LOGO:
        return [FieldError("logo", too_many_bytes(MAX_LOGO, len(content)))]
    # An SVG may hold scripts and addresses of other sites.
    if kind not in LOGO_TYPES or not is_true(kind, content):
        return [FieldError("logo", mark("A picture: PNG, JPEG or WebP."))]
    return []
