"""The form of a webhook, and what was typed into it as the service wants it."""

from typing import Any

from wtforms import HiddenField, SelectChoice, SelectField, SelectMultipleField, StringField

from orders.messaging.webhooks import version_of_webhook
from orders.rules.status import Status
from orders.rules.texts import mark
from orders.rules.webhook import EXAMPLE_ADDRESS, Topic, Webhook
from orders.staff.settings.admin_forms import VersionedForm

TOPIC_LABELS = {
    Topic.CREATED: mark("An order is created"),
    Topic.UPDATED: mark("An order is changed"),
    Topic.DELETED: mark("An order is put into the bin"),
}


class WebhookForm(VersionedForm):
    """What a webhook is told about, and where; `key` is a new form's own."""

    topic = SelectField(
        mark("When"),
        choices=[SelectChoice(str(topic), label) for topic, label in TOPIC_LABELS.items()],
        validate_choice=False,
    )
    address = StringField(mark("Address"), description=EXAMPLE_ADDRESS)
    statuses = SelectMultipleField(
        mark("Only orders with status"),
        name="filter.status",
        choices=[str(status) for status in Status],
        validate_choice=False,
    )
    key = HiddenField()

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookForm":
        """Give the form of a stored webhook."""
        return cls(
            formdata=None,
            topic=str(webhook.topic),
            address=webhook.address,
            statuses=webhook.filter.get("status", []),
            version=version_of_webhook(webhook),
        )

    def raw(self) -> dict[str, Any]:
        """Give the webhook as the JSON door would be sent it; no status means all of them."""
        statuses = self.statuses.data or []
        return {
            "topic": self.topic.data or "",
            "address": (self.address.data or "").strip(),
            "filter": {"status": statuses} if statuses else {},
        }
