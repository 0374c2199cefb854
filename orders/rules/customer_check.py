"""What an org asks its customers for, beside the order's code, before it shows the order."""

import hmac
import unicodedata
from enum import StrEnum


class CustomerCheck(StrEnum):
    """The second fact: nothing, or the customer ID that stands in the order."""

    NONE = "none"
    CUSTOMER_ID = "customerId"


class Gate(StrEnum):
    """How far the code alone leads into an order."""

    OPEN = "open"  # nothing is asked for, or it was told
    ASKS = "asks"  # the customer ID is asked for
    SHUT = "shut"  # it would be asked for, and the order has none


def fact_of(text: str | None) -> str:
    """Give what counts of a customer ID: letters and digits, in any case, without what parts them.

    `""` when nothing is left, as of an order without a customer ID.
    """
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    # Cc and Z…: blanks of every kind; Pd: hyphens and dashes; Cf: invisible, from a copied text.
    return "".join(
        one for one in folded if unicodedata.category(one) not in {"Cc", "Cf", "Pd"}
        and not unicodedata.category(one).startswith("Z") and one != "\N{MINUS SIGN}"
    )  # fmt: skip


def is_fact(typed: str, customer_id: str | None) -> bool:
    """Tell whether the typed text is the customer ID; takes as long whatever is wrong with it."""
    expected = fact_of(customer_id).encode("utf-8", "surrogatepass")
    told = fact_of(typed).encode("utf-8", "surrogatepass")
    return hmac.compare_digest(expected, told) and expected != b""


def gate_of(check: CustomerCheck, customer_id: str | None) -> Gate:
    """Give what the code alone opens, before anything was told."""
    if check is CustomerCheck.NONE:
        return Gate.OPEN
    return Gate.ASKS if fact_of(customer_id) else Gate.SHUT


def lock_of(order_id: str, customer_id: str | None) -> str:
    """Name what a told fact opens: this order, for as long as its customer ID is this one."""
    return f"{order_id}:{fact_of(customer_id)}"
