"""The settings' pages of webhooks, and of what became of their messages."""

import secrets

from flask import Response, flash, render_template, request, url_for

from orders.messaging import deliveries, webhooks
from orders.messaging.deliveries import STATE_TEXTS, DeliveryState
from orders.rules.errors import Conflict, InvalidInput
from orders.rules.typed_values import whole_number
from orders.rules.webhook import Webhook
from orders.staff.admin_form import AdminEntry, act, own_id, page, save, secret_page
from orders.staff.blueprint import signed_in, staff
from orders.staff.settings.admin import admin_only
from orders.staff.settings.webhook_forms import TOPIC_LABELS, WebhookForm
from orders.storage.pages import MAX_PAGE, MAX_PER_PAGE, Paging
from orders.web.current_settings import current_settings
from orders.web.language import gettext, translated
from orders.web.pages import go_to

DELIVERIES_A_PAGE = 10
# What each state looks like; the word stands beside it.
STATE_ICONS = {
    DeliveryState.WAITING: "progress",
    DeliveryState.SENDING: "up",
    DeliveryState.RETRYING: "progress",
    DeliveryState.DELIVERED: "check",
    DeliveryState.GIVEN_UP: "alert",
}


@staff.get("/settings/webhooks")
@admin_only
def list_webhooks() -> str:
    """Show all webhooks of the org, also those in the bin."""
    paging = Paging(per_page=MAX_PER_PAGE)
    org_id = signed_in().org_id
    return render_template(
        "staff/webhooks/list.html",
        active=webhooks.list_webhooks(org_id, paging).entries,
        binned=webhooks.list_webhooks(org_id, paging, in_bin=True).entries,
        topics=TOPIC_LABELS,
    )


@staff.get("/settings/webhooks/new")
@admin_only
def new_webhook() -> str:
    """Draw an empty form with a key of its own."""
    return _draw_new(AdminEntry(WebhookForm(formdata=None, key=secrets.token_urlsafe(16))))


@staff.post("/settings/webhooks/new")
@admin_only
def make_webhook() -> Response:
    """Make a webhook and lead to its page; the same form makes one, whatever is clicked twice."""
    form, settings = WebhookForm(formdata=request.form), current_settings()
    entry = AdminEntry(form)
    try:
        made = webhooks.create(
            form.raw(), actor=signed_in().actor, limits=settings.limits,
            allow_private=settings.webhook_private_network, webhook_id=own_id(form.key),
        )  # fmt: skip
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return page(_draw_new(entry), 422)
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
        return go_to(url_for("staff.list_webhooks"))
    flash(
        gettext(
            "The webhook is made. Give its receiver the secret, by which it knows our messages."
        )
    )
    return go_to(_address(made.webhook.id))


@staff.get("/settings/webhooks/<webhook_id>")
@admin_only
def show_webhook(webhook_id: str) -> str:
    """Show one webhook, with its form and its messages."""
    webhook = webhooks.find(webhook_id, signed_in().org_id, in_bin=True)
    return _draw(webhook, AdminEntry(WebhookForm.of(webhook)))


@staff.post("/settings/webhooks/<webhook_id>")
@admin_only
def change_webhook(webhook_id: str) -> Response:
    """Change a webhook."""
    form, settings = WebhookForm(formdata=request.form), current_settings()
    entry, actor = AdminEntry(form), signed_in().actor
    webhook = webhooks.find(webhook_id, actor.org_id)
    return save(
        entry,
        lambda: webhooks.change(
            webhook_id, form.raw(), actor=actor, limits=settings.limits,
            allow_private=settings.webhook_private_network, version=form.version.data,
        ),
        draw=lambda: _draw(webhook, entry),
        done=gettext("The webhook is saved."),
        address=_address(webhook.id),
    )  # fmt: skip


@staff.post("/settings/webhooks/<webhook_id>/secret")
@admin_only
def show_secret(webhook_id: str) -> Response:
    """Show the secret on this one answer; no cache keeps it, and no address holds it."""
    webhook = webhooks.find(webhook_id, signed_in().org_id)
    return _secret_page(webhook, webhooks.read_secret(webhook.id, webhook.org_id))


@staff.post("/settings/webhooks/<webhook_id>/roll")
@admin_only
def roll_secret(webhook_id: str) -> Response:
    """Give a webhook another secret, and show it."""
    webhook = webhooks.find(webhook_id, signed_in().org_id)
    try:
        secret = webhooks.roll_secret(
            webhook.id, webhook.org_id, version=request.form.get("version", "")
        )
    except Conflict as conflict:
        kept = gettext("The secret was not changed again.")
        flash(f"{translated(conflict.sentence)} {kept}", "bad")
        return go_to(_address(webhook.id))
    return _secret_page(webhook, secret, is_new=True)


@staff.post("/settings/webhooks/<webhook_id>/bin")
@admin_only
def bin_webhook(webhook_id: str) -> Response:
    """Put a webhook into the bin."""
    org_id = signed_in().org_id
    return act(
        lambda: webhooks.bin_webhook(webhook_id, org_id),
        done=gettext("The webhook is in the bin, and is told nothing more."),
        address=url_for("staff.list_webhooks"),
    )


@staff.post("/settings/webhooks/<webhook_id>/restore")
@admin_only
def restore_webhook(webhook_id: str) -> Response:
    """Take a webhook out of the bin."""
    webhook = webhooks.find(webhook_id, signed_in().org_id, in_bin=True)
    return act(
        lambda: webhooks.restore(webhook.id, actor=signed_in().actor),
        done=gettext("The webhook is restored, and is told what happens from now on."),
        address=_address(webhook.id),
    )


@staff.post("/settings/webhooks/<webhook_id>/deliveries/<delivery_id>/again")
@admin_only
def send_again(webhook_id: str, delivery_id: str) -> Response:
    """Send a message once more."""
    webhook = webhooks.find(webhook_id, signed_in().org_id, in_bin=True)
    return act(
        lambda: deliveries.send_again(delivery_id, webhook.id, webhook.org_id),
        done=gettext("The message is sent again now. Its outcome stands here in a moment."),
        address=_address(webhook.id),
    )


def _address(webhook_id: str) -> str:
    return url_for("staff.show_webhook", webhook_id=webhook_id)


def _draw_new(entry: AdminEntry) -> str:
    return render_template("staff/webhooks/new.html", entry=entry)


def _draw(webhook: Webhook, entry: AdminEntry) -> str:
    number = whole_number(request.args.get("page", ""), most=MAX_PAGE) or 1
    paging = Paging(number, DELIVERIES_A_PAGE)
    return render_template(
        "staff/webhooks/webhook.html",
        webhook=webhook,
        entry=entry,
        version=webhooks.version_of_webhook(webhook),
        messages=deliveries.list_deliveries(webhook.id, webhook.org_id, paging),
        topics=TOPIC_LABELS,
        icons=STATE_ICONS,
        states=STATE_TEXTS,
    )


def _secret_page(webhook: Webhook, secret: str, *, is_new: bool = False) -> Response:
    text = render_template(
        "staff/webhooks/secret.html", webhook=webhook, secret=secret, is_new=is_new
    )
    return secret_page(text)
