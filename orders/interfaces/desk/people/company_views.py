"""Signing in with the company's account, and proving with it again who one is."""

from datetime import UTC, datetime

from flask import request, session, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.company_accounts import CompanyIdentity, ProviderFailed
from orders.domain.errors import Conflict, Forbidden, NotFound, OrderError
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import report, reporting_conflicts
from orders.interfaces.desk.people.company_accounts import keep_waiting
from orders.interfaces.desk.people.confirmation import sensitive
from orders.interfaces.desk.people.sign_in_views import ask_for_code, finish_sign_in
from orders.interfaces.http.company_provider import company_name, company_provider
from orders.interfaces.http.current_settings import absolute_address, current_settings
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.limiters import limiter, sign_in_limit
from orders.interfaces.http.session import begin_session, current_session, own_path, stay_signed_in
from orders.services.accounts import identities
from orders.services.accounts.access import StaffMember
from orders.services.accounts.identities import NeedsPassword
from orders.services.accounts.sessions import LONG_AGO, SignInWay

# In the session while the person is at the provider.
STARTED = "company_sign_in"
MAX_PAGE = 1_000  # characters of the path to which the person returns


@desk.get("/sign-in/company")
@limiter.limit(sign_in_limit)
def start_company_sign_in() -> AnyResponse:
    """Redirect to the provider of company accounts.

    With `again=1` the person, who is signed in, proves there once more who they are. A link on
    another site leads to the sign-in page first, so that nobody is signed in without a click there.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return redirect(url_for("desk.show_sign_in"), 303)
    again = "again" in request.args and current_session() is not None
    try:
        back = absolute_address("desk.finish_company_sign_in")
        started = company_provider().start(back, again=again)
    except ProviderFailed as error:
        return _refuse(error, is_confirming=again)
    at = datetime.now(UTC).timestamp() if again else None
    page = own_path(request.args.get("next", ""))
    page = page if len(page) <= MAX_PAGE else own_path("")  # the cookie has no room for more
    session[STARTED] = {"kept": started.kept, "again": at, "next": page}
    return redirect(started.url, 303)


@desk.get("/sign-in/company/back")
@limiter.limit(sign_in_limit)
def finish_company_sign_in() -> AnyResponse:
    """Sign the person in whom the provider has sent back, or say why they are not signed in."""
    started = session.pop(STARTED, {"kept": {}, "again": None, "next": ""})
    again, page = started["again"], own_path(started["next"])
    try:
        identity = company_provider().finish(request.args, started["kept"])
        if again is not None:
            return _confirm(identity, datetime.fromtimestamp(again, UTC))
        member = identities.sign_in(identity, org_id=current_settings().oidc_org)
    except NeedsPassword as error:
        begin_session()
        keep_waiting(identity)
        return report(translated(error.sentence), url_for("desk.show_sign_in", next=page), "info")
    except (ProviderFailed, Forbidden, Conflict, NotFound) as error:
        return _refuse(error, is_confirming=again is not None)
    return _sign_in(member, identity, page)


@desk.post("/account/company/disconnect")
@sensitive
def disconnect_company_account() -> AnyResponse:
    with reporting_conflicts(page := url_for("desk.show_account")):
        if identities.disconnect(signed_in()):
            stay_signed_in()
    return report(gettext("Company account disconnected."), page)


def _sign_in(member: StaffMember, identity: CompanyIdentity, page: str) -> AnyResponse:
    if member.has_second_factor and not member.trusts_provider:
        return ask_for_code(member, [], page, SignInWay.PROVIDER)
    # A provider that does not say when the person proved who they are may have asked for nothing.
    proven_at = identity.proven_at or LONG_AGO
    return finish_sign_in(member, [], page, way=SignInWay.PROVIDER, proven_at=proven_at)


def _confirm(identity: CompanyIdentity, since: datetime) -> AnyResponse:
    found = current_session()
    if found is None:
        return redirect(url_for("desk.show_sign_in"), 303)
    identities.confirm(found, identity, since=since)
    done = gettext("Confirmed with %(name)s. Close this tab and continue.", name=company_name())
    return report(done, url_for("desk.show_account"))


def _refuse(error: OrderError, *, is_confirming: bool) -> AnyResponse:
    page = "desk.show_account" if is_confirming else "desk.show_sign_in"
    return report(translated(error.sentence), url_for(page), "bad")
