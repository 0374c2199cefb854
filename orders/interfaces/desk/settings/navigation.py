"""The sections of the settings, and the links between them.

All pages of a section are below the address of its first page, which tells the navigation which
section is current. A new section adds its line to `SECTIONS`.
"""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk
from orders.interfaces.http.i18n import translated

# The endpoint of a section's first page, and the section's name.
SECTIONS = (
    ("desk.show_org", lazy_gettext("Organization")),
    ("desk.list_staff", lazy_gettext("Staff")),
    ("desk.list_tokens", lazy_gettext("Tokens")),
    ("desk.list_attributes", lazy_gettext("Attributes")),
    ("desk.list_webhooks", lazy_gettext("Webhooks")),
)


@desk.app_template_global()
def admin_sections() -> list[tuple[str, str, bool]]:
    """Return address and label of each section, and whether the page belongs to it."""
    here = request.script_root + request.path
    links = [(url_for(endpoint), translated(label)) for endpoint, label in SECTIONS]
    return [
        (address, label, here == address or here.startswith(f"{address}/"))
        for address, label in links
    ]


@desk.get("/settings")
def settings() -> AnyResponse:
    return redirect(url_for(SECTIONS[0][0]))
