"""The desk's blueprint, and who may use it."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug import exceptions

from orders.access import StaffMember
from orders.rules.errors import Forbidden, NotFound, OrderError
from orders.rules.short_id import MistypedShortId, grouped
from orders.staff.accounts import current_member
from orders.staff.forms import SignInForm
from orders.web.errors import error_page
from orders.web.pages import go_to, wants_piece

staff = Blueprint("staff", __name__)
staff.add_app_template_filter(grouped, "grouped")

OPEN_TO_ALL = {"staff.start", "staff.show_sign_in", "staff.sign_in", "staff.sign_out"}
# Fields of the sign-in page that are not part of a carried form.
NOT_CARRIED = {"csrf_token", "do"}


@staff.before_request
def require_sign_in() -> Response | None:
    """Let only signed-in people in; what others have typed is kept until they are."""
    member = current_member()
    if member is not None:
        g.member = member
        return None
    return None if request.endpoint in OPEN_TO_ALL else ask_to_sign_in()


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
    return response


@staff.errorhandler(NotFound)
@staff.errorhandler(MistypedShortId)
def _not_found(error: OrderError) -> Response:
    return error_page(exceptions.NotFound(str(error)))


@staff.errorhandler(Forbidden)
def _forbidden(error: Forbidden) -> Response:
    return error_page(exceptions.Forbidden(str(error)))
