"""Signing in and out."""

from urllib.parse import parse_qs, urlsplit

from flask import Response, g, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from orders import access
from orders.staff.accounts import SignedIn, own_path
from orders.staff.blueprint import staff
from orders.staff.entry_views import draw_carried
from orders.staff.forms import SignInForm
from orders.web.limits import limiter, sign_in_limit

# Fields of the sign-in form itself; all others are a form that is carried along.
OWN_FIELDS = {"email", "password", "next", "csrf_token"}


@staff.get("/sign-in")
def show_sign_in() -> str:
    """Show the sign-in page."""
    form = SignInForm(formdata=None)
    return render_template("staff/sign_in.html", form=form, carried=[], next=_next())


@staff.post("/sign-in")
@limiter.limit(sign_in_limit)
def sign_in() -> AnyResponse:
    """Sign in and go on; a form that was carried along is drawn again, with all that was typed."""
    form = SignInForm()
    carried = [pair for pair in request.form.items(multi=True) if pair[0] not in OWN_FIELDS]
    member = access.sign_in(form.email.data or "", form.password.data or "")
    if member is None:
        page = render_template(
            "staff/sign_in.html", form=form, carried=carried, next=_next(), is_refused=True
        )
        return Response(page, 422, mimetype="text/html")
    # A session from before the sign-in ends here, with everything that stood in it.
    session.clear()
    session.permanent = True
    login_user(SignedIn(member))
    if carried:
        g.member = member
        key = parse_qs(urlsplit(_next()).query).get("form", [""])[0]
        return draw_carried(MultiDict(carried), key)
    return redirect(own_path(_next()), 303)


@staff.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("staff.show_sign_in"), 303)


def _next() -> str:
    return request.values.get("next", "/")
