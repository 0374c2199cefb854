"""search texts are folded: accents are dropped; quotation marks, dashes and Unicode are unified

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-29 19:10:00.000000

"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BATCH = 1_000
UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0"
    "\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e\ufe0f"
)
PLAIN = {
    **dict.fromkeys(map(ord, "`´ʹʻʼʽˈ‘’‚‛′‵‹›＇"), "'"),  # noqa: RUF001 - alike on purpose
    **dict.fromkeys(map(ord, "«»“”„‟″‶〝〞＂"), '"'),  # noqa: RUF001
    **dict.fromkeys(map(ord, "\u02d7\u2043\u2212"), "-"),
    **str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i"}),  # noqa: RUF001
    **str.maketrans({"æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n", "ĸ": "k"}),
}


def upgrade():
    """Fold the stored search texts, which already contain no uppercase letters."""
    for name in ("orders", "configuration"):
        fold_texts(op.get_bind(), name)


def fold_texts(connection, name):
    table = sa.table(name, sa.column("id"), sa.column("search_text"))
    changed = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("of_row"))
        .values(search_text=sa.bindparam("text"))
    )
    last = ""
    while True:
        batch = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        rows = connection.execute(batch).all()
        if not rows:
            return
        last = rows[-1].id
        # Most texts are ASCII, and stay as they are.
        folded = [(row.id, row.search_text, fold(row.search_text)) for row in rows]
        values = [{"of_row": row, "text": text} for row, before, text in folded if text != before]
        if values:
            connection.execute(changed, values)


def fold(text):
    """Return the text folded as the service folded it at the time of this migration."""
    if text.isascii():
        return text.lower().replace("`", "'")
    plain = "".join(folded(one) for one in text if one not in UNSEEN)
    plain = unicodedata.normalize("NFKD", plain.casefold().translate(PLAIN))
    plain = "".join(map(folded, plain)).casefold().translate(PLAIN)
    return unicodedata.normalize("NFC", plain)


def folded(character):
    category = unicodedata.category(character)
    if unicodedata.combining(character) or category == "Cf":
        return ""
    return "-" if category == "Pd" else " " if category == "Zs" else character


def downgrade():
    """Leave the texts folded: the older service still finds those that are written in ASCII."""
