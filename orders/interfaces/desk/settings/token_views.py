"""The settings' pages of access tokens. A secret is shown by one answer, and nowhere else."""

from flask import Response, render_template, request, url_for
from wtforms import HiddenField, SelectChoice, SelectField, StringField, TextAreaField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import admin_only, desk, signed_in
from orders.interfaces.desk.forms import (
    FilledForm,
    VersionedForm,
    id_by_field,
    lines_of,
    new_key,
    perform,
    save,
    secret_page,
    submit,
)
from orders.interfaces.http.i18n import gettext
from orders.services import accounts
from orders.services.accounts import AccessToken


class TokenForm(VersionedForm):
    """A token's name and domains."""

    name = StringField(lazy_gettext("Name"))
    domain = TextAreaField(lazy_gettext("Domains"))

    @classmethod
    def of(cls, token: AccessToken) -> "TokenForm":
        """Return the form filled in with a stored token."""
        text = "\n".join(token.domains)
        return cls(formdata=None, name=token.name, domain=text, version=token.version)

    def allowed(self) -> list[str]:
        """Return the domains that were typed, one a line."""
        return lines_of(self.domain.data)

    def typed_name(self) -> str:
        """Return the name, stripped."""
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
@admin_only
def list_tokens() -> str:
    """Render the list of all tokens of the org."""
    tokens = accounts.list_tokens(signed_in().org_id)
    return render_template("desk/settings/tokens.html", tokens=tokens)


@desk.get("/settings/tokens/new")
@admin_only
def new_token() -> str:
    """Render an empty form with a new key."""
    form = NewTokenForm(formdata=None, kind="private", key=new_key())
    return _render_new(FilledForm(form))


@desk.post("/settings/tokens/new")
@admin_only
def make_token() -> Response:
    """Create a token and show its secret; no cache keeps the page."""
    form = NewTokenForm(formdata=request.form)
    entry = FilledForm(form)
    return submit(
        entry,
        lambda: accounts.add_token(
            signed_in().org_id, name=form.typed_name(), is_private=form.kind.data == "private",
            allowed=form.allowed(), token_id=id_by_field(form.key),
        ),
        render=lambda: _render_new(entry),
        then=lambda made: secret_page(
            render_template("desk/settings/token_made.html", made=made, name=form.typed_name())
        ),
        address=url_for("desk.list_tokens"),
    )  # fmt: skip


@desk.get("/settings/tokens/<token_id>")
@admin_only
def show_token(token_id: str) -> str:
    """Render one token with its form."""
    token = accounts.find_token(signed_in().org_id, token_id)
    return _render(token, FilledForm(TokenForm.of(token)))


@desk.post("/settings/tokens/<token_id>")
@admin_only
def change_token(token_id: str) -> Response:
    """Change a token's name and domains."""
    org_id = signed_in().org_id
    token = accounts.find_token(org_id, token_id)
    form = TokenForm(formdata=request.form)
    entry = FilledForm(form)
    return save(
        entry,
        lambda: accounts.change_token(
            org_id, token_id, name=form.name.data or "", allowed=form.allowed(),
            version=form.version.data,
        ),
        render=lambda: _render(token, entry),
        done=gettext("The token is saved."),
        address=url_for("desk.list_tokens"),
    )  # fmt: skip


@desk.post("/settings/tokens/<token_id>/revoke")
@admin_only
def revoke_token(token_id: str) -> Response:
    """Revoke a token."""
    org_id = signed_in().org_id
    name = accounts.find_token(org_id, token_id).name
    return perform(
        lambda: accounts.revoke_token(token_id, org_id=org_id),
        done=gettext(
            "The token “%(name)s” is revoked. Whoever still uses it is refused from now on.",
            name=name,
        ),
        address=url_for("desk.list_tokens"),
    )


def _render_new(entry: FilledForm) -> str:
    return render_template("desk/settings/token_new.html", entry=entry)


def _render(token: AccessToken, entry: FilledForm) -> str:
    return render_template("desk/settings/token.html", token=token, entry=entry)
