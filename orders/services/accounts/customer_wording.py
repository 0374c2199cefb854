"""An org's own words for the steps of an order on its customer pages."""

from orders.domain.customer_wording import Wording, wording_errors
from orders.services.accounts.account_events import EventKind, record
from orders.services.accounts.checks import refuse, require_version, version_of
from orders.services.accounts.orgs import (
    find_customer_page,
    read_customer_page,
    require_org,
    write_customer_page,
)
from orders.services.languages import languages
from orders.storage import database


def find_wording(org_id: str) -> tuple[Wording, str]:
    """Return an org's own words and their version. Raises NotFound for an unknown org."""
    wording = find_customer_page(org_id).wording
    return wording, _version(wording)


def change_wording(org_id: str, wording: Wording, *, version: str | None = None) -> None:
    """Replace an org's own words in the languages of the pages.

    Texts are stripped; for empty ones the default applies. Words in languages that are not
    installed stay as they are. `version` is the version that the caller has read, or None to skip
    the check. Raises InvalidInput with paths such as `de.complete`, NotFound for an unknown org,
    and ChangedMeanwhile if the words have changed since.
    """
    stripped = {
        code: {step: text.strip() for step, text in texts.items()}
        for code, texts in wording.items()
    }
    refuse(wording_errors(stripped, languages()))
    with database.transaction() as connection:
        require_org(connection, org_id, lock=True)
        stored = read_customer_page(connection, org_id).wording
        require_version(version, _version(stored))
        others = {code: texts for code, texts in stored.items() if code not in stripped}
        new = {
            code: {step: text for step, text in texts.items() if text}
            for code, texts in stripped.items()
        }
        own = {code: texts for code, texts in new.items() if texts}
        write_customer_page(connection, org_id, {"wording": others | own})
        record(connection, org_id, EventKind.CUSTOMER_PAGE, detail="wording")


def _version(wording: Wording) -> str:
    texts = [(code, *one) for code, steps in wording.items() for one in steps.items()]
    return version_of(sorted(texts))
