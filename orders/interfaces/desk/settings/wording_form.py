"""The form with an org's own words for the steps of an order, in each language of the pages."""

from typing import Any

from wtforms import Field, StringField

from orders.domain.customer_wording import DEFAULT_WORDING, Step
from orders.domain.status import STATUS_TEXTS, Status
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk import forms
from orders.interfaces.http.i18n import translated, use_language
from orders.services.accounts import customer_wording
from orders.services.languages import languages

# What the team calls each step.
_STATUSES: dict[Step, str] = {
    Step.OPEN: lazy_gettext(
        "%(one)s or %(other)s", one=STATUS_TEXTS[Status.LIST], other=STATUS_TEXTS[Status.IN_CART]
    ),
    Step.NEW: STATUS_TEXTS[Status.NEW],
    Step.IN_PROGRESS: STATUS_TEXTS[Status.IN_PROGRESS],
    Step.COMPLETE: STATUS_TEXTS[Status.COMPLETE],
    Step.CANCELED: lazy_gettext("Canceled"),
}


def wording_form() -> type[forms.VersionedForm]:
    """Return a form with a field for each step and language, named like `de.complete`."""
    fields: dict[str, Field] = {}
    for code, language in languages().items():
        for step in Step:
            label = lazy_gettext(
                "%(status)s (%(language)s)", status=_STATUSES[step], language=language
            )
            fields[f"{step}_{code}"] = StringField(label, name=f"{code}.{step}")
    return type("WordingForm", (forms.VersionedForm,), fields)


def filled_wording_form(org_id: str) -> forms.FilledForm:
    """Return the form with the org's own words; a field is empty where the default applies."""
    wording, version = customer_wording.find_wording(org_id)
    texts = {
        f"{step}_{code}": text for code, steps in wording.items() for step, text in steps.items()
    }
    return forms.new_form(wording_form(), version=version, **texts)


def wording_of(values: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the words by language and step from the form's values by field."""
    return {
        code: {str(step): values.get(f"{step}_{code}", "") for step in Step} for code in languages()
    }


def default_words() -> list[tuple[str, str]]:
    """Return the form's fields, by attribute, each with the default in the field's language."""
    return [(f"{step}_{code}", _default(step, code)) for step in Step for code in languages()]


def _default(step: Step, code: str) -> str:
    with use_language(code):
        return translated(DEFAULT_WORDING[step])
