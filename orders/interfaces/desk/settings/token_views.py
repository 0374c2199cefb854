"""The settings' pages of access tokens. A secret is shown by one answer, and nowhere else."""

from flask import Response, render_template, url_for
from wtforms import HiddenField, SelectChoice, SelectField, StringField, TextAreaField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.http.i18n import gettext
from orders.services.accounts import tokens as access_tokens
from orders.services.accounts.tokens import AccessToken


class TokenForm(forms.VersionedForm):
    """A token's name and domains."""

    name = StringField(lazy_gettext("Name"))
    domain = TextAreaField(lazy_gettext("Domains"))

    def allowed(self) -> list[str]:
        return forms.lines_of(self.domain.data)

    def typed_name(self) -> str:
        return (self.name.data or "").strip()


class NewTokenForm(TokenForm):
    """A new token; `key` is the form's own, so that it creates only one."""

    kind = SelectField(
        lazy_gettext("Used by"),
        choices=[
            SelectChoice("private", lazy_gettext("A server or script (private)")),
            SelectChoice("public", lazy_gettext("A web page (public)")),
        ],
        validate_choice=False,
    )
    key = HiddenField()


@desk.get("/settings/tokens")
def list_tokens() -> str:
    tokens = access_tokens.list_tokens(signed_in().org_id)
    return render_template("desk/settings/tokens.html", tokens=tokens)


@desk.get("/settings/tokens/new")
def new_token() -> str:
    return _render_new(forms.new_form(NewTokenForm, kind="private", key=forms.new_key()))


@desk.post("/settings/tokens/new")
def make_token() -> Response:
    """Create a token and show its secret; no cache keeps the page."""
    entry = forms.sent_form(NewTokenForm)
    form = entry.form
    return forms.submit(
        entry,
        lambda: access_tokens.add_token(
            signed_in().org_id, name=form.typed_name(), is_private=form.kind.data == "private",
            allowed=form.allowed(), token_id=forms.id_by_field(form.key),
        ),
        render=lambda: _render_new(entry),
        then=lambda made: forms.secret_page(
            render_template("desk/settings/token_made.html", made=made, name=form.typed_name())
        ),
        address=url_for("desk.list_tokens"),
    )  # fmt: skip


@desk.get("/settings/tokens/<token_id>")
def show_token(token_id: str) -> str:
    token = access_tokens.find_token(signed_in().org_id, token_id)
    domains = "\n".join(token.domains)
    form = forms.new_form(TokenForm, name=token.name, domain=domains, version=token.version)
    return _render(token, form)


@desk.post("/settings/tokens/<token_id>")
def change_token(token_id: str) -> Response:
    org_id = signed_in().org_id
    token = access_tokens.find_token(org_id, token_id)
    entry = forms.sent_form(TokenForm)
    form = entry.form
    return forms.save(
        entry,
        lambda: access_tokens.change_token(
            org_id, token_id, name=form.name.data or "", allowed=form.allowed(),
            version=form.version.data,
        ),
        render=lambda: _render(token, entry),
        done=gettext("The token is saved."),
        address=url_for("desk.list_tokens"),
    )  # fmt: skip


@desk.post("/settings/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> Response:
    org_id = signed_in().org_id
    name = access_tokens.find_token(org_id, token_id).name
    return forms.perform(
        lambda: access_tokens.revoke_token(token_id, org_id=org_id),
        done=gettext(
            "The token “%(name)s” is revoked. Whoever still uses it is refused from now on.",
            name=name,
        ),
        address=url_for("desk.list_tokens"),
    )


def _render_new(entry: forms.FilledForm) -> str:
    return render_template("desk/settings/token_new.html", entry=entry)


def _render(token: AccessToken, entry: forms.FilledForm) -> str:
    return render_template("desk/settings/token.html", token=token, entry=entry)
