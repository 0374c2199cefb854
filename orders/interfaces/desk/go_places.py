"""The pages and actions that the field "Go to or do…" offers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import current_app, url_for

from orders.domain.search_text import fold
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, needed_for
from orders.interfaces.http.i18n import translated
from orders.services.accounts.access import StaffMember


@dataclass(frozen=True, slots=True)
class GoTarget:
    """A link that the field offers.

    `icon` is the name of a symbol in `icons.svg`. `detail` is shown beside the title; `words` are
    not shown, but found as the title is. Both may be empty. `is_code` is true if the title is the
    code of an order.
    """

    address: str
    title: str
    icon: str
    detail: str = ""
    words: str = ""
    is_code: bool = False


_SETTINGS = lazy_gettext("settings")
# Endpoint, name, icon, and other words by which people may look for it; an empty field offers the
# first ones. Who may open a page is in `needed_for`.
_PLACES = (
    ("desk.new_order", lazy_gettext("New order"), "plus", ""),
    ("desk.list_orders", lazy_gettext("Orders"), "orders", ""),
    ("desk.list_customers", lazy_gettext("Customers"), "people", ""),
    ("desk.list_configurations", lazy_gettext("Products"), "image", ""),
    ("desk.start", lazy_gettext("Today"), "today", lazy_gettext("start page dashboard")),
    ("desk.show_account", lazy_gettext("Your account"), "user",
     lazy_gettext("password language time zone date format theme")),
    ("desk.new_customer", lazy_gettext("Add customer"), "plus", lazy_gettext("new create")),
    ("desk.upload_orders", lazy_gettext("Import orders"), "up", lazy_gettext("csv excel file")),
    ("desk.import_customers", lazy_gettext("Import customers"), "up",
     lazy_gettext("csv excel file")),
    ("desk.new_configuration", lazy_gettext("Add product"), "plus", lazy_gettext("new create")),
    ("desk.import_configurations", lazy_gettext("Import products"), "up",
     lazy_gettext("csv excel file")),
    ("desk.show_org", lazy_gettext("Organization"), "settings",
     lazy_gettext("settings customer pages logo color time zone")),
    ("desk.list_staff", lazy_gettext("Staff"), "settings", lazy_gettext("settings people roles")),
    ("desk.invite", lazy_gettext("Invite"), "plus", lazy_gettext("new staff person account")),
    ("desk.list_attributes", lazy_gettext("Attributes"), "settings", _SETTINGS),
    ("desk.new_attribute", lazy_gettext("New attribute"), "plus", ""),
    ("desk.list_tokens", lazy_gettext("Access tokens"), "settings", _SETTINGS),
    ("desk.new_token", lazy_gettext("New token"), "plus", ""),
    ("desk.list_webhooks", lazy_gettext("Webhooks"), "settings", _SETTINGS),
    ("desk.new_webhook", lazy_gettext("New webhook"), "plus", ""),
    ("desk.show_second_factor", lazy_gettext("Two-step sign-in"), "user", ""),
    ("reference.show_reference", lazy_gettext("API reference"), "manual", ""),
    ("desk.list_requests", lazy_gettext("Recent requests"), "manual", lazy_gettext("API")),
    ("customer.find", lazy_gettext("Find an order"), "search", lazy_gettext("customer page")),
)  # fmt: skip


def places_of(member: StaffMember) -> Iterator[GoTarget]:
    """Yield the pages and actions that the person's role permits, in the page's language."""
    for endpoint, label, icon, words in _PLACES:
        if _may_open(endpoint, member):
            yield GoTarget(url_for(endpoint), translated(label), icon, words=translated(words))


def _may_open(endpoint: str, member: StaffMember) -> bool:
    if not endpoint.startswith(f"{desk.name}."):
        return True  # pages for everyone
    rule = next(current_app.url_map.iter_rules(endpoint))
    permission = needed_for(rule.rule, "GET")
    return permission is None or member.may(permission)


def matching(text: str, targets: Iterable[GoTarget]) -> list[GoTarget]:
    """Return the targets whose title or other words contain each word of a text.

    Those whose title begins with the text are first, then those in which a word of the title does.
    Case and accents make no difference.
    """
    typed = fold(text).split()
    begin = " ".join(typed)
    found = []
    for target in targets:
        title = fold(target.title)
        if all(word in f"{title} {fold(target.words)}" for word in typed):
            rank = 0 if title.startswith(begin) else 1 if f" {begin}" in title else 2
            found.append((rank, target))
    return [target for _, target in sorted(found, key=lambda pair: pair[0])]
