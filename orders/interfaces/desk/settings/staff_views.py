"""The settings' pages of staff accounts."""

from flask import Response, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import (
    FilledForm,
    PasswordForm,
    new_form,
    perform,
    save,
    sent_form,
)
from orders.interfaces.desk.people.invitation_views import ROLE_CHOICES, InvitationForm
from orders.interfaces.http.current_settings import may_mail_links
from orders.interfaces.http.i18n import gettext
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import stay_signed_in
from orders.services.accounts import accounts, checks, invitations
from orders.services.accounts.accounts import Account

MAX_EVENTS = 20


class NewStaffForm(InvitationForm):
    """A new staff account with a password."""

    password = PasswordField(lazy_gettext("Password"))


class RoleForm(FlaskForm):
    """The role of a staff account."""

    role = SelectField(lazy_gettext("Role"), choices=ROLE_CHOICES, validate_choice=False)


@desk.get("/settings/staff")
def list_staff() -> str:
    org_id = signed_in().org_id
    return render_template(
        "desk/settings/staff.html",
        accounts=accounts.list_staff(org_id),
        invitations=invitations.list_invitations(org_id),
        can_mail=may_mail_links(),
    )


@desk.get("/settings/staff/new")
def new_staff() -> str:
    return _render_new(new_form(NewStaffForm))


@desk.post("/settings/staff/new")
def add_staff() -> Response:
    entry = sent_form(NewStaffForm)
    return save(
        entry,
        lambda: accounts.add_staff(signed_in().org_id, **entry.values()),
        render=lambda: _render_new(entry),
        done=gettext(
            "%(email)s can sign in now. Tell them their password; it is not shown again.",
            email=entry.values()["email"].strip().lower(),
        ),
        address=url_for("desk.list_staff"),
    )


@desk.get("/settings/staff/<staff_id>")
def show_staff(staff_id: str) -> str:
    return _render(accounts.find_staff(signed_in().org_id, staff_id))


@desk.get("/settings/staff/<staff_id>/role")
@desk.get("/settings/staff/<staff_id>/password")
def leave_refused_form(staff_id: str) -> Response:
    """Redirect a reload of a refused form to the account."""
    return go_to(_address(staff_id))


@desk.post("/settings/staff/<staff_id>/role")
def change_role(staff_id: str) -> Response:
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    entry = sent_form(RoleForm)
    role = entry.values()["role"]
    return save(
        entry,
        lambda: accounts.change_role(me.org_id, staff_id, role=role, by=me.id),
        render=lambda: _render(account, role=entry),
        done=gettext(
            "%(email)s has the role %(role)s now.",
            email=account.email, role=gettext(role) if role else "",
        ),
        address=_address(staff_id),
    )  # fmt: skip


@desk.post("/settings/staff/<staff_id>/password")
def set_password(staff_id: str) -> Response:
    """Set the password of an account; its sessions end, except the one that sets it."""
    account = accounts.find_staff(signed_in().org_id, staff_id)
    entry = sent_form(PasswordForm)
    return save(
        entry,
        lambda: _set_password(staff_id, entry.form.password.data or ""),
        render=lambda: _render(account, password=entry),
        done=gettext(
            "%(email)s has a new password. Sessions with the old one have ended.",
            email=account.email,
        ),
        address=_address(staff_id),
    )


def _set_password(staff_id: str, password: str) -> None:
    me = signed_in()
    accounts.set_password(me.org_id, staff_id, password=password, by=me.id)
    if staff_id == me.id:
        stay_signed_in(me)


@desk.post("/settings/staff/<staff_id>/disable")
def disable_staff(staff_id: str) -> Response:
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    return perform(
        lambda: accounts.disable_staff(me.org_id, staff_id, by=me.id),
        done=gettext("%(email)s is disabled and signed out.", email=account.email),
        address=_address(staff_id),
    )


@desk.post("/settings/staff/<staff_id>/enable")
def enable_staff(staff_id: str) -> Response:
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    return perform(
        lambda: accounts.enable_staff(me.org_id, staff_id, by=me.id),
        done=gettext("%(email)s can sign in again.", email=account.email),
        address=_address(staff_id),
    )


def _address(staff_id: str) -> str:
    return url_for("desk.show_staff", staff_id=staff_id)


def _render_new(entry: FilledForm) -> str:
    suggested = checks.readable_password()
    return render_template("desk/settings/staff_new.html", entry=entry, suggested=suggested)


def _render(
    account: Account, *, role: FilledForm | None = None, password: FilledForm | None = None
) -> str:
    """Render the page of an account; `role` or `password` is a form with errors."""
    return render_template(
        "desk/settings/account.html",
        account=account,
        entry=role or password,
        role=role or new_form(RoleForm, role=account.role),
        password=password or new_form(PasswordForm),
        suggested=checks.readable_password(),
        events=accounts.list_events(signed_in().org_id, account.id, most=MAX_EVENTS),
        is_own=account.id == signed_in().id,
    )
