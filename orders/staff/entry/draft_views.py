"""Drafts and templates of the order form."""

from flask import Response, request, url_for

from orders.entry import drafts, order_templates
from orders.entry.drafts import DraftChanged
from orders.staff.blueprint import signed_in, staff
from orders.staff.entry.entry_views import save_sent_draft
from orders.staff.entry.form_page import is_key
from orders.web.language import gettext, translated
from orders.web.pages import go_to


@staff.post("/orders/new/draft")
def save_draft() -> Response:
    """Keep what stands on the form; answers the draft's version, for the next save."""
    key = request.args.get("form", "")
    if not is_key(key):
        return Response(gettext("This form has no address of its own."), 400, mimetype="text/plain")
    try:
        version = save_sent_draft(key)
    except DraftChanged as changed:
        return Response(translated(changed.sentence), 409, mimetype="text/plain")
    return Response(str(version), mimetype="text/plain")


@staff.post("/orders/drafts/<key>/discard")
def discard_draft(key: str) -> Response:
    """Take a draft of a new order out of the list, and offer it once more."""
    if not is_key(key):
        return go_to(url_for("staff.new_order"))
    drafts.discard_draft(key, signed_in().actor)
    here = request.form.get("here", "")
    return go_to(url_for("staff.new_order", form=here if is_key(here) else None, discarded=key))


@staff.post("/orders/templates/<template_id>/remove")
def remove_template(template_id: str) -> Response:
    """Remove a template for everybody in the org."""
    order_templates.remove_template(template_id, signed_in().actor)
    here = request.form.get("here", "")
    return go_to(url_for("staff.new_order", form=here if is_key(here) else None))
