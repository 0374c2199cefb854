"""The provider of company accounts that the settings name."""

from typing import TYPE_CHECKING

from flask import Flask, current_app
from werkzeug.exceptions import NotFound

from orders.settings import Settings

if TYPE_CHECKING:
    from orders.services.accounts.company_provider import CompanyProvider


def start_company_provider(app: Flask, settings: Settings) -> None:
    """Add the provider to the application, which has none without an OIDC_ISSUER."""
    app.extensions["company_provider"] = _provider(settings) if settings.oidc_issuer else None
    app.jinja_env.globals.update(company_name=company_name)


def _provider(settings: Settings) -> "CompanyProvider":
    # Not above: its libraries are an extra.
    from orders.services.accounts.company_provider import CompanyProvider  # noqa: PLC0415

    return CompanyProvider(settings)


def company_provider() -> "CompanyProvider":
    """Return the provider; raise werkzeug's NotFound if there is none."""
    provider: CompanyProvider | None = current_app.extensions["company_provider"]
    if provider is None:
        raise NotFound
    return provider


def company_name() -> str:
    """Return the name of the provider for people; "" if there is none."""
    provider: CompanyProvider | None = current_app.extensions["company_provider"]
    return "" if provider is None else provider.name
