"""The checklist of the first steps, for the admin who has set the desk up."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import exists, or_, select

from orders.domain.permissions import CustomerCheck
from orders.services.accounts.access import StaffMember
from orders.services.accounts.setup import CHECKLIST, HIDDEN, SHOWN
from orders.services.orders.saved_views import keep_preference, read_preference
from orders.storage import database
from orders.storage.models.catalog import ConfigurationRow
from orders.storage.models.orders import OrderRow
from orders.storage.models.orgs import Attribute, CustomerPageRow
from orders.storage.models.people import InvitationRow, StaffAccount


class FirstStep(StrEnum):
    """A step from an empty desk to one that is in use, in the order in which they are shown."""

    PRODUCTS = "products"
    ATTRIBUTES = "attributes"
    COLLEAGUES = "colleagues"
    ORDER = "order"
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True)
class Checklist:
    """The first steps, in their order, each with whether it is done."""

    steps: dict[FirstStep, bool]

    @property
    def done(self) -> int:
        """The number of steps that are done."""
        return sum(self.steps.values())


def load_checklist(member: StaffMember) -> Checklist | None:
    """Return the first steps of the person's org, each done if the database has its result.

    Returns None for a person who does not see the checklist: they did not set the desk up, they
    have hidden it, or all steps are done.
    """
    if member.role != "admin" or read_preference(member.id, CHECKLIST) != SHOWN:
        return None
    org_id = member.org_id
    page = CustomerPageRow
    is_designed = or_(
        page.accent.is_not(None), page.contact.is_not(None), page.logo_sha256.is_not(None),
        page.phone.is_not(None), page.email.is_not(None), page.wording != {},
        page.customer_check != CustomerCheck.NONE,
    )  # fmt: skip
    results = {
        FirstStep.PRODUCTS: exists().where(
            ConfigurationRow.org_id == org_id, ConfigurationRow.deleted_at.is_(None)
        ),
        FirstStep.ATTRIBUTES: exists().where(Attribute.org_id == org_id),
        FirstStep.COLLEAGUES: or_(
            exists().where(StaffAccount.org_id == org_id, StaffAccount.id != member.id),
            exists().where(InvitationRow.org_id == org_id),
        ),
        FirstStep.ORDER: exists().where(OrderRow.org_id == org_id),
        FirstStep.CUSTOMERS: exists().where(page.org_id == org_id, is_designed),
    }
    statement = select(*(result.label(step.value) for step, result in results.items()))
    row = database.fetch_one(statement)
    assert row is not None  # noqa: S101 - a select without a table has one row
    steps = dict(zip(results, map(bool, row), strict=True))
    return None if all(steps.values()) else Checklist(steps)


def show_checklist(member: StaffMember, *, is_shown: bool) -> None:
    """Show or hide the checklist for a person who has set the desk up; others never see it."""
    if read_preference(member.id, CHECKLIST) is not None:
        keep_preference(member.id, CHECKLIST, SHOWN if is_shown else HIDDEN)
