"""What is typed into the form of a stored order, kept meanwhile and taken away."""

from flask import Response, flash, request, url_for

from orders import queries
from orders.revisions import change_drafts
from orders.revisions.change_drafts import ChangeElsewhere
from orders.rules.errors import StaleVersion
from orders.staff.blueprint import signed_in, staff
from orders.staff.entry.edit_views import (
    IN_BIN,
    NOT_OF_THIS_ORDER,
    keep_sent_changes,
    sent_draft_version,
    sent_page,
)
from orders.web.language import gettext, translated
from orders.web.pages import go_to


@staff.post("/orders/<reference>/edit/draft")
def save_edit_draft(reference: str) -> Response:
    """Keep what stands on the form; answers the draft's version, for the next save."""
    order = queries.find_any_order(reference, signed_in().org_id)
    try:
        version = keep_sent_changes(order)
    except ChangeElsewhere as refused:
        return _refused(translated(refused.sentence))
    except StaleVersion:
        return _refused(translated(NOT_OF_THIS_ORDER))
    if order.deleted_at is not None:
        return _refused(translated(IN_BIN))
    return Response(str(version), mimetype="text/plain")


@staff.post("/orders/<reference>/edit/discard")
def discard_edit_draft(reference: str) -> Response:
    """Forget this person's unsaved changes of an order; newer ones of another window are offered.

    Goes back to the form or the order's page, whichever it came from.
    """
    member = signed_in()
    order = queries.find_any_order(reference, member.org_id)
    is_gone = change_drafts.end(order, member.actor, version=sent_draft_version(), page=sent_page())
    if request.form.get("here") == "form":
        told = "yes" if is_gone else None
        return go_to(url_for("staff.edit_order", reference=order.short_id, discarded=told))
    if is_gone:
        flash(gettext("Your changes are discarded."))
    return go_to(url_for("staff.show_order", reference=order.short_id))


def _refused(sentence: str) -> Response:
    return Response(sentence, 409, mimetype="text/plain")
