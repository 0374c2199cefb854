"""A person's own account: name, preferences, password, and what happened to it."""

from flask import Response, render_template, request, url_for

from orders import administration
from orders.access import StaffMember
from orders.people import own_account, second_factor
from orders.staff.admin_form import AdminEntry, save
from orders.staff.blueprint import signed_in, staff
from orders.staff.people.people_forms import OwnPasswordForm, PreferencesForm
from orders.staff.permits import for_everybody
from orders.staff.sessions import stay_signed_in
from orders.web.current_settings import limiter, sign_in_limit
from orders.web.language import gettext, use_language
from orders.web.pages import go_to

MOST_EVENTS = 10


@staff.get("/account")
@for_everybody
def show_account() -> str:
    """Show the person's account."""
    return _draw(signed_in())


@staff.get("/account/preferences")
@staff.get("/account/password")
@for_everybody
def leave_own_refused_form() -> Response:
    """Lead from the address of a refused form, asked for anew, to the account."""
    return go_to(url_for("staff.show_account"))


@staff.post("/account/preferences")
@for_everybody
def save_preferences() -> Response:
    """Keep name and preferences; the next page looks by them."""
    member = signed_in()
    form = PreferencesForm(formdata=request.form).with_choices()
    entry, chosen = AdminEntry(form), form.preferences()
    with use_language(chosen.language):  # as the next page does
        done = gettext("Your preferences are saved.")
    return save(
        entry,
        lambda: own_account.change_own(member, name=form.name.data or "", preferences=chosen),
        draw=lambda: _draw(member, preferences=entry),
        done=done,
        address=url_for("staff.show_account"),
    )


@staff.post("/account/password")
@limiter.limit(sign_in_limit)
@for_everybody
def change_own_password() -> Response:
    """Change the password; this session goes on, all others end."""
    member = signed_in()
    form = OwnPasswordForm(formdata=request.form)
    entry = AdminEntry(form)

    def work() -> None:
        own_account.change_password(
            member, old=form.old_password.data or "", new=form.password.data or ""
        )
        stay_signed_in(member)

    return save(
        entry,
        work,
        draw=lambda: _draw(member, password=entry),
        done=gettext("Your password is changed. Other sessions have ended."),
        address=url_for("staff.show_account"),
    )


def _draw(
    member: StaffMember,
    *,
    preferences: AdminEntry | None = None,
    password: AdminEntry | None = None,
) -> str:
    """Draw the page; `preferences` or `password` is the form that was refused."""
    return render_template(
        "staff/account.html",
        entry=preferences or password,
        preferences=preferences or AdminEntry(PreferencesForm.of(member)),
        password=password or AdminEntry(OwnPasswordForm(formdata=None)),
        factor=second_factor.state_of(member),
        events=administration.list_events(member.org_id, member.id, most=MOST_EVENTS),
        suggested=administration.readable_password(),
    )
