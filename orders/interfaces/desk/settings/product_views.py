"""The desk's pages to add, change, duplicate, retire and restore products by hand.

A product is a saved configuration; the list, the page of one, and the import are in
`configuration_views`.
"""

from typing import Any

from flask import Response, request, url_for

from orders.domain.configuration import PICTURE_PATH, THUMBNAIL, Configuration, ConfigurationInput
from orders.domain.uploads import NewFile, SentFile
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.settings.product_form import (
    ProductEntry,
    new_product,
    product_form,
    sent_product,
)
from orders.interfaces.http.assets import file_store
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import gettext
from orders.services.catalog import (
    configuration_edits,
    configuration_queries,
    configurations,
    products,
)


@desk.route("/configurations/new", methods=["GET", "POST"])
def new_configuration() -> Response:
    """Render the form of a new product (GET), or create the product and redirect to it (POST).

    The query parameter `copy` is the ID of a product with whose values the form is filled in. A
    form that is sent twice creates only one product.
    """
    copied = request.args.get("copy", "")
    source = (
        configuration_queries.find_configuration(copied, signed_in().org_id) if copied else None
    )
    if request.method == "GET":
        return _render(_first_form(source), source)
    entry = sent_product(None)
    if action := request.form.get("do"):
        entry.do_action(action)
        return _render(entry, source)
    with entry.saving(url_for("desk.list_configurations")):
        made = _create(entry, source)
        return _report(made, gettext("“%(name)s” is added.", name=_name(made)))
    return _render(entry, source)


@desk.route("/configurations/<reference>/edit", methods=["GET", "POST"])
def edit_configuration(reference: str) -> Response:
    """Render the form of a product (GET), or save it and redirect to its page (POST)."""
    found = configuration_queries.find_configuration(reference, signed_in().org_id)
    version = configuration_edits.edit_version(found)
    if request.method == "GET":
        return _render(product_form(found, found, version=version), found)
    entry = sent_product(found)
    if action := request.form.get("do"):
        entry.do_action(action)
        return _render(entry, found)
    with entry.saving(url_for("desk.show_configuration", reference=found.id)):
        new, files = _check(entry, entry.raw(), entry.files)
        changed = configuration_edits.change_configuration(
            found.id, new, files, actor=signed_in().actor, store=file_store(),
            version=entry.form.version.data, removes_picture=entry.form.removes_picture.data,
        )  # fmt: skip
        return _report(changed, gettext("“%(name)s” is saved.", name=_name(changed)))
    return _render(entry, found)


@desk.post("/configurations/<reference>/retire")
def retire_configuration(reference: str) -> Response:
    found = configuration_edits.retire_configuration(reference, signed_in().actor)
    message = gettext(
        "“%(name)s” is retired. It is no longer suggested in new orders.", name=_name(found)
    )
    return _report(found, message)


@desk.post("/configurations/<reference>/restore")
def restore_configuration(reference: str) -> Response:
    found = configuration_edits.restore_configuration(reference, signed_in().actor)
    message = gettext("“%(name)s” is restored. New orders can use it again.", name=_name(found))
    return _report(found, message)


def _first_form(source: Configuration | None) -> ProductEntry:
    key = forms.new_key()
    if source is None:
        return new_product(key=key)
    return product_form(source, None, key=key, copies_picture=True)


def _create(entry: ProductEntry, source: Configuration | None) -> Configuration:
    """Create the product of the form, with the picture of `source` if the form asks for it."""
    raw, sent, actor = entry.raw(), entry.files, signed_in().actor
    if source is not None and entry.form.copies_picture.data and not sent:
        picture = configuration_edits.picture_to_copy(source.id, actor, file_store())
        sent = [picture] if picture is not None else []
        # Any other address is not one of this service's own files.
        if not sent and not (source.thumbnail or "").startswith(PICTURE_PATH):
            raw[THUMBNAIL] = source.thumbnail
    new, files = _check(entry, raw, sent)
    return configurations.create_configuration(
        new, files, actor=actor, store=file_store(), limits=current_limits(),
        configuration_id=forms.id_by_field(entry.form.key),
    )  # fmt: skip


def _check(
    entry: ProductEntry, raw: dict[str, Any], sent: list[SentFile]
) -> tuple[ConfigurationInput, tuple[NewFile, ...]]:
    """Check the JSON and the files of a form; raise InvalidInput with all errors of the form."""
    return configurations.check_configuration(
        raw, sent, entry.faults(), actor=signed_in().actor, limits=current_limits()
    )


def _name(found: Configuration) -> str:
    return found.product_name or found.sku or found.short_id


def _report(found: Configuration, message: str) -> Response:
    return forms.report(message, url_for("desk.show_configuration", reference=found.id))


def _render(entry: ProductEntry, found: Configuration | None) -> Response:
    """Render the form; `found` is the product that it changes or copies, or None."""
    cards = products.resolve([found.id] if found else [], signed_in().org_id)
    return forms.html_page(
        "desk/configurations/form.html", entry.status, entry=entry, found=found,
        card=cards.get(found.id) if found else None, max_size=current_limits().file_bytes,
    )  # fmt: skip
