"""The desk's blueprint, and the permission that each of its views requires."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, session, url_for
from werkzeug import exceptions

from orders.domain.errors import Forbidden, NotFound, OrderError
from orders.domain.permissions import REFUSALS, Permission
from orders.domain.short_id import MistypedShortId, grouped
from orders.domain.texts import lazy_gettext
from orders.interfaces.http.admission import ANONYMOUS_QUERY
from orders.interfaces.http.errors import error_page
from orders.interfaces.http.i18n import keep_language
from orders.interfaces.http.pages import go_to, wants_piece
from orders.interfaces.http.resumed import fits_on_page, pack, sent_fields
from orders.interfaces.http.session import MUST_SET_UP, SignInForm, current_member
from orders.services.accounts import setup
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
    "/configurations/new": Permission.SETTINGS,
    "/configurations/<reference>/edit": Permission.SETTINGS,
    "/configurations/<reference>/retire": Permission.SETTINGS,
    "/configurations/<reference>/restore": Permission.SETTINGS,
    "/orders/new": Permission.ENTER,
    "/orders/<reference>/edit": Permission.ENTER,
    "/orders/import": Permission.ENTER,
    "/customers/new": Permission.ENTER,
    "/customers/edit": Permission.ENTER,
    "/customers/import": Permission.ENTER,
    "/orders/columns": Permission.READ,  # a person's own preference
}
OPEN_TO_ALL = {
    *("desk.start", "desk.show_sign_in", "desk.sign_out", "desk.show_code"),
    *("desk.open_invitation", "desk.show_forgot", "desk.open_reset", "desk.set_up"),
}
# What a person may do before they have set up a second factor that the org requires.
SETTING_UP = {
    *("desk.show_second_factor", "desk.turn_on_second_factor", "desk.second_factor_qr"),
    "desk.sign_out",
}
# Fields of the order form that are not resumed after a sign-in.
NOT_RESUMED = {"csrf_token", "do"}
TOO_LONG = lazy_gettext(
    "You are signed out, and this form is too large to be kept until you have signed in. Sign in in"
    " another tab, then go back to the form and send it again."
)


# Addresses that only forms are sent to, and the page that their GET leads to: a browser asks for
# them by a reload of an answer, which is not shown again, and after a sign-in in between.
_PAGES_OF_FORMS = {
    "/account/preferences": "desk.show_account",
    "/account/password": "desk.show_account",
    "/checklist": "desk.start",
    "/configurations/import/samples": "desk.list_configurations",
    "/configurations/import/samples/remove": "desk.list_configurations",
    "/account/second-factor/codes": "desk.show_second_factor",
    "/account/second-factor/off": "desk.show_second_factor",
    "/settings/organization/customers": "desk.show_org",
    "/settings/organization/wording": "desk.show_org",
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

    `rule` is the URL rule of the requested view, such as "/orders/<reference>"; `method` is the
    HTTP method.
    """
    for address, permission in _REQUIRED.items():
        if rule == address or rule.startswith(f"{address}/"):
            return permission
    return Permission.READ if method in _SAFE_METHODS else Permission.ENTER


@desk.before_request
def require_sign_in() -> Response | None:
    """Check that the person is signed in and has the permission that the request requires.

    Returns None if the view may be called. Otherwise returns a response that asks the person to
    sign in or to set up a second factor, or, while there is no org, to set the desk up. Raises
    Forbidden if the person's role does not allow the request.
    """
    member, endpoint = current_member(), request.endpoint or ""
    if member is not None:
        g.member = member
    elif endpoint != "desk.set_up" and setup.is_open():
        return go_to(url_for("desk.set_up"))
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
    """Return whether this request may be redirected to the setup page of the second factor.

    If the org already required a second factor at the sign-in, any request may be redirected. If
    the org has required it only since then, the person may be filling in a form; so that nothing is
    lost, only a GET request for a whole page may be redirected.
    """
    return MUST_SET_UP in session or (request.method == "GET" and not wants_piece())


def signed_in() -> StaffMember:
    """Return the staff member who is signed in. Call it only in views that require a sign-in."""
    member: StaffMember = g.member
    return member


def ask_to_sign_in() -> Response:
    """Return the response to a request that requires a sign-in, for a person who is signed out.

    An htmx request gets a message (401). The submitted form of a new order gets the sign-in page
    with the form's fields in it (401), so that nothing typed is lost; raises RequestEntityTooLarge
    if they are too many. Any other request is redirected to the sign-in page.
    """
    if wants_piece():
        response = Response(render_template("desk/_signed_out.html"), 401)
    elif request.method == "POST" and request.endpoint == "desk.place_order":
        # The sign-in page sends the form's fields along, and the form is rendered afterwards.
        resumed = pack(sent_fields(but=NOT_RESUMED))
        if not fits_on_page(resumed):
            raise exceptions.RequestEntityTooLarge(TOO_LONG)
        page = render_template("desk/sign_in.html", form=SignInForm(formdata=None),
                               resumed=resumed, next=request.full_path)  # fmt: skip
        response = Response(page, 401, mimetype="text/html")
    else:
        response = go_to(url_for("desk.show_sign_in", next=_page_asked_for()))
    response.vary.add("HX-Request")
    return response


def _page_asked_for() -> str:
    """Return the path, with its query, of the page to open after the sign-in.

    For a POST this is the page of this site from which the form was sent, if known. Otherwise it is
    the requested page.
    """
    came_from = urlsplit(request.referrer or "")
    if request.method == "POST" and came_from.netloc == request.host:
        address = came_from._replace(scheme="", netloc="").geturl()
        return address if len(address) <= ANONYMOUS_QUERY else "/"
    return request.full_path.rstrip("?")


@desk.after_request
def keep_private(response: Response) -> Response:
    """Prevent caches from storing the page, and store a language from the query in a cookie.

    A `Cache-Control` header that the view has set is not replaced.
    """
    response.headers.setdefault("Cache-Control", "private, no-store")
    return keep_language(response)


@desk.errorhandler(NotFound)
@desk.errorhandler(MistypedShortId)
@desk.errorhandler(Forbidden)
def _show_refusal(error: OrderError) -> Response:
    kind = exceptions.Forbidden if isinstance(error, Forbidden) else exceptions.NotFound
    return error_page(kind(error.sentence))
