"""The settings' pages of access tokens. A secret stands on one answer, and nowhere else."""

import secrets

from flask import Response, flash, render_template, request, url_for

from orders import administration
from orders.administration import AccessToken
from orders.rules.errors import Conflict, InvalidInput
from orders.staff.admin_form import AdminEntry, act, own_id, page, save, secret_page
from orders.staff.blueprint import signed_in, staff
from orders.staff.settings.admin import admin_only
from orders.staff.settings.admin_forms import NewTokenForm, TokenForm
from orders.web.language import gettext, translated
from orders.web.pages import go_to


@staff.get("/settings/tokens")
@admin_only
def list_tokens() -> str:
    """Show all tokens of the org."""
    tokens = administration.list_tokens(signed_in().org_id)
    return render_template("staff/settings/tokens.html", tokens=tokens)


@staff.get("/settings/tokens/new")
@admin_only
def new_token() -> str:
    """Draw an empty form with a key of its own."""
    form = NewTokenForm(formdata=None, kind="private", key=secrets.token_urlsafe(16))
    return _draw_new(AdminEntry(form))


@staff.post("/settings/tokens/new")
@admin_only
def make_token() -> Response:
    """Make a token and show its secret on this one answer; no cache keeps it."""
    form = NewTokenForm(formdata=request.form)
    entry = AdminEntry(form)
    name = (form.name.data or "").strip()
    try:
        made = administration.add_token(
            signed_in().org_id, name=name, is_private=form.kind.data == "private",
            allowed=form.allowed(), token_id=own_id(form.key),
        )  # fmt: skip
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return page(_draw_new(entry), 422)
    except Conflict as conflict:
        flash(translated(conflict.sentence), "bad")
        return go_to(url_for("staff.list_tokens"))
    return secret_page(render_template("staff/settings/token_made.html", made=made, name=name))


@staff.get("/settings/tokens/<token_id>")
@admin_only
def show_token(token_id: str) -> str:
    """Show one token, with its form."""
    token = administration.find_token(signed_in().org_id, token_id)
    return _draw(token, AdminEntry(TokenForm.of(token)))


@staff.post("/settings/tokens/<token_id>")
@admin_only
def change_token(token_id: str) -> Response:
    """Change a token's name and domains."""
    org_id = signed_in().org_id
    token = administration.find_token(org_id, token_id)
    form = TokenForm(formdata=request.form)
    entry = AdminEntry(form)
    return save(
        entry,
        lambda: administration.change_token(
            org_id, token_id, name=form.name.data or "", allowed=form.allowed(),
            version=form.version.data,
        ),
        draw=lambda: _draw(token, entry),
        done=gettext("The token is saved."),
        address=url_for("staff.list_tokens"),
    )  # fmt: skip


@staff.post("/settings/tokens/<token_id>/revoke")
@admin_only
def revoke_token(token_id: str) -> Response:
    """Revoke a token."""
    org_id = signed_in().org_id
    name = administration.find_token(org_id, token_id).name
    return act(
        lambda: administration.revoke_token(token_id, org_id=org_id),
        done=gettext(
            "The token “%(name)s” is revoked. Whoever still uses it is refused from now on.",
            name=name,
        ),
        address=url_for("staff.list_tokens"),
    )


def _draw_new(entry: AdminEntry) -> str:
    return render_template("staff/settings/token_new.html", entry=entry)


def _draw(token: AccessToken, entry: AdminEntry) -> str:
    return render_template("staff/settings/token.html", token=token, entry=entry)
