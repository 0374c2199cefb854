"""The message that carries the customer's link, in the language of the org's customers."""

from dataclasses import dataclass

from orders import administration
from orders.rules.order import Order
from orders.rules.short_id import grouped
from orders.web.current_settings import customer_link
from orders.web.language import gettext, language, use_language


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """Its subject, the text that it ends with, and the code of the language of both."""

    subject: str
    text: str
    language: str


def link_message(order: Order) -> LinkMessage:
    """Write the message in the language that the org has chosen for its customers.

    Where it has chosen none, in that of the page: whoever sends it adds words of their own.
    """
    chosen = administration.find_customer_page(order.org_id).language
    shown, link = grouped(order.short_id), customer_link(order.short_id)
    with use_language(chosen):
        return LinkMessage(
            subject=gettext("Your order %(code)s", code=shown),
            text="\n".join((
                gettext("You can see your order here:"),
                link,
                "",
                gettext("Its code, should anybody ask for it: %(code)s", code=shown),
                "",
            )),
            language=language(),
        )  # fmt: skip
