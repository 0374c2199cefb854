"""Settings pages for access tokens. A secret is shown only when its token is created."""

from flask import Response, render_template, url_for
from wtforms import HiddenField, StringField, TextAreaField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.http.i18n import gettext
from orders.services.accounts import tokens as access_tokens


class TokenForm(forms.VersionedForm):
    """A form for an access token.

    `domain` lists the domains whose pages may use the token, one per line.
    """

    name = StringField(lazy_gettext("Name"))
    domain = TextAreaField(lazy_gettext("Domains"))

    def allowed(self) -> list[str]:
        return forms.lines_of(self.domain.data)


class NewTokenForm(TokenForm):
    """A form for a new access token.

    `succeeds` is the ID of the token that it takes the place of, or empty. The token's ID is
    computed from `key`, so that a form that is sent twice creates only one token.
    """

    kind = forms.MenuField(
        lazy_gettext("Type"),
        choices={
            "private": lazy_gettext("Private: for a server or script"),
            "public": lazy_gettext("Public: for a web page"),
        },
    )
    succeeds = forms.MenuField(lazy_gettext("Replaces"), choices=[])
    key = HiddenField()


@desk.get("/settings/tokens")
def list_tokens() -> str:
    tokens = access_tokens.list_tokens(signed_in().org_id)
    return render_template("desk/settings/tokens.html", tokens=tokens)


@desk.route("/settings/tokens/new", methods=["GET", "POST"])
@sensitive
def new_token() -> Response:
    """Render the form (GET), or create a token and show its secret once (POST).

    Browsers must not store the page with the secret.
    """
    entry = forms.open_form(NewTokenForm, kind="private", key=forms.new_key())
    entry.form.succeeds.choices = _predecessors()
    if entry.is_sent:
        form, name = entry.form, (entry.form.name.data or "").strip()
        with entry.saving(url_for("desk.list_tokens")):
            made = access_tokens.add_token(
                signed_in().org_id, name=name, is_private=form.kind.data == "private",
                allowed=form.allowed(), token_id=forms.id_by_field(form.key),
                succeeds=form.succeeds.data or None,
            )  # fmt: skip
            return forms.secret_page("desk/settings/token_made.html", made=made, name=name)
    return forms.html_page("desk/settings/token_new.html", entry.status, entry=entry)


def _predecessors() -> list[tuple[str, str]]:
    """Return the choices of the token that a new one replaces, the revoked ones last."""
    known = access_tokens.list_tokens(signed_in().org_id)
    revoked = gettext("revoked")
    named = [(one.id, f"{one.name} ({revoked})" if one.revoked_at else one.name) for one in known]
    return [("", gettext("No other token")), *named]


@desk.route("/settings/tokens/<token_id>", methods=["GET", "POST"])
@sensitive
def show_token(token_id: str) -> Response:
    org_id, back = signed_in().org_id, url_for("desk.list_tokens")
    token = access_tokens.find_token(org_id, token_id)
    domains = "\n".join(token.domains)
    entry = forms.open_form(TokenForm, name=token.name, domain=domains, version=token.version)
    if entry.is_sent:
        form = entry.form
        with entry.saving(back):
            access_tokens.change_token(
                org_id, token_id, name=form.name.data or "", allowed=form.allowed(),
                version=form.version.data,
            )  # fmt: skip
            return forms.report(gettext("Token saved."), back)
    return forms.html_page("desk/settings/token.html", entry.status, token=token, entry=entry)


@desk.post("/settings/tokens/<token_id>/revoke")
@sensitive
def revoke_token(token_id: str) -> Response:
    org_id = signed_in().org_id
    name = access_tokens.find_token(org_id, token_id).name
    with forms.reporting_conflicts(back := url_for("desk.list_tokens")):
        access_tokens.revoke_token(token_id, org_id=org_id)
    done = gettext("Token “%(name)s” revoked. It no longer works.", name=name)
    return forms.report(done, back)
