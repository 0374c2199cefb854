"""Checks of the settings of an org's customer pages."""

from orders.domain.colours import read_colour
from orders.domain.errors import FieldError
from orders.domain.permissions import CustomerCheck
from orders.domain.preferences import NO_ZONE, time_zones
from orders.domain.texts import lazy_gettext
from orders.domain.value_formats import email_fault, phone_fault
from orders.services.accounts.checks import name_errors
from orders.services.languages import languages

MAX_CONTACT = 255  # characters
NO_COLOR = lazy_gettext("A color with six hex digits, such as #0b6b4b.")
NOT_A_LINE = lazy_gettext("One line of at most %(most)s characters.", most=MAX_CONTACT)


def look_errors(
    customer_check: str, accent: str, language: str, time_zone: str
) -> list[FieldError]:
    """Return the errors in what customers enter and in how their pages look.

    `customer_check` must be a value of CustomerCheck. `accent` is a color, `language` a code, and
    `time_zone` an IANA name; each of these may be empty.
    """
    errors = []
    if customer_check not in set(CustomerCheck):
        errors.append(FieldError("customer_check", lazy_gettext("One of: none, customerId.")))
    if accent.strip() and read_colour(accent) is None:
        errors.append(FieldError("accent", NO_COLOR))
    if language not in {"", *languages()}:
        errors.append(FieldError("language", lazy_gettext("Choose a language from the list.")))
    if time_zone not in {"", *time_zones()}:
        errors.append(FieldError("time_zone", NO_ZONE))
    return errors


def contact_errors(contact: str, phone: str, email: str) -> list[FieldError]:
    """Return the errors in how customers reach the org; each text may be empty.

    `contact` must be one line of at most MAX_CONTACT characters; blanks around it do not count.
    """
    errors = []
    line = contact.strip()
    if len(line) > MAX_CONTACT or len(line.splitlines()) > 1:
        errors.append(FieldError("contact", NOT_A_LINE))
    elif line:
        errors += [FieldError("contact", fault.message) for fault in name_errors(contact)]
    if phone and (fault := phone_fault(phone)):
        errors.append(FieldError("phone", fault))
    if email and (fault := email_fault(email)):
        errors.append(FieldError("email", fault))
    return errors
