"""The desk's blueprint, and what each of its views requires of a person's role.

A view names its permission by a decorator below its route. A view that names none requires READ
for GET and ENTER for everything else, so that a forgotten decorator opens nothing to viewers.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar
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

P = ParamSpec("P")
R = TypeVar("R")

desk = Blueprint("desk", __name__)
desk.add_app_template_filter(grouped, "grouped")

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# By endpoint; None is for everybody who is signed in. The pages with forms for entering orders are
# listed here, because they answer to GET.
_REQUIRED: dict[str, Permission | None] = {
    "desk.new_order": Permission.ENTER,
    "desk.edit_order": Permission.ENTER,
    "desk.suggest_configurations": Permission.ENTER,
    "desk.suggest_customers": Permission.ENTER,
    "desk.show_order_imports": Permission.ENTER,
    "desk.show_order_import": Permission.ENTER,
    "desk.choose_matching": Permission.ENTER,
    "desk.order_import_errors": Permission.ENTER,
    "desk.order_import_result": Permission.ENTER,
    "desk.order_import_sample": Permission.ENTER,
    # The columns are a person's own preference.
    "desk.choose_columns": Permission.READ,
    "desk.sign_out": None,
}
OPEN_TO_ALL = {
    *("desk.start", "desk.show_sign_in", "desk.sign_in", "desk.sign_out"),
    *("desk.show_code", "desk.check_code"),
    *("desk.open_invitation", "desk.accept_invitation"),
    *("desk.show_forgot", "desk.ask_for_link", "desk.open_reset", "desk.set_by_reset"),
}
# What a person may do before they have set up a second factor that the org requires.
SETTING_UP = {
    *("desk.show_second_factor", "desk.turn_on_second_factor", "desk.second_factor_qr"),
    "desk.sign_out",
}
# Fields of the order form that are not resumed after a sign-in.
NOT_RESUMED = {"csrf_token", "do"}


def needs(permission: Permission | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Require a permission for a view, for all of its methods; goes below the route."""

    def register(view: Callable[P, R]) -> Callable[P, R]:
        _REQUIRED[f"desk.{view.__name__}"] = permission
        return view

    return register


# A person's own account.
for_everybody = needs(None)
# The settings of the org.
admin_only = needs(Permission.SETTINGS)


def needed_for(endpoint: str, method: str) -> Permission | None:
    """Return the permission that a request requires; None for everybody who is signed in."""
    by_method = Permission.READ if method in _SAFE_METHODS else Permission.ENTER
    return _REQUIRED.get(endpoint, by_method)


def require_permission(member: StaffMember, endpoint: str, method: str) -> None:
    """Raise Forbidden with a sentence when the person's role does not allow the request."""
    permission = needed_for(endpoint, method)
    if permission is not None and not member.may(permission):
        raise Forbidden(REFUSALS[permission])


@desk.before_request
def require_sign_in() -> Response | None:
    """Let in people who are signed in and whose role allows it; keep what others have typed."""
    member, endpoint = current_member(), request.endpoint or ""
    if member is not None:
        g.member = member
    if endpoint in OPEN_TO_ALL:
        return None
    if member is None:
        return ask_to_sign_in()
    if member.lacks_second_factor and endpoint not in SETTING_UP and _can_interrupt():
        return go_to(url_for("desk.show_second_factor", next=_page_asked_for()))
    require_permission(member, endpoint, request.method)
    return None


def _can_interrupt() -> bool:
    """Return whether to lead to the page of the second factor now.

    At once after a sign-in. Somebody who was signed in before the org required it may be typing:
    the next whole page that they ask for leads there, and nothing is lost.
    """
    return MUST_SET_UP in session or (request.method == "GET" and not wants_piece())


def signed_in() -> StaffMember:
    """Return the person who acts; only for views behind the sign-in."""
    member: StaffMember = g.member
    return member


def ask_to_sign_in() -> Response:
    """Ask to sign in: in the form's message for htmx, else by the sign-in page."""
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
    """Return the page to go on to: after a POST, the one with the button that sent it."""
    came_from = urlsplit(request.referrer or "")
    if request.method == "POST" and came_from.netloc == request.host:
        return came_from._replace(scheme="", netloc="").geturl()
    return request.full_path.rstrip("?")


@desk.after_request
def keep_private(response: Response) -> Response:
    """Keep people's pages out of shared caches; Back may show them without a new request."""
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return keep_language(response)


@desk.errorhandler(NotFound)
@desk.errorhandler(MistypedShortId)
def _not_found(error: OrderError) -> Response:
    return error_page(exceptions.NotFound(error.sentence))


@desk.errorhandler(Forbidden)
def _forbidden(error: Forbidden) -> Response:
    return error_page(exceptions.Forbidden(error.sentence))
