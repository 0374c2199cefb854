"""The settings' pages of staff accounts."""

from flask import Response, render_template, request, url_for

from orders import administration
from orders.administration import Account
from orders.staff.admin_form import AdminEntry, act, save
from orders.staff.blueprint import signed_in, staff
from orders.staff.sessions import stay_signed_in
from orders.staff.settings.admin import admin_only
from orders.staff.settings.admin_forms import NewStaffForm, PasswordForm, RoleForm
from orders.web.current_settings import may_mail_links
from orders.web.language import gettext
from orders.web.pages import go_to

MOST_EVENTS = 20


@staff.get("/settings/staff")
@admin_only
def list_staff() -> str:
    """Show all accounts of the org, and who is invited."""
    org_id = signed_in().org_id
    return render_template(
        "staff/settings/staff.html",
        accounts=administration.list_staff(org_id),
        invitations=administration.list_invitations(org_id),
        can_mail=may_mail_links(),
    )


@staff.get("/settings/staff/new")
@admin_only
def new_staff() -> str:
    """Draw an empty form, with a password to take over."""
    return _draw_new(AdminEntry(NewStaffForm(formdata=None)))


@staff.post("/settings/staff/new")
@admin_only
def add_staff() -> Response:
    """Make an account."""
    form = NewStaffForm(formdata=request.form)
    entry = AdminEntry(form)
    return save(
        entry,
        lambda: administration.add_staff(
            signed_in().org_id,
            email=form.email.data or "",
            role=form.role.data or "",
            password=form.password.data or "",
        ),
        draw=lambda: _draw_new(entry),
        done=gettext(
            "%(email)s can sign in now. Tell them their password; it is not shown again.",
            email=(form.email.data or "").strip().lower(),
        ),
        address=url_for("staff.list_staff"),
    )


@staff.get("/settings/staff/<staff_id>")
@admin_only
def show_staff(staff_id: str) -> str:
    """Show one account, with what can be done with it."""
    return _draw(administration.find_staff(signed_in().org_id, staff_id))


@staff.get("/settings/staff/<staff_id>/role")
@staff.get("/settings/staff/<staff_id>/password")
@admin_only
def leave_refused_form(staff_id: str) -> Response:
    """Lead from the address of a refused form, asked for anew, to the account."""
    return go_to(_address(staff_id))


@staff.post("/settings/staff/<staff_id>/role")
@admin_only
def change_role(staff_id: str) -> Response:
    """Give an account another role."""
    me = signed_in()
    account = administration.find_staff(me.org_id, staff_id)
    form = RoleForm(formdata=request.form)
    entry, role = AdminEntry(form), form.role.data or ""
    done = gettext(
        "%(email)s has the role %(role)s now.",
        email=account.email,
        role=gettext(role) if role else "",
    )
    return save(
        entry,
        lambda: administration.change_role(me.org_id, staff_id, role=role, by=me.id),
        draw=lambda: _draw(account, role=entry),
        done=done,
        address=_address(staff_id),
    )


@staff.post("/settings/staff/<staff_id>/password")
@admin_only
def set_password(staff_id: str) -> Response:
    """Give an account a new password; its sessions end, but for the one that asks for it."""
    me = signed_in()
    account = administration.find_staff(me.org_id, staff_id)
    form = PasswordForm(formdata=request.form)
    entry, password = AdminEntry(form), form.password.data or ""

    def work() -> None:
        administration.set_password(me.org_id, staff_id, password=password, by=me.id)
        if staff_id == me.id:
            stay_signed_in(me)

    return save(
        entry,
        work,
        draw=lambda: _draw(account, password=entry),
        done=gettext(
            "%(email)s has a new password. Sessions with the old one have ended.",
            email=account.email,
        ),
        address=_address(staff_id),
    )


@staff.post("/settings/staff/<staff_id>/disable")
@admin_only
def disable_staff(staff_id: str) -> Response:
    """Let nobody sign in by this account any more."""
    me = signed_in()
    account = administration.find_staff(me.org_id, staff_id)
    return act(
        lambda: administration.disable_staff(me.org_id, staff_id, by=me.id),
        done=gettext("%(email)s is disabled and signed out.", email=account.email),
        address=_address(staff_id),
    )


@staff.post("/settings/staff/<staff_id>/enable")
@admin_only
def enable_staff(staff_id: str) -> Response:
    """Let people sign in by this account again."""
    me = signed_in()
    account = administration.find_staff(me.org_id, staff_id)
    return act(
        lambda: administration.enable_staff(me.org_id, staff_id, by=me.id),
        done=gettext("%(email)s can sign in again.", email=account.email),
        address=_address(staff_id),
    )


def _address(staff_id: str) -> str:
    return url_for("staff.show_staff", staff_id=staff_id)


def _draw_new(entry: AdminEntry) -> str:
    suggested = administration.readable_password()
    return render_template("staff/settings/staff_new.html", entry=entry, suggested=suggested)


def _draw(
    account: Account, *, role: AdminEntry | None = None, password: AdminEntry | None = None
) -> str:
    """Draw the page of one account; `role` or `password` is the form that was refused."""
    return render_template(
        "staff/settings/account.html",
        account=account,
        entry=role or password,
        role=role or AdminEntry(RoleForm.of(account)),
        password=password or AdminEntry(PasswordForm(formdata=None)),
        suggested=administration.readable_password(),
        events=administration.list_events(signed_in().org_id, account.id, most=MOST_EVENTS),
        is_own=account.id == signed_in().id,
    )
