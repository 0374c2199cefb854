"""A form that is carried through the sign-in, and where it waits if the way is longer."""

from typing import TypeAlias

from orders.access import StaffMember
from orders.entry import drafts
from orders.entry.drafts import DraftChanged
from orders.staff.entry.draft_fields import lines_of, title_of, typed_fields
from orders.staff.entry.form_page import is_key, new_key, number_in
from orders.staff.entry.form_rows import FormData

# Names and values of the carried form's fields, in its order.
Carried: TypeAlias = list[tuple[str, str]]


def keep_carried(sent: FormData, key: str, member: StaffMember) -> str:
    """Keep a carried order form as a draft; gives the key under which it stands.

    That is its own, unless another window has another draft under it: nothing is overwritten.
    """
    fields, version = typed_fields(sent), number_in(sent, "draft_version")
    for at, over in ((key if is_key(key) else new_key(), version), (new_key(), 0)):
        try:
            drafts.save_draft(
                at, fields, actor=member.actor, title=title_of(fields), lines=lines_of(fields),
                version=over, page=sent.get("page", "")[:22],
            )  # fmt: skip
        except DraftChanged:
            continue
        return at
    raise AssertionError("unreachable: nobody else has the second key")
