"""The desk's blueprint, and the permission that each of its views requires."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug import exceptions

from orders.domain.errors import Forbidden, NotFound, OrderError, StaleVersion
from orders.domain.permissions import REFUSALS, Permission
from orders.domain.short_id import MistypedShortId, grouped
from orders.domain.texts import lazy_gettext
from orders.interfaces.http.admission import ANONYMOUS_QUERY
from orders.interfaces.http.errors import SECRET_FIELDS, error_page, typed_secrets
from orders.interfaces.http.i18n import keep_language
from orders.interfaces.http.pages import go_to, wants_piece
from orders.interfaces.http.prefix import requested_address
from orders.interfaces.http.resumed import fits_on_page, pack, sent_fields
from orders.interfaces.http.session import SignInForm, current_session, is_held_up
from orders.services.accounts import setup
from orders.services.accounts.access import StaffMember
from orders.services.accounts.acting import ActorKind, act_as

desk = Blueprint("desk", __name__)
desk.add_app_template_filter(grouped, "grouped")

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
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
    *("desk.start_company_sign_in", "desk.finish_company_sign_in"),
    *("desk.open_invitation", "desk.show_forgot", "desk.open_reset", "desk.set_up"),
}
# What a person may do before they have chosen a password of their own, or set up a second factor
# that the org requires.
OPEN_WHILE_HELD_UP = OPEN_TO_ALL - {"desk.start"} | {
    *("desk.show_own_password", "desk.change_own_password"),
    *("desk.show_second_factor", "desk.turn_on_second_factor", "desk.second_factor_qr"),
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
    "/account/sessions/end": "desk.show_account",
    "/account/company/disconnect": "desk.show_account",
    "/account/passkeys": "desk.show_account",
    "/account/passkeys/new": "desk.show_account",
    "/account/passkeys/<passkey_id>/remove": "desk.show_account",
    "/account/sessions/<session_id>/end": "desk.show_account",
    "/checklist": "desk.start",
    "/configurations/import/samples": "desk.list_configurations",
    "/configurations/import/samples/remove": "desk.list_configurations",
    "/account/second-factor/codes": "desk.show_second_factor",
    "/account/second-factor/off": "desk.show_second_factor",
    "/settings/customers/wording": "desk.show_customer_page",
    "/settings/customers/logo": "desk.show_customer_page",
    "/settings/staff/<staff_id>/role": "desk.show_staff",
    "/settings/staff/<staff_id>/password": "desk.show_staff",
    "/settings/staff/<staff_id>/disable": "desk.show_staff",
    "/settings/staff/<staff_id>/enable": "desk.show_staff",
    "/settings/staff/<staff_id>/reset-link": "desk.show_staff",
    "/settings/staff/<staff_id>/second-factor/reset": "desk.show_staff",
    "/settings/staff/<staff_id>/sessions/end": "desk.show_staff",
    "/settings/staff/invitations/<invitation_id>/again": "desk.list_staff",
    "/settings/tokens/<token_id>/revoke": "desk.show_token",
    "/settings/webhooks/<webhook_id>/secret": "desk.show_webhook",
    "/settings/webhooks/<webhook_id>/roll": "desk.show_webhook",
    "/settings/attributes/<attribute_id>/remove": "desk.show_attribute",
}


def show_page_of_form(
    invitation_id: str = "",  # noqa: ARG001 - these three have no page of their own
    passkey_id: str = "",  # noqa: ARG001
    session_id: str = "",  # noqa: ARG001
    **page: str,
) -> Response:
    return go_to(url_for(_PAGES_OF_FORMS[str(request.url_rule)], **page))  # type: ignore[arg-type]  # parts of the address


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
    return Permission.READ if method in SAFE_METHODS else Permission.ENTER


@desk.before_request
def require_sign_in() -> Response | None:
    """Check that the person is signed in and has the permission that the request requires.

    Returns None if the view may be called. Otherwise returns a response that asks the person to
    sign in, to choose a password or to set up a second factor, or, while there is no org, to set
    the desk up. Raises Forbidden if the person's role does not allow the request.
    """
    found, endpoint = current_session(), request.endpoint or ""
    if found is None:
        if endpoint != "desk.set_up" and setup.is_open():
            return go_to(url_for("desk.set_up"))
        return None if endpoint in OPEN_TO_ALL else ask_to_sign_in()
    g.member = member = found.member
    if is_held_up(member) and endpoint not in OPEN_WHILE_HELD_UP:
        return _hold_up(member)
    if endpoint in OPEN_TO_ALL:  # perhaps another person, who has not yet said who they are
        return None
    act_as(ActorKind.STAFF, member.id)
    permission = needed_for(str(request.url_rule), request.method)
    if permission is not None and not member.may(permission):
        raise Forbidden(REFUSALS[permission])
    return None


def step_of(member: StaffMember) -> str:
    """Return the endpoint of the page of what a person who is held up must do first."""
    return "desk.show_own_password" if member.must_change_password else "desk.show_second_factor"


def _hold_up(member: StaffMember) -> Response:
    """Return the response to a request of a person who must do something else first.

    An htmx request gets a message (401), like one that requires a sign-in. A form gets a page that
    leads to what the person must do, and sends the form again afterwards (401), so that nothing
    typed is lost. Any other request is redirected to what the person must do.
    """
    if wants_piece():
        response = Response(render_template("desk/_held_up.html"), 401)
    elif request.method in SAFE_METHODS:
        response = go_to(url_for(step_of(member), next=page_asked_for()))
    else:
        step, action = url_for(step_of(member)), requested_address()
        page = render_template(
            "desk/held_up.html", step=step, action=action, kept=typed_fields(),
            secrets=typed_secrets(),
        )  # fmt: skip
        response = Response(page, 401, {"Cache-Control": "no-store"}, mimetype="text/html")
    response.vary.add("HX-Request")
    return response


def typed_fields(*left_out: str) -> list[tuple[str, str]]:
    """Return the fields of the form in the request, but for the names `left_out`, in their order.

    The CSRF token and passwords are left out, too. A page can then send the form again.
    """
    omitted = {"csrf_token", *SECRET_FIELDS, *left_out}
    return [pair for pair in request.form.items(multi=True) if pair[0] not in omitted]


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
                               resumed=resumed, next=requested_address())  # fmt: skip
        response = Response(page, 401, mimetype="text/html")
    else:
        response = go_to(url_for("desk.show_sign_in", next=page_asked_for()))
    response.vary.add("HX-Request")
    return response


def page_asked_for() -> str:
    """Return the path, with its query, of the page to open after the sign-in.

    For a POST this is the page of this site from which the form was sent, if known. Otherwise it is
    the requested page.
    """
    came_from = urlsplit(request.referrer or "")
    if request.method == "POST" and came_from.netloc == request.host:
        address = came_from._replace(scheme="", netloc="").geturl()
        return address if len(address) <= ANONYMOUS_QUERY else url_for("desk.start")
    return requested_address()


@desk.after_request
def keep_private(response: Response) -> Response:
    """Prevent caches from storing the page, and store a language from the query in a cookie.

    A `Cache-Control` header that the view has set is not replaced, but for `no-cache`: Werkzeug
    adds it to files, and caches store what has it.
    """
    if response.headers.get("Cache-Control", "no-cache") == "no-cache":
        response.headers["Cache-Control"] = "private, no-store"
    return keep_language(response)


@desk.errorhandler(NotFound)
@desk.errorhandler(MistypedShortId)
@desk.errorhandler(Forbidden)
def _show_refusal(error: OrderError) -> Response:
    kind = exceptions.Forbidden if isinstance(error, Forbidden) else exceptions.NotFound
    return error_page(kind(error.sentence))


@desk.errorhandler(StaleVersion)
def _show_conflict(_: StaleVersion) -> Response:
    return error_page(exceptions.Conflict(description=""))
