"""Settings pages for staff accounts."""

from flask import Response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.desk.people.devices import listed_sessions
from orders.interfaces.desk.people.invitation_views import ROLE_CHOICES, InvitationForm
from orders.interfaces.http.current_settings import may_mail_links
from orders.interfaces.http.i18n import gettext
from orders.interfaces.http.limiters import taken_address_limit
from orders.interfaces.http.session import clear_storage, current_session
from orders.services.accounts import account_events, accounts, checks, invitations, sessions
from orders.services.accounts.accounts import Account

MAX_EVENTS = 20


class NewStaffForm(InvitationForm):
    """A form that creates a staff account: e-mail address, role and password."""

    password = PasswordField(lazy_gettext("Password"))


class RoleForm(FlaskForm):
    """A form that changes the role of a staff account."""

    role = forms.MenuField(lazy_gettext("Role"), choices=ROLE_CHOICES)


@desk.get("/settings/staff")
def list_staff() -> str:
    org_id = signed_in().org_id
    return render_template(
        "desk/settings/staff.html",
        accounts=accounts.list_staff(org_id),
        invitations=invitations.list_invitations(org_id),
        can_mail=may_mail_links(),
    )


@desk.route("/settings/staff/new", methods=["GET", "POST"])
@taken_address_limit
@sensitive
def new_staff() -> Response:
    entry, back = forms.open_form(NewStaffForm), url_for("desk.list_staff")
    if entry.is_sent:
        values = entry.values()
        with entry.saving(back):
            accounts.add_staff(signed_in().org_id, **values, must_change=True)
            done = gettext(
                "%(email)s can sign in now. Tell them their password. It is not shown again, and "
                "they choose another one when they sign in.",
                email=values["email"].strip().lower(),
            )
            return forms.report(done, back)
    suggested = checks.readable_password()
    return forms.html_page(
        "desk/settings/staff_new.html", entry.status, entry=entry, suggested=suggested
    )


@desk.get("/settings/staff/<staff_id>")
def show_staff(staff_id: str) -> Response:
    return _render(accounts.find_staff(signed_in().org_id, staff_id))


@desk.post("/settings/staff/<staff_id>/role")
@sensitive
def change_role(staff_id: str) -> Response:
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    entry = forms.sent_form(RoleForm)
    role = entry.values()["role"]
    with entry.saving(_address(staff_id)):
        accounts.change_role(me.org_id, staff_id, role=role, by=me.id)
        done = gettext(
            "%(email)s now has the role %(role)s.", email=account.email, role=gettext(role)
        )
        return forms.report(done, _address(staff_id))
    return _render(account, role=entry)


@desk.post("/settings/staff/<staff_id>/password")
@sensitive
def set_password(staff_id: str) -> Response:
    """Set the password of a colleague, and end the account's sessions."""
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    entry = forms.sent_form(forms.PasswordForm)
    with entry.saving(_address(staff_id)):
        accounts.set_password(me.org_id, staff_id, **entry.values(), by=me.id)
        done = gettext(
            "%(email)s has a new password and is signed out everywhere. They choose another one "
            "when they sign in.",
            email=account.email,
        )
        return forms.report(done, _address(staff_id))
    return _render(account, password=entry)


@desk.post("/settings/staff/<staff_id>/disable")
@sensitive
def disable_staff(staff_id: str) -> Response:
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    with forms.reporting_conflicts(_address(staff_id)):
        accounts.disable_staff(me.org_id, staff_id, by=me.id)
    done = gettext("%(email)s is disabled and signed out.", email=account.email)
    return forms.report(done, _address(staff_id))


@desk.post("/settings/staff/<staff_id>/enable")
@sensitive
def enable_staff(staff_id: str) -> Response:
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    with forms.reporting_conflicts(_address(staff_id)):
        accounts.enable_staff(me.org_id, staff_id, by=me.id)
    return forms.report(
        gettext("%(email)s can sign in again.", email=account.email), _address(staff_id)
    )


@desk.post("/settings/staff/<staff_id>/sessions/end")
@sensitive
def end_staff_sessions(staff_id: str) -> Response:
    """End one session of a colleague, whose ID is in the field `session`, or all of them."""
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    only, here = request.form.get("session"), current_session()
    sessions.end_some(me.org_id, staff_id, only=only, by=me.id)
    if here and staff_id == me.id and only in {None, here.id}:
        clear_storage()
    done = gettext("%(email)s is signed out.", email=account.email)
    return forms.report(done, _address(staff_id))


def _address(staff_id: str) -> str:
    return url_for("desk.show_staff", staff_id=staff_id)


def _render(account: Account, **refused: forms.FilledForm) -> Response:
    """Render the page of a staff account.

    A form that was refused is passed, with its errors, as `role` or `password`.
    """
    entry = next(iter(refused.values()), None)
    shown = {
        "role": forms.new_form(RoleForm, role=account.role),
        "password": forms.new_form(forms.PasswordForm),
    }
    return forms.html_page(
        "desk/settings/account.html",
        entry.status if entry else 200,
        account=account,
        entry=entry,
        **(shown | refused),
        suggested=checks.readable_password(),
        sessions=listed_sessions(account_org := signed_in().org_id, account.id),
        events=account_events.list_events(account_org, account.id, most=MAX_EVENTS),
        is_own=account.id == signed_in().id,
    )
