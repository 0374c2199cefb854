"""The desk's blueprint, and who may use it."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, session, url_for
from werkzeug import exceptions

from orders.access import StaffMember
from orders.rules.errors import Forbidden, NotFound, OrderError
from orders.rules.short_id import MistypedShortId, grouped
from orders.staff.accounts import current_member
from orders.staff.forms import SignInForm
from orders.staff.permits import require_permission
from orders.web.errors import error_page
from orders.web.language import keep_language
from orders.web.pages import go_to, wants_piece

staff = Blueprint("staff", __name__)
staff.add_app_template_filter(grouped, "grouped")

OPEN_TO_ALL = {
    *("staff.start", "staff.show_sign_in", "staff.sign_in", "staff.sign_out"),
    *("staff.show_code", "staff.check_code"),
    *("staff.open_invitation", "staff.accept_invitation"),
    *("staff.show_forgot", "staff.ask_for_link", "staff.open_reset", "staff.set_by_reset"),
}
# Where a person goes who must set up a second factor before anything else.
SETTING_UP = {
    *("staff.show_second_factor", "staff.turn_on_second_factor", "staff.second_factor_qr"),
    "staff.sign_out",
}
# In the session of somebody who has signed in without the second factor that the org demands.
MUST_SET_UP = "must_set_up"
# Fields of the sign-in page that are not part of a carried form.
NOT_CARRIED = {"csrf_token", "do"}


@staff.before_request
def require_sign_in() -> Response | None:
    """Let only signed-in people in whose role allows it; what others have typed is kept."""
    member, endpoint = current_member(), request.endpoint or ""
    if member is not None:
        g.member = member
    if endpoint in OPEN_TO_ALL:
        return None
    if member is None:
        return ask_to_sign_in()
    if member.lacks_second_factor and endpoint not in SETTING_UP and _is_time_to_set_up():
        return go_to(url_for("staff.show_second_factor", next=_page_asked_for()))
    require_permission(member, endpoint, request.method)
    return None


def _is_time_to_set_up() -> bool:
    """Tell whether to lead to the second factor's page now.

    At once after a sign-in. Whoever was signed in before the org demanded it may be typing: they
    are led there by the next whole page that they ask for, and lose nothing.
    """
    return MUST_SET_UP in session or (request.method == "GET" and not wants_piece())


def signed_in() -> StaffMember:
    """Give the person who acts; only for views behind the sign-in."""
    member: StaffMember = g.member
    return member


def ask_to_sign_in() -> Response:
    """Ask to sign in: in the form's message for htmx, else by the sign-in page."""
    if wants_piece():
        response = Response(render_template("staff/_signed_out.html"), 401)
    elif request.method == "POST" and request.endpoint == "staff.place_order":
        # The sign-in page carries the form along and draws it again afterwards.
        carried = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_CARRIED]
        page = render_template("staff/sign_in.html", form=SignInForm(formdata=None),
                               carried=carried, next=request.full_path)  # fmt: skip
        response = Response(page, 401, mimetype="text/html")
    else:
        response = go_to(url_for("staff.show_sign_in", next=_page_asked_for()))
    response.vary.add("HX-Request")
    return response


def _page_asked_for() -> str:
    """Give the page to go on to: for a button's request, the one on which the button stands."""
    came_from = urlsplit(request.referrer or "")
    if request.method == "POST" and came_from.netloc == request.host:
        return came_from._replace(scheme="", netloc="").geturl()
    return request.full_path.rstrip("?")


@staff.after_request
def keep_private(response: Response) -> Response:
    """Keep people's pages out of shared caches; Back may show them without asking again."""
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return keep_language(response)


@staff.errorhandler(NotFound)
@staff.errorhandler(MistypedShortId)
def _not_found(error: OrderError) -> Response:
    return error_page(exceptions.NotFound(error.sentence))


@staff.errorhandler(Forbidden)
def _forbidden(error: Forbidden) -> Response:
    return error_page(exceptions.Forbidden(error.sentence))
