"""The desk's blueprint, and what each of its views requires of a person's role."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, session, url_for
from werkzeug import exceptions

from orders.domain.errors import Forbidden, NotFound, OrderError
from orders.domain.permissions import REFUSALS, Permission
from orders.domain.short_id import MistypedShortId, grouped
from orders.interfaces.http.errors import error_page
from orders.interfaces.http.i18n import keep_language
from orders.interfaces.http.pages import go_to, wants_piece
from orders.interfaces.http.session import MUST_SET_UP, SignInForm, current_member
from orders.services.accounts.access import StaffMember

desk = Blueprint("desk", __name__)
desk.add_app_template_filter(grouped, "grouped")

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Below an address; None is for everybody who is signed in. Elsewhere GET requires READ and
# everything else ENTER, so that a forgotten line opens nothing to viewers.
_REQUIRED: dict[str, Permission | None] = {
    "/account": None,
    "/settings": Permission.SETTINGS,
    "/configurations/import": Permission.SETTINGS,
    "/orders/new": Permission.ENTER,
    "/orders/<reference>/edit": Permission.ENTER,
    "/orders/import": Permission.ENTER,
    "/orders/columns": Permission.READ,  # a person's own preference
}
OPEN_TO_ALL = {
    *("desk.start", "desk.show_sign_in", "desk.sign_out", "desk.show_code"),
    *("desk.open_invitation", "desk.show_forgot", "desk.open_reset"),
}
# What a person may do before they have set up a second factor that the org requires.
SETTING_UP = {
    *("desk.show_second_factor", "desk.turn_on_second_factor", "desk.second_factor_qr"),
    "desk.sign_out",
}
# Fields of the order form that are not resumed after a sign-in.
NOT_RESUMED = {"csrf_token", "do"}


# Addresses that only forms are sent to, and the page that their GET leads to: a browser asks for
# them by a reload of an answer, which is not shown again, and after a sign-in in between.
_PAGES_OF_FORMS = {
    "/account/preferences": "desk.show_account",
    "/account/password": "desk.show_account",
    "/account/second-factor/codes": "desk.show_second_factor",
    "/account/second-factor/off": "desk.show_second_factor",
    "/settings/organization/customers": "desk.show_org",
    "/settings/organization/logo": "desk.show_org",
    "/settings/staff/<staff_id>/role": "desk.show_staff",
    "/settings/staff/<staff_id>/password": "desk.show_staff",
    "/settings/staff/<invitation_id>/reset-link": "desk.list_staff",
    "/settings/staff/invitations/<invitation_id>/again": "desk.list_staff",
}


def show_page_of_form(staff_id: str | None = None, **_others: str) -> Response:
    return go_to(url_for(_PAGES_OF_FORMS[str(request.url_rule)], staff_id=staff_id))


for _address in _PAGES_OF_FORMS:
    desk.get(_address)(show_page_of_form)


def needed_for(rule: str, method: str) -> Permission | None:
    """Return the permission that a request requires; None if being signed in is enough.

    `rule` is the URL rule of its view, as "/orders/<reference>"; `method` is the HTTP method.
    """
    for address, permission in _REQUIRED.items():
        if rule == address or rule.startswith(f"{address}/"):
            return permission
    return Permission.READ if method in _SAFE_METHODS else Permission.ENTER


@desk.before_request
def require_sign_in() -> Response | None:
    """Before each request, check that the person is signed in and has the required permission.

    Returns None to go on with the view, else the response that asks the person to sign in or to set
    up a second factor. Raises Forbidden for people whose role does not allow the request.
    """
    member, endpoint = current_member(), request.endpoint or ""
    if member is not None:
        g.member = member
    if endpoint in OPEN_TO_ALL:
        return None
    if member is None:
        return ask_to_sign_in()
    if member.lacks_second_factor and endpoint not in SETTING_UP and _can_interrupt():
        return go_to(url_for("desk.show_second_factor", next=_page_asked_for()))
    permission = needed_for(str(request.url_rule), request.method)
    if permission is not None and not member.may(permission):
        raise Forbidden(REFUSALS[permission])
    return None


def _can_interrupt() -> bool:
    """Return whether this request may be redirected to the set-up of the second factor.

    After a sign-in always. A person who was signed in before the org required it may be filling in
    a form: then only a request for a whole page is redirected, and nothing is lost.
    """
    return MUST_SET_UP in session or (request.method == "GET" and not wants_piece())


def signed_in() -> StaffMember:
    """Return the staff member who is signed in; only for views that require a sign-in."""
    member: StaffMember = g.member
    return member


def ask_to_sign_in() -> Response:
    """Return the response to a request of a person who is not signed in.

    For htmx it is a message (401), for a sent order form the sign-in page with the form's fields,
    so that nothing typed is lost (401), and otherwise a redirect to the sign-in page.
    """
    if wants_piece():
        response = Response(render_template("desk/_signed_out.html"), 401)
    elif request.method == "POST" and request.endpoint == "desk.place_order":
        # The sign-in page sends the form's fields along, and the form is rendered afterwards.
        resumed = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_RESUMED]
        page = render_template("desk/sign_in.html", form=SignInForm(formdata=None),
                               resumed=resumed, next=request.full_path)  # fmt: skip
        response = Response(page, 401, mimetype="text/html")
    else:
        response = go_to(url_for("desk.show_sign_in", next=_page_asked_for()))
    response.vary.add("HX-Request")
    return response


def _page_asked_for() -> str:
    """Return the path to open after a sign-in: that of a GET, or of the page that sent a POST."""
    came_from = urlsplit(request.referrer or "")
    if request.method == "POST" and came_from.netloc == request.host:
        return came_from._replace(scheme="", netloc="").geturl()
    return request.full_path.rstrip("?")


@desk.after_request
def keep_private(response: Response) -> Response:
    """Keep pages out of shared caches and store the language in the URL in a cookie.

    The browser's Back may show a page without a new request.
    """
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return keep_language(response)


@desk.errorhandler(NotFound)
@desk.errorhandler(MistypedShortId)
@desk.errorhandler(Forbidden)
def _show_refusal(error: OrderError) -> Response:
    kind = exceptions.Forbidden if isinstance(error, Forbidden) else exceptions.NotFound
    return error_page(kind(error.sentence))
