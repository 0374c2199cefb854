"""The settings' pages of staff accounts."""

from flask import Response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import admin_only, desk, signed_in
from orders.interfaces.desk.forms import FilledForm, perform, save
from orders.interfaces.desk.people.invitation_views import ROLE_CHOICES
from orders.interfaces.http.current_settings import may_mail_links
from orders.interfaces.http.i18n import gettext
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import stay_signed_in
from orders.services import accounts
from orders.services.accounts import Account

MAX_EVENTS = 20


class NewStaffForm(FlaskForm):
    """A new staff account with a password."""

    email = StringField(lazy_gettext("E-mail"))
    role = SelectField(
        lazy_gettext("Role"), choices=ROLE_CHOICES, default="sales", validate_choice=False
    )
    password = PasswordField(lazy_gettext("Password"))


class RoleForm(FlaskForm):
    """The role of a staff account."""

    role = SelectField(lazy_gettext("Role"), choices=ROLE_CHOICES, validate_choice=False)

    @classmethod
    def of(cls, account: Account) -> "RoleForm":
        """Return the form filled in with a stored account."""
        return cls(formdata=None, role=account.role)


class PasswordForm(FlaskForm):
    """A new password of a staff account."""

    password = PasswordField(lazy_gettext("New password"))


@desk.get("/settings/staff")
@admin_only
def list_staff() -> str:
    """Render the list of all accounts and invitations of the org."""
    org_id = signed_in().org_id
    return render_template(
        "desk/settings/staff.html",
        accounts=accounts.list_staff(org_id),
        invitations=accounts.list_invitations(org_id),
        can_mail=may_mail_links(),
    )


@desk.get("/settings/staff/new")
@admin_only
def new_staff() -> str:
    """Render an empty form with a suggested password."""
    return _render_new(FilledForm(NewStaffForm(formdata=None)))


@desk.post("/settings/staff/new")
@admin_only
def add_staff() -> Response:
    """Create an account."""
    form = NewStaffForm(formdata=request.form)
    entry = FilledForm(form)
    return save(
        entry,
        lambda: accounts.add_staff(
            signed_in().org_id,
            email=form.email.data or "",
            role=form.role.data or "",
            password=form.password.data or "",
        ),
        render=lambda: _render_new(entry),
        done=gettext(
            "%(email)s can sign in now. Tell them their password; it is not shown again.",
            email=(form.email.data or "").strip().lower(),
        ),
        address=url_for("desk.list_staff"),
    )


@desk.get("/settings/staff/<staff_id>")
@admin_only
def show_staff(staff_id: str) -> str:
    """Render one account with its forms."""
    return _render(accounts.find_staff(signed_in().org_id, staff_id))


@desk.get("/settings/staff/<staff_id>/role")
@desk.get("/settings/staff/<staff_id>/password")
@admin_only
def leave_refused_form(staff_id: str) -> Response:
    """Redirect a reload of a refused form to the account."""
    return go_to(_address(staff_id))


@desk.post("/settings/staff/<staff_id>/role")
@admin_only
def change_role(staff_id: str) -> Response:
    """Change the role of an account."""
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    entry = FilledForm(RoleForm(formdata=request.form))
    role = entry.form.role.data or ""
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
@admin_only
def set_password(staff_id: str) -> Response:
    """Set the password of an account; its sessions end, except the one that sets it."""
    account = accounts.find_staff(signed_in().org_id, staff_id)
    entry = FilledForm(PasswordForm(formdata=request.form))
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
@admin_only
def disable_staff(staff_id: str) -> Response:
    """Disable an account: nobody can sign in with it."""
    me = signed_in()
    account = accounts.find_staff(me.org_id, staff_id)
    return perform(
        lambda: accounts.disable_staff(me.org_id, staff_id, by=me.id),
        done=gettext("%(email)s is disabled and signed out.", email=account.email),
        address=_address(staff_id),
    )


@desk.post("/settings/staff/<staff_id>/enable")
@admin_only
def enable_staff(staff_id: str) -> Response:
    """Enable an account again."""
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
    suggested = accounts.readable_password()
    return render_template("desk/settings/staff_new.html", entry=entry, suggested=suggested)


def _render(
    account: Account, *, role: FilledForm | None = None, password: FilledForm | None = None
) -> str:
    """Render the page of an account; `role` or `password` is a form with errors."""
    return render_template(
        "desk/settings/account.html",
        account=account,
        entry=role or password,
        role=role or FilledForm(RoleForm.of(account)),
        password=password or FilledForm(PasswordForm(formdata=None)),
        suggested=accounts.readable_password(),
        events=accounts.list_events(signed_in().org_id, account.id, most=MAX_EVENTS),
        is_own=account.id == signed_in().id,
    )
