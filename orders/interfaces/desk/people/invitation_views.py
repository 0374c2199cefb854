"""Pages for inviting people and helping those who cannot sign in. Each link is shown once."""

from flask import Response, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField

from orders.domain.permissions import ROLE_LABELS, ROLES
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.http.current_settings import may_mail_links, secret_link
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.invitation_mail import mail_invitation
from orders.interfaces.http.limiters import taken_address_limit
from orders.services.accounts import accounts, invitations, orgs, resets, second_factor
from orders.services.accounts.invitations import NewInvitation
from orders.services.mail import MailFailed

ROLE_CHOICES = {role: ROLE_LABELS[role] for role in ROLES}


class InvitationForm(FlaskForm):
    """A form that invites a person to the org: their e-mail address and role."""

    email = StringField(lazy_gettext("E-mail"))
    role = forms.MenuField(lazy_gettext("Role"), choices=ROLE_CHOICES, default="sales")


@desk.route("/settings/staff/invite", methods=["GET", "POST"])
@taken_address_limit
@sensitive
def invite() -> Response:
    """Render the form (GET), or invite a person and show the invitation link once (POST).

    The button `do=mail` also sends the link to the person by e-mail.
    """
    me, entry = signed_in(), forms.open_form(InvitationForm)
    if entry.is_sent:
        with entry.saving(url_for("desk.list_staff")):
            return _show_invitation(invitations.invite(me.org_id, **entry.values(), by=me.id))
    return forms.html_page(
        "desk/settings/invite.html", entry.status, entry=entry, can_mail=may_mail_links()
    )


@desk.post("/settings/staff/invitations/<invitation_id>/again")
@sensitive
def invite_again(invitation_id: str) -> Response:
    me = signed_in()
    return _show_invitation(invitations.invite_again(me.org_id, invitation_id, by=me.id))


@desk.post("/settings/staff/invitations/<invitation_id>/withdraw")
def withdraw_invitation(invitation_id: str) -> Response:
    org_id = signed_in().org_id
    email = invitations.find_invitation(org_id, invitation_id).email
    with forms.reporting_conflicts(back := url_for("desk.list_staff")):
        invitations.withdraw(org_id, invitation_id)
    done = gettext("Invitation for %(email)s withdrawn. Its link no longer works.", email=email)
    return forms.report(done, back)


@desk.post("/settings/staff/<staff_id>/reset-link")
@sensitive
def make_reset_link(staff_id: str) -> Response:
    """Create a link with which a staff member can set a new password, and show the link once."""
    me = signed_in()
    with forms.reporting_conflicts(back := url_for("desk.show_staff", staff_id=staff_id)):
        made = resets.make_reset(me.org_id, staff_id, by=me.id)
    return forms.secret_page(
        "desk/settings/link_made.html",
        link=secret_link("desk.open_reset", made.secret),
        title=gettext("Password reset link"),
        what=gettext(
            "With this link, %(email)s can set a new password, once and within an hour. "
            "The old password works until then.",
            email=made.email,
        ),
        back=back,
    )


@desk.post("/settings/staff/<staff_id>/second-factor/reset")
@sensitive
def reset_second_factor(staff_id: str) -> Response:
    """Turn off the second factor of a person who has lost their phone and recovery codes."""
    me = signed_in()
    email = accounts.find_staff(me.org_id, staff_id).email
    with forms.reporting_conflicts(back := url_for("desk.show_staff", staff_id=staff_id)):
        second_factor.reset(me.org_id, staff_id, by=me.id)
    done = gettext(
        "Two-step sign-in for %(email)s is reset, and their sessions have ended.", email=email
    )
    return forms.report(done, back)


def _show_invitation(made: NewInvitation) -> Response:
    link = secret_link("desk.open_invitation", made.secret)
    failed = ""
    if is_mailed := may_mail_links() and request.form.get("do") == "mail":
        org = orgs.find_org(signed_in().org_id)
        # The language of the page, since that of the invited person is not known yet.
        try:
            mail_invitation(made.email, link, org_name=org.name)
        except MailFailed as error:
            is_mailed, failed = False, translated(error.sentence)
    return forms.secret_page(
        "desk/settings/link_made.html",
        link=link,
        title=gettext("%(email)s is invited", email=made.email),
        what=gettext(
            "With this link, they can create an account and choose a password, once and "
            "within 7 days."
        ),
        back=url_for("desk.list_staff"),
        mailed_to=made.email if is_mailed else "",
        failed=failed,
    )
