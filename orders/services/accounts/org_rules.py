"""The rules of an org that requests need: its settings, attributes, and active webhooks."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from orders.domain.attributes import Applies, AttributeRule, Kind, Option, Total
from orders.domain.permissions import CustomerCheck, PublicReads
from orders.storage import database
from orders.storage.models.orgs import Attribute, CustomerPageRow, Org
from orders.storage.models.webhooks import WebhookRow


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """Which events a webhook receives; `id` is the webhook's ID.

    These are the events named `topic` of orders whose status is in `statuses`, or of all orders if
    `statuses` is empty.
    """

    id: str
    topic: str
    statuses: frozenset[str]


@dataclass(frozen=True, slots=True)
class OrgRules:
    """The settings, attributes and active webhooks of an org that are needed to handle requests.

    `attributes` are those of orders, and `line_attributes` those of the lines of a cart.

    Instances are cached by `Org.rules_version`, so every change of these data must increment it. If
    `is_strict` is true, orders may contain only attributes that the org has defined. If
    `may_public_list` is true, public tokens may list orders. `customer_check` is what customers
    enter before they see an order. If `hides_orders` is true, public tokens read only what
    customers see of orders that they did not create. If `refuses_address_tokens` is true, private
    tokens must be sent in a header.
    """

    org_id: str
    is_strict: bool
    attributes: tuple[AttributeRule, ...]
    may_public_list: bool = False
    webhooks: tuple[WebhookRule, ...] = ()
    line_attributes: tuple[AttributeRule, ...] = ()
    customer_check: CustomerCheck = CustomerCheck.NONE
    hides_orders: bool = False
    refuses_address_tokens: bool = False

    @property
    def every_attribute(self) -> tuple[AttributeRule, ...]:
        return self.attributes + self.line_attributes


def org_rules_of(org_id: str) -> OrgRules:
    """Return the current rules of an org. Raises NoResultFound for an unknown ID."""
    statement = select(Org.rules_version).where(Org.id == org_id)
    with database.read() as connection:
        rules_version = connection.execute(statement).scalar_one()
    return read_org_rules(org_id, rules_version)


@lru_cache(maxsize=1024)
def read_org_rules(org_id: str, rules_version: int) -> OrgRules:  # noqa: ARG001 - the version is part of the cache key
    """Return the rules of an org; `rules_version` is its current `Org.rules_version`."""
    settings = (
        select(
            Org.is_strict,
            Org.may_public_list,
            Org.public_reads,
            Org.refuses_address_tokens,
            CustomerPageRow.customer_check,
        )
        .outerjoin(CustomerPageRow, CustomerPageRow.org_id == Org.id)
        .where(Org.id == org_id)
    )
    attributes = (
        select(Attribute)
        .where(Attribute.org_id == org_id)
        .order_by(Attribute.position, Attribute.id)
    )
    webhooks = (
        select(WebhookRow.id, WebhookRow.topic, WebhookRow.filter)
        .where(
            WebhookRow.org_id == org_id,
            WebhookRow.deleted_at.is_(None),
            WebhookRow.switched_off_at.is_(None),
        )
        .order_by(WebhookRow.created_at, WebhookRow.id)
    )
    with database.read() as connection:
        org = connection.execute(settings).one()
        rules = tuple(attribute_rule(row) for row in connection.execute(attributes))
        hooks = tuple(_webhook_rule(row) for row in connection.execute(webhooks))
    of_order = tuple(rule for rule in rules if rule.applies is not Applies.LINE)
    of_line = tuple(rule for rule in rules if rule.applies is Applies.LINE)
    check = CustomerCheck(org.customer_check or CustomerCheck.NONE)
    reads = PublicReads(org.public_reads)
    hides_orders = reads is PublicReads.CUSTOMER or (
        reads is PublicReads.BY_CHECK and check is not CustomerCheck.NONE
    )
    return OrgRules(
        org_id, org.is_strict, of_order, org.may_public_list, hooks, of_line, check, hides_orders,
        org.refuses_address_tokens,
    )  # fmt: skip


def _webhook_rule(row: Any) -> WebhookRule:  # noqa: ANN401 - a row of `webhook`
    return WebhookRule(row.id, row.topic, frozenset(row.filter.get("status", ())))


def attribute_rule(row: Any) -> AttributeRule:  # noqa: ANN401 - a row of `attribute`
    """Return the rule stored in a row of `attribute`."""
    return AttributeRule(
        key=row.key,
        label=row.label,
        kind=Kind(row.kind),
        options=tuple(
            Option(option["value"], option["label"], option.get("labels", {}))
            for option in row.options
        ),
        applies=Applies(row.applies),
        required=row.is_required,
        default=row.default_value,
        visible_to_customer=row.is_visible_to_customer,
        labels=row.labels,
        hint=row.hint,
        placeholder=row.placeholder,
        group=row.form_group,
        is_copied=row.is_copied,
        is_due=row.is_due,
        total=Total(row.total),
    )
