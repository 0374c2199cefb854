"""The reference page: rendered from the OpenAPI document, with this service's own URL in it."""

import re

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse

from orders.interfaces.http.current_settings import current_limits, service_address
from orders.interfaces.http.session import current_member
from orders.interfaces.reference.reference import DOCUMENT_PATH, reference
from orders.interfaces.reference.samples import LANGUAGES
from orders.services import accounts

reference_pages = Blueprint("reference", __name__, url_prefix="/docs")

_CODE = re.compile(r"`([^`]+)`")


@reference_pages.get("/")
def start() -> AnyResponse:
    """Redirect to the only page."""
    return redirect(url_for("reference.show_reference"))


@reference_pages.get("/api")
def show_reference() -> Response:
    """Show the reference, with the names of the org's tokens for people who are signed in."""
    limits = current_limits()
    member = current_member()
    page = render_template(
        "reference/reference.html",
        reference=reference(limits, service_address()),
        languages=LANGUAGES,
        limits=limits,
        tokens=() if member is None else accounts.list_tokens(member.org_id),
        host=request.host,
        document=f"{request.root_path}{DOCUMENT_PATH}",
    )
    response = Response(page, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@reference_pages.app_template_filter()
def words(text: str) -> Markup:
    """Render a sentence of the document: what is between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


@reference_pages.app_template_filter()
def paragraphs(text: str) -> list[str]:
    """Split a text of the document at its blank lines."""
    return [part for part in text.split("\n\n") if part.strip()]
