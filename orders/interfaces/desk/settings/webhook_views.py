"""Settings pages for webhooks and the deliveries of their messages."""

from typing import Any

from flask import Response, render_template, request, url_for
from wtforms import HiddenField, SelectMultipleField, StringField

from orders.domain.errors import Conflict
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext
from orders.domain.webhook import EXAMPLE_ADDRESS, Topic, Webhook
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.http.current_settings import current_settings
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import page_number
from orders.services.accounts.checks import version_of
from orders.services.webhooks import deliveries, webhooks
from orders.services.webhooks.deliveries import STATE_TEXTS
from orders.services.webhooks.webhook_client import PostResult, WebhookClient
from orders.storage.pages import MAX_PER_PAGE, Paging

TOPIC_LABELS = {
    Topic.CREATED: lazy_gettext("An order is created"),
    Topic.UPDATED: lazy_gettext("An order is changed"),
    Topic.CANCELED: lazy_gettext("An order is canceled"),
    Topic.DELETED: lazy_gettext("An order is deleted"),
}
DELIVERIES_A_PAGE = 10
MAX_SHOWN = 200  # characters of the answer to a test message


class WebhookForm(forms.VersionedForm):
    """The form of a webhook.

    `key` identifies the form of a new webhook, so that a form that is sent twice creates only one.
    """

    topic = forms.MenuField(lazy_gettext("Events"), choices=TOPIC_LABELS)
    address = StringField(lazy_gettext("Endpoint URL"), description=EXAMPLE_ADDRESS)
    statuses = SelectMultipleField(
        lazy_gettext("Only orders with status"),
        name="filter.status",
        choices=[str(status) for status in Status],
        validate_choice=False,
    )
    key = HiddenField()

    def raw(self) -> dict[str, Any]:
        """Return the webhook as JSON for the API.

        If no status is chosen, the webhook applies to orders of every status.
        """
        statuses = self.statuses.data or []
        return {
            "topic": self.topic.data or "",
            "address": (self.address.data or "").strip(),
            "filter": {"status": statuses} if statuses else {},
        }


@desk.get("/settings/webhooks")
def list_webhooks() -> str:
    paging = Paging(per_page=MAX_PER_PAGE)
    org_id = signed_in().org_id
    return render_template(
        "desk/webhooks/list.html",
        active=webhooks.list_webhooks(org_id, paging).entries,
        binned=webhooks.list_webhooks(org_id, paging, in_bin=True).entries,
        topics=TOPIC_LABELS,
    )


@desk.route("/settings/webhooks/new", methods=["GET", "POST"])
@sensitive
def new_webhook() -> Response:
    """Render the form of a new webhook (GET), or create it and redirect to its page (POST).

    A form that is sent twice creates only one webhook.
    """
    entry, settings = forms.open_form(WebhookForm, key=forms.new_key()), current_settings()
    if entry.is_sent:
        form = entry.form
        with entry.saving(url_for("desk.list_webhooks")):
            made = webhooks.create(
                form.raw(), actor=signed_in().actor, limits=settings.limits,
                allow_private=settings.webhook_private_network,
                webhook_id=forms.id_by_field(form.key),
            )  # fmt: skip
            done = gettext(
                "Webhook created. Give the secret to the receiver, so it can verify our messages."
            )
            return forms.report(done, _address(made.webhook.id))
    return forms.html_page("desk/webhooks/new.html", entry.status, entry=entry)


@desk.get("/settings/webhooks/<webhook_id>")
def show_webhook(webhook_id: str) -> Response:
    webhook = webhooks.find(webhook_id, signed_in().org_id, in_bin=True)
    statuses = webhook.filter.get("status", [])
    return _render(
        webhook,
        forms.new_form(WebhookForm, obj=webhook, statuses=statuses, version=version_of(webhook)),
    )


@desk.post("/settings/webhooks/<webhook_id>")
@sensitive
def change_webhook(webhook_id: str) -> Response:
    entry, settings, actor = forms.sent_form(WebhookForm), current_settings(), signed_in().actor
    form = entry.form
    webhook = webhooks.find(webhook_id, actor.org_id)
    with entry.saving(_address(webhook.id)):
        webhooks.change(
            webhook_id, form.raw(), actor=actor, limits=settings.limits,
            allow_private=settings.webhook_private_network, version=form.version.data,
        )  # fmt: skip
        return forms.report(gettext("Webhook saved."), _address(webhook.id))
    return _render(webhook, entry)


