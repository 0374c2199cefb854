"""The sections of the settings, and the links between them.

All pages of a section are below the address of its first page, which tells the navigation which
section is current. A new section adds its line to `SECTIONS`.
"""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders.rules.texts import mark
from orders.staff.blueprint import admin_only, staff
from orders.web.language import translated

# The endpoint of a section's first page, and the section's name.
SECTIONS = (
    ("staff.show_org", mark("Organization")),
    ("staff.list_staff", mark("Staff")),
    ("staff.list_tokens", mark("Tokens")),
    ("staff.list_attributes", mark("Attributes")),
    ("staff.list_webhooks", mark("Webhooks")),
)


@staff.app_template_global()
def admin_sections() -> list[tuple[str, str, bool]]:
    """Return address and label of each section, and whether the page belongs to it."""
    here = request.script_root + request.path
    links = [(url_for(endpoint), translated(label)) for endpoint, label in SECTIONS]
    return [
        (address, label, here == address or here.startswith(f"{address}/"))
        for address, label in links
    ]


@staff.get("/settings")
@admin_only
def settings() -> AnyResponse:
    """Redirect to the first section."""
    return redirect(url_for(SECTIONS[0][0]))
