"""The settings of an org, and the ways through them.

A section's pages live below the address of its first page, so that the navigation knows by the
address where a person is. A new section adds its line to `SECTIONS`.
"""

from dataclasses import dataclass

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders.rules.texts import mark
from orders.staff.blueprint import staff
from orders.staff.permits import admin_only
from orders.web.language import translated

__all__ = ["admin_only", "admin_sections"]

# Endpoint of a section's first page, and what the navigation calls it.
SECTIONS = (
    ("staff.show_org", mark("Organization")),
    ("staff.list_staff", mark("Staff")),
    ("staff.list_tokens", mark("Tokens")),
    ("staff.list_attributes", mark("Attributes")),
    ("staff.list_webhooks", mark("Webhooks")),
)


@dataclass(frozen=True, slots=True)
class Section:
    """One link of the side navigation."""

    address: str
    label: str
    is_current: bool


@staff.app_template_global()
def admin_sections() -> list[Section]:
    """Give the links of the side navigation, the one of this page marked."""
    here = request.script_root + request.path
    links = [(url_for(endpoint), label) for endpoint, label in SECTIONS]
    return [
        Section(address, translated(label), here == address or here.startswith(f"{address}/"))
        for address, label in links
    ]


@staff.get("/settings")
@admin_only
def settings() -> AnyResponse:
    """Lead to the first section."""
    return redirect(url_for(SECTIONS[0][0]))