@desk.post("/settings/webhooks/<webhook_id>/secret")
@sensitive
def show_secret(webhook_id: str) -> Response:
    """Render a page with the secret of the webhook; browsers must not store the page."""
    webhook = webhooks.find(webhook_id, signed_in().org_id)
    secret = webhooks.read_secret(webhook.id, webhook.org_id)
    return forms.secret_page("desk/webhooks/secret.html", webhook=webhook, secret=secret)


@desk.post("/settings/webhooks/<webhook_id>/roll")
@sensitive
def roll_secret(webhook_id: str) -> Response:
    webhook = webhooks.find(webhook_id, signed_in().org_id)
    try:
        secret = webhooks.roll_secret(
            webhook.id, webhook.org_id, version=request.form.get("version", "")
        )
    except Conflict as conflict:
        kept = gettext("The secret was already changed. Nothing was changed again.")
        return forms.report(f"{translated(conflict.sentence)} {kept}", _address(webhook.id), "bad")
    return forms.secret_page(
        "desk/webhooks/secret.html", webhook=webhook, secret=secret, is_new=True
    )


@desk.post("/settings/webhooks/<webhook_id>/bin")
def bin_webhook(webhook_id: str) -> Response:
    with forms.reporting_conflicts(back := url_for("desk.list_webhooks")):
        webhooks.bin_webhook(webhook_id, signed_in().org_id)
    return forms.report(gettext("Webhook deleted. It receives no more messages."), back)


@desk.post("/settings/webhooks/<webhook_id>/restore")
def restore_webhook(webhook_id: str) -> Response:
    webhook = webhooks.find(webhook_id, signed_in().org_id, in_bin=True)
    with forms.reporting_conflicts(back := _address(webhook.id)):
        webhooks.restore(webhook.id, actor=signed_in().actor)
    done = gettext("Webhook restored. It receives messages about new events.")
    if webhook.deleted_at is None:
        done = gettext("Webhook turned on. It receives messages about new events.")
    return forms.report(done, back)


@desk.post("/settings/webhooks/<webhook_id>/test")
def test_webhook(webhook_id: str) -> Response:
    """Send a test message, and redirect to the webhook's page, which shows the result.

    Waits for the receiver's response.
    """
    client = WebhookClient(allow_private=current_settings().webhook_private_network)
    result = deliveries.send_test(webhook_id, signed_in().org_id, client.post)
    category = "message" if result.is_delivered else "bad"
    return forms.report(_test_outcome(result), _address(webhook_id), category)


def _test_outcome(result: PostResult) -> str:
    if result.is_delivered:
        return gettext("Test message delivered: the receiver answered %(status)s.",
                       status=result.status)  # fmt: skip
    answer = translated(result.answer)
    if result.status is None:
        return gettext("Test message not delivered. %(reason)s", reason=answer)
    return gettext(
        "Test message not accepted: the receiver answered %(status)s. %(answer)s",
        status=result.status, answer=answer[:MAX_SHOWN],
    )  # fmt: skip


@desk.post("/settings/webhooks/<webhook_id>/deliveries/<delivery_id>/again")
def send_again(webhook_id: str, delivery_id: str) -> Response:
    webhook = webhooks.find(webhook_id, signed_in().org_id, in_bin=True)
    with forms.reporting_conflicts(back := _address(webhook.id)):
        deliveries.send_again(delivery_id, webhook.id, webhook.org_id)
    done = gettext("The message is being sent again. The result appears here in a moment.")
    return forms.report(done, back)


def _address(webhook_id: str) -> str:
    return url_for("desk.show_webhook", webhook_id=webhook_id)


def _render(webhook: Webhook, entry: forms.FilledForm) -> Response:
    paging = Paging(page_number(), DELIVERIES_A_PAGE)
    return forms.html_page(
        "desk/webhooks/webhook.html",
        entry.status,
        webhook=webhook,
        entry=entry,
        version=version_of(webhook),
        messages=deliveries.list_deliveries(webhook.id, webhook.org_id, paging),
        topics=TOPIC_LABELS,
        states=STATE_TEXTS,
    )
