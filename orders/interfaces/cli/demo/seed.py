"""Creates the demo org by calling the ordinary services."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from orders.domain.errors import Conflict
from orders.domain.inputs import Limits
from orders.domain.order import Order, OrderChanges
from orders.interfaces.cli.demo.example_orders import DAYS, ExampleOrder, Source, example_orders
from orders.interfaces.cli.demo.workshop import WORKSHOP
from orders.services.accounts import access, accounts, attributes, checks, org_rules, orgs, tokens
from orders.services.accounts.access import Actor, Origin
from orders.services.accounts.orgs import ContactLinks
from orders.services.catalog import configurations
from orders.services.customers import customers
from orders.services.idempotency import IdempotencyKey, fingerprint
from orders.services.orders import changes as order_changes
from orders.services.orders import intake, notes
from orders.storage import database
from orders.storage.models.people import StaffAccount

EMAIL = "demo@alder-oak.example"
# Domains of the public token: the local machine and a reserved domain.
DOMAINS = ("localhost", "127.0.0.1", "shop.example", "*.shop.example")
# The customer page; the phone number is not assigned to anyone.
ACCENT = "#8a4b16"
LINKS = ContactLinks("+49 30 23125 041", "orders@alder-oak.example")
TIME_ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The content and the secrets of a new demo. The secrets cannot be read again later."""

    org_id: str
    email: str
    password: str
    private_token: str
    public_token: str
    configurations: int
    orders: int


def seed_demo(limits: Limits, *, now: datetime | None = None) -> DemoResult:
    """Create the demo org: account, tokens, attributes, configurations, customers and orders.

    `now` is when the newest order is created, by default the current time. Raises Conflict if the
    demo account exists: a database can contain only one demo.
    """
    now = now or datetime.now(UTC)
    with database.read() as connection:
        account = connection.execute(select(StaffAccount.id).where(StaffAccount.email == EMAIL))
        if account.first() is not None:
            raise Conflict(
                f"The demo org exists already: sign in as {EMAIL}. "
                "For a fresh one, start with an empty database."
            )
    org_id = orgs.add_org(WORKSHOP.name)
    password = checks.readable_password()
    # The account is created first: its unique address stops a second command at the same time.
    staff_id = accounts.add_staff(org_id, email=EMAIL, role="admin", password=password)
    private = tokens.add_token(org_id, name="Trade portal", is_private=True)
    public = tokens.add_token(org_id, name="Online shop", is_private=False, allowed=DOMAINS)
    orgs.change_customer_page(
        org_id,
        customer_check="none",
        accent=ACCENT,
        contact="",
        language="",
        time_zone=TIME_ZONE,
        links=LINKS,
    )
    for rule in WORKSHOP.attributes:
        attributes.add_attribute(org_id, rule)
    saved = configurations.save_configurations(
        [product.configuration() for product in WORKSHOP.products],
        org_id=org_id,
        created_by=staff_id,
        now=now - timedelta(days=DAYS + 14),
    )
    page = Origin("localhost", None)
    rules = org_rules.org_rules_of(org_id)
    actors: dict[Source, Actor] = {
        "staff": Actor(kind="staff", id=staff_id, org=rules, is_private=True),
        "private": access.authenticate(private.secret, origin=None, now=now),
        "public": access.authenticate(public.secret, origin=page, now=now),
    }
    for one in WORKSHOP.customers:
        if one.record is not None:
            raw = {"customerId": one.customer_id, "name": one.name, **one.record}
            at = now - timedelta(days=DAYS + 14)
            customers.create(raw, actor=actors["staff"], limits=limits, now=at)
    configuration_ids = {
        product.sku: made for product, made in zip(WORKSHOP.products, saved, strict=True)
    }
    examples = [*example_orders(now, configuration_ids)]
    for number, example in enumerate(examples):
        actor = actors[example.source]
        draft = intake.check_order(example.raw, actor=actor, limits=limits)
        # As the desk's form does, because the dashboard finds a person's own orders by their keys.
        once = (
            IdempotencyKey(f"demo-{number}", fingerprint(example.raw))
            if example.source == "staff"
            else None
        )
        order = intake.create_order(draft, actor=actor, key=once, now=example.at)
        _add_history(order, example, actors["staff"], now)
    return DemoResult(
        org_id=org_id,
        email=EMAIL,
        password=password,
        private_token=private.secret,
        public_token=public.secret,
        configurations=len(saved),
        orders=len(examples),
    )


def _add_history(order: Order, example: ExampleOrder, actor: Actor, now: datetime) -> None:
    """Store an example's later status changes and its note, with times no later than `now`."""
    for status, after in example.steps:
        order_changes.change_order(
            order.id, OrderChanges(status=status), actor=actor, now=min(example.at + after, now)
        )
    if example.note:
        at = min(example.at + timedelta(hours=2), now)
        notes.add_note(order.id, example.note, actor=actor, now=at)
